"""Information for anybody: exchange rates, opening hours, what the branch offers. Nobody needs to say who she is."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import get_args

from flows.ports import Refused, Unreachable
from flows.screens import Choose, Fact, Option, Review, Tell, Where
from flows.session import Session
from protocol import enquiries as e
from protocol.money import Money

WHERE = "information.name"
TURNS = 50
"""Pages looked at in one go."""
WHAT = (
    Option("rates", "information.rates", "information.rates.line"),
    Option("hours", "information.hours", "information.hours.line"),
    Option("services", "information.services", "information.services.line"),
    Option("done", "information.done"),
)
DAYS: tuple[str, ...] = get_args(e.Weekday)
LIST = (Option("list", "information.list"),)


async def information(session: Session) -> None:
    """Look at one page after the other."""
    pages: dict[str, Callable[[Session], Awaitable[None]]] = {"rates": _rates, "hours": _hours, "services": _services}
    for _ in range(TURNS):
        what = await session.ask(Choose("information.what", options=WHAT, where=Where(WHERE, 1, 2)))
        if what == "done":
            return
        try:
            await pages[what](session)
        except (Refused, Unreachable):
            await session.tell(Tell("information.unreachable"))


async def _rates(session: Session) -> None:
    found = await session.look("rates", session.bank.rates)
    facts = [Fact("information.as-of", datetime.fromtimestamp(found.at / 1000, UTC).astimezone())]
    for one in found.rates:
        facts.append(Fact(f"rate.{one.currency}.buy", Money(one.buy)))
        facts.append(Fact(f"rate.{one.currency}.sell", Money(one.sell)))
    await session.ask(Review("information.shown-rates", facts=tuple(facts), options=LIST, where=Where(WHERE, 2, 2)))


async def _hours(session: Session) -> None:
    """The whole week, day by day, and the telephone."""
    said = await session.look("information", session.bank.information)
    week = tuple(_day(day, said.hours) for day in DAYS)
    call = (Fact("information.telephone", said.telephone, number=True),) if said.telephone else ()
    await session.ask(Review("information.shown-hours", facts=(*week, *call), options=LIST, where=Where(WHERE, 2, 2)))


def _day(day: str, hours: tuple[e.Hours, ...]) -> Fact:
    """When the branch is open on a day; a span of days may run over the week's end."""
    spans = [one for one in hours if _within(day, one.first, one.last)]
    times = ", ".join(f"{one.opens}-{one.closes}" for one in spans)
    return Fact(f"day.{day}", times) if times else Fact(f"day.{day}", "information.closed", message=True)


def _within(day: str, first: str, last: str) -> bool:
    at, begins, ends = (DAYS.index(one) for one in (day, first, last))
    return begins <= at <= ends if begins <= ends else at >= begins or at <= ends


async def _services(session: Session) -> None:
    said = await session.look("information", session.bank.information)
    facts = tuple(Fact(f"service.{one}", f"service.{one}.line", message=True) for one in said.services)
    await session.ask(Review("information.shown-services", facts=facts, options=LIST, where=Where(WHERE, 2, 2)))
