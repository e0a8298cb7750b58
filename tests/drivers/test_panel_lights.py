"""The panel's lights, held as they were wanted; and its far end, which keeps the standard's rules."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from drivers.api import Colour, Light, Offline
from drivers.panel import SENSORS, XfsPanel
from drivers.sim.panel import DEEDS, PanelFarEnd
from drivers.sim.xfs import Publisher
from drivers.xfs import Payload, XfsClient, XfsRefused
from tests.drivers.panel_rig import AWAY, OFTEN, REST, Odd, odd, play, until

# --- lights


def test_a_light_is_lit_in_its_colour_and_asking_twice_is_harmless() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        for _ in range(2):
            await panel.light(Light.CARD_READER, Colour.GREEN)
            await panel.light(Light.PRINTER, True)
            assert far.state()["lights"] == {"cardReader": "green", "receiptPrinter": "on"}
        await panel.light(Light.CARD_READER, False)
        assert far.state()["lights"] == {"receiptPrinter": "on"}

    play(story)


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("where", Light)
def test_every_light_and_colour_is_one_of_the_standard_and_nothing_flashes(where: Light, colour: Colour) -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        await panel.light(where, colour)
        assert far.service.lights[where] == {"flashRate": "continuous", "color": str(colour)}

    play(story)


def test_lights_wanted_are_lit_again_after_the_panel_lost_power_also_those_asked_for_meanwhile() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        await panel.light(Light.CARD_READER, Colour.GREEN)
        await panel.light(Light.SCANNER, True)
        async with aclosing(panel.changes()) as changes:
            await until(changes, REST)
            await far.set_fault("unplugged")
            await until(changes, AWAY)
            assert far.service.lights == {}
            for where, on in ((Light.PIN_PAD, True), (Light.SCANNER, False)):
                with pytest.raises(Offline):
                    await panel.light(where, on)
            await far.set_fault("")
            await until(changes, REST)
            while len(far.state()["lights"]) < 2:
                await asyncio.sleep(OFTEN)
        assert far.state()["lights"] == {"cardReader": "green", "pinPad": "on"}

    play(story, OFTEN)


def test_a_light_that_the_panel_does_not_have_is_refused_once_and_not_asked_for_again() -> None:
    async def act(service: Odd, publisher: Publisher, panel: XfsPanel) -> None:
        with pytest.raises(XfsRefused) as caught:
            await panel.light(Light.FASCIA, True)
        assert caught.value.code == "invalidLight"
        async with aclosing(panel.changes()) as changes:
            await anext(changes)
            while service.asked.count("Common.Status") < 3:
                await asyncio.sleep(OFTEN)
        assert service.asked.count("Lights.SetLight") == 1

    odd(act)


# --- the far end keeps the rules


def test_the_far_end_tells_only_of_sensors_that_somebody_registered_for() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        heard: list[Payload] = []
        client = XfsClient(
            far.url, "Auxiliaries", "test", dial=far.dial, unsolicited=lambda _, said: heard.append(said)
        )
        await client.command("Auxiliaries.Register", {"handsetSensor": "register"})
        for verb in ("come", "lift"):
            await far.act(verb)
        await client.command("Auxiliaries.Register", {"handsetSensor": "deregister"})
        await far.act("hang")
        await client.command("Common.Status", {})
        assert heard == [{"common": None, "auxiliaries": {"handsetSensor": "offTheHook"}}]
        await client.close()

    play(story)


def test_every_sensor_of_the_far_end_can_be_registered_for_by_the_drivers_names() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        async with aclosing(panel.changes()) as changes:
            await anext(changes)
            registered = set().union(*far.service.registered.values())
        assert registered <= set(SENSORS.values())
        assert len(registered) == len(far.service.sensors)

    play(story)


@pytest.mark.parametrize(
    ("name", "payload", "code"),
    [
        ("Auxiliaries.Register", {"toaster": "register"}, "invalidAuxiliary"),
        ("Lights.SetLight", {"toaster": {"default": {"flashRate": "off"}}}, "invalidLight"),
        ("Lights.SetLight", {"pinPad": {"moon": {"flashRate": "off"}}}, "invalidLight"),
        ("Lights.SetLight", {"pinPad": {"default": {"flashRate": "quick"}}}, "invalidData"),
        ("Lights.SetLight", {"pinPad": {"default": {"flashRate": "off", "color": "pink"}}}, "invalidData"),
        ("Lights.SetLight", {"pinPad": {"default": 7}}, "invalidData"),
        ("Auxiliaries.SetAuxiliaries", {}, "unsupportedCommand"),
    ],
)
def test_the_far_end_refuses_what_it_does_not_have(name: str, payload: dict[str, Any], code: str) -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        client = XfsClient(far.url, "Lights", "test", dial=far.dial)
        with pytest.raises(XfsRefused) as caught:
            await client.command(name, payload)
        assert caught.value.code == code
        await client.close()

    play(story)


@pytest.mark.parametrize(("verb", "choice"), [("dance", ""), ("lift", "high"), ("power", ""), ("power", "sun")])
def test_an_unknown_deed_or_fault_is_refused(verb: str, choice: str) -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        with pytest.raises(ValueError, match="unknown verb"):
            await far.act(verb, choice)
        with pytest.raises(ValueError, match="unknown fault"):
            await far.set_fault("on fire")

    play(story)


def test_every_verb_and_choice_offered_is_one_that_can_be_done() -> None:
    assert {(verb.name, choice) for verb in PanelFarEnd.verbs for choice in verb.choices or ("",)} == set(DEEDS)


def test_over_a_real_socket_the_panel_comes_back_under_its_address() -> None:
    async def run() -> None:
        far = PanelFarEnd()
        panel = XfsPanel(await far.start(), every=OFTEN)
        try:
            async with asyncio.timeout(30), aclosing(panel.changes()) as changes:
                await until(changes, REST)
                await far.set_fault("unplugged")
                await until(changes, AWAY)
                await far.set_fault("")
                await until(changes, REST)
                await far.act("lift")
                await until(changes, replace(REST, handset_lifted=True))
        finally:
            await panel.close()
            await far.stop()

    asyncio.run(run())


def test_a_url_that_is_none_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="xfs:HOST"):
        XfsPanel("serial:/dev/ttyUSB0")
