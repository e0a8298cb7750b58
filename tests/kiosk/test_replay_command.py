"""`kiosk replay`: lists, exports, replays on the glass, and makes a test of a visit."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from flows import menu, transfer
from flows.screens import Tell
from flows.session import Session
from kiosk import __main__ as kiosk
from kiosk.replay import command
from kiosk.store import Record
from tests.kiosk.replay_rig import Seat, recorded

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, Record]:
    """The records of a terminal, and the visit in them."""

    async def story(seat: Seat) -> None:
        seat.guest.wishes = ("transfer",)
        await seat.visit()

    (record,) = recorded(tmp_path, story)
    return tmp_path / "visits.db", record


async def _asks_more(session: Session) -> None:
    await session.tell(Tell("help.unreachable"))
    await transfer.transfer(session)


def changes_the_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tuple(replace(one, run=_asks_more) if one.id == "transfer" else one for one in menu.FLOWS)
    monkeypatch.setattr(menu, "FLOWS", changed)


def test_the_exit_code_says_whether_it_went_the_same_way(
    kept: tuple[Path, Record], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, record = kept
    words = ["replay", record.visit[-10:], "--record", str(path)]
    assert kiosk.main(words) == 0
    assert "the same: " in capsys.readouterr().out
    changes_the_flow(monkeypatch)
    assert kiosk.main(words) == 1
    said = capsys.readouterr().out
    assert "at step " in said
    assert "the program now does: Tell help.unreachable is shown" in said


def test_the_list_shows_each_visit_with_its_ending(
    kept: tuple[Path, Record], capsys: pytest.CaptureFixture[str]
) -> None:
    path, record = kept
    assert kiosk.main(["replay", "--list", "--record", str(path)]) == 0
    number, at, ending = capsys.readouterr().out.strip().split("\t")
    assert (number, ending) == (record.visit, "farewell")
    assert at[4] == "-"


def test_an_exported_visit_replays_anywhere(kept: tuple[Path, Record], tmp_path: Path) -> None:
    path, record = kept
    out = tmp_path / "visit.json"
    assert kiosk.main(["replay", record.visit, "--record", str(path), "--export", str(out)]) == 0
    assert kiosk.main(["replay", "--record", str(out)]) == 0
    assert command.course_of(out).same


def _newer(body: dict[str, object]) -> object:
    return body | {"version": 2}


def _of_something_else(body: dict[str, object]) -> object:
    return body | {"format": "recipe"}


def _with_code(body: dict[str, object]) -> object:
    return json.loads(json.dumps(body).replace("drivers.api:Status", "os:system").replace("money", "os:system"))


@pytest.mark.parametrize("change", [_newer, _of_something_else, _with_code, lambda _: []])
def test_a_record_of_another_version_or_of_nothing_is_wrong_usage(
    kept: tuple[Path, Record], tmp_path: Path, change: Callable[[dict[str, object]], object],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path, record = kept
    out = tmp_path / "visit.json"
    kiosk.main(["replay", record.visit, "--record", str(path), "--export", str(out)])
    out.write_text(json.dumps(change(json.loads(out.read_text()))))
    assert kiosk.main(["replay", "--record", str(out)]) == 2
    assert capsys.readouterr().err.startswith("kiosk: ")


def test_what_is_missing_is_said(kept: tuple[Path, Record], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = kept
    for words in (
        ["--record", str(path)],
        ["0000dead", "--record", str(path)],
        ["x", "--record", str(tmp_path / "no.db")],
    ):
        assert kiosk.main(["replay", *words]) == 2
        assert capsys.readouterr().err
    assert kiosk.main(["replay", "x", "--config", str(tmp_path / "no.toml")]) == 2
    assert "no.toml" in capsys.readouterr().err


def _pytest(folder: Path, changed: bool) -> "subprocess.CompletedProcess[str]":
    change = (
        "from dataclasses import replace\nfrom flows import menu, transfer\nfrom flows.screens import Tell\n"
        "async def more(session):\n    await session.tell(Tell('help.unreachable'))\n"
        "    await transfer.transfer(session)\n"
        "menu.FLOWS = tuple(replace(one, run=more) if one.id == 'transfer' else one for one in menu.FLOWS)\n"
    )
    (folder / "conftest.py").write_text(change if changed else "")
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True, timeout=100)


def test_one_command_makes_a_test_that_passes_and_fails_when_the_flow_changes(
    kept: tuple[Path, Record], tmp_path: Path
) -> None:
    path, record = kept
    folder = tmp_path / "made"
    folder.mkdir()
    words = ["replay", record.visit, "--record", str(path), "--as-test", str(folder / "test_field_bug.py")]
    assert kiosk.main(words) == 0
    assert sorted(one.name for one in folder.iterdir()) == ["test_field_bug.json", "test_field_bug.py"]
    good, bad = _pytest(folder, changed=False), _pytest(folder, changed=True)
    assert good.returncode == 0, good.stdout
    assert bad.returncode == 1
    assert "the program now does: Tell help.unreachable is shown" in bad.stdout


def test_on_the_glass_it_goes_the_same_way_and_leaves_its_pictures(kept: tuple[Path, Record], tmp_path: Path) -> None:
    path, record = kept
    words = [sys.executable, "-m", "kiosk", "replay", record.visit, "--record", str(path), "--glass", "--speed", "8"]
    done = subprocess.run(
        [*words, "--pictures", str(tmp_path / "pictures")],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = [one.name.partition("-")[2] for one in sorted((tmp_path / "pictures").glob("*.png"))]
    assert {"menu.png", "transfer.confirm.png", "transfer.done.png"} <= set(names)
    assert "pin.enter.png" not in names
    for one in (tmp_path / "pictures").glob("*.png"):
        with Image.open(one) as picture:
            assert picture.size == (1080, 1920)
            dark, light = picture.convert("L").getextrema()
            assert light - dark > 140, f"nothing is written on {one.name}"
