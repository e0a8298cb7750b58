"""The statement on the glass and on paper: what moved, narrowed as she likes, and nothing of it left behind."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from branch import demo
from drivers.api import Printed, Slip
from flows import screens as s
from flows.ports import Back, Chrome
from protocol.money import Money
from tests.flows.guest import Guest, Paper, with_guest
from tests.flows.memory import remembers
from tests.storm.machine import Machine


@dataclass
class Reader(Guest):
    """She answers her statement as she has planned, and keeps what she saw."""

    wishes: list[str] = field(default_factory=list)
    shown: list[s.Statement] = field(default_factory=list)

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        if not isinstance(screen, s.Statement):
            return await super().show(screen, chrome)
        self.met.append(screen.key)
        self.shown.append(screen)
        wish = self.wishes.pop(0) if self.wishes else "done"
        if wish == "back":
            raise Back
        return screen.entries[0].id if wish == "first" else wish


class Keeps(Paper):
    """A printer whose slips are kept."""

    def __init__(self) -> None:
        self.slips: list[Slip] = []

    async def print_slip(self, slip: Slip) -> Printed:
        self.slips.append(slip)
        return await super().print_slip(slip)


async def reads(
    machine: Machine,
    guest: Guest,
    *wishes: str,
    after: tuple[str, ...] = ("transfer",),
    kind: type[Reader] = Reader,
) -> Reader:
    """One visit: what comes first, then her statement; she wants no paper but of the statement."""
    guest.__class__ = kind
    assert isinstance(guest, Reader)
    guest.prefers, guest.amount, guest.wishes, guest.shown = "id-card", Money(12_345), list(wishes), []
    arrives = guest.arrives

    def plans() -> None:
        arrives()
        guest.plan = [*after, "statement"]

    guest.arrives = plans  # type: ignore[method-assign]
    await machine.visits(1)
    assert machine.endings[-1] == "farewell", guest.told
    return guest


def test_what_she_has_just_sent_is_the_newest_line(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        seen = (await reads(machine, guest)).shown[0]
        newest = seen.entries[0]
        assert (newest.kind, newest.amount, newest.party) == ("movement.transfer-out", Money(-12_345), "*敏")
        assert newest.balance == Money(demo.LI_NA.accounts[0][2] - 12_345)

    with_guest(tmp_path, story)


def test_she_narrows_it_and_goes_back_to_what_she_saw_before(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        reader = await reads(machine, guest, "in", "back", "out")
        assert [one.way for one in reader.shown] == ["all", "in", "all", "out"]
        signs = [{entry.amount.fen > 0 for entry in one.entries} for one in reader.shown]
        assert signs == [{True, False}, {True}, {True, False}, {False}]

    with_guest(tmp_path, story)


def test_a_line_that_she_touches_tells_all_of_it(tmp_path: Path) -> None:
    facts: list[tuple[s.Fact, ...]] = []

    async def story(machine: Machine, guest: Guest) -> None:
        show = Reader.show

        async def looks(self: Reader, screen: s.Screen[Any], chrome: Chrome) -> Any:
            if isinstance(screen, s.Review) and screen.key == "statement.one":
                facts.append(screen.facts)
                return "list"
            return await show(self, screen, chrome)

        Reader.show = looks  # type: ignore[method-assign]
        try:
            reader = await reads(machine, guest, "first")
        finally:
            Reader.show = show  # type: ignore[method-assign]
        assert len(reader.shown) == 2
        said = {fact.label: fact.value for fact in facts[0]}
        assert said["fact.moved"] == Money(12_345)
        assert said["fact.party"] == "6229 **** 0059"
        assert str(said["fact.reference"]).startswith("2031")

    with_guest(tmp_path, story)


def test_the_paper_has_what_the_glass_had_masked(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        printer = Keeps()
        machine.terminal = replace(machine.terminal, devices=replace(machine.terminal.devices, printer=printer))
        await reads(machine, guest, "print", after=())
        (slip,) = printer.slips
        values = [line.value for line in slip.lines if line.value]
        assert "6229 **** 0018" in values
        assert str(Money(demo.LI_NA.accounts[0][2])) in values
        assert not any(number in line.text + line.value for line in slip.lines for number, _, _ in demo.LI_NA.accounts)

    with_guest(tmp_path, story)


def test_nothing_of_a_statement_stays_when_she_has_left(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        await reads(machine, guest, "first", "in", after=())
        session = machine.sessions[-1]
        assert not session.tape.entries
        assert remembers(demo.LI_NA, session, machine.terminal) == []

    with_guest(tmp_path, story)


def test_a_bank_that_does_not_answer_is_said_and_the_menu_comes_back(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        async def down() -> None:
            machine.weather.down_until = 1e9

        guest.at, guest.then = "statement.period", down
        guest.__class__ = Reader
        await reads(machine, guest, after=())
        assert guest.met[guest.met.index("statement.period") + 1 :][:2] == ["stopped.unreachable", "menu"]

    with_guest(tmp_path, story)
