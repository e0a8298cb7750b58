"""Billers: the port that a bank's bill payment platform answers, beside its core.

The money itself moves in the core, to the biller's collection account; the biller is told afterwards, under the same
key. Calls are synchronous and may block. Amounts are integer fen.

What every implementation must keep:

- A notice under a key is taken or refused once; the same key asked again answers what was recorded.
- Withdrawing a key that was never taken bars it: a notice that comes later under it is refused.
- A key that was taken stays taken: withdrawing it answers so, with its proof.
- A bill takes no more than is due; one that is paid refuses with `BILL_PAID`, at the enquiry as at the notice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol, runtime_checkable

from protocol.messages import Reason


class BillerRefused(Exception):
    """The biller said no: `NO_BILL`, `BILL_PAID`, `BILL_AMOUNT` or `BILLER_REFUSED`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class BillerAway(Exception):
    """The biller does not answer now; nothing is known about what was asked."""


@dataclass(frozen=True)
class BillerRegion:
    """A place with billers of its own; its names by language."""

    id: str
    names: Mapping[str, str]


@dataclass(frozen=True)
class BillerKnown:
    """Somebody who sends bills."""

    id: str
    kind: str
    region: str
    names: Mapping[str, str]
    collection: str
    """Account at this bank to which its customers pay."""
    shortest: int
    longest: int


@dataclass(frozen=True)
class Due:
    """What is due now under a customer's number with a biller."""

    name: str = field(repr=False)
    period: str
    amount: int
    least: int
    """The least that is taken; `amount` where it must be the whole."""
    until: date | None = None


@dataclass(frozen=True)
class Notice:
    """Money for a bill is on the biller's account."""

    biller: str
    number: str = field(repr=False)
    amount: int
    reference: str
    """The host's own, of the posting."""


@dataclass(frozen=True)
class BillerWord:
    """What a biller says of a key."""

    status: Literal["unknown", "taken", "refused", "withdrawn"]
    """`unknown` promises nothing about later."""
    proof: str = ""
    """The biller's own number of what it has taken."""


class NoBillers:
    """A branch whose bank pays no bills: there are none."""

    def regions(self) -> list[BillerRegion]:
        return []

    def catalogue(self, region: str) -> list[BillerKnown]:  # noqa: ARG002
        return []

    def find(self, biller: str) -> BillerKnown | None:  # noqa: ARG002
        return None

    def collects(self, account: str) -> bool:  # noqa: ARG002
        return False

    def due(self, biller: str, number: str) -> Due:  # noqa: ARG002
        raise BillerRefused(Reason.NO_BILL)

    def notify(self, key: str, notice: Notice) -> str:  # noqa: ARG002
        raise BillerRefused(Reason.BILLER_REFUSED)

    def state(self, biller: str, key: str) -> BillerWord:  # noqa: ARG002
        return BillerWord("unknown")

    def withdraw(self, biller: str, key: str) -> BillerWord:  # noqa: ARG002
        return BillerWord("withdrawn")


@runtime_checkable
class Billers(Protocol):
    """The billers that this branch's customers can pay."""

    def regions(self) -> list[BillerRegion]:
        """All regions, the branch's own first."""
        ...

    def catalogue(self, region: str) -> list[BillerKnown]:
        """The billers of a region, in the order in which they are shown."""
        ...

    def find(self, biller: str) -> BillerKnown | None:
        """By its id."""
        ...

    def collects(self, account: str) -> bool:
        """Is this a biller's collection account? Whom she pays by bills is offered to nobody as a payee."""
        ...

    def due(self, biller: str, number: str) -> Due:
        """What is due. Raises BillerRefused (`NO_BILL`, `BILL_PAID`) and BillerAway."""
        ...

    def notify(self, key: str, notice: Notice) -> str:
        """Tell it that a bill is paid: its proof number. Raises BillerRefused, and BillerAway when nobody knows."""
        ...

    def state(self, biller: str, key: str) -> BillerWord:
        """What is recorded under a key. Raises BillerAway."""
        ...

    def withdraw(self, biller: str, key: str) -> BillerWord:
        """Take a notice back unless it was taken: never `unknown`. Raises BillerAway."""
        ...
