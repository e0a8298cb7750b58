"""The way of a transfer: our row, every check, the core, and with a card the chip's last word."""

import hashlib
from dataclasses import dataclass
from datetime import date

from branch.bank.core import CoreCard, CoreOrder, CoreRefused
from branch.store import intents, payees
from branch.store.intents import Row
from branch.store.outbox import event, plain
from branch.store.visits import Customer
from branch.terminal import macs, proofs, remit, risk, step_up
from branch.terminal.context import Branch, Refusal, Trouble, live, offered, own
from branch.terminal.money import numbers
from protocol import calls, messages as m, remit as r
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
    outside: remit.Target | None = None
    """At another bank; `target` then names it with its bank."""

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
        if made and isinstance(post, r.Remit) and asked.customer and asked.source and asked.outside:
            remit.begin(branch, tx, terminal, post, (asked.customer, asked.source, asked.outside))
    if not made:
        return _again(row, asked)
    try:
        order, card = _checked(branch, asked)
        if isinstance(post, r.Remit) and post.order.arrival == "later":  # no money moves before its day
            return _write(branch, post.key, asked.today, **_waits(asked))
        done = branch.core.post(post.key, order, pending=card is not None)
    except (Refusal, CoreRefused) as no:
        return _write(branch, post.key, asked.today, state="refused", reason=no.reason.value)
    answer = branch.issuer.answer(card.pan, card.sequence, post.field55) if card else ""
    return _write(branch, post.key, asked.today, issuer_data=answer, **proofs.posted(done))


def _resolve(branch: Branch, terminal: str, post: m.Post) -> _Asked:
    today = branch.core.accounting_date()
    try:
        customer = live(branch, terminal, post.customer, visit=post.key.partition("/")[0])
    except Refusal:
        return _Asked(post, terminal, None, None, None, today)
    source, target = numbers(branch, customer, post.order)
    outside = remit.behind(branch, customer, post.order.target) if isinstance(post, r.Remit) else None
    target = outside.payee if outside else None if isinstance(post, r.Remit) else target
    return _Asked(post, terminal, customer, source, target, today, outside)


def _waits(asked: _Asked) -> dict[str, str | int | None]:
    day = asked.today.isoformat()
    number = int(hashlib.sha256(asked.post.key.encode()).hexdigest(), 16) % 10**9
    return {"state": "done", "reference": f"{day.replace('-', '')}W{number:09d}", "accounting_date": day}


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
    return proofs.answer(row, asked.today)


def _checked(branch: Branch, asked: _Asked) -> tuple[CoreOrder, CoreCard | None]:
    """The order for the core, and the card whose chip has signed it; raises Refusal."""
    customer, source, target = asked.customer, asked.source, asked.target
    offered(branch, "interbank" if isinstance(asked.post, r.Remit) else "transfer", asked.terminal)
    if customer is None:
        raise Refusal(m.Reason.SIGNED_OUT)
    if source is None or target is None:
        raise Refusal(m.Reason.ACCOUNT if source is None else m.Reason.PAYEE)
    macs.demand(branch, asked.terminal, asked.post, asked.post.order)
    _check_payee(branch, asked, customer, target)
    via = branch.clearing.account if asked.outside else target
    if asked.post.order.fee != branch.core.fee(source, via, asked.post.order.amount):
        raise Refusal(m.Reason.FEE_CHANGED)
    waits = isinstance(asked.post, r.Remit) and asked.post.order.arrival == "later"
    return _core_order(branch, asked, source, via), proofs.check_card(branch, asked.post, customer, waits=waits)


def _check_payee(branch: Branch, asked: _Asked, customer: Customer, target: str) -> None:
    """A new payee wants a step-up, and the watch over fraud may say no."""
    if isinstance(asked.post, r.Remit) and asked.outside:
        remit.check(branch, asked.post.order, asked.outside)
        new = remit.is_new(branch, customer, target)
    else:
        new = step_up.is_new(branch, customer, target)
    if new and step_up.needed(branch, "new-payee"):
        step_up.demand(branch, customer.handle, customer.customer, customer.visit, "new-payee")
    if asked.outside or not step_up.is_hers(branch, customer, target):
        risk.demand(branch, customer, target, asked.post.order.amount, new=new)


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


def _write(branch: Branch, key: str, today: date, **values: str | int | None) -> m.Posted:
    """Record an outcome, with its event, and answer what then stands."""
    with branch.db.write() as tx:
        row = intents.held(tx, key)
        begun = row.code == r.CODE and row.state in intents.OPEN and values["state"] == "done"
        if begun and not remit.accept(branch, tx, key, today):
            raise Trouble(503, "in-flight", m.Mend.US, "the key is being taken back: ask for its state")
        row, moved = intents.move(tx, key, branch.now, **values)
        facts = {"key": key, "code": plain(row.code), "trace": row.trace, "amount": row.amount, "reason": row.reason}
        if moved and row.state == "done" and row.customer and row.target:
            payees.keep(tx, row.customer, row.target, branch.now)
        if moved:
            event(tx, branch.now, f"transfer.{row.state}", row.visit, facts)
    return proofs.answer(row, today)


def card_said(branch: Branch, terminal: str, body: calls.CardSaid) -> m.Posted:
    """The chip's last word over a pending posting: its TC confirms, anything else lets go."""
    own(terminal, body.key)
    with branch.db.read() as tx:
        row = intents.find(tx, body.key)
    if row is None or row.state == "asked":
        raise Trouble(404, "unknown-key", m.Mend.US, "nothing is pending under this key")
    today = branch.core.accounting_date()
    if row.state != "pending":
        return proofs.answer(row, today)
    try:
        if body.verdict.approved and proofs.is_tc(branch, row, body.verdict.field55):
            return _write(branch, body.key, today, **proofs.posted(branch.core.confirm(body.key)))
        if branch.core.void(body.key).ending is m.Ending.STANDS:
            return _write(branch, body.key, today, **proofs.posted(branch.core.confirm(body.key)))
    except CoreRefused:
        return _write(branch, body.key, today, state="barred")
    return _write(branch, body.key, today, state="refused", reason=m.Reason.CARD_DECLINED.value)
