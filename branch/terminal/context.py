"""What every call works with, and the ways it can say no."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from branch.bank.billers import Billers, NoBillers
from branch.bank.clearing import Clearing
from branch.bank.codes import CodeSender, Nobody
from branch.bank.core import Core, CoreCard
from branch.bank.hsm import Hsm
from branch.bank.risk import Risk, RuleRisk
from branch.rules import RULES, Rules
from branch.service import ServiceHours
from branch.store import visits
from branch.store.db import Database
from branch.store.visits import Customer
from branch.switches import Board
from protocol.enquiries import Hours, Service
from protocol.messages import Mend, Reason, SwitchReason


@runtime_checkable
class Issuer(Protocol):
    """Who stands behind a chip card; fields 55 and the answer (tag 91) in hex, amounts in fen."""

    def verify(self, pan: str, sequence: str, field55: str, amount: int) -> bool:
        """Is it an ARQC of this card for exactly this amount?"""
        ...

    def verify_tc(self, pan: str, sequence: str, field55: str, amount: int) -> bool:
        """Did the card end with a TC for this amount?"""
        ...

    def answer(self, pan: str, sequence: str, field55: str, *, approve: bool = True) -> str:
        """ARPC and response code."""
        ...

    def transaction_of(self, field55: str) -> str:
        """What names one transaction of one card: ATC and unpredictable number."""
        ...


class Refusal(Exception):
    """The bank says no to an enquiry."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason, self.detail = reason, detail


class Trouble(Exception):
    """The call cannot be served; it says nothing about what the bank thinks of it."""

    def __init__(self, status: int, reason: str, mend: Mend, detail: str) -> None:
        super().__init__(detail)
        self.status, self.reason, self.mend, self.detail = status, reason, mend, detail


@dataclass(frozen=True)
class Patience:
    """How long handles live, in minutes."""

    claim: int = 15
    session: int = 30


@dataclass(frozen=True)
class Information:
    """What anybody may know of the branch, as its configuration has it."""

    telephone: str = ""
    hours: tuple[Hours, ...] = ()
    services: tuple[Service, ...] = ()


@dataclass(frozen=True)
class Branch:
    """One branch of one bank, and what stands behind it."""

    bank: str
    name: str
    db: Database
    core: Core
    clearing: Clearing
    hsm: Hsm
    issuer: Issuer
    mark_key: bytes = field(repr=False)
    """Under it a card's number becomes its mark, so that the number itself need not be kept here."""
    random: Callable[[int], bytes] = field(repr=False)
    patience: Patience = Patience()
    information: Information = Information()
    switched_off: Callable[[], Mapping[str, SwitchReason]] = dict
    """Transactions that are not offered now, and why."""
    board: Board = field(init=False, repr=False)
    """What is switched off for the fleet, this branch or one of its terminals."""
    service: ServiceHours = field(default_factory=lambda: ServiceHours(lambda: 0, RULES))
    """When its terminals serve."""
    rules: Rules = RULES
    papers: str = ""
    """The address at which customers' phones reach this branch, without a path; empty: none is set up."""
    risk: Risk = field(default_factory=RuleRisk)
    sender: CodeSender = field(default_factory=Nobody, repr=False)
    billers: Billers = field(default_factory=NoBillers, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "board", Board(self.db, self.name))

    @property
    def now(self) -> int:
        """UTC milliseconds."""
        return self.db.clock()

    def handle(self) -> str:
        """A fresh handle: 144 random bits."""
        return self.random(18).hex()

    def mark(self, pan: str) -> str:
        """The mark of a card."""
        return mark_of(self.mark_key, pan)

    def card_of(self, customer: str, mark: str) -> CoreCard | None:
        """The card behind a mark, from the core."""
        return next((card for card in self.core.cards(customer) if self.mark(card.pan) == mark), None)

    def minutes(self, minutes: int) -> int:
        """The moment so many minutes from now."""
        return self.now + minutes * 60_000


def mark_of(mark_key: bytes, pan: str) -> str:
    """HMAC-SHA256 of a card's number, hex."""
    return hmac.digest(mark_key, pan.encode(), hashlib.sha256).hex()


def own(terminal: str, visit_or_key: str) -> None:
    """Raise unless the visit (or key) was born on the terminal whose certificate this is."""
    if visit_or_key.partition("-")[0] != terminal:
        raise Trouble(403, "foreign", Mend.US, "the visit belongs to another terminal")


def offered(branch: Branch, transaction: str, terminal: str = "") -> None:
    """Raise Refusal(CLOSED) when it is switched off, whatever a terminal has heard of that."""
    off = branch.board(terminal) | dict(branch.switched_off())
    if (why := off.get(transaction)) is not None:
        raise Refusal(Reason.CLOSED, f"{transaction} is switched off: {why}")


def live(branch: Branch, terminal: str, handle: str, *, visit: str = "") -> Customer:
    """The confirmed customer behind a handle, at this terminal (and in this visit); raises Refusal(SIGNED_OUT)."""
    with branch.db.read() as tx:
        customer = visits.session(tx, handle, branch.now)
    if customer is None or customer.state != "confirmed" or customer.terminal != terminal:
        raise Refusal(Reason.SIGNED_OUT)
    if visit and customer.visit != visit:
        raise Refusal(Reason.SIGNED_OUT)
    return customer
