"""Frames of the SAM-V protocol, which every resident-ID reader speaks behind its USB, serial or TCP port.

    command   AA AA AA 96 69 | LenHi LenLo | CMD PARA [data]      | CHK
    answer    AA AA AA 96 69 | LenHi LenLo | SW1 SW2 SW3 [data]   | CHK

Len counts the bytes after it, CHK included; CHK is the XOR of all bytes from LenHi to the last data byte. The layout is
that of GA 467-2013 (the safe-access module's interface) as public implementations agree on it.

Nothing here does IO: `Decoder.feed` takes bytes in any pieces and yields values.
"""

import functools
import operator
from dataclasses import dataclass

from drivers.api import DeviceError, Faulty, Garbled, MediaRefused, MediaRemoved, NoMedia

NAME = "id-reader"
PREAMBLE = bytes.fromhex("AAAAAA9669")
HEAD = len(PREAMBLE) + 2
MAX_LENGTH = 3 + 6 + 256 + 1024 + 1024 + 1
"""The largest legal Len: text, photo and two fingerprints, with status, three lengths and checksum."""
MIN_LENGTH = 3
"""The smallest legal Len: CMD, PARA and CHK."""

RESET, STATUS, SAM_ID = b"\x10\xff", b"\x11\xff", b"\x12\xff"
FIND, SELECT = b"\x20\x01", b"\x20\x02"
READ, READ_ADDRESS, READ_WITH_FINGERPRINT = b"\x30\x01", b"\x30\x03", b"\x30\x10"

ADDRESS_BYTES = 70
GOOD_LENGTHS = {
    RESET: (0,),
    STATUS: (0,),
    SAM_ID: (16,),
    FIND: (4,),
    SELECT: (8,),
    READ: (4 + 256 + 1024,),
    READ_ADDRESS: (ADDRESS_BYTES,),
    READ_WITH_FINGERPRINT: tuple(6 + 256 + 1024 + n for n in (0, 512, 1024)),
}
"""How many data bytes follow the status of a good answer to each command."""

OK, FOUND, NO_SUCH_ITEM = 0x90, 0x9F, 0x91
BAD_CHECKSUM, BAD_LENGTH, BAD_COMMAND = 0x10, 0x11, 0x21
SELF_TEST_FAILED, FIND_FAILED, SELECT_FAILED, READ_FAILED = 0x60, 0x80, 0x81, 0x41

_CABLE = "check the reader's cable and the baud rate"
_LAY = "lay the card flat on the reader and let it lie"
_OTHER = "use another document, or go to the counter: staff can examine the card"
_REPLACE = "replace the reader or its SAM"
STATUS_WORDS: dict[int, tuple[type[DeviceError], str, str]] = {
    BAD_CHECKSUM: (Garbled, "the reader received a command with a wrong checksum", _CABLE),
    BAD_LENGTH: (Garbled, "the reader received a command of a wrong length", _CABLE),
    BAD_COMMAND: (Faulty, "the reader does not know this command", "update the reader's firmware or replace it"),
    0x23: (Faulty, "the reader is not permitted to do this", "have its vendor renew the SAM's permissions"),
    0x24: (Faulty, "the reader reports an unknown error", "switch the reader off and on"),
    0x31: (MediaRefused, "the card did not prove itself to the reader", _OTHER),
    0x32: (MediaRefused, "the reader did not prove itself to the card", _OTHER),
    0x33: (MediaRefused, "the information on the card fails its check", _OTHER),
    0x37: (MediaRefused, "the fingerprint on the card fails its check", _OTHER),
    0x3F: (MediaRefused, "the information on the card has a wrong length", _OTHER),
    0x40: (MediaRefused, "the reader does not know this type of card", _OTHER),
    READ_FAILED: (MediaRemoved, "the card was not read to its end", _LAY),
    0x47: (Faulty, "the reader failed to draw a random number", _REPLACE),
    SELF_TEST_FAILED: (Faulty, "the SAM failed its self-test", _REPLACE),
    0x66: (Faulty, "the SAM is not authorised", "have its vendor activate the SAM"),
    FIND_FAILED: (NoMedia, "no card is lying on the reader", _LAY),
    SELECT_FAILED: (MediaRemoved, "the card could not be selected", "lay one card flat on the reader and let it lie"),
    NO_SUCH_ITEM: (MediaRefused, "the card does not hold this item", _OTHER),
}
"""SW3: the error it means, in words, and what mends it. 90 and 9F are good; 91 is wrong only where an item must be."""


@dataclass(frozen=True)
class Frame:
    """One whole frame; `body` is what lies between length and checksum. Personal data: it prints its size only."""

    body: bytes

    def pack(self) -> bytes:
        """The bytes on the wire."""
        inner = (len(self.body) + 1).to_bytes(2, "big") + self.body
        return PREAMBLE + inner + bytes([checksum(inner)])

    def __repr__(self) -> str:
        return f"Frame({len(self.body)} bytes)"


@dataclass(frozen=True)
class Damaged:
    """Something that began like a frame and is none."""

    what: str


@dataclass(frozen=True)
class Answer:
    """A reader's answer: its status word's last byte, and data."""

    sw: int
    data: bytes = b""

    def frame(self) -> Frame:
        return Frame(bytes([0, 0, self.sw]) + self.data)

    def __repr__(self) -> str:
        return f"Answer({self.sw:02X}, {len(self.data)} bytes)"


def checksum(data: bytes) -> int:
    """XOR of all bytes."""
    return functools.reduce(operator.xor, data, 0)


def parse_answer(body: bytes) -> Answer:
    """Read a frame's body as an answer; Garbled when it cannot be one."""
    if len(body) < 3 or body[:2] != b"\x00\x00":
        raise Garbled(NAME, "an answer without a status word", _CABLE)
    return Answer(body[2], body[3:])


def refusal(sw: int) -> DeviceError:
    """The error that a status byte means; an unknown byte is Garbled."""
    kind, what, remedy = STATUS_WORDS.get(sw, (Garbled, "a status that the protocol does not have", _CABLE))
    return kind(NAME, f"{what} [{sw:02X}]", remedy)


class Decoder:
    """Finds frames in a stream of bytes: noise is skipped, and after any damage it looks again one byte further on."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """How many bytes are kept because they may begin a frame; never more than one frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame | Damaged]:
        """Everything that `data` completes, in order. Raises nothing, whatever the bytes."""
        self._buffer += data
        found: list[Frame | Damaged] = []
        while (one := self._next()) is not None:
            found.append(one)
        return found

    def flush(self) -> list[Frame | Damaged]:
        """The line has fallen silent: what is pending is no frame, but one may lie inside it."""
        found: list[Frame | Damaged] = []
        while self._buffer:
            del self._buffer[0]
            found += self.feed(b"")
        return found

    def _next(self) -> Frame | Damaged | None:
        self._skip_noise()
        if len(self._buffer) < HEAD:
            return None
        length = int.from_bytes(self._buffer[len(PREAMBLE) : HEAD], "big")
        if not MIN_LENGTH <= length <= MAX_LENGTH:
            del self._buffer[0]
            return Damaged(f"a length of {length} bytes")
        if len(self._buffer) < HEAD + length:
            return None
        inner = bytes(self._buffer[len(PREAMBLE) : HEAD + length])
        if checksum(inner):
            del self._buffer[0]
            return Damaged("a wrong checksum")
        del self._buffer[: HEAD + length]
        return Frame(inner[2:-1])

    def _skip_noise(self) -> None:
        start = self._buffer.find(PREAMBLE)
        if start < 0:
            start = next(
                at for at in range(max(0, len(self._buffer) - 4), len(self._buffer) + 1) if self._may_begin(at)
            )
        del self._buffer[:start]

    def _may_begin(self, at: int) -> bool:
        return PREAMBLE.startswith(bytes(self._buffer[at:]))
