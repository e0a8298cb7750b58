"""Core over HTTP, for what moves no money: loss reports, limits, phones. See `branch.bank.corewire`."""

from datetime import date

from pydantic import Field

from branch.bank.core import CoreDone, CoreLimit, CoreLoss, CorePhone
from protocol.messages import KEY, Message


class Loss(Message):
    """Cards reported lost."""

    customer: str
    pans: tuple[str, ...]
    until: date | None
    code: str
    branch: str
    terminal: str
    operator: str
    trace: int

    def value(self) -> CoreLoss:
        """As the port has it."""
        return CoreLoss(
            self.customer, self.pans, self.until, self.code, self.branch, self.terminal, self.operator, self.trace
        )


class LossAsked(Message):
    """Stop cards once."""

    key: str = Field(pattern=KEY)
    loss: Loss


class Limit(Message):
    """A lower day's limit."""

    account: str
    before: int
    after: int
    code: str
    branch: str
    terminal: str
    operator: str
    trace: int

    def value(self) -> CoreLimit:
        """As the port has it."""
        return CoreLimit(**self.model_dump())


class LimitAsked(Message):
    """Lower a limit once."""

    key: str = Field(pattern=KEY)
    limit: Limit


class Phone(Message):
    """Another telephone number."""

    customer: str
    before: str
    after: str = Field(pattern=r"^[0-9]{5,15}$")
    code: str
    branch: str
    terminal: str
    operator: str
    trace: int

    def value(self) -> CorePhone:
        """As the port has it."""
        return CorePhone(**self.model_dump())


class PhoneAsked(Message):
    """Change a phone once."""

    key: str = Field(pattern=KEY)
    phone: Phone


class DoneReply(Message):
    """A recorded act that moved no money."""

    reference: str
    accounting_date: date

    def value(self) -> CoreDone:
        """As the port has it."""
        return CoreDone(self.reference, self.accounting_date)


class LiftAsked(Message):
    """A person takes a report back."""

    reference: str = Field(min_length=1, max_length=64)


class LiftedReply(Message):
    """How many cards it has set free."""

    cards: int
