"""The tables of the reference clearing: other banks' accounts, and what was sent to them."""

from typing import Any

import sqlalchemy as sa

from branch.store.schema import METADATA

Row = sa.Row[Any]
accounts = sa.Table(
    "clearing_accounts",
    METADATA,
    sa.Column("bank", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("latin", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # open; closed; mute: its bank tells no names
)
orders = sa.Table(
    "clearing_orders",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("bank", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),  # credited, or why it comes back
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("due", sa.BigInteger, nullable=False),  # from then on the outcome is known
)


def account(tx: sa.Connection, bank: str, number: str) -> Row | None:
    """An account at another bank."""
    which = (accounts.c.bank == bank, accounts.c.number == number)
    return tx.execute(sa.select(accounts).where(*which)).one_or_none()


def order(tx: sa.Connection, key: str) -> Row | None:
    """What was sent under a key."""
    return tx.execute(sa.select(orders).where(orders.c.key == key)).one_or_none()


def sums(tx: sa.Connection, now: int) -> dict[str, int]:
    """Money of all orders by what has become of it: `sent`, `credited` or `returned`."""
    found = {"sent": 0, "credited": 0, "returned": 0}
    for row in tx.execute(sa.select(orders)).all():
        end = "credited" if row.outcome == "credited" else "returned"
        found["sent" if now < row.due else end] += int(row.amount)
    return found
