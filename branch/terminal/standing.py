"""Standing orders at the terminal: what runs, one more, one less. Row and effect are written together."""

import hashlib
from datetime import date, timedelta

from branch.store import intents, standing as store, visits
from branch.store.db import Tx
from branch.store.outbox import event
from branch.store.visits import Customer
from branch.terminal import macs, step_up
from branch.terminal.acts import outcome, thing
from branch.terminal.context import Branch, Refusal, live, offered, own
from branch.terminal.transfer import blank
from protocol import calls, messages as m, standing as s
from protocol.chain import canonical
from protocol.mask import mask_account

NEW, END = "STANDING-NEW", "STANDING-END"
SWITCH = "standing"
Act = s.NewStanding | s.EndStanding


def running(branch: Branch, terminal: str, body: calls.OfCustomer) -> s.StandingOrders:
    """Hers that run."""
    customer = live(branch, terminal, body.customer)
    with branch.db.read() as tx:
        rows = store.of(tx, customer.customer, s.MOST)
    found = [
        {
            "handle": row.id,
            "source_masked": mask_account(row.source),
            "target_masked": mask_account(row.target),
            "target_name": row.target_name,
            "amount": row.amount,
            "every": row.every,
            "first": row.first,
            "next": row.next,
            "last": row.last or None,
            "left": row.times - row.past if row.times else None,
        }
        for row in rows
    ]
    return s.StandingOrders.model_validate({"orders": found})


def create(branch: Branch, terminal: str, body: s.NewStanding) -> m.Outcome:
    """Begin one, once under a key."""
    return _once(branch, terminal, body)


def end(branch: Branch, terminal: str, body: s.EndStanding) -> m.Outcome:
    """End one, once under a key. A payment that is being made at this moment is made."""
    return _once(branch, terminal, body)


def _once(branch: Branch, terminal: str, body: Act) -> m.Outcome:
    own(terminal, body.key)
    today = branch.core.accounting_date().isoformat()
    digest = hashlib.sha256(canonical(body.model_dump(mode="json", exclude={"mac"}))).hexdigest()
    facts = {"code": body.code, "operator": body.operator, "channel": body.channel, "accounting_date": today}
    with branch.db.write() as tx:
        fresh = {**blank(body.key, terminal, "asked", branch.now), **facts, "trace": body.trace, "body": digest}
        row, _ = intents.claim(tx, fresh)
    if row.body is not None and row.body != digest:
        raise Refusal(m.Reason.CONFLICT, "the key stands for another order")
    if row.state != "asked":
        return outcome(row, today)
    try:
        customer, order = _checked(branch, terminal, body, date.fromisoformat(today))
    except Refusal as no:
        return _write(branch, body, today, None, {"state": "refused", "reason": no.reason.value})
    number = int(hashlib.sha256(body.key.encode()).hexdigest(), 16) % 10**9
    done = {"state": "done", "reference": f"{today.replace('-', '')}S{number:09d}"}
    return _write(branch, body, today, (customer, order), done)


def _checked(branch: Branch, terminal: str, body: Act, today: date) -> tuple[Customer, dict[str, str | int]]:
    """Whose it is, and the row to add (empty when one is to end); raises Refusal."""
    offered(branch, SWITCH)
    customer = live(branch, terminal, body.customer, visit=body.key.partition("/")[0])
    macs.demand(branch, terminal, body, body.order)
    if isinstance(body, s.EndStanding):
        return customer, {}
    terms = body.order
    with branch.db.read() as tx:
        source = visits.number_behind(tx, customer.handle, terms.source, "account")
        target = visits.number_behind(tx, customer.handle, terms.target, "account", "payee")
        many = len(store.of(tx, customer.customer, s.MOST)) >= s.MOST
    if source is None or target is None:
        raise Refusal(m.Reason.ACCOUNT if source is None else m.Reason.PAYEE)
    if source == target:
        raise Refusal(m.Reason.SAME_ACCOUNT)
    if many or not today < terms.first <= today + timedelta(days=s.AHEAD) or (terms.last or terms.first) < terms.first:
        raise Refusal(m.Reason.STANDING_DATES)
    if step_up.new_payee(branch, customer, target):
        step_up.demand(branch, customer.handle, customer.customer, customer.visit, "new-payee")
    return customer, {
        "id": hashlib.sha256(body.key.encode()).hexdigest()[:32],
        "customer": customer.customer,
        "source": source,
        "target": target,
        "target_name": terms.target_name,
        "amount": terms.amount,
        "every": terms.every,
        "first": terms.first.isoformat(),
        "last": terms.last.isoformat() if terms.last else "",
        "times": terms.times or 0,
        "next": terms.first.isoformat(),
        "at": branch.now,
    }


def _write(
    branch: Branch, body: Act, today: str, found: tuple[Customer, dict[str, str | int]] | None, values: dict[str, str]
) -> m.Outcome:
    """Record the outcome, and with it what it changes; nothing when the key was barred meanwhile."""
    with branch.db.write() as tx:
        row = intents.held(tx, body.key)
        if row.state == "asked" and found is not None and not _effect(tx, body, *found):
            values = {"state": "refused", "reason": m.Reason.CONFLICT.value}
        row, moved = intents.move(tx, body.key, branch.now, **values)
        if moved:
            facts = {"key": body.key, "code": row.code, "reason": row.reason}
            event(tx, branch.now, f"{thing(body.key)}.{row.state}", row.visit, facts)
    return outcome(row, today)


def _effect(tx: Tx, body: Act, customer: Customer, order: dict[str, str | int]) -> bool:
    """Do it; False when what should end runs no more."""
    if isinstance(body, s.EndStanding):
        return store.end(tx, customer.customer, body.order.standing)
    store.add(tx, order)
    return True
