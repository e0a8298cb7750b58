"""The visit records: what passed between each visit and the world, with specimens for all that is personal.

SQLite, one database beside the journal, readable by its owner alone. Writing happens on a thread of its own and is
never waited for: a full disk loses the record, not the visit. The oldest go when there are too many, or too old.
"""

import json
import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
Json = Any
Work = Callable[[sqlite3.Connection], object]
VERSION = 1
"""Of the record: what its rows say, and how."""
ROWS = 20_000
"""Rows of one visit; a longer one is kept up to there."""
WAITING = 50_000
"""Rows that may wait for the disk."""
DAY = 24 * 3600 * 1000
FORMAT = "kiosk-visit-record"
SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = normal;
pragma cache_size = -256;
create table if not exists visit (
  id text primary key, at integer not null, ending text) strict;
create table if not exists entry (
  visit text not null, place integer not null, body text not null, primary key (visit, place)) strict, without rowid;
create index if not exists by_age on visit (at);
"""


class NoRecord(Exception):
    """There is no such record, or the file is none; the words say which."""


class UnknownVersion(NoRecord):
    """A record that another version of the program wrote."""


@dataclass(frozen=True)
class Listed:
    """A visit of which there is a record."""

    visit: str
    at: int
    """UTC milliseconds."""
    ending: str | None
    """None: it was broken off."""


@dataclass(frozen=True)
class Record:
    """A visit as it was recorded; `rows` in order, the first is its heading."""

    visit: str
    rows: tuple[Json, ...]

    @property
    def head(self) -> Json:
        """How the terminal was when it began."""
        return self.rows[0]


class VisitStore:
    """Takes the rows of visits; every failure is logged once and costs the record alone."""

    def __init__(self, path: Path, *, keep: int, days: float) -> None:
        self._path, self._keep, self._age = path, keep, days * DAY
        self._pool = ThreadPoolExecutor(1, "visits")
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, Work]] = deque()
        self._db: sqlite3.Connection | None = None
        self._spoilt: set[str] = set()
        """Visits of which a row was lost: the rest is of no use."""

    def begins(self, visit: str, at: int) -> Callable[[Json], None]:
        """A visit begins: what it answers takes the visit's rows, one by one."""
        self._later(visit, partial(self._begin, visit=visit, at=at))
        places = iter(range(ROWS))

        def row(body: Json) -> None:
            place = next(places, None)
            if place is not None:
                text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
                self._later(visit, lambda db: db.execute("insert into entry values (?, ?, ?)", (visit, place, text)))

        return row

    def ends(self, visit: str, ending: str) -> None:
        """The visit is over; "" when it was broken off."""
        self._later(visit, lambda db: db.execute("update visit set ending = ? where id = ?", (ending or None, visit)))

    def close(self) -> None:
        """Write what waits, and let go of the file."""
        self._pool.submit(self._write)
        self._pool.shutdown()
        if self._db:
            self._db.close()

    def _later(self, visit: str, work: Work) -> None:
        with self._lock:
            if len(self._waiting) >= WAITING:
                self._spoilt.add(visit)
                return
            self._waiting.append((visit, work))
            if len(self._waiting) == 1:
                with suppress(RuntimeError):  # closed: the program ends
                    self._pool.submit(self._write)

    def _write(self) -> None:
        """On the thread: all that waits, in one transaction."""
        with self._lock:
            works = list(self._waiting)
            self._waiting.clear()
            spoilt = set(self._spoilt)
        try:
            db = self._db = self._db or self._open()
            with db:
                for visit, work in works:
                    if visit not in spoilt:
                        work(db)
                for visit in spoilt:
                    _drop(db, visit)
        except (sqlite3.Error, OSError) as why:
            with self._lock:
                self._spoilt |= {visit for visit, _ in works}
                if not spoilt:
                    log.warning("visits are not recorded: %s", why)
        else:
            with self._lock:
                self._spoilt -= spoilt - {visit for visit, _ in works}

    def _open(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        self._path.chmod(0o600)
        db = sqlite3.connect(self._path, check_same_thread=False, timeout=5)
        db.executescript(SCHEMA)
        return db

    def _begin(self, db: sqlite3.Connection, visit: str, at: int) -> None:
        db.execute("insert or replace into visit values (?, ?, null)", (visit, at))
        old = db.execute(
            "select id from visit where at < ? union select id from (select id from visit order by at desc, rowid desc "
            "limit -1 offset ?)", (at - self._age, self._keep),
        ).fetchall()  # fmt: skip
        for (one,) in old:
            _drop(db, one)


def _drop(db: sqlite3.Connection, visit: str) -> None:
    db.execute("delete from entry where visit = ?", (visit,))
    db.execute("delete from visit where id = ?", (visit,))


# --- reading


def _read(path: Path, query: str, *values: str) -> list[tuple[Any, ...]]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return db.execute(query, values).fetchall()
    except sqlite3.Error as why:
        raise NoRecord(f"{path} cannot be read as visit records ({why})") from why


def listed(path: Path) -> list[Listed]:
    """Every visit of which there is a record, oldest first."""
    return [Listed(*row) for row in _read(path, "select id, at, ending from visit order by at, rowid")]


def load(path: Path, visit: str) -> Record:
    """One record; the end of a visit's number will do. Raises NoRecord."""
    like = [one.visit for one in listed(path) if one.visit.lower().endswith(visit.lower())]
    if len(like) != 1:
        raise NoRecord(f"{path} has {len(like) or 'no'} visits whose number ends with {visit}")
    rows = _read(path, "select body from entry where visit = ? order by place", like[0])
    return checked(Record(like[0], tuple(json.loads(body) for (body,) in rows)))


def dump(record: Record) -> str:
    """The record as JSON."""
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in record.rows)
    return f'{{"format": "{FORMAT}", "version": {VERSION}, "visit": "{record.visit}", "rows": [\n{rows}\n]}}\n'


def load_json(path: Path) -> Record:
    """A record that was written as JSON. Raises NoRecord."""
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["format"] != FORMAT:
            raise NoRecord(f"{path} is no visit record")
        if found["version"] != VERSION:
            raise UnknownVersion(f"{path} has version {found['version']}; this program reads {VERSION}")
        record = Record(found["visit"], tuple(found["rows"]))
    except (OSError, ValueError, LookupError, TypeError) as why:
        raise NoRecord(f"{path} cannot be read as a visit record ({why})") from why
    return checked(record)


def checked(record: Record) -> Record:
    """The record, if this program can read it."""
    if not record.rows or record.head.get("e") != "visit":
        raise NoRecord(f"the record of {record.visit} has no beginning")
    if record.head.get("record") != VERSION:
        raise UnknownVersion(f"the record has version {record.head.get('record')}; this program reads {VERSION}")
    return record
