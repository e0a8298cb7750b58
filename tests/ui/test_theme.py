"""The theme: one file holds the design, a broken one says so, and what docs/design.md says of it is true."""

import re
import subprocess
import sys
from dataclasses import asdict, fields
from pathlib import Path

import pytest
from PIL import Image

from kiosk.ui.colour import contrast
from kiosk.ui.theme import DRAWN, FILE, SHAPE, TEXT, WRITTEN, Lengths, Letters, Motion, Palette, ThemeError, load
from kiosk.ui.tokens import THEME, Measures, Panel

ROOT = Path(__file__).parents[2]
PALETTES = {"Day": THEME.day, "Dark": THEME.dark, "Contrast": THEME.contrast}


def changed(folder: Path, old: str, new: str) -> Path:
    """A copy of the theme with one thing changed."""
    text = FILE.read_text("utf-8")
    assert old in text
    path = folder / "theme.kv"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def test_a_bank_re_brands_by_one_file(tmp_path: Path) -> None:
    """Another accent in the file is another accent in the theme, and nothing else changes."""
    theme = load(changed(tmp_path, 'accent: "#0B4F43"', 'accent: "#4A1259"'))
    assert theme.day.accent == "#4A1259"
    assert {**asdict(theme.day), "accent": ""} == {**asdict(THEME.day), "accent": ""}
    assert (theme.dark, theme.lengths, theme.letters, theme.motion) == (
        THEME.dark, THEME.lengths, THEME.letters, THEME.motion,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('ink: "#1B1A18"', 'ink: "#777777"', "<Day> `ink` on `ground` has a contrast of 4.2:1, and text needs 7:1"),
        ('red: "#9B1C12"', 'red: "#E0958E"', "<Day> `red` on `rose` has a contrast of 2.0:1, and a shape needs 3:1"),
        ('ground: "#FAF7F1"', 'ground: "cream"', "<Day> `ground` is 'cream', not a colour"),
        ("    gap: 6.5  # between two cards\n", "", "<Lengths> has no `gap`"),
        ("    gap: 6.5", "    gpa: 6.5\n    gap: 6.5", "<Lengths> has a `gpa` that nothing uses"),
        ("gap: 6.5", 'gap: "wide"', "<Lengths> `gap` is 'wide', not a number above 0"),
        ("gap: 6.5", "gap: -1", "<Lengths> `gap` is -1, not a number above 0"),
        ("pill: 14.5", "pill: 8", "<Lengths> `pill` is 8 mm; what is touched needs 9 mm"),
        ("body: 10", "body: 5", "<Letters> `body` is 5; it must not be below 6.7"),
        ("body_larger: 1.5", "body_larger: 0.5", "<Letters> `body_larger` is 0.5; it must not be below 1.0"),
        ("<Motion>:", "<Motoin>:", "<Motion> has no `slide`"),
        ("<Motion>:", "Motion:", "'Motion:' is not a rule"),
        ("gap: 6.5", "gap 6.5", "theme.kv:70: is not written in Kivy's language: Invalid property name"),
        ("gap: 6.5", "gap: 6.5 +", "theme.kv:70: is not written in Kivy's language: invalid syntax"),
        ("gap: 6.5", "gap: wide", "theme.kv:70: is not written in Kivy's language: NameError: name 'wide'"),
    ],
)
def test_a_broken_theme_says_what_is_wrong_and_where(tmp_path: Path, old: str, new: str, said: str) -> None:
    """The error names the file, and the rule and token or the line."""
    path = changed(tmp_path, old, new)
    with pytest.raises(ThemeError) as error:
        load(path)
    assert str(path) in str(error.value)
    assert said in str(error.value)
    assert load() == THEME  # a broken file leaves nothing behind


def test_a_theme_that_is_not_there_says_so(tmp_path: Path) -> None:
    """No file is an error of its own."""
    with pytest.raises(ThemeError, match="cannot be read: No such file"):
        load(tmp_path / "theme.kv")


@pytest.mark.parametrize("name", PALETTES)
def test_all_that_is_written_stands_out_seven_to_one(name: str) -> None:
    """WCAG 2.2 AAA for text, 3:1 for shapes that carry meaning, in each of the three lights."""
    colours = asdict(PALETTES[name])
    for pairs, least in ((WRITTEN, TEXT), (DRAWN, SHAPE)):
        assert [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < least] == []


def test_the_tokens_open_no_window() -> None:
    """They can be read where there is no screen."""
    asks = "import kiosk.ui.tokens; from kivy.base import EventLoop; print(EventLoop.window)"
    done = subprocess.run([sys.executable, "-c", asks], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["None"]


def test_no_other_file_holds_a_colour() -> None:
    """A colour outside of the theme could not be re-branded."""
    kept = [path for path in (ROOT / "kiosk").rglob("*.py") if re.search(r"#[0-9A-Fa-f]{6}\b", path.read_text("utf-8"))]
    assert kept == []


def test_every_token_is_used() -> None:
    """What nobody reads would mislead whoever changes it."""
    read = "".join(path.read_text("utf-8") for path in (ROOT / "kiosk").rglob("*.py") if path.name != "theme.py")
    tokens = [field.name for kind in (Palette, Lengths, Letters, Motion) for field in fields(kind)]
    assert [
        token
        for token in tokens
        if not re.search(rf"\b(?:palette|p|_LENGTHS|_LETTERS|[mM]otion|MOTION)\.{token}\b", read)
    ] == []


# --- docs/design.md


def page() -> str:
    return (ROOT / "docs/design.md").read_text("utf-8")


def tabled(heading: str) -> list[list[str]]:
    """The rows of the table beneath a heading, without its own head."""
    part = page().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_the_contrast_table_of_the_page_is_computed() -> None:
    """Every pair, in every light, as this code computes it."""
    due = [
        [
            f"`{ink}` on `{ground}`",
            *(f"{contrast(asdict(one)[ink], asdict(one)[ground]):.1f}" for one in PALETTES.values()),
        ]
        for ink, ground in (*WRITTEN, *DRAWN)
    ]
    assert tabled("Contrast") == due


def test_the_sizes_of_the_page_are_those_of_the_theme() -> None:
    """Each token that the page names has the millimetres that it says, and the pixels on the usual panel."""
    measures, rows = Measures(Panel()), tabled("Sizes")
    values = {**asdict(THEME.letters), **asdict(THEME.lengths)} | {"letters.strip": THEME.letters.strip}
    assert len(rows) >= 10
    for token, length, pixels, *_ in rows:
        assert (token, length) == (token, f"{values[token.strip('`')]:g}")
        assert (token, pixels) == (token, str(measures.mm(float(length))))


def test_the_page_s_pictures_are_there_and_light() -> None:
    """Each is a real PNG of 540 pixels across, below 60 kB."""
    named = re.findall(r"\((pictures/[\w-]+\.png)\)", page())
    assert len(named) >= 3
    for name in named:
        path = ROOT / "docs" / name
        assert path.stat().st_size < 60_000
        with Image.open(path) as picture:
            assert (picture.format, picture.width) == ("PNG", 540)
