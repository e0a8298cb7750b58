"""Whole visits in bad weather, judged from outside: by the books, the journal, and what the customer was told."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flows.journal import ENDINGS
from flows.session import Level
from tests.storm.loop import StormLoop
from tests.storm.machine import Machine
from tests.storm.weather import Weather

VISITS = 50


def storm(folder: Path, seed: int, *, faults: float, cuts: float, visits: int = VISITS, **how: bool) -> Machine:
    """Run a storm to its calm end and judge it."""
    machine = Machine(folder, seed, faults, cuts, **how)

    async def story() -> Machine:
        await machine.power_up()
        await machine.visits(visits)
        await machine.calm()
        await judge(machine)
        return machine

    print(f"storm seed {seed}")  # noqa: T201  a failing storm says how to repeat it
    with asyncio.Runner(loop_factory=StormLoop) as runner:
        return runner.run(story())


async def judge(machine: Machine) -> None:
    """Everything that must hold, whatever the weather was."""
    records = [record for record, _ in await machine.journal.records()]
    assert await machine.journal.verify() is None, "the chain is broken"
    states: dict[str, list[str]] = {}
    orders: dict[str, Any] = {}
    for record in records:
        if "/" in record["key"]:
            states.setdefault(record["key"], []).append(record["state"])
            if record["state"] == "intent":
                orders[record["key"]] = record["body"]
    for key, found in states.items():
        assert sum(state in ENDINGS for state in found) == 1, (key, found)
        assert "told" in found or "handed" in found, (key, found)
    traces = [orders[key]["trace"] for key in orders]
    assert traces == list(range(1, len(traces) + 1)), "the trace numbers have a gap"
    _judge_money(machine, states, orders)
    _judge_words(machine, states)
    for session, ending in zip(machine.sessions, machine.endings, strict=True):
        if ending != "power-cut":  # then the memory is gone with the machine
            kept = (session.customer, session.surname, session.claim, session.id_number, session.card_aid)
            assert session.level is Level.NOBODY, ending
            assert not any(kept), ending
            assert not session.tape.entries


def _judge_money(machine: Machine, states: dict[str, list[str]], orders: dict[str, Any]) -> None:
    """Moved once if the journal says done, else not at all; every account holds exactly what follows from that."""
    core, expected = machine.world.branch.core, dict(machine.before)
    for key, found in states.items():
        state = core.state(key).status
        if "done" in found:
            assert state == "done", (key, found, state)
        elif "manual" not in found:
            assert state in {"refused", "reversed", "barred", "unknown"}, (key, found, state)
        if state == "done":
            order = orders[key]["order"]
            expected[_number(expected, order["source_masked"])] -= order["amount"] + order["fee"]
            expected[_number(expected, order["target_masked"])] += order["amount"]
    assert machine.world.balances() == expected
    assert machine.world.ledger.balance_check() == []


def _number(accounts: Iterable[str], masked: str) -> str:
    """The one demo account that ends like this."""
    (number,) = (number for number in accounts if number.endswith(masked[-4:]))
    return number


def _judge_words(machine: Machine, states: dict[str, list[str]]) -> None:
    """What she was told is what happened."""
    for visit, told in machine.told:
        keys = [key for key in states if key.startswith(visit)]
        done = sum("done" in states[key] for key in keys)
        said = Counter(screen.key for screen in set(told))  # a call for help shows the same screen again
        assert said["transfer.done"] <= done, (visit, said)
        unsure = said["transfer.unsure"] + (visit in _cut_short(machine))
        assert done <= said["transfer.done"] + unsure, (visit, said, [states[key] for key in keys])


def _cut_short(machine: Machine) -> set[str]:
    return {told[0] for told, ending in zip(machine.told, machine.endings, strict=True) if ending == "power-cut"}


def test_on_a_calm_day_every_visit_ends_in_farewell_and_every_transfer_is_done(tmp_path: Path) -> None:
    machine = storm(tmp_path, 1, faults=0.0, cuts=0.0, visits=10, moods=False)
    assert machine.endings == ["farewell"] * 10
    assert machine.person.seen["Tell transfer.done"] == 10


def test_in_a_storm_money_moves_once_iff_told_so_and_every_intent_ends_once(tmp_path: Path) -> None:
    """300 visits; each storm is judged by itself, and together they must have been storms."""
    weather: Counter[str] = Counter()
    for seed in range(2, 8):
        folder = tmp_path / str(seed)
        folder.mkdir()
        machine = storm(folder, seed, faults=0.10, cuts=0.0004)
        weather.update(fate for fate, _ in machine.weather.met.elements())
        weather.update({f"cut-{when}": count for when, count in machine.power.cuts.items()})
        weather.update(machine.endings)
        weather.update({key: count for key, count in machine.person.seen.items() if key.startswith("Tell ")})
    for needed in (*Weather.FATES, "outage", "cut-before", "cut-after", "idle", "card-pulled", "Tell transfer.unsure"):
        assert weather[needed], f"the storms never had: {needed}"
    assert weather["Tell transfer.done"] > 30


def test_with_a_core_that_cannot_reverse_what_stands_is_told_as_done(tmp_path: Path) -> None:
    machine = storm(tmp_path, 11, faults=0.10, cuts=0.0004, visits=150, can_reverse=False)
    assert machine.stood > 0, "nothing ever stood: the storm proved nothing"
