"""The TLV codec against what is true of BER, and against bytes that lie."""

import contextlib

import pytest
from hypothesis import given, strategies as st

from drivers.api import Garbled
from drivers.emv import tlv

PRIMITIVE = st.sampled_from(["4F", "50", "5A", "82", "9F26", "9F10", "5F24", "DF8101"])
OBJECT = st.tuples(PRIMITIVE, st.binary(max_size=300), st.booleans())


@given(st.lists(OBJECT, max_size=6))
def test_what_was_built_is_read_back_in_short_and_long_form(things: list[tuple[str, bytes, bool]]) -> None:
    data = b"".join(tlv.build(tag, value, long_form=long) for tag, value, long in things)
    assert list(tlv.objects(data)) == [(tag, value) for tag, value, _ in things]


@given(st.binary(max_size=80))
def test_any_bytes_are_either_objects_or_garbled(data: bytes) -> None:
    for read in (lambda: list(tlv.objects(data)), lambda: tlv.flatten(data), lambda: tlv.fill(data, {})):
        with contextlib.suppress(Garbled):
            read()


@pytest.mark.parametrize(
    "lie", ["5A", "5A05", "5A0511", "9F", "9F2608FF", "5A81", "5A8205", "5A8005", "5A84000000011A", "DF81828301"]
)
def test_a_length_or_tag_beyond_the_end_is_garbled(lie: str) -> None:
    with pytest.raises(Garbled):
        list(tlv.objects(bytes.fromhex(lie)))


def test_an_error_never_shows_what_stood_in_the_card() -> None:
    with pytest.raises(Garbled) as caught:
        list(tlv.objects(bytes.fromhex("5A0A6229990100000001")))
    assert "622999" not in str(caught.value)


def test_templates_deeper_than_any_card_has_are_garbled() -> None:
    data = b"\x50\x01\x41"
    for _ in range(tlv.MAX_DEPTH + 2):
        data = tlv.build("70", data)
    with pytest.raises(Garbled, match="deeper"):
        tlv.flatten(data)


def test_an_object_that_comes_twice_is_garbled() -> None:
    with pytest.raises(Garbled, match="twice"):
        tlv.flatten(bytes.fromhex("7006" + "500141" + "500142"))


def test_filling_between_objects_is_skipped() -> None:
    assert list(tlv.objects(bytes.fromhex("0000500141FF00500142"))) == [("50", b"A"), ("50", b"B")]


def test_a_data_object_list_pads_numbers_on_the_left_and_all_else_on_the_right() -> None:
    wanted = bytes.fromhex("9F02069F02039F37048202DF0102A502")
    known = {"9F02": bytes.fromhex("000000012345"), "9F37": b"\x01\x02", "82": b"\x1c\x00\x99", "A5": b"\x01\x02"}
    assert tlv.fill(wanted, known).hex() == "000000012345012345010200001c0000000000"


def test_a_data_object_list_that_asks_for_more_than_a_command_carries_is_garbled() -> None:
    with pytest.raises(Garbled, match="more than one command"):
        tlv.dol(bytes.fromhex("9F0281FF"))


def test_a_number_of_19_digits_loses_only_its_filling() -> None:
    assert tlv.digits(bytes.fromhex("6229990100000001239F")) == "6229990100000001239"


@pytest.mark.parametrize("wrong", ["622A", "", "FFFF", "62F9"])
def test_a_number_that_is_none_is_garbled(wrong: str) -> None:
    with pytest.raises(Garbled):
        tlv.digits(bytes.fromhex(wrong))
