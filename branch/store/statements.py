"""What the books say of the past: the movements of an account. Only ever read."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from branch.store import books as b
from branch.store.bookkeeping import MOVES


@dataclass(frozen=True)
class Span:
    """Which movements are asked for: accounting dates (both included), in, out or both, older than an entry."""

    since: str
    until: str
    way: str
    before: int
    """Number of the entry before which they came; 0 for the newest."""
    most: int


def movements(tx: sa.Connection, account: str, span: Span) -> list[sa.Row[Any]]:
    """Newest first: `amount` is signed, `after` the balance behind it, also where the list leaves others out.

    Each with the number and name of the other side (`party`, `name`), and the posting's `reference`.
    """
    every = _signed(account).subquery()
    other = b.accounts.alias()
    query = (
        sa.select(every, b.customers.c.name, b.postings.c.reference)
        .join(other, other.c.number == every.c.party)
        .outerjoin(b.customers, b.customers.c.id == other.c.customer)
        .outerjoin(b.postings, b.postings.c.key == every.c.key)
        .where(every.c.accounting_date.between(span.since, span.until))
        .order_by(every.c.id.desc())
        .limit(span.most)
    )
    if span.way != "all":
        query = query.where(every.c.amount > 0 if span.way == "in" else every.c.amount < 0)
    if span.before:
        query = query.where(every.c.id < span.before)
    return list(tx.execute(query).all())


def paid(tx: sa.Connection, customer: str, most: int) -> list[sa.Row[Any]]:
    """Open accounts of others that money of a customer has gone to and stayed at, newest first: `number` and `name`."""
    hers, theirs, t = b.accounts.alias(), b.accounts.alias(), b.transfers.c
    query: sa.Select[Any] = (
        sa.select(theirs.c.number, b.customers.c.name)
        .join(theirs, theirs.c.number == t.credit)
        .join(b.customers, b.customers.c.id == theirs.c.customer)
        .join(hers, hers.c.number == t.debit)
        .join(b.postings, b.postings.c.key == t.key)
        .where(hers.c.customer == customer, theirs.c.customer != customer, theirs.c.state == "open")
        .where(t.kind == "posted", b.postings.c.status == "done")
        .group_by(theirs.c.number, b.customers.c.name)
        .order_by(sa.func.max(t.id).desc())
        .limit(most)
    )
    return list(tx.execute(query.select_from(b.transfers)).all())


def _signed(account: str) -> sa.Select[Any]:
    """Every movement of an account, below zero where it left, with the balance behind it."""
    t = b.transfers.c
    mine = t.credit == account
    amount = sa.case((mine, t.amount), else_=-t.amount)
    return sa.select(
        t.id, t.key, t.kind, t.at, t.accounting_date,
        amount.label("amount"),
        sa.func.sum(amount).over(order_by=t.id).label("after"),
        sa.case((mine, t.debit), else_=t.credit).label("party"),
    ).where(sa.or_(mine, t.debit == account), t.kind.in_(MOVES))  # fmt: skip
