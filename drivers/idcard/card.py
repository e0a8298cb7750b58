"""What the chip of an identity card holds: 256 bytes of text in four layouts, a photo and fingerprints.

The text is UTF-16LE in fixed fields, padded with U+0020 (a few readers: U+0000). The flag at byte 248 says which of the
four layouts it is. Sources: GA 490-2013 for resident cards; the machine-reading rules that the National Immigration
Administration published with the foreigners' cards of 2017 and 2023. The 2023 layout rests on those rules alone: no
second independent source confirmed it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from drivers.api import Garbled, IdCard, MediaRefused
from drivers.idcard.frames import ADDRESS_BYTES, NAME
from drivers.idcard.tables import ETHNICITY, SEX, SEX_CODE, number_is_valid

TEXT_BYTES, PHOTO_BYTES = 256, 1024
FINGERPRINT_BYTES = (0, 512, 1024)
"""None on the card, one finger, two fingers."""
LONG_TERM = "长期"
FLAG = slice(248, 250)
SIM_SAM = b"\x63\x00\x63\x00"
"""A simulated SAM's id leads with 99.99, a maker's number that no real SAM bears; bytes 8 to 11 then spell `SIM`."""

_EIGHT_DIGITS = re.compile("[0-9]{8}")
_EXAMINE = "use another document, or go to the counter: staff can examine the card"


@dataclass(frozen=True)
class Layout:
    """Where the fields of one kind of card lie: name -> (first byte, number of bytes)."""

    kind: str
    flag: str
    fields: Mapping[str, tuple[int, int]]
    extra: tuple[str, ...] = ()
    """The fields that only this kind has; they go to `IdCard.extra`."""


_RESIDENT = {
    "name": (0, 30), "sex": (30, 2), "ethnicity_code": (32, 4), "birth": (36, 16), "address": (52, ADDRESS_BYTES),
    "id_number": (122, 36), "issuer": (158, 30), "valid_from": (188, 16), "valid_to": (204, 16),
}  # fmt: skip
_HMT = {**_RESIDENT, "travel_permit": (220, 18), "issue_count": (238, 4)}
_FOREIGN_2017 = {
    "english_name": (0, 120), "sex": (120, 2), "id_number": (122, 30), "nationality": (152, 6), "name": (158, 30),
    "valid_from": (188, 16), "valid_to": (204, 16), "birth": (220, 16), "version": (236, 4), "authority": (240, 8),
}  # fmt: skip
_FOREIGN_2023 = {
    "name": (0, 30), "sex": (30, 2), "reissue_count": (32, 4), "birth": (36, 16), "english_name": (52, 70),
    "id_number": (122, 36), "valid_from": (188, 16), "valid_to": (204, 16), "english_name_2": (220, 22),
    "nationality": (242, 6), "old_number_link": (250, 6),
}  # fmt: skip
LAYOUTS = (
    Layout("resident", " ", _RESIDENT),
    Layout("hmt", "J", _HMT, ("travel_permit", "issue_count")),
    Layout("foreign2017", "I", _FOREIGN_2017, ("nationality", "version", "authority")),
    Layout("foreign2023", "Y", _FOREIGN_2023, ("nationality", "reissue_count", "old_number_link")),
)
BY_FLAG = {layout.flag: layout for layout in LAYOUTS} | {"\0": LAYOUTS[0]}
BY_KIND = {layout.kind: layout for layout in LAYOUTS}


def parse_read(data: bytes, *, fingerprint: bool = False) -> IdCard:
    """Read the data of a good answer to 30 01 (or 30 10): lengths, text, photo, fingerprint.

    Raises Garbled for a wrong layout, MediaRefused for an unknown type of card.
    """
    head = 6 if fingerprint else 4
    sizes = [int.from_bytes(data[at : at + 2], "big") for at in range(0, head, 2)]
    if (
        sizes[:2] != [TEXT_BYTES, PHOTO_BYTES]
        or sum(sizes[2:]) not in FINGERPRINT_BYTES
        or len(data) != head + sum(sizes)
    ):
        raise Garbled(NAME, f"lengths {sizes} in {len(data)} bytes of card data", "check the reader's cable")
    text, rest = data[head : head + TEXT_BYTES], data[head + TEXT_BYTES :]
    return parse_card(text, rest[:PHOTO_BYTES], rest[PHOTO_BYTES:])


def parse_card(text: bytes, photo: bytes = b"", fingerprint: bytes = b"") -> IdCard:
    """Read the 256 bytes of text; the type flag first. Raises Garbled, or MediaRefused for an unknown type."""
    if len(text) != TEXT_BYTES:
        raise Garbled(NAME, f"{len(text)} bytes of card text", "check the reader's cable")
    layout = BY_FLAG.get(_decode(text[FLAG], "flag"))
    if layout is None:
        raise MediaRefused(NAME, f"a card of unknown type {text[FLAG].hex()}", _EXAMINE)
    raw = {name: _decode(text[at : at + size], name) for name, (at, size) in layout.fields.items()}
    raw["english_name"] = raw.get("english_name", "") + raw.get("english_name_2", "")
    fields = {name: value.rstrip(" \0") for name, value in raw.items()}
    code, number = fields.get("ethnicity_code", ""), fields["id_number"]
    return IdCard(
        kind=layout.kind,
        name=fields["name"],
        id_number=number,
        english_name=fields["english_name"],
        sex=SEX.get(fields["sex"], "unknown"),
        ethnicity=ETHNICITY.get(code, ""),
        ethnicity_code=code,
        birth=_date(fields["birth"], "birth"),
        address=fields.get("address", ""),
        id_number_valid=number_is_valid(number),
        issuer=fields.get("issuer", ""),
        valid_from=_date(fields["valid_from"], "valid_from"),
        valid_to=None if fields["valid_to"] == LONG_TERM else _date(fields["valid_to"], "valid_to"),
        extra={name: fields[name] for name in layout.extra},
        photo=photo,
        fingerprint=fingerprint,
    )


def pack_read(card: IdCard, *, fingerprint: bool = False) -> bytes:
    """The data of the answer to 30 01 (or 30 10) that reads as `card`. ValueError for what no card can hold."""
    if len(card.photo) != PHOTO_BYTES or len(card.fingerprint) not in FINGERPRINT_BYTES:
        raise ValueError(f"a photo has {PHOTO_BYTES} bytes, fingerprints 0, 512 or 1024")
    parts = [pack_card(card), card.photo] + ([card.fingerprint] if fingerprint else [])
    return b"".join([len(part).to_bytes(2, "big") for part in parts] + parts)


def pack_card(card: IdCard) -> bytes:
    """The 256 bytes of text that read as `card`. ValueError when a field does not fit."""
    layout = BY_KIND[card.kind]
    values: dict[str, str] = {
        "name": card.name, "english_name": card.english_name, "sex": SEX_CODE[card.sex], "id_number": card.id_number,
        "ethnicity_code": card.ethnicity_code, "birth": _digits(card.birth), "address": card.address,
        "issuer": card.issuer, "valid_from": _digits(card.valid_from), "valid_to": _digits(card.valid_to) or LONG_TERM,
        **card.extra,
    }  # fmt: skip
    if "english_name_2" in layout.fields:
        values["english_name"], values["english_name_2"] = card.english_name[:35], card.english_name[35:]
    text = bytearray(" ".encode("utf-16-le") * (TEXT_BYTES // 2))
    for name, (at, size) in layout.fields.items():
        text[at : at + size] = _encode(values.get(name, ""), size)
    text[FLAG] = layout.flag.encode("utf-16-le")
    return bytes(text)


def parse_address(data: bytes) -> str:
    """The newest address, as 30 03 answers it."""
    return _decode(data, "newest address").rstrip(" \0")


def pack_address(address: str) -> bytes:
    """The 70 bytes of a newest address."""
    return _encode(address, ADDRESS_BYTES)


def format_sam_id(raw: bytes) -> str:
    """A SAM's id as it is printed on the reader: `05.03-20190101-0012345678-0087654321`. Takes exactly 16 bytes."""
    maker, model = (int.from_bytes(raw[at : at + 2], "little") for at in (0, 2))
    made, high, low = (int.from_bytes(raw[at : at + 4], "little") for at in (4, 8, 12))
    return f"{maker:02d}.{model:02d}-{made:08d}-{high:010d}-{low:010d}"


def is_simulated(raw: bytes) -> bool:
    """Does a SAM's id say that it is none?"""
    return raw.startswith(SIM_SAM)


def as_json(card: IdCard) -> dict[str, Any]:
    """A card as JSON values: ISO dates, `valid_to` null for 长期, the fields of its kind, sizes instead of pictures."""
    return {
        "kind": card.kind,
        "name": card.name,
        "english_name": card.english_name,
        "sex": card.sex,
        "ethnicity": card.ethnicity,
        "ethnicity_code": card.ethnicity_code,
        "birth": _iso(card.birth),
        "address": card.address,
        "id_number": card.id_number,
        "id_number_valid": card.id_number_valid,
        "issuer": card.issuer,
        "valid_from": _iso(card.valid_from),
        "valid_to": _iso(card.valid_to),
        **card.extra,
        "photo_length": len(card.photo),
        "fingerprint_length": len(card.fingerprint),
    }


def _decode(data: bytes, field: str) -> str:
    try:
        return data.decode("utf-16-le")
    except UnicodeDecodeError:
        raise Garbled(NAME, f"the card's {field} is no UTF-16 text", _EXAMINE) from None  # the cause would print it


def _encode(value: str, size: int) -> bytes:
    data = value.encode("utf-16-le")
    if len(data) > size:
        raise ValueError(f"{len(data)} bytes of text do not fit into {size}")
    return data + " ".encode("utf-16-le") * ((size - len(data)) // 2)


def _date(value: str, field: str) -> date | None:
    """YYYYMMDD; blank is None, but never for `valid_to`, where None means 长期."""
    if not value and field != "valid_to":
        return None
    year, month, day = value[:4], value[4:6], value[6:]
    try:
        return date(int(year), int(month), int(day) if _EIGHT_DIGITS.fullmatch(value) else 0)
    except ValueError:
        raise Garbled(NAME, f"the card's {field} is no date", _EXAMINE) from None  # the cause would print it


def _digits(day: date | None) -> str:
    return day.isoformat().replace("-", "") if day else ""


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
