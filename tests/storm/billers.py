"""Billers in bad weather: they do not hear, do not answer, or do not want; and they send bills all the time."""

import random
from collections import Counter

from branch import demo_bills
from branch.bank.billers import BillerAway, BillerRefused, BillerWord, Due, Notice
from branch.bank.refbillers import ReferenceBillers
from branch.store import billbooks
from branch.store.db import Database
from protocol.messages import Reason


class Moody(ReferenceBillers):
    """The reference billers, with a chance of trouble at each call."""

    def __init__(self, db: Database, seed: int) -> None:
        super().__init__(db)
        self._chance, self.likely, self.met = random.Random(seed), 0.0, Counter[str]()
        self.certain = ""
        """What surely happens."""
        self._sent = 0

    def send(self) -> None:
        """A new bill under every number that the demo knows."""
        self._sent += 1
        with self._db.write() as tx:
            for biller, number, name, _, amount, least, _ in demo_bills.BILLS:
                row = {"biller": biller, "number": number, "name": name, "period": f"2032-{self._sent:06d}"}
                billbooks.add_bill(tx, {**row, "amount": amount, "least": least, "until": ""})

    def number_with(self, name: str) -> str:
        """A number that a biller of that name has sent bills to; its whole numbers only."""
        found = next(one.id for one in self._billers.values() if name in one.names.values())
        return next(number for biller, number, *_ in demo_bills.BILLS if biller == found)

    def due(self, biller: str, number: str) -> Due:
        self._away("enquiry")
        return super().due(biller, number)

    def notify(self, key: str, notice: Notice) -> str:
        self._away("does not hear")
        if self._happens("refuses"):
            raise BillerRefused(Reason.BILLER_REFUSED)
        proof = super().notify(key, notice)
        self._away("does not answer")
        return proof

    def withdraw(self, biller: str, key: str) -> BillerWord:
        self._away("withdrawal")
        return super().withdraw(biller, key)

    def _away(self, what: str) -> None:
        if self._happens(what):
            raise BillerAway

    def _happens(self, what: str) -> bool:
        happens = self.certain == what or self._chance.random() < self.likely
        self.met[f"biller {what}"] += happens
        return happens
