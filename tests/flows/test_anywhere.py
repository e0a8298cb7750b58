"""Whatever screen she stands before: she may walk away, pull her card, or somebody may lay another card down."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from branch import demo
from flows import screens as s
from flows.ports import Chrome
from flows.session import Level
from tests.flows.guest import Guest, with_guest
from tests.flows.memory import reachable, remembers
from tests.storm.machine import Machine
from tests.storm.test_storm import judge

DEEP = False
"""Walk over the whole memory too."""
Happens = Callable[[Machine, Guest], Awaitable[None]]


async def walks_away(machine: Machine, guest: Guest) -> None:
    guest.gone = True


async def walks_away_with_all(machine: Machine, guest: Guest) -> None:
    guest.gone = True
    guest._take_all()


async def pulls_her_card(machine: Machine, guest: Guest) -> None:
    machine.slot.pull()


async def lays_anothers_card(machine: Machine, guest: Guest) -> None:
    await machine.id_end.act("lay", "smith")


async def is_interrupted(machine: Machine, guest: Guest) -> None:
    machine.sessions[-1].interrupt("staff-key")


async def is_interrupted_a_little_later(machine: Machine, guest: Guest) -> None:
    asyncio.get_running_loop().call_later(0.4, machine.sessions[-1].interrupt, "staff-key")


def forgotten(machine: Machine, *, deep: bool) -> None:
    """Nothing of the last customer is left in the session; with `deep`, nor anywhere in the terminal."""
    session, who = machine.sessions[-1], machine.person.who
    held = (session.customer, session.surname, session.claim, session.id_number, session.card_aid, session.asked_in)
    assert session.level is Level.NOBODY
    assert not any(held), held
    assert not session.tape.entries
    assert not session._watchers
    assert not machine.journal.in_flight
    assert not machine.journal.present
    if deep:
        found = remembers(who, session, machine.terminal)
        assert not found, found


async def whole_visit(machine: Machine, guest: Guest, how: str) -> list[str]:
    """Run one undisturbed visit; the screens that it met, each once."""
    guest.prefers = how
    await machine.visits(1)
    assert machine.endings[-1] == "farewell"
    return list(dict.fromkeys(guest.met))


def everywhere(folder: Path, how: str, happens: Happens, *, expected: set[str]) -> None:
    """Let it happen before each screen of a visit, one visit each; judge every one, and all together."""

    async def story(machine: Machine, guest: Guest) -> None:
        ends: dict[str, str] = {}
        for key in await whole_visit(machine, guest, how):
            guest.at, guest.then = key, lambda: happens(machine, guest)
            await machine.visits(1)
            assert guest.then is None, f"{key} was not met again"
            ends[key] = machine.endings[-1]
            forgotten(machine, deep=DEEP)
            assert machine.slot.card is None or guest.gone, key
        assert set(ends.values()) == expected, ends
        assert {"pin.enter", "wait.transfer", "transfer.confirm", "transfer.done", "wait.printer"} <= set(ends)
        await machine.calm()
        await judge(machine)
        text = str(await machine.journal.records())
        for who in demo.PEOPLE:
            assert who.name not in text
            assert who.id_number not in text
        assert not any(card.pan in text for card in demo.CARDS)

    with_guest(folder, story)


PATHS = [("bank-card", {"farewell"}), ("id-card", set())]
"""How she came; with a bank card the farewell has screens of its own, which change nothing any more."""


@pytest.mark.parametrize(("how", "farewell"), PATHS)
def test_whoever_walks_away_at_any_screen_is_forgotten(tmp_path: Path, how: str, farewell: set[str]) -> None:
    everywhere(tmp_path, how, walks_away, expected={"idle", *farewell})


def test_whoever_walks_away_with_her_card_at_any_screen_is_forgotten(tmp_path: Path) -> None:
    everywhere(tmp_path, "bank-card", walks_away_with_all, expected={"idle", "farewell", "card-pulled"})


def test_a_card_pulled_at_any_screen_ends_the_visit_and_what_was_begun_has_one_ending(tmp_path: Path) -> None:
    everywhere(tmp_path, "bank-card", pulls_her_card, expected={"farewell", "card-pulled"})


def test_anothers_id_card_at_any_screen_ends_the_visit(tmp_path: Path) -> None:
    everywhere(tmp_path, "id-card", lays_anothers_card, expected={"farewell", "second-id-card"})


@pytest.mark.parametrize(("how", "farewell"), PATHS)
@pytest.mark.parametrize("happens", [is_interrupted, is_interrupted_a_little_later])
def test_an_interruption_at_any_screen_ends_the_visit(
    tmp_path: Path, how: str, farewell: set[str], happens: Happens
) -> None:
    everywhere(tmp_path, how, happens, expected={"staff-key", *farewell})


def test_the_walk_over_memory_does_find_what_is_there(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        async def look() -> None:
            found = remembers(guest.who, machine.sessions[-1], machine.terminal)
            assert found, "she stands there, and nothing of her is found"
            assert any(thing is machine.terminal.devices.card_reader for thing, _ in reachable(machine.terminal))

        guest.prefers, guest.at, guest.then = "bank-card", "pin.enter", look
        await machine.visits(1)
        assert guest.then is None
        guest.prefers, guest.at, guest.then = "id-card", "menu", look
        await machine.visits(1)
        assert guest.then is None

    with_guest(tmp_path, story)


@pytest.mark.parametrize(("seconds", "told"), [(4.8, False), (5.2, True), (0.0, True)])
def test_an_ending_is_told_when_it_was_touched_or_stood_five_seconds(
    tmp_path: Path, seconds: float, *, told: bool
) -> None:
    """Interrupted after so many seconds (0 for never: she reads it and goes on); what was not told is handed over."""

    class Reads(Guest):
        async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
            if screen.key == "transfer.done" and seconds:
                await asyncio.sleep(seconds)
                held[0].sessions[-1].interrupt("staff-key")
                return await self._never()
            return await super().show(screen, chrome)

    held: list[Machine] = []

    async def story(machine: Machine, guest: Guest) -> None:
        held.append(machine)
        guest.__class__, guest.prefers = Reads, "bank-card"
        await machine.visits(1)
        key = f"{machine.sessions[-1].visit}/001-transfer"
        await machine.settler.settle()
        assert await machine.journal.states(key) == ["intent", "done", "told" if told else "handed"]

    with_guest(tmp_path, story)
