"""The reference ledger: a Core in a database. It is not a book of record, it shows and tests what one must keep.

Double entry: every transfer debits one account and credits another, so that all balances always sum to zero. Customers'
accounts are the bank's liabilities: a credit raises them. A pending posting holds money and moves nothing.
Locks are taken in one order, and before anything is read: the key's row, the day, then the accounts by number.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from branch.bank.core import (
    CoreAccount,
    CoreCard,
    CoreCustomer,
    CoreDone,
    CoreLimit,
    CoreLoss,
    CoreMovement,
    CoreOrder,
    CorePayee,
    CorePhone,
    CorePosted,
    CoreRate,
    CoreRates,
    CoreRefused,
    CoreReversed,
    CoreSpan,
    CoreUnavailable,
)
from branch.bank.views import as_card, as_movement, customer_of, number
from branch.store import bookkeeping as k, books as b, carebooks as c, statements
from branch.store.bookkeeping import FEE_ACCOUNT
from branch.store.db import Clock, Database
from protocol.chain import canonical
from protocol.messages import Ending, KeyState, Reason

T = TypeVar("T")


class ReferenceLedger:
    """`branch.bank.core.Core` over a database whose schema stands (`branch.store.db.create_schema`)."""

    def __init__(self, engine: sa.Engine, clock: Clock, *, can_reverse: bool = True) -> None:
        """`can_reverse=False` behaves like a core without reversals."""
        self._db, self.can_reverse = Database(engine, clock), can_reverse

    # --- enquiries

    def accounting_date(self) -> date:
        return date.fromisoformat(self._reading(k.day))

    def customer(self, id_number: str) -> CoreCustomer | None:
        return self._reading(lambda tx: customer_of(tx, b.customers.c.id_number == id_number))

    def customer_by_id(self, customer: str) -> CoreCustomer | None:
        return self._reading(lambda tx: customer_of(tx, b.customers.c.id == customer))

    def cards(self, customer: str) -> list[CoreCard]:
        query = sa.select(b.cards).join(b.accounts).where(b.accounts.c.customer == customer).order_by(b.cards.c.pan)
        return self._reading(lambda tx: [as_card(row, k.day(tx)) for row in tx.execute(query).all()])

    def card(self, pan: str) -> tuple[CoreCard, CoreCustomer] | None:
        return self._reading(lambda tx: _card(tx, pan))

    def accounts(self, customer: str) -> list[CoreAccount]:
        return self._reading(lambda tx: _accounts(tx, b.accounts.c.customer == customer))

    def account(self, number: str) -> CoreAccount | None:
        found = self._reading(lambda tx: _accounts(tx, b.accounts.c.number == number))
        return found[0] if found else None

    def movements(self, account: str, span: CoreSpan) -> list[CoreMovement]:
        if (before := number(span.before)) is None:
            return []
        days = span.since.isoformat(), span.until.isoformat()
        wanted = statements.Span(*days, span.way, before, span.most)
        return [as_movement(row) for row in self._reading(lambda tx: statements.movements(tx, account, wanted))]

    def recent_payees(self, customer: str, most: int) -> list[CorePayee]:
        rows = self._reading(lambda tx: statements.paid(tx, customer, most))
        return [CorePayee(row.number, row.name) for row in rows]

    def rates(self) -> CoreRates:
        rows = self._reading(lambda tx: list(tx.execute(sa.select(b.rates).order_by(b.rates.c.place)).all()))
        found = tuple(CoreRate(row.currency, row.unit, row.buy, row.sell) for row in rows)
        return CoreRates(max((row.at for row in rows), default=self._db.clock()), found)

    def fee(self, source: str, target: str, amount: int) -> int:
        return self._reading(lambda tx: k.fee(tx, source, target, amount))

    def state(self, key: str) -> KeyState:
        return self._reading(lambda tx: _state(tx, key))

    # --- acts

    def post(self, key: str, order: CoreOrder, *, pending: bool) -> CorePosted:
        body = canonical({**vars(order), "pending": pending}).decode()

        def act(tx: sa.Connection) -> CorePosted | CoreRefused:
            row = self._claimed(tx, key)
            if row.status == "new":
                return self._first(tx, key, order, body, pending=pending)
            if row.status in {"barred", "reversed"}:
                return CoreRefused(Reason.BARRED, "the key was taken back")
            if row.body != body:
                return CoreRefused(Reason.CONFLICT, "the key stands for another order")
            return _recorded(tx, row)

        return self._acting(act)

    def confirm(self, key: str) -> CorePosted:
        def act(tx: sa.Connection) -> CorePosted | CoreRefused:
            row = self._claimed(tx, key, bar=True)
            if row.status != "pending":
                return _recorded(tx, row)
            today = k.day(tx, hold=True)
            k.lock_accounts(tx, row.source, row.target, row.fee)
            self._release(tx, row, today)
            self._move(tx, key, row.source, row.target, (row.amount, row.fee), today)
            return _posted(k.change(tx, key, status="done", accounting_date=today))

        return self._acting(act)

    def void(self, key: str) -> CoreReversed:
        def act(tx: sa.Connection) -> CoreReversed:
            row = self._claimed(tx, key, bar=True)
            return CoreReversed(Ending.STANDS, row.reference) if row.status == "done" else self._let_go(tx, row)

        return self._acting(act)

    def reverse(self, key: str) -> CoreReversed:
        def act(tx: sa.Connection) -> CoreReversed:
            row = self._claimed(tx, key, bar=True)
            return self._take_back(tx, row) if row.status == "done" else self._let_go(tx, row)

        return self._acting(act)

    def report_loss(self, key: str, loss: CoreLoss) -> CoreDone:
        until = loss.until.isoformat() if loss.until else None

        def stop(tx: sa.Connection, today: str) -> str | Reason:
            free = c.stoppable(tx, loss.customer, loss.pans, until, today)
            if isinstance(free, Reason):
                return free
            reference = c.number(tx, key, "loss", today, self._db.clock())
            c.stop(tx, free, reference, until)
            return reference

        return self._once(key, "loss", {**asdict(loss), "until": until}, stop)

    def lower_limit(self, key: str, limit: CoreLimit) -> CoreDone:
        def lower(tx: sa.Connection, today: str) -> str | Reason:
            no = c.lower(tx, limit.account, limit.before, limit.after)
            return no or c.number(tx, key, "limit", today, self._db.clock())

        return self._once(key, "limit", asdict(limit), lower)

    def change_phone(self, key: str, phone: CorePhone) -> CoreDone:
        def change(tx: sa.Connection, today: str) -> str | Reason:
            no = c.change_phone(tx, phone.customer, phone.before, phone.after, today)
            return no or c.number(tx, key, "phone", today, self._db.clock())

        return self._once(key, "phone", asdict(phone), change)

    def lift_loss(self, reference: str) -> int:
        return self._acting(lambda tx: c.lift(tx, reference))

    def _once(
        self, key: str, kind: str, order: dict[str, Any], do: "Callable[[sa.Connection, str], str | Reason]"
    ) -> CoreDone:
        """Do what moves no money once under a key; `do` answers a reference, or why not."""
        body = canonical({"act": kind, **order}).decode()

        def act(tx: sa.Connection) -> CoreDone | CoreRefused:
            row = self._claimed(tx, key)
            if row.status == "new":
                today = k.day(tx, hold=True)
                done = do(tx, today)
                ending = {"status": "refused", "reason": done.value} if isinstance(done, Reason) else {"status": "done"}
                ending |= {} if isinstance(done, Reason) else {"reference": done}
                row = k.change(tx, key, act=kind, body=body, accounting_date=today, **ending)
            return _done(row, body)

        return self._acting(act)

    def advance_accounting_date(self) -> date:
        """The cut-over: the next calendar day begins for all that is posted from now on.

        It waits for postings under way, and they for it.
        """

        def act(tx: sa.Connection) -> date:
            tomorrow = date.fromisoformat(k.day(tx, change=True)) + timedelta(days=1)
            tx.execute(b.day.update().values(accounting_date=tomorrow.isoformat()))
            return tomorrow

        return self._acting(act)

    def balance_check(self) -> list[str]:
        """Prove that the books balance: every discrepancy in words; empty when they do."""
        return self._reading(k.discrepancies)

    # --- inside a transaction

    def _claimed(self, tx: sa.Connection, key: str, *, bar: bool = False) -> sa.Row[Any]:
        """The key's row, locked; made when there was none (`bar`: as a tombstone)."""
        fresh = {"key": key, "status": "barred" if bar else "new", "reference": "", "at": self._db.clock()}
        return k.claimed(tx, fresh)

    def _first(
        self, tx: sa.Connection, key: str, order: CoreOrder, body: str, *, pending: bool
    ) -> CorePosted | CoreRefused:
        today = k.day(tx, hold=True)
        facts: dict[str, str | int] = {
            "body": body,
            "source": order.source,
            "target": order.target,
            "amount": order.amount,
        }
        facts |= {"fee": order.fee, "accounting_date": today, "used_on": today}
        if (no := _objection(tx, order, today)) is not None:
            k.change(tx, key, status="refused", reason=no.value, **facts)
            return CoreRefused(no)
        if pending:
            total = order.amount + order.fee
            first = k.add(tx, key, "hold", (order.source, order.target), total, (today, self._db.clock()))
            k.hold(tx, order.source, total)
        else:
            first = self._move(tx, key, order.source, order.target, (order.amount, order.fee), today)
        k.use(tx, order.source, today, order.amount)
        reference = f"{today.replace('-', '')}{first:010d}"
        return _posted(k.change(tx, key, status="pending" if pending else "done", reference=reference, **facts))

    def _take_back(self, tx: sa.Connection, row: sa.Row[Any]) -> CoreReversed:
        """Undo a done posting by transfers of its own; it stands when the receiver has spent the money already."""
        if row.act:
            return CoreReversed(Ending.STANDS, row.reference)
        stamp = (k.day(tx, hold=True), self._db.clock())
        target = k.lock_accounts(tx, row.source, row.target, row.fee)[row.target]
        if not self.can_reverse or target.balance - target.held < row.amount:
            return CoreReversed(Ending.STANDS, row.reference)
        k.add(tx, row.key, "reversal", (row.target, row.source), row.amount, stamp)
        if row.fee:
            k.add(tx, row.key, "reversal", (FEE_ACCOUNT, row.source), row.fee, stamp)
        return _taken_back(tx, row)

    def _let_go(self, tx: sa.Connection, row: sa.Row[Any]) -> CoreReversed:
        """End a key under which no money has moved."""
        if row.status == "pending":
            today = k.day(tx, hold=True)
            k.lock_accounts(tx, row.source, row.target, 0)
            self._release(tx, row, today)
            return _taken_back(tx, row)
        if row.status == "reversed":
            return CoreReversed(Ending.REVERSED, row.reference)
        return CoreReversed(Ending.BARRED)

    def _release(self, tx: sa.Connection, row: sa.Row[Any], today: str) -> None:
        total = row.amount + row.fee
        k.add(tx, row.key, "release", (row.source, row.target), total, (today, self._db.clock()))
        k.hold(tx, row.source, -total)

    def _move(self, tx: sa.Connection, key: str, source: str, target: str, money: tuple[int, int], today: str) -> int:
        """Amount and fee leave the source; answers the number of the first transfer."""
        (amount, fee), stamp = money, (today, self._db.clock())
        first = k.add(tx, key, "posted", (source, target), amount, stamp)
        if fee:
            k.add(tx, key, "posted", (source, FEE_ACCOUNT), fee, stamp)
        return first

    def _reading(self, look: Callable[[sa.Connection], T]) -> T:
        try:
            with self._db.read() as tx:
                return look(tx)
        except DBAPIError as why:
            raise CoreUnavailable("the ledger's database does not answer") from why

    def _acting(self, act: "Callable[[sa.Connection], T | CoreRefused]") -> T:
        """Run an act in one transaction. A refusal is a value in it, so that it is committed before it is raised."""
        try:
            with self._db.write() as tx:
                result = act(tx)
        except DBAPIError as why:
            raise CoreUnavailable("the ledger's database does not answer") from why
        if isinstance(result, CoreRefused):
            raise result
        return result


def _objection(tx: sa.Connection, order: CoreOrder, today: str) -> Reason | None:
    """Why this order cannot be posted; its accounts are locked from here on."""
    if order.source == order.target:
        return Reason.SAME_ACCOUNT
    there = k.lock_accounts(tx, order.source, order.target, order.fee)
    source, target = there.get(order.source), there.get(order.target)
    if source is None or not _is_open(source):
        return Reason.ACCOUNT
    if target is None or not _is_open(target):
        return Reason.PAYEE
    fee, used = k.fee_and_used(tx, order.source, order.target, order.amount, today)
    if order.fee != fee:
        return Reason.FEE_CHANGED
    if order.amount <= 0 or order.amount + order.fee > source.balance - source.held:
        return Reason.FUNDS
    return Reason.LIMIT if order.amount > source.day_limit - used else None


def _is_open(account: sa.Row[Any]) -> bool:
    """A customer's account that money may leave and enter."""
    return bool(account.state == "open" and account.kind != "internal")


def _taken_back(tx: sa.Connection, row: sa.Row[Any]) -> CoreReversed:
    k.use(tx, row.source, row.used_on, -row.amount)
    k.change(tx, row.key, status="reversed")
    return CoreReversed(Ending.REVERSED, row.reference)


def _recorded(tx: sa.Connection, row: sa.Row[Any]) -> CorePosted | CoreRefused:
    """What stands under a key, as the answer to somebody who asks again."""
    if row.act:
        return CoreRefused(Reason.CONFLICT, "no money stands under this key")
    if row.status == "refused":
        return CoreRefused(Reason(row.reason))
    if row.status not in {"pending", "done"}:
        return CoreRefused(Reason.BARRED, "the key was taken back")
    return _answer(row, k.balance(tx, row.source))


def _done(row: sa.Row[Any], body: str) -> CoreDone | CoreRefused:
    """What stands under the key of an act that moves no money, as the answer to `body`."""
    if row.status in {"barred", "reversed"}:
        return CoreRefused(Reason.BARRED, "the key was taken back")
    if row.body != body:
        return CoreRefused(Reason.CONFLICT, "the key stands for another order")
    if row.status == "refused":
        return CoreRefused(Reason(row.reason))
    return CoreDone(row.reference, date.fromisoformat(row.accounting_date))


def _posted(row: sa.Row[Any]) -> CorePosted:
    """The answer to who has just changed this row."""
    return _answer(row, row.balance)


def _answer(row: sa.Row[Any], balance: int) -> CorePosted:
    return CorePosted(row.reference, date.fromisoformat(row.accounting_date), row.status, balance)


def _state(tx: sa.Connection, key: str) -> KeyState:
    row = tx.execute(sa.select(b.postings).where(b.postings.c.key == key)).one_or_none()
    if row is None:
        return KeyState(key=key, status="unknown")
    day = date.fromisoformat(row.accounting_date) if row.accounting_date else None
    return KeyState.model_validate(
        {"key": key, "status": row.status, "reference": row.reference, "accounting_date": day}
    )


def _card(tx: sa.Connection, pan: str) -> tuple[CoreCard, CoreCustomer] | None:
    row = tx.execute(sa.select(b.cards).where(b.cards.c.pan == pan)).one_or_none()
    if row is None:
        return None
    holder = sa.select(b.accounts.c.customer).where(b.accounts.c.number == row.account).scalar_subquery()
    customer = customer_of(tx, b.customers.c.id == holder)
    return (as_card(row, k.day(tx)), customer) if customer else None


def _accounts(tx: sa.Connection, which: sa.ColumnElement[bool]) -> list[CoreAccount]:
    """Open accounts of customers; the bank's own are nobody's payee."""
    query = (
        sa.select(b.accounts, b.customers.c.name)
        .join(b.customers)
        .where(which, b.accounts.c.state == "open")
        .order_by(b.accounts.c.place, b.accounts.c.number)
    )
    today = k.day(tx)
    return [_as_account(tx, row, today) for row in tx.execute(query).all()]


def _as_account(tx: sa.Connection, row: sa.Row[Any], today: str) -> CoreAccount:
    left = max(0, row.day_limit - k.used(tx, row.number, today))
    available = row.balance - row.held
    return CoreAccount(
        row.number, row.customer, row.kind, row.name, row.balance, available, left, limit_day=row.day_limit
    )
