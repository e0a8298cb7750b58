"""The ledger's handwork: one small statement each, inside a transaction that the ledger holds."""

from functools import cache
from typing import Any

import sqlalchemy as sa

from branch.store import books as b
from branch.store.db import insert_on, insert_once, inserted, locked

FEE_ACCOUNT = "9900000000000000001"
"""The bank's income from fees."""
CLEARING_ACCOUNT = "9900000000000000003"
"""Where money for other banks waits until it is credited there or comes back."""
SETTLEMENT_ACCOUNT = "9900000000000000004"
"""What the bank has at the clearing: money that other banks have credited ends here."""
NO_LIMIT = 10**17
OPENING_ACCOUNT = "9900000000000000002"
"""Where the money of opening balances comes from; it is below zero by their sum."""
MOVES = ("posted", "reversal", "opening")
"""Kinds of transfer that move balances; `hold` and `release` only set money aside."""


_ACCOUNT, _KEY = b.accounts.c.number == sa.bindparam("this"), b.postings.c.key == sa.bindparam("which")
_BETWEEN = b.accounts.c.number.in_((sa.bindparam("this"), sa.bindparam("that")))
_OWNERS = sa.select(sa.func.count(sa.distinct(sa.func.coalesce(b.accounts.c.customer, "")))).where(_BETWEEN)
_TIER = b.fees.c.above < sa.bindparam("sum")
_HERS = sa.bindparam("this") != CLEARING_ACCOUNT
"""What comes back from the clearing costs nothing."""
_PRICED = (_TIER, _HERS, _OWNERS.scalar_subquery() > 1)
_FEE = sa.select(b.fees.c.fee).where(*_PRICED).order_by(b.fees.c.above.desc()).limit(1)
_DAY = sa.select(b.day.c.accounting_date)
_USED = sa.select(b.used.c.amount).where(
    b.used.c.account == sa.bindparam("this"), b.used.c.accounting_date == sa.bindparam("today")
)
_SOURCE = sa.select(b.accounts.c.balance).where(b.accounts.c.number == b.postings.c.source)
_MOVED = sa.bindparam("moved", type_=sa.BigInteger)

DAY, DAY_HELD, DAY_CHANGED = _DAY, _DAY.with_for_update(read=True), _DAY.with_for_update()
POSTING_LOCKED = locked(sa.select(b.postings).where(_KEY))
CHANGE = b.postings.update().where(_KEY).returning(b.postings, _SOURCE.scalar_subquery().label("balance"))
BALANCE = sa.select(b.accounts.c.balance).where(_ACCOUNT)
LOCK = locked(
    sa.select(b.accounts)
    .where(b.accounts.c.number.in_([sa.bindparam(name) for name in ("this", "that", "third")]))
    .order_by(b.accounts.c.number)
)
FEE = sa.select(_FEE.scalar_subquery())
FEE_AND_USED = sa.select(_FEE.scalar_subquery().label("fee"), _USED.scalar_subquery().label("used"))
HOLD = b.accounts.update().where(_ACCOUNT).values(held=b.accounts.c.held + _MOVED)
ADD = b.transfers.insert()
MOVE = (
    b.accounts.update()
    .where(_BETWEEN)
    .values(balance=b.accounts.c.balance + sa.case((_ACCOUNT, -_MOVED), else_=_MOVED))
)
"""The statements, built once: to build one costs several times what it costs to run it."""


def day(tx: sa.Connection, *, hold: bool = False, change: bool = False) -> str:
    """The accounting date. `hold`: it cannot change before this transaction ends; `change`: only this one may."""
    return str(tx.execute(DAY_CHANGED if change else DAY_HELD if hold else DAY).scalar_one())


def claimed(tx: sa.Connection, row: dict[str, Any]) -> sa.Row[Any]:
    """The row of a key, locked until this transaction ends: the given one when there was none."""
    made = inserted(tx, b.postings, row)
    return made if made is not None else tx.execute(POSTING_LOCKED, {"which": row["key"]}).one()


def change(tx: sa.Connection, key: str, **facts: str | int) -> sa.Row[Any]:
    """Alter the row of a key that this transaction has locked; answers it with its source's `balance`."""
    return tx.execute(CHANGE, {"which": key, **facts}).one()


def balance(tx: sa.Connection, account: str) -> int:
    """What is on an account, held or not."""
    return int(tx.execute(BALANCE, {"this": account}).scalar_one())


def lock_accounts(tx: sa.Connection, source: str, target: str, fees: int) -> dict[str, sa.Row[Any]]:
    """Lock the accounts of a transfer, by number: so two transfers never wait for each other.

    The account of fees is locked only by those who pay one: it is everybody's. Answers those accounts that there are,
    as they are now that nobody else can change them.
    """
    third = FEE_ACCOUNT if fees else source
    return {row.number: row for row in tx.execute(LOCK, {"this": source, "that": target, "third": third})}


def fee(tx: sa.Connection, source: str, target: str, amount: int) -> int:
    """Between two accounts of one customer nothing; else what the table of fees says for the amount."""
    return tx.execute(FEE, {"this": source, "that": target, "sum": amount}).scalar() or 0


def fee_and_used(tx: sa.Connection, source: str, target: str, amount: int, on: str) -> tuple[int, int]:
    """The fee, and what has been moved away from the source on a day; asked for together."""
    row = tx.execute(FEE_AND_USED, {"this": source, "that": target, "sum": amount, "today": on}).one()
    return row.fee or 0, row.used or 0


def used(tx: sa.Connection, account: str, on: str) -> int:
    """What has been moved away from an account on a day."""
    return tx.execute(_USED, {"this": account, "today": on}).scalar() or 0


def use(tx: sa.Connection, account: str, on: str, amount: int) -> None:
    """Count towards the day's limit; below zero gives it back."""
    tx.execute(_use(tx.dialect.name), {"account": account, "accounting_date": on, "amount": amount})


@cache
def _use(dialect: str) -> Any:
    insert = insert_on(dialect, b.used)
    more = {"amount": b.used.c.amount + insert.excluded.amount}
    return insert.on_conflict_do_update(index_elements=list(b.used.primary_key), set_=more)


def hold(tx: sa.Connection, account: str, amount: int) -> None:
    """Set money of an account aside; below zero lets it go."""
    tx.execute(HOLD, {"this": account, "moved": amount})


def add(tx: sa.Connection, key: str, kind: str, between: tuple[str, str], amount: int, stamp: tuple[str, int]) -> int:
    """Write one transfer `between` debit and credit account, at `(accounting date, ms)`; answers its number."""
    (debit, credit), (today, at) = between, stamp
    row = {"key": key, "kind": kind, "debit": debit, "credit": credit, "amount": amount}
    made = tx.execute(ADD, {**row, "accounting_date": today, "at": at})
    if kind in MOVES:
        tx.execute(MOVE, {"this": debit, "that": credit, "moved": amount})
    assert made.inserted_primary_key is not None  # noqa: S101  the table has a counter
    return int(made.inserted_primary_key[0])


def discrepancies(tx: sa.Connection) -> list[str]:
    """Everything in the books that does not add up, in words without amounts."""
    moved = _sums(tx, b.transfers.c.credit, MOVES, 1)
    for account, amount in _sums(tx, b.transfers.c.debit, MOVES, -1).items():
        moved[account] = moved.get(account, 0) + amount
    held = _sums(tx, b.transfers.c.debit, ("hold",), 1)
    for account, amount in _sums(tx, b.transfers.c.debit, ("release",), -1).items():
        held[account] = held.get(account, 0) + amount
    found = []
    total = 0
    for row in tx.execute(sa.select(b.accounts)):
        total += row.balance
        if row.balance != moved.get(row.number, 0):
            found.append(f"account …{row.number[-4:]}: its balance is not the sum of its transfers")
        if row.held != held.get(row.number, 0):
            found.append(f"account …{row.number[-4:]}: what it holds is not the sum of its pending transfers")
        if row.kind != "internal" and not 0 <= row.held <= row.balance:
            found.append(f"account …{row.number[-4:]}: more is held than there is")
    if total:
        found.append("the balances of all accounts do not sum to zero")
    return found + _keys_that_lie(tx)


def _sums(tx: sa.Connection, side: sa.ColumnElement[str], kinds: tuple[str, ...], sign: int) -> dict[str, int]:
    query = sa.select(side, sa.func.sum(b.transfers.c.amount)).where(b.transfers.c.kind.in_(kinds)).group_by(side)
    return {account: sign * int(amount) for account, amount in tx.execute(query).all()}


EXPECTED: dict[str, set[frozenset[str]]] = {
    "new": {frozenset()},
    "refused": {frozenset()},
    "barred": {frozenset()},
    "pending": {frozenset({"hold"})},
    "done": {frozenset({"posted"}), frozenset({"hold", "release", "posted"})},
    "reversed": {
        frozenset({"hold", "release"}),
        frozenset({"posted", "reversal"}),
        frozenset({"hold", "release", "posted", "reversal"}),
    },
}
"""Which transfers may stand under a key of each status."""


def _keys_that_lie(tx: sa.Connection) -> list[str]:
    kinds: dict[str, set[str]] = {}
    for key, kind in tx.execute(sa.select(b.transfers.c.key, b.transfers.c.kind).distinct()).all():
        kinds.setdefault(key, set()).add(kind)
    rows = tx.execute(sa.select(b.postings.c.key, b.postings.c.status).where(b.postings.c.act.is_(None))).all()
    return [
        f"key {row.key}: its status is {row.status}, its transfers say otherwise"
        for row in rows
        if frozenset(kinds.get(row.key, set())) not in EXPECTED[row.status]
    ]


# --- set-up


def open_books(tx: sa.Connection, accounting_date: str) -> None:
    """The bank's own accounts and the first day; harmless to repeat."""
    insert_once(tx, b.day, {"one": 1, "accounting_date": accounting_date})
    for number in (FEE_ACCOUNT, OPENING_ACCOUNT):
        insert_once(tx, b.accounts, _account(number, None, "internal", 0, 0))
    for number in (CLEARING_ACCOUNT, SETTLEMENT_ACCOUNT):
        insert_once(tx, b.accounts, _account(number, None, "clearing", 0, NO_LIMIT))


def add_customer(tx: sa.Connection, customer: str, name: str, id_number: str, phone: str = "") -> None:
    """A customer; harmless to repeat."""
    insert_once(tx, b.customers, {"id": customer, "name": name, "id_number": id_number, "phone": phone})


def add_account(
    tx: sa.Connection, number: str, customer: str, kind: str, *, place: int, day_limit: int, opening: int, now: int
) -> None:
    """An open account, with its opening balance as a transfer; harmless to repeat."""
    if insert_once(tx, b.accounts, _account(number, customer, kind, place, day_limit)) and opening:
        add(tx, f"opening {number}", "opening", (OPENING_ACCOUNT, number), opening, (day(tx), now))


def _account(number: str, customer: str | None, kind: str, place: int, day_limit: int) -> dict[str, str | int | None]:
    row: dict[str, str | int | None] = {"number": number, "customer": customer, "kind": kind, "place": place}
    return {**row, "state": "open", "balance": 0, "held": 0, "day_limit": day_limit}


def close_account(tx: sa.Connection, number: str) -> None:
    """Nothing enters or leaves it any more."""
    tx.execute(b.accounts.update().where(b.accounts.c.number == number).values(state="closed"))


def add_card(tx: sa.Connection, pan: str, account: str, sequence: str, expiry: str, state: str) -> None:
    """A card behind which an account stands; harmless to repeat."""
    row = {"pan": pan, "account": account, "sequence": sequence, "expiry": expiry, "state": state}
    insert_once(tx, b.cards, row)


def set_rate(tx: sa.Connection, currency: str, place: int, prices: tuple[int, int, int], now: int) -> None:
    """From now on, a `unit` of the currency costs this when the bank buys and sells it: `prices` is all three."""
    unit, buy, sell = prices
    row = {"place": place, "unit": unit, "buy": buy, "sell": sell, "at": now}
    if not insert_once(tx, b.rates, {"currency": currency, **row}):
        tx.execute(b.rates.update().where(b.rates.c.currency == currency).values(**row))


def set_fee(tx: sa.Connection, above: int, fee_in_fen: int) -> None:
    """From now on, amounts above `above` fen cost this much (up to the next higher step)."""
    if not insert_once(tx, b.fees, {"above": above, "fee": fee_in_fen}):
        tx.execute(b.fees.update().where(b.fees.c.above == above).values(fee=fee_in_fen))
