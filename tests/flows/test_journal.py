"""The journal: on the disk or not at all, added to only, one ending a key, and a chain that shows every change."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flows.journal import (
    ENDINGS,
    HERE,
    OPEN,
    SCHEMA,
    STATES,
    UNTOLD,
    AlreadyWritten,
    Journal,
    JournalFailed,
    Undo,
    read_records,
)

VISIT = "VTM001-" + "a" * 32
OTHER = "VTM001-" + "b" * 32


async def inline(work: Callable[[], Any]) -> Any:
    return work()


def journal(folder: Path, story: Callable[[Journal], Coroutine[Any, Any, None]]) -> Path:
    """Run a story over the journal in a folder; answers where its file lies."""
    path = folder / "journal.db"

    async def whole() -> None:
        opened = Journal(str(path), lambda: 7, inline)
        try:
            await story(opened)
        finally:
            opened.close()

    asyncio.run(whole())
    return path


def states(path: Path) -> list[tuple[str, str]]:
    return [(record["key"], record["state"]) for record, _ in read_records(path)]


def test_keys_are_numbered_within_a_visit_and_traces_within_the_terminal_without_a_gap(tmp_path: Path) -> None:
    async def first(j: Journal) -> None:
        made = [await j.intent(visit, "transfer", Undo.REVERSE, {}) for visit in (VISIT, VISIT, OTHER)]
        assert [one.key for one in made] == [
            f"{VISIT}/001-transfer",
            f"{VISIT}/002-transfer",
            f"{OTHER}/001-transfer",
        ]
        assert [one.trace for one in made] == [1, 2, 3]
        assert j.in_flight == {one.key for one in made}

    async def after_a_restart(j: Journal) -> None:
        made = await j.intent(VISIT, "loss-report", Undo.FINISH, {})
        assert (made.key, made.trace) == (f"{VISIT}/003-loss-report", 4)

    journal(tmp_path, first)
    journal(tmp_path, after_a_restart)


def test_an_intent_comes_back_as_it_was_written(tmp_path: Path) -> None:
    order = {"source": "h", "amount": 12, "note": None, "payee": "**明"}

    async def first(j: Journal) -> None:
        await j.intent(VISIT, "transfer", Undo.ASK, order)

    async def after_a_restart(j: Journal) -> None:
        (found,) = await j.open_intents()
        assert (found.trace, found.undo, found.order) == (1, Undo.ASK, order)

    journal(tmp_path, first)
    journal(tmp_path, after_a_restart)


@pytest.mark.parametrize("first", ENDINGS)
@pytest.mark.parametrize("second", ENDINGS)
def test_a_key_has_one_ending_whatever_comes_after(tmp_path: Path, first: str, second: str) -> None:
    async def story(j: Journal) -> None:
        key = (await j.intent(VISIT, "transfer", Undo.REVERSE, {})).key
        await j.write(key, first, {})
        with pytest.raises(AlreadyWritten):
            await j.write(key, second, {})
        assert await j.states(key) == ["intent", first]

    assert len(states(journal(tmp_path, story))) == 2


@pytest.mark.parametrize("state", ["intent", "told", "handed"])
def test_a_key_is_in_each_state_once(tmp_path: Path, state: str) -> None:
    async def story(j: Journal) -> None:
        key = (await j.intent(VISIT, "transfer", Undo.REVERSE, {})).key
        if state != "intent":
            await j.write(key, state, {})
        with pytest.raises(AlreadyWritten):
            await j.write(key, state, {})

    journal(tmp_path, story)


def test_open_and_untold_find_old_ones_behind_any_number_of_ended_ones(tmp_path: Path) -> None:
    """Where the search begins may move on, but never past one that still waits."""

    async def ended(j: Journal, *more: str) -> str:
        key = (await j.intent(VISIT, "transfer", Undo.REVERSE, {})).key
        for state in more:
            await j.write(key, state, {})
        j.in_flight.clear()
        return key

    async def story(j: Journal) -> None:
        await ended(j, "done", "told")
        waits, untold = await ended(j), await ended(j, "reversed")
        for _ in range(3):
            late = await ended(j, "done", "handed")
            assert [one.key for one in await j.open_intents()] == [waits]
            assert [key for key, _, _ in await j.untold()] == [untold]
        await j.write(waits, "refused", {})
        assert [key for key, _, _ in await j.untold()] == [untold, waits], "in the order of their endings"
        await j.write(untold, "handed", {})
        assert [key for key, _, _ in await j.untold()] == [waits]
        await j.write(waits, "told", {})
        assert await j.untold() == []
        assert await j.open_intents() == []
        again = await ended(j)
        assert [one.key for one in await j.open_intents()] == [again]
        assert late != again

    journal(tmp_path, story)


@pytest.mark.parametrize(("query", "values"), [(HERE, ("a/", "a0")), (OPEN, (0,)), (UNTOLD, (0,)), (STATES, ("a/1",))])
def test_no_question_that_is_asked_again_and_again_reads_the_whole_journal(query: str, values: tuple[Any, ...]) -> None:
    """A journal grows for years: what each intent, and settle() every few seconds, asks must go through an index."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.executescript(SCHEMA)
        plan = [step for *_, step in db.execute(f"explain query plan {query}", values)]
    assert plan
    assert not [step for step in plan if step.startswith("SCAN")]


@pytest.mark.parametrize("act", ["update entry set state = 'told'", "delete from entry"])
def test_the_database_itself_refuses_to_change_or_lose_a_row(tmp_path: Path, act: str) -> None:
    async def story(j: Journal) -> None:
        await j.note(VISIT, "visit-begins")

    with (
        closing(sqlite3.connect(journal(tmp_path, story))) as db,
        pytest.raises(sqlite3.IntegrityError, match="append"),
    ):
        db.execute(act)


@pytest.mark.parametrize(
    "change",
    [
        "update entry set body = replace(body, '502', '902') where seq = 3",
        "update entry set at = at + 1 where seq = 3",
        "update entry set key = key || 'x' where seq = 3",
        "update entry set state = 'refused' where seq = 3",
        "update entry set hash = upper(hash) where seq = 3",
        "delete from entry where seq = 3",
        "update entry set seq = 100 where seq = 3",
    ],
)
def test_the_chain_shows_where_a_row_was_changed_moved_or_taken_out(tmp_path: Path, change: str) -> None:
    async def story(j: Journal) -> None:
        for amount in range(5):
            await j.note(VISIT, "event", {"amount": 500 + amount})

    path = journal(tmp_path, story)
    with closing(sqlite3.connect(path)) as db:
        db.executescript("drop trigger no_change; drop trigger no_delete;")
        assert db.execute(change).rowcount == 1
        db.commit()

    async def look(j: Journal) -> None:
        assert await j.verify() == 2

    journal(tmp_path, look)


def test_a_work_that_fails_in_the_middle_leaves_no_row_and_the_next_one_succeeds(tmp_path: Path) -> None:
    async def story(j: Journal) -> None:
        with pytest.raises(TypeError):
            await j.note(VISIT, "event", {"amount": object()})  # type: ignore[dict-item]
        await j.note(VISIT, "next")
        assert await j.verify() is None

    assert states(journal(tmp_path, story)) == [(VISIT, "next")]


def test_what_was_begun_and_not_finished_is_not_there(tmp_path: Path) -> None:
    async def story(j: Journal) -> None:
        with pytest.raises(ZeroDivisionError):
            half(j)
        assert await j.records() == []
        await j.note(VISIT, "next")

    def half(j: Journal) -> None:
        with j._transaction():
            j._append(VISIT, "first", {"share": 1})
            j._append(VISIT, "second", {"share": 1 // 0})

    assert states(journal(tmp_path, story)) == [(VISIT, "next")]


def test_a_journal_that_another_program_holds_says_so_and_is_not_half_written(tmp_path: Path) -> None:
    async def story(j: Journal) -> None:
        j._db.execute("pragma busy_timeout = 10")
        with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as other:
            other.execute("begin immediate")
            with pytest.raises(JournalFailed, match="locked"):
                await j.intent(VISIT, "transfer", Undo.REVERSE, {})
            other.execute("rollback")
        assert not j.in_flight
        assert await j.open_intents() == []
        await j.note(VISIT, "next")

    assert states(journal(tmp_path, story)) == [(VISIT, "next")]


async def until_full(j: Journal) -> None:
    for _ in range(200):
        await j.note(VISIT, "event", {"text": "x" * 500})


def test_a_full_disk_is_a_journal_that_failed(tmp_path: Path) -> None:
    async def story(j: Journal) -> None:
        pages = j._db.execute("pragma page_count").fetchone()[0]
        j._db.execute(f"pragma max_page_count = {pages}")
        with pytest.raises(JournalFailed):
            await until_full(j)
        written = len(await j.records())
        with pytest.raises(JournalFailed):
            await j.intent(VISIT, "transfer", Undo.REVERSE, {"text": "x" * 5000})
        assert not j.in_flight
        assert len(await j.records()) == written
        assert await j.verify() is None

    journal(tmp_path, story)


def test_a_row_is_on_the_disk_before_the_call_that_wrote_it_returns(tmp_path: Path) -> None:
    async def story(j: Journal) -> None:
        assert j._db.execute("pragma synchronous").fetchone()[0] == 2, "FULL"
        assert j._db.execute("pragma journal_mode").fetchone()[0] == "wal"
        intent = await j.intent(VISIT, "transfer", Undo.REVERSE, {})
        assert states(tmp_path / "journal.db") == [(intent.key, "intent")], "another reader sees it already"
        await j.write(intent.key, "done", {})
        assert states(tmp_path / "journal.db")[-1] == (intent.key, "done")

    journal(tmp_path, story)


def test_a_cancelled_caller_leaves_no_write_half_asked_for(tmp_path: Path) -> None:
    """The row is there, its key is not in flight, so settle() will end it."""
    path = tmp_path / "journal.db"

    async def story() -> None:
        j = Journal(str(path), lambda: 7)
        assert isinstance(j._pool, ThreadPoolExecutor)
        asked = asyncio.ensure_future(j.intent(VISIT, "transfer", Undo.REVERSE, {}))
        await asyncio.sleep(0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert [one.key for one in await j.open_intents()] == [f"{VISIT}/001-transfer"]
        j.close()

    asyncio.run(story())


@pytest.mark.parametrize("content", [None, b"", b"no database at all, but long enough to be looked at" * 20])
def test_what_is_no_journal_cannot_be_read_as_one(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "other.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(JournalFailed):
        read_records(path)
