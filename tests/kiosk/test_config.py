"""The terminal's configuration: what is wrong in it is said with file, line and remedy."""

import asyncio
import os
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from kiosk.__main__ import drivers, find_display
from kiosk.config import DEVICES, KEYS, BadConfig, load
from kiosk.voice.speech import COMMAND, VOICES

ROOT = Path(__file__).parent.parent.parent
SHIPPED = ROOT / "kiosk/kiosk.toml"


def written(folder: Path, old: str = "", new: str = "") -> Path:
    """The shipped file with one thing changed."""
    text = SHIPPED.read_text()
    assert old in text
    path = folder / "kiosk.toml"
    path.write_text(text.replace(old, new, 1))
    return path


def line_of(path: Path, part: str) -> int:
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if part in line)


def test_the_shipped_file_is_read_and_shows_every_key_there_is(tmp_path: Path) -> None:
    found = load(SHIPPED)
    assert found.id == "VTM001"
    assert set(found.devices) == set(DEVICES)
    text = SHIPPED.read_text()
    for section, keys in KEYS.items():
        assert f"[{section}]" in text
        for key in keys:
            assert f"\n{key} = " in text, f"[{section}] {key} is not shown"


@pytest.mark.parametrize(
    ("old", "new", "part", "words"),
    [
        ('language = "zh"', 'langauge = "zh"', "langauge", ("unknown key 'langauge'", "language")),
        ("[screen]", "[scren]", "[scren]", ("'scren'", "[screen]")),
        ("https://127", "http://127", "http://127", ("not the address of a branch", "https://HOST:PORT")),
        ("https://127.0.0.1:8443", "127.0.0.1", "127.0.0.1", ("not the address of a branch", "https://HOST:PORT")),
        ('"serial:/dev/ttyUSB0', '"/dev/ttyUSB0', "id_reader", ("no URL of this device", "serial:")),
        ('panel = "xfs:127.0.0.1"', 'panel = "serial:/dev/x"', "panel =", ("no URL of this device", "xfs:")),
        ('"pcsc:READER NAME"', '"tcp:READER"', "card_reader", ("no URL of this device", "pcsc:")),
        (
            'printer = "serial:/dev/ttyS1?baud=19200"\n',
            "",
            "[devices]",
            ("[devices] printer is missing", "add printer"),
        ),
        ("width = 1080", 'width = "1080"', "width", ("width must be a int", "correct")),
        ('headset = "alsa:default"', 'headset = "default"', "headset", ("no URL of this device", "alsa:")),
        ('command = "espeak-ng', "command = \"'", "command", ("not a command", "{voice}")),
        ("idle = 45.0", "idle = 0", "idle", ("out of range", "above 0")),
        ("fullscreen = true", "fullscreen = 1", "fullscreen", ("fullscreen must be a bool", "correct")),
        ('id = "VTM001"', 'id = "VTM 001"', "VTM 001", ("not a terminal's name", "letters and digits")),
        ('format = "iso0"', 'format = "iso1"', '"iso1"', ("no such format of PIN blocks", "iso0, iso3 or iso4")),
        ('language = "zh"', 'language = "fr"', '"fr"', ("no such language", "zh, en or ar")),
        ("height = 1920", "height 1920", "height 1920", ("is not TOML",)),
    ],
)
def test_a_mistake_is_named_with_its_line_and_its_remedy(
    tmp_path: Path, old: str, new: str, part: str, words: tuple[str, ...]
) -> None:
    path = written(tmp_path, old, new)
    with pytest.raises(BadConfig) as caught:
        load(path)
    said = str(caught.value)
    assert said.startswith(f"{path}:{line_of(path, part)}: "), said
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ('"serial:/dev/ttyUSB0?baud=115200"', '"tcp:reader"', "id_reader"),
        ('"serial:/dev/ttyS1?baud=19200"', '"serial:/dev/ttyS1?proof=maybe"', "printer"),
        ('"pcsc:READER NAME"', '"pcsc:"', "card_reader"),
        ('"xfs:127.0.0.1"', '"ws:"', "pin_pad"),
    ],
)
def test_a_url_that_the_driver_cannot_use_is_named_with_its_line(tmp_path: Path, old: str, new: str, name: str) -> None:
    state = tmp_path / "state"
    state.mkdir()
    path = written(tmp_path, old, new)
    path.write_text(path.read_text().replace("/var/lib/kiosk", str(state)))
    config = load(path)

    async def devices() -> None:
        async with AsyncExitStack() as stack:
            drivers(config, stack)

    with pytest.raises(BadConfig) as caught:
        asyncio.run(devices())
    assert str(caught.value).startswith(f"{path}:{line_of(path, name)}: {name} has no usable URL; ")


@pytest.mark.parametrize("name", ["panel", "headset", "speaker"])
def test_a_terminal_without_a_panel_or_sound_leaves_its_line_out(tmp_path: Path, name: str) -> None:
    line = next(line for line in SHIPPED.read_text().splitlines(keepends=True) if line.startswith(name))
    assert set(load(written(tmp_path, line, "")).devices) == set(DEVICES) - {name}


def test_the_shipped_voice_is_the_one_that_comes_with_the_terminal() -> None:
    voice = load(SHIPPED).voice
    assert voice.command == COMMAND
    assert {"zh": voice.zh, "en": voice.en, "ar": voice.ar} == VOICES


def test_a_file_that_is_not_there_is_said_so_by_the_program_with_exit_2(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "--config", str(tmp_path / "none.toml")],
        check=False, cwd=ROOT, text=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "none.toml:1: cannot be read" in done.stderr
    assert "--config" in done.stderr


def test_a_terminal_without_a_certificate_is_told_to_enrol(tmp_path: Path) -> None:
    path = written(tmp_path, "/var/lib/kiosk", str(tmp_path / "state"))
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "--config", str(path)],
        check=False, cwd=ROOT, text=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "kiosk enrol" in done.stderr
    assert str(tmp_path / "state") in done.stderr


def test_a_terminal_without_any_display_says_so_instead_of_drawing_into_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadConfig, match=r"no display.*set DISPLAY"):
        find_display(tmp_path, tmp_path / "dri")


def test_without_an_x_server_the_picture_goes_to_the_panel_through_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER", "KIVY_GL_BACKEND"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    (tmp_path / "card0").touch()
    find_display(tmp_path, tmp_path)
    assert os.environ["SDL_VIDEODRIVER"] == "KMSDRM"
