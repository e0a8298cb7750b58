"""What must hold, seen from outside: by journals, books, and what customers were told. It knows no flow."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from branch.bank.ledger import ReferenceLedger
from branch.store.db import Database
from branch.store.schema import cases, untold
from flows.journal import ENDINGS, Records
from protocol.chain import first_break

Balances = Mapping[str, int]
OWN_BOOKS = "book_"
"""How tables of the reference ledger begin, which is a core: that a core knows its customers is no leak."""


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
        if key.endswith("-pin-change"):  # the core never hears of a PIN
            continue
        state = core.state(key).status
        if "done" in found:
            must("the core did what the journal says", state == "done", key, found, state)
        elif "manual" not in found:
            not_done = state in {"refused", "reversed", "barred", "unknown"}
            must("the core did what the journal says", not_done, key, found, state)
        if state == "done" and key.endswith("-transfer"):
            moved.add(key)
            order = written.intents[key]["order"]
            expected[_number(expected, order["source_masked"])] -= order["amount"] + order["fee"]
            expected[_number(expected, order["target_masked"])] += order["amount"]
    must("each account holds what follows from the journals", after == expected, after, expected)
    must("the books balance", core.balance_check() == [], core.balance_check())
    return moved


def _number(accounts: Iterable[str], masked: str) -> str:
    """The one demo account that ends like this."""
    (number,) = (number for number in accounts if number.endswith(masked[-4:]))
    return number


def judge_branch(db: Database, written: Written, shown: Counter[str]) -> None:
    """What was handed over is there as it ended, was told, and was told only then; a person has each manual case."""
    with db.read() as tx:
        reports = {row.key: row for row in tx.execute(sa.select(untold))}
        manual = set(tx.execute(sa.select(cases.c.key)).scalars())
    must(
        "what is handed over arrives",
        set(reports) == {key for key, found in written.states.items() if "handed" in found},
    )
    must("a person has each manual case", manual == {key for key, found in written.states.items() if "manual" in found})
    for key, row in reports.items():
        must("it is handed over as it ended", row.ending in written.states[key], key, row.ending)
        must("what is handed over is told", row.told is not None, key)
    waited = Counter(f"untold.{'' if key.endswith('-transfer') else 'care.'}{reports[key].ending}" for key in reports)
    said = {key for key in shown if key.startswith("untold.")} == set(waited)
    must("what is handed over is told", said and all(shown[key] >= waited[key] for key in waited), shown, waited)


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
