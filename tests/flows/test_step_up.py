"""A one-time code: what needs it does not go on without it, and what goes wrong leads to a person."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from branch import demo
from flows import screens as s
from flows.ports import Back, Chrome, Unreachable
from flows.session import Level, Session
from flows.step_up import step_up
from kiosk.link import Link
from protocol import care, messages as m
from tests.flows.guest import Guest, with_guest
from tests.flows.test_anywhere import forgotten
from tests.storm.machine import Machine
from tests.storm.test_storm import judge

NEW = demo.PEOPLE[3].accounts[0][0]
Script = dict[str, list[Any]]


class Scripted(Guest):
    """She answers some screens as written, one answer each time, and all others as she would."""

    script: Script
    levels: list[tuple[str, Level]]
    level: Callable[[], Level]

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        self.levels.append((screen.key, self.level()))
        waiting = self.script.get(screen.key)
        if not waiting:
            return await super().show(screen, chrome)
        self.met.append(screen.key)
        if isinstance(screen, s.Tell):
            self.told.append(screen)
        answer = waiting.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer


def sends_to_somebody_new(
    folder: Path, script: Script, judged: Callable[[Machine, Scripted], Awaitable[None]], bank: type[Link] | None = None
) -> None:
    """One visit with a first transfer, and what must hold after it."""

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Scripted
        assert isinstance(guest, Scripted)
        guest.script, guest.levels, guest.level = script, [], lambda: machine.sessions[-1].level
        guest.prefers, guest.payee, guest.wishes = "id-card", NEW, ("transfer",)
        if bank is not None:
            machine.terminal = replace(machine.terminal, bank=bank(machine.client))
        await machine.visits(1)
        await judged(machine, guest)
        forgotten(machine, deep=False)
        guest.wishes = ()
        await machine.calm()
        await judge(machine)

    with_guest(folder, story)


def test_a_first_transfer_goes_on_after_a_code_and_says_to_which_phone_it_went(tmp_path: Path) -> None:
    asked: list[s.EnterNumber] = []

    class Sees(Scripted):
        async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
            if isinstance(screen, s.EnterNumber) and screen.key == "step-up.code":
                asked.append(screen)
            return await super().show(screen, chrome)

    async def judged(machine: Machine, guest: Scripted) -> None:
        keys = [one.key for one in guest.told]
        assert keys == ["transfer.done"]
        assert [key for key in guest.met if key.startswith("step-up")] == ["step-up.how", "step-up.code"]
        assert {level for key, level in guest.levels if key == "transfer.confirm"} == {Level.STEPPED_UP}

    async def sees(machine: Machine, guest: Scripted) -> None:
        await judged(machine, guest)
        guest.__class__ = Sees
        guest.payee = demo.PEOPLE[4].accounts[0][0]
        guest.wishes = ("transfer", "transfer")
        await machine.visits(1)
        assert [one.key for one in guest.told] == ["transfer.done"] * 2
        assert guest.met.count("step-up.code") == 1, "once a visit is enough"
        (screen,) = asked
        assert (screen.params, screen.shortest, screen.longest, screen.group) == ((("phone", "138****5678"),), 6, 6, 3)

    sends_to_somebody_new(tmp_path, {}, sees)


def test_a_wrong_code_is_asked_again_and_three_lead_to_a_person_and_no_transfer(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Scripted) -> None:
        assert guest.met.count("step-up.code") == 3
        assert [(one.key, one.why) for one in guest.told] == [
            ("help.called", ""),
            ("stopped.refused", f"refused.{m.Reason.CODE_OVER}"),
        ]
        assert not await machine.journal.open_intents()
        assert "transfer.confirm" not in guest.met
        assert max(level for _, level in guest.levels) is Level.CUSTOMER

    sends_to_somebody_new(tmp_path, {"step-up.code": ["000000", "000000", "000000"]}, judged)


def test_a_phone_that_is_not_hers_leads_to_a_person_and_no_code_is_sent(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Scripted) -> None:
        assert [(one.key, one.why) for one in guest.told] == [
            ("help.called", ""),
            ("stopped.refused", f"refused.{m.Reason.NO_PHONE}"),
        ]
        assert not (machine.folder / "codes.jsonl").exists()
        assert "transfer.confirm" not in guest.met

    sends_to_somebody_new(tmp_path, {"step-up.how": ["not-mine"]}, judged)


def test_another_code_is_sent_on_request_but_not_at_once(tmp_path: Path) -> None:
    """She goes back from the code, asks for another too soon, and then types the one that came."""

    async def judged(machine: Machine, guest: Scripted) -> None:
        assert [one.key for one in guest.told] == ["step-up.too-soon", "transfer.done"]
        assert len((machine.folder / "codes.jsonl").read_text().splitlines()) == 1

    sends_to_somebody_new(tmp_path, {"step-up.how": ["send", "send"], "step-up.code": [Back()]}, judged)


def test_back_after_a_code_leads_to_the_question_before_it_and_asks_for_no_second_code(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Scripted) -> None:
        assert [key for key in guest.met if key in {"transfer.amount", "step-up.code", "transfer.confirm"}] == [
            "transfer.amount",
            "step-up.code",
            "transfer.confirm",
            "transfer.amount",
            "transfer.confirm",
        ]
        assert [one.key for one in guest.told] == ["transfer.done"]

    sends_to_somebody_new(tmp_path, {"transfer.confirm": [Back()]}, judged)


def test_back_before_a_code_is_sent_leads_to_the_amount(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Scripted) -> None:
        assert guest.met.count("transfer.amount") == 2
        assert [one.key for one in guest.told] == ["transfer.done"]

    sends_to_somebody_new(tmp_path, {"step-up.how": [Back()]}, judged)


def test_a_right_code_whose_answer_was_lost_does_not_count_until_the_branch_says_so(tmp_path: Path) -> None:
    class Loses(Link):
        async def check_code(self, typed: care.CodeTyped) -> None:
            await super().check_code(typed)
            raise Unreachable("lost")

    async def judged(machine: Machine, guest: Scripted) -> None:
        assert [one.key for one in guest.told] == ["stopped.unreachable"]
        assert max(level for _, level in guest.levels) is Level.CUSTOMER

    sends_to_somebody_new(tmp_path, {}, judged, Loses)


def test_nobody_who_is_not_a_customer_steps_up(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        for level in (Level.NOBODY, Level.CLAIMED):
            session = Session(machine.terminal, "VTM001-" + "0" * 32, level=level)
            with pytest.raises(AssertionError, match="not a customer"):
                await step_up(session, "new-payee")
            assert session.level is level
        assert not guest.met

    with_guest(tmp_path, story)


@pytest.mark.parametrize("at", ["step-up.how", "wait.code", "step-up.code", "wait.bank"])
def test_whoever_walks_away_in_a_step_up_is_forgotten(tmp_path: Path, at: str) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        async def leaves() -> None:
            guest.gone = True

        guest.prefers, guest.payee, guest.wishes = "id-card", NEW, ("transfer",)
        guest.at, guest.then = at, leaves
        await machine.visits(1)
        forgotten(machine, deep=True)
        assert machine.endings[-1] == "idle"
        assert not [one for one in guest.told if one.key.startswith("transfer")]

    with_guest(tmp_path, story)
