"""The tables of bills: the branch's own row for each payment, and what the reference billers keep."""

from typing import Any

import sqlalchemy as sa

from branch.store.db import Tx, insert_once, locked
from branch.store.schema import appointments, bill_payments, biller_bills as bills, biller_notices as notices

Row = sa.Row[Any]


# --- the branch's own


def remember(tx: Tx, key: str, biller: str, number: str) -> None:
    """Which biller a key pays, written with the key's own row; harmless to repeat."""
    insert_once(tx, bill_payments, {"key": key, "biller": biller, "number": number, "proof": ""})


def payment(tx: Tx, key: str) -> Row | None:
    """What a key pays."""
    return tx.execute(sa.select(bill_payments).where(bill_payments.c.key == key)).one_or_none()


def proven(tx: Tx, key: str, proof: str) -> None:
    """The biller has taken it."""
    tx.execute(bill_payments.update().where(bill_payments.c.key == key).values(proof=proof))


def appointment(tx: Tx, number: str) -> Row | None:
    """What is booked under a number."""
    return tx.execute(sa.select(appointments).where(appointments.c.number == number)).one_or_none()


def book(tx: Tx, row: dict[str, str]) -> None:
    """Book an appointment; harmless to repeat."""
    insert_once(tx, appointments, row)


# --- the reference billers'


def add_bill(tx: Tx, row: dict[str, Any]) -> None:
    """A bill that is sent; harmless to repeat."""
    insert_once(tx, bills, {**row, "paid": 0})


def bill(tx: Tx, biller: str, number: str, *, hold: bool = False) -> Row | None:
    """The newest bill under a number; `hold`: nobody else pays it before this transaction ends."""
    which = sa.select(bills).where(bills.c.biller == biller, bills.c.number == number)
    query = which.order_by(bills.c.period.desc()).limit(1)
    return tx.execute(locked(query) if hold else query).one_or_none()


def pay(tx: Tx, row: Row, amount: int) -> None:
    """So much more of it is paid."""
    which = (bills.c.biller == row.biller, bills.c.number == row.number, bills.c.period == row.period)
    tx.execute(bills.update().where(*which).values(paid=bills.c.paid + amount))


def claimed(tx: Tx, key: str, status: str, at: int) -> tuple[Row, bool]:
    """The notice of a key, locked, and whether this call made it."""
    fresh = {"key": key, "biller": "", "number": "", "amount": 0, "status": status, "reason": "", "proof": "", "at": at}
    made = insert_once(tx, notices, fresh)
    return tx.execute(locked(sa.select(notices).where(notices.c.key == key))).one(), made


def write(tx: Tx, key: str, **values: str | int) -> None:
    """Write how a notice ended."""
    tx.execute(notices.update().where(notices.c.key == key).values(**values))


def found(tx: Tx, key: str) -> Row | None:
    """The notice of a key."""
    return tx.execute(sa.select(notices).where(notices.c.key == key)).one_or_none()


def taken(tx: Tx) -> list[Row]:
    """Every notice that was taken."""
    return list(tx.execute(sa.select(notices).where(notices.c.status == "taken").order_by(notices.c.key)))


def all_bills(tx: Tx) -> list[Row]:
    """Every bill."""
    return list(tx.execute(sa.select(bills).order_by(bills.c.biller, bills.c.number)))
