"""What people may see of a number or a name, and values that cannot print themselves in clear.

PCI DSS 3.4.1: at most BIN and last four of a PAN on screen, paper and logs.
"""

from dataclasses import dataclass


def mask_pan(pan: str) -> str:
    """Six first and four last digits: `622999******0018`."""
    return pan[:6] + "*" * max(0, len(pan) - 10) + pan[-4:] if len(pan) >= 12 else "*" * len(pan)


def mask_account(number: str) -> str:
    """For screens and paper, in groups of four: `6229 **** 0018`."""
    return f"{number[:4]} **** {number[-4:]}" if len(number) >= 10 else "****"


def mask_name(name: str) -> str:
    """Keep the last character of a Chinese name, and the first letter of each other word."""
    words = name.split()
    if name.isascii():
        return " ".join(word[0] + "*" * (len(word) - 1) for word in words)
    return "*" * max(1, len(name) - 1) + name[-1:]


def mask_id(number: str) -> str:
    """First three and last two characters of a document number."""
    return number[:3] + "*" * max(0, len(number) - 5) + number[-2:] if len(number) > 7 else "*" * len(number)


def mask_phone(number: str) -> str:
    """First three and last four digits of a telephone number: `138****5678`."""
    return f"{number[:3]}****{number[-4:]}" if len(number) >= 10 else "****"


@dataclass(frozen=True)
class Pan:
    """A card number in clear; it prints masked wherever it is formatted."""

    digits: str

    def __repr__(self) -> str:
        return f"Pan({mask_pan(self.digits)})"

    __str__ = __repr__


@dataclass(frozen=True)
class PinBlock:
    """An enciphered PIN block as it left the pad; it never prints its bytes."""

    block: bytes
    format: str
    """`iso0` or `iso3` (8 bytes, 3DES), or `iso4` (16 bytes, AES)."""
    ksn: bytes = b""
    """Key serial number, when the block is under a DUKPT key; it is no secret."""

    def __repr__(self) -> str:
        return f"PinBlock({self.format})"

    __str__ = __repr__


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: does the check digit of a card number fit?"""
    if not (digits.isascii() and digits.isdecimal()):
        return False
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if at % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
