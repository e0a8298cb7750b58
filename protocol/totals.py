"""Day totals: what was done at a terminal on an accounting date, as its journal and its branch have it."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from protocol.messages import KEY, Message

MOST_DOUBTS = 400


class DayTotal(Message):
    """All that is done of one kind."""

    kind: str = Field(pattern=r"^[a-z][a-z-]*$", max_length=40)
    """The step of the keys: `transfer`, `loss-report`."""
    count: int = Field(ge=0)
    total: int = Field(ge=0, lt=10**15)
    """Fen, without fees."""


class DayTotals(Message):
    """A day of one terminal. Keys whose ending or day it does not know are in doubt, and count on neither side."""

    day: date
    totals: tuple[DayTotal, ...] = Field(default=(), max_length=100)
    doubt: tuple[Annotated[str, Field(pattern=KEY)], ...] = Field(default=(), max_length=MOST_DOUBTS)


class DayDifference(Message):
    """Where terminal and branch do not agree."""

    kind: str
    field: Literal["count", "total"]
    terminal: int
    branch: int


class DayCompared(Message):
    """How the branch found them."""

    day: date
    differences: tuple[DayDifference, ...] = ()


class Clock(Message):
    """What the branch's clock shows."""

    at: int
    """UTC milliseconds."""
