"""What must hold, seen from outside: by journals, books, and what customers were told. It knows no flow."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from branch.bank.ledger import ReferenceLedger
from branch.bank.refbillers import CATALOGUE, catalogue
from branch.store import billbooks
from branch.store.bookkeeping import CLEARING_ACCOUNT, SETTLEMENT_ACCOUNT, balance
from branch.store.db import Database
from branch.store.remittances import remittances
from branch.store.schema import cases, untold
from flows.journal import ENDINGS, Records
from protocol.chain import first_break

Balances = Mapping[str, int]
OWN_BOOKS = ("book_", "biller_")
"""How tables of the reference ledger and the reference billers begin: that they know their customers is no leak."""


class Broken(AssertionError):
    """Something that must hold does not; it is known by its name."""

    def __init__(self, name: str, evidence: tuple[object, ...]) -> None:
        super().__init__(f"{name}: {evidence}")
        self.name = name


def must(name: str, holds: object, *evidence: object) -> None:
    """What must hold, whatever happened."""
    if not holds:
        raise Broken(name, evidence)


@dataclass
class Written:
    """What a journal says of each key."""

    states: dict[str, list[str]] = field(default_factory=dict)
    intents: dict[str, Any] = field(default_factory=dict)
    endings: dict[str, Any] = field(default_factory=dict)

    def settled(self) -> set[str]:
        """Keys that the flow itself did not bring to their end."""
        return {key for key, body in self.endings.items() if body.get("by") == "settle"}

    def __or__(self, other: "Written") -> "Written":
        return Written(self.states | other.states, self.intents | other.intents, self.endings | other.endings)


def read(records: Records) -> Written:
    """Judge one terminal's journal by itself: an unbroken chain, one ending an intent, trace numbers without a gap."""
    must("the chain is unbroken", first_break(records) is None, first_break(records))
    found = Written()
    for record, _ in records:
        key, state = record["key"], record["state"]
        if "/" in key:
            found.states.setdefault(key, []).append(state)
            if state == "intent":
                found.intents[key] = record["body"]
            if state in ENDINGS:
                found.endings[key] = record["body"]
    for key, states in found.states.items():
        must("an intent stands before all else", states[0] == "intent" and states.count("intent") == 1, key, states)
        must("each intent ends once", sum(state in ENDINGS for state in states) == 1, key, states)
        must("each ending is told or handed over", "told" in states or "handed" in states, key, states)
    traces = [body["trace"] for body in found.intents.values()]
    must("trace numbers have no gap", traces == list(range(1, len(traces) + 1)), traces)
    return found


def judge_money(core: ReferenceLedger, written: Written, before: Balances, after: Balances) -> set[str]:
    """Moved once if a journal says done, else not at all; every account holds exactly what follows from that.

    Answers the keys under which money moved.
    """
    expected, moved = dict(before), set()
    for key, found in written.states.items():
        if key.endswith(("-pin-change", "-standing-new", "-standing-end", "-cancel", "-interbank")):
            continue  # the core never hears of these, or as its branch does
        state = core.state(key).status
        if "done" in found:
            must("the core did what the journal says", state == "done", key, found, state)
        elif "manual" not in found:
            not_done = state in {"refused", "reversed", "barred", "unknown"}
            must("the core did what the journal says", not_done, key, found, state)
        if state == "done" and key.endswith(("-transfer", "-bill")):
            moved.add(key)
            order = written.intents[key]["order"]
            expected[_number(expected, order["source_masked"])] -= order["amount"] + order["fee"]
            if "target_masked" in order:
                expected[_number(expected, order["target_masked"])] += order["amount"]
    for number, amount in _judge_outside(core, written).items():
        expected[_number(expected, number)] -= amount
    must("each account holds what follows from the journals", after == expected, after, expected)
    must("the books balance", core.balance_check() == [], core.balance_check())
    return moved


def judge_bills(db: Database, core: ReferenceLedger, written: Written) -> None:
    """Biller and bank agree on each key, or a person looks at it; no bill took more than was due, or twice."""
    with db.read() as tx:
        taken = {row.key: row for row in billbooks.taken(tx)}
        bills = billbooks.all_bills(tx)
    paying = {key: found for key, found in written.states.items() if key.endswith("-bill")}
    assert set(taken) <= set(paying)
    stuck = 0
    for key, found in paying.items():
        if "manual" in found:
            stuck += written.intents[key]["order"]["amount"] * (core.state(key).status == "done" and key not in taken)
        else:
            assert (key in taken) == ("done" in found), (key, found)
    assert sum(row.paid for row in bills) == sum(row.amount for row in taken.values())
    for row in bills:
        assert 0 <= row.paid <= row.amount, row
        if row.least == row.amount:
            assert row.paid in {0, row.amount}, row
    accounts = [core.account(one.collection) for one in catalogue(CATALOGUE)]
    assert sum(one.balance for one in accounts if one) == sum(row.amount for row in taken.values()) + stuck


ENDED = {"credited", "returned", "cancelled", "refused", "manual"}


def _judge_outside(core: ReferenceLedger, written: Written) -> Counter[str]:
    """To another bank: accepted, then ended once; what was taken waits, is settled, or came back. Answers what is gone.

    By the masked numbers of the accounts that it left.
    """
    with core._db.read() as tx:
        rows = {row.key: row for row in tx.execute(sa.select(remittances))}
        held, settled = balance(tx, CLEARING_ACCOUNT), balance(tx, SETTLEMENT_ACCOUNT)
    gone, here, there = Counter[str](), 0, 0
    for key in (key for key in written.states if key.endswith("-interbank")):
        row, found, order = rows.get(key), written.states[key], written.intents[key]["order"]
        taken = core.state(key).status == "done"
        on, back = (core.state(f"{key}-{way}").status == "done" for way in ("settled", "returned"))
        end = row.state if row else "new"
        if "manual" not in found:
            assert (end in ENDED) == ("done" in found), (key, found, end)
        assert not (on and back), key
        assert on == (end == "credited"), (key, end)
        if end in {"returned", "cancelled"}:
            assert back or not taken, (key, end)
        if end == "refused":
            assert core.state(key).status == "refused", key
        if taken:
            gone[order["source_masked"]] += order["fee"] + (0 if back else order["amount"])
            here += 0 if on or back else order["amount"]
            there += order["amount"] * on
    assert (held, settled) == (here, there)
    return gone


def _number(accounts: Iterable[str], masked: str) -> str:
    """The one demo account that ends like this."""
    (number,) = (number for number in accounts if number.endswith(masked[-4:]))
    return number


def judge_branch(db: Database, written: Written, shown: Counter[str]) -> None:
    """What was handed over is there as it ended, was told, and was told only then; a person has each manual case."""
    with db.read() as tx:
        reports = {row.key: row for row in tx.execute(sa.select(untold))}
        manual = set(tx.execute(sa.select(cases.c.key)).scalars())
        ended = {row.key: row.state for row in tx.execute(sa.select(remittances))}
    ours = {f"{key}-{TOLD[state]}" for key, state in ended.items() if state in TOLD}
    handed = {key for key, found in written.states.items() if "handed" in found}
    must("what is handed over arrives", set(reports) == handed | ours, set(reports) ^ (handed | ours))
    cases_ = {f"{key}-clearing" for key, state in ended.items() if state == "manual"}
    wanted = {key for key, found in written.states.items() if "manual" in found} | cases_
    must("a person has each manual case", manual == wanted, manual ^ wanted)
    for key, row in reports.items():
        as_it_ended = key in ours or row.ending in written.states[key]
        must("it is handed over as it ended", as_it_ended, key, row.ending)
        must("what is handed over is told", row.told is not None, key)
    waited = Counter(_words(key, row.ending) for key, row in reports.items())
    said = {key for key in shown if key.startswith("untold.")} == set(waited)
    must("what is handed over is told", said and all(shown[key] >= waited[key] for key in waited), shown, waited)


TOLD = {"returned": "returned", "refused": "due"}
"""Ends of a transfer to another bank of which she hears, and how their keys end."""
SAYS = (("-transfer", ""), ("-interbank", "interbank."), ("-cancel", "cancel."), ("-bill", "bill."))
"""How a key ends, and which words tell of it afterwards."""


def _words(key: str, ending: str) -> str:
    """The screen that tells of it."""
    for last, words in SAYS:
        if key.endswith(last):
            return f"untold.{words}{ending}"
    for last in TOLD.values():
        if key.endswith(f"-interbank-{last}"):
            return f"untold.interbank.{last}"
    return f"untold.care.{ending}"


def values(db: Database) -> Iterator[tuple[str, str]]:
    """Every value of every table of the branch's database, with where it stands."""
    metadata = sa.MetaData()
    metadata.reflect(db.engine)
    with db.engine.connect() as tx:
        for table in metadata.sorted_tables:
            for row in tx.execute(sa.select(table)).mappings():
                for column, value in row.items():
                    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    yield f"{table.name}.{column}", text


def judge_secrets(secrets: Iterable[str], records: Records, db: Database | None = None) -> None:
    """None of these stands in a journal, or in the branch's own tables."""
    wanted = tuple(secrets)
    for record, _ in records:
        text = json.dumps(record, ensure_ascii=False)
        found = [f"{one[:3]}… ({len(one)})" for one in wanted if one in text]
        must("no secret is written down", not found, found, record["key"], record["state"])
    for where, text in values(db) if db else ():
        found = [f"{one[:3]}… ({len(one)})" for one in wanted if one in text and not where.startswith(OWN_BOOKS)]
        must("no secret is written down", not found, found, where)
