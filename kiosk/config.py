"""The terminal's configuration: one TOML file, read into frozen values; mistakes name file, line and remedy."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.terminal import Rules

DEVICES = {
    "id_reader": ("serial:", "tcp:", "sim:"),
    "card_reader": ("pcsc:", "sim:"),
    "pin_pad": ("xfs:", "ws:", "wss:", "sim:"),
    "printer": ("serial:", "tcp:", "sim:"),
    "camera": ("v4l2:", "rtsp:", "file:", "sim:"),
    "panel": ("xfs:", "ws:", "wss:", "sim:"),
    "headset": ("alsa:", "tcp:", "sim:"),
    "speaker": ("alsa:", "tcp:", "sim:"),
}
"""Each device, and how its URL may begin."""
OPTIONAL = frozenset({"panel", "headset", "speaker"})
"""Devices that a terminal may be without."""
KEYS: dict[str, dict[str, type]] = {
    "terminal": {"id": str, "state": str, "language": str},
    "branch": {"url": str},
    "screen": {
        "width": int,
        "height": int,
        "diagonal_inches": float,
        "fullscreen": bool,
        "still": bool,
        "high_contrast": bool,
    },
    "devices": dict.fromkeys(DEVICES, str),
    "pin": {"format": str},
    "voice": dict.fromkeys(("command", "zh", "en", "ar"), str),
    "records": {"keep": int, "days": float},
    "patience": dict.fromkeys(("idle", "warning", "device", "pin", "take", "effect"), float),
}
ONE_OF = (
    ("terminal", "language", ("zh", "en", "ar"), "language"),
    ("pin", "format", ("iso0", "iso3", "iso4"), "format of PIN blocks"),
)
"""Keys that have a list of values, and what these are."""
_HEADER = re.compile(r"\[\s*([^\]\s]+)\s*\]")
NEEDED = (
    ("terminal", "id"),
    ("terminal", "state"),
    ("branch", "url"),
    *(("devices", name) for name in DEVICES if name not in OPTIONAL),
)


class BadConfig(Exception):
    """The file (or, with line 0, the folder) cannot be used as it stands."""

    def __init__(self, path: Path, line: int, problem: str, remedy: str) -> None:
        place = (str(path), str(line)) if line else (str(path),)
        super().__init__(": ".join((":".join(place), f"{problem}; {remedy}")))


@dataclass(frozen=True)
class Screen:
    """The panel: pixels and inches."""

    width: int = 1080
    height: int = 1920
    diagonal_inches: float = 21.5
    fullscreen: bool = True
    still: bool = False
    high_contrast: bool = False


@dataclass(frozen=True)
class Voice:
    """The program that makes sentences heard, and how it calls its voices; "" for what comes with the terminal."""

    command: str = ""
    zh: str = ""
    en: str = ""
    ar: str = ""


@dataclass(frozen=True)
class Config:
    """How this terminal runs."""

    id: str
    state: Path
    branch: str
    devices: dict[str, str]
    """URLs; those of `OPTIONAL` may be absent."""
    language: str = "zh"
    screen: Screen = Screen()
    voice: Voice = Voice()
    rules: Rules = Rules()
    file: Path = Path()
    keep_visits: int = 500
    """Visits of which a record is kept for replays."""
    keep_days: float = 30

    def bad_device(self, name: str, why: str) -> BadConfig:
        """What is wrong with the URL of a device, when its driver says so."""
        line = _line(self.file.read_text(), name, "devices") if self.file.is_file() else 0
        return BadConfig(self.file, line, f"{name} has no usable URL", why)

    @property
    def records(self) -> Path:
        """The visit records."""
        return self.state / "visits.db"

    @property
    def authority(self) -> Path:
        """The branch's authority, as enrolment left it."""
        return self.state / "authority.pem"

    @property
    def certificate(self) -> Path:
        """The terminal's certificate."""
        return self.state / "terminal.pem"

    @property
    def key(self) -> Path:
        """The certificate's private key; it never leaves this folder."""
        return self.state / "terminal.key"


def load(path: Path) -> Config:
    """Read the file; raises BadConfig."""
    try:
        text = path.read_text("utf-8")
        found = tomllib.loads(text)
    except OSError as why:
        raise BadConfig(path, 1, f"cannot be read ({why.strerror})", "name another file by --config") from why
    except UnicodeDecodeError as why:
        line = path.read_bytes()[: why.start].count(b"\n") + 1
        raise BadConfig(path, line, "is not UTF-8", "save it as UTF-8") from why
    except RecursionError as why:
        raise BadConfig(path, 1, "is not TOML", "it nests without end") from why
    except tomllib.TOMLDecodeError as why:
        at = re.search(r"line (\d+)", str(why))
        raise BadConfig(path, int(at[1]) if at else 1, "is not TOML", str(why)) from why
    _known(path, text, found)
    for section, key in NEEDED:
        if key not in found.get(section, {}):
            raise BadConfig(path, _line(text, "", section), f"[{section}] {key} is missing", f"add {key} = …")
    _sensible(path, text, found)
    terminal = found["terminal"]
    return Config(
        id=terminal["id"],
        state=Path(terminal["state"]),
        branch=found["branch"]["url"].rstrip("/"),
        devices=found["devices"],
        language=terminal.get("language", "zh"),
        screen=Screen(**found.get("screen", {})),
        voice=Voice(**found.get("voice", {})),
        rules=Rules(
            **found.get("patience", {}),
            pin_format=found.get("pin", {}).get("format", Rules.pin_format),
            operator=terminal["id"],
        ),
        file=path,
        keep_visits=found.get("records", {}).get("keep", Config.keep_visits),
        keep_days=found.get("records", {}).get("days", Config.keep_days),
    )


def _known(path: Path, text: str, found: dict[str, Any]) -> None:
    for section, body in found.items():
        if section not in KEYS or not isinstance(body, dict):
            remedy = "there are " + ", ".join(f"[{one}]" for one in KEYS)
            raise BadConfig(path, _line(text, section), f"unknown section or key {section!r}", remedy)
        for key, value in body.items():
            kind = KEYS[section].get(key)
            line = _line(text, key, section)
            if kind is None:
                raise BadConfig(path, line, f"unknown key {key!r}", f"[{section}] has {', '.join(KEYS[section])}")
            fits = isinstance(value, (int, float) if kind is float else kind)
            if not fits or (isinstance(value, bool) and kind is not bool):
                raise BadConfig(path, line, f"{key} must be a {kind.__name__}", "correct it")


def _sensible(path: Path, text: str, found: dict[str, Any]) -> None:
    def wrong(section: str, key: str, problem: str, remedy: str) -> BadConfig:
        return BadConfig(path, _line(text, key, section), problem, remedy)

    if not re.fullmatch(r"[A-Za-z0-9]{1,16}", found["terminal"]["id"]):
        raise wrong("terminal", "id", "not a terminal's name", "write up to 16 letters and digits")
    for section, key, known, what in _unknown(found):
        raise wrong(section, key, f"no such {what}", f"write {', '.join(known[:-1])} or {known[-1]}")
    if not _is_https(found["branch"]["url"]):
        raise wrong("branch", "url", "not the address of a branch", "write https://HOST:PORT")
    if not _splits(found.get("voice", {}).get("command", "espeak-ng")):
        raise wrong("voice", "command", "not a command", "write PROGRAM ARGUMENTS…, with {voice} for the voice's name")
    for name, begins in DEVICES.items():
        url = found["devices"].get(name)
        if url is not None and not url.startswith(begins):
            remedy = f"it begins with {', '.join(begins)}"
            raise wrong("devices", name, f"{url!r} is no URL of this device", remedy)
    for section, key, value in _beyond(found):
        raise wrong(section, key, f"{value} is out of range", "write a number above 0")


def _beyond(found: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Numbers that are none a terminal could work with."""
    for section in ("screen", "records", "patience"):
        for key, value in found.get(section, {}).items():
            if not isinstance(value, bool) and not 0 < value < 100_000:
                yield section, key, value


def _splits(command: str) -> bool:
    try:
        return bool(shlex.split(command))
    except ValueError:  # a quotation without end
        return False


def _unknown(found: dict[str, Any]) -> list[tuple[str, str, tuple[str, ...], str]]:
    """Those of ONE_OF that the file has another value for."""
    return [one for one in ONE_OF if found.get(one[0], {}).get(one[1], one[2][0]) not in one[2]]


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that are no address
        return False
    return parts.scheme == "https" and bool(parts.hostname)


def _line(text: str, key: str, section: str = "") -> int:
    """The line of a key in its section (or of the section itself), counted from 1."""
    inside, header = not section, 1
    for number, line in enumerate(text.splitlines(), 1):
        word = line.strip()
        if named := _HEADER.match(word):
            inside = named[1] == section
            if inside or named[1] == key:
                header = number
        elif inside and key and re.match(rf"{re.escape(key)}\s*=", word):
            return number
    return header
