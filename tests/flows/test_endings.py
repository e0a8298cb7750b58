"""How visits end when something other than the line to the bank goes wrong: on real drivers and a real branch."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.ports import Unreachable
from flows.session import Level
from kiosk.link import Link
from protocol import messages as m
from protocol.money import Money
from tests.flows.guest import Guest, with_guest
from tests.storm.loop import StormLoop
from tests.storm.machine import Machine


def calm(folder: Path, story: Callable[[Machine], Awaitable[None]]) -> Machine:
    """A terminal in good weather, with a customer who does everything right."""
    machine = Machine(folder, 5, 0.0, 0.0, moods=False)

    async def whole() -> None:
        await machine.power_up()
        await story(machine)

    with asyncio.Runner(loop_factory=StormLoop) as runner:
        runner.run(whole())
    return machine


def keys(machine: Machine) -> list[str]:
    return [screen.key for _, told in machine.told for screen in told]


def test_a_refusal_that_was_told_is_not_told_again_at_the_next_visit(tmp_path: Path) -> None:
    async def story(machine: Machine) -> None:
        machine.person.amount = Money(6_000_000)
        await machine.visits(1)
        machine.person.amount = None
        await machine.settler.settle()
        await machine.visits(3)

    told = keys(calm(tmp_path, story))
    assert told.count("transfer.refused") == 1
    assert told.count("transfer.done") == 3
    assert not [key for key in told if key.startswith("untold")]


def test_what_the_bank_recorded_as_done_is_told_as_done_whatever_else_the_reply_says(tmp_path: Path) -> None:
    class Muddled(Link):
        async def transfer(self, post: m.Post) -> m.Posted:
            return (await super().transfer(post)).model_copy(update={"reason": m.Reason.FUNDS})

        async def card_said(self, key: str, verdict: m.CardVerdict) -> m.Posted:
            return (await super().card_said(key, verdict)).model_copy(update={"reason": m.Reason.FUNDS})

    async def story(machine: Machine) -> None:
        machine.terminal = replace(machine.terminal, bank=Muddled(machine.client))
        await machine.visits(1)

    assert "transfer.done" in keys(calm(tmp_path, story))


class Eye:
    """A camera that may refuse to shut."""

    def __init__(self, *, shuts: bool) -> None:
        self.shuts, self.open = shuts, True

    async def blind(self) -> bool:
        self.open = not self.shuts
        return self.shuts

    async def see(self) -> None:
        self.open = True


def test_the_pad_never_opens_while_an_eye_is_open_and_no_eye_stays_shut(tmp_path: Path) -> None:
    good, bad = Eye(shuts=True), Eye(shuts=False)

    async def story(machine: Machine) -> None:
        machine.terminal = replace(machine.terminal, blinds=(good, bad))
        await machine.visits(1)

    machine = calm(tmp_path, story)
    assert not any(screen.startswith("EnterPin") for screen in machine.person.seen)
    assert "stopped.device" in keys(machine)
    assert good.open


@pytest.mark.parametrize("state", ["done", "told"])
def test_an_ending_that_cannot_be_written_ends_the_visit_and_the_service_and_leaves_nothing(
    tmp_path: Path, state: str
) -> None:
    async def story(machine: Machine) -> None:
        put = machine.journal._put

        def full(key: str, what: str, body: Any) -> None:
            if what == state or (machine.sessions and machine.sessions[-1].broken):
                raise sqlite3.OperationalError("database or disk is full")
            put(key, what, body)

        machine.journal._put = full  # type: ignore[method-assign]
        await machine.visits(1)
        machine.journal._put = put  # type: ignore[method-assign]

    machine = calm(tmp_path, story)
    session = machine.sessions[0]
    assert "full" in session.broken
    assert session.level is Level.NOBODY
    assert not any((session.customer, session.surname, session.claim, session.card_aid))
    assert machine.slot.card is None, "the card was not given back"
    wanted = "transfer.unsure" if state == "done" else "transfer.done"
    assert wanted in keys(machine)


def test_a_card_that_cannot_be_read_is_asked_back_too(tmp_path: Path) -> None:
    async def story(machine: Machine) -> None:
        machine.slot.fault = "mute"
        machine.person.prefers = "bank-card"
        await machine.visits(1)

    machine = calm(tmp_path, story)
    assert machine.person.seen["Prompt farewell.card"] >= 1
    assert machine.slot.card is None


def test_a_transfer_whose_answer_was_lost_is_taken_back_with_its_fee(tmp_path: Path) -> None:
    posted: list[tuple[str, int]] = []

    class Loses(Link):
        async def transfer(self, post: m.Post) -> m.Posted:
            posted.append(((await super().transfer(post)).status, post.order.fee))
            raise Unreachable("lost")

    async def story(machine: Machine, guest: Guest) -> None:
        machine.terminal = replace(machine.terminal, bank=Loses(machine.client))
        guest.amount, guest.prefers = Money(1_000_100), "id-card"
        before = machine.world.balances()
        await machine.visits(1)
        assert posted == [("done", 500)]
        assert "transfer.unsure" in guest.met
        await machine.settler.settle()
        assert machine.found["reversed"] == 1
        assert machine.world.balances() == before
        assert machine.world.ledger.balance_check() == []

    with_guest(tmp_path, story)
