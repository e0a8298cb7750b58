"""ESC/POS bytes: a slip on its way out, and the printer's answers as values. No IO here.

Layouts as published in Epson's ESC/POS reference; those of presenters follow Custom's VKP80 family and are to be
verified on the machine. Real-time commands (DLE …) are obeyed at once, everything else in its order.
"""

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from drivers.api import Line, Slip
from drivers.escpos.layout import COLUMNS, clean, native, rows
from drivers.escpos.raster import Drawer, pack

PITCH, BIG_PITCH = b"\x1b3\x26", b"\x1b3\x4c"
"""ESC 3: 38 dots from line to line, 76 from a line of double size: as much air as drawn lines have."""
INIT = b"\x1b@\x1c&\x1da\x00" + PITCH
"""ESC @ (as after power-on), FS & (Chinese), GS a 0 (no status that was not asked for)."""
CUT = b"\x1dVB\x00"
"""GS V 66 0: feed to the knife and cut."""
PRESENT = b"\x1de\x03\x0c"
RETRACT = b"\x1de\x02"
"""GS e: the presenter of Custom's VKP80 family (known, verify on the machine)."""
PRESENTER_STATUS = b"\x10\x04\x14"
IN_ORDER = b"\x1dr\x01"
"""GS r 1: the paper sensor, answered when the printer has come to it."""
CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 8: forget everything received; the rest of a failed slip must not come out for the next customer."""
INFO = {"firmware": b"\x1dIA", "maker": b"\x1dIB", "model": b"\x1dIC", "serial": b"\x1dID"}
"""GS I 65..68, answered with 5F, text, 00."""
QR_MOST = 900


def ask(number: int) -> bytes:
    """DLE EOT n: 1 printer, 2 why offline, 3 error, 4 paper sensor."""
    return bytes((0x10, 0x04, number))


def ask_process_id(four: bytes) -> bytes:
    """GS ( H fn 48: the printer echoes these four characters when all before them has been printed."""
    return b"\x1d(H\x06\x00\x30\x30" + four


# --- a slip


def encode(slip: Slip, drawer: Drawer, *, presenter: bool = False) -> bytes:
    """The whole slip with its cut. ValueError when the QR text has more than 900 bytes."""
    parts = [INIT, *(_line(line, drawer, rtl=slip.rtl) for line in slip.lines)]
    if slip.qr:
        parts.append(b"\n\x1ba\x01" + _qr(slip.qr) + b"\x1ba\x00")
    return b"".join([*parts, CUT, PRESENT if presenter else b""])


def _line(line: Line, drawer: Drawer, *, rtl: bool) -> bytes:
    if line.rule:
        return b"-" * COLUMNS + b"\n"
    text, value = clean(line.text), clean(line.value)
    if not native(text + value):
        text, value = text.replace("￥", "¥"), value.replace("￥", "¥")
        picture = drawer.draw(text, value, rtl=rtl, big=line.big, bold=line.bold, centre=line.centre)
        return _raster(*pack(picture))
    found = rows(text, value, COLUMNS // 2 if line.big else COLUMNS, rtl=rtl, centre=line.centre)
    body = b"".join(row.encode("gb18030") + b"\n" for row in found)
    body = b"\x1bE\x01" + body + b"\x1bE\x00" if line.bold else body
    return b"\x1d!\x11" + BIG_PITCH + body + b"\x1d!\x00" + PITCH if line.big else body


def _raster(across: int, down: int, data: bytes) -> bytes:
    return b"\x1dv0\x00" + across.to_bytes(2, "little") + down.to_bytes(2, "little") + data


def _qr(text: str) -> bytes:
    """Model 2, 6 dots a module, error correction M, UTF-8."""
    data = clean(text).encode()
    if len(data) > QR_MOST:
        raise ValueError(f"{len(data)} bytes are too many for a printed QR code, {QR_MOST} at most")
    store = (len(data) + 3).to_bytes(2, "little") + b"\x31\x50\x30" + data
    fields = (
        b"\x04\x00\x31\x41\x32\x00",
        b"\x03\x00\x31\x43\x06",
        b"\x03\x00\x31\x45\x31",
        store,
        b"\x03\x00\x31\x51\x30",
    )
    return b"".join(b"\x1d(k" + field for field in fields) + b"\n"


# --- the printer's answers


@dataclass(frozen=True)
class RealTime:
    """The answer to DLE EOT: one byte with bits 1 and 4 set, bits 0 and 7 clear."""

    bits: int


@dataclass(frozen=True)
class PaperAnswer:
    """The in-order answer to GS r: bits 4 and 7 clear."""

    bits: int


@dataclass(frozen=True)
class ProcessId:
    """GS ( H: 37 22 d1 d2 d3 d4 00."""

    four: bytes


@dataclass(frozen=True)
class Info:
    """GS I: 5F, text, 00."""

    text: str


@dataclass(frozen=True)
class Presenter:
    """Custom's full status, 10 0F and four bytes; in the first, bit 5 is a ticket in the output."""

    ticket: bool


@dataclass(frozen=True)
class Cleared:
    """DLE DC4 8 was obeyed: 37 25 00."""


@dataclass(frozen=True)
class Noise:
    """A byte that begins no answer."""

    byte: int


Answer = RealTime | PaperAnswer | ProcessId | Info | Presenter | Cleared | Noise
LONGEST = 80


class Answers:
    """Bytes in, answers out; keeps at most one unfinished answer."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> Iterator[Answer]:
        """Every answer that is complete with these bytes."""
        self._held += data
        while self._held:
            answer, size = _first(self._held)
            if answer is None:
                return
            self._held = self._held[size:]
            yield answer


def _first(held: bytes) -> tuple[Answer | None, int]:
    """The first answer and its length; None while more bytes are needed."""
    first = held[0]
    if first == 0x5F:
        end = held.find(0, 1, LONGEST)
        if end < 0:
            return (Noise(first), 1) if len(held) >= LONGEST else (None, 0)
        return Info(held[1:end].decode("ascii", "replace")), end + 1
    if first == 0x37:
        return _block(held)
    if first == 0x10:
        return _fixed(held, 6, lambda: Presenter(ticket=bool(held[2] & 0x20)), held[1:2] in (b"", b"\x0f"))
    if first & 0x93 == 0x12:
        return RealTime(first), 1
    return (Noise(first) if first & 0x90 else PaperAnswer(first)), 1


def _block(held: bytes) -> tuple[Answer | None, int]:
    if held[1:2] == b"\x25":
        return _fixed(held, 3, Cleared, held[2:3] in (b"", b"\x00"))
    return _fixed(held, 7, lambda: ProcessId(held[2:6]), held[1:2] in (b"", b"\x22") and held[6:7] in (b"", b"\x00"))


def _fixed(held: bytes, size: int, make: Callable[[], Answer], good: bool) -> tuple[Answer | None, int]:
    if not good:
        return Noise(held[0]), 1
    return (make(), size) if len(held) >= size else (None, 0)


# --- what they mean


class Trouble(enum.StrEnum):
    """Why a printer cannot print."""

    PAPER = "paper end"
    COVER = "cover open"
    CUTTER = "cutter jammed"
    BROKEN = "printer error"
    OFFLINE = "printer offline"


@dataclass(frozen=True)
class Condition:
    """DLE EOT 1 to 4, read together."""

    trouble: Trouble | None
    paper_low: bool

    @property
    def media(self) -> str:
        """As `drivers.api.Status.media` has it."""
        known = {Trouble.PAPER: "absent", Trouble.COVER: "unknown", Trouble.CUTTER: "jammed", Trouble.BROKEN: "jammed"}
        return known.get(self.trouble, "unknown") if self.trouble else "low" if self.paper_low else "present"


def condition(one: int, two: int, three: int, four: int) -> Condition:
    """Bits as in Epson's DLE EOT: a cutter or printer error weighs most, for it is the one that needs an engineer."""
    found = (
        (three & 0x08, Trouble.CUTTER),
        (three & 0x20, Trouble.BROKEN),
        (two & 0x04, Trouble.COVER),
        (four & 0x60 or two & 0x20, Trouble.PAPER),
        (two & 0x40 or three & 0x40, Trouble.BROKEN),
        (one & 0x08, Trouble.OFFLINE),
    )
    return Condition(next((trouble for bit, trouble in found if bit), None), paper_low=bool(four & 0x0C))
