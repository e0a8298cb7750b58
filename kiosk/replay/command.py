"""`kiosk replay`: go through a recorded visit again, and say whether it goes the same way."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.ports import Words
from flows.screens import Screen
from kiosk.config import BadConfig, Config, load as configured
from kiosk.replay.clock import FastLoop, JumpingLoop
from kiosk.replay.player import Course, Glass, replay
from kiosk.replay.values import Unreadable
from kiosk.store import NoRecord, Record, dump, listed, load, load_json
from kiosk.words import Catalogue

HERE = Path(__file__).resolve().parent.parent.parent
DEFAULT = Path("/etc/kiosk/kiosk.toml")
SAME, DIVERGED, WRONG = 0, 1, 2
TEST = '''"""A visit of {day}, kept at a terminal, goes as it went then. Its record holds specimens, nobody's data."""

from pathlib import Path

from kiosk.replay.command import course_of


def test_visit_{short}_goes_as_it_was_recorded() -> None:
    course = course_of(Path(__file__).with_name("{record}"))
    assert course.same, course.words
'''


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="kiosk replay", description=__doc__)
    made.add_argument("visit", nargs="?", default="", metavar="VISIT", help="its number, or the end of it")
    made.add_argument("--config", type=Path, default=DEFAULT, help="of the terminal whose records are meant")
    made.add_argument("--record", type=Path, metavar="FILE", help="other records: a visits.db, or a visit as JSON")
    made.add_argument("--list", action="store_true", help="which visits there are")
    made.add_argument("--export", type=Path, metavar="FILE.json", help="write the record as JSON, and do no more")
    made.add_argument("--as-test", type=Path, metavar="FILE.py", help="write a test that replays it, beside its record")
    made.add_argument("--glass", action="store_true", help="show it, in its own time")
    made.add_argument("--speed", type=float, default=1.0, metavar="N", help="with --glass: so many times as fast")
    made.add_argument("--pictures", type=Path, metavar="FOLDER", help="with --glass: a PNG of each screen")
    return made


def main(argv: Sequence[str]) -> int:
    """Answers the exit code: 0 the same, 1 it went another way, 2 wrong usage or a record that cannot be read."""
    found = parser().parse_args(argv)
    try:
        if found.list:
            return _list(_records(found))
        record = _record(found)
        if found.export:
            found.export.write_text(dump(record), "utf-8")
            return SAME
        if found.as_test:
            return _as_test(record, found.as_test)
        course = _shown(record, found) if found.glass else _course(record)
    except (BadConfig, NoRecord, Unreadable, OSError) as why:
        sys.stderr.write(f"kiosk: {why}\n")
        return WRONG
    sys.stdout.write(f"{record.visit}: {course.words}\n")
    return SAME if course.same else DIVERGED


def _records(found: argparse.Namespace) -> Path:
    """The file of the records."""
    return found.record or configured(found.config).records


def _record(found: argparse.Namespace) -> Record:
    path = _records(found)
    if path.suffix == ".json":
        return load_json(path)
    if not found.visit:
        raise NoRecord("which visit? `kiosk replay --list` shows them")
    return load(path, found.visit)


def _list(path: Path) -> int:
    for one in listed(path):
        at = datetime.fromtimestamp(one.at / 1000, UTC).astimezone()
        sys.stdout.write(f"{one.visit}\t{at:%Y-%m-%d %H:%M:%S}\t{one.ending or 'broken off'}\n")
    return SAME


def catalogue(language: Callable[[], str]) -> Words:
    """The terminal's own sentences."""
    return Catalogue(HERE / "i18n", language)


def _course(record: Record) -> Course:
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(replay(record, catalogue))


def course_of(path: Path) -> Course:
    """How a visit that was exported as JSON goes today."""
    return _course(load_json(path))


def _as_test(record: Record, path: Path) -> int:
    kept = path.with_suffix(".json")
    day = datetime.fromtimestamp(record.head["at"] / 1000, UTC)
    kept.write_text(dump(record), "utf-8")
    path.write_text(TEST.format(day=f"{day:%Y-%m-%d}", short=record.visit[-8:], record=kept.name), "utf-8")
    sys.stdout.write(f"{path}: pytest runs it; {kept}: the record that it replays\n")
    return SAME


def _shown(record: Record, found: argparse.Namespace) -> Course:
    """The same on a real window."""
    from kiosk.__main__ import prepare_kivy  # noqa: PLC0415  Kivy reads its environment at import

    if not 0 < found.speed <= 1000:
        raise NoRecord("--speed is a number above 0, at most 1000")
    screen = None if found.record else configured(found.config)
    prepare_kivy(found.pictures or Path.cwd())
    with asyncio.Runner(loop_factory=lambda: FastLoop(found.speed)) as runner:
        return runner.run(_on_the_glass(record, screen, found.pictures))


async def _on_the_glass(record: Record, config: Config | None, pictures: Path | None) -> Course:
    from kiosk.app import Fonts, KivyStage  # noqa: PLC0415
    from kiosk.ui.tokens import Panel  # noqa: PLC0415

    panel = Panel(config.screen.width, config.screen.height, config.screen.diagonal_inches) if config else Panel()
    fonts = Fonts(HERE / "build/fonts/kiosk.ttf", HERE / "build/fonts/kiosk-bold.ttf")
    stage = KivyStage(catalogue(lambda: stage.language), fonts, panel=panel, simulated=True, still=True, name="REPLAY")
    shots: list[Path] = []

    def seen(screen: Screen[Any]) -> None:
        if pictures and not stage.private:  # what only a customer may see is never kept, not even a specimen's
            pictures.mkdir(parents=True, exist_ok=True)
            shots.append(pictures / f"{len(shots) + 1:03d}-{screen.key}.png")
            stage.screenshot(shots[-1])

    window = asyncio.ensure_future(stage.run())
    await stage.ready()
    try:
        return await replay(record, catalogue, Glass(stage, seen))
    finally:
        stage.stop()
        await window
