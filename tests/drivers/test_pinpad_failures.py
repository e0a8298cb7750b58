"""The pad in trouble: cancelled, late, tampered, garbled, deaf, unplugged."""

import asyncio

import pytest

from drivers.api import Abandoned, Faulty, Garbled, Health, Offline, TooLate
from drivers.pinpad import XfsPinPad
from drivers.sim.xfs import Call, Publisher
from drivers.xfs import Payload
from tests.drivers.pinpad_rig import NUMBER, Scene, Tap, scene

# --- failures


def test_cancel_is_abandoned_and_the_pad_is_free_again() -> None:
    """In both modes."""

    async def act(it: Scene) -> None:
        task = await it.asked()
        await it.far.act("key", "1")
        await it.far.act("key", "cancel")
        with pytest.raises(Abandoned):
            await task
        digits = asyncio.create_task(it.pad.enter_digits(lambda _: None, 5))
        await it.far.asked(5)
        await it.far.act("key", "cancel")
        with pytest.raises(Abandoned):
            await digits

    scene(act)


def test_nobody_comes_in_time_is_too_late() -> None:
    """The pad itself ends the entry."""

    async def act(it: Scene) -> None:
        task = await it.asked(patience=0.05)
        with pytest.raises(TooLate):
            await task
        assert it.far.state()["mode"] == ""

    scene(act)


def test_giving_up_the_wait_cancels_the_entry_on_the_wire() -> None:
    """The customer touched "back": the pad must not go on taking digits."""

    async def act(it: Scene) -> None:
        task = await it.asked()
        await it.far.act("key", "1")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert "Common.Cancel" in it.tap.names("command")
        assert it.far.state()["mode"] == ""
        again = await it.asked()
        await it.far.act("type", "1234")
        await again

    scene(act)


def test_a_pin_whose_block_is_not_fetched_does_not_stay_in_the_pad() -> None:
    """Given up between the entry and the block: the pad is told to forget."""

    async def act(it: Scene) -> None:
        task = await it.asked()
        await it.far.set_fault("slow")
        await it.far.act("type", "1234")
        await it.tap.fetching.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert "PinPad.Reset" in it.tap.names("command")
        assert it.far.service._pin == ""
        await it.far.set_fault("")
        digits = asyncio.create_task(it.pad.enter_digits(lambda _: None, 5))
        await it.far.asked(5)
        await it.far.act("type", "7")
        assert await digits == "7"

    scene(act)


def test_tampering_is_faulty_with_a_remedy_and_takes_every_key() -> None:
    """In the midst of an entry, and ever after, until a custodian has loaded the master keys."""

    async def act(it: Scene) -> None:
        task = await it.asked()
        await it.far.act("key", "1")
        await it.far.set_fault("tampered")
        with pytest.raises(Faulty, match="out of service"):
            await task
        assert it.far.state()["keys"] == {}
        assert (await it.pad.status()).health is Health.OFFLINE
        with pytest.raises(Faulty, match="fraudAttempt"):
            await it.pad.mac(b"x")
        await it.far.set_fault("")
        assert (await it.pad.status()).health is Health.DEGRADED
        await it.load()
        assert (await it.pad.status()).health is Health.OK

    scene(act)


def test_a_pad_that_shows_digits_during_pin_entry_is_faulty_at_once() -> None:
    """The entry is cancelled and the error does not repeat the digit."""

    class Leaky:
        path = "Leaky"

        async def handle(self, call: Call) -> Payload:
            if call.name == "Common.Capabilities":
                return {"interfaces": [{"name": "PinPad"}]}
            await call.event("Keyboard.KeyEvent", {"completion": "continue", "digit": "seven"})
            await asyncio.Event().wait()
            return {}

        def left(self, client: int) -> None:
            """Nothing belongs to anybody."""

    async def run() -> None:
        publisher = Publisher(Leaky(), "SIM")
        tap = Tap(publisher.dial)
        pad = XfsPinPad(publisher.url, dial=tap.dial)
        with pytest.raises(Faulty, match="in clear") as caught:
            await pad.enter_pin(NUMBER, "iso0", lambda _: None, 5)
        assert "seven" not in str(caught.value)
        assert "Common.Cancel" in tap.names("command")
        await pad.close()
        await publisher.stop()

    asyncio.run(run())


def test_garbled_frames_are_garbled_and_a_mended_pad_works_again() -> None:
    """Without a restart of the terminal."""

    async def act(it: Scene) -> None:
        await it.far.set_fault("garbled")
        with pytest.raises(Garbled):
            await it.pad.enter_pin(NUMBER, "iso0", it.counts.append, 1)
        assert (await it.pad.status()).health is Health.OFFLINE
        await it.far.set_fault("")
        assert (await it.pad.status()).health is Health.OK

    scene(act)


def test_a_deaf_pad_is_offline_after_a_bounded_wait() -> None:
    """The acknowledge is what is waited for."""

    async def act(it: Scene) -> None:
        await it.far.set_fault("deaf")
        with pytest.raises(Offline, match="no answer"):
            await it.pad.mac(b"x")
        await it.far.set_fault("")
        assert (await it.pad.status()).health is Health.OK

    scene(act)


def test_the_identity_says_that_it_is_simulated() -> None:
    """So the screen can show it."""

    async def act(it: Scene) -> None:
        status = await it.pad.status()
        assert (status.health, status.simulated) == (Health.OK, True)
        assert "SIM" in status.identity
        with pytest.raises(ValueError, match="unknown verb"):
            await it.far.act("key", "kick")
        with pytest.raises(ValueError, match="unknown fault"):
            await it.far.set_fault("on fire")

    scene(act)


def test_a_socket_lost_in_pin_entry_is_offline_and_the_pad_recovers_on_the_same_url() -> None:
    """On a real WebSocket: the far end forgets what was typed."""

    async def run() -> None:
        it = Scene()
        url = await it.far.start()
        it.pad = XfsPinPad(url)
        await it.load()
        task = await it.asked()
        await it.far.act("key", "1")
        await it.far.set_fault("unplugged")
        with pytest.raises(Offline):
            await task
        assert (await it.pad.status()).health is Health.OFFLINE
        assert it.far.state()["mode"] == ""
        await it.far.set_fault("")
        assert it.far.url == url
        again = await it.asked()
        await it.far.act("type", "1234")
        assert await again
        await it.pad.close()
        await it.pad.close()
        await it.far.stop()

    asyncio.run(run())
