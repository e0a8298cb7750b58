"""What cards may answer: junk, lies, and the odd shapes that the standard allows."""

import asyncio
import contextlib
import dataclasses
from datetime import date

import pytest
from hypothesis import given, strategies as st

from drivers.api import Application, DeviceError, Garbled
from drivers.emv import apdu, kernel, terminal as t
from drivers.sim.card import MemorySlot, VirtualCard
from tests.drivers.test_emv_kernel import inserted, reader, whole
from tests.emv_cards import DEBIT, PAN, TODAY, card

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES.*")


@given(st.lists(st.binary(max_size=40), max_size=12), st.booleans())
def test_whatever_a_card_answers_the_kernel_ends_with_a_value_or_a_device_error(answers: list[bytes], t0: bool) -> None:
    script = iter(answers)
    chip = apdu.Chip(lambda _: next(script, b"\x6a\x82"), t0)
    ask = t.Ask(0, TODAY, bytes(4), 1)
    for act in (lambda: kernel.candidates(chip, t.AIDS), lambda: kernel.begin(chip, DEBIT, t.Terminal(), ask)):
        with contextlib.suppress(DeviceError):
            act()


@given(st.data())
def test_a_real_dialogue_with_one_answer_spoilt_ends_with_a_value_or_a_device_error(data: st.DataObject) -> None:
    at = data.draw(st.integers(1, 7))
    junk = data.draw(st.binary(max_size=30))
    where = data.draw(st.integers(0, 60))
    slot = Spoilt(at, where, junk)
    slot.insert(card())
    device = reader(slot)
    with contextlib.suppress(DeviceError):
        asyncio.run(whole(device))


class Spoilt(MemorySlot):
    """Overwrites part of the answer to the n-th command."""

    def __init__(self, at: int, where: int, junk: bytes) -> None:
        super().__init__()
        self._at, self._where, self._junk = at, where, junk

    def transmit(self, command: bytes) -> bytes:
        answer = super().transmit(command)
        if len(self.commands) != self._at:
            return answer
        body = answer[: self._where] + self._junk + answer[self._where + len(self._junk) :]
        return body[:258]


@pytest.mark.parametrize(
    ("command", "again"),
    [("00B2010C00", "00B2010C20"), ("80A8000002830000", "80A8000002830020"), ("80AE800001AA00", "80AE800001AA20")],
)
def test_a_command_repeated_with_the_length_that_the_card_named_keeps_its_data(command: str, again: str) -> None:
    answers, sent = iter([b"\x6c\x20", bytes(32) + b"\x90\x00"]), list[str]()

    def transmit(raw: bytes) -> bytes:
        sent.append(raw.hex().upper())
        return next(answers)

    assert apdu.Chip(transmit, t0=False).send(bytes.fromhex(command)) == apdu.Answer(bytes(32), 0x9000)
    assert sent == [command, again]


def test_a_card_that_goes_round_in_61_is_garbled() -> None:
    with pytest.raises(Garbled, match="parts"):
        apdu.Chip(lambda _: b"\x61\x10", t0=True).send(apdu.select(b"x"))


def test_a_card_may_not_answer_more_than_it_was_asked_for() -> None:
    """A TC for a question that asked for an ARQC would be an approval by nobody."""

    class Eager(VirtualCard):
        def _first(self, wanted: int) -> int:
            return 0x40

    slot = MemorySlot()
    slot.insert(Eager(dataclasses.replace(card().data)))
    with pytest.raises(Garbled, match="answered"):
        asyncio.run(reader(slot).begin(DEBIT, 0))


def test_number_and_expiry_come_from_track_2_when_a_card_has_nothing_else() -> None:
    only = kernel.Transaction(Application(DEBIT, "", 1), known={"57": bytes.fromhex(PAN + "D2802201000F"[:9])})
    assert (only.number, only.sequence, only.expiry) == (PAN, "00", date(2028, 2, 29))


@pytest.mark.parametrize("stored", ["310431", "310400", "310430"])
def test_an_expiry_beyond_its_month_is_the_months_last_day(stored: str) -> None:
    only = kernel.Transaction(Application(DEBIT, "", 1), known={"5F24": bytes.fromhex(stored)})
    assert only.expiry == date(2031, 4, 30)


@pytest.mark.parametrize("known", [{}, {"57": "6229"}, {"57": "6229D2813201"}, {"5F24": "311301"}, {"5F24": "31"}])
def test_a_card_without_a_real_expiry_is_garbled(known: dict[str, str]) -> None:
    raw = {tag: bytes.fromhex(value) for tag, value in known.items()}
    with pytest.raises(Garbled):
        str(kernel.Transaction(Application(DEBIT, "", 1), known=raw).expiry)


def test_an_amount_that_no_field_holds_is_our_own_mistake() -> None:
    device, _ = inserted()
    for amount in (-1, 10**12):
        with pytest.raises(ValueError, match="12 digits"):
            asyncio.run(device.begin(DEBIT, amount))
