"""What crosses the wire when a customer looks after her cards: a loss report.

Kept apart from money: nothing here moves any. Amounts, times and bytes are as in `protocol.messages`.
"""

from datetime import date
from typing import Literal

from pydantic import Field

from protocol import messages as m


class LossAsked(m.Message):
    """Which cards could be reported lost? `who`: a claim is enough, a customer's handle will do."""

    visit: str = Field(pattern=m.VISIT)
    who: m.Handle


class LossCard(m.Message):
    """A card of hers, in use or not."""

    handle: m.Handle
    masked: str
    state: Literal["active", "lost", "stopped"]
    """`stopped`: by the bank, for another reason."""
    until: date | None = None
    """Of a card reported lost for a time: its last day."""


class LossCards(m.Message):
    """Her cards, and how long a report made now would hold."""

    cards: tuple[LossCard, ...] = ()
    every: m.Handle
    """Stands for all of them at once."""
    until: date
    """Last day of a temporary report made now."""


class LossOrder(m.Order):
    """Stop a card, or all of them, for a few days."""

    card: m.Handle
    card_masked: str
    """Empty: all cards."""
    until: date


class LossReport(m.Message):
    """Do it, under a key born on the terminal; harmless to repeat, also after the visit."""

    key: str = Field(pattern=m.KEY)
    trace: int = Field(gt=0)
    code: Literal["LOSS-TEMPORARY"] = "LOSS-TEMPORARY"
    operator: str
    channel: Literal["VTM"] = "VTM"
    order: LossOrder
