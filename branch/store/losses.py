"""Handles for cards that may be reported lost, and who is known enough to do so."""

from dataclasses import dataclass

import sqlalchemy as sa

from branch.store.schema import claims, loss_handles, sessions

Values = dict[str, str | int | None]
"""A row."""


@dataclass(frozen=True)
class Lost:
    """What a handle stands for."""

    customer: str
    card: str | None
    """A card's mark; None: every card of hers."""


def who(tx: sa.Connection, handle: str, visit: str, terminal: str, now: int) -> str | None:
    """The customer whom a live session or claim of this visit stands for."""
    for table in (sessions, claims):
        which = (table.c.handle == handle, table.c.visit == visit, table.c.terminal == terminal, table.c.expires > now)
        live = table.c.state == "confirmed" if table is sessions else sa.true()
        if (found := tx.execute(sa.select(table.c.customer).where(*which, live)).scalar()) is not None:
            return str(found)
    return None


def offer(tx: sa.Connection, rows: list[Values]) -> None:
    """Keep handles: `handle`, `visit`, `customer`, `card`, `expires`."""
    tx.execute(loss_handles.insert(), rows)


def behind(tx: sa.Connection, handle: str, visit: str, now: int) -> Lost | None:
    """What the handle of this visit stands for."""
    which = (loss_handles.c.handle == handle, loss_handles.c.visit == visit, loss_handles.c.expires > now)
    row = tx.execute(sa.select(loss_handles).where(*which)).one_or_none()
    return Lost(row.customer, row.card) if row else None
