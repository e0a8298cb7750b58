"""Information is for anybody: no card, no name, and the visit can go on from there."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from branch import demo
from flows import screens as s
from flows.information import _day, _within
from flows.ports import Back, Chrome
from flows.session import Level
from protocol import enquiries as e
from tests.flows.guest import Guest, with_guest
from tests.storm.machine import Machine


@dataclass
class Asks(Guest):
    """She wants to know something first, as she has planned; then she does `afterwards`, or walks away."""

    asks: list[str] = field(default_factory=list)
    afterwards: str = ""
    shown: list[s.Review] = field(default_factory=list)

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        if screen.key == "identify.how":
            self.met.append(screen.key)
            if self.asks:
                return "information"
            if not self.afterwards:
                raise Back
            return self.afterwards
        if screen.key == "information.what":
            self.met.append(screen.key)
            return self.asks.pop(0) if self.asks else "done"
        if screen.key.startswith("information.shown"):
            assert isinstance(screen, s.Review)
            self.shown.append(screen)
            self.met.append(screen.key)
            return "list"
        return await super().show(screen, chrome)


async def asks(machine: Machine, guest: Guest, *what: str, afterwards: str = "") -> Asks:
    guest.__class__ = Asks
    assert isinstance(guest, Asks)
    guest.asks, guest.afterwards, guest.shown, guest.prefers = list(what), afterwards, [], ""
    await machine.visits(1)
    return guest


def test_who_only_wants_to_know_something_is_nobody_from_first_to_last(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        knows = await asks(machine, guest, "rates", "hours", "services")
        assert machine.endings == ["nobody"]
        assert [one.key.rpartition("-")[2] for one in knows.shown] == ["rates", "hours", "services"]
        assert machine.sessions[-1].level is Level.NOBODY
        assert not machine.too_low
        assert "pin.enter" not in knows.met
        (begins, *_) = await machine.journal.records()
        assert "customer" not in str(begins)

    with_guest(tmp_path, story)


def test_the_rates_are_the_banks_with_the_time_at_which_they_stood(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        facts = (await asks(machine, guest, "rates")).shown[0].facts
        at = facts[0].value
        assert isinstance(at, datetime)
        assert int(at.timestamp() * 1000) == machine.world.clock()
        said = {fact.label: fact.value for fact in facts[1:]}
        for currency, (_, buy, sell) in demo.RATES.items():
            assert said[f"rate.{currency}.buy"] == s.Money(buy)
            assert said[f"rate.{currency}.sell"] == s.Money(sell)

    with_guest(tmp_path, story)


@pytest.mark.parametrize("way", ["bank-card", "id-card"])
def test_who_knows_enough_identifies_and_goes_on(tmp_path: Path, way: str) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        knows = await asks(machine, guest, "hours", afterwards=way)
        assert machine.endings == ["farewell"]
        assert "transfer.done" in knows.met

    with_guest(tmp_path, story)


def test_a_bank_that_does_not_answer_is_said_and_she_may_still_identify(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        async def back_again() -> None:
            machine.weather.down_until = 0.0

        machine.weather.down_until = 1e9
        guest.at, guest.then = "information.unreachable", back_again
        knows = await asks(machine, guest, "rates", afterwards="id-card")
        assert "information.unreachable" in knows.met
        assert machine.endings == ["farewell"]

    with_guest(tmp_path, story)


@pytest.mark.parametrize("screen", ["information.what", "information.shown-rates"])
def test_who_walks_away_from_it_ends_the_visit_as_everywhere(tmp_path: Path, screen: str) -> None:
    class Walks(Asks):
        async def show(self, shown: s.Screen[Any], chrome: Chrome) -> Any:
            if shown.key == screen:
                self.gone = True
                return await self._never()
            return await super().show(shown, chrome)

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Walks
        assert isinstance(guest, Walks)
        guest.asks, guest.shown = ["rates"], []
        await machine.visits(1)
        assert machine.endings == ["idle"]

    with_guest(tmp_path, story)


def test_back_goes_from_a_page_to_the_question_and_from_there_to_how_she_identifies(tmp_path: Path) -> None:
    class Turns(Asks):
        async def show(self, shown: s.Screen[Any], chrome: Chrome) -> Any:
            if shown.key.startswith("information.shown"):
                self.met.append(shown.key)
                raise Back
            if shown.key == "information.what" and not self.asks:
                self.met.append(shown.key)
                raise Back
            return await super().show(shown, chrome)

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Turns
        assert isinstance(guest, Turns)
        guest.asks, guest.shown, guest.afterwards = ["rates"], [], ""
        await machine.visits(1)
        way = [key for key in guest.met if key.startswith(("identify", "information"))]
        first = ["identify.how", "information.what", "information.shown-rates"]
        assert way == [*first, "information.what", "identify.how"]
        assert machine.endings == ["nobody"]

    with_guest(tmp_path, story)


@pytest.mark.parametrize(
    ("first", "last", "open_on"),
    [("mon", "fri", "mon tue wed thu fri"), ("sat", "sat", "sat"), ("fri", "mon", "fri sat sun mon")],
)
def test_a_span_of_days_may_run_over_the_end_of_the_week(first: str, last: str, open_on: str) -> None:
    week = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    assert {day for day in week if _within(day, first, last)} == set(open_on.split())


def test_a_day_without_hours_is_said_to_be_closed() -> None:
    hours = (e.Hours(first="mon", last="fri", opens="09:00", closes="17:00"),)
    assert _day("tue", hours) == s.Fact("day.tue", "09:00-17:00")
    assert _day("sun", hours) == s.Fact("day.sun", "information.closed", message=True)
