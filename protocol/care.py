"""What crosses the wire when a customer looks after what is hers: a loss report, a limit, a code.

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
    """Stop a card, or all of them."""

    card: m.Handle
    card_masked: str
    """Empty: all cards."""
    until: date | None
    """Last day; None: a formal report, until a person lifts it."""
    customer: str = Field(default="", max_length=64)
    """Handle of the session that stepped up for a formal report; a temporary one needs none."""


class Act(m.Message):
    """Do something that moves no money, under a key born on the terminal."""

    key: str = Field(pattern=m.KEY)
    trace: int = Field(gt=0)
    code: str = Field(max_length=32)
    operator: str
    channel: Literal["VTM"] = "VTM"
    mac: m.Hex = ""
    """Made by the pad over `protocol.messages.authenticated`; an act without one is refused."""


class LossReport(Act):
    """Stop it; harmless to repeat, also after the visit."""

    code: Literal["LOSS-TEMPORARY", "LOSS-FORMAL"]
    order: LossOrder


class LimitOrder(m.Order):
    """Let less leave an account in a day."""

    account: m.Handle
    account_masked: str
    before: m.Fen
    after: m.Fen


class LimitChange(Act):
    """Lower it."""

    code: Literal["LIMIT-DOWN"] = "LIMIT-DOWN"
    customer: m.Handle
    order: LimitOrder


class CodeAsked(m.Message):
    """Send her a one-time code, to the phone that the bank has of her."""

    customer: m.Handle
    why: Literal["new-payee", "limit-change", "formal-loss", "phone-change"]
    language: str = Field(pattern=r"^[a-z]{2}$")


class CodeSent(m.Message):
    """It is on its way."""

    phone: str
    """Masked."""
    digits: int
    minutes: int
    """For how long it is good."""


class CodeTyped(m.Message):
    """What she typed."""

    customer: m.Handle
    code: str = Field(pattern=r"^[0-9]{4,10}$")


class PinCards(m.Message):
    """Cards whose PIN she may change, each with a number of this session for the PIN blocks."""

    cards: tuple[m.CardOnFile, ...] = ()


class PinOrder(m.Order):
    """Give a card another PIN."""

    card: m.Handle
    card_masked: str


class PinChange(Act):
    """Change it: three blocks that only the security module opens, sent once and never written down."""

    code: Literal["PIN-CHANGE"] = "PIN-CHANGE"
    customer: m.Handle
    order: PinOrder
    old: m.PinCheck
    new: m.PinCheck
    again: m.PinCheck


class PhoneNow(m.Message):
    """The phone that the bank has of her, masked; empty when there is none."""

    phone: str


class DocumentShown(m.Message):
    """Her identity card was read in this visit: whose is it?"""

    customer: m.Handle
    document: m.Document


class Approval(m.Message):
    """What a person at the branch says of a phone change, asked for under a number that she can read out."""

    reference: str
    state: Literal["waiting", "approved", "refused"]


class NewPhoneAsked(m.Message):
    """Send a one-time code to the phone that is to be hers."""

    customer: m.Handle
    phone: str = Field(pattern=r"^1[3-9][0-9]{9}$")
    language: str = Field(pattern=r"^[a-z]{2}$")


class NewPhone(m.Message):
    """The code was right: she holds that phone."""

    handle: m.Handle
    phone: str
    """Masked."""
    before: str
    """Masked: the phone that it takes the place of."""
    full_from: date
    """Until the day before, what is risky needs a person, and not a code to this phone alone."""


class PhoneOrder(m.Order):
    """Let another phone be hers."""

    phone: m.Handle
    before_masked: str
    after_masked: str
    full_from: date


class PhoneChange(Act):
    """Change it."""

    code: Literal["PHONE-CHANGE"] = "PHONE-CHANGE"
    customer: m.Handle
    order: PhoneOrder
    language: str = Field(pattern=r"^[a-z]{2}$")
    """In which the old phone is told."""
