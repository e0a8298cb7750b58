"""Bills: looked up, paid in whole or part, proven on the glass and on paper, and never paid twice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from branch import demo, demo_bills
from branch.store import billbooks
from drivers.api import Code, Offline, Printed, Slip
from flows.ports import Chrome
from flows.screens import Confirm, Option, Screen
from protocol.money import Money
from protocol.qr import Appointment, Content, Invoice, Payment, Unknown
from tests.flows.guest import Guest, Paper, with_guest
from tests.flows.test_anywhere import forgotten
from tests.storm.machine import Machine
from tests.storm.test_storm import judge

Story = Callable[[Machine, Guest], Awaitable[None]]
HERS = demo.LI_NA.accounts[0][0]
WATER = Payment("WATER-0755", "00123456789", 12_050, date(2031, 3, 31))


@dataclass
class Eye:
    """A scanner before which a code is held at once; None: nothing ever is."""

    content: Content | None = None
    away: bool = False
    forgotten: int = 0
    asked: list[Content] = field(default_factory=list)

    async def wait_code(self, patience: float, accept: Callable[[Content], bool]) -> Code:
        if self.away:
            raise Offline("camera", "no picture came", "check the camera")
        if self.content is None or not accept(self.content):
            raise TimeoutError
        return Code(self.content, ())

    def forget(self) -> None:
        self.forgotten += 1


class Slips(Paper):
    """It keeps what it printed."""

    def __init__(self) -> None:
        self.slips: list[Slip] = []

    async def print_slip(self, slip: Slip) -> Printed:
        self.slips.append(slip)
        return await super().print_slip(slip)


def paid(machine: Machine, biller: str = "WATER-0755") -> int:
    number = next(one[1] for one in demo_bills.BILLS if one[0] == biller)
    with machine.world.db.read() as tx:
        row = billbooks.bill(tx, biller, number)
    assert row is not None
    return int(row.paid)


def visits(folder: Path, judged: Story, eye: Eye | None = None, *, card: bool = True, wish: str = "bills") -> None:
    """One visit in which she pays what she chooses, and what must hold after it."""

    async def story(machine: Machine, guest: Guest) -> None:
        guest.prefers, guest.wishes = "bank-card" if card else "id-card", (wish,)
        devices = replace(machine.terminal.devices, scanner=eye, printer=Slips())
        machine.terminal = replace(machine.terminal, devices=devices)
        await machine.visits(1)
        await judged(machine, guest)
        forgotten(machine, deep=False)
        guest.wishes = ()
        await machine.calm()
        await judge(machine)

    with_guest(folder, story)


def test_a_bill_is_paid_by_card_and_its_proof_stands_on_glass_and_paper(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        (told,) = guest.told
        facts = {fact.label: fact.value for fact in told.facts}
        assert told.key == "bills.done"
        assert (facts["fact.payer"], facts["fact.bill-number"]) == ("*娜", "**** 6789")
        assert facts["fact.amount"] == Money(12_050)
        printer = machine.terminal.devices.printer
        assert isinstance(printer, Slips)
        (slip,) = printer.slips
        assert str(facts["fact.proof"]) in [line.value for line in slip.lines]
        assert slip.qr == told.reference
        assert paid(machine) == 12_050
        assert machine.world.balances()[HERS] == machine.before[HERS] - 12_050

    visits(tmp_path, judged)


def test_a_bill_that_is_paid_says_so_and_takes_nothing(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        machine.billers.send = lambda: None  # type: ignore[method-assign]
        await machine.visits(1)
        assert [one.key for one in guest.told] == ["bills.paid"]
        assert machine.world.balances()[HERS] == machine.before[HERS] - 12_050

    visits(tmp_path, judged)


@pytest.mark.parametrize(("amount", "told"), [(5_000, ["bills.done"]), (4_999, ["bills.out-of-range"])])
def test_a_part_is_paid_where_the_biller_takes_one_and_no_less_than_its_least(
    tmp_path: Path, amount: int, told: list[str]
) -> None:
    class Chooses(Guest):
        async def _chooses(self, key: str, options: tuple[Option, ...]) -> str:
            ids = [option.id for option in options]
            return (
                "electricity"
                if "electricity" in ids
                else "part"
                if "part" in ids
                else await super()._chooses(key, options)
            )

    async def judged(machine: Machine, guest: Guest) -> None:
        guest.__class__, guest.amount, guest.wishes = Chooses, Money(amount), ("bills",)
        await machine.visits(1)
        assert [one.key for one in guest.told][: len(told)] == told
        assert paid(machine, "POWER-0755") == (amount if amount >= 5_000 else 0)

    visits(tmp_path, judged, wish="accounts")


def test_a_bill_of_another_region_is_found_there(tmp_path: Path) -> None:
    class Elsewhere(Guest):
        async def _chooses(self, key: str, options: tuple[Option, ...]) -> str:
            if key == "bills.kind" and self.met.count("bills.region") == 0:
                return "region"
            return await super()._chooses(key, options)

    async def judged(machine: Machine, guest: Guest) -> None:
        guest.__class__, guest.wishes = Elsewhere, ("bills",)
        await machine.visits(1)
        assert [one.key for one in guest.told] == ["bills.done"]
        assert paid(machine, "WATER-010") == 4_410

    visits(tmp_path, judged, wish="accounts")


def test_the_bills_code_is_held_before_the_camera_and_needs_no_number(tmp_path: Path) -> None:
    eye = Eye(WATER)

    async def judged(machine: Machine, guest: Guest) -> None:
        assert [one.key for one in guest.told] == ["bills.done"]
        assert "bills.hold" in guest.met
        assert "bills.number" not in guest.met
        assert paid(machine) == 12_050
        assert eye.forgotten >= 1

    visits(tmp_path, judged, eye)


def test_a_camera_that_is_away_leaves_the_number_to_type(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        assert [one.key for one in guest.told] == ["scan.no-picture", "bills.done"]
        assert "bills.number" in guest.met

    visits(tmp_path, judged, Eye(away=True))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (Appointment("0001", "A1B2C3", date(2031, 3, 14), time(9, 30)), "scan.expected"),
        (Appointment("0001", "C7D8E9", date(2031, 3, 13), time(15, 0)), "scan.past"),
        (Appointment("0002", "A1B2C3", date(2031, 3, 14), time(9, 30)), "scan.elsewhere"),
        (Appointment("0001", "ZZZZ99", date(2031, 3, 14), time(9, 30)), "scan.not-known"),
        (Invoice("10", "044031900111", "12345678", 128_050, date(2031, 3, 14), "1" * 20), "scan.invoice"),
        (Unknown("foreign", "https://example.com/"), "scan.unknown"),
        (WATER, "scan.payment"),
    ],
    ids=["expected", "past", "elsewhere", "not-known", "invoice", "unknown", "payment"],
)
def test_before_she_has_shown_who_she_is_a_code_tells_what_it_may(tmp_path: Path, content: Content, told: str) -> None:
    """The choice stands on the screen where she says how she will show herself; nothing is kept of the code."""

    class Curious(Guest):
        async def _chooses(self, key: str, options: tuple[Option, ...]) -> str:
            if key == "identify.how":
                if "scan.hold" not in self.met:
                    return "scan"
                self.gone = True
            return await super()._chooses(key, options)

    async def judged(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Curious
        await machine.visits(1)
        assert [one.key for one in guest.told] == [told]
        assert paid(machine) == 0
        written = str(await machine.journal.records())
        assert not [text for text in ("12345678", "A1B2C3", "00123456789", "example") if text in written]
        guest.__class__ = Guest

    visits(tmp_path, judged, Eye(content), wish="accounts")


def test_from_the_menu_a_bills_code_leads_into_paying_it(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        assert [one.key for one in guest.told] == ["bills.done"]
        assert "bills.kind" not in guest.met
        assert paid(machine) == 12_050

    visits(tmp_path, judged, Eye(WATER), wish="scan")


@pytest.mark.parametrize(
    ("mood", "told", "later", "amount"),
    [
        ("does not hear", "bills.unsure", "untold.bill.reversed", 0),
        ("does not answer", "bills.unsure", "untold.bill.done", 12_050),
        ("refuses", "bills.refused", "", 0),
    ],
)
def test_a_biller_without_a_word_leaves_her_in_doubt_until_its_word_ends_it(
    tmp_path: Path, mood: str, told: str, later: str, amount: int
) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        machine.billers.certain = mood
        guest.wishes = ("bills",)
        await machine.visits(1)
        assert [one.key for one in guest.told] == [told]
        machine.billers.certain = ""
        await machine.settler.settle()
        guest.wishes = ()
        machine.billers.send = lambda: None  # type: ignore[method-assign]
        await machine.visits(1)
        assert [one.key for one in guest.told] == ([later] if later else [])
        assert (paid(machine), machine.before[HERS] - machine.world.balances()[HERS]) == (amount, amount)

    visits(tmp_path, judged, wish="accounts")


def test_at_whatever_screen_she_is_interrupted_the_bill_has_one_ending_and_she_is_forgotten(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        async def happens() -> None:
            machine.sessions[-1].interrupt("staff-key")

        for key in [one for one in dict.fromkeys(guest.met) if one != "farewell.card"]:  # by then it is over
            guest.at, guest.then = key, happens
            await machine.visits(1)
            assert guest.then is None, key
            assert machine.endings[-1] == "staff-key", key
            forgotten(machine, deep=False)

    visits(tmp_path, judged, Eye(WATER))


def test_what_she_confirms_is_the_whole_bill_and_a_yes_fits_no_other(tmp_path: Path) -> None:
    shown: list[Screen[object]] = []

    class Looks(Guest):
        async def show(self, screen: Screen[Any], chrome: Chrome) -> Any:
            shown.append(screen)
            return await super().show(screen, chrome)

    async def judged(machine: Machine, guest: Guest) -> None:
        guest.__class__, guest.wishes = Looks, ("bills",)
        await machine.visits(1)
        (confirm,) = [one for one in shown if isinstance(one, Confirm)]
        labels = [fact.label for fact in confirm.facts]
        assert labels[:4] == ["fact.biller", "fact.bill-number", "fact.payer", "fact.period"]
        assert (confirm.amount, len(confirm.about)) == (Money(12_050), 64)

    visits(tmp_path, judged, wish="accounts")
