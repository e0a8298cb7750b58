"""Specimens: what stands in a visit's record in place of a person's numbers and names.

The same input gives the same specimen within one visit and another one in the next: the tables live as long as the
visit and are drawn from the system's own chance, so that nobody can go back from a record to a person, or from one
record to another. What the program derives of a number (its mask, its last four) is derived of the specimen in the same
way, which is why a replay shows the same screens.
"""

import random
import re
import secrets
import string
import unicodedata
from functools import cache

from protocol.mask import luhn, mask_name

TAIL = 4
BIN = 6
TOKEN = re.compile(
    r"(?P<hex>(?<![0-9a-z])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{16,}(?![0-9a-z]))"
    r"|(?P<document>(?<![0-9])[0-9]{17}[0-9Xx](?![0-9]))"
    r"|(?P<tail>(?<=\*)[0-9]{1,6}(?![0-9*])|(?<=\*\s)[0-9]{1,6}(?![0-9*]))"
    r"|(?P<number>(?<![0-9*])[0-9]{5,}(?![0-9*]))"
)
"""A handle, a resident's number, the open end of a masked number, any other number."""
LETTER = re.compile(r"[^\x00-\x7f]")
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11643-1999: the weights of a resident's number, from the left."""
CHECKS = "10X98765432"
REGIONS = ("110105", "310115", "440304", "510107")
CJK = range(0x4E00, 0x9FFF + 1)


def check_sign(seventeen: str) -> str:
    """GB 11643-1999: the last sign of a resident's number."""
    return CHECKS[sum(weight * int(digit) for weight, digit in zip(WEIGHTS, seventeen, strict=True)) % 11]


@cache
def _common() -> str:
    """The characters of GB 2312's first level (rows 16 to 55): every font of the terminal has them."""
    found = (bytes([0xA0 + row, 0xA0 + place]) for row in range(16, 56) for place in range(1, 95))
    return b"".join(found).decode("gb2312", "ignore")


@cache
def _block(first: int) -> str:
    """The letters of the 256 signs that begin there."""
    around = range(0x0621, 0x064B) if first == 0x0600 else range(first, first + 256)
    return "".join(chr(code) for code in around if unicodedata.category(chr(code)).startswith("L"))


class Specimens:
    """The specimens of one visit."""

    def __init__(self, *kept: str, chance: random.Random | None = None) -> None:
        """`kept`: what is never replaced, such as the visit's own number."""
        self._chance = chance or secrets.SystemRandom()
        self._kept = re.compile("|".join(re.escape(one) for one in kept if one) or r"(?!)")
        self._whole: dict[str, str] = {}
        self._tails: dict[str, str] = {}
        self._letters: dict[str, str] = {}
        self._taken: set[str] = set()
        small = list(string.ascii_lowercase)
        self._chance.shuffle(small)
        turned = {small[at - 1]: letter for at, letter in enumerate(small)}  # one ring: no letter stands for itself
        self._ascii = str.maketrans(turned | {one.upper(): other.upper() for one, other in turned.items()})

    def text(self, text: str) -> str:
        """Any text: numbers, handles and names in it are replaced, message keys and words of the program stay."""
        if text in self._whole:
            return self._whole[text]
        pieces, at = [], 0
        for found in self._kept.finditer(text):
            pieces += [self._piece(text[at : found.start()]), found[0]]
            at = found.end()
        return "".join([*pieces, self._piece(text[at:])])

    def name(self, name: str) -> str:
        """A person's name, whole or masked, of the same script and length."""
        if not name.isascii():
            return self.text(name)
        other = self._register(name, name.translate(self._ascii))
        self._register(mask_name(name), mask_name(other))
        self._register(f"{name}*", f"{other}*")
        return other

    def typed(self, text: str) -> str:
        """What a person typed: a number, a code, or a name."""
        if text.isdecimal() and text.isascii():
            return self._whole.get(text) or self._register(text, self._number(text))
        return self.name(text)

    def _register(self, text: str, other: str) -> str:
        if text.strip("*") and len(text) > 1:
            return self._whole.setdefault(text, other)
        return self._whole.get(text, other)

    def _piece(self, text: str) -> str:
        return LETTER.sub(lambda found: self._letter(found[0]), TOKEN.sub(self._token, text))

    def _token(self, found: re.Match[str]) -> str:
        kinds = {"hex": self._hex, "document": self._document, "tail": self._tail, "number": self._number}
        return kinds[found.lastgroup or "number"](found[0])

    def _hex(self, text: str) -> str:
        found = "".join(self._chance.choice("0123456789abcdef") for _ in text[2:])
        return self._whole.setdefault(text, "a0" + found)

    def _digits(self, count: int) -> str:
        return "".join(self._chance.choice(string.digits) for _ in range(count))

    def _tail(self, digits: str) -> str:
        """The last digits of a number; the same ones wherever they end a number."""
        while digits not in self._tails:  # ended by chance: among ten at least, one is free
            other = self._digits(len(digits))
            free = other not in self._tails.values() or len(self._tails) > 10 ** len(digits) // 2
            if free and other != digits:
                self._tails[digits] = other
        return self._tails[digits]

    def _number(self, number: str) -> str:
        """A card number (length, BIN and check digit stay true), an account, a telephone number, a code."""
        if number in self._whole:
            return self._whole[number]
        if len(number) < 8:
            return self._whole.setdefault(number, self._other(number))
        head = number[:BIN] if len(number) >= 12 else number[:3]
        tail = self._tail(number[-TAIL:])
        middle = len(number) - len(head) - TAIL
        made = head + self._digits(middle) + tail
        if luhn(number) and middle:
            tries = (head + made[len(head) : -TAIL - 1] + digit + tail for digit in string.digits)
            made = next(one for one in tries if luhn(one))
        return self._whole.setdefault(number, made)

    def _other(self, digits: str) -> str:
        """Other digits than these."""
        shift = self._chance.randrange(1, 10)
        return self._digits(len(digits) - 1) + str((int(digits[-1]) + shift) % 10)

    def _document(self, number: str) -> str:
        """A resident's number of the same decade and sex, whose check sign fits."""
        if number in self._whole or check_sign(number[:17]) != number[17].upper():
            return self._whole.get(number) or self._number(number[:17]) + number[17]
        year = int(number[6:10]) // 10 * 10 + self._chance.randrange(10)
        day = f"{self._chance.randrange(1, 13):02d}{self._chance.randrange(1, 29):02d}"
        order = f"{self._chance.randrange(100):02d}{(int(number[16]) + 2 * self._chance.randrange(1, 5)) % 10}"
        begun = f"{self._chance.choice(REGIONS)}{year:04d}{day}{order}"
        return self._whole.setdefault(number, begun + check_sign(begun))

    def _letter(self, letter: str) -> str:
        """One letter of a name in a script that no message key is written in."""
        if letter in self._letters or not unicodedata.category(letter).startswith("L"):
            return self._letters.get(letter, letter)
        pool = _common() if ord(letter) in CJK else _block(ord(letter) & ~0xFF)
        free = [one for one in pool if one not in self._taken and one != letter] or list(pool)
        other = self._letters[letter] = self._chance.choice(free)
        self._taken.add(other)
        return other


class Plain(Specimens):
    """No specimens: for what holds specimens already, when a replay is compared with its record."""

    def text(self, text: str) -> str:
        return text

    def name(self, name: str) -> str:
        return name

    def typed(self, text: str) -> str:
        return text
