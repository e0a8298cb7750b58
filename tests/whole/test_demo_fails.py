"""The demo when something is wrong: it ends soon, with 1, says what and where to look, and leaves nothing running."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from kiosk.demo.__main__ import order
from kiosk.demo.size import panel, screen
from tests.whole.demo_rig import PATIENCE, below, demo, ended, named, said


def test_a_part_that_cannot_start_is_named_with_its_last_words_and_its_log(tmp_path: Path) -> None:
    (tmp_path / "segno.py").write_text("raise ImportError('the QR library is broken')")

    async def story() -> None:
        async with demo(tmp_path / "out", HEADLESS="1", PYTHONPATH=str(tmp_path)) as process:
            text = await ended(process)
            assert process.returncode == 1
            assert "demo FAILED: drivers.sim ended with code 1; it said: ImportError: the QR library is broken" in text
            assert "out/state/logs/" in text

    asyncio.run(story())
    assert "ImportError" in (tmp_path / "out/state/logs/drivers.sim.log").read_text()


@pytest.mark.parametrize("part", ["drivers.sim", "branch serve"])
def test_a_part_that_dies_in_mid_visit_ends_the_demo(tmp_path: Path, part: str) -> None:
    async def story() -> None:
        async with demo(tmp_path / "out", HEADLESS="1") as process:
            await said(process, "the visits run")
            parts = below(process.pid)
            os.kill(named(process.pid, part), signal.SIGKILL)
            text = await ended(process, parts)
            assert process.returncode == 1
            assert f"demo FAILED: {part.split(maxsplit=1)[0]} ended with code -9" in text

    asyncio.run(story())


def test_a_display_that_is_not_there_is_named(tmp_path: Path) -> None:
    async def story() -> None:
        async with demo(tmp_path / "out", DISPLAY=":4095") as process:
            text = await ended(process)
            assert process.returncode == 1
            assert "demo FAILED: no window can be opened on display :4095" in text

    asyncio.run(story())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_it_starts_ends_what_was_started(tmp_path: Path, number: signal.Signals) -> None:
    async def story() -> None:
        async with demo(tmp_path / "out", HEADLESS="1") as process:
            await said(process, "starting")
            async with asyncio.timeout(PATIENCE):
                while not (tmp_path / "out/state/logs/drivers.sim.log").exists():
                    await asyncio.sleep(0.02)
            parts = below(process.pid)
            process.send_signal(number)
            assert "interrupted" in await ended(process, parts)
            assert process.returncode == 130

    asyncio.run(story())


def test_a_folder_that_holds_something_else_is_not_emptied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(SystemExit, match="2"):
        order(["--out", str(tmp_path)], {})
    assert "holds something else" in capsys.readouterr().err
    assert (tmp_path / "letters.txt").exists()


def test_the_shape_comes_from_the_environment_and_an_unknown_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert order([], {"DEMO": "landscape"}).shape == "landscape"
    assert order([], {"DEMO": ""}).shape == "portrait"
    with pytest.raises(SystemExit, match="2"):
        order([], {"DEMO": "round"})
    assert "choose portrait or landscape" in capsys.readouterr().err


@pytest.mark.parametrize("environ", [{}, {"DISPLAY": ":0", "HEADLESS": "1"}, {"HEADLESS": "0"}])
def test_the_script_is_played_without_a_display_or_when_asked_for(environ: dict[str, str]) -> None:
    assert order([], environ).alone
    assert not order([], {"DISPLAY": ":0", "HEADLESS": "0"}).alone


@pytest.mark.parametrize(
    ("shape", "room", "size"),
    [
        ("portrait", None, (540, 960)),
        ("portrait", (1920, 1040), (558, 992)),
        ("portrait", (3840, 2160), (1080, 1920)),
        ("portrait", (400, 3000), (360, 640)),
        ("landscape", None, (960, 540)),
        ("landscape", (1366, 740), (1216, 684)),
    ],
)
def test_the_window_fits_the_display_in_the_panels_exact_shape(
    shape: str, room: tuple[int, int] | None, size: tuple[int, int]
) -> None:
    found = screen(shape, room)
    assert (found["width"], found["height"]) == size
    assert found["width"] * panel(shape)["height"] == found["height"] * panel(shape)["width"]
