"""Rows of the ledger's books as the Core port shows them."""

from datetime import date
from typing import Any

import sqlalchemy as sa

from branch.bank.core import CoreCard, CoreCustomer, CoreMovement
from branch.store import books as b, carebooks as c
from branch.store.bookkeeping import FEE_ACCOUNT


def number(before: str) -> int | None:
    """The number of an entry; 0 for none, None for a word that names none of ours."""
    if not before:
        return 0
    return int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None


def as_movement(row: sa.Row[Any]) -> CoreMovement:
    """The bank's own accounts are nobody's other side: what they take is a fee, what they give an opening balance."""
    kind = row.kind if row.kind != "posted" else "fee" if row.party == FEE_ACCOUNT else "transfer"
    day, party = date.fromisoformat(row.accounting_date), row.party if row.name else ""
    facts = (str(row.id), row.at, day, kind, int(row.amount), int(row.after))
    return CoreMovement(*facts, party, row.name or "", row.reference or "")


def as_card(row: sa.Row[Any], today: str) -> CoreCard:
    """A card that the bank itself has stopped stays so, whoever reports it lost."""
    lost = row.state == "active" and c.lost(row, today)
    until = date.fromisoformat(row.lost_until) if lost and row.lost_until else None
    return CoreCard(
        row.pan, row.account, row.sequence, date.fromisoformat(row.expiry), "lost" if lost else row.state, until
    )


def customer_of(tx: sa.Connection, which: sa.ColumnElement[bool]) -> CoreCustomer | None:
    """A customer of the books, if there is one such."""
    row = tx.execute(sa.select(b.customers).where(which)).one_or_none()
    if row is None:
        return None
    since = date.fromisoformat(row.phone_since) if row.phone_since else None
    return CoreCustomer(row.id, row.name, row.id_number, row.phone, since)
