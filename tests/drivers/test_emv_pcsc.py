"""The driver on the real PC/SC daemon, with cards at the far end of vsmartcard's virtual reader."""

import asyncio
import json
import pathlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from drivers.api import DeviceError, Garbled, Health, MediaRefused, MediaRemoved, Offline, TooLate
from drivers.emv import PcscCardReader
from drivers.emv.slot import failure
from drivers.sim.card import PROFILES, CardReaderFarEnd
from drivers.sim.pcscd import PcscDaemon
from tests.emv_cards import DEBIT, PAN, TODAY, card, issuer

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES.*")

PATIENCE = 10.0
APDUS_OF_A_DIALOGUE = 10
"""SELECT PSE, its records (and the one that is not there), SELECT, GPO, three records, GENERATE AC twice; T=1."""


@asynccontextmanager
async def bench(
    cards: pathlib.Path = pathlib.Path("no-cards"), *, patience: float = PATIENCE
) -> AsyncIterator[tuple[PcscCardReader, CardReaderFarEnd]]:
    """A driver and its far end; the slot is empty before and after."""
    far = CardReaderFarEnd(cards)
    device = PcscCardReader(await far.start(), today=lambda: TODAY, patience=patience)
    await until_gone(device)
    try:
        yield device, far
    finally:
        await far.stop()
        await until_gone(device)
        await device.close()


async def until_gone(device: PcscCardReader) -> None:
    for _ in range(200):
        try:
            if not await device.card_present():
                return
        except Offline:
            pass
        await asyncio.sleep(0.05)
    raise AssertionError("the card never left")


async def whole(device: PcscCardReader, *, approve: bool = True) -> bool:
    apps = await device.wait_card(PATIENCE)
    dialogue = await device.begin(apps[0].aid, 100)
    assert issuer().verify(PAN, "01", dialogue.field55.hex(), 100)
    answer = issuer().answer(PAN, "01", dialogue.field55.hex(), approve=approve)
    approved, field55 = await device.finish(bytes.fromhex(answer))
    assert issuer().verify_tc(PAN, "01", field55.hex(), 100) == approved
    return approved


def run(act: Callable[[PcscCardReader, CardReaderFarEnd], object], **how: float) -> None:
    async def inside() -> None:
        async with bench(**how) as (device, far):  # type: ignore[arg-type]
            await act(device, far)  # type: ignore[misc]

    asyncio.run(inside())


@pytest.mark.parametrize("profile", ["plain", "t0", "t0-long-80"])
def test_a_card_goes_through_both_phases_and_ends_with_a_tc(pcscd: PcscDaemon, profile: str) -> None:
    async def act(device: PcscCardReader, far: CardReaderFarEnd) -> None:
        await far.insert(card(profile))
        assert await whole(device)
        status = await device.status()
        assert (status.health, status.media, status.simulated) == (Health.OK, "present", True)
        assert "Virtual PCD 00 00" in status.identity
        assert not await whole(device, approve=False)

    run(act)


def test_a_card_pulled_in_mid_dialogue_is_removed_and_the_next_card_is_served(pcscd: PcscDaemon) -> None:
    async def act(device: PcscCardReader, far: CardReaderFarEnd) -> None:
        await far.set_fault("unplugged")
        for at in (1, 4, 9, 15, 18):
            far.pull_at = at
            await far.insert(card("t0"))
            with pytest.raises(MediaRemoved):
                await whole(device)
            await until_gone(device)
        await far.set_fault("")
        await far.insert(card("t0"))
        assert await whole(device)

    run(act)


def test_a_card_pulled_at_each_command_of_a_dialogue_in_turn_is_removed_every_time(pcscd: PcscDaemon) -> None:
    """From SELECT PSE to the second GENERATE AC, on the real daemon."""

    async def act(device: PcscCardReader, far: CardReaderFarEnd) -> None:
        await far.insert(card())
        assert await whole(device)
        total = far.state()["apdus"]
        assert total == APDUS_OF_A_DIALOGUE
        await far.set_fault("unplugged")
        for at in range(1, total + 1):
            far.pull_at = at
            await far.insert(card())
            with pytest.raises(MediaRemoved):
                await whole(device)
            assert far.state()["apdus"] == at
            await until_gone(device)
        await far.set_fault("")
        await far.insert(card())
        assert await whole(device)

    run(act)


def test_a_card_pulled_between_two_steps_is_removed(pcscd: PcscDaemon) -> None:
    async def act(device: PcscCardReader, far: CardReaderFarEnd) -> None:
        await far.insert(card())
        await device.wait_card(PATIENCE)
        await device.begin(DEBIT, 0)
        await far.act("pull")
        await until_gone(device)
        with pytest.raises(MediaRemoved):
            await device.finish(b"")
        with pytest.raises(TooLate):
            await device.wait_card(0.1)

    run(act)


def test_a_daemon_that_dies_is_offline_and_the_same_driver_serves_again_once_it_is_back(pcscd: PcscDaemon) -> None:
    async def act(device: PcscCardReader, far: CardReaderFarEnd) -> None:
        await far.insert(card())
        assert await whole(device)
        await device.begin(DEBIT, 0)
        pcscd.kill()
        with pytest.raises(Offline):
            await device.finish(b"")
        assert (await device.status()).health == Health.OFFLINE
        with pytest.raises(Offline, match="start pcscd"):
            await device.wait_card(1)
        pcscd.start()
        assert await whole(device)

    run(act)


@pytest.mark.parametrize("at", ["waiting for a card", "in the midst of a command"])
def test_a_daemon_that_dies_under_a_call_ends_it_offline_and_the_same_driver_serves_again(
    pcscd: PcscDaemon, at: str
) -> None:
    async def act(device: PcscCardReader, far: CardReaderFarEnd) -> None:
        if at == "waiting for a card":
            call: asyncio.Future[object] = asyncio.ensure_future(device.wait_card(60))
            await asyncio.sleep(0.1)
        else:
            await far.insert(card())
            await device.wait_card(PATIENCE)
            await far.set_fault("deaf")
            before = far.state()["apdus"]
            call = asyncio.ensure_future(device.begin(DEBIT, 0))
            for _ in range(500):
                if far.state()["apdus"] > before:
                    break
                await asyncio.sleep(0.01)
        pcscd.kill()
        with pytest.raises((Offline, MediaRemoved)):
            await call
        with pytest.raises(Offline):
            await device.card_present()
        await far.set_fault("")
        pcscd.start()
        await far.insert(card())
        assert await whole(device)

    run(act)


def test_a_daemon_that_dies_and_returns_between_two_visits_is_not_even_noticed(pcscd: PcscDaemon) -> None:
    async def act(device: PcscCardReader, far: CardReaderFarEnd) -> None:
        assert not await device.card_present()
        pcscd.kill()
        pcscd.start()
        await far.insert(card())
        assert await whole(device)

    run(act)


def test_a_cancelled_wait_lets_go_of_the_thread_and_the_reader_serves_on(pcscd: PcscDaemon) -> None:
    async def act(device: PcscCardReader, far: CardReaderFarEnd) -> None:
        waiting = asyncio.create_task(device.wait_card(60))
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await far.insert(card())
        assert await whole(device)

    run(act)


def test_a_cancelled_dialogue_stops_before_its_next_command_and_the_reader_serves_on(pcscd: PcscDaemon) -> None:
    async def act(device: PcscCardReader, far: CardReaderFarEnd) -> None:
        await far.insert(card("t0"))
        await device.wait_card(PATIENCE)
        await far.set_fault("slow")
        beginning = asyncio.create_task(device.begin(DEBIT, 0))
        for _ in range(500):
            if far.state()["apdus"]:
                break
            await asyncio.sleep(0.01)
        beginning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await beginning
        assert far.state()["apdus"] <= 2
        await far.set_fault("")
        assert await whole(device)

    run(act)


def test_a_deaf_card_is_offline_within_the_patience_and_pulling_it_heals_the_reader(pcscd: PcscDaemon) -> None:
    async def act(device: PcscCardReader, far: CardReaderFarEnd) -> None:
        await far.set_fault("deaf")
        await far.insert(card())
        with pytest.raises(Offline, match="no answer within"):
            await device.wait_card(PATIENCE)
        await far.act("pull")
        await far.set_fault("")
        await until_gone(device)
        await far.insert(card())
        assert await whole(device)

    run(act, patience=1.0)


@pytest.mark.parametrize(("fault", "error"), [("mute", MediaRefused), ("garbled", Garbled)])
def test_a_mute_card_is_refused_and_a_lying_one_is_garbled(
    pcscd: PcscDaemon, fault: str, error: type[DeviceError]
) -> None:
    async def act(device: PcscCardReader, far: CardReaderFarEnd) -> None:
        await far.set_fault(fault)
        await far.insert(card())
        with pytest.raises(error):
            await whole(device)
        await far.act("pull")
        await far.set_fault("")
        await until_gone(device)
        await far.insert(card())
        assert await whole(device)

    run(act)


def test_a_slow_card_is_waited_for(pcscd: PcscDaemon) -> None:
    async def act(device: PcscCardReader, far: CardReaderFarEnd) -> None:
        await far.set_fault("slow")
        await far.insert(card("ppse"))
        assert [app.aid for app in await device.wait_card(PATIENCE)] == [DEBIT]

    run(act)


def test_a_wrong_reader_name_says_which_readers_there_are(pcscd: PcscDaemon) -> None:
    device = PcscCardReader("pcsc:Acme Slot", today=lambda: TODAY)

    async def act() -> None:
        with pytest.raises(Offline, match="'Acme Slot'; connected: Virtual PCD 00 00, Virtual PCD 00 01"):
            await device.wait_card(1)
        assert "Virtual PCD 00 01" in (await device.status()).detail
        await device.close()
        await device.close()

    asyncio.run(act())


@pytest.mark.parametrize("url", ["", "pcsc:", "tcp:127.0.0.1:1", "Virtual PCD 00 00"])
def test_an_address_that_is_no_reader_is_refused_before_anything_is_opened(url: str) -> None:
    with pytest.raises(ValueError, match="a card reader is"):
        PcscCardReader(url, today=lambda: TODAY)


def test_half_a_name_that_fits_two_readers_chooses_neither(pcscd: PcscDaemon) -> None:
    device = PcscCardReader("pcsc:Virtual PCD", today=lambda: TODAY)

    async def act() -> None:
        with pytest.raises(Offline, match="more than one reader"):
            await device.card_present()
        await device.close()

    asyncio.run(act())


def test_the_far_ends_address_is_found_in_the_rendezvous_file(
    pcscd: PcscDaemon, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "sim.json"
    monkeypatch.setenv("KIOSK_SIM", str(place))
    device = PcscCardReader("sim:card-reader", today=lambda: TODAY)

    async def act() -> None:
        assert (await device.status()).health == Health.OFFLINE
        place.write_text(json.dumps({"card-reader": "pcsc:Virtual PCD 00 00"}))
        assert (await device.status()).health == Health.OK
        await device.close()

    asyncio.run(act())


def test_a_person_inserts_cards_by_name_from_the_cards_file(pcscd: PcscDaemon, tmp_path: pathlib.Path) -> None:
    made = card().data
    path = tmp_path / "cards.json"
    entry = {"name": "wang-wei-debit", "pan": made.pan, "sequence": "01", "expiry": "2031-12-31", "aid": DEBIT}
    entry |= {"cardholder": "WANG WEI", "label": "UnionPay Debit", "profile": "t0"}
    entry |= {"udk_ac": made.udk_ac.hex(), "udk_mac": made.udk_mac.hex()}

    async def act() -> None:
        async with bench(path) as (device, far):
            assert far.verbs[0].choices == ()
            path.write_text(json.dumps([entry]))
            await far.act("insert", "wang-wei-debit")
            assert far.verbs[0].choices == ("wang-wei-debit",)
            assert await whole(device)
            assert far.state()["inserted"] == "wang-wei-debit"
            with pytest.raises(ValueError, match="there are wang-wei-debit"):
                await far.act("insert", "nobody")
            with pytest.raises(ValueError, match="not done"):
                await far.act("eat")
            with pytest.raises(ValueError, match="there are deaf"):
                await far.set_fault("tired")
            path.write_text(json.dumps([entry | {"profile": "gold"}]))
            with pytest.raises(ValueError, match="no profile 'gold'"):
                await far.act("insert", "wang-wei-debit")

    asyncio.run(act())
    assert "plain" in PROFILES


def test_a_daemon_that_we_did_not_start_is_used_and_never_ended(pcscd: PcscDaemon) -> None:
    guest = PcscDaemon()
    guest._begin()
    assert not guest.ours
    with pytest.raises(Offline, match="not ours"):
        guest.kill()
    guest.stop()
    pcscd.start()
    assert pcscd.ours
    assert pcscd._process is not None
    assert pcscd._process.poll() is None


def test_a_lock_held_by_another_is_waited_for_only_so_long(pcscd: PcscDaemon) -> None:
    with pytest.raises(Offline, match="has held"):
        PcscDaemon(patience=0.1).start()


@pytest.mark.parametrize("code", [0x80100016, 0x80100069, 0x8010000C, 0x8010002F, 0x80100016 - 2**32])
def test_every_code_that_means_a_card_left_is_media_removed(code: int) -> None:
    assert isinstance(failure(code), MediaRemoved)


@pytest.mark.parametrize("code", [0x8010001D, 0x8010001E, 0x80100003, 0x8010000B, 0x80100FFF])
def test_every_other_trouble_of_the_service_is_offline(code: int) -> None:
    assert isinstance(failure(code), Offline)
