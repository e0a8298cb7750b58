"""The branch's own row for each key, written before the core is asked."""

from typing import Any

import sqlalchemy as sa

from branch.store.db import insert_once, locked
from branch.store.schema import intents

Row = sa.Row[Any]
OPEN = ("asked", "pending", "posted")
"""States that may still change. `posted`: of a bill, the money has moved and its biller has not answered."""


def claim(tx: sa.Connection, row: dict[str, str | int | None]) -> tuple[sa.Row[Any], bool]:
    """The key's row, locked, and whether this call made it from `row`."""
    made = insert_once(tx, intents, row)
    return tx.execute(locked(sa.select(intents).where(intents.c.key == row["key"]))).one(), made


def find(tx: sa.Connection, key: str) -> sa.Row[Any] | None:
    """What stands under a key."""
    return tx.execute(sa.select(intents).where(intents.c.key == key)).one_or_none()


def held(tx: sa.Connection, key: str) -> sa.Row[Any]:
    """The row of a key that stands, locked."""
    return tx.execute(locked(sa.select(intents).where(intents.c.key == key))).one()


def move(tx: sa.Connection, key: str, now: int, **values: str | int | None) -> tuple[sa.Row[Any], bool]:
    """Write an outcome, unless the key has ended meanwhile: the row as it stands then, and whether this wrote it."""
    row = held(tx, key)
    if row.state not in OPEN:
        return row, False
    tx.execute(intents.update().where(intents.c.key == key).values(**values, changed=now))
    return held(tx, key), True


def take_back(tx: sa.Connection, key: str, now: int, state: str) -> None:
    """Write the end that a reversal found: it outranks what stood there."""
    which = (intents.c.key == key, intents.c.state != state)
    tx.execute(intents.update().where(*which).values(state=state, changed=now))


def sent_by(tx: sa.Connection, customer: str, since: int) -> list[tuple[str, int]]:
    """To whom a customer has sent money since a moment, and when."""
    c = intents.c
    which = (c.customer == customer, c.state == "done", c.target.is_not(None), c.at >= since)
    return [(row.target, row.at) for row in tx.execute(sa.select(c.target, c.at).where(*which)).all()]
