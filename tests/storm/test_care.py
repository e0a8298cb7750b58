"""What moves no money, in bad weather: done once, told truly, and ended as it declared."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from flows import screens as s
from flows.ports import Leave
from tests.storm.loop import StormLoop
from tests.storm.machine import Machine
from tests.storm.person import Person
from tests.storm.verdict import coverage, judge

STEPS = ("loss-report", "limit", "standing-new")
OFTEN = {"transfer", "limit", "loss", "standing"}
"""What she mostly comes for."""


class Careful(Person):
    """She comes in any way that there is, for whatever is open to her."""

    async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
        free = [one.id for one in options if not one.disabled]
        if key == "identify.how":
            return self.chance.choice([one for one in free if one != "information"])
        if key.startswith("menu"):
            if not self.transfers or not free:
                raise Leave
            if key == "menu" and self.chance.random() < 0.7:
                return self.chance.choice(("menu.group.cards", "menu.group.more"))
            chosen = self.chance.choice([one for one in free if one in OFTEN or not OFTEN & set(free)])
            self.transfers -= not chosen.startswith("menu.")
            return chosen
        return await super()._chooses(key, options)


def storm(folder: Path, seed: int, *, faults: float, cuts: float, visits: int) -> Machine:
    """Run visits of careful people; now and then a person at the bank takes every report back."""
    machine = Machine(folder, seed, faults, cuts)

    async def story() -> Machine:
        await machine.power_up()
        machine.person.__class__ = Careful
        for _ in range(visits):
            await machine.visits(1)
            if machine.chance.random() < 0.5:
                machine.met["freed"] += machine.free_cards()
                machine.raise_limits()
        freed = machine.met["freed"]
        await machine.calm()
        await judge(machine)
        machine.met = await coverage(machine)
        machine.met["freed"] = freed
        for record, _ in await machine.journal.records():
            step = record["key"].rpartition("/")[2].partition("-")[2]
            machine.met[f"{record['state']} {step}{' by settle' if record['body'].get('by') else ''}"] += 1
        return machine

    print(f"storm seed {seed}")  # noqa: T201  a failing storm says how to repeat it
    with asyncio.Runner(loop_factory=StormLoop) as runner:
        return runner.run(story())


@pytest.mark.timeout(400)
def test_in_a_storm_each_report_stops_its_card_once_and_every_intent_ends_once(tmp_path: Path) -> None:
    met: Counter[str] = Counter()
    for seed in (31, 32, 33, 34, 35, 36):
        folder = tmp_path / str(seed)
        folder.mkdir()
        machine = storm(folder, seed, faults=0.12, cuts=0.001, visits=110)
        met.update(machine.met)
    for step in STEPS:
        assert met[f"done {step}"] >= 4, met
    assert met["done loss-report by settle"] >= 1, met
    assert met["undo finish"] >= 4, met
    assert met["reversed limit by settle"] + met["done limit by settle"] >= 1, met
    assert met["refused loss-report"] + met["Tell loss.already"] > 0, met
    assert met["Tell untold.care.done"] > 0, met
    assert met["freed"] > 0, met
    assert met["ended done"] + met["settled reversed"] > 0, met
