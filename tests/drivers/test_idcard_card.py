"""The four layouts of a card's chip, and its JSON view."""

import contextlib
import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given, strategies as st

from drivers.api import Garbled, IdCard, MediaRefused
from drivers.idcard.card import (
    BY_KIND,
    TEXT_BYTES,
    as_json,
    format_sam_id,
    is_simulated,
    pack_address,
    pack_card,
    pack_read,
    parse_address,
    parse_card,
    parse_read,
)
from drivers.idcard.tables import ETHNICITIES, ETHNICITY, SEX, check_digit, number_is_valid
from drivers.sim.idcard import CARDS
from tests.drivers.idcard_rig import CALM

ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff")
ASCII = st.characters(min_codepoint=33, max_codepoint=126)


def text(units: int, letters: st.SearchStrategy[str] = ANY) -> st.SearchStrategy[str]:
    """Text that fits into so many UTF-16 units and does not end in padding."""
    return st.text(letters, max_size=units).filter(
        lambda value: len(value.encode("utf-16-le")) <= 2 * units and value == value.rstrip(" \0")
    )


days = st.dates(date(1, 1, 1), date(9999, 12, 31))
UNITS = {"travel_permit": 9, "issue_count": 2, "nationality": 3, "reissue_count": 2, "old_number_link": 3, "version": 2}
UNITS["authority"] = 4


@st.composite
def cards(draw: st.DrawFn) -> IdCard:
    kind = draw(st.sampled_from(sorted(BY_KIND)))
    home = kind in ("resident", "hmt")
    code = draw(st.sampled_from(sorted(ETHNICITY))) if kind == "resident" else ""
    number = draw(text(15 if kind == "foreign2017" else 18, ASCII))
    english = {"foreign2017": 60, "foreign2023": 46}.get(kind, 0)
    return IdCard(
        kind=kind,
        name=draw(text(15)),
        id_number=number,
        english_name=draw(text(english, st.characters(min_codepoint=32, max_codepoint=126))),
        sex=draw(st.sampled_from(sorted(SEX.values()))),
        ethnicity=ETHNICITY.get(code, ""),
        ethnicity_code=code,
        birth=draw(st.none() | days),
        address=draw(text(35)) if home else "",
        id_number_valid=number_is_valid(number),
        issuer=draw(text(15)) if home else "",
        valid_from=draw(st.none() | days),
        valid_to=draw(st.none() | days),
        extra={name: draw(text(UNITS[name], ASCII)) for name in BY_KIND[kind].extra},
        photo=draw(st.binary(min_size=2, max_size=2)) * 512,
        fingerprint=draw(st.sampled_from([b"", b"f" * 512, b"f" * 1024])),
    )


@CALM
@given(cards())
def test_every_card_that_can_be_packed_reads_as_itself(card: IdCard) -> None:
    assert parse_read(pack_read(card, fingerprint=True), fingerprint=True) == card
    assert parse_read(pack_read(card)) == replace(card, fingerprint=b"")
    json.dumps(as_json(card))


@CALM
@given(st.binary(min_size=TEXT_BYTES, max_size=TEXT_BYTES), st.sampled_from(" JIY\0") | st.none())
def test_any_256_bytes_are_a_card_or_a_plain_error(noise: bytes, flag: str | None) -> None:
    if flag is not None:
        noise = noise[:248] + flag.encode("utf-16-le") + noise[250:]
    with contextlib.suppress(Garbled, MediaRefused):
        assert parse_card(noise).kind in BY_KIND


@CALM
@given(st.binary(max_size=2400), st.booleans())
def test_any_bytes_for_read_data_are_garbled(noise: bytes, fingerprint: bool) -> None:
    assume(not noise.startswith(b"\x01\x00\x04\x00"))
    with pytest.raises(Garbled):
        parse_read(noise, fingerprint=fingerprint)


@pytest.mark.parametrize(
    "lie", ["0100 0400 0100", "0100 0400 0400", "0100 0401 0000", "0101 0400 0000", "FFFF FFFF FFFF"]
)
def test_lies_in_the_inner_lengths_are_garbled(lie: str) -> None:
    data = pack_read(CARDS["wang-wei"].card, fingerprint=True)
    with pytest.raises(Garbled):
        parse_read(bytes.fromhex(lie) + data[6:], fingerprint=True)
    with pytest.raises(Garbled):
        parse_read(data[:-1], fingerprint=True)


@pytest.mark.parametrize("fingerprint", [0, 512, 1024])
def test_three_lengths_of_fingerprint_are_carried(fingerprint: int) -> None:
    card = replace(CARDS["li-na"].card, fingerprint=b"\x5a" * fingerprint)
    assert parse_read(pack_read(card, fingerprint=True), fingerprint=True).fingerprint == b"\x5a" * fingerprint


@pytest.mark.parametrize("kind", sorted(BY_KIND))
def test_fields_lie_apart_within_256_bytes_and_leave_the_flag_alone(kind: str) -> None:
    taken: set[int] = {248, 249}
    for at, size in BY_KIND[kind].fields.values():
        place = set(range(at, at + size))
        assert not place & taken
        assert place <= set(range(TEXT_BYTES))
        taken |= place


def field(data: bytes, at: int, size: int) -> str:
    return data[at : at + size].decode("utf-16-le")


def test_a_resident_card_lies_where_the_layout_says() -> None:
    data = pack_card(CARDS["li-na"].card)
    assert field(data, 0, 30) == "李娜".ljust(15)
    assert [field(data, 30, 2), field(data, 32, 4), field(data, 36, 16)] == ["2", "01", "19491231"]
    assert field(data, 122, 36) == "11010519491231002X"
    assert [field(data, 188, 16), field(data, 204, 16).strip(), field(data, 248, 2)] == ["20160501", "长期", " "]


def test_a_2023_name_runs_on_in_its_second_place() -> None:
    card = CARDS["john"].card
    data = pack_card(card)
    assert [field(data, 52, 70), field(data, 220, 22).rstrip()] == [card.english_name[:35], card.english_name[35:]]
    assert [field(data, 242, 6), field(data, 248, 2)] == ["USA", "Y"]
    edge = replace(card, english_name="A" * 34 + " " + "B")
    assert parse_card(pack_card(edge)).english_name == "A" * 34 + " " + "B"


def test_a_2017_card_and_a_hmt_card_lie_where_the_layout_says() -> None:
    smith, chan = pack_card(CARDS["smith"].card), pack_card(CARDS["chan"].card)
    assert [field(smith, 122, 30), field(smith, 152, 6), field(smith, 248, 2)] == ["GBR310075061401", "GBR", "I"]
    assert [field(chan, 220, 18), field(chan, 238, 4), field(chan, 32, 4), field(chan, 248, 2)] == [
        "H12345678", "01", "  ", "J",
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(CARDS))
def test_fields_padded_with_nul_read_like_blank_ones(name: str) -> None:
    card = CARDS[name].card
    units = [pack_card(card)[at : at + 2] for at in range(0, TEXT_BYTES, 2)]
    padded = bytearray(b"".join(units))
    for at, size in BY_KIND[card.kind].fields.values():
        value = bytes(padded[at : at + size]).decode("utf-16-le").rstrip(" ")
        padded[at : at + size] = value.encode("utf-16-le").ljust(size, b"\0")
    if card.kind == "resident":
        padded[248:250] = b"\0\0"
    if card.kind != "foreign2023":
        assert bytes(padded) != b"".join(units)
    assert parse_card(bytes(padded), card.photo, card.fingerprint) == card


def test_names_may_hold_surrogate_pairs_and_a_middle_dot() -> None:
    card = replace(CARDS["li-na"].card, name="𠮷𣲗·买买提")
    assert parse_card(pack_card(card)).name == "𠮷𣲗·买买提"
    with pytest.raises(ValueError, match="do not fit"):
        pack_card(replace(card, name="𠮷" * 8))


def test_half_a_surrogate_pair_is_garbled_and_the_error_holds_no_text() -> None:
    data = bytearray(pack_card(CARDS["li-na"].card))
    data[0:2] = (0xD842).to_bytes(2, "little")
    with pytest.raises(Garbled) as caught:
        parse_card(bytes(data))
    assert caught.value.__cause__ is None
    assert "娜" not in str(caught.value)


def test_an_unknown_type_of_card_is_refused() -> None:
    data = bytearray(pack_card(CARDS["li-na"].card))
    data[248:250] = "Z".encode("utf-16-le")
    with pytest.raises(MediaRefused, match="5a00"):
        parse_card(bytes(data))


@pytest.mark.parametrize("value", ["20230229", "2016050", "１２３４５６７８", "        ", "-2016050"])
def test_an_end_that_is_neither_a_date_nor_long_term_is_garbled(value: str) -> None:
    data = bytearray(pack_card(CARDS["wang-wei"].card))
    data[204:220] = value.ljust(8).encode("utf-16-le")
    with pytest.raises(Garbled, match="valid_to"):
        parse_card(bytes(data))


def test_long_term_has_no_end() -> None:
    assert parse_card(pack_card(CARDS["li-na"].card)).valid_to is None
    assert as_json(CARDS["li-na"].card)["valid_to"] is None


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_specimen_numbers_of_the_standard_are_valid(number: str) -> None:
    assert number_is_valid(number)


@pytest.mark.parametrize(
    "number",
    ["110105194912310021", "11010519491231002x", "", "X" * 18, "440524880101001", "GBR310075061401", "１" * 18],
)
def test_other_numbers_are_not(number: str) -> None:
    assert not number_is_valid(number)


@CALM
@given(st.from_regex(r"[1-9][0-9]{16}", fullmatch=True), st.integers(0, 16), st.integers(1, 9))
def test_one_mistyped_digit_is_always_noticed(first17: str, at: int, off: int) -> None:
    number = first17 + check_digit(first17)
    wrong = number[:at] + str((int(number[at]) + off) % 10) + number[at + 1 :]
    assert number_is_valid(number)
    assert not number_is_valid(wrong)


def test_the_ethnic_groups_stand_in_the_order_of_the_standard() -> None:
    assert len(set(ETHNICITIES)) == len(ETHNICITIES) == 56
    assert [ETHNICITY[code] for code in ("01", "05", "11", "44", "56", "97", "98")] == [
        "汉", "维吾尔", "满", "俄罗斯", "基诺", "其他", "外国血统中国籍人士",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "sex"), [("0", "unknown"), ("1", "male"), ("2", "female"), ("9", "not stated"), (" ", "unknown")]
)
def test_sex_is_read_from_its_code(code: str, sex: str) -> None:
    data = bytearray(pack_card(CARDS["li-na"].card))
    data[30:32] = code.encode("utf-16-le")
    assert parse_card(bytes(data)).sex == sex


def test_an_unknown_ethnic_code_is_kept_without_a_name() -> None:
    card = parse_card(pack_card(replace(CARDS["li-na"].card, ethnicity_code="77")))
    assert (card.ethnicity_code, card.ethnicity) == ("77", "")


def test_a_newest_address_reads_as_itself() -> None:
    assert parse_address(pack_address("上海市浦东新区世纪大道1号")) == "上海市浦东新区世纪大道1号"
    assert len(pack_address("")) == 70


def test_a_sam_id_is_shown_as_printed_on_the_reader() -> None:
    numbers = ((5, 2), (3, 2), (20190101, 4), (12345678, 4), (87654321, 4))
    raw = b"".join(number.to_bytes(size, "little") for number, size in numbers)
    assert format_sam_id(raw) == "05.03-20190101-0012345678-0087654321"
    assert not is_simulated(raw)


def test_the_json_view_of_a_resident_has_exactly_these_fields() -> None:
    assert as_json(CARDS["li-na"].card) == {
        "kind": "resident",
        "name": "李娜",
        "english_name": "",
        "sex": "female",
        "ethnicity": "汉",
        "ethnicity_code": "01",
        "birth": "1949-12-31",
        "address": "北京市朝阳区望京街10号院2号楼301室",
        "id_number": "11010519491231002X",
        "id_number_valid": True,
        "issuer": "北京市公安局朝阳分局",
        "valid_from": "2016-05-01",
        "valid_to": None,
        "photo_length": 1024,
        "fingerprint_length": 1024,
    }


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("chan", {"travel_permit", "issue_count"}),
        ("smith", {"nationality", "version", "authority"}),
        ("john", {"nationality", "reissue_count", "old_number_link"}),
    ],
)
def test_the_json_view_of_other_kinds_adds_their_own_fields(name: str, own: set[str]) -> None:
    assert set(as_json(CARDS[name].card)) - set(as_json(CARDS["li-na"].card)) == own


@pytest.mark.parametrize("name", sorted(CARDS))
def test_each_demo_card_fits_its_chip_and_its_number_agrees_with_its_sex(name: str) -> None:
    card = CARDS[name].card
    assert parse_read(pack_read(card, fingerprint=True), fingerprint=True) == card
    assert card.photo.startswith(bytes.fromhex("574C6600"))
    assert card.id_number_valid == (card.kind != "foreign2017")
    if card.id_number_valid:
        assert (card.sex == "male") == bool(int(card.id_number[16]) % 2)
