"""Bills: what is due, and the way of a payment. Money moves in the core first, then the biller hears under the key.

    asked -> (pending: a card has yet to speak) -> posted: the money is on the biller's account -> done: it has a proof
                                                          -> reversed: the biller refused, the money is back

A biller that does not answer leaves the key `posted`, and the terminal in doubt: it takes the key back until that has
an end. Taking back asks the biller first: what it has taken stands, what it has withdrawn goes back in the core.
"""

import hashlib
from datetime import date

from branch.bank.billers import BillerAway, BillerKnown, BillerRefused, BillerWord, Due, Notice
from branch.bank.core import CoreCard, CoreOrder, CoreRefused, CoreReversed
from branch.store import billbooks, intents, visits
from branch.store.intents import Row
from branch.store.outbox import event
from branch.store.visits import Customer
from branch.terminal import macs, proofs, transfer
from branch.terminal.context import Branch, Refusal, Trouble, live, offered, own
from branch.terminal.transfer import blank
from protocol import bills as b, calls, messages as m
from protocol.chain import canonical
from protocol.mask import mask_name

CODE = b.CODE
SWITCH = "bills"
"""What it is called in `[switches]`."""


def billers(branch: Branch, terminal: str, body: b.BillersAsked) -> b.Billers:  # noqa: ARG001  anybody may ask
    """Who can be paid in a region; an unknown one is the branch's own."""
    found = branch.billers.regions()
    if not found:
        raise Refusal(m.Reason.CLOSED, "this branch has no billers")
    here = next((one for one in found if one.id == body.region), found[0])
    regions = [b.Region(id=one.id, name=_named(one.names, body.language)) for one in found]
    shown = tuple(
        b.Biller.model_validate(
            {
                "id": one.id,
                "kind": one.kind,
                "name": _named(one.names, body.language),
                "shortest": one.shortest,
                "longest": one.longest,
            }
        )
        for one in branch.billers.catalogue(here.id)
    )
    here_named = next(one for one in regions if one.id == here.id)
    others = tuple(one for one in regions if one.id != here.id)[: b.MOST]
    return b.Billers(region=here_named, billers=shown[: 5 * b.MOST], others=others)


def _named(names: object, language: str) -> str:
    """A name in that language, or in English, or whatever there is."""
    assert isinstance(names, dict)  # noqa: S101  as the port has it
    return str(names.get(language) or names.get("en") or next(iter(names.values())))


def bill(branch: Branch, terminal: str, body: b.BillAsked) -> b.Bill:
    """What is due now, by a handle of this session; who pays it is masked."""
    customer = live(branch, terminal, body.customer)
    biller = branch.billers.find(body.biller)
    if biller is None:
        raise Refusal(m.Reason.NO_BILL)
    due = _due(branch, biller, body.number)
    row = {"session": customer.handle, "kind": "bill", "number": f"{biller.id}:{body.number}", "name": ""}
    with branch.db.write() as tx:
        handle = visits.handle_for(tx, branch.handle(), row)
    return b.Bill(
        handle=handle,
        biller=_named(biller.names, body.language),
        masked_name=mask_name(due.name),
        masked_number=mask_number(body.number),
        period=due.period,
        amount=due.amount,
        least=due.least,
        until=due.until,
    )


def mask_number(number: str) -> str:
    """A customer's number with a biller: its last four, where more stand before them."""
    return f"**** {number[-4:]}" if len(number) >= 7 else "****"


def _due(branch: Branch, biller: BillerKnown, number: str) -> Due:
    try:
        return branch.billers.due(biller.id, number)
    except BillerRefused as no:
        raise Refusal(no.reason) from no
    except BillerAway as why:
        raise Refusal(m.Reason.BILLER_AWAY) from why


def fee(branch: Branch, terminal: str, body: b.FeeAsked) -> b.BillFee:
    """What the bank takes for it now."""
    customer = live(branch, terminal, body.customer)
    source, biller, _ = _behind(branch, customer, body.source, body.bill)
    if source is None or biller is None:
        raise Refusal(m.Reason.ACCOUNT if source is None else m.Reason.NO_BILL)
    return b.BillFee(fee=branch.core.fee(source, biller.collection, body.amount))


def _behind(branch: Branch, customer: Customer, source: str, bill: str) -> tuple[str | None, BillerKnown | None, str]:
    """What the handles of this session stand for: her account, the biller, her number with it."""
    with branch.db.read() as tx:
        account = visits.number_behind(tx, customer.handle, source, "account")
        found = visits.number_behind(tx, customer.handle, bill, "bill") or ""
    biller, _, number = found.partition(":")
    return account, branch.billers.find(biller) if biller else None, number


def pay(branch: Branch, terminal: str, post: b.BillPost) -> m.Posted:
    """Pay once under a key: our row, every check, the core, then the biller."""
    own(terminal, post.key)
    today = branch.core.accounting_date()
    try:
        customer = live(branch, terminal, post.customer, visit=post.key.partition("/")[0])
        source, biller, number = _behind(branch, customer, post.order.source, post.order.bill)
    except Refusal:
        customer, source, biller, number = None, None, None, ""
    facts = post.model_dump(mode="json", exclude={"field55", "mac"})
    digest = hashlib.sha256(canonical(facts)).hexdigest()
    with branch.db.write() as tx:
        row, made = intents.claim(tx, _row(branch, terminal, post, customer, (source, biller, today, digest)))
        if made and biller:
            billbooks.remember(tx, post.key, biller.id, number)
    if not made:
        return _again(branch, row, digest, today)
    try:
        order, card = _checked(branch, terminal, post, (customer, source, biller, number))
        done = branch.core.post(post.key, order, pending=card is not None)
    except (Refusal, CoreRefused) as no:
        return _write(branch, post.key, today, state="refused", reason=no.reason.value)
    if card is not None:
        said = branch.issuer.answer(card.pan, card.sequence, post.field55)
        return _write(branch, post.key, today, issuer_data=said, **proofs.posted(done))
    return _tell(branch, post.key, today, {**proofs.posted(done), "state": "posted"})


def _row(
    branch: Branch,
    terminal: str,
    post: b.BillPost,
    customer: Customer | None,
    found: tuple[str | None, BillerKnown | None, date, str],
) -> dict[str, str | int | None]:
    source, biller, today, digest = found
    return {
        **blank(post.key, terminal, "asked", branch.now),
        "body": digest,
        "customer": customer.customer if customer else None,
        "card": customer.card if customer else None,
        "counter": branch.issuer.transaction_of(post.field55) if post.field55 else None,
        "source": source,
        "target": biller.collection if biller else None,
        "amount": post.order.amount,
        "fee": post.order.fee,
        "trace": post.trace,
        "code": post.code,
        "operator": post.operator,
        "channel": post.channel,
        "accounting_date": today.isoformat(),
    }


def _again(branch: Branch, row: Row, digest: str, today: date) -> m.Posted:
    """The key stands already: its recorded answer, unless it was asked for something else."""
    if row.body is not None and row.body != digest:
        raise Refusal(m.Reason.CONFLICT, "the key stands for another order")
    if row.state in {"asked", "posted"}:
        raise _in_flight()
    return _answer(branch, row, today)


def _in_flight() -> Trouble:
    return Trouble(503, "in-flight", m.Mend.US, "the key has no answer yet: ask for its state, or take it back")


def _checked(
    branch: Branch,
    terminal: str,
    post: b.BillPost,
    found: tuple[Customer | None, str | None, BillerKnown | None, str],
) -> tuple[CoreOrder, CoreCard | None]:
    """The order for the core, and the card that has signed it; raises Refusal. A paid bill says so here already."""
    customer, source, biller, number = found
    offered(branch, SWITCH)
    if customer is None:
        raise Refusal(m.Reason.SIGNED_OUT)
    if source is None or biller is None:
        raise Refusal(m.Reason.ACCOUNT if source is None else m.Reason.NO_BILL)
    macs.demand(branch, terminal, post, post.order)
    amount = post.order.amount
    due = _due(branch, biller, number)
    if not due.least <= amount <= due.amount:
        raise Refusal(m.Reason.BILL_AMOUNT)
    if post.order.fee != branch.core.fee(source, biller.collection, amount):
        raise Refusal(m.Reason.FEE_CHANGED)
    where = (post.code, branch.name, terminal, post.operator, post.trace)
    return CoreOrder(source, biller.collection, amount, post.order.fee, *where), proofs.check_card(
        branch, post, customer
    )


def _tell(branch: Branch, key: str, today: date, moved: dict[str, str | int | None]) -> m.Posted:
    """The money is there: tell the biller, and write what it said. Raises Trouble when it has said nothing."""
    with branch.db.write() as tx:
        row, _ = intents.move(tx, key, branch.now, **moved)
        paid = billbooks.payment(tx, key)
    assert paid is not None  # noqa: S101  written with the key's row
    try:
        proof = branch.billers.notify(key, Notice(paid.biller, paid.number, row.amount, row.reference))
    except BillerAway as why:
        raise _in_flight() from why
    except BillerRefused as no:
        _give_back(branch, key, no.reason)
        return _answer(branch, _held(branch, key), today)
    return _proven(branch, key, proof, today)


def _proven(branch: Branch, key: str, proof: str, today: date) -> m.Posted:
    with branch.db.write() as tx:
        billbooks.proven(tx, key, proof)
    return _write(branch, key, today, state="done")


def _give_back(branch: Branch, key: str, why: m.Reason) -> CoreReversed:
    """The biller has not taken it and never will: back with the money. Raises Trouble when the core keeps it."""
    found = branch.core.reverse(key)
    if found.ending in {m.Ending.STANDS, m.Ending.LATER}:
        raise _in_flight()
    with branch.db.write() as tx:
        row = intents.held(tx, key)
        if row.state in intents.OPEN:
            state = "reversed" if found.ending is m.Ending.REVERSED else "barred"
            intents.move(tx, key, branch.now, state=state, reason=why.value)
            event(tx, branch.now, f"bill.{state}", row.visit, {"key": key, "reason": why.value})
    return found


def _write(branch: Branch, key: str, today: date, **values: str | int | None) -> m.Posted:
    """Record an outcome, with its event, and answer what then stands."""
    with branch.db.write() as tx:
        row, moved = intents.move(tx, key, branch.now, **values)
        if moved:
            facts = {"key": key, "code": row.code, "trace": row.trace, "amount": row.amount, "reason": row.reason}
            event(tx, branch.now, f"bill.{row.state}", row.visit, facts)
    return _answer(branch, row, today)


def _answer(branch: Branch, row: Row, today: date) -> m.Posted:
    with branch.db.read() as tx:
        paid = billbooks.payment(tx, row.key)
    return proofs.answer(row, today, paid.proof if paid else "")


def _held(branch: Branch, key: str) -> Row:
    with branch.db.write() as tx:
        return intents.held(tx, key)


def card_said(branch: Branch, terminal: str, body: calls.CardSaid) -> m.Posted:
    """The chip's last word over what is pending: of a bill, its TC moves the money, and then the biller is told."""
    own(terminal, body.key)
    with branch.db.read() as tx:
        row = intents.find(tx, body.key)
    if row is None or row.code != CODE:
        return transfer.card_said(branch, terminal, body)
    today = branch.core.accounting_date()
    if row.state in {"asked", "posted"}:
        raise _in_flight()
    if row.state != "pending":
        return _answer(branch, row, today)
    try:
        if body.verdict.approved and proofs.is_tc(branch, row, body.verdict.field55):
            return _tell(branch, body.key, today, {**proofs.posted(branch.core.confirm(body.key)), "state": "posted"})
        branch.core.void(body.key)
    except CoreRefused:
        return _write(branch, body.key, today, state="barred")
    return _write(branch, body.key, today, state="refused", reason=m.Reason.CARD_DECLINED.value)


def take_back(branch: Branch, row: Row) -> m.Reversed:
    """End a key whose answer was lost. First the biller's word: what it has taken stands, else it never takes it."""
    with branch.db.read() as tx:
        paid = billbooks.payment(tx, row.key)
    try:
        word = branch.billers.withdraw(paid.biller, row.key) if paid else BillerWord("withdrawn")
    except BillerAway:
        return m.Reversed(key=row.key, ending=m.Ending.LATER)
    if word.status == "taken":
        _proven(branch, row.key, word.proof, branch.core.accounting_date())
        return m.Reversed(key=row.key, ending=m.Ending.STANDS, reference=_held(branch, row.key).reference)
    try:
        found = _give_back(branch, row.key, m.Reason.BARRED)
    except Trouble:  # the core keeps what the biller will not have: a person must look
        return m.Reversed(key=row.key, ending=m.Ending.LATER)
    return m.Reversed(key=row.key, ending=found.ending, reference=found.reference)


def state(row: Row) -> m.KeyState:
    """What stands under a key: a bill is done when its biller says so."""
    ended = row.state in {"done", "refused", "reversed", "barred"}
    day = row.accounting_date if ended else None
    facts = {"key": row.key, "status": row.state if ended else "unknown", "accounting_date": day}
    return m.KeyState.model_validate({**facts, "reference": row.reference if row.state == "done" else ""})
