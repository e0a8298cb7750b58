"""Standing orders at the glass: begun, looked at, ended; lost answers are asked for; a payday that failed is told."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from branch import demo, standing as runner
from flows import screens as s
from flows.ports import Unreachable
from kiosk.link import Link
from protocol import messages as m, standing as p
from protocol.money import Money
from tests.flows.guest import Guest, with_guest
from tests.flows.test_anywhere import forgotten
from tests.storm.machine import Machine
from tests.storm.test_storm import judge

Story = Callable[[Machine, Guest], Awaitable[None]]
HERS = demo.LI_NA.accounts[0][0]


class Planner(Guest):
    """She begins one of ¥300.00 a month to her savings, twice, from 1 April 2031 on; or ends the first that runs."""

    ends = False
    dates = ("20310401",)

    async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
        if key == "standing.which":
            return options[-1 if self.ends else 0].id
        if key == "transfer.to":
            return options[0].id
        ways = {"standing.every": "month", "standing.ends": "times", "standing.one": "end"}
        return ways.get(key) or await super()._chooses(key, options)

    def _types_number(self, key: str, biller: str) -> str:
        if key == "standing.first":
            return self.dates[min(self.met.count(key), len(self.dates)) - 1]
        return "2" if key == "standing.times" else super()._types_number(key, biller)


def plans(folder: Path, judged: Story, bank: type[Link] | None = None) -> None:
    """One visit in which she begins a standing order, and what must hold after it."""

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Planner
        guest.prefers, guest.wishes, guest.amount = "id-card", ("standing",), Money(30_000)
        if bank is not None:
            link = bank(machine.client)
            machine.terminal = replace(machine.terminal, bank=link)
            machine.settler.bank = link
        await machine.visits(1)
        await judged(machine, guest)
        forgotten(machine, deep=False)
        guest.wishes = ()
        await machine.calm()

    with_guest(folder, story)


def pass_days(machine: Machine, until: date) -> None:
    """The bank's days go by, and the branch pays what is due."""
    while machine.world.ledger.advance_accounting_date() < until:
        machine.world.clock.minutes(24 * 60)
        runner.pay_due(machine.world.branch)
    machine.world.clock.minutes(24 * 60)
    runner.pay_due(machine.world.branch)


def test_it_is_begun_without_moving_money_and_pays_on_its_days(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        (told,) = guest.told
        facts = {fact.label: fact.value for fact in told.facts}
        assert (told.key, facts["fact.first"], facts["fact.times"]) == ("standing.done", date(2031, 4, 1), "2")
        assert machine.world.balances() == machine.before
        await judge(machine)
        pass_days(machine, date(2031, 7, 1))
        assert machine.world.balances()[HERS] == machine.before[HERS] - 60_000

    plans(tmp_path, judged)


def test_one_that_runs_is_shown_and_ended_by_her_own_yes(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        assert isinstance(guest, Planner)
        guest.ends = True
        await machine.visits(1)
        assert [one.key for one in guest.told] == ["standing.ended"]
        assert guest.met.index("standing.one") < guest.met.index("standing.end-it")
        pass_days(machine, date(2031, 5, 1))
        assert machine.world.balances() == machine.before
        await judge(machine)

    plans(tmp_path, judged)


def test_a_day_that_cannot_be_is_asked_for_again(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        assert isinstance(guest, Planner)
        guest.dates = ("20310230", "20310314", "20330101", "20310315")
        await machine.visits(1)
        assert guest.met.count("standing.first") == 4
        assert [one.key for one in guest.told] == ["standing.done"]

    plans(tmp_path, judged)


def test_somebody_new_needs_a_code_before_she_confirms(tmp_path: Path) -> None:
    class Elsewhere(Planner):
        payee = demo.PEOPLE[3].accounts[0][0]

        async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
            return "someone" if key == "transfer.to" else await super()._chooses(key, options)

    async def judged(machine: Machine, guest: Guest) -> None:
        guest.__class__, guest.payee = Elsewhere, demo.PEOPLE[3].accounts[0][0]
        await machine.visits(1)
        assert guest.met.index("step-up.code") < guest.met.index("standing.confirm")
        assert [one.key for one in guest.told] == ["standing.done"]

    plans(tmp_path, judged)


@pytest.mark.parametrize(("heard", "ending", "running"), [(True, "done", 1), (False, "reversed", 0)])
def test_an_answer_that_was_lost_is_asked_for_and_told_at_the_next_visit(
    tmp_path: Path, ending: str, running: int, *, heard: bool
) -> None:
    class Loses(Link):
        async def new_standing(self, new: p.NewStanding) -> m.Outcome:
            if heard:
                await super().new_standing(new)
            raise Unreachable("lost")

    async def judged(machine: Machine, guest: Guest) -> None:
        assert [one.key for one in guest.told] == ["standing.unsure"]
        await machine.settler.settle()
        guest.wishes = ()
        await machine.visits(1)
        assert [one.key for one in guest.told] == [f"untold.care.{ending}"]
        pass_days(machine, date(2031, 4, 2))
        assert machine.before[HERS] - machine.world.balances()[HERS] == 30_000 * running

    plans(tmp_path, judged, Loses)


def test_a_payday_for_which_money_was_missing_is_told_when_she_comes(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        guest.wishes, guest.amount = ("standing",), Money(99_999_900)
        await machine.visits(1)
        pass_days(machine, date(2031, 4, 2))
        guest.wishes = ()
        await machine.visits(1)
        (told,) = guest.told
        assert told.key == "untold.standing"
        assert {fact.label: fact.value for fact in told.facts}["fact.amount"] == Money(99_999_900)

    plans(tmp_path, judged)


def test_at_whatever_screen_she_is_interrupted_it_has_one_ending_and_she_is_forgotten(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        async def happens() -> None:
            machine.sessions[-1].interrupt("staff-key")

        for key in list(dict.fromkeys(guest.met)):
            guest.at, guest.then = key, happens
            await machine.visits(1)
            assert guest.then is None, key
            assert machine.endings[-1] == "staff-key", key
            forgotten(machine, deep=False)
        await machine.settler.settle()

    plans(tmp_path, judged)
