"""Standing orders and their payments: one row a payday and try, written before the core is asked."""

from typing import Any

import sqlalchemy as sa

from branch.store.db import Tx, insert_once, locked
from branch.store.schema import standing_orders as orders, standing_runs as runs

Row = sa.Row[Any]


def add(tx: Tx, row: dict[str, Any]) -> None:
    """Begin one; harmless to repeat."""
    insert_once(tx, orders, {**row, "state": "active", "past": 0, "tries": 0, "retry_at": 0})


def of(tx: Tx, customer: str, most: int) -> list[Row]:
    """Those of a customer that run, in the order in which they pay next."""
    which = (orders.c.customer == customer, orders.c.state == "active")
    return list(tx.execute(sa.select(orders).where(*which).order_by(orders.c.next, orders.c.id).limit(most)))


def end(tx: Tx, customer: str, order: str) -> bool:
    """No more payments of this order of hers; False when none runs."""
    which = (orders.c.id == order, orders.c.customer == customer, orders.c.state == "active")
    return tx.execute(orders.update().where(*which).values(state="ended")).rowcount == 1


def due(tx: Tx, today: str, now: int, most: int) -> list[str]:
    """Orders that have a payment to make, the longest overdue first."""
    which = (orders.c.state == "active", orders.c.next <= today, orders.c.retry_at <= now)
    return list(tx.execute(sa.select(orders.c.id).where(*which).order_by(orders.c.next).limit(most)).scalars())


def held(tx: Tx, order: str) -> Row:
    """An order, locked."""
    return tx.execute(locked(sa.select(orders).where(orders.c.id == order))).one()


def run(tx: Tx, row: dict[str, Any]) -> Row:
    """The try of a payday: the given row when there was none."""
    insert_once(tx, runs, row)
    return tx.execute(locked(sa.select(runs).where(runs.c.key == row["key"]))).one()


def ran(tx: Tx, key: str, **values: str | int) -> None:
    """How it ended."""
    tx.execute(runs.update().where(runs.c.key == key).values(**values))


def move(tx: Tx, order: str, **values: str | int) -> None:
    """Bring an order to its next payment, try or end."""
    tx.execute(orders.update().where(orders.c.id == order).values(**values))


def runs_of(tx: Tx, order: str) -> list[Row]:
    """Every try of every payday."""
    return list(tx.execute(sa.select(runs).where(runs.c.order == order).order_by(runs.c.due, runs.c.key)))
