"""Another PIN for a card: the security module compares the three, and no program sees one."""

import hashlib
from datetime import date

from branch.bank.core import CoreCustomer
from branch.bank.hsm import Changed, HsmRefused, PinBlocks, PinVerdict
from branch.store import intents, pins
from branch.store.intents import Row
from branch.store.outbox import event
from branch.store.visits import Customer
from branch.terminal import macs
from branch.terminal.acts import outcome
from branch.terminal.context import Branch, Refusal, Trouble, live, own
from branch.terminal.identify import CARDS, surrogate, usable
from branch.terminal.transfer import blank
from protocol import calls, care, messages as m
from protocol.chain import canonical
from protocol.mask import PinBlock, mask_pan

CODE = "PIN-CHANGE"
NO = {
    PinVerdict.DIFFERS: m.Reason.PIN_DIFFERS,
    PinVerdict.SAME: m.Reason.PIN_SAME,
    PinVerdict.WEAK: m.Reason.PIN_WEAK,
}


def cards(branch: Branch, terminal: str, body: calls.OfCustomer) -> care.PinCards:
    """Her cards in use, each with a number of this session for the blocks."""
    customer = live(branch, terminal, body.customer)
    today = branch.core.accounting_date()
    found = [card for card in branch.core.cards(customer.customer) if card.state == "active" and card.expiry >= today]
    shown = tuple(
        m.CardOnFile(handle=branch.handle(), masked=mask_pan(card.pan), pin_number=surrogate(branch))
        for card in found[:CARDS]
    )
    rows = [
        {"handle": one.handle, "session": customer.handle, "card": branch.mark(card.pan), "pin_number": one.pin_number}
        for one, card in zip(shown, found, strict=False)
    ]
    with branch.db.write() as tx:
        pins.offer(tx, rows)
    return care.PinCards(cards=shown)


def change(branch: Branch, terminal: str, body: care.PinChange) -> m.Outcome:
    """Change it once under a key: verifier and outcome are written together, so that an `asked` row changed nothing."""
    own(terminal, body.key)
    today = branch.core.accounting_date().isoformat()
    row, made = _claimed(branch, terminal, body, today)
    if row.state != "asked":
        return outcome(row, today)
    if not made:
        raise Trouble(503, "in-flight", m.Mend.US, "the key has no answer yet: ask for its state, or take it back")
    try:
        mark, changed = _judged(branch, terminal, body)
    except Refusal as no:
        return _write(branch, body, today, {"state": "refused", "reason": no.reason.value})
    number = int(hashlib.sha256(body.key.encode()).hexdigest(), 16) % 10**9
    done = {"state": "done", "reference": f"{today.replace('-', '')}P{number:09d}"}
    return _write(branch, body, today, done, (mark, changed.verifier))


def _claimed(branch: Branch, terminal: str, body: care.PinChange, today: str) -> tuple[Row, bool]:
    asked = body.model_dump(mode="json", exclude={"old", "new", "again", "mac"})
    digest = hashlib.sha256(canonical(asked)).hexdigest()
    facts = {"code": CODE, "operator": body.operator, "channel": body.channel, "accounting_date": today}
    with branch.db.write() as tx:
        fresh = {**blank(body.key, terminal, "asked", branch.now), **facts, "trace": body.trace, "body": digest}
        row, made = intents.claim(tx, fresh)
    if row.body is not None and row.body != digest:
        raise Refusal(m.Reason.CONFLICT, "the key stands for another order")
    return row, made


def _judged(branch: Branch, terminal: str, body: care.PinChange) -> tuple[str, Changed]:
    """The card's mark and the module's verdict, which is GOOD; raises Refusal. A wrong old PIN counts as a try."""
    customer = live(branch, terminal, body.customer, visit=body.key.partition("/")[0])
    macs.demand(branch, terminal, body, body.order)
    with branch.db.read() as tx:
        found = pins.offered(tx, customer.handle, body.order.card)
    card = branch.card_of(customer.customer, found[0]) if found else None
    if found is None or card is None:
        raise Refusal(m.Reason.CARD)
    usable(branch, card)
    mark, number = found
    with branch.db.write() as tx:
        verifier = pins.take_a_try(tx, mark)
    if verifier is None:
        raise Refusal(m.Reason.PIN_BLOCKED)
    changed = _compared(branch, terminal, body, (mark, number, verifier), customer)
    with branch.db.write() as tx:
        if changed.verdict is not PinVerdict.WRONG:
            pins.was_right(tx, mark)
        over = pins.blocked(tx, mark)
    if changed.verdict is PinVerdict.WRONG:
        raise Refusal(m.Reason.PIN_BLOCKED if over else m.Reason.WRONG_PIN)
    if changed.verdict is not PinVerdict.GOOD:
        raise Refusal(NO[changed.verdict])
    return mark, changed


def _compared(
    branch: Branch, terminal: str, body: care.PinChange, card: tuple[str, str, str], customer: Customer
) -> Changed:
    mark, number, verifier = card
    known = branch.core.customer_by_id(customer.customer)
    sent = (PinBlock(bytes.fromhex(one.block), one.format) for one in (body.old, body.new, body.again))
    try:
        return branch.hsm.change_pin(terminal, number, PinBlocks(*sent), verifier, told(known) if known else ())
    except HsmRefused as why:
        with branch.db.write() as tx:
            pins.was_not_looked_at(tx, mark)
        raise Trouble(503, "hsm", m.Mend.ENGINEER, "the security module cannot compare PINs of this pad") from why


def told(customer: CoreCustomer) -> tuple[str, ...]:
    """Numbers that others know of her: the digits of her document and telephone, her birthday as people write it."""
    digits = "".join(sign for sign in customer.id_number if sign.isdigit())
    numbers = [digits, customer.phone]
    try:
        born = date(int(customer.id_number[6:10]), int(customer.id_number[10:12]), int(customer.id_number[12:14]))
    except ValueError:
        return tuple(numbers)
    forms = ("%Y%m%d", "%y%m%d", "%d%m%Y", "%d%m%y", "%m%d%Y", "%m%d%y", "%Y%m", "%m%Y")
    return (*numbers, *(born.strftime(form) for form in forms))


def _write(
    branch: Branch, body: care.PinChange, today: str, values: dict[str, str], verifier: tuple[str, str] | None = None
) -> m.Outcome:
    """Record the outcome, and with it the new verifier; neither when the key was barred meanwhile."""
    with branch.db.write() as tx:
        row, moved = intents.move(tx, body.key, branch.now, **values)
        if moved and verifier is not None:
            pins.keep(tx, *verifier)
        if moved:
            facts = {"key": body.key, "code": CODE, "reason": row.reason}
            event(tx, branch.now, f"pin-change.{row.state}", row.visit, facts)
    return outcome(row, today)
