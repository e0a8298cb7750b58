"""To another bank, from the glass: to whom, when, what she is told, and what is never said before it is so."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from branch import demo, remittance
from branch.bank.clearinghouse import ACCOUNTS
from branch.bank.core import CoreOrder
from branch.store import payees
from drivers.api import Printed, Slip
from flows import screens as s
from flows.ports import Chrome, Unreachable
from kiosk.link import Link
from protocol import messages as m, remit as r
from protocol.money import Money
from tests.flows.guest import Guest, Paper, with_guest
from tests.flows.test_anywhere import forgotten
from tests.storm.machine import Machine
from tests.storm.test_storm import judge

Story = Callable[[Machine, "Sender"], Awaitable[None]]
ZHAO, SUN, CLOSED, MUTE = ACCOUNTS
HERS = [number for number, _, _ in demo.LI_NA.accounts]
DRAIN = CoreOrder(HERS[0], HERS[1], 4_000_000, 0, "X", "0001", "X", "X", 1)


class Sender(Guest):
    """She has a payee, a wish when it is sent, and answers for what she meets."""

    names: list[str]
    when = "now"
    answers: dict[str, str]
    screens: list[s.Screen[Any]]
    times: dict[str, float]

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        self.screens.append(screen)
        self.times[screen.key] = asyncio.get_running_loop().time()
        return await super().show(screen, chrome)

    async def _answer(self, screen: s.Screen[Any]) -> Any:
        if isinstance(screen, s.EnterText):
            return self.names.pop(0) if self.names else self.outside[3]
        return await super()._answer(screen)

    async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
        if key == "interbank.when":
            return self.when
        if key == "risk.not-yet":
            self.speaks()
            return "spoken"
        if key in self.answers:
            return self.answers[key]
        return await super()._chooses(key, options)

    def shown(self, key: str) -> s.Screen[Any]:
        return next(one for one in reversed(self.screens) if one.key == key)


def sends(
    folder: Path, judged: Story, *, known: bool = True, amount: int = 1_000, bank: type[Link] | None = None
) -> None:
    """A story with a terminal and her; afterwards everything must hold."""

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Sender
        assert isinstance(guest, Sender)
        guest.names, guest.answers, guest.screens, guest.times = [], {}, [], {}
        guest.prefers, guest.wishes, guest.amount, guest.outside = "id-card", ("interbank",), Money(amount), ZHAO
        if not known:
            with machine.world.db.write() as tx:
                tx.execute(payees.known_payees.delete())
        if bank is not None:
            machine.terminal = replace(machine.terminal, bank=bank(machine.client))
        await judged(machine, guest)
        forgotten(machine, deep=False)
        guest.wishes = ()
        if bank is not None:
            link = Link(machine.client)
            machine.terminal = replace(machine.terminal, bank=link)
        await machine.calm()
        await judge(machine)

    with_guest(folder, story)


def facts_of(screen: s.Screen[Any]) -> dict[str, Any]:
    assert isinstance(screen, s.Tell | s.Confirm | s.Review)
    return {fact.label: fact.value for fact in screen.facts}


def test_she_confirms_bank_payee_and_time_in_chinese_too_and_hears_that_it_was_accepted(tmp_path: Path) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        await machine.visits(1)
        confirm = sender.shown("interbank.confirm")
        assert isinstance(confirm, s.Confirm)
        assert (confirm.chinese, confirm.capitals) == (confirm.facts, "壹拾元整")
        facts = facts_of(confirm)
        assert (facts["fact.bank"], facts["fact.payee"]) == ("江海银行 Jianghai Bank", "*敏")
        assert (facts["fact.fee"], facts["fact.arrival"]) == (Money(0), "arrival.now")
        (told,) = sender.told
        assert (told.key, told.tone) == ("interbank.done", s.Tone.CALM)
        assert told.reference

    sends(tmp_path, judged)


def test_no_screen_says_that_it_has_arrived_before_the_other_bank_has_credited_it(tmp_path: Path) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        def state() -> object:
            return facts_of(sender.shown("pending.one"))["fact.state"]

        sender.wishes = ("interbank", "pending")
        sender.answers = {"pending.one": "done"}
        sender.when = "hours-2"
        await machine.visits(1)
        assert state() == "pending.state.accepted"
        sender.wishes = ("pending",)
        machine.world.clock.minutes(120)
        remittance.advance(machine.world.branch)
        await machine.visits(1)
        assert state() == "pending.state.sent"
        machine.time_passes(1)
        await machine.visits(1)
        assert state() == "pending.state.credited"

    sends(tmp_path, judged)


def test_a_wrong_name_is_asked_again_and_a_close_one_is_shown_masked(tmp_path: Path) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        sender.names, sender.answers = ["LI LEI", "ZHAO MINN", "ZHAO MIN"], {"interbank.close": "no"}
        await machine.visits(1)
        asked = [one.problem for one in sender.screens if isinstance(one, s.EnterText)]
        assert asked == ["", "interbank.payee.wrong", "interbank.payee.again"]
        assert facts_of(sender.shown("interbank.close"))["fact.payee"] == "*敏"
        assert sender.told[-1].key == "interbank.done"

    sends(tmp_path, judged)


def test_five_wrong_names_end_it_and_nothing_moves(tmp_path: Path) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        sender.names = ["LI LEI", "LI MEI", "LI FEI", "LI WEI", "HAN MEI"]
        await machine.visits(1)
        assert [(one.key, one.why) for one in sender.told] == [("stopped.refused", "refused.payee")]

    sends(tmp_path, judged)


def test_where_the_bank_tells_no_name_she_is_told_so_and_only_the_delay_is_offered(tmp_path: Path) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        sender.outside, sender.when, sender.answers = MUTE, "hours-24", {"interbank.unnamed": "yes"}
        await machine.visits(1)
        choice = sender.shown("interbank.when")
        assert isinstance(choice, s.Choose)
        assert [option.id for option in choice.options] == ["hours-24"]
        assert facts_of(sender.shown("interbank.confirm"))["fact.payee"] == "O*** H*****"

    sends(tmp_path, judged)


def test_what_came_back_is_told_after_the_next_identification(tmp_path: Path) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        sender.outside = CLOSED
        await machine.visits(1)
        for _ in range(2):  # sent, and answered
            machine.time_passes(1)
        sender.wishes = ()
        await machine.visits(1)
        (told,) = sender.told
        assert told.key == "untold.interbank.returned"
        assert facts_of(told)["fact.amount"] == Money(1_000)
        await machine.visits(1)
        assert sender.told == []

    sends(tmp_path, judged)


def test_one_for_a_later_day_moves_nothing_now_and_what_fails_on_its_day_is_told(tmp_path: Path) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        sender.prefers = "bank-card"
        sender.when, sender.answers = "later", {"interbank.day": "3"}
        before = machine.world.balances()
        await machine.visits(1)
        (told,) = sender.told
        assert told.key == "interbank.later"
        assert str(facts_of(told)["fact.on"]) == "2031-03-17"
        assert machine.world.balances() == before
        machine.world.ledger.post("drain/001-x", DRAIN, pending=False)
        for _ in range(3):
            machine.world.ledger.advance_accounting_date()
        machine.time_passes(1)
        sender.wishes = ()
        await machine.visits(1)
        assert [one.key for one in sender.told] == ["untold.interbank.due"]
        machine.world.ledger.reverse("drain/001-x")

    sends(tmp_path, judged, amount=4_000_000)


@pytest.mark.parametrize(("when", "done"), [("hours-24", "interbank.done"), ("later", "interbank.later")])
def test_one_that_was_not_sent_is_cancelled_and_what_comes_back_is_said(tmp_path: Path, when: str, done: str) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        sender.when, sender.wishes = when, ("interbank", "pending")
        sender.answers = {"interbank.day": "7", "pending.one": "cancel"}
        before = machine.world.balances()
        await machine.visits(1)
        assert [one.key for one in sender.told] == [done, "cancel.done"]
        assert ("fact.back" in facts_of(sender.shown("cancel.confirm"))) == (when != "later")
        assert machine.world.balances() == before
        sender.wishes, sender.answers = ("pending",), {"pending.one": "done"}
        await machine.visits(1)
        one = sender.shown("pending.one")
        assert isinstance(one, s.Review)
        assert [option.id for option in one.options] == ["done"]
        assert facts_of(one)["fact.state"] == "pending.state.cancelled"

    sends(tmp_path, judged)


def test_nothing_under_way_is_said_so(tmp_path: Path) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        sender.wishes = ("pending",)
        await machine.visits(1)
        assert [one.key for one in sender.told] == ["pending.none"]

    sends(tmp_path, judged)


def test_a_large_sum_to_somebody_new_waits_for_a_person_and_then_for_the_warning(tmp_path: Path) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        sender.answers = {"risk.sure": "go"}
        await machine.visits(1)
        met = [key for key in sender.met if key.startswith(("risk", "step-up.how", "interbank.confirm"))]
        assert met[:4] == ["risk.person", "risk.not-yet", "risk.new-payee", "risk.sure"]
        assert met[-1] == "interbank.confirm"
        assert sender.times["risk.sure"] - sender.times["risk.new-payee"] >= 15
        assert sender.told[-1].key == "interbank.done"

    sends(tmp_path, judged, known=False, amount=600_000)


@pytest.mark.parametrize("at", ["risk.new-payee", "risk.sure", "risk.person"])
def test_who_stops_at_the_warning_has_sent_nothing(tmp_path: Path, at: str) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        sender.who = demo.WANG_WEI
        real = sender._answer

        async def stops(screen: s.Screen[Any]) -> Any:
            if screen.key == at:
                return "stop"
            return await real(screen)

        sender._answer = stops  # type: ignore[method-assign]
        await machine.visits(1)
        assert [one.key for one in sender.told] == ["risk.stopped"]
        assert "interbank.confirm" not in sender.met

    sends(tmp_path, judged, known=False, amount=600_000)


@pytest.mark.parametrize(("heard", "ending"), [(True, "done"), (False, "reversed")])
def test_an_answer_that_was_lost_is_asked_for_and_told_at_the_next_visit(
    tmp_path: Path, ending: str, *, heard: bool
) -> None:
    class Loses(Link):
        async def remit(self, post: r.Remit) -> m.Posted:
            if heard:
                await super().remit(post)
            raise Unreachable("lost")

    async def judged(machine: Machine, sender: Sender) -> None:
        await machine.visits(1)
        assert [one.key for one in sender.told] == ["interbank.unsure"]
        await machine.settler.settle()
        sender.wishes = ()
        await machine.visits(1)
        assert [one.key for one in sender.told] == [f"untold.interbank.{ending}"]

    sends(tmp_path, judged, bank=Loses)


class Keeps(Paper):
    """A printer whose papers are read."""

    def __init__(self) -> None:
        self.slips: list[Slip] = []

    async def print_slip(self, slip: Slip) -> Printed:
        self.slips.append(slip)
        return await super().print_slip(slip)


def test_the_paper_says_accepted_and_when_it_is_sent(tmp_path: Path) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        printer = Keeps()
        devices = replace(machine.terminal.devices, printer=printer)
        machine.terminal = replace(machine.terminal, devices=devices)
        sender.when = "hours-2"
        await machine.visits(1)
        (slip,) = printer.slips
        text = str(slip)
        assert "receipt.interbank" in text
        assert "arrival.hours-2" in text
        assert "interbank.done.line" in text
        assert "江海银行" in text

    sends(tmp_path, judged)


def test_at_whatever_screen_she_is_interrupted_it_has_one_ending_and_she_is_forgotten(tmp_path: Path) -> None:
    async def judged(machine: Machine, sender: Sender) -> None:
        async def happens() -> None:
            machine.sessions[-1].interrupt("staff-key")

        sender.wishes, sender.when = ("interbank", "pending"), "hours-24"
        sender.answers = {"pending.one": "cancel"}
        await machine.visits(1)
        fen = 900
        for key in list(dict.fromkeys(sender.met)):
            fen -= 1
            sender.amount, sender.wishes = Money(fen), ("interbank", "pending")
            sender.at, sender.then = key, happens
            machine.world.clock.minutes(1)  # the newest stands first
            await machine.visits(1)
            assert sender.then is None, key
            assert machine.endings[-1] == "staff-key", key
            forgotten(machine, deep=False)

    sends(tmp_path, judged)
