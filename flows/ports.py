"""What a flow needs from outside: a Stage to show screens on, a Bank to ask, Words to put on paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol, TypeVar

from flows.screens import Screen
from protocol import care, enquiries as e, messages as m
from protocol.money import Money

T = TypeVar("T")


class Back(Exception):
    """The customer touched "back"."""


class CallHelp(Exception):
    """The customer touched "help from a person"."""


class Leave(Exception):
    """The customer touched "finish"."""


@dataclass(frozen=True)
class Chrome:
    """What the bottom bar offers beside the screen's own answer."""

    back: Literal["back", "leave", ""] = "back"
    help: bool = True


class Stage(Protocol):
    """Where screens are shown: Kivy at the terminal, a pilot in tests."""

    language: str
    """`zh`, `en` or `ar`; the customer may change it on any screen, the shown screen is then drawn anew."""
    touched: float
    """The event loop's time of the last touch."""
    large: bool
    """Larger type is on."""

    slow: bool
    """The customer reads large letters, listens, or asked for more time."""
    elder: bool
    """She asked for fewer choices and a plainer way."""

    async def show(self, screen: Screen[T], chrome: Chrome) -> T:
        """Draw the screen and wait for its answer. Raises Back, CallHelp or Leave when that is touched.

        Cancelling the call takes the screen off. What was typed is kept for as long as an equal screen follows.
        """
        ...

    def count(self, digits: int) -> None:
        """How many PIN digits stand in the pad: the stars on an EnterPin screen."""
        ...

    def typed(self, text: str) -> None:
        """Digits that came from the pad's clear mode, into the shown EnterAmount or EnterNumber."""
        ...

    async def warn(self, seconds: float) -> None:
        """Lay "are you still here?" with a count-down over the shown screen; returns at a touch."""
        ...

    def reset(self) -> None:
        """The visit is over: forget what was typed, and return to the terminal's own language and type size."""
        ...


class Words(Protocol):
    """The catalogues, in the language that the stage has at that moment (or in `language`)."""

    def text(self, key: str, language: str = "", **params: str | int) -> str:
        """The sentence under a message key. A missing one raises KeyError."""
        ...

    def money(self, money: Money, language: str = "") -> str:
        """With currency sign, grouped by CLDR."""
        ...

    def signed(self, money: Money, language: str = "") -> str:
        """The same with its sign, also where it came in."""
        ...

    def day(self, day: date, language: str = "") -> str:
        """A calendar date, long form."""
        ...

    def moment(self, at: datetime, language: str = "") -> str:
        """A date, long form, with the time to the minute."""
        ...


class Refused(Exception):
    """The bank said no, and has recorded that it did. Nothing moved."""

    def __init__(self, reason: m.Reason, detail: str = "", key: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason, self.detail, self.key = reason, detail, key
        """`key` names the effect that was refused; "" for an enquiry."""


class Unsure(Exception):
    """It may or may not have happened; settle() will find out."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Unreachable(Exception):
    """The bank did not answer an enquiry; nothing was asked to change."""


class Away(Unreachable):
    """Nothing came back at all: the line, or the branch behind it, is down."""


class Bank(Protocol):
    """What a flow may ask of the bank. Enquiries raise Refused or Unreachable; an act that raises is in doubt."""

    async def claim(self, claim: m.Claim) -> m.Claimed: ...
    async def authorise_card(self, proof: m.CardProof) -> m.Authorised: ...
    async def authorise_document(self, proof: m.DocumentProof) -> m.Authorised: ...
    async def confirm_customer(self, customer: str, verdict: m.CardVerdict) -> None: ...
    async def sign_out(self, customer: str) -> None: ...
    async def accounts(self, customer: str) -> tuple[m.Account, ...]: ...
    async def movements(self, asked: e.MovementsAsked) -> e.Movements: ...
    async def recent_payees(self, customer: str) -> tuple[m.Payee, ...]: ...
    async def rates(self) -> e.ExchangeRates: ...
    async def information(self) -> e.BranchInformation: ...
    async def payee(self, customer: str, number: str) -> m.Payee: ...
    async def quote(self, customer: str, order: m.TransferOrder) -> m.Quote: ...
    async def transfer(self, post: m.Post) -> m.Posted: ...
    async def card_said(self, key: str, verdict: m.CardVerdict) -> m.Posted: ...
    async def loss_cards(self, visit: str, who: str) -> care.LossCards: ...
    async def lower_limit(self, change: care.LimitChange) -> m.Outcome: ...
    async def pin_cards(self, customer: str) -> care.PinCards: ...
    async def change_pin(self, change: care.PinChange) -> m.Outcome: ...
    async def send_code(self, asked: care.CodeAsked) -> care.CodeSent: ...
    async def check_code(self, typed: care.CodeTyped) -> None: ...
    async def report_loss(self, report: care.LossReport) -> m.Outcome: ...
    async def reverse(self, key: str, reason: Literal["timeout", "customer", "card", "settle"]) -> m.Reversed: ...
    async def state(self, key: str) -> m.KeyState: ...
    async def manual_case(self, case: m.ManualCase) -> None: ...
    async def report_untold(self, ending: m.UntoldEnding) -> None: ...
    async def untold(self, customer: str) -> m.UntoldEndings: ...
    async def told(self, customer: str, key: str) -> None: ...
    async def call_help(self, call: m.HelpCall) -> m.HelpCalled: ...
    async def incident(self, incident: m.Incident) -> None: ...
    async def rate(self, rating: m.Rating) -> None: ...
    async def keep_preferences(self, customer: str, preferences: m.Preferences | None) -> None: ...


Facts = Mapping[str, str | int | None]
"""What the journal may remember: no secrets, no names, PANs masked."""
