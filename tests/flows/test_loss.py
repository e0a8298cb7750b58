"""A lost card: reported by a claim, told truly, repeated until it is heard, and refused from then on."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from branch import demo
from branch.bank.core import CoreLoss
from flows import screens as s
from flows.ports import Back, Chrome, Unreachable
from kiosk.link import Link
from protocol import care, messages as m
from tests.branch.support import DAY
from tests.flows.guest import Guest, with_guest
from tests.flows.test_anywhere import forgotten
from tests.storm.machine import Machine
from tests.storm.test_storm import judge

UNTIL = DAY + timedelta(days=5)


async def loses(machine: Machine, guest: Guest, how: str = "card-lost") -> dict[str, s.Tell]:
    """One visit in which she reports her card lost; what she was told, by key."""
    guest.prefers, guest.wishes = how, ("loss",)
    await machine.visits(1)
    return {one.key: one for one in guest.told}


def story_of(folder: Path, story: Callable[[Machine, Guest], Awaitable[None]]) -> Machine:
    async def judged(machine: Machine, guest: Guest) -> None:
        await story(machine, guest)
        guest.prefers, guest.wishes = "id-card", ()
        await machine.calm()
        await judge(machine)

    return with_guest(folder, judged)


def card_state(machine: Machine) -> tuple[str, date | None]:
    found = machine.world.branch.core.card(demo.CARDS[0].pan)
    assert found is not None
    return found[0].state, found[0].lost_until


def test_her_id_card_alone_stops_her_bank_card_at_once_and_she_hears_until_when(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        told = await loses(machine, guest)
        assert "pin.enter" not in guest.met, "no PIN is asked of who has lost her card"
        done = told["loss.done"]
        assert {fact.label: fact.value for fact in done.facts} == {
            "fact.card": demo.CARDS[0].pan[:6] + "*" * 9 + demo.CARDS[0].pan[-4:],
            "fact.until": UNTIL,
            "fact.date": DAY,
        }
        assert done.reference
        assert card_state(machine) == ("lost", UNTIL)
        assert "receipt.please-take" in guest.met or "receipt.take" in guest.met
        forgotten(machine, deep=False)
        guest.prefers = "bank-card"
        await machine.visits(1)
        assert [(one.key, one.why) for one in guest.told] == [("identify.card-refused", "refused.card")]

    story_of(tmp_path, story)


def test_who_reports_it_again_hears_that_it_is_stopped_and_nothing_is_done_twice(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        await loses(machine, guest)
        told = await loses(machine, guest)
        assert {fact.label: fact.value for fact in told["loss.already"].facts}["fact.until"] == UNTIL
        assert "loss.confirm" not in guest.met
        keys = {record["key"] for record, _ in await machine.journal.records() if record["state"] == "intent"}
        assert len(keys) == 1

    story_of(tmp_path, story)


def test_two_who_report_the_same_card_at_once_are_both_told_the_truth(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        def another_terminal() -> m.Outcome:
            peer = machine.world.terminal("VTM002")
            visit = peer.visit()
            found = peer.ask("loss_cards", {"visit": visit, "who": peer.claim(visit).claim})
            order = care.LossOrder(card=found.every, card_masked="", until=found.until)
            body = care.LossReport(
                key=f"{visit}/001-loss-report", trace=1, code="LOSS-TEMPORARY", operator="VTM", order=order
            )
            done: m.Outcome = peer.ask("report_loss", body)
            return done

        async def meanwhile() -> None:  # a terminal's calls run a loop of their own
            with ThreadPoolExecutor(1) as pool:
                done = await asyncio.get_running_loop().run_in_executor(pool, another_terminal)
            assert done.status == "done"

        guest.at, guest.then = "loss.confirm", meanwhile
        told = await loses(machine, guest)
        assert guest.then is None
        assert told["loss.refused"].why == f"refused.{m.Reason.REPORTED}"

    story_of(tmp_path, story)


@pytest.mark.parametrize("heard", [True, False])
def test_a_report_that_got_no_answer_is_repeated_until_it_is_done_and_told_later(
    tmp_path: Path, *, heard: bool
) -> None:
    calls: list[care.LossReport] = []

    class Loses(Link):
        async def report_loss(self, report: care.LossReport) -> m.Outcome:
            calls.append(report)
            answer = await super().report_loss(report) if heard or len(calls) > 1 else None
            if len(calls) == 1:
                raise Unreachable("lost")
            assert answer is not None
            return answer

    async def story(machine: Machine, guest: Guest) -> None:
        bank = Loses(machine.client)
        machine.terminal = replace(machine.terminal, bank=bank)
        machine.settler.bank = bank
        told = await loses(machine, guest)
        assert "loss.unsure" in told
        assert "loss.done" not in told
        machine.world.clock.minutes(20)  # the claim is over
        await machine.settler.settle()
        assert calls[1:] == calls[:1], "the same report, under its own key and trace number"
        assert card_state(machine) == ("lost", UNTIL)
        (key,) = {record["key"] for record, _ in await machine.journal.records() if record["state"] == "intent"}
        assert await machine.journal.states(key) == ["intent", "done", "handed"]
        machine.free_cards()
        guest.prefers = "id-card"
        await machine.visits(1)
        (later,) = (one for one in guest.told if one.key.startswith("untold."))
        assert later.key == "untold.care.done"
        assert [fact.label for fact in later.facts] == ["fact.card", "fact.until"]

    story_of(tmp_path, story)


def test_back_changes_the_card_and_stops_nothing_that_she_did_not_confirm(tmp_path: Path) -> None:
    class Wavers(Guest):
        wavered = False

        async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
            if screen.key == "loss.confirm" and not self.wavered:
                self.wavered = True
                raise Back
            return await super().show(screen, chrome)

        async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
            if key == "loss.which":
                return options[self.met.count("loss.which") - 1].id
            return await super()._chooses(key, options)

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Wavers
        await loses(machine, guest)
        assert guest.met.count("loss.which") == 2
        assert "loss.stopped" in guest.met, "the second one is the bank's to free"
        assert card_state(machine)[0] == "active"
        assert not [key for key in guest.met if key.startswith("wait.loss")]

    story_of(tmp_path, story)


def test_a_customer_stops_it_for_good_after_a_step_up_also_over_a_few_days(tmp_path: Path) -> None:
    class Firm(Guest):
        async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
            ids = [option.id for option in options]
            return "good" if "good" in ids else await super()._chooses(key, options)

    async def story(machine: Machine, guest: Guest) -> None:
        async def for_days() -> None:
            (found,) = (card for card in machine.world.branch.core.cards("C0001") if card.pan == demo.CARDS[0].pan)
            loss = CoreLoss("C0001", (found.pan,), UNTIL, "LOSS-TEMPORARY", "0001", "VTM002", "VTM", 1)
            machine.world.ledger.report_loss("VTM002-" + "1" * 32 + "/001-loss-report", loss)

        guest.__class__ = Firm
        guest.at, guest.then = "menu", for_days
        told = await loses(machine, guest, "id-card")
        assert "loss.how-long" not in guest.met, "it is stopped for a few days already"
        assert guest.met.index("step-up.code") < guest.met.index("loss.confirm-good")
        assert told["loss.done-good"].reference
        assert card_state(machine) == ("lost", None)

    story_of(tmp_path, story)


@pytest.mark.parametrize("walks", [True, False])
def test_whatever_happens_at_any_screen_she_is_forgotten_and_what_was_begun_has_one_ending(
    tmp_path: Path, *, walks: bool
) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        async def happens() -> None:
            guest.gone = walks
            if not walks:
                machine.sessions[-1].interrupt("staff-key")

        await loses(machine, guest)
        screens = list(dict.fromkeys(guest.met))
        assert {"loss.which", "loss.confirm", "wait.loss", "loss.done", "care.paper"} <= set(screens)
        for key in screens:
            machine.free_cards()
            guest.at, guest.then = key, happens
            await loses(machine, guest)
            assert guest.then is None, key
            forgotten(machine, deep=False)
            assert machine.endings[-1] == ("idle" if walks else "staff-key"), key

    story_of(tmp_path, story)
