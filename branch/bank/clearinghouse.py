"""The reference clearing: other banks in a database, for development. It shows and tests what a real one must keep."""

from difflib import SequenceMatcher
from itertools import permutations

from branch.bank.clearing import (
    ClearingBank,
    ClearingOrder,
    ClearingRefused,
    ClearingState,
    ClearingUnavailable,
    NameCheck,
    Named,
)
from branch.store import clearings
from branch.store.bookkeeping import CLEARING_ACCOUNT, SETTLEMENT_ACCOUNT
from branch.store.db import Database, Failed, insert_once
from protocol.chain import canonical
from protocol.mask import mask_name

BANKS = (
    ClearingBank("901", "江海银行", "Jianghai Bank", ("6230",)),
    ClearingBank("902", "松云银行", "Songyun Bank", ("6231",)),
    ClearingBank("903", "北辰银行", "Beichen Bank", ("6232",)),
    ClearingBank("904", "南岭农商银行", "Nanling Rural Bank", ("6233",)),
    ClearingBank("905", "明湖银行", "Minghu Bank", ("6234",)),
    ClearingBank("906", "天府城市银行", "Tianfu City Bank", ("6235",)),
    ClearingBank("907", "外海银行", "Waihai Bank", ("6236",)),
)
"""Invented, like their accounts."""
ACCOUNTS = (
    ("901", "6230580000000000016", "赵敏", "ZHAO MIN", "open"),
    ("902", "6231580000000000024", "孙丽华", "SUN LIHUA", "open"),
    ("903", "6232580000000000032", "周强", "ZHOU QIANG", "closed"),
    ("904", "6233580000000000040", "OMAR HADDAD", "OMAR HADDAD", "mute"),
)
"""Bank, number, name, the same in Latin letters, state; the closed one sends back what comes."""
WAY_MS = 20_000
"""So long an order is under way."""
CLOSE = 0.8
"""Names that are alike by this much are close."""
WORDS = 5
"""Of a name at most whose order does not matter."""


class ReferenceClearing:
    """`branch.bank.clearing.Clearing` over a database whose schema stands."""

    account = CLEARING_ACCOUNT
    settlement = SETTLEMENT_ACCOUNT

    def __init__(self, db: Database) -> None:
        self._db = db

    def seed(self) -> None:
        """The accounts of other banks; harmless to repeat."""
        with self._db.write() as tx:
            for bank, number, name, latin, state in ACCOUNTS:
                row = {"bank": bank, "number": number, "name": name, "latin": latin, "state": state}
                insert_once(tx, clearings.accounts, row)

    def banks(self) -> tuple[ClearingBank, ...]:
        return BANKS

    def check(self, bank: str, number: str, name: str) -> Named:
        row = self._account(bank, number)
        if row is None or row.state == "mute":
            return Named(NameCheck.NONE if row is None else NameCheck.UNKNOWN)
        found = max(alike(name, row.name), alike(name, row.latin))
        check = NameCheck.MATCH if found == 1 else NameCheck.CLOSE if found >= CLOSE else NameCheck.NONE
        return Named(check, "" if check is NameCheck.NONE else mask_name(row.name))

    def send(self, key: str, order: ClearingOrder) -> None:
        if not any(one.code == order.bank for one in BANKS):
            raise ClearingRefused("bank")
        account, now = self._account(order.bank, order.number), self._db.clock()
        outcome = "credited" if account is not None and account.state != "closed" else "account"
        body = canonical(vars(order)).decode()
        row = {"key": key, "body": body, "bank": order.bank, "number": order.number, "amount": order.amount}
        try:
            with self._db.write() as tx:
                insert_once(tx, clearings.orders, {**row, "outcome": outcome, "at": now, "due": now + WAY_MS})
                stands = clearings.order(tx, key)
        except Failed as why:
            raise ClearingUnavailable("its database does not answer") from why
        if stands is None or stands.body != body:
            raise ClearingRefused("conflict")

    def state(self, key: str) -> ClearingState:
        try:
            with self._db.read() as tx:
                row = clearings.order(tx, key)
        except Failed as why:
            raise ClearingUnavailable("its database does not answer") from why
        if row is None:
            return ClearingState("unknown")
        if self._db.clock() < row.due:
            return ClearingState("sent")
        return ClearingState("credited") if row.outcome == "credited" else ClearingState("returned", row.outcome)

    def _account(self, bank: str, number: str) -> clearings.Row | None:
        try:
            with self._db.read() as tx:
                return clearings.account(tx, bank, number)
        except Failed as why:
            raise ClearingUnavailable("its database does not answer") from why


def alike(typed: str, known: str) -> float:
    """1 for the same name, whatever its blanks, case and order of words; less for one that only looks like it."""
    mine, words = "".join(typed.upper().split()), known.upper().split()[:WORDS]
    return max(SequenceMatcher(None, mine, "".join(one), autojunk=False).ratio() for one in permutations(words))
