"""What the reference ledger does that moves no money, one small statement each, in a transaction that it holds."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from branch.store import books as b
from protocol.messages import Reason


def lost(row: sa.Row[Any], today: str) -> bool:
    """Does a report stop the card today?"""
    return bool(row.lost_by is not None and (row.lost_until is None or row.lost_until >= today))


def stoppable(
    tx: sa.Connection, customer: str, pans: Sequence[str], until: str | None, today: str
) -> list[str] | Reason:
    """Which of a customer's cards a report would stop, locked; a Reason when it would change nothing."""
    query = sa.select(b.cards).join(b.accounts).where(b.accounts.c.customer == customer, b.cards.c.pan.in_(pans))
    rows = tx.execute(query.order_by(b.cards.c.pan).with_for_update(of=b.cards)).all()
    if not rows or len(rows) != len(set(pans)):
        return Reason.CARD
    free = [row.pan for row in rows if row.state == "active" and (not lost(row, today) or _outlasts(until, row))]
    return free or Reason.REPORTED


def _outlasts(until: str | None, row: sa.Row[Any]) -> bool:
    """A report for good stands over one for a few days, and nothing over one for good."""
    return until is None and row.lost_until is not None


def stop(tx: sa.Connection, pans: Sequence[str], reference: str, until: str | None) -> None:
    """Write a report down at its cards."""
    tx.execute(b.cards.update().where(b.cards.c.pan.in_(pans)).values(lost_by=reference, lost_until=until))


def lift(tx: sa.Connection, reference: str) -> int:
    """Set the cards free that this report stops: how many those are."""
    held = b.cards.update().where(b.cards.c.lost_by == reference)
    return tx.execute(held.values(lost_by=None, lost_until=None)).rowcount


def number(tx: sa.Connection, key: str, act: str, today: str, at: int) -> str:
    """The host's own reference for an act under a key."""
    made = tx.execute(b.acts.insert(), {"key": key, "act": act, "accounting_date": today, "at": at})
    assert made.inserted_primary_key is not None  # noqa: S101  the table has a counter
    return f"{today.replace('-', '')}A{int(made.inserted_primary_key[0]):09d}"


def lower(tx: sa.Connection, account: str, before: int, after: int) -> Reason | None:
    """Let less leave a customer's account in a day; a Reason when it cannot be."""
    which = (b.accounts.c.number == account, b.accounts.c.state == "open", b.accounts.c.customer.is_not(None))
    row = tx.execute(sa.select(b.accounts).where(*which).with_for_update()).one_or_none()
    if row is None:
        return Reason.ACCOUNT
    if row.day_limit != before:
        return Reason.CONFLICT
    if not 0 <= after < before:
        return Reason.LIMIT_UP
    tx.execute(b.accounts.update().where(*which).values(day_limit=after))
    return None


def change_phone(tx: sa.Connection, customer: str, before: str, after: str, today: str) -> Reason | None:
    """Let another phone be a customer's; a Reason when it cannot be."""
    which = b.customers.c.id == customer
    row = tx.execute(sa.select(b.customers).where(which).with_for_update()).one_or_none()
    if row is None:
        return Reason.UNKNOWN_CUSTOMER
    if row.phone != before:
        return Reason.CONFLICT
    if row.phone == after:
        return Reason.PHONE_SAME
    tx.execute(b.customers.update().where(which).values(phone=after, phone_since=today))
    return None
