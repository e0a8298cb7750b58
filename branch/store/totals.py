"""Day totals: what the branch itself has of a terminal's day, and what the terminal said of it."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from branch.store.db import insert_once
from branch.store.schema import day_totals, intents


@dataclass
class Sum:
    """All that is done of one kind."""

    count: int = 0
    total: int = 0
    sums: bool = True
    """False when one of them is of no amount that this database knows: then only their number can be compared."""


def of_day(tx: sa.Connection, terminal: str, day: str, without: Collection[str] = ()) -> dict[str, Sum]:
    """What is done on an accounting date at a terminal, by the step of the keys; some keys left out."""
    which = (intents.c.terminal == terminal, intents.c.accounting_date == day, intents.c.state == "done")
    found: dict[str, Sum] = defaultdict(Sum)
    for row in tx.execute(sa.select(intents.c.key, intents.c.amount).where(*which)):
        if row.key in without:
            continue
        one = found[row.key.partition("/")[2].partition("-")[2]]
        one.count += 1
        one.total += row.amount or 0
        one.sums = one.sums and row.amount is not None
    return dict(found)


def keep(tx: sa.Connection, terminal: str, day: str, said: dict[str, Any], now: int) -> None:
    """The newest word of a terminal about a day."""
    if not insert_once(tx, day_totals, {"terminal": terminal, "day": day, "said": said, "at": now}):
        mine = (day_totals.c.terminal == terminal, day_totals.c.day == day)
        tx.execute(day_totals.update().where(*mine).values(said=said, at=now))


def said(tx: sa.Connection, day: str) -> dict[str, dict[str, Any]]:
    """What each terminal has said of a day."""
    rows = tx.execute(sa.select(day_totals.c.terminal, day_totals.c.said).where(day_totals.c.day == day))
    return {row.terminal: row.said for row in rows}


def terminals_of(tx: sa.Connection, day: str) -> list[str]:
    """Terminals at which something is done on a day."""
    which = (intents.c.accounting_date == day, intents.c.state == "done")
    return list(tx.execute(sa.select(intents.c.terminal).where(*which).distinct()).scalars())
