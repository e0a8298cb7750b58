"""Every status word in answer to every command of a reading: a plain error, or its harmless meaning."""

import contextlib

import pytest
from hypothesis import given, strategies as st

from drivers.api import DeviceError, Garbled, Health, TooLate
from drivers.idcard import SerialIdReader, frames
from drivers.idcard.card import pack_read
from drivers.sim.idcard import CARDS
from protocol.messages import Mend
from tests.drivers.idcard_rig import CALM, Scripted, answer, jump

CARD = CARDS["smith"].card
WORDS = st.builds(answer, st.sampled_from([*frames.STATUS_WORDS, frames.OK, frames.FOUND]), st.binary(max_size=20))
JUNK = st.lists(st.one_of(st.binary(max_size=40), WORDS), min_size=1, max_size=4)
READING = {
    frames.FIND: answer(frames.FOUND, bytes(4)),
    frames.SELECT: answer(frames.OK, bytes(8)),
    frames.READ: answer(frames.OK, pack_read(CARD)),
}


@pytest.mark.parametrize("command", sorted(READING))
@pytest.mark.parametrize("sw", [*sorted(frames.STATUS_WORDS), 0x00, 0x77, 0xFF])
def test_a_status_in_place_of_any_answer_is_its_own_error_and_the_next_reading_works(command: bytes, sw: int) -> None:
    async def story() -> None:
        peer = Scripted({known: [answer(sw) if known == command else good] for known, good in READING.items()})
        reader = SerialIdReader("", opener=peer)
        expected = TooLate if (command, sw) == (frames.FIND, frames.FIND_FAILED) else type(frames.refusal(sw))
        with pytest.raises(expected) as caught:
            await reader.read_card(3)
        assert caught.value.mend in (Mend.CUSTOMER, Mend.ENGINEER)
        assert caught.value.remedy
        peer.mend(command, READING[command])
        assert (await reader.read_card(1)).id_number == CARD.id_number
        assert peer.opened == 1

    jump(story)


@pytest.mark.parametrize("command", [frames.SAM_ID, frames.STATUS])
@pytest.mark.parametrize("sw", sorted(frames.STATUS_WORDS))
def test_a_status_word_of_trouble_makes_the_status_tell_of_it(command: bytes, sw: int) -> None:
    async def story() -> None:
        status = await SerialIdReader("", opener=Scripted({command: [answer(sw)]})).status()
        assert status.health is Health.DEGRADED
        assert type(status.why) is type(frames.refusal(sw))
        assert status.detail.endswith(f"[{sw:02X}]")

    jump(story)


@pytest.mark.parametrize(
    "sw", sorted(set(frames.STATUS_WORDS) - {frames.NO_SUCH_ITEM, frames.BAD_COMMAND, frames.READ_FAILED})
)
def test_trouble_with_the_newest_address_is_never_passed_over(sw: int) -> None:
    """A card without one, and a reader that cannot tell, are no trouble; else the printed one may be out of date."""
    read = READING | {frames.READ: answer(frames.OK, pack_read(CARDS["chan"].card))}

    async def story() -> None:
        peer = Scripted({known: [good] for known, good in read.items()} | {frames.READ_ADDRESS: [answer(sw)]})
        with pytest.raises(type(frames.refusal(sw))):
            await SerialIdReader("", opener=peer).read_card(2)

    jump(story)


def test_a_card_is_not_read_as_another_when_its_reader_mixes_up_its_answers() -> None:
    """The data of a card in answer to a find."""

    async def story() -> None:
        script = {known: [good] for known, good in READING.items()}
        reader = SerialIdReader("", opener=Scripted({**script, frames.FIND: [READING[frames.READ]]}))
        with pytest.raises(Garbled):
            await reader.read_card(1)

    jump(story)


@CALM
@given(st.dictionaries(st.sampled_from([*sorted(READING), frames.READ_ADDRESS, frames.RESET]), JUNK, min_size=1))
def test_whatever_a_reader_answers_a_reading_ends_with_a_card_or_a_device_error(junk: dict[bytes, list[bytes]]) -> None:
    async def story() -> None:
        peer = Scripted({known: [good] for known, good in READING.items()} | junk)
        reader = SerialIdReader("", opener=peer)
        for _ in range(2):
            with contextlib.suppress(DeviceError):
                assert (await reader.read_card(2)).id_number == CARD.id_number

    jump(story)


@pytest.mark.parametrize(
    "url", ["", "gif:x", "serial:", "serial:/dev/ttyS0?baud=fast", "tcp:", "tcp:host", "tcp:host:0", "tcp:host:99999"]
)
def test_an_address_that_is_no_wire_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(ValueError, match="a wire is"):
        SerialIdReader(url)
