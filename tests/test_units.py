"""The systemd units: sound, watched over, and shut in."""

import configparser
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent
UNITS = sorted(path.name for path in ROOT.glob("*.service"))
MOST_EXPOSED = 2.0


def _systemd(*words: str) -> str:
    done = subprocess.run(
        ["systemd-analyze", *words],
        check=False,
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=30,
    )
    return done.stdout


def _section(unit: str) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ROOT / unit, "utf-8")
    return parser["Service"]


def test_the_terminal_has_a_unit() -> None:
    assert "kiosk.service" in UNITS


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_exposed_at_most_two_points(unit: str) -> None:
    said = _systemd("security", "--offline=true", "--no-pager", unit)
    found = re.search(r"exposure level for \S+: ([0-9.]+)", said)
    assert found, said
    assert float(found[1]) <= MOST_EXPOSED, said


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_knows_every_word_of_a_unit(unit: str) -> None:
    lines = _systemd("verify", "--man=no", f"./{unit}").splitlines()
    assert [line for line in lines if unit in line and "is not executable" not in line] == []


@pytest.mark.parametrize("unit", UNITS)
def test_a_service_that_hangs_or_dies_is_started_again(unit: str) -> None:
    service = _section(unit)
    assert service["Type"] == "notify"
    assert service["Restart"] == "always"
    assert 5 <= int(service["WatchdogSec"]) <= 60
    assert service["User"] == unit.removesuffix(".service")
    assert service["StateDirectoryMode"] == "0700"


def test_the_terminal_reaches_its_devices_and_may_compile_shaders() -> None:
    service = _section("kiosk.service")
    assert "MemoryDenyWriteExecute" not in service
    assert {"dialout", "video", "render", "input"} <= set(service["SupplementaryGroups"].split())
    text = (ROOT / "kiosk.service").read_text("utf-8")
    for device in ("char-ttyUSB", "char-video4linux", "char-drm", "char-input"):
        assert f"DeviceAllow={device} r" in text
    assert "pcscd.socket" in text
