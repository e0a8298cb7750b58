"""The terminal's electronic journal, and settle(), which gives every intent its ending.

SQLite in WAL mode with synchronous=FULL: a row is on the disk before the call that wrote it returns. Rows are only ever
added and are chained by hash. A key has at most one row of each state, and exactly one ending.
"""

import asyncio
import enum
import json
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from flows.ports import Facts
from protocol.chain import START, first_break, link

T = TypeVar("T")
Runner = Callable[[Callable[[], T]], Awaitable[T]]

ENDINGS = ("done", "refused", "reversed", "manual")
SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = full;
create table if not exists entry (
  seq integer primary key, at integer not null, key text not null, state text not null, body text not null,
  hash text not null) strict;
create unique index if not exists one_of_each_state on entry (key, state) where key like '%/%';
create unique index if not exists one_ending on entry (key)
  where state in ('done', 'refused', 'reversed', 'manual');
create index if not exists intents on entry (seq) where state = 'intent';
create trigger if not exists no_change before update on entry begin select raise(abort, 'append only'); end;
create trigger if not exists no_delete before delete on entry begin select raise(abort, 'append only'); end;
"""


OPEN = """
select seq, key, body from entry where state = 'intent' and seq >= ? and not exists (select 1 from entry e
  where e.key = entry.key and e.state in ('done', 'refused', 'reversed', 'manual')) order by seq"""
UNTOLD = """
select e.seq, e.key, e.state, i.body
  from entry e join entry i indexed by one_of_each_state on i.key = e.key and i.key like '%/%' and i.state = 'intent'
  where e.state in ('done', 'refused', 'reversed', 'manual') and e.seq >= ? and not exists
  (select 1 from entry t indexed by one_of_each_state
    where t.key = e.key and t.key like '%/%' and t.state in ('told', 'handed')) order by e.seq"""
HERE = """
select count(*) from entry indexed by one_of_each_state
  where state = 'intent' and key > ? and key < ? and key like '%/%'"""
STATES = """
select state from entry indexed by one_of_each_state where key = ? and key like '%/%' order by seq"""
RECORDS = "select seq, at, key, state, body, hash from entry order by seq"
SELF_TEST = "self-test"
"""A row of this state says that the chain was good up to it."""
CHECKPOINT = "select seq, hash from entry where state = ? order by seq desc limit 1"
NEWER = "select seq, at, key, state, body, hash from entry where seq > ? order by seq"
Records = list[tuple[dict[str, Any], str]]
"""Every record with its hash, in order."""


class JournalFailed(Exception):
    """The journal could not be written or read (disk full, damaged, gone); an engineer must look."""


class AlreadyWritten(JournalFailed):
    """The key has that state, or another ending, already."""


class Undo(enum.StrEnum):
    """How an effect ends when its ending is missing."""

    REVERSE = "reverse"
    """A posting: take it back."""
    ASK = "ask"
    """Ask for its state; done stays done, anything else is taken back."""
    FINISH = "finish"
    """Harmless to repeat: do it until it is done."""
    PERSON = "person"
    """A card or paper moved: nobody but a person knows."""


@dataclass(frozen=True)
class Intent:
    """An effect that is on the disk and has not ended."""

    key: str
    trace: int
    undo: Undo
    order: Facts


class Journal:
    """Append-only, one process per file. Blocking work runs on one thread of its own, unless `run` says otherwise."""

    def __init__(self, path: str, now_ms: Callable[[], int], run: Runner[Any] | None = None) -> None:
        self.in_flight: set[str] = set()
        self.present: set[str] = set()
        """Visits whose customer still stands there: she is told by her own flow, not by the branch."""
        self.now = now_ms
        self._pool = None if run else ThreadPoolExecutor(1, "journal")
        self._where: Runner[Any] = run or self._in_thread
        self._ended_below = self._told_below = 0
        """No row under these numbers is an intent without an ending, or an ending that nobody was told."""
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
            self._db.executescript(SCHEMA)
        except sqlite3.Error as why:
            raise JournalFailed(f"{path}: {why}") from why

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        # shielded: a cancelled visit must not leave a write half asked for
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._pool, work))

    async def _run(self, work: Callable[[], Any]) -> Any:
        try:
            return await self._where(work)
        except sqlite3.IntegrityError as why:
            raise AlreadyWritten(str(why)) from why
        except (sqlite3.Error, OSError) as why:
            raise JournalFailed(str(why)) from why

    def close(self) -> None:
        """Wait for the last write and let go of the file."""
        if self._pool:
            self._pool.shutdown()
        self._db.close()

    # --- writing

    async def intent(self, visit: str, step: str, undo: Undo, order: Facts) -> Intent:
        """Write down what is about to be done; JournalFailed when it cannot be written: then nothing may be done."""

        def work() -> Intent:
            with self._transaction():
                (here,) = self._one(HERE, f"{visit}/", f"{visit}0")
                last = self._db.execute(
                    "select body from entry where state = 'intent' order by seq desc limit 1"
                ).fetchone()
                trace = json.loads(last[0])["trace"] + 1 if last else 1
                made = Intent(f"{visit}/{here + 1:03d}-{step}", trace, undo, order)
                self._append(made.key, "intent", {"undo": undo, "trace": made.trace, "order": dict(order)})
            return made

        made: Intent = await self._run(work)
        self.in_flight.add(made.key)
        return made

    async def write(self, key: str, state: str, body: Facts) -> None:
        """Add a row under a key; AlreadyWritten when the key has that state or another ending."""
        await self._run(lambda: self._put(key, state, body))

    async def note(self, visit: str, event: str, body: Facts | None = None) -> None:
        """Write down what happened in a visit: media, doors, screens told. No secrets, no names."""
        await self._run(lambda: self._put(visit, event, body or {}))

    def _put(self, key: str, state: str, body: Facts) -> None:
        with self._transaction():
            self._append(key, state, dict(body))

    def _append(self, key: str, state: str, body: dict[str, Any]) -> None:
        last = self._db.execute("select seq, hash from entry order by seq desc limit 1").fetchone()
        seq, before = last or (0, START)
        record = {"seq": seq + 1, "at": self.now(), "key": key, "state": state, "body": body}
        self._db.execute(
            "insert into entry values (?, ?, ?, ?, ?, ?)",
            (seq + 1, record["at"], key, state, json.dumps(body, ensure_ascii=False), link(before, record)),
        )

    def _transaction(self) -> "_Immediate":
        return _Immediate(self._db)

    def _one(self, query: str, *values: str) -> tuple[int]:
        row: tuple[int] = self._db.execute(query, values).fetchone()
        return row

    # --- reading

    async def open_intents(self) -> list[Intent]:
        """Every intent without an ending that nobody is working on, oldest first."""
        self._ended_below, rows = await self._since(OPEN, self._ended_below)
        found = [(key, json.loads(body)) for _, key, body in rows]
        return [
            Intent(key, body["trace"], Undo(body["undo"]), body["order"])
            for key, body in found
            if key not in self.in_flight
        ]

    async def untold(self) -> list[tuple[str, str, dict[str, Any]]]:
        """(key, ending, order) of endings that no customer has seen and the branch does not know to tell."""
        self._told_below, rows = await self._since(UNTOLD, self._told_below)
        away = [row for row in rows if row[1].partition("/")[0] not in self.present]
        return [(key, state, json.loads(body)["order"]) for _, key, state, body in away]

    async def _since(self, query: str, below: int) -> tuple[int, list[tuple[Any, ...]]]:
        """What the query finds from a row on, and the row from which to look next time."""

        def work() -> tuple[int, list[tuple[Any, ...]]]:
            (end,) = self._one("select coalesce(max(seq), 0) from entry")
            rows = self._db.execute(query, (below,)).fetchall()
            return (rows[0][0] if rows else end), rows

        found: tuple[int, list[tuple[Any, ...]]] = await self._run(work)
        return found

    async def states(self, key: str) -> list[str]:
        """The states of a key, in order."""

        def work() -> list[str]:
            return [state for (state,) in self._db.execute(STATES, (key,))]

        found: list[str] = await self._run(work)
        return found

    async def records(self) -> Records:
        """Every record with its hash, in order."""
        return _records(await self._rows(RECORDS))

    async def verify(self) -> int | None:
        """Position of the first record that breaks the chain; None when all hold."""
        return first_break(await self.records())

    async def recent(self, days: int) -> list[dict[str, Any]]:
        """The records of the last days of the clock, in order; found from its end."""

        def work() -> list[dict[str, Any]]:
            since, rows = self.now() - days * 86_400_000, []
            for row in self._db.execute("select seq, at, key, state, body, hash from entry order by seq desc"):
                if row[1] < since:
                    break
                rows.append(row)
            return [record for record, _ in _records(rows[::-1])]

        found: list[dict[str, Any]] = await self._run(work)
        return found

    async def verify_new(self) -> int | None:
        """As `verify`, but from the last self-test on, whose own row counts as good: the first row that breaks."""

        def work() -> int | None:
            last = self._db.execute(CHECKPOINT, (SELF_TEST,)).fetchone()
            seq, before = last or (0, START)
            rows = self._db.execute(NEWER, (seq,)).fetchall()
            at = first_break(_records(rows), before)
            return None if at is None else int(rows[at][0])

        found: int | None = await self._run(work)
        return found

    async def _rows(self, query: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = await self._run(lambda: self._db.execute(query).fetchall())
        return rows


def read_records(path: Path) -> Records:
    """The records of a journal file, beside the program that writes it; JournalFailed when it cannot be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return _records(db.execute(RECORDS).fetchall())
    except (sqlite3.Error, OSError, ValueError) as why:
        raise JournalFailed(str(why)) from why


def _records(rows: list[tuple[Any, ...]]) -> Records:
    names = ("seq", "at", "key", "state")
    return [(dict(zip(names, row[:4], strict=True)) | {"body": json.loads(row[4])}, row[5]) for row in rows]


class _Immediate:
    """A write transaction that is on the disk when the block ends, or not at all."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("begin immediate")

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("commit")
        finally:
            if self._db.in_transaction:  # a full disk has rolled back by itself
                self._db.execute("rollback")
