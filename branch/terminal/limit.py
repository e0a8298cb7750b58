"""How much may leave an account in a day: a customer lowers it here, and only a person raises it."""

from branch.bank.core import CoreDone, CoreLimit
from branch.store import visits
from branch.terminal import acts, step_up
from branch.terminal.context import Branch, Refusal, live
from protocol import care, messages as m


def lower(branch: Branch, terminal: str, body: care.LimitChange) -> m.Outcome:
    """Lower it once under a key."""
    return acts.once(branch, terminal, body, body.order, lambda: _lower(branch, terminal, body))


def _lower(branch: Branch, terminal: str, body: care.LimitChange) -> CoreDone:
    customer = live(branch, terminal, body.customer, visit=body.key.partition("/")[0])
    with branch.db.read() as tx:
        number = visits.number_behind(tx, customer.handle, body.order.account, "account")
    if number is None:
        raise Refusal(m.Reason.ACCOUNT)
    if step_up.needed(branch, "limit-change"):
        step_up.demand(branch, customer.handle, customer.customer, customer.visit, "limit-change")
    stamp = (body.code, branch.name, terminal, body.operator, body.trace)
    return branch.core.lower_limit(body.key, CoreLimit(number, body.order.before, body.order.after, *stamp))
