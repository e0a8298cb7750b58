"""What is done under a key and moves no money: our row first, the act, and what then stands."""

import hashlib
from collections.abc import Callable

from branch.bank.core import CoreDone, CoreRefused
from branch.store import intents
from branch.store.intents import Row
from branch.store.outbox import event
from branch.terminal import macs
from branch.terminal.context import Branch, Refusal, own
from branch.terminal.transfer import blank
from protocol import care, messages as m
from protocol.chain import canonical


def once(branch: Branch, terminal: str, body: care.Act, order: m.Order, act: Callable[[], CoreDone]) -> m.Outcome:
    """Do it once under its key; asked again, it goes on where it was, or answers what is recorded.

    The pad's MAC is looked at before anything is done; it is made anew for each repeat, so the row does not keep it.
    `act` raises Refusal or CoreRefused, which is recorded; when the core does not answer, the row stays `asked`.
    """
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
        macs.demand(branch, terminal, body, order)
        done = act()
    except (Refusal, CoreRefused) as no:
        return _write(branch, body.key, today, state="refused", reason=no.reason.value)
    day = done.accounting_date.isoformat()
    return _write(branch, body.key, day, state="done", reference=done.reference, accounting_date=day)


def thing(key: str) -> str:
    """What a key is about, as events name it: `transfer`, `loss-report`."""
    return key.partition("/")[2].partition("-")[2]


def _write(branch: Branch, key: str, today: str, **values: str) -> m.Outcome:
    """Record an outcome, with its event, and answer what then stands."""
    with branch.db.write() as tx:
        row, moved = intents.move(tx, key, branch.now, **values)
        if moved:
            facts = {"key": key, "code": row.code, "reason": row.reason}
            event(tx, branch.now, f"{thing(key)}.{row.state}", row.visit, facts)
    return outcome(row, today)


def outcome(row: Row, today: str) -> m.Outcome:
    """The recorded answer; a key that was barred before it came has no day of its own."""
    barred = row.state in {"barred", "reversed"}
    return m.Outcome.model_validate(
        {
            "key": row.key,
            "status": "refused" if barred else row.state,
            "reference": row.reference,
            "accounting_date": row.accounting_date or today,
            "reason": m.Reason.BARRED if barred else row.reason,
        }
    )
