"""Core: the port that a core-banking system answers.

The reference ledger implements it, and so does a bank's own adapter; `branch core check` runs one suite against
either. Calls are synchronous and may block: the server runs them outside its event loop. Amounts are integer fen.

What every implementation must keep:

- The same key with the same body answers what was recorded; with another body it is a `CONFLICT`.
- A refused post is recorded: asking again refuses again.
- post, confirm, void and reverse of one key contend for one row, locked before anything is read.
- Reversing an unknown key leaves a tombstone: that key can never post afterwards.
- An act that moves no money (a loss report, a lower limit, another phone) is recorded under its key like a post;
  reversing a done one answers STANDS.
- Transfers are immutable; a reversal is a transfer of its own. The books balance at every moment.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from protocol.messages import Ending, KeyState, Reason


class CoreRefused(Exception):
    """The core said no, and has recorded that it did when a key was given."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason, self.detail = reason, detail


class CoreUnavailable(Exception):
    """The core cannot answer now; nothing is known about what was asked."""


@dataclass(frozen=True)
class CoreCustomer:
    """Who the core knows."""

    id: str
    name: str
    id_number: str
    phone: str = ""
    """The registered telephone number, digits; empty when there is none."""
    phone_since: date | None = None
    """Accounting date of its last change, where the core knows one."""


@dataclass(frozen=True)
class CoreCard:
    """A card of a customer, and the account behind it."""

    pan: str
    account: str
    sequence: str
    expiry: date
    state: str
    """`active`, `lost`, `blocked` or `capture`."""
    lost_until: date | None = None
    """Of a card reported lost for a time: the last day on which it is; None when it is for good."""


@dataclass(frozen=True)
class CoreAccount:
    """An account. `balance` is posted money; `available` leaves out what pending transfers hold."""

    number: str
    customer: str
    kind: str
    name: str
    balance: int
    available: int
    limit_today: int
    limit_day: int = 0
    """What may leave it in a whole day."""


@dataclass(frozen=True)
class CoreOrder:
    """A transfer as the core sees it."""

    source: str
    target: str
    amount: int
    fee: int
    code: str
    branch: str
    terminal: str
    operator: str
    trace: int


@dataclass(frozen=True)
class CorePosted:
    """A recorded posting."""

    reference: str
    accounting_date: date
    status: str
    """`done` or `pending`."""
    balance: int


@dataclass(frozen=True)
class CoreLoss:
    """Cards of one customer, reported lost."""

    customer: str
    pans: tuple[str, ...]
    until: date | None
    """The last day on which they are stopped; None: until a person lifts it."""
    code: str
    branch: str
    terminal: str
    operator: str
    trace: int


@dataclass(frozen=True)
class CoreLimit:
    """A lower day's limit of an account, and what it was when the customer saw it."""

    account: str
    before: int
    after: int
    code: str
    branch: str
    terminal: str
    operator: str
    trace: int


@dataclass(frozen=True)
class CorePhone:
    """Another telephone number of a customer, and the one that it takes the place of ("" for none)."""

    customer: str
    before: str
    after: str
    code: str
    branch: str
    terminal: str
    operator: str
    trace: int


@dataclass(frozen=True)
class CoreDone:
    """A recorded act that moved no money."""

    reference: str
    accounting_date: date


@dataclass(frozen=True)
class CoreReversed:
    """How a reversal ended."""

    ending: Ending
    reference: str = ""


@dataclass(frozen=True)
class CoreSpan:
    """Which movements of an account are asked for: by accounting date, both days included."""

    since: date
    until: date
    way: str = "all"
    """`all`, `in` or `out`."""
    before: str = ""
    """The id of a movement: only older ones are wanted."""
    most: int = 40


@dataclass(frozen=True)
class CoreMovement:
    """One line of a statement. Pending postings are none: they have moved nothing."""

    id: str
    """The core's own word for it, at most 64 characters."""
    at: int
    """UTC milliseconds."""
    day: date
    """Accounting date."""
    kind: str
    """`transfer`, `fee`, `reversal`, `opening` or `other`."""
    amount: int
    """Below zero where it left the account."""
    balance: int
    """Of the account, just after it."""
    party: str = ""
    """Account number on the other side, where that is a customer's."""
    party_name: str = ""
    reference: str = ""
    """The host's own reference of the posting, where there is one."""


@dataclass(frozen=True)
class CorePayee:
    """Somebody to whom a customer has sent money."""

    number: str
    name: str


@dataclass(frozen=True)
class CoreRate:
    """What `unit` of a foreign currency cost in fen: the bank buys at `buy` and sells at `sell`."""

    currency: str
    """ISO 4217."""
    unit: int
    buy: int
    sell: int


@dataclass(frozen=True)
class CoreRates:
    """The exchange rates of a moment, in the order in which they are shown."""

    at: int
    """UTC milliseconds."""
    rates: tuple[CoreRate, ...]


class Core(Protocol):
    """A core-banking system, as this branch needs it."""

    can_reverse: bool
    """False for a core without reversals: then `reverse` answers STANDS for what is posted."""

    def accounting_date(self) -> date:
        """The host's day: it moves at the cut-over, not at midnight."""
        ...

    def customer(self, id_number: str) -> CoreCustomer | None:
        """By document number."""
        ...

    def customer_by_id(self, customer: str) -> CoreCustomer | None:
        """By the core's own number."""
        ...

    def cards(self, customer: str) -> list[CoreCard]:
        """All cards of a customer."""
        ...

    def card(self, pan: str) -> tuple[CoreCard, CoreCustomer] | None:
        """A card and its holder."""
        ...

    def accounts(self, customer: str) -> list[CoreAccount]:
        """Accounts in a stable order."""
        ...

    def account(self, number: str) -> CoreAccount | None:
        """Any account of this bank, to find a payee."""
        ...

    def movements(self, account: str, span: CoreSpan) -> list[CoreMovement]:
        """What has moved on an account, newest first, at most `span.most`."""
        ...

    def recent_payees(self, customer: str, most: int) -> list[CorePayee]:
        """To whom she has sent money, newest first, each once; neither herself nor anybody who takes none any more.

        What is only held, or was taken back, has gone to nobody.
        """
        ...

    def rates(self) -> CoreRates:
        """The exchange rates as they stand; none where the bank changes no money."""
        ...

    def fee(self, source: str, target: str, amount: int) -> int:
        """What this transfer would cost now."""
        ...

    def post(self, key: str, order: CoreOrder, *, pending: bool) -> CorePosted:
        """Move money once, or hold it until `confirm` or `void`. Raises CoreRefused, CoreUnavailable."""
        ...

    def confirm(self, key: str) -> CorePosted:
        """Turn a pending posting into a done one; a done one stays done."""
        ...

    def void(self, key: str) -> CoreReversed:
        """Let a pending posting go; nothing has moved then."""
        ...

    def reverse(self, key: str) -> CoreReversed:
        """Take back what was posted, or bar the key if it never came."""
        ...

    def state(self, key: str) -> KeyState:
        """What is recorded under a key."""
        ...

    def report_loss(self, key: str, loss: CoreLoss) -> CoreDone:
        """Stop these cards at once, all in one act: their state is `lost` until the day is over, or a person lifts it.

        Cards that are stopped already stay as they are; when that is all of them, the refusal is `REPORTED`.
        """
        ...

    def lift_loss(self, reference: str) -> int:
        """A person at the bank takes a report back: how many cards it sets free, none when it stands no more."""
        ...

    def lower_limit(self, key: str, limit: CoreLimit) -> CoreDone:
        """Let less leave an account in a day.

        Refused `LIMIT_UP` when it would be no less, `CONFLICT` when it was not what the customer saw.
        """
        ...

    def change_phone(self, key: str, phone: CorePhone) -> CoreDone:
        """Let another telephone number be hers; `phone_since` of the customer is then today.

        Refused `UNKNOWN_CUSTOMER` for nobody's, `CONFLICT` when `before` is not what stands, `PHONE_SAME` when nothing
        would change.
        """
        ...
