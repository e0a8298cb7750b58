"""The way of a transfer: our row, every check, the core, and with a card the chip's last word."""

import hashlib
from dataclasses import dataclass
from datetime import date

from branch.bank.core import CoreCard, CoreOrder, CorePosted, CoreRefused
from branch.bank.hsm import HsmRefused
from branch.store import intents, payees, visits
from branch.store.intents import Row
from branch.store.outbox import event, plain
from branch.store.visits import Customer
from branch.terminal import step_up
from branch.terminal.context import Branch, Refusal, Trouble, live, offered, own
from branch.terminal.money import numbers
from protocol import calls, messages as m
from protocol.chain import canonical


@dataclass(frozen=True)
class _Asked:
    """A post with everything its handles stand for; None where they stand for nothing."""

    post: m.Post
    terminal: str
    customer: Customer | None
    """None when nobody is signed in under the handle."""
    source: str | None
    target: str | None
    today: date

    @property
    def body(self) -> str:
        """Hash of what was asked, without the secrets that are sent once."""
        facts = self.post.model_dump(mode="json", exclude={"field55", "mac"})
        return hashlib.sha256(canonical(facts)).hexdigest()


def transfer(branch: Branch, terminal: str, post: m.Post) -> m.Posted:
    """Move money once under a key: our row first, then every check, then the core.

    A refusal is recorded under the key. When the core does not answer, the row stays `asked` until somebody reverses.
    """
    own(terminal, post.key)
    asked = _resolve(branch, terminal, post)
    with branch.db.write() as tx:
        row, made = intents.claim(tx, _row(branch, asked))
    if not made:
        return _again(row, asked)
    try:
        order, card = _checked(branch, asked)
        done = branch.core.post(post.key, order, pending=card is not None)
    except (Refusal, CoreRefused) as no:
        return _write(branch, post.key, asked.today, state="refused", reason=no.reason.value)
    answer = branch.issuer.answer(card.pan, card.sequence, post.field55) if card else ""
    return _write(branch, post.key, asked.today, issuer_data=answer, **_outcome(done))


def _resolve(branch: Branch, terminal: str, post: m.Post) -> _Asked:
    today = branch.core.accounting_date()
    try:
        customer = live(branch, terminal, post.customer, visit=post.key.partition("/")[0])
    except Refusal:
        return _Asked(post, terminal, None, None, None, today)
    return _Asked(post, terminal, customer, *numbers(branch, customer, post.order), today)


def _row(branch: Branch, asked: _Asked) -> dict[str, str | int | None]:
    post, customer = asked.post, asked.customer
    return {
        **blank(post.key, asked.terminal, "asked", branch.now),
        "body": asked.body,
        "customer": customer.customer if customer else None,
        "card": customer.card if customer else None,
        "counter": branch.issuer.transaction_of(post.field55) if post.field55 else None,
        "source": asked.source,
        "target": asked.target,
        "amount": post.order.amount,
        "fee": post.order.fee,
        "trace": post.trace,
        "code": post.code,
        "operator": post.operator,
        "channel": post.channel,
        "accounting_date": asked.today.isoformat(),
    }


def blank(key: str, terminal: str, state: str, now: int) -> dict[str, str | int | None]:
    """A row of ours for a key, before anything is known of it."""
    row: dict[str, str | int | None] = {
        "key": key,
        "visit": key.partition("/")[0],
        "terminal": terminal,
        "state": state,
    }
    return {**row, "reference": "", "issuer_data": "", "at": now, "changed": now}


def _again(row: Row, asked: _Asked) -> m.Posted:
    """The key stands already: its recorded answer, unless it was asked for something else."""
    if row.body is not None and row.body != asked.body:
        raise Refusal(m.Reason.CONFLICT, "the key stands for another order")
    if row.state == "asked":
        raise Trouble(503, "in-flight", m.Mend.US, "the key has no answer yet: ask for its state, or take it back")
    return _posted(row, asked.today)


def _checked(branch: Branch, asked: _Asked) -> tuple[CoreOrder, CoreCard | None]:
    """The order for the core, and the card whose chip has signed it; raises Refusal."""
    customer, source, target = asked.customer, asked.source, asked.target
    offered(branch, "transfer", asked.terminal)
    if customer is None:
        raise Refusal(m.Reason.SIGNED_OUT)
    if source is None or target is None:
        raise Refusal(m.Reason.ACCOUNT if source is None else m.Reason.PAYEE)
    _check_mac(branch, asked)
    if step_up.new_payee(branch, customer, target):
        step_up.demand(branch, customer.handle, customer.visit)
    if asked.post.order.fee != branch.core.fee(source, target, asked.post.order.amount):
        raise Refusal(m.Reason.FEE_CHANGED)
    return _core_order(branch, asked, source, target), _check_card(branch, asked, customer)


def _check_mac(branch: Branch, asked: _Asked) -> None:
    post = asked.post
    data = m.authenticated(post.key, post.trace, post.code, post.order)
    try:
        good = branch.hsm.verify_mac(asked.terminal, data, bytes.fromhex(post.mac))
    except HsmRefused as why:
        raise Refusal(m.Reason.MAC) from why
    if not good:
        raise Refusal(m.Reason.MAC)


def _check_card(branch: Branch, asked: _Asked, customer: Customer) -> CoreCard | None:
    """Who came with a card needs its cryptogram for each transfer, over the amount without the fee."""
    field55 = asked.post.field55
    if customer.card is None:
        if field55:
            raise Refusal(m.Reason.CARD, "no card stands behind this session")
        return None
    card = branch.card_of(customer.customer, customer.card)
    if card is None or card.state != "active":
        raise Refusal(m.Reason.CARD)
    with branch.db.read() as tx:
        seen = visits.seen_before(tx, customer.card, branch.issuer.transaction_of(field55), asked.post.key)
    if seen or not branch.issuer.verify(card.pan, card.sequence, field55, asked.post.order.amount):
        raise Refusal(m.Reason.CARD_DECLINED)
    return card


def _core_order(branch: Branch, asked: _Asked, source: str, target: str) -> CoreOrder:
    post = asked.post
    return CoreOrder(
        source=source,
        target=target,
        amount=post.order.amount,
        fee=post.order.fee,
        code=post.code,
        branch=branch.name,
        terminal=asked.terminal,
        operator=post.operator,
        trace=post.trace,
    )


def _outcome(done: CorePosted) -> dict[str, str | int | None]:
    day = done.accounting_date.isoformat()
    return {"state": done.status, "reference": done.reference, "accounting_date": day, "balance": done.balance}


def _write(branch: Branch, key: str, today: date, **values: str | int | None) -> m.Posted:
    """Record an outcome, with its event, and answer what then stands."""
    with branch.db.write() as tx:
        row, moved = intents.move(tx, key, branch.now, **values)
        facts = {"key": key, "code": plain(row.code), "trace": row.trace, "amount": row.amount, "reason": row.reason}
        if moved and row.state == "done" and row.customer and row.target:
            payees.keep(tx, row.customer, row.target, branch.now)
        if moved:
            event(tx, branch.now, f"transfer.{row.state}", row.visit, facts)
    return _posted(row, today)


def _posted(row: Row, today: date) -> m.Posted:
    """The recorded answer. Taken back is refused: nothing has moved in the end."""
    taken_back = row.state in {"reversed", "barred"}
    return m.Posted.model_validate(
        {
            "key": row.key,
            "status": "refused" if taken_back else row.state,
            "reference": row.reference,
            "accounting_date": row.accounting_date or today,
            "reason": m.Reason.BARRED if taken_back else row.reason,
            "issuer_data": row.issuer_data if row.state == "pending" else "",
            "balance": row.balance,
        }
    )


def card_said(branch: Branch, terminal: str, body: calls.CardSaid) -> m.Posted:
    """The chip's last word over a pending posting: its TC confirms, anything else lets go."""
    own(terminal, body.key)
    with branch.db.read() as tx:
        row = intents.find(tx, body.key)
    if row is None or row.state == "asked":
        raise Trouble(404, "unknown-key", m.Mend.US, "nothing is pending under this key")
    today = branch.core.accounting_date()
    if row.state != "pending":
        return _posted(row, today)
    try:
        if body.verdict.approved and _is_tc(branch, row, body.verdict.field55):
            return _write(branch, body.key, today, **_outcome(branch.core.confirm(body.key)))
        if branch.core.void(body.key).ending is m.Ending.STANDS:
            return _write(branch, body.key, today, **_outcome(branch.core.confirm(body.key)))
    except CoreRefused:
        return _write(branch, body.key, today, state="barred")
    return _write(branch, body.key, today, state="refused", reason=m.Reason.CARD_DECLINED.value)


def _is_tc(branch: Branch, row: Row, field55: str) -> bool:
    card = branch.card_of(row.customer, row.card)
    if card is None or branch.issuer.transaction_of(field55) != row.counter:
        return False
    return branch.issuer.verify_tc(card.pan, card.sequence, field55, row.amount)
