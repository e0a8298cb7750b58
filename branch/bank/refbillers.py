"""The reference billers: `branch.bank.billers.Billers` over tables of their own. Invented, for development only."""

import tomllib
from datetime import date
from pathlib import Path

from branch.bank.billers import BillerAway, BillerKnown, BillerRefused, BillerRegion, BillerWord, Due, Notice
from branch.store import billbooks as k
from branch.store.billbooks import Row
from branch.store.db import Database, Failed, Tx
from protocol.messages import Reason

CATALOGUE = Path(__file__).parents[1] / "billers.toml"


class ReferenceBillers:
    """Every biller of `branch/billers.toml`. `region`: the branch's own, shown first."""

    def __init__(self, db: Database, region: str = "") -> None:
        found = tomllib.loads(CATALOGUE.read_text("utf-8"))["region"]
        regions = [BillerRegion(one["id"], one["names"]) for one in found]
        self._db = db
        self._regions = sorted(regions, key=lambda one: one.id != region)
        self._billers = {one.id: one for one in catalogue(CATALOGUE)}

    def regions(self) -> list[BillerRegion]:
        return list(self._regions)

    def catalogue(self, region: str) -> list[BillerKnown]:
        return [one for one in self._billers.values() if one.region == region]

    def find(self, biller: str) -> BillerKnown | None:
        return self._billers.get(biller)

    def collects(self, account: str) -> bool:
        return any(one.collection == account for one in self._billers.values())

    def due(self, biller: str, number: str) -> Due:
        try:
            with self._db.read() as tx:
                row = k.bill(tx, biller, number)
        except Failed as why:
            raise BillerAway("the billers' database does not answer") from why
        if row is None:
            raise BillerRefused(Reason.NO_BILL)
        if row.paid >= row.amount:
            raise BillerRefused(Reason.BILL_PAID)
        left = row.amount - row.paid
        until = date.fromisoformat(row.until) if row.until else None
        return Due(row.name, row.period, left, min(row.least, left), until)

    def notify(self, key: str, notice: Notice) -> str:
        try:
            with self._db.write() as tx:
                row, made = k.claimed(tx, key, "new", self._db.clock())
                said = self._take(tx, key, notice) if made else _recorded(row)
        except Failed as why:
            raise BillerAway("the billers' database does not answer") from why
        if isinstance(said, Reason):
            raise BillerRefused(said)
        return said

    def _take(self, tx: Tx, key: str, notice: Notice) -> str | Reason:
        """Take it or not; either is written."""
        facts: dict[str, str | int] = {"biller": notice.biller, "number": notice.number, "amount": notice.amount}
        row = k.bill(tx, notice.biller, notice.number, hold=True)
        if (no := _objection(row, notice.amount)) is not None:
            k.write(tx, key, **facts, status="refused", reason=no.value)
            return no
        assert row is not None  # noqa: S101  no objection
        k.pay(tx, row, notice.amount)
        proof = f"{notice.biller.partition('-')[0][:1]}{notice.reference[-14:]}"
        k.write(tx, key, **facts, status="taken", proof=proof)
        return proof

    def state(self, biller: str, key: str) -> BillerWord:  # noqa: ARG002  all of them have one book
        try:
            with self._db.read() as tx:
                row = k.found(tx, key)
        except Failed as why:
            raise BillerAway("the billers' database does not answer") from why
        return BillerWord("unknown") if row is None else BillerWord(row.status, row.proof)

    def withdraw(self, biller: str, key: str) -> BillerWord:  # noqa: ARG002
        try:
            with self._db.write() as tx:
                row, _ = k.claimed(tx, key, "withdrawn", self._db.clock())
        except Failed as why:
            raise BillerAway("the billers' database does not answer") from why
        return BillerWord(row.status, row.proof)


def catalogue(path: Path) -> tuple[BillerKnown, ...]:
    """The billers of a file like `branch/billers.toml`."""
    found = tomllib.loads(path.read_text("utf-8"))["biller"]
    return tuple(
        BillerKnown(one["id"], one["kind"], one["region"], one["names"], one["collection"], *one["digits"])
        for one in found
    )


def _objection(row: Row | None, amount: int) -> Reason | None:
    """Why a bill does not take an amount."""
    if row is None:
        return Reason.NO_BILL
    left = row.amount - row.paid
    if left <= 0:
        return Reason.BILL_PAID
    return None if min(row.least, left) <= amount <= left else Reason.BILL_AMOUNT


def _recorded(row: Row) -> str | Reason:
    """What stands under a key, for who tells it again."""
    if row.status == "taken":
        return str(row.proof)
    return Reason(row.reason) if row.reason else Reason.BILLER_REFUSED
