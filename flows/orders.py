"""A transfer order as people confirm it, and as journal and branch keep it."""

from flows.screens import Fact
from protocol import messages as m
from protocol.money import Money


def order_facts(order: m.TransferOrder) -> tuple[Fact, ...]:
    """What the customer is asked to confirm; an effect demands exactly these."""
    return (
        Fact("fact.from", order.source_masked, number=True),
        Fact("fact.to", order.target_masked, number=True),
        Fact("fact.payee", order.target_name, strong=True),
        Fact("fact.amount", Money(order.amount), strong=True),
        Fact("fact.fee", Money(order.fee)),
    )


def journaled(order: m.TransferOrder) -> dict[str, str | int | None]:
    """The order as journal and branch keep it: handles and masked numbers only."""
    return dict(order.model_dump(mode="json"))


def ending_of(posted: m.Posted, key: str) -> tuple[str, dict[str, str | int | None]]:
    """What the journal writes down of an answer: its status, and the host's own words."""
    if posted.key != key:
        raise ValueError(f"a reply for {posted.key}")
    if posted.status == "pending":
        raise ValueError("a posting was left pending")
    facts: dict[str, str | int | None] = {
        "reference": posted.reference,
        "accounting_date": posted.accounting_date.isoformat(),
        "reason": posted.reason,
    }
    return posted.status, facts
