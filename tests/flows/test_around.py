"""What happens around her: a door, a key, the power, the panel itself; told by the real panel driver."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from branch.store.schema import incidents
from drivers.api import PanelState, Power, StaffKey
from flows.around import Around, ends
from flows.ports import Unreachable
from kiosk.link import Link
from protocol import messages as m
from tests.flows.guest import Guest, with_guest
from tests.flows.test_anywhere import forgotten
from tests.storm.machine import Machine
from tests.storm.test_storm import judge

DEEDS = {"door": ("open-door", ""), "staff-key": ("turn-key", "maintenance"), "battery": ("power", "battery-low")}


def alarms(machine: Machine) -> list[str]:
    """Visits in which a door was opened, as the branch knows them."""
    with machine.world.db.read() as tx:
        rows = tx.execute(sa.select(incidents.c.visit).where(incidents.c.kind == "door-opened"))
        return list(rows.scalars())


async def noted(machine: Machine, event: str) -> list[str]:
    return [record["key"] for record, _ in await machine.journal.records() if record["state"] == event]


def at(guest: Guest, machine: Machine, screen: str, *deeds: tuple[str, str]) -> None:
    """Let something happen around her as she stands before a screen."""

    async def happens() -> None:
        for deed in deeds:
            await machine.panel_end.act(*deed)

    guest.at, guest.then = screen, happens


def judged(folder: Path, story: Callable[[Machine, Guest], Awaitable[None]]) -> None:
    async def whole(machine: Machine, guest: Guest) -> None:
        guest.prefers, guest.wishes = "id-card", ("transfer",)
        await story(machine, guest)
        guest.at, guest.then, guest.wishes = "", None, ()
        await machine.calm()
        await judge(machine)

    with_guest(folder, whole)


@pytest.mark.parametrize("why", DEEDS)
def test_at_whatever_screen_it_happens_the_visit_ends_privately_and_only_a_door_alarms(
    tmp_path: Path, why: str
) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        await machine.visits(1)
        screens = [key for key in dict.fromkeys(guest.met) if not key.startswith("farewell.c")]
        assert {"identify.how", "pin.enter", "menu", "transfer.confirm", "wait.transfer", "transfer.done"} <= {*screens}
        for screen in screens:
            at(guest, machine, screen, DEEDS[why])
            await machine.visits(1)
            assert guest.then is None, screen
            assert machine.endings[-1] == why, screen
            forgotten(machine, deep=False)
        visits = [session.visit for session in machine.sessions[1:]]
        expected = visits if why == "door" else []
        assert alarms(machine) == await noted(machine, "door-opened") == expected

    judged(tmp_path, story)


def test_a_transfer_that_runs_when_the_door_opens_is_done_once_and_told_when_she_comes_again(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        at(guest, machine, "wait.transfer", DEEDS["door"])
        await machine.visits(1)
        (key,) = await noted(machine, "intent")
        assert await machine.journal.states(key) == ["intent", "done"]
        assert "transfer.done" not in guest.met, "nothing private is shown beside an open door"
        await machine.settler.settle()
        guest.wishes = ()
        await machine.visits(1)
        assert "untold.done" in guest.met

    judged(tmp_path, story)


def test_her_card_is_given_back_when_the_door_opens(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        guest.prefers = "bank-card"
        at(guest, machine, "transfer.amount", DEEDS["door"])
        await machine.visits(1)
        assert machine.endings == ["door"]
        assert guest.met[-1] == "farewell.card"
        assert await noted(machine, "card-taken")

    judged(tmp_path, story)


def test_an_alarm_that_the_branch_does_not_hear_is_written_down_and_keeps_nobody(tmp_path: Path) -> None:
    class Deaf(Link):
        async def incident(self, incident: m.Incident) -> None:
            raise Unreachable(incident.kind)

    async def story(machine: Machine, guest: Guest) -> None:
        machine.terminal = replace(machine.terminal, bank=Deaf(machine.client))
        at(guest, machine, "menu", DEEDS["door"])
        await machine.visits(1)
        assert machine.endings[-1] == "door"
        assert len(await noted(machine, "door-opened")) == len(await noted(machine, "branch-not-told")) == 1

    judged(tmp_path, story)


@pytest.mark.parametrize("fault", ["unplugged", "broken", "strange"])
def test_a_panel_that_goes_away_or_talks_nonsense_ends_no_visit_and_alarms_nobody(tmp_path: Path, fault: str) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        async def fails() -> None:
            await machine.panel_end.set_fault(fault)
            await asyncio.sleep(10)

        guest.at, guest.then = "transfer.amount", fails
        await machine.visits(1)
        assert machine.endings == ["farewell"]
        assert "transfer.done" in guest.met
        assert not alarms(machine)
        state = machine.terminal.around.state
        assert state.door_open is None
        assert state.power is Power.UNKNOWN

    judged(tmp_path, story)


def test_without_mains_what_she_does_is_done_and_told_and_nothing_new_is_begun(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        guest.wishes = ("transfer", "accounts")
        at(guest, machine, "transfer.amount", ("power", "battery"))
        await machine.visits(1)
        assert "transfer.done" in guest.met
        assert guest.met[guest.met.index("transfer.done") :][-1] == "stopped.power"
        assert "accounts.choose" not in guest.met
        assert machine.endings == ["battery"]

    judged(tmp_path, story)


def test_a_menu_that_stands_when_the_power_fails_goes_by_itself(tmp_path: Path) -> None:
    class Stays(Guest):
        async def _chooses(self, key: str, options: Any) -> str:
            return str(await self._never()) if key == "menu" else await super()._chooses(key, options)

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Stays
        at(guest, machine, "menu", ("power", "battery"))
        await machine.visits(1)
        assert guest.met[-1] == "stopped.power"
        assert machine.endings == ["battery"]
        guest.__class__ = Guest

    judged(tmp_path, story)


def test_power_that_comes_back_in_time_is_as_if_it_had_not_failed(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        at(guest, machine, "transfer.amount", ("power", "battery"), ("power", "mains"))
        await machine.visits(1)
        assert machine.endings == ["farewell"]
        assert "stopped.power" not in guest.met

    judged(tmp_path, story)


def test_what_is_not_known_ends_nothing() -> None:
    assert ends(PanelState()) == ends(PanelState(reachable=False)) == ""
    assert ends(PanelState(door_open=None, staff_key=StaffKey.UNKNOWN, power=Power.UNKNOWN)) == ""


def test_a_panel_that_goes_away_shuts_no_door() -> None:
    around = Around()
    around.heard(PanelState(door_open=True))
    around.heard(PanelState(reachable=False))
    assert around.serviced
    around.heard(PanelState(door_open=False))
    assert not around.serviced


def test_who_listens_hears_what_stands_and_each_change_until_she_stops() -> None:
    around, heard = Around(state=PanelState(handset_lifted=True)), list[PanelState]()
    stop = around.listen(heard.append)
    around.heard(PanelState())
    stop()
    around.heard(PanelState(handset_lifted=True))
    assert heard == [PanelState(handset_lifted=True), PanelState()]
