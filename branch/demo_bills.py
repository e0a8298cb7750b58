"""Demo bills and appointments: what the reference billers have sent. All of it is invented."""

from branch.bank.refbillers import CATALOGUE, catalogue
from branch.store import billbooks, bookkeeping as k
from branch.store.db import Tx

BILLS = (
    ("WATER-0755", "00123456789", "李娜", "2031-03", 12_050, 12_050, "2031-03-31"),
    ("POWER-0755", "7654321", "李娜", "2031-02", 26_480, 5_000, "2031-03-20"),
    ("GAS-0755", "88002211", "王伟", "2031-03", 9_300, 9_300, ""),
    ("PHONE-0755", "13800005678", "李娜", "2031-03", 5_900, 1_000, "2031-03-25"),
    ("HEAT-0755", "300400500", "王伟", "2030-2031", 248_000, 50_000, "2031-04-15"),
    ("WATER-010", "0100200300", "张敏", "2031-03", 4_410, 4_410, ""),
    ("POWER-010", "0102003004", "张敏", "2031-03", 18_000, 18_000, ""),
    ("HEAT-010", "010300400", "刘洋", "2030-2031", 196_000, 196_000, ""),
)
"""Biller, number, whose, period, fen, the least of one payment, due on."""
PARTLY = ("POWER-0755", "7654321")
"""One that takes part of what is due."""
WHOLLY = ("WATER-0755", "00123456789")
"""One that takes the whole only."""
APPOINTMENTS = (
    ("A1B2C3", "0001", "2031-03-14", "09:30", "wealth"),
    ("C7D8E9", "0001", "2031-03-13", "15:00", "loans"),
)
"""Number, branch, day, time, topic."""


def seed(tx: Tx, day_limit: int, now: int) -> None:
    """Billers as customers of the bank, each with its collection account; their bills; appointments."""
    for biller in catalogue(CATALOGUE):
        k.add_customer(tx, f"B-{biller.id}", biller.names["zh"], f"B-{biller.id}")
        facts = {"place": 0, "day_limit": day_limit, "opening": 0, "now": now}
        k.add_account(tx, biller.collection, f"B-{biller.id}", "current", **facts)
    names = ("biller", "number", "name", "period", "amount", "least", "until")
    for row in BILLS:
        billbooks.add_bill(tx, dict(zip(names, row, strict=True)))
    for one in APPOINTMENTS:
        billbooks.book(tx, dict(zip(("number", "branch", "day", "at", "topic"), one, strict=True)))
