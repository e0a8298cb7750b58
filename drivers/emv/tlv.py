"""BER-TLV and data object lists, as chip cards speak them (EMV Book 3 annex B, ISO/IEC 8825-1).

Tags are upper-case hex text, so that code reads like the specification: `"9F26"`. Every function is pure; what a card
says wrongly is `Garbled`, and the error carries tags and lengths but never a value.
"""

from collections.abc import Iterator, Mapping

from drivers.api import Garbled

DEVICE = "bank card"
MAX_OBJECT = 4096
"""Bytes; an EMV record has at most 255, a template over several answers a few hundred."""
MAX_DEPTH = 6
MAX_TAG = 3

NUMERIC = frozenset({"9A", "9C", "5F2A", "5F36", "9F01", "9F02", "9F03", "9F15", "9F1A", "9F21", "9F35", "9F41"})
"""Format n: cut and filled from the left; all else from the right (EMV Book 3 section 5.4)."""


def garbled(what: str) -> Garbled:
    """An answer that no card following EMV gives."""
    return Garbled(DEVICE, what, "try another card; if all cards fail, replace the reader")


def constructed(tag: str) -> bool:
    """Does an object with this tag hold other objects? Bit 6 of its first byte says so."""
    return bool(int(tag[:2], 16) & 0x20)


def objects(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The objects of one level, in the card's order. 00 and FF between them are filling (ISO/IEC 7816-4, 5.2.2.1)."""
    if len(data) > MAX_OBJECT:
        raise garbled(f"{len(data)} bytes are more than a card may say at once")
    at = 0
    while at < len(data):
        if data[at] in {0x00, 0xFF}:
            at += 1
            continue
        tag, at = _tag(data, at)
        length, at = _length(data, at, tag)
        if at + length > len(data):
            raise garbled(f"tag {tag} claims {length} bytes, {len(data) - at} are left")
        yield tag, data[at : at + length]
        at += length


def _tag(data: bytes, at: int) -> tuple[str, int]:
    end = at + 1
    if data[at] & 0x1F == 0x1F:
        while end < len(data) and data[end] & 0x80:
            end += 1
        end += 1
    if end > len(data) or end - at > MAX_TAG:
        raise garbled(f"a tag of {end - at} bytes, {len(data) - at} are left")
    return data[at:end].hex().upper(), end


def _length(data: bytes, at: int, tag: str) -> tuple[int, int]:
    if at >= len(data):
        raise garbled(f"tag {tag} has no length")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    if not 1 <= size <= 2 or at + 1 + size > len(data):
        raise garbled(f"tag {tag} has a length in {size} bytes")
    return int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size


def flatten(data: bytes, depth: int = 0) -> dict[str, bytes]:
    """All primitive objects at any depth. One that comes twice ends the dialogue (EMV Book 3 section 7.0)."""
    if depth > MAX_DEPTH:
        raise garbled(f"templates within templates, deeper than {MAX_DEPTH}")
    found: dict[str, bytes] = {}
    for tag, value in objects(data):
        for name, inner in flatten(value, depth + 1).items() if constructed(tag) else ((tag, value),):
            if name in found:
                raise garbled(f"tag {name} comes twice")
            found[name] = inner
    return found


def templates(data: bytes, wanted: str, depth: int = 0) -> list[bytes]:
    """Every template with the tag `wanted`, at any depth: the entries of a directory."""
    if depth > MAX_DEPTH:
        raise garbled(f"templates within templates, deeper than {MAX_DEPTH}")
    found: list[bytes] = []
    for tag, value in objects(data):
        if tag == wanted:
            found.append(value)
        elif constructed(tag):
            found += templates(value, wanted, depth + 1)
    return found


def build(tag: str, value: bytes, *, long_form: bool = False) -> bytes:
    """One object. `long_form` spends a length byte more than needed, as some cards do."""
    size = len(value)
    if size > MAX_OBJECT:
        raise ValueError(f"tag {tag}: {size} bytes are too many")
    if size > 0xFF or (long_form and size > 0x7F):
        length = b"\x82" + size.to_bytes(2, "big")
    elif size > 0x7F or long_form:
        length = bytes((0x81, size))
    else:
        length = bytes((size,))
    return bytes.fromhex(tag) + length + value


def dol(data: bytes) -> list[tuple[str, int]]:
    """A data object list: tags and lengths without values."""
    wanted: list[tuple[str, int]] = []
    at = 0
    while at < len(data):
        tag, at = _tag(data, at)
        length, at = _length(data, at, tag)
        wanted.append((tag, length))
    if sum(length for _, length in wanted) > 252:
        raise garbled("a data object list asks for more than one command can carry")
    return wanted


def fill(data: bytes, known: Mapping[str, bytes]) -> bytes:
    """Answer a data object list. What is unknown or a template is zeros (EMV Book 3 section 5.4)."""
    return b"".join(_fit(tag, length, known) for tag, length in dol(data))


def _fit(tag: str, length: int, known: Mapping[str, bytes]) -> bytes:
    value = b"" if constructed(tag) else known.get(tag, b"")
    if tag in NUMERIC:
        return value[-length:].rjust(length, b"\x00") if length else b""
    return value[:length].ljust(length, b"\x00")


def digits(value: bytes) -> str:
    """Compressed numeric (format cn): two digits a byte, filled with F at the end."""
    text = value.hex().upper().rstrip("F")
    if not text.isdigit():
        raise garbled("a number that is none")
    return text


def bcd(number: int, size: int) -> bytes:
    """Format n in `size` bytes."""
    return bytes.fromhex(f"{number:0{2 * size}d}")
