"""A core under test: what every check of the contract suite works on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

from branch.bank.core import (
    Core,
    CoreCard,
    CoreDone,
    CoreLoss,
    CoreMovement,
    CoreOrder,
    CorePosted,
    CoreRefused,
    CoreSpan,
)
from branch.bank.corewire import Specimen
from branch.bank.promise import Broken, ensure, found
from protocol.messages import Ending, Reason

AMOUNT = 101  # fen; odd, so that a mix-up with yuan or an amount of ten shows


@dataclass(frozen=True)
class Bench:
    """A core under test."""

    core: Core
    specimen: Specimen
    fresh_key: Callable[[], str]

    @property
    def order(self) -> CoreOrder:
        """A small transfer that must be possible, priced by the core itself."""
        one = self.specimen
        fee = self.core.fee(one.source, one.target, AMOUNT)
        return CoreOrder(one.source, one.target, AMOUNT, fee, "TRF-OWN-BANK", "0001", "CHECK", "CHECK", next(traces))

    def money(self) -> tuple[int, int, int]:
        """Balance and available money of the source, balance of the target."""
        source = found(self.core.account(self.specimen.source), "the source is not found")
        target = found(self.core.account(self.specimen.target), "the target is not found")
        return source.balance, source.available, target.balance

    def movements(self, account: str, **span: str | int) -> list[CoreMovement]:
        """Today's, newest first."""
        today = self.core.accounting_date()
        return self.core.movements(account, replace(CoreSpan(today, today), **span))  # type: ignore[arg-type]

    @property
    def card(self) -> CoreCard:
        """The specimen's card as it is now."""
        return found(self.core.card(self.specimen.pan), "the card is not found")[0]

    @property
    def loss(self) -> CoreLoss:
        """That card, reported lost until five days from now."""
        holder = found(self.core.card(self.specimen.pan), "the card is not found")[1]
        until = self.core.accounting_date() + timedelta(days=5)
        stamp = ("LOSS-TEMPORARY", "0001", "CHECK", "CHECK")
        return CoreLoss(holder.id, (self.specimen.pan,), until, *stamp, next(traces))

    def refusal(self, act: Callable[[], CorePosted | CoreDone]) -> Reason:
        """The reason with which `act` is refused."""
        try:
            act()
        except CoreRefused as no:
            return no.reason
        raise Broken("it was not refused")

    def give_back(self, key: str) -> None:
        """Leave no trace, when the core can."""
        if self.core.can_reverse:
            ensure(self.core.reverse(key).ending is Ending.REVERSED, "a done posting was not reversed")


traces = count(1)
"""Trace numbers for its orders."""
