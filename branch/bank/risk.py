"""Risk: the port that watches over fraud before money goes to somebody, and a reference that follows dated rules."""

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from branch.rules import RULES, Rules
from protocol.messages import Risk as Verdict


@dataclass(frozen=True)
class Sent:
    """Money that went to somebody before."""

    payee: str
    at: int
    """UTC milliseconds."""


@dataclass(frozen=True)
class RiskOrder:
    """What is asked for, and what the branch knows of her who asks; it never leaves the branch."""

    customer: str
    age: int | None
    """In whole years, from her document; None when that does not say."""
    payee: str
    """Account number; of another bank with the bank's code before it."""
    amount: int
    new_payee: bool
    today: date
    now: int
    before: tuple[Sent, ...] = field(default=())
    """What she has sent to others lately."""


class Risk(Protocol):
    """A bank's own watch over fraud, as this branch needs it."""

    def judge(self, order: RiskOrder) -> Verdict:
        """May it go on: yes, after a warning with a pause, after a person has spoken with her, or not at all?"""
        ...


class RuleRisk:
    """By the rules of the day: `[[risk]]` in rules.toml."""

    def __init__(self, rules: Rules = RULES) -> None:
        self._rules = rules

    def judge(self, order: RiskOrder) -> Verdict:
        rule = self._rules.on("risk", order.today)
        if order.payee in rule["listed"]:
            return Verdict(verdict="refuse", reason="listed")
        reason = ""
        if order.new_payee and order.amount >= rule["new_payee_from"]:
            reason = "new-payee"
        lately = {one.payee for one in order.before if one.at >= order.now - rule["minutes"] * 60_000}
        if len(lately | {order.payee}) >= rule["payees"] and order.amount >= rule["payees_from"]:
            reason = reason or "many-payees"
        if not reason:
            return Verdict()
        cared_for = order.age is not None and order.age >= rule["person_from_age"]
        said = {"verdict": "person" if cared_for else "warn", "reason": reason, "pause": rule["pause_seconds"]}
        return Verdict.model_validate(said)


def age(id_number: str, today: date) -> int | None:
    """Whole years on a day, from the birthday in a resident's document number; None when there is none in it."""
    try:
        born = date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError:
        return None
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
