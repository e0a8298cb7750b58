"""A power cut in the middle of a write to the journal, at any byte of it."""

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from flows.journal import Journal, Undo
from tests.storm.disk import Disk

VISIT = "VTM001-" + "0" * 32
TEARS = 25


async def _at_once(work: Callable[[], Any]) -> Any:
    return work()


def _on_a_torn_disk(folder: Path, seed: int, tear: Callable[[Disk, Journal], Awaitable[None]]) -> Disk:
    """Again and again: some rows, a cut, and the next program on the same disk; then the rows are compared."""
    chance = random.Random(seed)
    disk = Disk(folder / "journal.db", chance)

    async def story() -> None:
        for number in range(TEARS):
            journal = Journal(str(disk.path), lambda: 0, _at_once)
            for step in range(chance.randint(1, 4)):
                await journal.note(VISIT, f"step-{number}-{step}", {"pad": "x" * chance.randrange(6000)})
            await tear(disk, journal)
            journal.close()
            disk.put_back()
            again = Journal(str(disk.path), lambda: 0, _at_once)
            disk.check()
            assert await again.verify() is None, "the chain is broken"
            made = await again.intent(f"{VISIT[:-4]}{number:04d}", "transfer", Undo.REVERSE, {})
            assert made.trace == number + 1, "and it can be written on, without a gap"
            again.close()

    asyncio.run(story())
    return disk


@pytest.mark.parametrize("seed", range(4))
def test_a_torn_write_loses_no_more_than_the_row_that_nobody_was_told_of(tmp_path: Path, seed: int) -> None:
    async def tear(disk: Disk, journal: Journal) -> None:
        await _run(journal, lambda: disk.tear(lambda: journal._put(VISIT, "torn", {"pad": "y" * 5000})))

    assert _on_a_torn_disk(tmp_path, seed, tear).torn == TEARS


def test_junk_behind_the_last_row_loses_nothing(tmp_path: Path) -> None:
    async def tear(disk: Disk, journal: Journal) -> None:
        disk.cut()

    _on_a_torn_disk(tmp_path, 1, tear)


def test_a_row_that_was_told_to_be_written_and_is_gone_is_noticed(tmp_path: Path) -> None:
    async def tear(disk: Disk, journal: Journal) -> None:
        disk.cut()
        assert disk._image
        disk._image = disk._image[0], disk._image[1][:-20_000]

    with pytest.raises((AssertionError, sqlite3.Error)):
        _on_a_torn_disk(tmp_path, 1, tear)


async def _run(journal: Journal, work: Callable[[], None]) -> None:
    await journal._run(work)
