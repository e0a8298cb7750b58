"""To whom a customer has sent money before."""

import sqlalchemy as sa

from branch.store.db import insert_once
from branch.store.schema import known_payees


def keep(tx: sa.Connection, customer: str, number: str, at: int) -> None:
    """Money went there; harmless to repeat."""
    insert_once(tx, known_payees, {"customer": customer, "number": number, "since": at})


def known(tx: sa.Connection, customer: str, number: str) -> bool:
    """Has she sent money there before?"""
    which = (known_payees.c.customer == customer, known_payees.c.number == number)
    return tx.execute(sa.select(known_payees.c.since).where(*which)).first() is not None
