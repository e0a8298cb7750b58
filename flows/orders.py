"""An order as people confirm it, and as journal and branch keep it."""

import functools
import hashlib
from collections.abc import Mapping
from datetime import date

from flows.screens import Fact
from protocol import messages as m
from protocol.chain import canonical
from protocol.money import Money


@functools.singledispatch
def order_facts(order: m.Order) -> tuple[Fact, ...]:
    """What the customer is asked to confirm; an effect demands exactly these. One for each kind of order."""
    raise AssertionError(f"nobody says what a customer confirms in a {type(order).__name__}")


@order_facts.register
def _(order: m.TransferOrder) -> tuple[Fact, ...]:
    return (
        Fact("fact.from", order.source_masked, number=True),
        Fact("fact.to", order.target_masked, number=True),
        Fact("fact.payee", order.target_name, strong=True),
        Fact("fact.amount", Money(order.amount), strong=True),
        Fact("fact.fee", Money(order.fee)),
    )


def journaled(order: m.Order) -> dict[str, str | int | None]:
    """The order as journal and branch keep it: handles and masked numbers only."""
    return dict(order.model_dump(mode="json"))


def ending_of(posted: m.Outcome, key: str) -> tuple[str, dict[str, str | int | None]]:
    """What the journal writes down of an answer: its status, and the host's own words."""
    if posted.key != key:
        raise ValueError(f"a reply for {posted.key}")
    if posted.status == "pending":
        raise ValueError("it was left pending")
    facts: dict[str, str | int | None] = {
        "reference": posted.reference,
        "accounting_date": posted.accounting_date.isoformat(),
        "reason": posted.reason,
    }
    return posted.status, facts


def about(order: m.Order) -> str:
    """What tells this order from one that looks the same when it is masked: its SHA-256."""
    return hashlib.sha256(canonical(order.model_dump(mode="json"))).hexdigest()


def short(key: str) -> str:
    """A key as a person can read it out: the end of the visit's number and the step."""
    visit, _, step = key.partition("/")
    return f"{visit[-8:].upper()}-{step[:3]}"


def untold_facts(order: Mapping[str, str | int | None]) -> tuple[Fact, ...]:
    """What an order that was kept said, for one who hears only now how it ended."""
    numbers = {"target_masked": "fact.to", "account_masked": "fact.account", "card_masked": "fact.card"}
    numbers |= {"after_masked": "fact.phone-after", "number_masked": "fact.bill-number"}
    facts = [Fact(label, str(order[key]), number=True) for key, label in numbers.items() if order.get(key)]
    if biller := order.get("biller"):
        facts.append(Fact("fact.biller", str(biller)))
    if name := order.get("target_name"):
        facts.append(Fact("fact.payee", str(name)))
    for key, label in (("amount", "fact.amount"), ("after", "fact.limit-after")):
        if order.get(key) is not None:
            facts.append(Fact(label, Money(int(order[key] or 0)), strong=True))
    if until := order.get("until"):
        facts.append(Fact("fact.until", date.fromisoformat(str(until))))
    elif "until" in order:
        facts.append(Fact("fact.until", "loss.for-good", message=True))
    return tuple(facts)
