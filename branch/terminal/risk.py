"""What the watch over fraud says of an order, from what the branch knows; a person's word lets it go on."""

from branch.bank.risk import RiskOrder, Sent, age
from branch.store import intents, people
from branch.store.visits import Customer
from branch.terminal.context import Branch, Refusal
from protocol import messages as m

LATELY_MS = 24 * 3_600_000
"""How far back it is told what she has sent."""
PERSON_MINUTES = 30
"""For so long after a person has spoken with her she goes on without another."""


def judged(branch: Branch, customer: Customer, payee: str, amount: int, *, new: bool) -> m.Risk:
    """The verdict on money that goes to somebody else."""
    today, known = branch.core.accounting_date(), branch.core.customer_by_id(customer.customer)
    with branch.db.read() as tx:
        rows = intents.sent_by(tx, customer.customer, branch.now - LATELY_MS)
        released = people.released(tx, customer.visit, branch.now - PERSON_MINUTES * 60_000)
    verdict = branch.risk.judge(
        RiskOrder(
            customer=customer.customer,
            age=age(known.id_number, today) if known else None,
            payee=payee,
            amount=amount,
            new_payee=new,
            today=today,
            now=branch.now,
            before=tuple(Sent(target, at) for target, at in rows),
        )
    )
    spoken = verdict.verdict == "person" and released
    return m.Risk(verdict="warn", reason=verdict.reason, pause=verdict.pause) if spoken else verdict


def demand(branch: Branch, customer: Customer, payee: str, amount: int, *, new: bool) -> None:
    """Raise Refusal where money must not go, or not before a person has spoken with her.

    That the warning stood long enough is the terminal's part.
    """
    verdict = judged(branch, customer, payee, amount, new=new).verdict
    if verdict in {"refuse", "person"}:
        raise Refusal(m.Reason.RISK if verdict == "refuse" else m.Reason.PERSON)
