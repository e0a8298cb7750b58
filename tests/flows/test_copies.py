"""Paper a second time: only ever marked COPY, with the time of the original, and gone with the visit."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from branch import demo
from drivers.api import NoMedia, Offline, Printed, Slip
from flows import screens as s
from flows.ports import Chrome
from protocol.money import Money
from tests.flows.guest import Guest, Paper, with_guest
from tests.flows.memory import remembers
from tests.flows.test_statement import Keeps, reads
from tests.storm.machine import Machine, PlainWords


class Titled(PlainWords):
    """A copy's title can be told from its original's."""

    def text(self, key: str, language: str = "", **params: str | int) -> str:
        return f"{params['title']} COPY" if key == "receipt.copy-of" else key


class Doubtful(Keeps):
    """A printer that does not say what became of the first slips."""

    def __init__(self, doubts: int) -> None:
        super().__init__()
        self.doubts = doubts

    async def print_slip(self, slip: Slip) -> Printed:
        self.doubts -= 1
        if self.doubts >= 0:
            self.slips.append(slip)
            raise Offline("receipt-printer", "unplugged in the middle")
        return await super().print_slip(slip)


@dataclass
class Wants(Guest):
    """She prints all that can be printed, and again after each doubt."""

    again: bool = True
    menus: list[s.Choose] = field(default_factory=list)
    offered: list[tuple[str, ...]] = field(default_factory=list)

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        if screen.key == "menu.group.more":
            assert isinstance(screen, s.Choose)
            self.menus.append(screen)
        if screen.key == "receipt.in-doubt":
            assert isinstance(screen, s.Review)
            self.met.append(screen.key)
            self.offered.append(tuple(option.id for option in screen.options))
            return "copy" if self.again and "copy" in self.offered[-1] else "none"
        return await super().show(screen, chrome)


def titles(printer: Keeps) -> list[str]:
    return [slip.lines[1].text for slip in printer.slips]


async def visits(machine: Machine, guest: Guest, printer: Paper, *plan: str, again: bool = True) -> Wants:
    guest.__class__ = Wants
    assert isinstance(guest, Wants)
    guest.prefers, guest.amount, guest.again, guest.menus, guest.offered = "id-card", Money(12_345), again, [], []
    devices = replace(machine.terminal.devices, printer=printer)
    machine.terminal = replace(machine.terminal, devices=devices, words=Titled())
    arrives = guest.arrives

    def plans() -> None:
        arrives()
        guest.plan = list(plan)

    guest.arrives = plans  # type: ignore[method-assign]
    await machine.visits(1)
    assert machine.endings[-1] == "farewell", guest.told
    return guest


@pytest.mark.parametrize("doubts", range(6))
def test_what_follows_a_doubtful_print_is_marked_and_its_original_never_printed_twice(
    tmp_path: Path, doubts: int
) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        printer = Doubtful(doubts)
        wants = await visits(machine, guest, printer, "transfer")
        assert titles(printer)[0] == "receipt.transfer"
        assert titles(printer)[1:] == ["receipt.transfer COPY"] * min(doubts, 3)
        last = [("none",)] if doubts > 3 else []
        assert wants.offered == [("copy", "none")] * min(doubts, 3) + last

    with_guest(tmp_path, story)


def test_who_wants_no_copy_after_a_doubt_gets_none(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        printer = Doubtful(1)
        await visits(machine, guest, printer, "transfer", again=False)
        assert titles(printer) == ["receipt.transfer"]

    with_guest(tmp_path, story)


def test_a_paper_of_this_visit_can_be_had_again_with_both_times(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        printer = Keeps()
        wants = await visits(machine, guest, printer, "menu.group.more", "transfer", "accounts", "copies")
        assert titles(printer) == ["receipt.transfer", "receipt.balance", "receipt.balance COPY"]
        first, again = printer.slips[1:]
        assert [line.text for line in timed(first)] == ["receipt.time"]
        assert [line.text for line in timed(again)] == ["receipt.time", "receipt.copied"]
        assert timed(again)[1].value > timed(again)[0].value >= timed(first)[0].value[:10]
        assert set(first.lines) - set(again.lines) <= {first.lines[1], timed(first)[0]}
        assert [option.disabled for option in wants.menus[0].options if option.id == "copies"] == [
            "hindered.no-receipts"
        ]

    with_guest(tmp_path, story)


def timed(slip: Slip) -> list[Any]:
    """The lines with a time."""
    return [line for line in slip.lines if line.text in ("receipt.time", "receipt.copied")]


def test_what_did_not_come_out_has_no_copy(tmp_path: Path) -> None:
    class Empty(Keeps):
        async def print_slip(self, slip: Slip) -> Printed:
            raise NoMedia("receipt-printer", "no paper")

    async def story(machine: Machine, guest: Guest) -> None:
        wants = await visits(machine, guest, Empty(), "transfer", "menu.group.more")
        assert "receipt.no-paper" in wants.met
        (copies,) = (option for option in wants.menus[-1].options if option.id == "copies")
        assert copies.disabled == "hindered.no-receipts"

    with_guest(tmp_path, story)


def test_an_earlier_transfer_is_printed_from_the_statement_as_a_copy(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        printer = Keeps()
        devices = replace(machine.terminal.devices, printer=printer)
        machine.terminal = replace(machine.terminal, devices=devices, words=Titled())
        guest.prefers = "id-card"
        await reads(machine, guest, "first")
        assert titles(printer) == ["receipt.transfer", "receipt.transfer COPY"]
        values = [{line.text: line.value for line in slip.lines} for slip in printer.slips]
        same = ("fact.from", "fact.to", "fact.payee", "fact.date", "fact.reference")
        assert [values[0][one] for one in same] == [values[1][one] for one in same]
        assert values[1]["fact.moved"] == values[0]["fact.amount"]

    with_guest(tmp_path, story)


def test_no_paper_is_kept_when_she_has_left(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        await visits(machine, guest, Paper(), "transfer", "accounts", "copies")
        session = machine.sessions[-1]
        assert session.papers == []
        assert remembers(demo.LI_NA, session, machine.terminal) == []

    with_guest(tmp_path, story)
