"""What crosses the wire when a bill is paid or a code is looked up: billers, what is due, an appointment.

Amounts, times and handles are as in `protocol.messages`.
"""

from datetime import date, time
from typing import Annotated, Literal

from pydantic import Field

from protocol import messages as m

BillKind = Literal["water", "electricity", "gas", "phone", "heating"]
Topic = Literal["account", "cards", "loans", "wealth", "exchange", "other"]
Welcome = Literal["expected", "past", "elsewhere", "unknown"]
"""What the branch knows of an appointment: today or later here; over; another branch's; none like it."""
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
BillerId = Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,32}$")]
BillNumber = Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,32}$")]
CODE = "BILL-PAY"
"""Transaction code of a payment to a biller."""
MOST = 5
"""Regions and billers of one reply: more want a better question."""


class BillersAsked(m.Message):
    """Who can be paid in a region? Empty: the branch's own."""

    region: str = Field(default="", max_length=16)
    language: Language


class Region(m.Message):
    """A place with billers of its own, by its name in the language that was asked for."""

    id: str
    name: str


class Biller(m.Message):
    """Somebody who sends bills."""

    id: BillerId
    kind: BillKind
    name: str
    shortest: int
    longest: int
    """Digits of her number with this biller."""


class Billers(m.Message):
    """The billers of a region, and the other regions there are."""

    region: Region
    billers: tuple[Biller, ...] = Field(default=(), max_length=5 * MOST)
    others: tuple[Region, ...] = Field(default=(), max_length=MOST)


class BillAsked(m.Message):
    """What is due under a number with a biller?"""

    customer: m.Handle
    biller: BillerId
    number: BillNumber
    language: Language


class Bill(m.Message):
    """What the biller says is due; the name is masked."""

    handle: m.Handle
    biller: str
    """Its name."""
    masked_name: str
    masked_number: str
    period: str = Field(max_length=24)
    amount: Annotated[int, Field(gt=0, lt=10**15)]
    least: m.Fen
    """The least that the biller takes; as much as `amount` where it takes the whole only."""
    until: date | None = None


class FeeAsked(m.Message):
    """What would paying it from this account cost?"""

    customer: m.Handle
    source: m.Handle
    bill: m.Handle
    amount: m.Fen


class BillFee(m.Message):
    """The bank's fee now."""

    fee: m.Fen


class BillOrder(m.Order):
    """Pay a bill, or part of it."""

    source: m.Handle
    source_masked: str
    bill: m.Handle
    biller: str
    number_masked: str
    payer_masked: str
    period: str
    amount: Annotated[int, Field(gt=0, lt=10**15)]
    fee: m.Fen
    currency: Literal["CNY"] = "CNY"


class BillPost(m.Message):
    """Pay it, under a key born on the terminal."""

    key: str = Field(pattern=m.KEY)
    trace: int = Field(gt=0)
    code: Literal["BILL-PAY"] = "BILL-PAY"
    operator: str
    channel: Literal["VTM"] = "VTM"
    customer: m.Handle
    order: BillOrder
    field55: m.Hex = ""
    mac: m.Hex


class AppointmentAsked(m.Message):
    """What a code says of an appointment: is it one of ours?"""

    branch: str = Field(pattern=r"^[A-Z0-9]{1,16}$")
    number: str = Field(pattern=r"^[A-Z0-9]{4,16}$")
    day: date
    at: time


class Appointment(m.Message):
    """What the branch knows of it: nothing about a person."""

    welcome: Welcome
    topic: Topic = "other"
