"""What is left behind: called after, kept safe only by a reader that can, and reported."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from branch.store import books as b
from branch.store.schema import incidents
from drivers.api import CardReader
from drivers.emv import PcscCardReader
from drivers.sim.chip import load_cards
from flows import screens as s
from tests.flows.guest import Guest, Paper, with_guest
from tests.storm.machine import Machine, today


class Motorised(PcscCardReader):
    """A reader with a motor: it draws a card in."""

    can_retain = True
    kept = 0

    async def retain(self) -> bool:
        if not await self.card_present():
            return False
        self.kept += 1
        self._slot.pull()  # type: ignore[attr-defined]
        return True


def reader_of(machine: Machine, *, motor: bool) -> CardReader:
    """Put a reader of one kind or the other into the terminal."""
    kind = Motorised if motor else PcscCardReader
    reader = kind("pcsc:memory", today=today, slot=machine.slot)
    devices = replace(machine.terminal.devices, card_reader=reader)
    machine.terminal = replace(machine.terminal, devices=devices)
    return reader


def reported(machine: Machine) -> list[str]:
    with machine.world.db.read() as tx:
        return list(tx.execute(sa.select(incidents.c.kind).order_by(incidents.c.number)).scalars())


async def noted(machine: Machine) -> dict[str, dict[str, Any]]:
    """The lines of the last visit by their event."""
    visit = machine.sessions[-1].visit
    return {one["state"]: one["body"] for one, _ in await machine.journal.records() if one["key"] == visit}


class Forgetful(Guest):
    """She goes, and leaves her card where it is."""

    async def _answer(self, screen: s.Screen[Any]) -> Any:
        if isinstance(screen, s.Prompt) and screen.key.startswith(("farewell.", "identify.take")):
            return await self._never()
        return await super()._answer(screen)


def forgetful(folder: Path, story: Callable[[Machine, Guest], Awaitable[None]]) -> Machine:
    async def whole(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Forgetful
        await story(machine, guest)

    return with_guest(folder, whole)


@pytest.mark.parametrize("motor", [True, False])
def test_a_card_left_is_called_after_and_kept_only_by_a_reader_that_can(tmp_path: Path, *, motor: bool) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        reader = reader_of(machine, motor=motor)
        guest.prefers = "bank-card"
        await machine.visits(1)
        assert "farewell.card" in guest.met, "it was called after first"
        assert ("farewell.card-left" in guest.met) != motor
        assert reported(machine) == ["card-retained" if motor else "card-left"]
        found = await noted(machine)
        assert ("card-retained" in found) == motor
        assert ("card-left" in found) != motor
        if isinstance(reader, Motorised):
            assert reader.kept == 1
            assert found["card-retained"]["why"] == "left"

    forgetful(tmp_path, story)


@pytest.mark.parametrize("motor", [True, False])
def test_a_card_that_is_taken_in_time_is_never_kept(tmp_path: Path, *, motor: bool) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        reader = reader_of(machine, motor=motor)
        guest.prefers = "bank-card"
        await machine.visits(1)
        assert "card-taken" in await noted(machine)
        assert reported(machine) == []
        assert not isinstance(reader, Motorised) or not reader.kept

    with_guest(tmp_path, story)


@pytest.mark.parametrize("motor", [True, False])
@pytest.mark.parametrize("state", ["capture", "blocked"])
def test_a_card_is_kept_by_order_of_the_bank_only_where_the_reader_can(
    tmp_path: Path, state: str, *, motor: bool
) -> None:
    """Only `capture` is such an order; she is told which it is, and gets her card back in every other case."""

    async def story(machine: Machine, guest: Guest) -> None:
        pan = load_cards(machine.folder / "cards.json")["li-na-debit"].pan
        with machine.world.db.write() as tx:
            tx.execute(b.cards.update().where(b.cards.c.pan == pan).values(state=state))
        reader = reader_of(machine, motor=motor)
        guest.prefers = "bank-card"
        await machine.visits(1)
        kept = motor and state == "capture"
        assert not isinstance(reader, Motorised) or reader.kept == kept
        assert [one.key for one in guest.told] == ["identify.card-retained" if kept else "identify.card-refused"]
        found = await noted(machine)
        assert ("card-retained" in found) == kept
        assert ("card-taken" in found) != kept
        if kept:
            assert found["card-retained"]["why"] == "bank"
        assert machine.slot.card is None

    with_guest(tmp_path, story)


def test_an_id_card_left_is_called_after_and_reported(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        guest.prefers = "id-card"
        await machine.visits(1)
        assert guest.met.count("farewell.id-card") == 1
        assert "id-card-lying" in await noted(machine)
        assert "id-card-left" in await noted(machine)
        assert reported(machine) == ["id-card-left"]
        assert machine.endings == ["farewell"]

    forgetful(tmp_path, story)


@pytest.mark.parametrize("retracts", [True, False])
def test_paper_not_taken_is_drawn_in_where_the_printer_can_and_the_visit_goes_on(
    tmp_path: Path, *, retracts: bool
) -> None:
    class Left(Paper):
        taken = False

        async def retract(self) -> bool:
            return retracts

    async def story(machine: Machine, guest: Guest) -> None:
        devices = replace(machine.terminal.devices, printer=Left())
        machine.terminal = replace(machine.terminal, devices=devices)
        guest.prefers = "bank-card"
        await machine.visits(1)
        assert (await noted(machine))["paper-left"]["retracted"] == retracts
        assert machine.endings == ["farewell"]
        assert "transfer.done" in guest.met

    with_guest(tmp_path, story)
