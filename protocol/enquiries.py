"""What can be looked at without anything moving: statements, and what goes with them."""

from datetime import date
from typing import Literal

from pydantic import Field

from protocol.messages import Handle, Message, Payee

Way = Literal["all", "in", "out"]
Period = Literal["month", "days-30", "days-90"]
"""This month of the accounting date, or so many days that end with it."""
MovementKind = Literal["transfer", "fee", "reversal", "opening", "other"]
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


class Payees(Message):
    """The last people she sent money to, newest first."""

    payees: tuple[Payee, ...] = Field(default=(), max_length=PAYEES)
