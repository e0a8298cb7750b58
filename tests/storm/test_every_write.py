"""A power cut before and after each row of a visit, and a disk that is full from each row on."""

import asyncio
import secrets
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from branch import demo
from flows.journal import ENDINGS, JournalFailed
from flows.session import Level, Session
from flows.visit import visit
from protocol import messages as m
from protocol.money import Money
from tests.flows.guest import PLAN, Guest, with_guest
from tests.storm.disk import Disk
from tests.storm.machine import Machine
from tests.storm.test_storm import judge


def rows_needed(ending: str) -> set[str]:
    """Rows that every visit with a transfer must write."""
    return {"visit-begins", "card-in", "intent", ending, "told", "card-taken", "visit-ends"}


EFFECTS = ("transfer", "limit", "loss")
"""One that is taken back when its ending is missing, one that is asked for, one that is repeated until it is done."""


def wishes_for(machine: Machine, guest: Guest, effect: str, ending: str = "done") -> None:
    """Set what the next visit is for, so that it can be done once more."""
    guest.wishes = PLAN if effect == "transfer" else (effect,)
    guest.amount = Money(100) if ending == "done" else Money(6_000_000)
    if effect == "limit":
        accounts = machine.world.branch.core.accounts(demo.LI_NA.id)
        guest.amount = Money(accounts[0].limit_day - 100 if ending == "done" else 100)
    if effect == "loss":
        machine.free_cards()


async def rows_of_a_visit(machine: Machine, guest: Guest, ending: str = "done") -> list[str]:
    """What the journal writes in one undisturbed visit."""
    guest.prefers = "bank-card"
    machine.power.written.clear()
    await machine.visits(1)
    assert machine.endings[-1] == "farewell"
    rows = list(machine.power.written)
    assert set(rows) >= rows_needed(ending)
    return rows


async def endings_of(machine: Machine, visit_id: str) -> dict[str, list[str]]:
    records = [record for record, _ in await machine.journal.records()]
    keys = {one["key"] for one in records if one["key"].startswith(f"{visit_id}/")}
    return {key: await machine.journal.states(key) for key in keys}


@pytest.mark.parametrize("when", ["before", "after", "torn"])
@pytest.mark.parametrize(("effect", "ending"), [*((effect, "done") for effect in EFFECTS), ("transfer", "refused")])
def test_power_cut_around_and_within_each_row_gives_each_intent_one_ending_which_is_told_next_time(
    tmp_path: Path, when: str, effect: str, ending: str
) -> None:
    cuts: list[str] = []
    name = "untold." if effect == "transfer" else "untold.care."

    async def story(machine: Machine, guest: Guest) -> None:
        if when == "torn":
            machine.power.disk = Disk(tmp_path / "journal.db", machine.chance)
        wishes_for(machine, guest, effect, ending)
        rows = await rows_of_a_visit(machine, guest, ending)
        for number in range(1, 2 * len(rows)):
            machine.power.written.clear()
            machine.power.cut_at, machine.power.cut_when = number, when
            wishes_for(machine, guest, effect, ending)
            await machine.visits(1)
            machine.power.cut_at, machine.power.cut_when = 0, ""
            if len(machine.power.written) < number:  # that visit has no such row: all have been cut
                break
            assert machine.endings[-1] == "power-cut", number
            cuts.append(state := machine.power.written[number - 1])
            await _settled_and_told(machine, guest, state)
        guest.wishes = ()
        await machine.calm()
        await judge(machine)

    async def _settled_and_told(machine: Machine, guest: Guest, state: str) -> None:
        visit_id = machine.sessions[-1].visit
        found = await endings_of(machine, visit_id)
        if "intent" not in cuts[:-1] and when != "torn":
            assert bool(found) == (state == "intent" and when == "after"), "there from the commit on, and not before"
        await machine.settler.settle()
        ended = await endings_of(machine, visit_id)
        assert set(ended) == set(found)
        untold = []
        for key, states in ended.items():
            assert sum(one in ENDINGS for one in states) == 1, (state, key, states)
            if "told" not in states:
                assert "handed" in states
                untold += [one for one in states if one in ENDINGS]
        wishes_for(machine, guest, effect, ending)
        await machine.visits(1)
        assert [one.key for one in guest.told if one.key.startswith("untold.")] == [f"{name}{one}" for one in untold]
        guest.wishes = ()
        await machine.visits(1)
        assert not [one.key for one in guest.told if one.key.startswith("untold.")], "told once"

    machine = with_guest(tmp_path, story)
    assert set(cuts) >= rows_needed(ending)
    assert machine.power.cuts[when] == len(cuts)


async def full_from(machine: Machine, guest: Guest, number: int) -> str:
    """A visit on a disk that takes no row from the n-th on; answers which row that was."""
    append, rows = machine.journal._append, list[str]()

    def full(key: str, what: str, body: Any) -> None:
        rows.append(what)
        if len(rows) >= number:
            raise sqlite3.OperationalError("database or disk is full")
        append(key, what, body)

    machine.journal._append = full  # type: ignore[method-assign]
    session = Session(machine.terminal, f"VTM001-{secrets.token_hex(16)}")
    machine.sessions.append(session)
    guest.arrives()
    before, broken = machine.world.balances(), ""
    try:
        async with asyncio.timeout(4000):
            broken = await visit(session) and session.broken
    except JournalFailed as why:
        broken = str(why)
    finally:
        machine.journal._append = append  # type: ignore[method-assign]
    machine.endings.append("journal")
    machine.told.append((session.visit, guest.told))
    machine.yeses[session.visit] = guest.yeses
    state = rows[number - 1]
    assert "full" in broken, (state, "the terminal goes out of service")
    assert session.level is Level.NOBODY
    assert not any((session.customer, session.surname, session.claim, session.card_aid, session.tape.entries))
    assert machine.slot.card is None, state
    told_the_truth(machine, guest, state, moved=machine.world.balances() != before)
    assert await machine.journal.verify() is None
    return state


def told_the_truth(machine: Machine, guest: Guest, state: str, *, moved: bool) -> None:
    """About money: moved, not moved, or not known."""
    said = {one.key for one in guest.told}
    if state == "intent":
        assert not moved, "no intent on the disk, nothing done"
        assert [one.why for one in guest.told] == [f"refused.{m.Reason.CLOSED}"]
    if moved:
        assert said & {"transfer.done", "transfer.unsure"}, (state, said)
    if "transfer.done" in said:
        assert moved
    if state == "done":
        assert said == {"transfer.unsure"}, state


def test_a_disk_that_is_full_from_any_row_on_moves_no_money_unseen_and_ends_the_service(tmp_path: Path) -> None:
    failed: list[str] = []

    async def story(machine: Machine, guest: Guest) -> None:
        rows = len(await rows_of_a_visit(machine, guest))
        failed.extend([await full_from(machine, guest, number) for number in range(1, rows + 1)])
        await machine.calm()
        await judge(machine)

    with_guest(tmp_path, story)
    assert set(failed) >= rows_needed("done")
