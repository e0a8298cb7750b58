"""What crosses the wire about standing orders: payments that the branch makes by itself, month after month."""

import calendar
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field

from protocol import care, messages as m

Every = Literal["month", "week"]
MOST = 20
"""Orders of one reply, and that one customer may have."""
MOST_TIMES = 999
AHEAD = 366
"""Days from today within which the first payment must be."""


class StandingOrder(m.Message):
    """One that runs."""

    handle: m.Handle
    source_masked: str
    target_masked: str
    target_name: str
    amount: m.Fen
    every: Every
    first: date
    next: date
    last: date | None = None
    left: int | None = None
    """Payments still to come, where their number was fixed."""


class StandingOrders(m.Message):
    """Those that run, in the order in which they pay next."""

    orders: tuple[StandingOrder, ...] = Field(default=(), max_length=MOST)


class StandingTerms(m.Order):
    """Pay this again and again: on the day of the month, or of the week, that `first` has."""

    source: m.Handle
    source_masked: str
    target: m.Handle
    target_masked: str
    target_name: str
    amount: Annotated[int, Field(gt=0, lt=10**15)]
    every: Every
    first: date
    last: date | None = None
    times: int | None = Field(default=None, gt=0, le=MOST_TIMES)


class StandingStop(m.Order):
    """Make no more payments of this one."""

    standing: m.Handle
    source_masked: str
    target_masked: str
    target_name: str
    amount: m.Fen


class NewStanding(care.Act):
    """Begin it."""

    code: Literal["STANDING-NEW"] = "STANDING-NEW"
    customer: m.Handle
    order: StandingTerms
    mac: m.Hex


class EndStanding(care.Act):
    """End it."""

    code: Literal["STANDING-END"] = "STANDING-END"
    customer: m.Handle
    order: StandingStop
    mac: m.Hex


def payday(first: date, every: Every, number: int) -> date:
    """The day of a payment, counted from 0. A month without that day pays on its last; holidays are plain days."""
    if every == "week":
        return first + timedelta(days=7 * number)
    year, month = divmod(first.year * 12 + first.month - 1 + number, 12)
    return date(year, month + 1, min(first.day, calendar.monthrange(year, month + 1)[1]))
