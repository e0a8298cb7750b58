"""The day's limit: down after a step-up, never up, and an answer that was lost is asked for."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from branch import demo
from flows.ports import Unreachable
from kiosk.link import Link
from protocol import care, messages as m
from protocol.money import Money
from tests.flows.guest import Guest, with_guest
from tests.flows.test_anywhere import forgotten
from tests.storm.machine import Machine
from tests.storm.test_storm import judge

Story = Callable[[Machine, Guest], Awaitable[None]]


def lowers(folder: Path, amount: int, judged: Story, bank: type[Link] | None = None) -> None:
    """One visit in which she asks for a limit of so many fen."""

    async def story(machine: Machine, guest: Guest) -> None:
        guest.prefers, guest.wishes, guest.amount = "id-card", ("limit",), Money(amount)
        if bank is not None:
            link = bank(machine.client)
            machine.terminal = replace(machine.terminal, bank=link)
            machine.settler.bank = link
        await machine.visits(1)
        await judged(machine, guest)
        forgotten(machine, deep=False)
        guest.wishes = ()
        await machine.calm()
        await judge(machine)

    with_guest(folder, story)


def limit_of(machine: Machine) -> int:
    account = machine.world.branch.core.account(demo.LI_NA.accounts[0][0])
    assert account is not None
    return account.limit_day


def test_it_goes_down_after_a_code_and_she_hears_the_new_limit(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        (told,) = guest.told
        assert told.key == "limit.done"
        facts = {fact.label: fact.value for fact in told.facts}
        assert (facts["fact.limit-before"], facts["fact.limit-after"]) == (Money(5_000_000), Money(10_000))
        assert guest.met.index("step-up.code") < guest.met.index("limit.confirm")
        assert limit_of(machine) == 10_000

    lowers(tmp_path, 10_000, judged)


@pytest.mark.parametrize("amount", [5_000_000, 5_000_001])
def test_it_never_goes_up_here_and_the_words_say_where(tmp_path: Path, amount: int) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        assert [one.key for one in guest.told] == ["limit.up"]
        assert "step-up.how" not in guest.met
        assert limit_of(machine) == demo.DAY_LIMIT

    lowers(tmp_path, amount, judged)


@pytest.mark.parametrize(("heard", "ending", "limit"), [(True, "done", 10_000), (False, "reversed", 5_000_000)])
def test_an_answer_that_was_lost_is_asked_for_and_told_at_the_next_visit(
    tmp_path: Path, ending: str, limit: int, *, heard: bool
) -> None:
    class Loses(Link):
        async def lower_limit(self, change: care.LimitChange) -> m.Outcome:
            if heard:
                await super().lower_limit(change)
            raise Unreachable("lost")

    async def judged(machine: Machine, guest: Guest) -> None:
        assert [one.key for one in guest.told] == ["limit.unsure"]
        await machine.settler.settle()
        assert limit_of(machine) == limit
        guest.wishes = ()
        await machine.visits(1)
        assert [one.key for one in guest.told] == [f"untold.care.{ending}"]
        assert {fact.label for fact in guest.told[0].facts} == {"fact.account", "fact.limit-after"}

    lowers(tmp_path, 10_000, judged, Loses)


def test_at_whatever_screen_she_is_interrupted_it_has_one_ending_and_she_is_forgotten(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        async def happens() -> None:
            machine.sessions[-1].interrupt("staff-key")

        fen = 9_000
        for key in list(dict.fromkeys(guest.met)):
            fen -= 1
            guest.amount = Money(fen)
            guest.at, guest.then = key, happens
            await machine.visits(1)
            assert guest.then is None, key
            assert machine.endings[-1] == "staff-key", key
            forgotten(machine, deep=False)

    lowers(tmp_path, 10_000, judged)
