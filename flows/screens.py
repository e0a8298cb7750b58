"""The kinds of screen: frozen, typed values. `Screen[T]` is answered by a `T`.

A screen holds message keys and facts, never sentences, so that the terminal draws it in the customer's language, the
teller's page in the teller's, and a test reads it in none. `words` names the messages that a kind needs under its key:
`<key>` is the heading, `<key>.line` the plain line beneath, `<key>.next` the verb on the one next key.
"""

import enum
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Generic, TypeVar

from protocol.money import Money

T_co = TypeVar("T_co", covariant=True)


class Tone(enum.StrEnum):
    """How a fact is meant; drawn with a shape as well as a colour."""

    CALM = "calm"
    DONE = "done"
    REFUSED = "refused"
    UNSURE = "unsure"


class Picture(enum.StrEnum):
    """What the customer's hand should do, and where."""

    NONE = ""
    ID_CARD_LAY = "id-card-lay"
    ID_CARD_TAKE = "id-card-take"
    CARD_IN = "card-in"
    CARD_OUT = "card-out"
    PIN_PAD = "pin-pad"
    PAPER_TAKE = "paper-take"
    BANK = "bank"
    PERSON = "person"
    CLOCK = "clock"
    CODE = "code"


@dataclass(frozen=True)
class Fact:
    """A labelled value. `label` is a message key; `value` is already masked."""

    label: str
    value: "str | Money | date"
    """A `datetime` too, which is written with its time."""
    strong: bool = False
    message: bool = False
    """True when `value` is itself a message key."""
    number: bool = False
    """True for account and reference numbers: tabular, isolated from right-to-left text."""


@dataclass(frozen=True)
class Option:
    """A large card to touch. `title` and `line` are message keys unless `literal`."""

    id: str
    title: str
    line: str = ""
    literal: bool = False
    amount: Money | None = None
    disabled: str = ""
    """A message key that says why it cannot be chosen now, and what to do instead."""


@dataclass(frozen=True)
class Where:
    """Where am I: "Transfer · 2 of 4". `flow` is a message key."""

    flow: str
    step: int
    of: int


@dataclass(frozen=True)
class Screen(Generic[T_co]):
    """One question or one fact."""

    words: ClassVar[tuple[str, ...]] = ("",)
    key: str
    where: Where | None = field(default=None, kw_only=True)
    private: bool = field(default=False, kw_only=True)
    """True when nobody but the customer may see it."""


@dataclass(frozen=True)
class Attract(Screen[str]):
    """Nobody is here; answered by the language that was touched."""

    words = ("", ".line", ".next")
    languages: tuple[str, ...] = ("zh", "en", "ar")


@dataclass(frozen=True)
class Choose(Screen[str]):
    """Pick one of at most six; answered by the option's id."""

    words = ("", ".line")
    options: tuple[Option, ...] = ()
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class EnterAmount(Screen[Money]):
    """Type an amount."""

    words = ("", ".line", ".next")
    limit: Money = Money(0)
    available: Money = Money(0)


@dataclass(frozen=True)
class EnterNumber(Screen[str]):
    """Type an account or telephone number; answered by its digits."""

    words = ("", ".line", ".next")
    shortest: int = 12
    longest: int = 19
    problem: str = ""
    """A message key: why the last number was not good."""
    group: int = 4
    """Digits that stand together."""
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class EnterText(Screen[str]):
    """Type a name in Latin letters; answered by its capitals."""

    words = ("", ".line", ".next")
    shortest: int = 2
    longest: int = 30
    problem: str = ""
    """A message key: why the last one was not good."""
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Confirmed:
    """The customer's own hand said yes to exactly these facts. Only a Confirm screen makes one, good for one effect."""

    facts: tuple[Fact, ...]
    about: str = ""
    """Of the order behind the facts, which may be masked: see `Confirm.about`."""


@dataclass(frozen=True)
class Confirm(Screen[Confirmed]):
    """Say yes to facts, by one's own hand at the terminal; never answered by the link."""

    words = ("", ".line", ".next")
    facts: tuple[Fact, ...] = ()
    amount: Money | None = None
    about: str = ""
    """Digest of the whole order, so that a yes fits no other that looks the same when it is masked."""
    capitals: str = ""
    """The amount in Chinese capitals."""
    chinese: tuple[Fact, ...] = ()
    """The same facts in Chinese beside another language (银发〔2019〕85); empty where not needed."""


@dataclass(frozen=True)
class Tell(Screen[None]):
    """One thing to know; the customer goes on when she has read it."""

    words = ("", ".line", ".next")
    tone: Tone = Tone.CALM
    facts: tuple[Fact, ...] = ()
    why: str = ""
    """A message key for what happened; the line says what happened to the money."""
    reference: str = ""
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Review(Screen[str]):
    """Facts to look at, with a few things to do about them; answered by an option's id."""

    words = ("", ".line")
    facts: tuple[Fact, ...] = ()
    options: tuple[Option, ...] = ()
    qr: str = ""
    """What her phone's camera reads off the glass."""


@dataclass(frozen=True)
class Entry:
    """A line of a statement; a touch opens it."""

    id: str
    kind: str
    """A message key."""
    amount: Money
    """Below zero where it left the account."""
    balance: Money
    """Of the account, just after it."""
    day: date
    party: str = ""
    """Whom it went to or came from, masked."""


@dataclass(frozen=True)
class Statement(Screen[str]):
    """What has moved on an account, paged; answered by the id of an entry, a way or an option, or by `done`."""

    words = ("", ".line", ".next", ".none")
    entries: tuple[Entry, ...] = ()
    ways: tuple[Option, ...] = ()
    """Ways to look at it, of which `way` is the one shown."""
    way: str = ""
    options: tuple[Option, ...] = ()
    masked: str = ""
    since: date = date.min
    until: date = date.min


@dataclass(frozen=True)
class Prompt(Screen[str]):
    """A device waits for the customer's hand; answered only by an option (another way) or by leaving."""

    words = ("", ".line")
    picture: Picture = Picture.NONE
    options: tuple[Option, ...] = ()
    params: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class EnterPin(Screen[str]):
    """The pad is open. Shows how many digits stand there, and nothing else; no answer of its own."""

    words = ("", ".line")
    masked: str = ""


@dataclass(frozen=True)
class Wait(Screen[str]):
    """The terminal or the bank is at work: what for, and how long it usually takes. No answer."""

    words = ("", ".line")
    usually: int = 2
    """Seconds."""


@dataclass(frozen=True)
class Rate(Screen[int]):
    """How was it? One touch, 1 to 5; 0 for no answer."""

    words = ("", ".line")


@dataclass(frozen=True)
class OutOfService(Screen[str]):
    """The terminal cannot serve now; says why and where to go."""

    words = ("", ".line")
    why: str = ""
    """A message key; `params` fill its places."""
    code: str = ""
    """Small print for the engineer."""
    params: tuple[tuple[str, str], ...] = ()


KINDS: tuple[type[Screen[object]], ...] = (
    Attract, Choose, EnterAmount, EnterNumber, EnterText, Confirm, Tell, Review, Statement, Prompt, EnterPin, Wait,
    Rate, OutOfService,
)  # fmt: skip
