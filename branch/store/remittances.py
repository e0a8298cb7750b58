"""Transfers to other banks, each under the key of its order: how far it has come, and what comes next.

A row moves only from a state that its mover has seen (`move`), under a lock: of two servers, or of a sending and a
cancelling, one is first and the other finds it gone. What is done at core and clearing between two moves is done under
keys that follow from this one, so that doing it twice does it once.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from branch.store.schema import METADATA

Row = sa.Row[Any]
remittances = sa.Table(
    "remittances",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("customer", sa.Text, nullable=False, index=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("bank", sa.Text, nullable=False),  # code in the clearing's directory
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),  # as she typed it
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("fee", sa.BigInteger, nullable=False),
    sa.Column("arrival", sa.Text, nullable=False),
    sa.Column("day", sa.Text, nullable=False),  # accounting date before which nothing happens; "" for any
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("due", sa.BigInteger, nullable=False),  # when it is looked at next
    sa.Column("tries", sa.Integer, nullable=False),  # of the step that is to be done now
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("order", sa.JSON, nullable=False),  # as the customer confirmed it, masked
    sa.Column("terminal", sa.Text, nullable=False),
    sa.Column("operator", sa.Text, nullable=False),
    sa.Column("trace", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
)
BEGUN = ("new", "reversing")
"""Nobody knows yet whether its money is taken; the customer's list does not show it."""
IDLE = ("credited", "returned", "cancelled", "refused", "manual", "reversing")
"""States in which the branch itself has nothing more to do."""


def find(tx: sa.Connection, key: str, *, hold: bool = False) -> Row | None:
    """What stands under a key; `hold`: locked until the transaction ends."""
    query = sa.select(remittances).where(remittances.c.key == key)
    return tx.execute(query.with_for_update() if hold else query).one_or_none()


def move(tx: sa.Connection, key: str, seen: str | Sequence[str], now: int, **values: str | int) -> bool:
    """Change a row that is still in a state that was seen; False when somebody else was first."""
    row = find(tx, key, hold=True)
    if row is None or row.state not in ((seen,) if isinstance(seen, str) else seen):
        return False
    fresh = {"tries": 0, "due": now} if "state" in values else {}
    tx.execute(remittances.update().where(remittances.c.key == key).values(**{**fresh, **values}, changed=now))
    return True


def due(tx: sa.Connection, now: int, today: str, most: int) -> list[str]:
    """Keys of which something is to be done, the longest waiting first."""
    c = remittances.c
    which = (c.state.not_in(IDLE), c.due <= now, c.day <= today)
    return list(tx.execute(sa.select(c.key).where(*which).order_by(c.due, c.key).limit(most)).scalars())


def of_customer(tx: sa.Connection, customer: str, since: int, most: int) -> list[Row]:
    """Hers, newest first: all that are under way, and those that ended since a moment."""
    c = remittances.c
    open_ = sa.or_(c.state.not_in((*IDLE, *BEGUN)), c.changed >= since)
    which = (c.customer == customer, c.state.not_in(BEGUN), open_)
    return list(tx.execute(sa.select(remittances).where(*which).order_by(c.at.desc(), c.key).limit(most)).all())
