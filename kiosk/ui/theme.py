"""The theme: what stands in theme.kv, as frozen values that were checked. Reading it opens no window."""

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from kivy.event import EventDispatcher
from kivy.lang import Builder
from kivy.lang.parser import ParserException

from kiosk.ui.colour import contrast

V = TypeVar("V")
FILE = Path(__file__).with_name("theme.kv")
TEXT, SHAPE = 7.0, 3.0
"""Least contrast of text (WCAG 2.2, 1.4.6) and of shapes that carry meaning (1.4.11)."""
TARGET = 9.0
"""Least side of what is touched, in millimetres."""
LETTER = 6.7
"""Least em in millimetres: its capital is 4.76 mm, the 3/16 inch of ADA 707.7.2."""

WRITTEN = (
    ("ink", "ground"), ("ink", "card"), ("ink", "surface"), ("ink", "calm"),
    ("soft", "ground"), ("soft", "card"), ("soft", "surface"), ("soft", "calm"),
    ("accent_ink", "accent"), ("strip_ink", "strip"),
)  # fmt: skip
"""Which ink is written on which ground."""
DRAWN = (("accent", "ground"), ("accent", "card"), ("accent", "surface"), ("accent", "calm"), ("accent", "sand"),
         ("red", "rose"))  # fmt: skip
"""Which colour draws a shape on which."""


class ThemeError(Exception):
    """The theme cannot be used as it stands; says where and why."""


@dataclass(frozen=True)
class Palette:
    """The colours of one kind of light. What each is for stands in theme.kv."""

    ground: str
    surface: str
    card: str
    line: str
    ink: str
    soft: str
    accent: str
    accent_ink: str
    calm: str
    red: str
    rose: str
    sand: str
    strip: str
    strip_ink: str
    veil: str


@dataclass(frozen=True)
class Lengths:
    """Millimetres of the real panel."""

    target: float
    slip: float
    margin: float
    gap: float
    key_gap: float
    radius: float
    hairline: float
    border: float
    strip: float
    top: float
    top_large: float
    pill: float
    pill_large: float
    air: float
    air_lying: float
    key: float
    key_large: float
    key_lying: float
    key_air: float
    key_air_lying: float
    digit: float
    digit_wide: float
    card_least: float
    card_usual: float


@dataclass(frozen=True)
class Letters:
    """Letter sizes: the em in millimetres, and how many times larger it is in larger type."""

    hero: float
    hero_larger: float
    title: float
    title_larger: float
    amount: float
    amount_larger: float
    digit: float
    digit_larger: float
    count: float
    count_larger: float
    strong: float
    strong_larger: float
    verb: float
    verb_larger: float
    body: float
    body_larger: float
    small: float
    small_larger: float
    strip: float
    strip_larger: float
    floor: float
    floor_larger: float


@dataclass(frozen=True)
class Motion:
    """Seconds."""

    slide: float
    cycle: float
    breath: float
    turn: float
    fade: float
    debounce: float
    quick: float


@dataclass(frozen=True)
class Theme:
    """Everything that a bank may change about how the glass looks."""

    day: Palette
    dark: Palette
    contrast: Palette
    lengths: Lengths
    letters: Letters
    motion: Motion


class _Rule(EventDispatcher):  # type: ignore[misc]  # Kivy has no types
    """What a rule of the file is applied to: it takes any token."""

    cls: ClassVar[list[str]] = []
    ids: ClassVar[dict[str, Any]] = {}


def load(path: Path = FILE) -> Theme:
    """Read a theme. Raises ThemeError, which names the file and what is wrong in it."""
    try:
        text = path.read_text("utf-8")
        if stray := re.search(r"^[^\s#<].*", text, re.MULTILINE):
            raise ThemeError(f"{path}: {stray.group()!r} is not a rule; there are <Rules>: with tokens beneath, alone")
        Builder.load_string(text, filename=str(path), rulesonly=True)
        return Theme(
            _palette(path, "Day"),
            _palette(path, "Dark"),
            _palette(path, "Contrast"),
            _lengths(path),
            _letters(path),
            _positive(path, Motion),
        )
    except OSError as why:
        raise ThemeError(f"{path}: cannot be read: {why.strerror}") from why
    except SyntaxError as why:
        raise ThemeError(f"{path}:{why.lineno}: is not written in Kivy's language: {why.msg}") from why
    except ParserException as why:
        said = str(why).rpartition("...\n")[2].partition("\n")[0]
        raise ThemeError(f"{path}:{why.line + 1}: is not written in Kivy's language: {said}") from why
    finally:
        Builder.unload_file(str(path))


def _values(path: Path, kind: type[V], name: str) -> dict[str, Any]:
    """The tokens of the rule `<name>`; none missing, none that we do not know."""
    rule = type(name, (_Rule,), {})()
    Builder.apply(rule)
    found = {token: held.get(rule) for token, held in rule.properties().items()}
    known = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]  # only ours come here
    for token in known:
        if token not in found:
            raise ThemeError(f"{path}: <{name}> has no `{token}`")
    for token in found:
        if token not in known:
            raise ThemeError(f"{path}: <{name}> has a `{token}` that nothing uses")
    return found


def _palette(path: Path, name: str) -> Palette:
    found = _values(path, Palette, name)
    for token, value in found.items():
        if not isinstance(value, str) or not re.fullmatch("#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?", value):
            raise ThemeError(f'{path}: <{name}> `{token}` is {value!r}, not a colour as "#RRGGBB"')
    for pairs, least, what in ((WRITTEN, TEXT, "text"), (DRAWN, SHAPE, "a shape")):
        for ink, ground in pairs:
            found_ = contrast(found[ink], found[ground])
            if found_ < least:
                said = f"{found_:.1f}:1, and {what} needs {least:.0f}:1"
                raise ThemeError(f"{path}: <{name}> `{ink}` on `{ground}` has a contrast of {said}")
    return Palette(**found)


def _positive(path: Path, kind: type[V]) -> V:
    found = _values(path, kind, kind.__name__)
    for token, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise ThemeError(f"{path}: <{kind.__name__}> `{token}` is {value!r}, not a number above 0")
    return kind(**found)


def _lengths(path: Path) -> Lengths:
    made = _positive(path, Lengths)
    for token in ("target", "pill", "pill_large", "key", "key_large", "key_lying", "digit", "digit_wide", "card_least"):
        least = dataclasses.asdict(made)[token]
        if least < TARGET:
            raise ThemeError(f"{path}: <Lengths> `{token}` is {least} mm; what is touched needs {TARGET:.0f} mm")
    return made


def _letters(path: Path) -> Letters:
    made = _positive(path, Letters)
    for token, value in dataclasses.asdict(made).items():
        least = 1.0 if token.endswith("_larger") else LETTER
        if value < least:
            raise ThemeError(f"{path}: <Letters> `{token}` is {value}; it must not be below {least}")
    return made
