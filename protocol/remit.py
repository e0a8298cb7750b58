"""What crosses the wire when money goes to another bank, now, later, or after a delay in which it can be called back.

Amounts and times are as in `protocol.messages`. A transfer is accepted, then sent, then credited or returned; until it
is sent its customer may cancel it.
"""

from datetime import date
from typing import Literal

from pydantic import Field

from protocol import care, messages as m

CODE: Literal["TRF-INTERBANK"] = "TRF-INTERBANK"
CANCEL: Literal["TRF-CANCEL"] = "TRF-CANCEL"
Arrival = Literal["now", "hours-2", "next-day", "hours-24", "later"]
"""When it is sent: at once, two hours or a day from now, on the next accounting date, on a day that she chooses."""
Check = Literal["match", "close", "none", "unknown"]
"""Is the typed name the account's? `unknown`: the other bank does not say."""
State = Literal["waiting", "accepted", "sent", "credited", "returned", "cancelled", "refused", "manual"]
"""`waiting`: for its day, no money has moved. `manual`: a person at the bank has it."""
PENDING = 20
"""Transfers of one list."""


class BanksAsked(m.Message):
    """At which bank is this account?"""

    customer: m.Handle
    number: str = Field(pattern=r"^[0-9]{8,32}$")


class PayeeBank(m.Message):
    """Another bank, as the clearing's directory names it."""

    code: str = Field(max_length=32)
    name: str
    """In Chinese."""
    latin: str


class PayeeBanks(m.Message):
    """The directory; `likely` is the code of the bank whose number it seems to be, "" when none is known."""

    banks: tuple[PayeeBank, ...] = ()
    likely: str = ""


class OutsideAsked(m.Message):
    """An account at another bank, and the name that the customer has typed."""

    customer: m.Handle
    bank: str = Field(max_length=32)
    number: str = Field(pattern=r"^[0-9]{8,32}$")
    name: str = Field(min_length=2, max_length=60)


class Outside(m.Message):
    """A payee at another bank; the name is the other bank's own, masked, when it has told that the typed one fits."""

    handle: m.Handle
    masked_name: str
    masked_number: str
    bank: str
    check: Check


class PriceAsked(m.Message):
    """What would it cost, when could it arrive, and is it safe?"""

    customer: m.Handle
    source: m.Handle
    target: m.Handle
    amount: m.Fen = Field(gt=0)


class Price(m.Message):
    """What it would cost now, and what the dated rule offers."""

    fee: m.Fen
    arrivals: tuple[Arrival, ...]
    days: tuple[int, ...] = ()
    """Of `later`: so many days from the accounting date."""
    accounting_date: date
    step_up: bool = False
    risk: m.Risk = m.Risk()


class RemittanceOrder(m.TransferOrder):
    """Send money to another bank."""

    bank: str
    """As the directory names it."""
    arrival: Arrival
    on: date | None = None
    """The day on which it is sent; only with `later`."""


class Remit(m.Post):
    """Do it, under a key born on the terminal; on a later day no card stands behind it, for nothing moves now."""

    code: Literal["TRF-INTERBANK"] = CODE
    order: RemittanceOrder


class PendingTransfer(m.Message):
    """A transfer to another bank, as far as it has come."""

    handle: m.Handle
    source_masked: str
    target_masked: str
    target_name: str
    bank: str
    amount: m.Fen
    fee: m.Fen
    state: State
    ordered: int
    """UTC milliseconds."""
    due: int = 0
    """UTC milliseconds when it is sent; 0 when a day says it, or when it was."""
    on: date | None = None
    cancel: bool = False
    """True while it can be cancelled."""
    back: m.Fen = 0
    """What then comes back to her: with the fee, unless her bank's core cannot reverse; 0 when nothing was taken."""


class PendingTransfers(m.Message):
    """Newest first, with those of the last days that have ended."""

    transfers: tuple[PendingTransfer, ...] = Field(default=(), max_length=PENDING)


class CancelOrder(m.Order):
    """Do not send it; what was taken comes back."""

    transfer: m.Handle
    target_masked: str
    target_name: str
    bank: str
    amount: m.Fen
    back: m.Fen
    """0 for one that waits for its day: then nothing was taken."""


class Cancel(care.Act):
    """Cancel it."""

    code: Literal["TRF-CANCEL"] = CANCEL
    customer: m.Handle
    order: CancelOrder
