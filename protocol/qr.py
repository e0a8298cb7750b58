"""What a QR code says: a tax invoice, a payment or appointment of our own, or something that is none of these.

    01,10,044031900111,12345678,100.00,20310314,12345678901234567890,A1B2,      an invoice (China's VAT invoices)
    VTM1:PAY:WATER-0755:00123456789:12050:20310331                             a bill: biller, number, fen, due date
    VTM1:APT:0001:A1B2C3:20310314:0930                                         an appointment: branch, number, when

Nothing here is signed: a code only says what to ask the bank for, and whatever it names is looked up there. Fields that
may be empty keep their colons. A code is anybody's text, so what fits no pattern is `Unknown`, and never an error.
"""

import re
from dataclasses import dataclass, field
from datetime import date, time

MOST_TEXT = 512
"""Characters that are looked at; ours and invoices have far fewer, a QR code can hold 7089."""
MARK, VERSION = "VTM", "1"
_INVOICE = re.compile(
    r"01,([0-9]{2}),((?:[0-9]{10}|[0-9]{12})?),([0-9]{8}|[0-9]{20}),"
    r"(-?)([0-9]{1,12})(?:\.([0-9]{1,2}))?,([0-9]{8}),([0-9]{0,20})(?:,[0-9A-Za-z]{0,8}){0,2}"
)
_PAYMENT = re.compile(r"([A-Z0-9-]{1,32}):([A-Z0-9-]{1,32}):([1-9][0-9]{0,11})?:([0-9]{8})?")
_APPOINTMENT = re.compile(r"([A-Z0-9]{1,16}):([A-Z0-9]{4,16}):([0-9]{8}):([0-9]{4})")
_OURS = re.compile(rf"{MARK}([0-9]{{1,3}}):([A-Z]{{3}}):(.*)", re.DOTALL)


@dataclass(frozen=True)
class Invoice:
    """What a tax invoice's code says of it; only the tax authority knows whether it is genuine."""

    kind: str
    """Two digits, e.g. 01 special, 04 ordinary, 10 electronic, 32 fully digital."""
    code: str
    """10 or 12 digits; empty on a fully digital invoice."""
    number: str = field(repr=False)
    """8 digits, or 20 on a fully digital one."""
    amount: int = field(repr=False)
    """Fen; below zero when it cancels another. With or without tax, as its kind has it."""
    day: date
    check: str = field(repr=False)
    """The invoice's own check code, up to 20 digits; may be empty."""


@dataclass(frozen=True)
class Payment:
    """A bill to pay."""

    biller: str
    number: str = field(repr=False)
    """The customer's number with that biller."""
    amount: int | None = field(default=None, repr=False)
    """Fen; None when only the biller knows."""
    due: date | None = None


@dataclass(frozen=True)
class Appointment:
    """An appointment made beforehand, in the branch's own time."""

    branch: str
    number: str = field(repr=False)
    day: date
    at: time


@dataclass(frozen=True)
class Unknown:
    """Nothing that this terminal can use."""

    why: str
    """`too long`, `control characters`, `newer version` (ours, not of today), `wrong fields` or `foreign`."""
    text: str = field(default="", repr=False)
    """What stands there; empty when it should not be shown to anybody."""


Content = Invoice | Payment | Appointment | Unknown


def read(text: str) -> Content:
    """What a code's text says. Never raises."""
    if len(text) > MOST_TEXT:
        return Unknown("too long")
    if not text.isprintable():
        return Unknown("control characters")
    try:
        return _ours(text) if text.startswith(MARK) else _invoice(text)
    except ValueError:
        return Unknown("wrong fields", text)


def write(content: Payment | Appointment) -> str:
    """The text of a code of ours; ValueError for one that `read` would not take."""
    if isinstance(content, Payment):
        amount, due = content.amount or "", _day(content.due) if content.due else ""
        text = f"{MARK}{VERSION}:PAY:{content.biller}:{content.number}:{amount}:{due}"
    else:
        day, at = _day(content.day), f"{content.at:%H%M}"
        text = f"{MARK}{VERSION}:APT:{content.branch}:{content.number}:{day}:{at}"
    if read(text) != content:
        raise ValueError("a code cannot say this")
    return text


def _day(day: date) -> str:
    """Eight digits, whatever the year (strftime leaves zeros out)."""
    return day.isoformat().replace("-", "")


def _ours(text: str) -> Content:
    parts = _OURS.fullmatch(text)
    if parts is None:
        return Unknown("foreign", text)
    version, kind, rest = parts.groups()
    if version != VERSION:
        return Unknown("newer version", text)
    if kind == "PAY" and (found := _PAYMENT.fullmatch(rest)):
        biller, number, amount, due = found.groups()
        return Payment(biller, number, int(amount) if amount else None, date.fromisoformat(due) if due else None)
    if kind == "APT" and (found := _APPOINTMENT.fullmatch(rest)):
        branch, number, day, at = found.groups()
        return Appointment(branch, number, date.fromisoformat(day), time(int(at[:2]), int(at[2:])))
    return Unknown("wrong fields", text)


def _invoice(text: str) -> Content:
    found = _INVOICE.fullmatch(text)
    if found is None:
        return Unknown("wrong fields" if re.match(r"01,[0-9]{2},", text) else "foreign", text)
    kind, code, number, sign, yuan, fen, day, check = found.groups()
    amount = int(yuan) * 100 + int((fen or "").ljust(2, "0"))
    return Invoice(kind, code, number, -amount if sign else amount, date.fromisoformat(day), check)
