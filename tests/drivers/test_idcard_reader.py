"""The driver and its far end on a wire within the process, under a clock that jumps."""

import asyncio
import itertools
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from drivers.api import (
    DeviceError,
    Faulty,
    Garbled,
    Health,
    IdReader,
    MediaRefused,
    MediaRemoved,
    Offline,
    TooLate,
)
from drivers.idcard import SerialIdReader, frames
from drivers.idcard.card import pack_read
from drivers.sim.base import FarEnd
from drivers.sim.idcard import CARDS, IdReaderFarEnd, SimCard
from tests.drivers.idcard_rig import Scripted, Tap, answer, jump

LI_NA = replace(CARDS["li-na"].card, fingerprint=b"")


def rig(*, drip: bool = False, baud: int = 0, seed: int = 1) -> tuple[IdReaderFarEnd, SerialIdReader, Tap]:
    far = IdReaderFarEnd(baud=baud, chance=random.Random(seed))
    tap = Tap(far.opener(), drip=drip)
    return far, SerialIdReader("serial:/dev/null", opener=tap), tap


def test_driver_and_far_end_are_what_their_protocols_ask() -> None:
    far: FarEnd = IdReaderFarEnd()
    reader: IdReader = SerialIdReader("serial:/dev/null")
    assert (far.name, far.fault) == ("id-reader", "")
    assert reader


@pytest.mark.parametrize("drip", [False, True])
@pytest.mark.parametrize("name", sorted(CARDS))
def test_each_card_is_read_as_it_was_made_whatever_the_pieces(name: str, drip: bool) -> None:
    async def story() -> None:
        far, reader, _ = rig(drip=drip)
        await far.act("lay", name)
        made = CARDS[name]
        read = await reader.read_card(1, fingerprint=True)
        assert read == replace(made.card, address=made.newest_address or made.card.address)
        assert repr(read) == f"IdCard({made.card.kind})"
        await reader.close()

    jump(story)


def test_the_newest_address_replaces_the_printed_one_and_only_when_there_is_one() -> None:
    async def story() -> None:
        far, reader, _ = rig()
        for newest, shown in (("上海市静安区南京西路1号", "上海市静安区南京西路1号"), ("", LI_NA.address)):
            far.lay(SimCard(CARDS["li-na"].card, newest))
            assert (await reader.read_card(1)).address == shown

    jump(story)


def test_an_old_reader_that_cannot_tell_the_newest_address_still_reads() -> None:
    script = {frames.READ: [answer(frames.OK, pack_read(LI_NA))], frames.READ_ADDRESS: [answer(frames.BAD_COMMAND)]}

    async def story() -> None:
        assert await SerialIdReader("", opener=Scripted(script)).read_card(1) == LI_NA

    jump(story)


def test_a_card_that_was_read_is_not_found_until_it_is_lifted() -> None:
    async def story() -> None:
        far, reader, _ = rig()
        await far.act("lay", "li-na")
        await reader.read_card(1)
        with pytest.raises(TooLate):
            await reader.read_card(2)
        await far.act("lift")
        await far.act("lay", "li-na")
        assert (await reader.read_card(1)).name == "李娜"

    jump(story)


def test_card_present_sees_a_card_that_was_read_and_lets_it_be_read_again() -> None:
    async def story() -> None:
        far, reader, _ = rig()
        assert not await reader.card_present()
        await far.act("lay", "li-na")
        await reader.read_card(1)
        assert await reader.card_present()
        assert await reader.card_present()
        assert await reader.read_card(1) == LI_NA
        await far.act("lift")
        assert not await reader.card_present()

    jump(story)


def test_reading_waits_for_a_card_and_gives_up_when_patience_ends() -> None:
    async def story() -> None:
        far, reader, _ = rig()
        loop = asyncio.get_running_loop()
        with pytest.raises(TooLate, match="no card within 5 s"):
            await reader.read_card(5)
        assert loop.time() == pytest.approx(5)
        reading = asyncio.create_task(reader.read_card(5))
        await asyncio.sleep(3)
        await far.act("lay", "li-na")
        assert await reading == LI_NA

    jump(story)


def test_finds_are_at_least_300_ms_apart_also_from_one_call_to_the_next() -> None:
    async def story() -> None:
        _, reader, tap = rig()
        for patience in (2, 0.1, 0.4):
            with pytest.raises(TooLate):
                await reader.read_card(patience)
            await reader.card_present()
        times = tap.times(frames.FIND)
        assert len(times) > 8
        assert all(later - earlier >= 0.3 - 1e-9 for earlier, later in itertools.pairwise(times))

    jump(story)


def test_a_simulated_reader_says_so_and_a_real_one_does_not() -> None:
    async def story() -> None:
        _, reader, _ = rig()
        status = await reader.status()
        assert (status.health, status.simulated, status.device) == (Health.OK, True, "id-reader")
        assert status.identity == "99.99-20260101-0005065043-0000000001"
        real = await SerialIdReader("", opener=Scripted({})).status()
        assert (real.health, real.simulated, real.identity[:14]) == (Health.OK, False, "05.03-20190117")

    jump(story)


def test_a_broken_sam_is_faulty_and_the_status_says_which_one() -> None:
    async def story() -> None:
        far, reader, _ = rig()
        await far.act("lay", "li-na")
        await far.set_fault("sam-broken")
        with pytest.raises(Faulty, match="self-test"):
            await reader.read_card(1)
        status = await reader.status()
        assert (status.health, status.simulated) == (Health.DEGRADED, True)
        assert "self-test" in status.detail
        await far.set_fault("")
        assert await reader.read_card(1) == LI_NA

    jump(story)


def test_a_deaf_reader_is_offline_and_works_again_when_it_hears() -> None:
    async def story() -> None:
        far, reader, tap = rig()
        await far.act("lay", "li-na")
        await far.set_fault("deaf")
        with pytest.raises(Offline, match="no answer"):
            await reader.read_card(1)
        assert (await reader.status()).health is Health.OFFLINE
        await far.set_fault("")
        assert await reader.read_card(1) == LI_NA
        assert tap.opened == 3

    jump(story)


def test_a_slow_reader_is_borne() -> None:
    async def story() -> None:
        far, reader, tap = rig()
        await far.act("lay", "li-na")
        await far.set_fault("slow")
        assert await reader.read_card(1) == LI_NA
        assert (await reader.status()).health is Health.OK
        assert tap.opened == 1

    jump(story)


def test_an_unplugged_reader_is_offline_and_is_found_again_without_a_restart() -> None:
    async def story() -> None:
        far, reader, _ = rig()
        await far.act("lay", "li-na")
        await reader.read_card(1)
        await far.set_fault("unplugged")
        with pytest.raises(Offline):
            await reader.read_card(1)
        assert (await reader.status()).health is Health.OFFLINE
        assert not await far_is_open(far)
        await far.set_fault("")
        assert await reader.read_card(1) == LI_NA

    jump(story)


async def far_is_open(far: IdReaderFarEnd) -> bool:
    try:
        await far.opener()()
    except Offline:
        return False
    return True


@pytest.mark.parametrize("seed", range(40))
def test_one_fallen_bit_an_answer_never_makes_a_wrong_card(seed: int) -> None:
    """Whatever bit falls: Garbled or too late, and once mended the card that still lies there is read."""

    async def story() -> None:
        far, reader, _ = rig(seed=seed)
        await far.act("lay", "wang-wei")
        await far.set_fault("garbled")
        with pytest.raises(DeviceError) as caught:
            await reader.read_card(1)
        assert isinstance(caught.value, Garbled | TooLate)
        await far.set_fault("")
        assert await reader.read_card(1) == whole("wang-wei")

    jump(story)


def whole(name: str) -> object:
    made = CARDS[name]
    return replace(made.card, fingerprint=b"", address=made.newest_address or made.card.address)


@pytest.mark.parametrize("command", [frames.FIND, frames.SELECT, frames.READ, frames.READ_ADDRESS])
@pytest.mark.parametrize("damage", ["cut", "checksum", "length up", "length down", "noise only"])
def test_a_damaged_answer_to_any_command_is_garbled_and_the_next_reading_works(command: bytes, damage: str) -> None:
    async def story() -> None:
        good = {
            frames.FIND: answer(frames.FOUND, bytes(4)),
            frames.SELECT: answer(frames.OK, bytes(8)),
            frames.READ: answer(frames.OK, pack_read(LI_NA)),
            frames.READ_ADDRESS: answer(frames.NO_SUCH_ITEM),
        }
        script = {known: [whole] for known, whole in good.items()}
        script[command] = [DAMAGES[damage](good[command]), good[command]]
        reader = SerialIdReader("", opener=Scripted(script))
        with pytest.raises(Garbled):
            await reader.read_card(1)
        assert await reader.read_card(1) == LI_NA

    jump(story)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda whole: whole[:-1],
    "checksum": lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]),
    "length up": lambda whole: whole[:5] + (int.from_bytes(whole[5:7], "big") + 1).to_bytes(2, "big") + whole[7:],
    "length down": lambda whole: whole[:5] + (int.from_bytes(whole[5:7], "big") - 1).to_bytes(2, "big") + whole[7:],
    "noise only": lambda whole: b"\xaa\x96" * len(whole),
}


@pytest.mark.parametrize("noise", ["00FF96AA", "AAAAAA9669FFFF", "AAAAAA96690000", "AAAAAAAAAA", "AAAAAA96690400"])
def test_noise_before_an_answer_is_heard_through(noise: str) -> None:
    script = {
        frames.FIND: [bytes.fromhex(noise) + answer(frames.FOUND, bytes(4))],
        frames.READ: [bytes.fromhex(noise) + answer(frames.OK, pack_read(LI_NA))],
        frames.READ_ADDRESS: [answer(frames.NO_SUCH_ITEM)],
    }

    async def story() -> None:
        assert await SerialIdReader("", opener=Scripted(script)).read_card(1) == LI_NA

    jump(story)


@pytest.mark.parametrize("sw", sorted(frames.STATUS_WORDS))
def test_each_status_in_place_of_the_card_is_its_own_error(sw: int) -> None:
    async def story() -> None:
        kind, what, remedy = frames.STATUS_WORDS[sw]
        with pytest.raises(kind) as caught:
            await SerialIdReader("", opener=Scripted({frames.READ: [answer(sw)]})).read_card(2)
        assert (caught.value.what, caught.value.remedy) == (f"{what} [{sw:02X}]", remedy)

    jump(story)


def test_a_card_that_wobbles_is_tried_three_times_and_then_the_person_is_told() -> None:
    async def story() -> None:
        peer = Scripted({frames.SELECT: [answer(frames.SELECT_FAILED)]})
        with pytest.raises(MediaRemoved):
            await SerialIdReader("", opener=peer).read_card(60)
        assert peer.asked.count(frames.SELECT) == 3

    jump(story)


def test_a_card_that_wobbles_once_is_read() -> None:
    async def story() -> None:
        good = answer(frames.OK, pack_read(LI_NA))
        script = {frames.READ: [answer(frames.READ_FAILED), good], frames.READ_ADDRESS: [answer(frames.NO_SUCH_ITEM)]}
        assert await SerialIdReader("", opener=Scripted(script)).read_card(2) == LI_NA

    jump(story)


def test_a_card_of_unknown_type_is_refused_and_its_text_stays_out_of_the_error() -> None:
    data = bytearray(pack_read(LI_NA))
    data[4 + 248 : 4 + 250] = "Z".encode("utf-16-le")

    async def story() -> None:
        with pytest.raises(MediaRefused) as caught:
            await SerialIdReader("", opener=Scripted({frames.READ: [answer(frames.OK, bytes(data))]})).read_card(1)
        assert "李" not in str(caught.value)

    jump(story)


@pytest.mark.parametrize("step", range(60))
def test_a_reading_cancelled_at_any_moment_leaves_the_wire_consistent(step: int) -> None:
    """At 9600 baud a reading takes 1.5 s; wherever it is cut, the next commands get their own answers."""

    async def story() -> None:
        far, reader, tap = rig(baud=9600)
        await far.act("lay", "wang-wei")
        reading = asyncio.create_task(reader.read_card(10))
        await asyncio.sleep(step * 0.027)
        reading.cancel()
        await asyncio.wait({reading})
        if step % 2:
            status = await reader.status()
            assert (status.health, status.simulated) == (Health.OK, True)
        if not reading.cancelled():
            assert await reader.card_present()
        assert await reader.read_card(1) == whole("wang-wei")
        assert tap.opened == 1

    jump(story)


def test_an_owed_answer_that_never_comes_costs_the_wire_and_not_the_next_command() -> None:
    async def story() -> None:
        far, reader, tap = rig()
        await far.act("lay", "li-na")
        await far.set_fault("deaf")
        reading = asyncio.create_task(reader.read_card(10))
        await asyncio.sleep(0.5)
        reading.cancel()
        await asyncio.wait({reading})
        await far.set_fault("")
        assert await reader.read_card(1) == LI_NA
        assert tap.opened == 2

    jump(story)


def test_a_late_answer_to_an_older_command_is_not_taken_for_the_new_one() -> None:
    """The answer to a find arrives again in front of the SAM id."""
    stale = answer(frames.FOUND, bytes(4))

    async def story() -> None:
        script = {frames.SAM_ID: [stale + answer(frames.OK, b"c\0c\0" + bytes(12))]}
        status = await SerialIdReader("", opener=Scripted(script)).status()
        assert (status.health, status.identity[:5]) == (Health.OK, "99.99")

    jump(story)


def test_status_and_reading_share_one_wire_without_mixing_answers() -> None:
    async def story() -> None:
        far, reader, tap = rig(baud=9600)
        reading = asyncio.create_task(reader.read_card(30))
        for step in range(12):
            if step == 6:
                await far.act("lay", "wang-wei")
            await asyncio.sleep(0.11)
            assert (await reader.status()).health is Health.OK
        assert await reading == whole("wang-wei")
        assert tap.opened == 1

    jump(story)


def test_closing_twice_is_harmless_and_the_next_call_opens_again() -> None:
    async def story() -> None:
        _, reader, tap = rig()
        await reader.close()
        assert (await reader.status()).health is Health.OK
        await reader.close()
        await reader.close()
        assert (await reader.status()).health is Health.OK
        assert tap.opened == 2

    jump(story)
