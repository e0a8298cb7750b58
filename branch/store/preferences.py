"""How a customer likes the glass, kept by her consent and erased on request."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from branch.store.db import insert_on
from branch.store.schema import preferences


def of(tx: sa.Connection, customer: str) -> Mapping[str, Any] | None:
    """What is kept of her; None when nothing is."""
    found: Mapping[str, Any] | None = tx.execute(
        sa.select(preferences.c.body).where(preferences.c.customer == customer)
    ).scalar()
    return found


def keep(tx: sa.Connection, customer: str, body: Mapping[str, Any], at: int) -> None:
    """From now on this, in place of what was kept."""
    row = {"customer": customer, "body": dict(body), "since": at}
    insert = insert_on(tx.dialect.name, preferences).values(row)
    newest = {"body": row["body"], "since": at}
    tx.execute(insert.on_conflict_do_update(index_elements=[preferences.c.customer], set_=newest))


def forget(tx: sa.Connection, customer: str) -> bool:
    """Erase it; False when nothing was kept."""
    return tx.execute(preferences.delete().where(preferences.c.customer == customer)).rowcount == 1
