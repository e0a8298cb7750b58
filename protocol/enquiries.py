"""What can be looked at without anything moving: statements, and what goes with them."""

from datetime import date
from typing import Literal

from pydantic import Field

from protocol.messages import Fen, Handle, Message, Payee

Way = Literal["all", "in", "out"]
Period = Literal["month", "days-30", "days-90"]
"""This month of the accounting date, or so many days that end with it."""
MovementKind = Literal["transfer", "fee", "reversal", "opening", "other"]
Currency = Literal["USD", "EUR", "GBP", "HKD", "JPY"]
UNITS: dict[str, int] = {"USD": 100, "EUR": 100, "GBP": 100, "HKD": 100, "JPY": 10_000}
"""So much of each is priced: the terminal's words say so."""
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Service = Literal["cash", "cards", "loans", "wealth", "exchange", "boxes"]
MOST = 40
"""Movements of one reply."""
PAYEES = 5


class MovementsAsked(Message):
    """What has moved on an account of hers?"""

    customer: Handle
    account: Handle
    period: Period
    way: Way = "all"
    before: str = Field(default="", max_length=64)
    """The id of a movement that was shown: only older ones are wanted."""


class Movement(Message):
    """One line of a statement; the other side is masked."""

    id: Handle
    at: int
    """UTC milliseconds."""
    day: date
    """Accounting date."""
    kind: MovementKind
    amount: int
    """Below zero where it left the account."""
    balance: int
    """Of the account, just after it."""
    party_masked: str = ""
    party_name: str = ""
    reference: str = ""


class Movements(Message):
    """Newest first; `more` when older ones of the period follow."""

    since: date
    until: date
    movements: tuple[Movement, ...] = Field(default=(), max_length=MOST)
    more: bool = False
    take: bool = False
    """It can be had as a PDF."""


class StatementAsked(Message):
    """A statement of a whole period, to take along as a PDF."""

    customer: Handle
    account: Handle
    period: Period
    way: Way = "all"
    language: Literal["zh", "en", "ar"]


class PaperLink(Message):
    """Where her phone fetches it, once: the link itself is the key, and nothing in it names her."""

    url: str = Field(pattern=r"^https://[^/]+/.*[A-Za-z0-9_-]{43}$", max_length=200)
    until: int
    """UTC milliseconds after which it is gone."""


class Payees(Message):
    """The last people she sent money to, newest first."""

    payees: tuple[Payee, ...] = Field(default=(), max_length=PAYEES)


class ExchangeRate(Message):
    """What `UNITS` of a foreign currency cost, in fen: the bank buys at `buy` and sells at `sell`."""

    currency: Currency
    buy: Fen
    sell: Fen


class ExchangeRates(Message):
    """The exchange rates of a moment, for information only."""

    at: int
    """UTC milliseconds."""
    rates: tuple[ExchangeRate, ...] = ()


class Hours(Message):
    """When the branch is open, from the first to the last of these days."""

    first: Weekday
    last: Weekday
    opens: str = Field(pattern=r"^[0-2][0-9]:[0-5][0-9]$")
    closes: str = Field(pattern=r"^[0-2][0-9]:[0-5][0-9]$")


class BranchInformation(Message):
    """What anybody may know of the branch."""

    branch: str
    telephone: str = ""
    hours: tuple[Hours, ...] = ()
    services: tuple[Service, ...] = ()
