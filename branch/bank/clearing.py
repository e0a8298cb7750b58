"""Clearing: the port by which money goes to other banks.

The reference clearing implements it, and so does a bank's own adapter; `branch clearing check` runs one suite against
either. Calls are synchronous and may block: the server runs them outside its event loop. Amounts are integer fen.

What every implementation must keep:

- `send` with the same key and the same order is harmless; with another order it raises ClearingRefused("conflict").
- What was sent ends once: credited, or returned with a reason. An ending never changes.
- ClearingUnavailable says nothing about what was asked. ClearingRefused says that it will never be sent.
- The money of an order lies on the bank's own account (`account`) in the core until the order has ended. The branch
  posts it there, and from there on; the clearing moves nothing in the core.
"""

import enum
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable


class ClearingUnavailable(Exception):
    """The clearing cannot answer now; nothing is known about what was asked."""


class ClearingRefused(Exception):
    """The clearing does not take an order, now or ever: `bank`, `account` or `conflict`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NameCheck(enum.StrEnum):
    """Does a name belong to an account, as far as its bank says?"""

    MATCH = "match"
    CLOSE = "close"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ClearingBank:
    """A bank of the directory."""

    code: str
    name: str
    """In Chinese."""
    latin: str
    beginnings: tuple[str, ...] = ()
    """First digits of its account and card numbers."""


@dataclass(frozen=True)
class Named:
    """What the other bank says of a name: with MATCH and CLOSE its own spelling, masked."""

    check: NameCheck
    masked: str = ""


@dataclass(frozen=True)
class ClearingOrder:
    """Money for an account at another bank."""

    bank: str
    number: str
    name: str
    amount: int
    payer: str
    """The account that it comes from."""


@dataclass(frozen=True)
class ClearingState:
    """How far an order has come."""

    status: Literal["unknown", "sent", "credited", "returned"]
    reason: str = ""
    """Of what came back: `account`, `name`, `bank` or `other`."""


@runtime_checkable
class Clearing(Protocol):
    """The way to other banks, as this branch needs it."""

    account: str
    """The bank's own account in the core where money waits until it has arrived or come back."""
    settlement: str
    """The bank's own account in the core to which it goes when the other bank has credited it."""

    def banks(self) -> tuple[ClearingBank, ...]:
        """The directory, in the order in which it is shown."""
        ...

    def check(self, bank: str, number: str, name: str) -> Named:
        """Is it the account's name? UNKNOWN where the other bank does not say."""
        ...

    def send(self, key: str, order: ClearingOrder) -> None:
        """Send it once. Raises ClearingRefused, ClearingUnavailable."""
        ...

    def state(self, key: str) -> ClearingState:
        """What has become of it."""
        ...


class NoClearing:
    """A bank that sends nothing to others from its terminals."""

    account = settlement = ""

    def banks(self) -> tuple[ClearingBank, ...]:
        """None."""
        return ()

    def check(self, bank: str, number: str, name: str) -> Named:  # noqa: ARG002
        """Nobody can say."""
        raise ClearingUnavailable

    def send(self, key: str, order: ClearingOrder) -> None:  # noqa: ARG002
        """Never."""
        raise ClearingUnavailable

    def state(self, key: str) -> ClearingState:  # noqa: ARG002
        """Nobody can say."""
        raise ClearingUnavailable


def bank_of(banks: tuple[ClearingBank, ...], number: str) -> ClearingBank | None:
    """The bank with the longest beginning that fits the number."""
    fits = [(len(first), one) for one in banks for first in one.beginnings if number.startswith(first)]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None
