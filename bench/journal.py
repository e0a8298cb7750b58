"""Effects a second through journal and ledger, beside bare SQLite making as many synced commits.

An effect is what a transfer writes: its intent into the terminal's journal, the posting into the branch's ledger, its
ending into the journal. Each is a commit that is on the disk before the next begins (WAL, synchronous=FULL). The peer
makes the same number of commits to two databases in the same folder, with one row of the same size in each and nothing
else: no chain, no contention for a key, no double entry. The ledger is called as the peer is, without a hop to a
thread; the journal hops to its own, as it always does. Ours and the peer take turns, block by block.

Run as `python -m bench.journal`; `run()` is the same without the table.
"""

import asyncio
import contextlib
import itertools
import pathlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import sqlalchemy as sa

from branch import demo
from branch.bank.core import CoreOrder
from branch.bank.ledger import ReferenceLedger
from branch.build import create_secrets
from branch.store.db import Database, create_schema, open_engine
from flows.journal import Journal, Undo

BLOCKS, EFFECTS = 20, 60
WARM = 1200
"""Effects before the first that counts: each write-ahead log has then passed its 1000 pages, begun anew and stopped
growing. While one grows a commit costs twice as much, and the peer, who fills it slowest, would pay for it longest."""
COMMITS = ("journal", "ledger", "journal")
"""One effect's commits, by database."""
GOAL = 0.5
ROW = "x" * 420
"""As long as the rows of a transfer are on the average."""


def clock() -> int:
    """Milliseconds."""
    return time.time_ns() // 1_000_000


class Ours:
    """Journal and reference ledger, as terminal and branch use them."""

    def __init__(self, folder: pathlib.Path) -> None:
        engine = open_engine(f"sqlite:///{folder / 'branch.db'}")
        create_schema(engine)
        demo.seed(Database(engine, clock), create_secrets(folder), date(2031, 3, 14))
        self.ledger, self.engine = ReferenceLedger(engine, clock), engine
        self.journal = Journal(str(folder / "journal.db"), clock)
        self.commits, self._numbers = 0, itertools.count(1)
        sa.event.listen(engine, "commit", self._committed)

    def _committed(self, _connection: object) -> None:
        self.commits += 1

    async def effects(self, count: int) -> None:
        """Move one fen to and fro."""
        for _ in range(count):
            number = next(self._numbers)
            intent = await self.journal.intent(
                f"BENCH-{number:032x}", "transfer", Undo.REVERSE, {"amount": 1, "fee": 0}
            )
            posted = self.ledger.post(intent.key, order(number, intent.trace), pending=False)
            ending = {"reference": posted.reference, "accounting_date": posted.accounting_date.isoformat()}
            await self.journal.write(intent.key, "done", ending)

    def close(self) -> None:
        """Let go of both files."""
        self.journal.close()
        self.engine.dispose()


def order(number: int, trace: int) -> CoreOrder:
    """One fen between two demo people, now in one direction, now in the other."""
    ends = [demo.SPECIMEN.source, demo.SPECIMEN.target]
    source, target = ends if number % 2 else ends[::-1]
    return CoreOrder(source, target, 1, 0, "TRF-OWN-BANK", "0001", "BENCH", "VTM", trace)


class Bare:
    """Two SQLite databases and nothing else."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._files = {name: sqlite3.connect(folder / f"bare-{name}.db", isolation_level=None) for name in COMMITS}
        for file in self._files.values():
            file.executescript("pragma journal_mode = wal; pragma synchronous = full; create table t (at, body)")

    def effects(self, count: int) -> None:
        """As many commits as ours makes, in the same order."""
        for number in range(count):
            for name in COMMITS:
                file = self._files[name]
                file.execute("begin immediate")
                file.execute("insert into t values (?, ?)", (number, ROW))
                file.execute("commit")

    def close(self) -> None:
        """Let go of both files."""
        for file in self._files.values():
            file.close()


@contextlib.contextmanager
def both() -> Iterator[tuple[Ours, Bare]]:
    """Ours and the peer in one folder of the disk that the project lies on."""
    place = pathlib.Path("build/bench")
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = pathlib.Path(name)
        ours, bare = Ours(folder), Bare(folder)
        try:
            yield ours, bare
        finally:
            ours.close()
            bare.close()


def seconds(act: Callable[[], Any]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def run() -> list[dict[str, Any]]:
    """One row: effects a second."""
    with both() as (ours, bare), asyncio.Runner() as runner:
        runner.run(ours.effects(WARM))
        bare.effects(WARM)
        mine, theirs, before = [], [], ours.commits
        for _ in range(BLOCKS):
            mine.append(EFFECTS / seconds(lambda: runner.run(ours.effects(EFFECTS))))
            theirs.append(EFFECTS / seconds(lambda: bare.effects(EFFECTS)))
        made = (ours.commits - before) / (BLOCKS * EFFECTS)
        if made != COMMITS.count("ledger"):
            raise AssertionError(f"the ledger makes {made} commits a posting, not {COMMITS.count('ledger')}")
    own, peer = statistics.median(mine), statistics.median(theirs)
    return [
        {
            "figure": "effects through journal and ledger",
            "unit": "1/s",
            "ours": round(own, 1),
            "peer": round(peer, 1),
            "peer_name": "bare SQLite, as many synced commits",
            "ratio": round(own / peer, 3),
            "goal": GOAL,
            "better": "higher",
            "conditions": f"median of {BLOCKS} blocks of {EFFECTS}, {len(COMMITS)} commits an effect, WAL, "
            "synchronous=FULL, one after the other",
        }
    ]


if __name__ == "__main__":
    print(run())
