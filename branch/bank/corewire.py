"""Core over HTTP: the messages of `/core/v1`, which an adapter in any language can serve (docs/wires.md).

Those of acts that move no money are in `branch.bank.carewire`.
"""

from datetime import date
from typing import Literal

from pydantic import Field

from branch.bank.core import (
    CoreAccount,
    CoreCard,
    CoreCustomer,
    CoreMovement,
    CoreOrder,
    CorePayee,
    CorePosted,
    CoreRate,
    CoreRates,
    CoreReversed,
    CoreSpan,
)
from protocol.enquiries import MovementKind, Way
from protocol.messages import KEY, Ending, Message

PREFIX = "/core/v1"


class NoBody(Message):
    """Nothing to ask beyond the path."""


class AboutReply(Message):
    """What this core is able to do."""

    can_reverse: bool


class DayReply(Message):
    """The host's accounting date."""

    accounting_date: date


class IdNumber(Message):
    """A customer by document number."""

    id_number: str


class CustomerId(Message):
    """A customer by the core's own number."""

    customer: str


class PanAsked(Message):
    """A card by its number."""

    pan: str


class NumberAsked(Message):
    """An account by its number."""

    number: str


class Customer(Message):
    """A customer."""

    id: str
    name: str
    id_number: str
    phone: str = ""
    phone_since: date | None = None

    def value(self) -> CoreCustomer:
        """As the port has it."""
        return CoreCustomer(self.id, self.name, self.id_number, self.phone, self.phone_since)


class CustomerReply(Message):
    """A customer, or null."""

    customer: Customer | None


class Card(Message):
    """A card."""

    pan: str
    account: str
    sequence: str
    expiry: date
    state: Literal["active", "lost", "blocked", "capture"]
    lost_until: date | None = None

    def value(self) -> CoreCard:
        """As the port has it."""
        return CoreCard(self.pan, self.account, self.sequence, self.expiry, self.state, self.lost_until)


class CardsReply(Message):
    """Cards of a customer."""

    cards: tuple[Card, ...]


class CardReply(Message):
    """A card and its holder, or two nulls."""

    card: Card | None
    customer: Customer | None


class Account(Message):
    """An account."""

    number: str
    customer: str
    kind: Literal["current", "savings"]
    name: str
    balance: int
    available: int
    limit_today: int
    limit_day: int = 0

    def value(self) -> CoreAccount:
        """As the port has it."""
        return CoreAccount(
            self.number,
            self.customer,
            self.kind,
            self.name,
            self.balance,
            self.available,
            self.limit_today,
            self.limit_day,
        )


class AccountsReply(Message):
    """Accounts in a stable order."""

    accounts: tuple[Account, ...]


class AccountReply(Message):
    """An account, or null."""

    account: Account | None


class MovementsAsked(Message):
    """What has moved on an account?"""

    account: str
    since: date
    until: date
    way: Way = "all"
    before: str = Field(default="", max_length=64)
    most: int = Field(gt=0, le=200)

    def span(self) -> CoreSpan:
        """As the port has it."""
        return CoreSpan(self.since, self.until, self.way, self.before, self.most)


class Movement(Message):
    """One line of a statement."""

    id: str = Field(min_length=1, max_length=64)
    at: int
    day: date
    kind: MovementKind
    amount: int
    balance: int
    party: str = ""
    party_name: str = ""
    reference: str = ""

    def value(self) -> CoreMovement:
        """As the port has it."""
        return CoreMovement(**self.model_dump())


class MovementsReply(Message):
    """Newest first."""

    movements: tuple[Movement, ...]


class PayeesAsked(Message):
    """To whom has she sent money?"""

    customer: str
    most: int = Field(gt=0, le=50)


class Payee(Message):
    """Somebody to whom a customer has sent money."""

    number: str
    name: str

    def value(self) -> CorePayee:
        """As the port has it."""
        return CorePayee(self.number, self.name)


class PayeesReply(Message):
    """Newest first."""

    payees: tuple[Payee, ...]


class Rate(Message):
    """What `unit` of a foreign currency costs, in fen."""

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    unit: int = Field(gt=0)
    buy: int = Field(gt=0)
    sell: int = Field(gt=0)


class RatesReply(Message):
    """The exchange rates of a moment."""

    at: int
    rates: tuple[Rate, ...]

    def value(self) -> CoreRates:
        """As the port has it."""
        return CoreRates(self.at, tuple(CoreRate(**one.model_dump()) for one in self.rates))


class FeeAsked(Message):
    """What would it cost?"""

    source: str
    target: str
    amount: int = Field(gt=0)


class FeeReply(Message):
    """Integer fen."""

    fee: int


class Order(Message):
    """A transfer."""

    source: str
    target: str
    amount: int
    fee: int
    code: str
    branch: str
    terminal: str
    operator: str
    trace: int

    def value(self) -> CoreOrder:
        """As the port has it."""
        return CoreOrder(**self.model_dump())


class PostAsked(Message):
    """Move money once, or hold it."""

    key: str = Field(pattern=KEY)
    order: Order
    pending: bool


class OfKey(Message):
    """Confirm, void, reverse or look at a key."""

    key: str = Field(pattern=KEY)


class PostedReply(Message):
    """A recorded posting."""

    reference: str
    accounting_date: date
    status: Literal["done", "pending"]
    balance: int

    def value(self) -> CorePosted:
        """As the port has it."""
        return CorePosted(self.reference, self.accounting_date, self.status, self.balance)


class ReversedReply(Message):
    """How a reversal or a void ended."""

    ending: Ending
    reference: str = ""

    def value(self) -> CoreReversed:
        """As the port has it."""
        return CoreReversed(self.ending, self.reference)


class Specimen(Message):
    """Accounts that the contract suite may use: it moves a few fen between them, and takes them back where it can."""

    id_number: str
    """Of the customer who owns `source`."""
    source: str
    """With at least ¥100.00 in it, and as much left of its limit."""
    target: str
    """Another customer's, open."""
    closed: str
    """An account number to which nothing can be sent."""
    pan: str
    """A card of that customer."""
