"""The panel's sensors over XFS4IoT: told and asked, through loss, nonsense and haste."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from drivers.api import DeviceError, Faulty, Garbled, Health, Offline, PanelState, Power, StaffKey
from drivers.panel import BACKLOG, XfsPanel, read_state
from drivers.sim.panel import DEEDS, PanelFarEnd
from drivers.sim.xfs import Call, Publisher
from drivers.xfs import Payload
from tests.drivers.idcard_rig import CALM
from tests.drivers.panel_rig import AWAY, NEVER, OFTEN, REST, Odd, odd, play, until

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["present", "open", "run"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("handsetSensor", "enhancedAudioSensor", "headsetMicrophoneSensor", "proximitySensor", "cabinetDoor",
         "cabinetFrontDoor", "safeDoor", "operatorSwitch", "UPS")  # fmt: skip
STATUS = st.fixed_dictionaries(
    {}, optional={"common": ANY, "lights": ANY, "auxiliaries": ANY | st.dictionaries(st.sampled_from(NAMES), ANY)}
)


# --- what a status means


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ({}, {}),
        ({"handsetSensor": "offTheHook"}, {"handset_lifted": True}),
        ({"handsetSensor": "onTheHook"}, {"handset_lifted": False}),
        ({"handsetSensor": "notAvailable"}, {}),
        ({"enhancedAudioSensor": "present"}, {"headset_plugged": True}),
        ({"enhancedAudioSensor": "notPresent", "headsetMicrophoneSensor": "present"}, {"headset_plugged": True}),
        ({"headsetMicrophoneSensor": "notPresent"}, {"headset_plugged": False}),
        ({"proximitySensor": "present"}, {"person_near": True}),
        ({"cabinetDoor": "closed", "cabinetRearDoor": "open"}, {"door_open": True}),
        ({"cabinetDoor": "tampered"}, {"door_open": True}),
        ({"cabinetLeftDoor": "bolted", "safeDoor": "locked"}, {"door_open": False}),
        ({"cabinetDoor": "closed", "safeDoor": "ajar"}, {}),
        ({"cabinetDoor": "closed", "safeDoor": 7}, {}),
        ({"cabinetDoor": "closed", "safeDoor": "notAvailable"}, {"door_open": False}),
        ({"operatorSwitch": "supervisor"}, {"staff_key": StaffKey.SUPERVISOR}),
        ({"operatorSwitch": "unknown"}, {}),
        ({"UPS": {"powering": False, "low": True}}, {"power": Power.MAINS}),
        ({"UPS": {"powering": True}}, {"power": Power.BATTERY}),
        ({"UPS": {"powering": True, "low": True}}, {"power": Power.LOW}),
        ({"UPS": {"powering": "true"}}, {}),
    ],
)
def test_each_word_of_the_standard_has_its_meaning_and_others_none(
    said: Mapping[str, Any], seen: dict[str, Any]
) -> None:
    assert read_state({"auxiliaries": said}) == replace(PanelState(), **seen)


@CALM
@given(STATUS)
def test_no_status_whatever_raises(payload: dict[str, Any]) -> None:
    """And what is known of it is what the standard knows."""
    seen = read_state(payload)
    assert seen.reachable
    assert seen.handset_lifted in (True, False, None)


# --- asked


def test_state_is_what_the_sensors_say_now() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        assert await panel.state() == REST
        for verb, choice in (("lift", ""), ("plug", ""), ("come", ""), ("open-door", ""), ("power", "battery-low")):
            await far.act(verb, choice)
        await far.act("turn-key", "maintenance")
        assert await panel.state() == PanelState(
            handset_lifted=True,
            headset_plugged=True,
            person_near=True,
            door_open=True,
            staff_key=StaffKey.MAINTENANCE,
            power=Power.LOW,
        )

    play(story)


def test_status_says_sim_and_every_sensor_in_words() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        await far.act("lift")
        said = await panel.status()
        assert (said.health, said.simulated, said.identity) == (Health.OK, True, "SIM-PANEL SIM 000002")
        assert said.facts == {
            "device": "online",
            "handset": "lifted",
            "headset": "none",
            "person": "none",
            "door": "closed",
            "staffKey": "run",
            "power": "mains",
        }

    play(story)


@pytest.mark.parametrize(
    ("fault", "error"), [("deaf", Offline), ("garbled", Garbled), ("unplugged", Offline), ("broken", Faulty)]
)
def test_trouble_is_told_by_status_and_raised_by_state(fault: str, error: type[DeviceError]) -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        await far.set_fault(fault)
        said = await panel.status()
        assert (said.health, type(said.why)) == (Health.OFFLINE, error)
        with pytest.raises(error):
            await panel.state()
        await far.set_fault("")
        assert await panel.state() == REST
        assert (await panel.status()).why is None

    play(story)


def test_a_panel_that_says_words_that_nobody_knows_is_there_and_knows_nothing() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        await far.set_fault("strange")
        assert await panel.state() == PanelState()
        assert (await panel.status()).facts["door"] == "unknown"

    play(story)


# --- told


def test_every_deed_at_the_panel_is_told_by_an_event_alone() -> None:
    """No look comes to help: the next one would be in an hour."""

    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        async with aclosing(panel.changes()) as changes:
            assert await anext(changes) == REST
            before = REST
            for verb, choice in DEEDS:
                was = dict(far.service.sensors)
                await far.act(verb, choice)
                if far.service.sensors != was:
                    now = await anext(changes)
                    assert now != before
                    before = now
        assert before == await panel.state()

    play(story)


def test_a_door_that_opens_and_shuts_at_once_is_told_both_ways() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        async with aclosing(panel.changes()) as changes:
            await until(changes, REST)
            await far.act("open-door")
            await far.act("close-door")
            assert [await anext(changes), await anext(changes)] == [replace(REST, door_open=True), REST]

    play(story)


def test_doing_the_same_twice_tells_nothing_twice() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        async with aclosing(panel.changes()) as changes:
            await until(changes, REST)
            for verb in ("lift", "lift", "come"):
                await far.act(verb)
            lifted = replace(REST, handset_lifted=True)
            assert await until(changes, replace(lifted, person_near=True)) == [
                lifted,
                replace(lifted, person_near=True),
            ]

    play(story)


def test_two_listeners_hear_the_same_and_a_late_one_begins_with_the_state_now() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        async with aclosing(panel.changes()) as one, aclosing(panel.changes()) as two:
            await anext(one)
            await far.act("lift")
            lifted = replace(REST, handset_lifted=True)
            assert await anext(one) == lifted
            assert await anext(two) == lifted
            await far.act("hang")
            assert await anext(one) == await anext(two) == REST

    play(story)


def test_a_listener_that_does_not_listen_keeps_the_newest_changes_and_no_more() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        async with aclosing(panel.changes()) as idle, aclosing(panel.changes()) as keen:
            await until(idle, REST)
            await until(keen, REST)
            for _ in range(BACKLOG):
                for verb in ("lift", "hang"):
                    await far.act(verb)
                    await anext(keen)
            await far.act("open-door")
            await anext(keen)
            told = await until(idle, replace(REST, door_open=True))
            assert len(told) == BACKLOG

    play(story)


@pytest.mark.parametrize("fault", ["unplugged", "garbled", "deaf", "broken"])
def test_a_panel_that_goes_is_told_away_and_its_state_afresh_when_it_is_back(fault: str) -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        async with aclosing(panel.changes()) as changes:
            await until(changes, REST)
            await far.set_fault(fault)
            assert await until(changes, AWAY) == [AWAY]
            await far.act("lift")
            await far.act("power", "battery")
            await far.set_fault("")
            back = replace(REST, handset_lifted=True, power=Power.BATTERY)
            assert await until(changes, back) == [back]
            await far.act("hang")
            assert await anext(changes) == replace(back, handset_lifted=False)

    play(story, OFTEN)


def test_a_panel_that_is_not_there_at_first_is_told_away_then_there() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        await far.set_fault("unplugged")
        async with aclosing(panel.changes()) as changes:
            assert await anext(changes) == AWAY
            await far.set_fault("")
            assert await anext(changes) == REST

    play(story, OFTEN)


def test_strange_words_in_an_event_are_not_known_and_good_ones_are_believed_again() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        async with aclosing(panel.changes()) as changes:
            await until(changes, REST)
            await far.set_fault("strange")
            await until(changes, PanelState())
            await far.set_fault("")
            await until(changes, REST)

    play(story)


def test_what_is_null_or_left_out_in_an_event_did_not_change() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        async with aclosing(panel.changes()) as changes:
            await far.act("power", "battery")
            await until(changes, replace(REST, power=Power.BATTERY))
            told = {"handsetSensor": None, "UPS": {"low": True, "powering": None}, "proximitySensor": "present"}
            await far.publisher.tell("Common.StatusChangedEvent", {"common": None, "auxiliaries": told})
            assert await anext(changes) == replace(REST, power=Power.LOW, person_near=True)

    play(story)


def test_a_device_that_says_it_broke_is_looked_at_at_once() -> None:
    """The next look would be in an hour."""

    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        async with aclosing(panel.changes()) as changes:
            await until(changes, REST)
            await far.set_fault("broken")
            assert await anext(changes) == AWAY
            await far.set_fault("")
            assert await anext(changes) == REST

    play(story)


def test_closing_ends_the_stream_and_may_be_done_twice() -> None:
    async def story(far: PanelFarEnd, panel: XfsPanel) -> None:
        changes = panel.changes()
        await until(changes, REST)
        await panel.close()
        assert [state async for state in changes] == []
        await panel.close()

    play(story)


def test_a_panel_that_tells_nothing_by_itself_is_looked_at() -> None:
    async def act(service: Odd, publisher: Publisher, panel: XfsPanel) -> None:
        async with aclosing(panel.changes()) as changes:
            assert await anext(changes) == PanelState(handset_lifted=False)
            service.said = {"handsetSensor": "offTheHook"}
            assert await anext(changes) == PanelState(handset_lifted=True)
        assert "Auxiliaries.Register" in service.asked

    odd(act)


class Changing(Odd):
    """The handset is lifted while it answers that it lies: the event is on the wire before the older answer."""

    def __init__(self) -> None:
        super().__init__()
        self.tell: Callable[[str, Payload], Awaitable[None]] | None = None

    async def handle(self, call: Call) -> Payload:
        answer = await super().handle(call)
        if call.name == "Common.Status" and self.tell is not None:
            tell, self.tell, self.said = self.tell, None, {"handsetSensor": "offTheHook"}
            await tell("Common.StatusChangedEvent", {"auxiliaries": self.said})
        return answer


def test_an_event_that_overtakes_an_older_answer_is_not_undone_by_it() -> None:
    async def run() -> None:
        service = Changing()
        publisher = Publisher(service, "SIM")
        service.tell = publisher.tell
        panel = XfsPanel(publisher.url, every=NEVER, dial=publisher.dial)
        try:
            assert await panel.state() == PanelState(handset_lifted=True)
        finally:
            await panel.close()
            await publisher.stop()

    asyncio.run(run())


@pytest.mark.parametrize(
    "payload",
    [
        {"auxiliaries": [1]},
        {"auxiliaries": None},
        {"auxiliaries": {"handsetSensor": [[[]]], "UPS": {"a": {"b": {"c": {"d": {"e": {}}}}}}}},
        {"lights": 3, "common": "online"},
        {"common": {"device": 5}},
    ],
)
def test_hostile_events_neither_end_the_stream_nor_hide_what_comes_after(payload: dict[str, Any]) -> None:
    async def act(service: Odd, publisher: Publisher, panel: XfsPanel) -> None:
        async with aclosing(panel.changes()) as changes:
            await until(changes, PanelState(handset_lifted=False))
            await publisher.tell("Common.StatusChangedEvent", payload)
            await publisher.tell("Nobody.KnowsEvent", payload)
            service.said = {"handsetSensor": "offTheHook"}
            await until(changes, PanelState(handset_lifted=True))

    odd(act)
