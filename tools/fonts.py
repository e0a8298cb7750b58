"""Merge the letters of every language of the terminal into two fonts, kiosk.ttf and kiosk-bold.ttf.

    python tools/fonts.py build/fonts

The text provider that joins Arabic letters has no font fallback, so one file must hold them all. assets/fonts.toml says
which: Noto Sans and Noto Sans Arabic with their layout rules, Chinese from Noto Sans CJK (cubic outlines turned into
quadratic ones), and the rest from Droid Sans Fallback. Hinting, vertical metrics and the layout rules of the Chinese
fonts are left out. The sources are under SIL OFL 1.1 and Apache 2.0.
"""

import sys
import tomllib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from fontTools.merge import Merger
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.filterPen import DecomposingFilterPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable

LIST = Path(__file__).resolve().parent.parent / "assets" / "fonts.toml"
GLYPHS_LIMIT = 65_535
"""TrueType counts glyphs in 16 bits."""
LEFT_OUT = ("DSIG", "cvt ", "fpgm", "prep", "gasp", "vhea", "vmtx", "VORG", "hdmx", "VDMX", "LTSH", "kern")


@dataclass(frozen=True)
class Weight:
    """One of the two fonts: its file, and its name in the paths of the sources."""

    file: str
    style: str


@dataclass(frozen=True)
class Source:
    """A font that letters come from. Without `letters`, all of its."""

    path: str
    prefix: str = ""
    number: int = 0
    letters: frozenset[int] = frozenset()

    def of(self, weight: Weight) -> Path:
        """Its file in a weight."""
        return FOLDER / self.path.format(style=weight.style)


def spread(ranges: Sequence[Sequence[int]]) -> frozenset[int]:
    """Every character of ranges that include their ends."""
    return frozenset(char for first, last in ranges for char in range(first, last + 1))


def gbk(rows: Sequence[int]) -> frozenset[int]:
    """The signs of some rows of GBK, without ASCII and private letters."""
    cells = (bytes((row, cell)).decode("gbk", "ignore") for row in rows for cell in range(0x40, 0xFF))
    return frozenset(map(ord, "".join(cells))) - {*range(0x80), *range(0xE000, 0xF900)}


def _outlines(entry: dict[str, Any]) -> Source:
    letters = spread(entry.get("ranges", ())) | gbk(entry.get("gbk_rows", ()))
    return Source(entry["path"], entry["prefix"], entry.get("number", 0), letters)


_LISTED = tomllib.loads(LIST.read_text("utf-8"))
FOLDER = Path(_LISTED["folder"])
EM, ERROR = _LISTED["em"], _LISTED["error"]
WEIGHTS = tuple(Weight(entry["file"], entry["style"]) for entry in _LISTED["weight"])
WHOLE = tuple(Source(entry["path"]) for entry in _LISTED["whole"])
OUTLINES = tuple(_outlines(entry) for entry in _LISTED["outlines"])
INVISIBLE = spread(_LISTED["invisible"]["ranges"])


def main(folder: Path) -> None:
    """Build both weights side by side and say how long it took."""
    began = monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(len(WEIGHTS)) as pool:
        for path in pool.map(build, WEIGHTS, [folder] * len(WEIGHTS)):
            print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    print(f"{monotonic() - began:.0f} s")


def build(weight: Weight, folder: Path) -> Path:
    """Make one font; answers its path. The file appears only when it is whole."""
    font = merged(weight)
    add_upper_planes(font)
    add_invisible(font)
    for source in OUTLINES:
        with TTFont(source.of(weight), fontNumber=source.number, lazy=True) as theirs:
            add_letters(font, theirs, source.letters or frozenset(theirs.getBestCmap()), source.prefix)
    rename(font, weight.style)
    path = folder / weight.file
    unfinished = path.with_suffix(".part")
    font.save(unfinished)
    unfinished.replace(path)
    return path


def merged(weight: Weight) -> TTFont:
    """Latin, Greek, Cyrillic and Arabic, with the rules that join and place their letters."""
    with TemporaryDirectory() as scratch:
        paths = []
        for source in WHOLE:
            font = TTFont(source.of(weight))
            font["glyf"].removeHinting()
            for table in LEFT_OUT:
                if table in font:
                    del font[table]
            paths.append(Path(scratch) / source.of(weight).name)
            font.save(paths[-1])
        return Merger().merge([str(path) for path in paths])


def add_letters(font: TTFont, source: TTFont, wanted: frozenset[int], prefix: str) -> None:
    """Copy outlines and widths of the wanted characters that the font still lacks."""
    have, theirs = font.getBestCmap(), source.getBestCmap()
    glyphs, widths, scale = source.getGlyphSet(), source["hmtx"], EM / source["head"].unitsPerEm
    order, glyf, hmtx = font.getGlyphOrder(), font["glyf"], font["hmtx"]
    copied: dict[str, str] = {}
    cubic = "glyf" not in source
    for char in sorted(wanted & theirs.keys() - have.keys()):
        name = theirs[char]
        if name not in copied:
            if len(order) >= GLYPHS_LIMIT:
                raise ValueError("more glyphs than one font can hold")
            copied[name] = new = f"{prefix}{char:05X}"
            glyf.glyphs[new] = outline(glyphs, name, scale, cubic)
            hmtx.metrics[new] = (round(widths[name][0] * scale), round(widths[name][1] * scale))
            order.append(new)
        map_character(font, char, copied[name])
    font.setGlyphOrder(order)
    glyf.setGlyphOrder(order)


def outline(glyphs: Any, name: str, scale: float, cubic: bool) -> Any:
    """One letter's shape in quadratic curves, at our units per em."""
    pen = TTGlyphPen(None)
    inner: Any = Cu2QuPen(pen, ERROR, reverse_direction=True) if cubic else pen
    sized = inner if scale == 1 else TransformPen(inner, (scale, 0, 0, scale, 0, 0))
    glyphs[name].draw(DecomposingFilterPen(sized, glyphs))
    return pen.glyph(round=round)


def add_invisible(font: TTFont) -> None:
    """Give every direction control that the fonts lack the empty glyph of one that they have."""
    have = font.getBestCmap()
    empty = have[0x200E]
    for char in sorted(INVISIBLE):
        if char not in have:
            map_character(font, char, empty)


def add_upper_planes(font: TTFont) -> None:
    """Give the font a character map that reaches beyond U+FFFF, where rare ideographs stand."""
    wide = CmapSubtable.newSubtable(12)
    wide.platformID, wide.platEncID, wide.language, wide.cmap = 3, 10, 0, dict(font.getBestCmap())
    font["cmap"].tables.append(wide)


def map_character(font: TTFont, char: int, glyph: str) -> None:
    """Enter a character into every Unicode subtable that can hold it."""
    for table in font["cmap"].tables:
        if table.isUnicode() and (char <= 0xFFFF or table.format == 12):
            table.cmap[char] = glyph


def rename(font: TTFont, style: str) -> None:
    """A name of its own: the licence reserves the old ones for the unmodified fonts."""
    names = font["name"]
    kept = [record for record in names.names if record.nameID in (0, 13, 14)]
    names.names = kept
    for number, text in ((1, "Kiosk"), (2, style), (3, f"Kiosk {style}"), (4, f"Kiosk {style}"), (6, f"Kiosk-{style}")):
        names.setName(text, number, 3, 1, 0x409)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/fonts"))
