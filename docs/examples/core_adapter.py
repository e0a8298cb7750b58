# ruff: noqa: INP001  an example to copy, not a package
"""The smallest adapter that keeps the contract: a bank with two customers, in memory.

    CORE_TOKEN=secret python -m uvicorn --app-dir docs/examples core_adapter:app --port 9000

A real adapter calls its own core where `SmallCore` has dicts. `serve_core` gives it the paths, bodies and refusals of
`/core/v1`. What is here is lost at each restart: a real one keeps keys and tombstones on disk, in one transaction with
the money.
"""

import os
import threading
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date

from fastapi import FastAPI

from branch.bank.core import (
    CoreAccount,
    CoreCard,
    CoreCustomer,
    CoreDone,
    CoreLimit,
    CoreLoss,
    CoreMovement,
    CoreOrder,
    CorePayee,
    CorePhone,
    CorePosted,
    CoreRate,
    CoreRates,
    CoreRefused,
    CoreReversed,
    CoreSpan,
)
from branch.bank.corewire import Specimen
from branch.bank.served import serve_core
from branch.serving import Pool, describe_failures
from protocol.messages import Ending, KeyState, Reason

DAY, LIMIT = date(2031, 3, 14), 5_000_000
PEOPLE = {
    "C1": CoreCustomer("C1", "李娜", "11010519491231002X", "13800005678"),
    "C2": CoreCustomer("C2", "王伟", "440524188001010014"),
}
OWNERS = {"6229990900000000018": "C1", "6229990900000000034": "C2"}
CARD = CoreCard("6229990100000001239", "6229990900000000018", "00", date(2031, 12, 31), "active")
SPECIMEN = Specimen(id_number="11010519491231002X", source=CARD.account, target="6229990900000000034",
                    closed="6229990900000000091", pan=CARD.pan)  # fmt: skip


@dataclass
class Entry:
    """What stands under a key."""

    status: str
    order: CoreOrder | None = None
    pending: bool = False
    reason: Reason | None = None
    act: CoreLoss | CoreLimit | CorePhone | None = None


@dataclass
class SmallCore:
    """`branch.bank.core.Core`; one lock stands for the lock on a key's row."""

    can_reverse = True
    entries: dict[str, Entry] = field(default_factory=dict)
    balance: Counter[str] = field(default_factory=lambda: Counter({CARD.account: 5_000_000}))
    held: Counter[str] = field(default_factory=Counter)
    history: list[tuple[str, CoreMovement]] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OWNERS, LIMIT))
    people: dict[str, CoreCustomer] = field(default_factory=lambda: dict(PEOPLE))
    lost: tuple[str, CoreLoss] | None = None
    """The report that stops the card, with its reference."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def accounting_date(self) -> date:
        return DAY

    def customer(self, id_number: str) -> CoreCustomer | None:
        return next((one for one in self.people.values() if one.id_number == id_number), None)

    def customer_by_id(self, customer: str) -> CoreCustomer | None:
        return self.people.get(customer)

    def cards(self, customer: str) -> list[CoreCard]:
        return [self._card()] if OWNERS[CARD.account] == customer else []

    def card(self, pan: str) -> tuple[CoreCard, CoreCustomer] | None:
        return (self._card(), self.people[OWNERS[CARD.account]]) if pan == CARD.pan else None

    def accounts(self, customer: str) -> list[CoreAccount]:
        found = (self.account(number) for number, owner in OWNERS.items() if owner == customer)
        return [one for one in found if one is not None]

    def account(self, number: str) -> CoreAccount | None:
        if (owner := OWNERS.get(number)) is None:
            return None
        balance = self.balance[number]
        return CoreAccount(number, owner, "current", PEOPLE[owner].name, balance, balance - self.held[number],
                           self.limits[number], self.limits[number])  # fmt: skip

    def movements(self, account: str, span: CoreSpan) -> list[CoreMovement]:
        hers = [one for number, one in self.history if number == account and span.since <= one.day <= span.until]
        signs = {"in": 1, "out": -1}
        hers = [one for one in hers if span.way == "all" or one.amount * signs[span.way] > 0]
        if span.before:
            known = span.before.isdecimal()
            hers = [one for one in hers if known and int(one.id) < int(span.before)]
        return hers[::-1][: span.most]

    def recent_payees(self, customer: str, most: int) -> list[CorePayee]:
        done = [one.order for one in self.entries.values() if one.status == "done" and one.order]
        hers = [one for one in done[::-1] if OWNERS[one.source] == customer != OWNERS[one.target]]
        numbers = list(dict.fromkeys(one.target for one in hers))
        return [CorePayee(number, PEOPLE[OWNERS[number]].name) for number in numbers[:most]]

    def rates(self) -> CoreRates:
        return CoreRates(time.time_ns() // 1_000_000, (CoreRate("USD", 100, 70_873, 71_171),))

    def fee(self, source: str, target: str, amount: int) -> int:
        return 0 if OWNERS.get(source) == OWNERS.get(target) or amount <= 1_000_000 else 500

    def post(self, key: str, order: CoreOrder, *, pending: bool) -> CorePosted:
        with self.lock:
            entry = self.entries.get(key)
            if entry is None:
                no = self._objection(order)
                entry = self.entries[key] = Entry("refused" if no else "pending", order, pending, no)
                self.held[order.source] += 0 if no else order.amount + order.fee
                return self._answer(key) if no or pending else self.confirm(key)
            if entry.status not in {"barred", "reversed"} and (entry.order, entry.pending) != (order, pending):
                raise CoreRefused(Reason.CONFLICT)
            return self._answer(key)

    def confirm(self, key: str) -> CorePosted:
        with self.lock:
            entry = self.entries.setdefault(key, Entry("barred"))
            if entry.status == "pending" and entry.order is not None:
                self._release(entry.order)
                self._move(key, entry.order, 1)
                entry.status = "done"
            return self._answer(key)

    def report_loss(self, key: str, loss: CoreLoss) -> CoreDone:
        with self.lock:
            if key not in self.entries:
                no = self._no_loss(loss)
                self.entries[key] = Entry("refused" if no else "done", act=loss, reason=no)
                self.lost = self.lost if no else (self._number(key), loss)
            return self._done(key, loss)

    def lower_limit(self, key: str, limit: CoreLimit) -> CoreDone:
        with self.lock:
            if key not in self.entries:
                no = self._no_limit(limit)
                self.entries[key] = Entry("refused" if no else "done", act=limit, reason=no)
                self.limits |= {} if no else {limit.account: limit.after}
            return self._done(key, limit)

    def change_phone(self, key: str, phone: CorePhone) -> CoreDone:
        with self.lock:
            if key not in self.entries:
                hers = self.people.get(phone.customer)
                no = self._no_phone(hers, phone)
                self.entries[key] = Entry("refused" if no else "done", act=phone, reason=no)
                if hers is not None and not no:
                    self.people[hers.id] = replace(hers, phone=phone.after, phone_since=DAY)
            return self._done(key, phone)

    def _no_phone(self, hers: CoreCustomer | None, phone: CorePhone) -> Reason | None:
        if hers is None:
            return Reason.UNKNOWN_CUSTOMER
        if hers.phone != phone.before:
            return Reason.CONFLICT
        return Reason.PHONE_SAME if phone.after == hers.phone else None

    def _done(self, key: str, act: CoreLoss | CoreLimit | CorePhone) -> CoreDone:
        entry = self.entries[key]
        if entry.status != "barred" and entry.act != act:
            raise CoreRefused(Reason.CONFLICT)
        if entry.status != "done":
            raise CoreRefused(entry.reason or Reason.BARRED)
        return CoreDone(self._number(key), DAY)

    def _no_limit(self, limit: CoreLimit) -> Reason | None:
        if limit.account not in OWNERS:
            return Reason.ACCOUNT
        if self.limits[limit.account] != limit.before:
            return Reason.CONFLICT
        return None if 0 <= limit.after < limit.before else Reason.LIMIT_UP

    def lift_loss(self, reference: str) -> int:
        with self.lock:
            if self.lost is None or self.lost[0] != reference:
                return 0
            self.lost = None
            return 1

    def _no_loss(self, loss: CoreLoss) -> Reason | None:
        if loss.customer != OWNERS[CARD.account] or loss.pans != (CARD.pan,):
            return Reason.CARD
        stays = self.lost is not None and (loss.until is not None or self.lost[1].until is None)
        return Reason.REPORTED if stays else None

    def _number(self, key: str) -> str:
        return f"L{list(self.entries).index(key):06d}"

    def _card(self) -> CoreCard:
        return replace(CARD, state="lost", lost_until=self.lost[1].until) if self.lost else CARD

    def void(self, key: str) -> CoreReversed:
        return self._undo(key, take_back=False)

    def reverse(self, key: str) -> CoreReversed:
        return self._undo(key, take_back=True)

    def state(self, key: str) -> KeyState:
        entry = self.entries.get(key, Entry("unknown"))
        reference = key[-16:] if entry.status in {"pending", "done", "reversed"} else ""
        return KeyState.model_validate({"key": key, "status": entry.status, "reference": reference})

    def _objection(self, order: CoreOrder) -> Reason | None:
        """Why the order cannot be posted."""
        available = self.balance[order.source] - self.held[order.source]
        checks = (
            (order.source == order.target, Reason.SAME_ACCOUNT),
            (order.source not in OWNERS, Reason.ACCOUNT),
            (order.target not in OWNERS, Reason.PAYEE),
            (order.fee != self.fee(order.source, order.target, order.amount), Reason.FEE_CHANGED),
            (not 0 < order.amount + order.fee <= available, Reason.FUNDS),
            (order.amount > self.limits.get(order.source, 0), Reason.LIMIT),
        )
        return next((reason for wrong, reason in checks if wrong), None)

    def _answer(self, key: str) -> CorePosted:
        """What is recorded, also to somebody who asks again."""
        entry = self.entries[key]
        if entry.order is None or entry.status not in {"pending", "done"}:  # also of a key that moves no money
            raise CoreRefused(entry.reason or Reason.BARRED)
        return CorePosted(key[-16:], DAY, entry.status, self.balance[entry.order.source])

    def _undo(self, key: str, *, take_back: bool) -> CoreReversed:
        """An unknown key becomes a tombstone; what is held is let go; what has moved is moved back."""
        with self.lock:
            entry = self.entries.setdefault(key, Entry("barred"))
            if entry.act is not None and entry.status == "done":
                return CoreReversed(Ending.STANDS, self._number(key))
            if entry.order is None or entry.status == "refused":
                return CoreReversed(Ending.BARRED)
            spent = self.balance[entry.order.target] - self.held[entry.order.target] < entry.order.amount
            if entry.status == "done" and (spent or not take_back):
                return CoreReversed(Ending.STANDS, key[-16:])
            if entry.status == "pending":
                self._release(entry.order)
            if entry.status == "done":
                self._move(key, entry.order, -1)
            entry.status = "reversed"
            return CoreReversed(Ending.REVERSED, key[-16:])

    def _release(self, order: CoreOrder) -> None:
        self.held[order.source] -= order.amount + order.fee

    def _move(self, key: str, order: CoreOrder, way: int) -> None:
        kind = "transfer" if way > 0 else "reversal"
        sides = (
            (order.source, order.target, -way * (order.amount + order.fee)),
            (order.target, order.source, way * order.amount),
        )
        for account, party, amount in sides:
            self.balance[account] += amount
            facts = (str(len(self.history) + 1), time.time_ns() // 1_000_000, DAY, kind, amount, self.balance[account])
            name = PEOPLE[OWNERS[party]].name
            self.history.append((account, CoreMovement(*facts, party, name, key[-16:])))


app = FastAPI(title="A small core")
describe_failures(app)
serve_core(app, SmallCore(), Pool(), os.environ.get("CORE_TOKEN", ""), SPECIMEN)
