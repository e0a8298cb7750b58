"""Transfers to other banks that are under way: how far each has come, and cancelling one that was not sent yet."""

import hashlib
from datetime import date
from functools import partial

from branch import remittance
from branch.store import intents, remittances, visits
from branch.store.outbox import event
from branch.terminal import macs
from branch.terminal.acts import outcome
from branch.terminal.context import Branch, Refusal, live, offered, own
from branch.terminal.transfer import blank
from protocol import calls, messages as m, remit as r
from protocol.chain import canonical

SHOWN_MS = 7 * 24 * 3_600_000
"""One that has ended is shown for so long."""
STATES: dict[str, r.State] = {
    "waiting": "waiting",
    "posting": "waiting",
    "accepted": "accepted",
    "sending": "sent",
    "sent": "sent",
    "crediting": "sent",
    "returning": "sent",
    "cancelling": "cancelled",
}
"""What a step on the way is called towards the customer; an ending keeps its name."""
OPEN = ("waiting", "accepted")
"""It can be cancelled."""


def listed(branch: Branch, terminal: str, body: calls.OfCustomer) -> r.PendingTransfers:
    """Hers, newest first."""
    customer = live(branch, terminal, body.customer)
    with branch.db.write() as tx:
        rows = remittances.of_customer(tx, customer.customer, branch.now - SHOWN_MS, r.PENDING)
        kept = [{"session": customer.handle, "kind": "pending", "number": row.key, "name": ""} for row in rows]
        handles = [visits.handle_for(tx, branch.handle(), row) for row in kept]
    return r.PendingTransfers(transfers=tuple(map(partial(_shown, branch), rows, handles)))


def _shown(branch: Branch, row: remittances.Row, handle: str) -> r.PendingTransfer:
    order = r.RemittanceOrder.model_validate(row.order)
    state = STATES.get(row.state, row.state)
    later = date.fromisoformat(row.day) if row.day and state in OPEN else None
    return r.PendingTransfer.model_validate(
        {
            "handle": handle,
            **{name: order.model_dump()[name] for name in NAMES},
            "state": state,
            "ordered": row.at,
            "due": row.due if state == "accepted" and later is None else 0,
            "on": later,
            "cancel": row.state in OPEN,
            "back": row.amount + row.fee * branch.core.can_reverse if row.state == "accepted" else 0,
        }
    )


NAMES = ("source_masked", "target_masked", "target_name", "bank", "amount", "fee")


def cancel(branch: Branch, terminal: str, body: r.Cancel) -> m.Outcome:
    """Cancel it once under a key: its row and the outcome are written together, so that an `asked` row changed nothing.

    The money is then given back at once, or as soon as the core answers.
    """
    own(terminal, body.key)
    today = branch.core.accounting_date().isoformat()
    digest = hashlib.sha256(canonical(body.model_dump(mode="json", exclude={"mac"}))).hexdigest()
    facts = {"code": body.code, "operator": body.operator, "channel": body.channel, "accounting_date": today}
    try:
        key = _hers(branch, terminal, body)
    except Refusal as no:
        key, reason = "", no.reason
    else:
        reason = m.Reason.TOO_LATE
    with branch.db.write() as tx:
        fresh = {**blank(body.key, terminal, "asked", branch.now), **facts, "trace": body.trace, "body": digest}
        row, _ = intents.claim(tx, fresh)
        if row.body is not None and row.body != digest:
            raise Refusal(m.Reason.CONFLICT, "the key stands for another order")
        if row.state == "asked":
            gone = bool(key) and remittances.move(tx, key, OPEN, branch.now, state="cancelling", day="")
            number = int(hashlib.sha256(body.key.encode()).hexdigest(), 16) % 10**9
            done = {"state": "done", "reference": f"{today.replace('-', '')}C{number:09d}"}
            row, _ = intents.move(
                tx, body.key, branch.now, **(done if gone else {"state": "refused", "reason": reason.value})
            )
            event(tx, branch.now, f"cancel.{row.state}", row.visit, {"key": body.key, "of": key, "reason": row.reason})
    if key:
        remittance.bring_on(branch, key)
    return outcome(row, today)


def _hers(branch: Branch, terminal: str, body: r.Cancel) -> str:
    """The key of the transfer that she means; raises Refusal."""
    offered(branch, "pending")
    macs.demand(branch, terminal, body, body.order)
    customer = live(branch, terminal, body.customer, visit=body.key.partition("/")[0])
    with branch.db.read() as tx:
        row = visits.row_behind(tx, customer.handle, body.order.transfer, "pending")
        found = remittances.find(tx, row.number) if row else None
    if found is None or found.customer != customer.customer:
        raise Refusal(m.Reason.CONFLICT, "no transfer of hers")
    return str(found.key)
