"""Transactions that are switched off in the database, so that every server of a fleet sees it."""

from typing import Any

import sqlalchemy as sa

from branch.store.db import insert_once
from branch.store.schema import switches

PLACE = ("transaction_id", "scope", "place", "since", "until")


def every(tx: sa.Connection) -> list[sa.Row[Any]]:
    """All of them: the wider a switch, the earlier it stands."""
    order = sa.case({"fleet": 0, "branch": 1}, value=switches.c.scope, else_=2)
    return list(tx.execute(sa.select(switches).order_by(order, switches.c.number)))


def off(tx: sa.Connection, row: dict[str, Any], reason: str, now: int) -> None:
    """Switch off; one that is off already for the same place and hours takes the new reason."""
    if not insert_once(tx, switches, {**row, "reason": reason, "at": now}):
        tx.execute(switches.update().where(*_same(row)).values(reason=reason, at=now))


def on(tx: sa.Connection, row: dict[str, Any]) -> int:
    """Take back what was switched off for this place, at whatever hours; answers how many that were."""
    return tx.execute(switches.delete().where(*_same({key: row[key] for key in PLACE[:3]}))).rowcount


def _same(row: dict[str, Any]) -> list[sa.ColumnElement[bool]]:
    return [switches.c[key] == value for key, value in row.items()]
