"""The end of a day: terminal and branch count the same, or it is an alarm; what is in doubt is counted apart."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from branch.__main__ import main
from branch.store.schema import incidents, intents
from flows.totals import read_day
from kiosk.counting import REPORTED, Totals
from kiosk.link import Link
from protocol import messages as m, totals as t
from tests.branch.support import DAY, Said, Terminal, World, world
from tests.flows.guest import Guest, with_guest
from tests.storm.machine import Machine


@dataclass
class Line:
    """The branch's last word."""

    hello: m.Hello | None


def hello(day: date) -> m.Hello:
    return m.Hello(bank="b", branch="0001", terminal="VTM001", accounting_date=day, in_service=True)


def alarms(made: World) -> list[tuple[str, str]]:
    with made.db.read() as tx:
        rows = tx.execute(sa.select(incidents.c.terminal, incidents.c.detail).where(incidents.c.kind == "day-totals"))
        return [(row.terminal, row.detail) for row in rows]


def command(made: World, day: date = DAY) -> int:
    config = made.settings.state / "branch.toml"
    config.write_text(f'[branch]\nstate = "{made.settings.state}"\n')
    return main(["totals", day.isoformat(), "--config", str(config)])


def served(folder: Path, story: Callable[[Machine, Totals, Line], Awaitable[None]]) -> None:
    """A terminal at which two transfers and a loss report were made, and the line over which it counts them."""

    async def whole(machine: Machine, guest: Guest) -> None:
        machine.journal.now = machine.world.clock
        guest.prefers, guest.wishes = "id-card", ("transfer", "transfer", "loss")
        await machine.visits(1)
        line = Line(hello(DAY))
        totals = Totals(machine.terminal, Link(machine.client), line)
        await totals.after_cut_over()
        line.hello = hello(DAY + timedelta(days=1))
        await story(machine, totals, line)

    with_guest(folder, whole)


async def noted(machine: Machine) -> list[str]:
    records = await machine.journal.records()
    return [record["body"]["day"] for record, _ in records if record["state"] == REPORTED]


def test_after_the_cut_over_a_day_that_agrees_is_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(machine: Machine, totals: Totals, line: Line) -> None:
        mine = await read_day(machine.journal, DAY)
        assert [(one.kind, one.count) for one in mine.totals] == [("loss-report", 1), ("transfer", 2)]
        assert mine.totals[1].total > 0
        assert mine.doubt == ()
        await totals.after_cut_over()
        await totals.after_cut_over()
        assert await noted(machine) == [DAY.isoformat()], "once a day"
        assert alarms(machine.world) == []
        assert command(machine.world) == 0
        assert "VTM001\ttransfer\t2\t" in capsys.readouterr().out

    served(tmp_path, story)


@pytest.mark.parametrize(
    ("planted", "word"),
    [
        (intents.delete().where(intents.c.key.like("%/001-transfer")), "transfer"),
        (intents.update().where(intents.c.key.like("%/002-transfer")).values(amount=intents.c.amount + 1), "transfer"),
        (intents.update().where(intents.c.key.like("%loss%")).values(state="refused"), "loss-report"),
        (intents.update().where(intents.c.key.like("%/002-transfer")).values(accounting_date="2031-03-15"), "transfer"),
    ],
)
def test_a_planted_difference_is_an_alarm_at_the_branch_in_the_log_and_in_the_exit_code(
    tmp_path: Path, planted: sa.Executable, word: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(machine: Machine, totals: Totals, line: Line) -> None:
        with machine.world.db.write() as tx:
            tx.execute(planted)
        await totals.after_cut_over()
        assert alarms(machine.world) == [("VTM001", f"{DAY}: {word}")]
        assert f"{word} " in caplog.text
        assert command(machine.world) == 1

    served(tmp_path, story)


def test_a_journal_that_has_lost_a_row_differs_too(tmp_path: Path) -> None:
    async def story(machine: Machine, totals: Totals, line: Line) -> None:
        machine.journal._db.executescript(
            "drop trigger no_delete; delete from entry where key like '%/001-transfer' and state != 'intent'"
        )
        machine.journal._db.executescript("delete from entry where key like '%/001-transfer'")
        await totals.after_cut_over()
        assert alarms(machine.world) == [("VTM001", f"{DAY}: transfer")]

    served(tmp_path, story)


def test_what_is_in_doubt_counts_on_neither_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(machine: Machine, totals: Totals, line: Line) -> None:
        machine.journal._db.executescript(
            "drop trigger no_delete; delete from entry where key like '%/001-transfer' and state != 'intent'"
        )
        mine = await read_day(machine.journal, DAY)
        assert [key.rpartition("/")[2] for key in mine.doubt] == ["001-transfer"]
        await totals.after_cut_over()
        assert alarms(machine.world) == []
        assert command(machine.world) == 0
        said = capsys.readouterr().out
        assert "VTM001\tin doubt\t1\n" in said
        assert "VTM001\ttransfer\t1\t" in said

    served(tmp_path, story)


def test_what_the_branch_does_not_hear_is_compared_later(tmp_path: Path) -> None:
    async def story(machine: Machine, totals: Totals, line: Line) -> None:
        machine.weather.down_until = asyncio.get_running_loop().time() + 3600
        running = asyncio.ensure_future(totals.run())
        await asyncio.sleep(1800)
        assert await noted(machine) == []
        assert command(machine.world) == 1, "a terminal that has not told its totals is not taken to agree"
        await asyncio.sleep(2400)
        running.cancel()
        assert await noted(machine) == [DAY.isoformat()]
        assert command(machine.world) == 0

    served(tmp_path, story)


def test_a_terminal_that_starts_only_after_the_cut_over_compares_what_it_did_before(tmp_path: Path) -> None:
    async def story(machine: Machine, totals: Totals, line: Line) -> None:
        fresh = Totals(machine.terminal, Link(machine.client), line)
        await fresh.after_cut_over()
        assert await noted(machine) == [DAY.isoformat()]

    served(tmp_path, story)


def test_at_closing_the_day_is_compared_once_and_again_after_the_cut_over(tmp_path: Path) -> None:
    async def story(machine: Machine, totals: Totals, line: Line) -> None:
        line.hello = hello(DAY)
        with machine.world.db.write() as tx:
            tx.execute(intents.delete().where(intents.c.key.like("%loss%")))
        await totals.closing()
        await totals.closing()
        assert len(alarms(machine.world)) == 1
        line.hello = hello(DAY + timedelta(days=1))
        await totals.after_cut_over()
        assert len(alarms(machine.world)) == 2

    served(tmp_path, story)


def test_nobody_counts_for_another_terminal(tmp_path: Path) -> None:
    made = world(tmp_path)
    vtm: Terminal = made.terminal("VTM001")
    body = t.DayTotals(day=DAY, doubt=(f"VTM002-{'0' * 32}/001-transfer",))
    with pytest.raises(Said) as no:
        vtm.ask("day_totals", body)
    assert no.value.status == 403
