"""Commands to a chip and its answers (ISO/IEC 7816-3 and -4, EMV Book 1 section 9 and Book 3 section 6)."""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.emv.tlv import garbled

Transmit = Callable[[bytes], bytes]
"""One command out, one answer with its status word back. It may block; DeviceError when the card is gone."""

MAX_PARTS = 16
"""61xx answers that one command may need; 16 times 256 bytes is more than any EMV answer."""

OK = 0x9000


@dataclass(frozen=True)
class Answer:
    """What a card said to one command."""

    data: bytes
    sw: int

    @property
    def ok(self) -> bool:
        """Done, without a warning."""
        return self.sw == OK


@dataclass(frozen=True)
class Chip:
    """A powered card: hides what T=0 makes of a command that carries data and fetches data."""

    transmit: Transmit
    t0: bool
    """On T=0 a command with data goes out without Le, and the card says 61xx (EMV Book 1 section 9.3.1)."""

    def send(self, command: bytes) -> Answer:
        """One command, its answer put together. Garbled when the card goes round in circles."""
        answer = self._once(_as_tpdu(command) if self.t0 else command)
        if answer.sw >> 8 == 0x6C:
            answer = self._once(_with_le(command, answer.sw & 0xFF))
        data = answer.data
        for _ in range(MAX_PARTS):
            if answer.sw >> 8 != 0x61:
                return Answer(data, answer.sw)
            answer = self._once(bytes((0x00, 0xC0, 0x00, 0x00, answer.sw & 0xFF)))
            if answer.sw >> 8 == 0x6C:
                answer = self._once(bytes((0x00, 0xC0, 0x00, 0x00, answer.sw & 0xFF)))
            data += answer.data
        raise garbled(f"more than {MAX_PARTS} parts of one answer")

    def _once(self, command: bytes) -> Answer:
        raw = self.transmit(command)
        if not 2 <= len(raw) <= 258:
            raise garbled(f"an answer of {len(raw)} bytes")
        return Answer(raw[:-2], int.from_bytes(raw[-2:], "big"))


def _as_tpdu(command: bytes) -> bytes:
    """Without the Le that follows data; a command that only fetches keeps it as its P3."""
    return command[: 5 + command[4]] if len(command) > 5 else command


def _with_le(command: bytes, le: int) -> bytes:
    """The same command with another Le; what data it carries it keeps."""
    return command[: 5 + command[4]] + bytes((le,)) if len(command) > 5 else command[:4] + bytes((le,))


def select(name: bytes, *, following: bool = False) -> bytes:
    """SELECT by name, or by the beginning of a name: the first that fits, or the one after the one selected last."""
    return b"\x00\xa4\x04" + bytes((0x02 if following else 0x00, len(name))) + name + b"\x00"


def read_record(sfi: int, record: int) -> bytes:
    """READ RECORD `record` of the file with the short identifier `sfi`."""
    return bytes((0x00, 0xB2, record, sfi << 3 | 4, 0x00))


def processing_options(pdol_data: bytes) -> bytes:
    """GET PROCESSING OPTIONS: the transaction begins, the card counts."""
    body = b"\x83" + _length(len(pdol_data)) + pdol_data
    return b"\x80\xa8\x00\x00" + bytes((len(body),)) + body + b"\x00"


def _length(size: int) -> bytes:
    return bytes((size,)) if size < 0x80 else bytes((0x81, size))


def generate_ac(kind: int, cdol_data: bytes) -> bytes:
    """GENERATE AC: `kind` 0x80 asks for an ARQC, 0x40 for a TC, 0x00 for an AAC."""
    return bytes((0x80, 0xAE, kind, 0x00, len(cdol_data))) + cdol_data + b"\x00"


def external_authenticate(issuer_data: bytes) -> bytes:
    """EXTERNAL AUTHENTICATE with the value of tag 91; it fetches nothing."""
    return b"\x00\x82\x00\x00" + bytes((len(issuer_data),)) + issuer_data
