"""How a key ends when its terminal has lost its answer: taken back, barred, or found as it stands."""

from datetime import date

from branch import remittance
from branch.bank.core import CoreReversed, CoreUnavailable
from branch.store import intents
from branch.store.db import Tx
from branch.store.outbox import event
from branch.terminal import bills, pin_change, remit, standing
from branch.terminal.acts import thing
from branch.terminal.context import Branch, own
from branch.terminal.transfer import blank
from protocol import calls, messages as m, remit as r

OUR_OWN = (pin_change.CODE, standing.NEW, standing.END, r.CANCEL)
"""Codes of acts of which the core never hears: our row is all there is."""


def reverse(branch: Branch, terminal: str, body: m.Reversal) -> m.Reversed:
    """Take it back, or bar it: our row first, so that a post still under way finds it barred."""
    own(terminal, body.key)
    with branch.db.write() as tx:
        row, made = intents.claim(tx, blank(body.key, terminal, "barred", branch.now))
        if row.code in OUR_OWN:
            return _of_our_own(branch, tx, row, body)
        if not remit.barring(branch, tx, body.key):
            return m.Reversed(key=body.key, ending=m.Ending.STANDS, reference=row.reference)
        if made:
            event(tx, branch.now, f"{thing(body.key)}.barred", *_told_of(body, m.Ending.BARRED))
    try:
        if row.code == bills.CODE:
            return bills.take_back(branch, row)
        found = branch.core.reverse(body.key)
    except CoreUnavailable:
        return m.Reversed(key=body.key, ending=m.Ending.LATER)
    with branch.db.write() as tx:
        if (state := _end(branch, tx, body.key, found)) is not None:
            event(tx, branch.now, f"{thing(body.key)}.{state}", *_told_of(body, found.ending))
    return m.Reversed(key=body.key, ending=found.ending, reference=found.reference)


def _of_our_own(branch: Branch, tx: Tx, row: intents.Row, body: m.Reversal) -> m.Reversed:
    """An act whose row and effect are written together: what is `asked` has changed nothing yet, and never will."""
    if row.state == "done":
        return m.Reversed(key=body.key, ending=m.Ending.STANDS, reference=row.reference)
    if row.state == "asked":
        intents.take_back(tx, body.key, branch.now, "barred")
        event(tx, branch.now, f"{thing(body.key)}.barred", *_told_of(body, m.Ending.BARRED))
    return m.Reversed(key=body.key, ending=m.Ending.BARRED)


def _told_of(body: m.Reversal, ending: m.Ending) -> tuple[str, dict[str, str | int | None]]:
    """Visit and body of the event."""
    return body.key.partition("/")[0], {"key": body.key, "ending": ending.value, "why": body.reason}


def _end(branch: Branch, tx: Tx, key: str, found: CoreReversed) -> str | None:
    """Bring our row to where the core's is: its new state, None when it stood so already."""
    before, ending = intents.held(tx, key), found.ending
    if ending is m.Ending.REVERSED:
        intents.take_back(tx, key, branch.now, "reversed")
    elif ending is m.Ending.STANDS:
        intents.move(tx, key, branch.now, state="done", reference=found.reference)
        remit.resume(branch, tx, key, branch.core.accounting_date())
    elif ending is m.Ending.BARRED and before.state != "refused":
        intents.take_back(tx, key, branch.now, "barred")
    after: str = intents.held(tx, key).state
    return after if after != before.state else None


def state(branch: Branch, terminal: str, body: calls.OfKey) -> m.KeyState:
    """What stands under a key: the core's word, unless it was refused or barred here before the core heard of it."""
    own(terminal, body.key)
    with branch.db.read() as tx:
        row = intents.find(tx, body.key)
    if row is not None and row.code == bills.CODE:
        return bills.state(row)
    if row is not None and row.state == "refused":
        day = date.fromisoformat(row.accounting_date)
        return m.KeyState(key=body.key, status="refused", accounting_date=day)
    if row is not None and row.code in OUR_OWN and row.state != "barred":
        day = date.fromisoformat(row.accounting_date)
        known = {"status": "done", "reference": row.reference, "accounting_date": day} if row.state == "done" else {}
        return m.KeyState.model_validate({"key": body.key, "status": "unknown", **known})
    if row is not None and row.code == r.CODE:
        row = _accepted(branch, row)
        if row.state == "done":  # one that waits for its day is unknown to the core
            day = date.fromisoformat(row.accounting_date)
            return m.KeyState(key=body.key, status="done", reference=row.reference, accounting_date=day)
    found = branch.core.state(body.key)
    if found.status == "unknown" and row is not None and row.state == "barred":
        return m.KeyState(key=body.key, status="barred")
    return found


def _accepted(branch: Branch, row: intents.Row) -> intents.Row:
    """A transfer to another bank whose answer was never written down: if the core has done it, it is accepted now."""
    if row.state not in intents.OPEN or not remittance.found_done(branch, row.key):
        return row
    with branch.db.read() as tx:
        return intents.find(tx, row.key) or row
