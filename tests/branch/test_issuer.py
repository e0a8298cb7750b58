"""The test issuer against published vectors, against a card of its own, and against whoever changes an amount."""

import asyncio

import pytest
from hypothesis import given, strategies as st

from branch.bank import issuer as i
from drivers.emv import PcscCardReader
from drivers.sim.card import MemorySlot
from tests.emv_cards import DEBIT, IMK_AC, IMK_MAC, PAN, SHORT_PAN, TODAY, card, issuer

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES.*")


def arqc(amount: int) -> str:
    """A true first field 55 of the test card."""
    slot = MemorySlot()
    slot.insert(card())
    reader = PcscCardReader("pcsc:memory", today=lambda: TODAY, random=lambda n: b"\x5a" * n, slot=slot)
    return asyncio.run(reader.begin(DEBIT, amount)).field55.hex()


def changed(field55: str, tag: str, value: bytes) -> str:
    found = i.objects(field55) | {tag: value}
    return "".join(f"{name}{len(data):02x}{data.hex()}" for name, data in found.items())


def test_keys_follow_the_published_examples() -> None:
    """Option A and the common session key, with the values that pyemv publishes beside EMV Book 2 annex A1."""
    assert i.derive_card_key(IMK_AC, "12345678901234567", "01").hex().upper() == "73AD54688CEF2934B0979857E3C719F1"
    assert i.session_key(IMK_AC, b"\x00\x1c").hex().upper() == "E9FB384AF807B940FEDCEA613461B0C4"


def test_a_true_cryptogram_is_believed_for_its_own_amount_only() -> None:
    field55 = arqc(123_456)
    assert issuer().verify(PAN, "01", field55, 123_456)
    for amount in (123_455, 0, 12_345_600):
        assert not issuer().verify(PAN, "01", field55, amount)


def test_an_amount_altered_inside_field_55_fails_although_it_equals_the_order() -> None:
    forged = changed(arqc(123_456), "9F02", bytes.fromhex("000000654321"))
    assert not issuer().verify(PAN, "01", forged, 654_321)


@pytest.mark.parametrize("tag", i.SIGNED)
def test_every_signed_element_counts(tag: str) -> None:
    field55 = arqc(100)
    value = i.objects(field55)[tag]
    assert not issuer().verify(PAN, "01", changed(field55, tag, value[:-1] + bytes((value[-1] ^ 1,))), 100)
    without = {name: data for name, data in i.objects(field55).items() if name != tag}
    assert not issuer().verify(PAN, "01", "".join(f"{n}{len(d):02x}{d.hex()}" for n, d in without.items()), 100)


def test_another_card_another_sequence_or_another_bank_is_not_believed() -> None:
    field55 = arqc(100)
    assert not issuer().verify(SHORT_PAN, "01", field55, 100)
    assert not issuer().verify(PAN, "02", field55, 100)
    assert not i.TestIssuer(IMK_MAC, IMK_AC).verify(PAN, "01", field55, 100)


def test_an_arqc_is_no_tc_and_stays_none_when_its_kind_is_rewritten() -> None:
    field55 = arqc(100)
    assert not issuer().verify_tc(PAN, "01", field55, 100)
    assert not issuer().verify(PAN, "01", changed(field55, "9F27", b"\x00"), 100)


@given(st.one_of(st.binary(max_size=60).map(bytes.hex), st.text(max_size=20)))
def test_nonsense_is_false_and_never_an_error(field55: str) -> None:
    assert not issuer().verify(PAN, "01", field55, 0)
    with pytest.raises(ValueError, match="no cryptogram"):
        issuer().answer(PAN, "01", field55)


def test_an_answer_is_an_arpc_and_a_code_and_differs_for_yes_and_no() -> None:
    field55 = arqc(100)
    yes, no = (bytes.fromhex(issuer().answer(PAN, "01", field55, approve=say)) for say in (True, False))
    assert (len(yes), yes[8:], no[8:]) == (10, b"00", b"05")
    assert yes[:8] != no[:8]


def test_the_counter_tells_a_replay_and_is_minus_one_without_a_cryptogram() -> None:
    assert issuer().counter(arqc(100)) == 1
    assert issuer().counter("9f260100") == issuer().counter("zz") == -1


def test_an_amount_in_another_currency_is_not_believed_although_the_card_signed_it() -> None:
    found = i.objects(arqc(100)) | {"5F2A": bytes.fromhex("0840")}
    key = i.session_key(i.derive_card_key(IMK_AC, PAN, "01"), found["9F36"])
    found["9F26"] = i.cryptogram(key, found)
    assert not issuer().verify(PAN, "01", "".join(f"{n}{len(d):02x}{d.hex()}" for n, d in found.items()), 100)


def test_keys_do_not_print() -> None:
    assert IMK_AC.hex() not in repr(i.derive_card_keys(IMK_AC, IMK_MAC, PAN, "01"))
    assert repr(i.derive_card_keys(IMK_AC, IMK_MAC, PAN, "01")) == "CardKeys(***)"
