"""What becomes of transfers to other banks: step by step each goes to its one end, also after a crash between two.

A step is an act at core or clearing under a key that follows from the order's, which is harmless to repeat, and then a
move from the state that was seen. Nothing is locked while somebody else is asked.

    waiting -> posting -> accepted -> sending -> sent -> crediting -> credited
                  |           |          |        '----> returning -> returned | manual
               refused        |          '-------------> returning
                              '-> cancelling -> cancelled | manual
"""

import logging
from collections.abc import Callable

from branch.bank.clearing import ClearingOrder, ClearingRefused, ClearingUnavailable
from branch.bank.core import CoreOrder, CoreRefused, CoreUnavailable
from branch.store import intents, people, remittances
from branch.store.db import Failed
from branch.store.outbox import event
from branch.store.remittances import Row, move
from branch.terminal import remit
from branch.terminal.context import Branch
from protocol import remit as r
from protocol.messages import Ending

log = logging.getLogger(__name__)
MOST = 50
"""Transfers of one pass."""
STEPS = 8
"""Of one transfer in one pass: more than there are."""
POLL_MS = 20_000
"""Between two looks at what the clearing says."""
BACK_OFF_MS = 15_000
"""After a step that failed, times the tries so far, up to an hour."""
TRIES = 60
"""Of giving money back; then a person must look."""
BACK_CODE, ON_CODE = "TRF-RETURNED", "TRF-SETTLED"


def advance(branch: Branch) -> int:
    """Take all that is due as far as it goes now; answers how many moved. One that fails never stops the next."""
    today = branch.core.accounting_date().isoformat()
    with branch.db.read() as tx:
        keys = remittances.due(tx, branch.now, today, MOST)
    return sum(bring_on(branch, key) for key in keys)


def bring_on(branch: Branch, key: str) -> bool:
    """Take one as far as it goes now: True when it moved."""
    moved = False
    for _ in range(STEPS):
        with branch.db.read() as tx:
            row = remittances.find(tx, key)
        if row is None or row.state not in DO or not _ready(branch, row):
            return moved
        try:
            done = DO[row.state](branch, row)
        except (CoreUnavailable, ClearingUnavailable, Failed) as why:
            log.warning("%s: %s is tried again: %s", key, row.state, type(why).__name__)
            _again(branch, row)
            return moved
        if not done:
            return moved
        moved = True
    return moved


def _ready(branch: Branch, row: Row) -> bool:
    return bool(row.due <= branch.now and row.day <= branch.core.accounting_date().isoformat())


def _again(branch: Branch, row: Row) -> None:
    """Later; money that could not be given back for long is somebody's case."""
    giving = row.state in {"returning", "cancelling"}
    if giving and row.tries >= TRIES:
        _to_a_person(branch, row, "its money could not be given back")
        return
    wait = min((row.tries + 1) * BACK_OFF_MS, 3_600_000)
    with branch.db.write() as tx:
        move(tx, row.key, row.state, branch.now, tries=row.tries + 1, due=branch.now + wait)


def _to(branch: Branch, row: Row, state: str, *, tell: str = "", **values: str | int) -> bool:
    """Move it on, with its event; `tell`: what its customer hears after her next identification, under which key."""
    with branch.db.write() as tx:
        if not move(tx, row.key, row.state, branch.now, state=state, **values):
            return False
        facts = {"key": row.key, "reason": str(values.get("reason", row.reason))}
        event(tx, branch.now, f"remittance.{state}", row.key.partition("/")[0], facts)
        if tell:
            people.report_untold(tx, f"{row.key}-{tell}", ENDINGS[tell], row.order, branch.now)
    return True


ENDINGS = {"due": "refused", "returned": "reversed"}
"""How the terminal is told of it: the key says which words fit."""


def _to_a_person(branch: Branch, row: Row, note: str) -> bool:
    with branch.db.write() as tx:
        if not move(tx, row.key, row.state, branch.now, state="manual"):
            return False
        people.open_case(tx, f"{row.key}-clearing", row.terminal, row.order, note, branch.now)
        event(tx, branch.now, "case.opened", row.key.partition("/")[0], {"key": row.key})
    return True


def _order(branch: Branch, row: Row, source: str, target: str, code: str, fee: int = 0) -> CoreOrder:
    return CoreOrder(source, target, row.amount, fee, code, branch.name, row.terminal, row.operator, row.trace)


# --- steps: each answers whether it moved


def _unheard(branch: Branch, row: Row) -> bool:
    """Its order was never answered: did the core take the money all the same?"""
    with branch.db.read() as tx:
        order = intents.find(tx, row.key)
    if order is None or order.state != "asked" or row.arrival == "later":
        return _put_off(branch, row)
    return found_done(branch, row.key) or _put_off(branch, row)


def _put_off(branch: Branch, row: Row) -> bool:
    with branch.db.write() as tx:
        move(tx, row.key, row.state, branch.now, due=branch.now + 3_600_000)
    return False


def found_done(branch: Branch, key: str) -> bool:
    """Ask the core for a key that has no answer here; what is done there is accepted."""
    found = branch.core.state(key)
    if found.status != "done" or found.accounting_date is None:
        return False
    with branch.db.write() as tx:
        intents.held(tx, key)
        if not remit.accept(branch, tx, key, found.accounting_date):
            return False
        day = found.accounting_date.isoformat()
        intents.move(tx, key, branch.now, state="done", reference=found.reference, accounting_date=day)
    return True


def _its_day(branch: Branch, row: Row) -> bool:
    return _to(branch, row, "posting")


def _post(branch: Branch, row: Row) -> bool:
    """The day has come: take the money, once; too little of it is no news before she is told."""
    order = _order(branch, row, row.source, branch.clearing.account, r.CODE, row.fee)
    try:
        branch.core.post(row.key, order, pending=False)
    except CoreRefused as no:
        return _to(branch, row, "refused", tell="due", reason=no.reason.value)
    return _to(branch, row, "accepted")


def _open(branch: Branch, row: Row) -> bool:
    return _to(branch, row, "sending")


def _send(branch: Branch, row: Row) -> bool:
    try:
        branch.clearing.send(row.key, ClearingOrder(row.bank, row.number, row.name, row.amount, row.source))
    except ClearingRefused as no:
        return _to(branch, row, "returning", reason=no.reason)
    return _to(branch, row, "sent", due=branch.now + POLL_MS)


def _look(branch: Branch, row: Row) -> bool:
    found = branch.clearing.state(row.key)
    match found.status:
        case "credited":
            return _to(branch, row, "crediting")
        case "returned":
            return _to(branch, row, "returning", reason=found.reason or "other")
        case "unknown":  # it says that it never heard of it: sent again, under the same key
            return _to(branch, row, "sending", due=branch.now + POLL_MS)
        case _:
            with branch.db.write() as tx:
                move(tx, row.key, "sent", branch.now, due=branch.now + POLL_MS)
            return False


def _credit(branch: Branch, row: Row) -> bool:
    """The other bank has it: it leaves the account where it waited."""
    clearing = branch.clearing
    try:
        order = _order(branch, row, clearing.account, clearing.settlement, ON_CODE)
        branch.core.post(f"{row.key}-settled", order, pending=False)
    except CoreRefused as no:
        return _to_a_person(branch, row, f"credited, but the core does not settle it: {no.reason}")
    return _to(branch, row, "credited")


def _return(branch: Branch, row: Row) -> bool:
    if not _give_back(branch, row):
        return _to_a_person(branch, row, "came back, but the core does not take it")
    return _to(branch, row, "returned", tell="returned")


def _cancel(branch: Branch, row: Row) -> bool:
    if not _give_back(branch, row):
        return _to_a_person(branch, row, "cancelled, but the core does not give it back")
    return _to(branch, row, "cancelled")


def _give_back(branch: Branch, row: Row) -> bool:
    """Her money is hers again: the posting is reversed, or bars its key if it never came; else a posting back."""
    if branch.core.reverse(row.key).ending is not Ending.STANDS:
        return True
    order = _order(branch, row, branch.clearing.account, row.source, BACK_CODE)
    try:
        branch.core.post(f"{row.key}-returned", order, pending=False)
    except CoreRefused:
        return False
    return True


DO: dict[str, Callable[[Branch, Row], bool]] = {
    "new": _unheard,
    "waiting": _its_day,
    "posting": _post,
    "accepted": _open,
    "sending": _send,
    "sent": _look,
    "crediting": _credit,
    "returning": _return,
    "cancelling": _cancel,
}
