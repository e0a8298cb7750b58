"""ESC/POS as a printer reads it: bytes in, orders out. No IO here.

Lengths as in Epson's ESC/POS reference. DLE commands are found on the raw bytes, wherever they stand (`RealTimes`), for
that is what printers do; the interpreter then skips them in its own order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

ARGUMENTS = {
    b"\x1b@": 0, b"\x1ba": 1, b"\x1bE": 1, b"\x1bd": 1, b"\x1bJ": 1, b"\x1b2": 0, b"\x1b3": 1, b"\x1bt": 1,
    b"\x1c&": 0, b"\x1c.": 0, b"\x1d!": 1, b"\x1da": 1, b"\x1dr": 1, b"\x1dI": 1, b"\x1dB": 1,
    b"\x10\x04": 1, b"\x10\x05": 1,
}  # fmt: skip
"""How many bytes follow each command whose length is fixed."""
REAL_TIME = re.compile(
    rb"\x10\x04[\x01-\x04\x14]|\x10\x05[\x01\x02]|\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08", re.DOTALL
)
LONGEST_REAL_TIME = 10


@dataclass(frozen=True)
class Text:
    """Characters for the current line."""

    text: str


@dataclass(frozen=True)
class Order:
    """A command, named by its two bytes, with what came with it."""

    name: bytes
    args: bytes = b""


LINE_FEED = Order(b"\n")


class RealTimes:
    """Finds real-time commands in a stream, inside pictures too."""

    def __init__(self) -> None:
        self._tail = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Each command that ends in `data`."""
        held = self._tail + data
        end = 0
        for match in REAL_TIME.finditer(held):
            end = match.end()
            yield match.group()
        self._tail = held[max(end, len(held) - LONGEST_REAL_TIME + 1) :]


class Interpreter:
    """Keeps what is unfinished; `chinese` is on between FS & and FS . or ESC @."""

    def __init__(self) -> None:
        self._held, self.chinese = b"", False

    def feed(self, data: bytes) -> Iterator[Text | Order]:
        """Every order that is complete with these bytes."""
        self._held += data
        while self._held:
            order, size = self._first()
            if not size:
                return
            self._held = self._held[size:]
            if order is not None:
                yield order

    def _first(self) -> tuple[Text | Order | None, int]:
        """The first order and its length; length 0 while more bytes are needed."""
        held = self._held
        if held[0] == 0x0A:
            return LINE_FEED, 1
        if held[0] in b"\x10\x1b\x1c\x1d":
            return self._command(held[:2]) if len(held) > 1 else (None, 0)
        if held[0] < 0x20:
            return None, 1
        return self._text()

    def _command(self, name: bytes) -> tuple[Order | None, int]:
        size = self._size(name)
        if not size or len(self._held) < size:
            return None, 0
        if name in (b"\x1c&", b"\x1c.", b"\x1b@"):
            self.chinese = name == b"\x1c&"
        return (None if name[0] == 0x10 else Order(name, self._held[2:size])), size

    def _size(self, name: bytes) -> int:
        """How long the command is; 0 while that cannot be known yet."""
        held = self._held
        if name in ARGUMENTS:
            return 2 + ARGUMENTS[name]
        third = held[2] if len(held) > 2 else None
        if name == b"\x1dv":
            return (
                8 + int.from_bytes(held[4:6], "little") * int.from_bytes(held[6:8], "little") if len(held) >= 8 else 0
            )
        if name == b"\x1d(":
            return 5 + int.from_bytes(held[3:5], "little") if len(held) >= 5 else 0
        if name not in (b"\x1dV", b"\x1de", b"\x10\x14"):
            return 2
        if third is None:
            return 0
        longer = {b"\x1dV": third in (65, 66), b"\x1de": third == 3, b"\x10\x14": False}
        return 10 if name == b"\x10\x14" and third == 8 else 3 + longer[name]

    def _text(self) -> tuple[Text | None, int]:
        """Up to the next control byte; a two- or four-byte character is never cut."""
        held, end = self._held, 0
        while end < len(held) and held[end] >= 0x20:
            size = self._character(held[end : end + 2])
            if end + size > len(held):
                break
            end += size
        codec = "gb18030" if self.chinese else "latin-1"
        return (Text(held[:end].decode(codec, "replace")), end) if end else (None, 0)

    def _character(self, two: bytes) -> int:
        if not self.chinese or two[0] < 0x81 or two[0] == 0xFF:
            return 1
        return 4 if 0x30 <= two[-1] <= 0x39 and len(two) == 2 else 2
