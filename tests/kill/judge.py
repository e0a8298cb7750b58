"""What must hold after any number of kills: the money, what was told of it, and where no secret may be."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from branch import demo
from flows.journal import read_records
from flows.orders import short
from protocol.calls import PATHS
from tests.kill.pilot import PIN, read_notes
from tests.kill.rig import NAMES, Rig
from tests.storm import inspector
from tests.storm.inspector import Written

OWN_BOOKS = {"book_customers": "id_number", "book_cards": "pan"}
"""Columns of the reference ledger, which is a core: that a core knows its customers is no leak."""
MAY_SAY = {PATHS["authorise_card"].path: "pan", PATHS["claim"].path: "id_number"}
"""The two calls inside TLS that must name a card and a document in clear."""


def judge(rig: Rig) -> Counter[str]:
    """Moved once if and only if told so, one ending an intent, the books, the chains; answers what there was."""
    written, heard = Written(), list[dict[str, Any]]()
    for name in NAMES:
        written |= inspector.read(read_records(rig.journal(name)))
        heard += read_notes(rig.folder / name / "heard.jsonl")
    core = rig.ledger
    moved = inspector.judge_money(core, written, rig.before, rig.balances())
    inspector.judge_branch(rig.branch.db, written, Counter(one["key"] for one in heard))
    told_done = _told_done(written, heard)
    assert told_done == moved, "moved if and only if told so"
    doubted = {one["reference"] for one in heard if one["key"] == "transfer.unsure"}
    assert doubted <= {short(key) for key in written.settled()}, "in doubt, and yet not settled"
    met = Counter(
        f"{'settled' if key in written.settled() else 'ended'} {_ending(written, key)}" for key in written.states
    )
    met.update(one["key"] for one in heard if one["key"].startswith(("transfer.", "untold.")))
    return met


def _ending(written: Written, key: str) -> str:
    return next(state for state in written.states[key] if state in ("done", "refused", "reversed", "manual"))


def _told_done(written: Written, heard: list[dict[str, Any]]) -> set[str]:
    """Keys of which she was told, then or later, that it is done; never the opposite as well."""
    said = {(one["key"], one["reference"]) for one in heard}
    done = set()
    for key in written.states:
        reference = written.endings[key].get("reference", "")
        at_once, later = ("transfer.done", reference) in said, ("untold.done", short(key)) in said
        not_done = {("untold.reversed", short(key)), ("untold.refused", short(key))} & said
        assert not ((at_once or later) and not_done), (key, "told both")
        if at_once or later:
            done.add(key)
    references = {written.endings[key].get("reference") for key in done}
    assert {reference for key, reference in said if key == "transfer.done"} <= references, "told done of nothing known"
    return done


# --- secrets


def search(rig: Rig, *logs: Path) -> Counter[str]:
    """Look for the PIN, card numbers and ID numbers wherever anything is kept; answers where they may stand and did."""
    allowed: Counter[str] = Counter()
    numbers = [card.pan for card in demo.CARDS] + [person.id_number for person in demo.PEOPLE]
    for name in NAMES:
        for path in (rig.folder / name).iterdir():
            if path.name not in {"wire.jsonl", "cards.json"}:  # the chips' own file is part of a far end
                _nothing(path.read_bytes(), numbers, str(path))
        for note in read_notes(rig.folder / name / "wire.jsonl"):
            allowed.update(_on_the_wire(note, numbers))
    for path in (rig.folder / "branch.log", *logs):
        _nothing(path.read_bytes(), numbers, str(path))
    for where, text in _rows(rig):
        field = OWN_BOOKS.get(where.partition(".")[0])
        mine = [number for number in numbers if number in text] if where.endswith(f".{field}") else []
        allowed.update([where] * len(mine))
        _nothing(text.encode(), [number for number in numbers if number not in mine], where)
    return allowed


def _on_the_wire(note: dict[str, Any], numbers: list[str]) -> list[str]:
    """A message, but for the one member in which its call must name the number."""
    text, member = note["body"], MAY_SAY.get(note["path"])
    inside = [number for number in numbers if member and f'"{member}":"{number}"' in text.replace(" ", "")]
    for number in inside:
        text = text.replace(number, "", 1)
    _nothing(text.encode(), numbers, note["path"])
    return [f"{note['path']} {member}"] * len(inside)


def _nothing(data: bytes, numbers: list[str], where: str) -> None:
    """None of it stands there, in no form that a program gives to numbers."""
    low = data.lower()
    for form in _forms(PIN):
        assert form not in data, f"the PIN stands in {where}"
    for number in numbers:
        for form in _forms(number.lower()):
            assert form not in low, f"{number[:4]}… stands in {where}"


def _forms(digits: str) -> Iterator[bytes]:
    yield digits.encode()
    yield digits.encode().hex().encode()
    yield digits.encode("utf-16-le")
    yield digits.encode("utf-32-le")
    if digits.isdigit():
        yield bytes(map(int, digits))
        yield bytes.fromhex(digits if len(digits) % 2 == 0 else digits + "f")


def _rows(rig: Rig) -> Iterator[tuple[str, str]]:
    """Every value of every table of the branch's database."""
    metadata, engine = sa.MetaData(), rig.branch.db.engine
    metadata.reflect(engine)
    with engine.connect() as tx:
        for table in metadata.sorted_tables:
            for row in tx.execute(sa.select(table)).mappings():
                for column, value in row.items():
                    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    yield f"{table.name}.{column}", text
