"""Failing until patched: what is told, and what is forgotten, when devices or the journal fail around an effect."""

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from branch import demo
from branch.store import books as b
from drivers.api import Offline, Printed, Slip
from drivers.sim.chip import VirtualCard
from flows import screens as s
from flows.arrive import BankCard
from flows.journal import Journal, JournalFailed
from flows.ports import Back, Chrome
from flows.session import Session
from flows.visit import visit
from kiosk.link import Link
from protocol import messages as m
from protocol.mask import luhn
from tests.flows.guest import Guest, Paper, with_guest
from tests.flows.test_left_behind import Forgetful, Motorised, reader_of, reported
from tests.storm.machine import Machine

NOT_MOVED = {"stopped.device", "stopped.unreachable", "stopped.refused"}
"""Screens whose line says "your money has not moved"."""


class Hangs(Paper):
    async def print_slip(self, slip: Slip) -> Printed:
        await asyncio.sleep(3600)
        raise AssertionError


class GoesAway(Paper):
    async def paper_taken(self) -> bool | None:
        raise Offline("receipt-printer", "unplugged")


class CannotRetract(Paper):
    taken = False

    async def retract(self) -> bool:
        raise Offline("receipt-printer", "unplugged")


@pytest.mark.parametrize("printer", [Hangs, GoesAway, CannotRetract])
def test_a_printer_that_fails_after_the_money_moved_never_says_that_it_has_not(
    tmp_path: Path, printer: type[Paper]
) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        devices = replace(machine.terminal.devices, printer=printer())
        machine.terminal = replace(machine.terminal, devices=devices)
        guest.prefers = "bank-card"
        await machine.visits(1)
        said = [one.key for one in guest.told]
        after = said[said.index("transfer.done") :]
        assert not set(after) & NOT_MOVED, said
        assert machine.endings == ["farewell"]

    with_guest(tmp_path, story)


def test_a_card_reader_that_fails_at_the_farewell_does_not_leave_the_id_card_uncalled(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Forgetful
        guest.prefers = "id-card"

        async def fails() -> None:
            session = machine.sessions[-1]
            session.asked_in.add("card")
            reader = machine.terminal.devices.card_reader

            async def gone() -> bool:
                raise Offline("card-reader", "unplugged")

            reader.card_present = gone  # type: ignore[method-assign]

        guest.at, guest.then = "farewell.rate", fails
        await machine.visits(1)
        assert "farewell.id-card" in guest.met
        assert "id-card-left" in reported(machine)

    with_guest(tmp_path, story)


class Changes(Guest):
    """She puts her bank card in, goes back at the PIN, and shows her ID card instead."""

    turned = False
    pulls = False

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        if isinstance(screen, s.EnterPin) and not self.turned:
            self.turned, self.prefers = True, "id-card"
            raise Back
        if screen.key == "identify.lay" and self.pulls:
            self.slot.pull()
            await asyncio.sleep(5)
        return await super().show(screen, chrome)


@pytest.mark.parametrize("pulls", [False, True])
def test_who_goes_back_from_her_bank_card_to_her_id_card_can_still_move_money(tmp_path: Path, *, pulls: bool) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__, guest.prefers = Changes, "bank-card"
        Changes.turned, Changes.pulls = False, pulls
        await machine.visits(1)
        assert machine.endings == ["farewell"]
        assert "transfer.done" in guest.met, [one.key for one in guest.told]

    with_guest(tmp_path, story)


class LaysTwice(Guest):
    """She shows her ID card, goes back at the PIN, and shows it once more."""

    turned = False

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        if isinstance(screen, s.EnterPin) and not self.turned:
            self.turned = True
            raise Back
        return await super().show(screen, chrome)


def test_who_goes_back_may_lay_the_same_id_card_down_again(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__, guest.prefers = LaysTwice, "id-card"
        await machine.visits(1)
        assert machine.endings == ["farewell"], guest.met
        assert "stopped.device" not in guest.met

    with_guest(tmp_path, story)


def test_an_order_to_keep_a_card_on_file_keeps_no_card_that_is_in_the_reader(tmp_path: Path) -> None:
    """She proves herself with her document; whose card lies in the reader, nobody has said."""

    async def story(machine: Machine, guest: Guest) -> None:
        reader = reader_of(machine, motor=True)
        assert isinstance(reader, Motorised)
        pan = next(card.pan for card in demo.CARDS if card.name == "li-na-debit")

        async def ordered() -> None:
            machine.slot.insert(VirtualCard(guest.cards["wang-wei-debit"]))
            with machine.world.db.write() as tx:
                tx.execute(b.cards.update().where(b.cards.c.pan == pan).values(state="capture"))

        guest.prefers, guest.at, guest.then = "id-card", "pin.enter", ordered
        await machine.visits(1)
        assert guest.then is None
        assert not reader.kept
        assert "identify.card-retained" not in guest.met

    with_guest(tmp_path, story)


class Crossed(Link):
    """Replies that belong to another key."""

    async def transfer(self, post: m.Post) -> m.Posted:
        found = await super().transfer(post)
        return found.model_copy(update={"key": post.key[:-1] + "x"})

    async def card_said(self, key: str, verdict: m.CardVerdict) -> m.Posted:
        found = await super().card_said(key, verdict)
        return found.model_copy(update={"key": key[:-1] + "x"})


@pytest.mark.parametrize("amount", [100, 6_000_000])
def test_a_reply_for_another_key_says_nothing_about_this_one(tmp_path: Path, amount: int) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        machine.terminal = replace(machine.terminal, bank=Crossed(machine.client))
        guest.prefers, guest.amount = "id-card", s.Money(amount)
        await machine.visits(1)
        assert "transfer.unsure" in guest.met
        assert not {"transfer.done", "transfer.refused"} & set(guest.met)

    with_guest(tmp_path, story)


def test_her_card_is_called_after_at_once_also_when_the_bank_does_not_answer(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        loop, when = asyncio.get_running_loop(), []

        class Mute(Link):
            async def sign_out(self, customer: str) -> None:
                await asyncio.sleep(600)

        async def asked() -> None:
            when.append(loop.time())

        machine.terminal = replace(machine.terminal, bank=Mute(machine.client))
        guest.prefers, guest.at = "bank-card", "farewell.rate"

        async def rated() -> None:
            when.append(loop.time())
            guest.at, guest.then = "farewell.card", asked

        guest.then = rated
        await machine.visits(1)
        rated_at, asked_at = when
        assert asked_at - rated_at < 12

    with_guest(tmp_path, story)


def test_what_filled_the_disk_is_said_to_the_engineer(tmp_path: Path) -> None:
    async def inline(work: Any) -> Any:
        return work()

    async def story() -> None:
        journal = Journal(str(tmp_path / "journal.db"), lambda: 1, inline)
        (pages,) = journal._db.execute("pragma page_count").fetchone()
        journal._db.execute(f"pragma max_page_count = {pages}")
        with pytest.raises(JournalFailed, match="full"):
            await journal.note("visit", "event", {"text": "x" * 500_000})
        journal.close()

    asyncio.run(story())


def test_a_row_whose_commit_failed_is_not_seen_and_does_not_stop_the_next(tmp_path: Path) -> None:
    async def inline(work: Any) -> Any:
        return work()

    class Once:
        """A connection whose first commit fails, as a full disk's may."""

        def __init__(self, db: sqlite3.Connection) -> None:
            self._db, self._left = db, 1

        def execute(self, query: str, *values: Any) -> sqlite3.Cursor:
            if query == "commit" and self._left:
                self._left = 0
                raise sqlite3.OperationalError("disk I/O error")
            return self._db.execute(query, *values)

        @property
        def in_transaction(self) -> bool:
            return self._db.in_transaction

        def close(self) -> None:
            self._db.close()

    async def story() -> None:
        journal = Journal(str(tmp_path / "journal.db"), lambda: 1, inline)
        journal._db = Once(journal._db)  # type: ignore[assignment]
        with pytest.raises(JournalFailed, match="I/O"):
            await journal.note("visit", "lost")
        assert await journal.records() == []
        await journal.note("visit", "kept")
        assert [one["state"] for one, _ in await journal.records()] == ["kept"]
        journal.close()

    asyncio.run(story())


def test_a_message_that_does_not_fit_never_prints_what_was_in_it() -> None:
    with pytest.raises(ValidationError) as why:
        m.CardProof.model_validate({"visit": "x", "pan": "6229990100000001239999", "field55": "zz", "pin": {}})
    assert "6229990100000001239999" not in str(why.value)


def test_a_chip_with_a_number_of_no_card_is_refused_and_does_not_end_the_program(tmp_path: Path) -> None:
    """Anybody can bring a chip that says anything."""

    async def story(machine: Machine, guest: Guest) -> None:
        odd = replace(guest.cards["li-na-debit"], pan="62299901008")
        guest.cards = {**guest.cards, "li-na-debit": odd}
        guest.prefers = "bank-card"
        await machine.visits(1)
        assert guest.told
        assert machine.slot.card is None

    with_guest(tmp_path, story)


@pytest.mark.parametrize("text", ["12a4", "１２３４", "²", "12 34", "-12"])
def test_what_is_no_number_has_no_check_digit(text: str) -> None:
    assert not luhn(text)


def test_a_card_that_began_the_visit_is_given_back_when_the_journal_fails_at_once(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        machine.slot.insert(VirtualCard(guest.cards["li-na-debit"]))
        reader = machine.terminal.devices.card_reader
        card = BankCard(await reader.wait_card(5))

        def full(*_: Any) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        machine.journal._append = full  # type: ignore[method-assign]
        session = Session(machine.terminal, "VTM001-" + "0" * 32, arrived=card)
        guest.arrives()
        with pytest.raises(JournalFailed):
            await visit(session)
        assert "farewell.card" in guest.met
        assert machine.slot.card is None
        assert session.arrived is None

    with_guest(tmp_path, story)


@pytest.mark.parametrize("at", ["identify.insert", "pin.enter"])
def test_who_walks_away_from_a_waiting_device_is_not_told_that_it_failed(tmp_path: Path, at: str) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        async def goes() -> None:
            guest.gone = True

        guest.prefers, guest.at, guest.then = "bank-card", at, goes
        await machine.visits(1)
        assert machine.endings == ["idle"]
        assert not guest.told, guest.told

    with_guest(tmp_path, story)


class Cancels(Guest):
    """She presses cancel at the pad, once."""

    turned = False

    async def _types_pin(self) -> None:
        if self.turned:
            return await super()._types_pin()
        self.turned = True
        await self.pad.asked(30)
        await self.pad.act("key", "cancel")
        return None


def test_cancel_at_the_pad_is_the_way_back_and_no_failure(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__, guest.prefers = Cancels, "bank-card"
        await machine.visits(1)
        assert guest.met.count("identify.how") == 2
        assert "stopped.device" not in guest.met
        assert machine.endings == ["farewell"]

    with_guest(tmp_path, story)
