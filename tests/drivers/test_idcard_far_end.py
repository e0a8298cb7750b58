"""The simulated reader: it obeys the device's rules, on a real pty, a real socket and a wire in memory."""

import asyncio
import pathlib
from dataclasses import replace

import pytest

from drivers.api import DeviceError, Health, Offline
from drivers.idcard import SerialIdReader, frames
from drivers.idcard.card import is_simulated
from drivers.idcard.frames import Damaged, Frame
from drivers.sim.idcard import CARDS, IdReaderFarEnd
from drivers.sim.idcard.sam import Sam
from drivers.wire import Wire, open_wire, pair
from tests.drivers.idcard_rig import Tap, jump

LI_NA = replace(CARDS["li-na"].card, fingerprint=b"")
WANG_WEI = replace(CARDS["wang-wei"].card, fingerprint=b"", address=CARDS["wang-wei"].newest_address)


def sam(*commands: bytes, card: str = "li-na") -> list[int]:
    """What a SAM with a card on it says to these commands."""
    device = Sam()
    device.lay(CARDS[card])
    return [device.answer(Frame(command)).sw for command in commands]


FIND, SELECT, READ, ADDRESS, RESET = frames.FIND, frames.SELECT, frames.READ, frames.READ_ADDRESS, frames.RESET


def test_find_select_and_read_must_come_in_this_order() -> None:
    assert sam(FIND, SELECT, READ) == [0x9F, 0x90, 0x90]
    assert sam(SELECT) == [0x81]
    assert sam(READ) == [0x41]
    assert sam(FIND, READ) == [0x9F, 0x41]
    assert sam(ADDRESS) == [0x41]


def test_after_a_good_read_a_card_is_found_again_only_after_lifting_or_a_reset() -> None:
    assert sam(FIND, SELECT, READ, FIND, SELECT) == [0x9F, 0x90, 0x90, 0x80, 0x81]
    assert sam(FIND, SELECT, READ, RESET, FIND) == [0x9F, 0x90, 0x90, 0x90, 0x9F]
    assert sam(FIND, SELECT, READ, READ)[-1] == 0x41
    device = Sam()
    device.lay(CARDS["li-na"])
    for command in (FIND, SELECT, READ):
        device.answer(Frame(command))
    device.lift()
    assert device.answer(Frame(FIND)).sw == 0x80
    device.lay(CARDS["li-na"])
    assert device.answer(Frame(FIND)).sw == 0x9F


def test_a_card_lifted_halfway_is_gone() -> None:
    device = Sam()
    device.lay(CARDS["li-na"])
    device.answer(Frame(FIND))
    device.lift()
    assert device.answer(Frame(SELECT)).sw == 0x81


def test_the_newest_address_follows_a_read_without_a_new_select() -> None:
    assert sam(FIND, SELECT, READ, ADDRESS, card="wang-wei")[-1] == 0x90
    assert sam(FIND, SELECT, READ, ADDRESS, card="li-na")[-1] == 0x91


def test_unknown_overlong_and_damaged_commands_are_answered_as_such() -> None:
    assert sam(b"\x55\x55") == [frames.BAD_COMMAND]
    assert sam(FIND + b"\x00") == [frames.BAD_LENGTH]
    assert Sam().answer(Damaged("a wrong checksum")).sw == frames.BAD_CHECKSUM


def test_the_identity_answer_says_sim() -> None:
    said = Sam().answer(Frame(frames.SAM_ID)).data
    assert is_simulated(said)
    assert b"SIM" in said


def test_unknown_acts_faults_and_schemes_are_refused() -> None:
    async def story() -> None:
        far = IdReaderFarEnd()
        for verb, choice in (("lay", "nobody"), ("lay", ""), ("shake", "")):
            with pytest.raises(ValueError, match="an id reader knows"):
                await far.act(verb, choice)
        with pytest.raises(ValueError, match="faults are"):
            await far.set_fault("jam")
        assert far.fault == ""

    asyncio.run(story())
    with pytest.raises(ValueError, match="serial"):
        IdReaderFarEnd("usb")


def test_the_state_tells_what_lies_there_and_what_is_wrong() -> None:
    async def story() -> None:
        far = IdReaderFarEnd("tcp")
        await far.act("lay", "chan")
        await far.set_fault("slow")
        assert far.state() == {"url": "", "card": "chan", "stage": "idle", "fault": "slow"}
        await far.act("lift")
        await far.act("lift")
        assert far.state()["card"] == ""

    asyncio.run(story())


@pytest.mark.parametrize("scheme", ["serial", "tcp"])
def test_every_card_is_read_over_a_real_port(scheme: str) -> None:
    async def story() -> None:
        far = IdReaderFarEnd(scheme)
        url = await far.start()
        assert url.startswith(f"{scheme}:")
        reader = SerialIdReader(url)
        assert (await reader.status()).simulated
        for name, made in CARDS.items():
            await far.act("lay", name)
            card = await reader.read_card(5, fingerprint=True)
            assert card == replace(made.card, address=made.newest_address or made.card.address)
        await reader.close()
        await far.stop()
        await far.stop()

    asyncio.run(story())


@pytest.mark.parametrize("scheme", ["serial", "tcp"])
def test_a_reader_pulled_and_put_back_is_used_again_at_the_same_url(scheme: str) -> None:
    async def story() -> None:
        far = IdReaderFarEnd(scheme)
        url = await far.start()
        reader = SerialIdReader(url)
        await far.act("lay", "wang-wei")
        assert await reader.read_card(5) == WANG_WEI
        for _ in range(3):
            await far.set_fault("unplugged")
            await far.set_fault("unplugged")
            with pytest.raises(Offline):
                await reader.read_card(1)
            assert (await reader.status()).health is Health.OFFLINE
            await far.set_fault("")
            assert await far.start() == url
            assert await reader.read_card(5) == WANG_WEI
        await reader.close()
        await far.stop()

    asyncio.run(story())


@pytest.mark.parametrize("scheme", ["serial", "tcp"])
def test_a_reader_pulled_in_the_middle_of_an_answer_is_offline_at_once_and_reads_when_put_back(scheme: str) -> None:
    async def story() -> None:
        far = IdReaderFarEnd(scheme, baud=9600)
        reader = SerialIdReader(await far.start())
        await far.act("lay", "wang-wei")
        reading = asyncio.create_task(reader.read_card(5))
        await until_read(far)
        await far.set_fault("unplugged")
        with pytest.raises(Offline):
            await reading
        await far.set_fault("")
        assert await reader.read_card(5) == WANG_WEI
        await reader.close()
        await far.stop()

    asyncio.run(story())


async def until_read(far: IdReaderFarEnd) -> None:
    """Return once the SAM has read the card, while its answer of 1.3 s is on the line."""
    for _ in range(1000):
        if far.state()["stage"] == "read":
            return
        await asyncio.sleep(0.005)
    pytest.fail("the card was never read")


def is_link(path: str) -> bool:
    return pathlib.Path(path).is_symlink()


def is_there(path: str) -> bool:
    return pathlib.Path(path).exists()


def test_the_pty_leaves_nothing_behind() -> None:
    async def story() -> None:
        far = IdReaderFarEnd()
        link = (await far.start()).removeprefix("serial:")
        assert is_link(link)
        await far.set_fault("unplugged")
        assert not is_link(link)
        await far.stop()
        assert not is_there(link.rpartition("/")[0])
        assert await far.start() != f"serial:{link}"
        await far.stop()

    asyncio.run(story())


def test_a_second_client_of_a_tcp_bridge_takes_the_reader_over() -> None:
    async def story() -> None:
        far = IdReaderFarEnd("tcp")
        url = await far.start()
        first, second = SerialIdReader(url), SerialIdReader(url)
        assert (await first.status()).health is Health.OK
        assert (await second.status()).health is Health.OK
        assert (await first.status()).health is Health.OFFLINE
        assert (await first.status()).health is Health.OK
        await first.close()
        await second.close()
        await far.stop()

    asyncio.run(story())


def test_nobody_there_is_offline_and_no_crash() -> None:
    async def story() -> None:
        for url in ("serial:/dev/no-such-port", "tcp:127.0.0.1:1", "sim:no-such-far-end"):
            reader = SerialIdReader(url)
            assert (await reader.status()).health is Health.OFFLINE
            with pytest.raises(DeviceError):
                await reader.read_card(1)
            await reader.close()

    asyncio.run(story())


def test_serve_answers_on_any_wire_and_ends_with_its_peer_or_when_unplugged() -> None:
    async def story() -> None:
        far = IdReaderFarEnd()
        for end in ("peer", "unplugged"):
            near, wire = pair()
            serving = asyncio.create_task(far.serve(wire))
            await near.write(Frame(frames.STATUS).pack())
            assert await near.read() == bytes.fromhex("AAAAAA9669000400009094")
            await (near.close() if end == "peer" else far.set_fault("unplugged"))
            await serving
        _, wire = pair()
        await far.serve(wire)

    jump(story)


def test_paced_bytes_take_as_long_as_a_line_of_that_speed() -> None:
    """Commands of 10 bytes; answers of 15, 19, 1295 and 11; ten bits a byte; the last command waits for its answer."""

    async def story() -> None:
        far = IdReaderFarEnd(baud=9600)
        tap = Tap(far.opener())
        reader = SerialIdReader("", opener=tap)
        await far.act("lay", "li-na")
        await reader.read_card(1)
        took = asyncio.get_running_loop().time() - tap.times(frames.FIND)[0]
        assert took == pytest.approx((4 * 10 + 15 + 19 + 1295 + 11) * 10 / 9600)

    jump(story)


def test_what_a_pty_holds_for_nobody_does_not_stop_the_reader() -> None:
    """Answers that nobody fetches are lost when the line is full; then the reader goes on."""

    async def story() -> None:
        far = IdReaderFarEnd()
        url = await far.start()
        await far.act("lay", "li-na")
        wire: Wire = await open_wire(url)
        for _ in range(20):
            for command in (frames.RESET, frames.FIND, frames.SELECT, frames.READ):
                await wire.write(Frame(command).pack())
            await asyncio.sleep(0.002)
        await wire.close()
        reader = SerialIdReader(url)
        assert await reader.card_present()
        assert await reader.read_card(5) == LI_NA
        await reader.close()
        await far.stop()

    asyncio.run(story())
