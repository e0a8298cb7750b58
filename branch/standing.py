"""The branch pays what standing orders say: exactly one payment a payday, also with several servers and after a crash.

Each try has a key of its own, made of order, payday and number of the try, and written before the core is asked. A
server that died between the two asks again under the same key; two that come at once ask the same. The next try has
another key, and is begun only when the one before is on record as refused.
"""

from datetime import date
from typing import Any

from branch.bank.core import CoreOrder, CoreRefused, CoreUnavailable
from branch.serving import Run
from branch.store import payees, people, standing as store, visits
from branch.store.outbox import event
from branch.terminal.context import Branch
from protocol.mask import mask_account
from protocol.messages import Reason
from protocol.standing import payday

SECONDS = 60.0
"""How often the branch looks for what is due."""
AT_ONCE = 50
"""Payments of one look."""
CODE = "TRF-STANDING"
OURS = "STANDING"
"""Where keys are born that no terminal has made: none may be enrolled under this id."""
AGAIN = (Reason.FUNDS, Reason.LIMIT, Reason.FEE_CHANGED)
"""What another hour may change."""


async def pay(branch: Branch, run: Run) -> None:
    """Make every payment that is due, off the event loop."""
    await run(lambda: pay_due(branch))


def pay_due(branch: Branch) -> int:
    """Make every payment that is due now; answers how many orders were looked at."""
    try:
        today = branch.core.accounting_date()
        with branch.db.read() as tx:
            found = store.due(tx, today.isoformat(), branch.now, AT_ONCE)
        for order in found:
            _one(branch, order, today)
    except CoreUnavailable:  # the next look repeats it under the same keys
        return 0
    return len(found)


def _one(branch: Branch, order: str, today: date) -> None:
    """One try of one payday. Of an order that is ended meanwhile, the payment that is being made is made."""
    with branch.db.write() as tx:
        row = store.held(tx, order)
        if row.state != "active" or row.next > today.isoformat() or row.retry_at > branch.now:
            return
    fee = branch.core.fee(row.source, row.target, row.amount)
    with branch.db.write() as tx:
        tried = store.run(tx, _fresh(row, fee, branch.now))
    if tried.state == "asked":
        where = (CODE, branch.name, OURS, "BATCH", row.past * 100 + row.tries + 1)
        what = CoreOrder(row.source, row.target, row.amount, tried.fee, *where)
        try:
            done = branch.core.post(tried.key, what, pending=False)
        except CoreRefused as no:
            _refused(branch, row, tried.key, no.reason, today)
        else:
            _paid(branch, row, tried.key, done.reference)


def _fresh(row: Any, fee: int, now: int) -> dict[str, str | int]:
    key = f"{OURS}-{row.id}/{row.next.replace('-', '')}{row.tries:02d}-standing"
    facts = {"key": key, "order": row.id, "due": row.next, "fee": fee}
    return {**facts, "state": "asked", "reference": "", "reason": "", "at": now}


def _paid(branch: Branch, row: Any, key: str, reference: str) -> None:
    with branch.db.write() as tx:
        if not _is_newest(tx, row):
            return
        store.ran(tx, key, state="done", reference=reference)
        payees.keep(tx, row.customer, row.target, branch.now)
        store.move(tx, row.id, **_after(row))
        event(tx, branch.now, "standing.paid", "", {"key": key})


def _refused(branch: Branch, row: Any, key: str, why: Reason, today: date) -> None:
    """Try again later on that day, as the rule has it; then let this payday go, and tell her when she comes."""
    tries, minutes = branch.rules.standing_tries(today)
    over = why not in AGAIN or row.tries + 1 >= tries or today.isoformat() > row.next
    with branch.db.write() as tx:
        if not _is_newest(tx, row):
            return
        store.ran(tx, key, state="refused", reason=why.value)
        if not over:
            store.move(tx, row.id, tries=row.tries + 1, retry_at=branch.minutes(minutes))
            return
        store.move(tx, row.id, **_after(row))
        visit = key.partition("/")[0]
        visits.begin(tx, visit, OURS, branch.now)
        visits.bind(tx, visit, row.customer)
        facts = {"target_masked": mask_account(row.target), "target_name": row.target_name, "amount": row.amount}
        people.report_untold(tx, key, "refused", {**facts, "reason": why.value}, branch.now)
        event(tx, branch.now, "standing.unpaid", "", {"key": key, "reason": why.value})


def _is_newest(tx: Any, row: Any) -> bool:
    """Nobody else has recorded this very try meanwhile."""
    now = store.held(tx, row.id)
    return bool((now.past, now.tries) == (row.past, row.tries))


def _after(row: Any) -> dict[str, str | int]:
    """The order after this payday: its next one, or its end."""
    past = row.past + 1
    following = payday(date.fromisoformat(row.first), row.every, past).isoformat()
    over = bool((row.times and past >= row.times) or (row.last and following > row.last))
    return {"past": past, "tries": 0, "retry_at": 0, "next": following, **({"state": "over"} if over else {})}
