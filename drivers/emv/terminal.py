"""What this terminal says of itself to a card: the constants and the data elements of one transaction.

Bit meanings: EMV Book 4 annex A (terminal type, capabilities), Book 3 annex C (TVR, CVM results).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from drivers.emv.tlv import bcd

COUNTRY_CHINA = bytes.fromhex("0156")
CURRENCY_CNY = bytes.fromhex("0156")
UNATTENDED_BANK_ONLINE_ONLY = b"\x14"
CAPABILITIES = bytes.fromhex("204000")
"""IC with contacts; enciphered PIN verified online; no offline data authentication."""
ADDITIONAL_CAPABILITIES = bytes.fromhex("0E00B05001")
"""Enquiry, transfer, payment; numeric, command and function keys; print and display for the cardholder."""
NO_CVM_YET = bytes.fromhex("3F0000")
"""When the cryptogram is made nobody has typed a PIN: it travels beside the cryptogram, and the issuer checks it."""
VERSION = bytes.fromhex("0030")
"""Application version, PBOC 3.0 (verify with the acquirer)."""

ENQUIRY, TRANSFER = 0x31, 0x40
"""Transaction types, ISO 8583 processing codes: account information, transfer between accounts."""

AIDS = ("A000000333010101", "A000000333010102", "A000000333010103")
"""UnionPay debit, credit and quasi-credit. Electronic cash (…0106) is offline money: no account stands behind it."""

ODA_NOT_PERFORMED = 0x80 << 32
EXPIRED = 0x40 << 24
NOT_YET_EFFECTIVE = 0x20 << 24
FLOOR_LIMIT_EXCEEDED = 0x80 << 8
ISSUER_AUTHENTICATION_FAILED = 0x40
SCRIPT_FAILED_BEFORE = 0x20
SCRIPT_FAILED_AFTER = 0x10


@dataclass(frozen=True)
class Terminal:
    """Who is asking."""

    serial: str = "KIOSK001"
    """Tag 9F1E: 8 characters, the serial number of the card interface."""


@dataclass(frozen=True)
class Ask:
    """One transaction from the terminal's side."""

    amount: int
    """Fen; 0 asks who the customer is."""
    today: date
    unpredictable: bytes
    """4 bytes, fresh for each transaction."""
    count: int
    """Tag 9F41, the terminal's own counter."""


def elements(terminal: Terminal, ask: Ask) -> dict[str, bytes]:
    """All data elements that a card may ask a terminal for."""
    if not 0 <= ask.amount < 10**12:
        raise ValueError("an amount in fen has at most 12 digits")
    return {
        "9F02": bcd(ask.amount, 6),
        "81": ask.amount.to_bytes(5, "big")[-4:],
        "9F03": bytes(6),
        "9F1A": COUNTRY_CHINA,
        "5F2A": CURRENCY_CNY,
        "5F36": b"\x02",
        "9A": bytes.fromhex(ask.today.strftime("%y%m%d")),
        "9C": bytes.fromhex(f"{TRANSFER if ask.amount else ENQUIRY:02X}"),
        "9F37": ask.unpredictable,
        "9F33": CAPABILITIES,
        "9F40": ADDITIONAL_CAPABILITIES,
        "9F34": NO_CVM_YET,
        "9F35": UNATTENDED_BANK_ONLINE_ONLY,
        "9F1E": terminal.serial.encode("ascii")[:8].ljust(8),
        "9F09": VERSION,
        "9F41": bcd(ask.count % 10**8, 4),
        "95": tvr(ODA_NOT_PERFORMED | FLOOR_LIMIT_EXCEEDED),
    }


def tvr(bits: int) -> bytes:
    """Terminal verification results, 5 bytes."""
    return bits.to_bytes(5, "big")


FIELD_55 = (
    "9F26", "9F27", "9F10", "9F37", "9F36", "95", "9A", "9C", "9F02", "5F2A", "82", "9F1A", "9F03", "9F33", "9F34",
    "9F35", "9F1E", "84", "9F09", "9F41", "9F63",
)  # fmt: skip
"""UnionPay's order of field 55. Neither track (57), number (5A) nor name (5F20) is in it."""


def chosen(known: Mapping[str, bytes]) -> dict[str, bytes]:
    """Of everything known, what the issuer is told."""
    return {tag: known[tag] for tag in FIELD_55 if tag in known}
