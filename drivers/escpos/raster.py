"""Lines drawn as pictures, for writing that the printer's own character ROM does not hold.

Pillow draws, Raqm shapes Arabic and orders what runs from right to left. Pillow knows no second font for a missing
glyph, so a line is cut where its direction changes, and each piece where its font does.
"""

import functools
import pathlib
import unicodedata
from dataclasses import dataclass

from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from drivers.escpos.layout import DOTS

Font = ImageFont.FreeTypeFont

FONTS: tuple[tuple[str, int], ...] = (
    ("/usr/share/fonts/truetype/noto/NotoNaskhArabic-Regular.ttf", 0),
    ("/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf", 0),
    ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 0),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf", 0),
)
"""Debian: fonts-noto-core, fonts-noto-cjk (2 is simplified Chinese), fonts-dejavu-core, fonts-droid-fallback."""
SIZE, LEADING = 26, 14


@dataclass(frozen=True)
class _Piece:
    text: str
    font: Font
    rtl: bool
    gap: bool
    """Was there a space after it?"""

    @property
    def width(self) -> int:
        return round(self.font.getlength(self.text, direction="rtl" if self.rtl else "ltr"))


@dataclass(frozen=True)
class Drawer:
    """Draws lines 576 dots wide with the first font that has the glyphs. OSError when there is no font at all."""

    font: pathlib.Path | None = None

    def draw(self, text: str, value: str = "", *, rtl: bool, big: bool, bold: bool, centre: bool) -> Image.Image:
        """Black (0) on white in mode "1", as high as the text needs; the value stands at the far edge.

        A value runs as its own first letter does, whatever runs around it (UAX 9's first strong isolate).
        """
        size = SIZE * 2 if big else SIZE
        value_rtl = _leftwards(value)
        near, far = self._rows(text, size, rtl), self._rows(value, size, value_rtl)
        fits = len(near) <= 1 and len(far) <= 1 and _width(near) + _width(far) + size // 2 <= DOTS
        height = size + (LEADING * 2 if big else LEADING)
        sheet = Image.new("1", (DOTS, height * max(1, 1 if fits else len(near) + len(far))), 1)
        pen = ImageDraw.Draw(sheet)
        for number, row in enumerate(near):
            _ink(pen, row, _place(row, right=rtl, centre=centre), number * height, size, bold=bold, rtl=rtl)
        for number, row in enumerate(far, 0 if fits else len(near)):
            _ink(
                pen,
                row,
                _place(row, right=not rtl, centre=centre and not near),
                number * height,
                size,
                bold=bold,
                rtl=value_rtl,
            )
        return sheet

    def _rows(self, text: str, size: int, rtl: bool) -> list[list[_Piece]]:
        """Wrapped at spaces; a word that is wider than the paper is broken where it must."""
        rows: list[str] = []
        for word in text.split():
            longer = f"{rows[-1]} {word}" if rows else word
            if rows and self._fits(longer, size, rtl):
                rows[-1] = longer
            else:
                rows += self._broken(word, size, rtl)
        return [self._pieces(row, size, rtl) for row in rows]

    def _broken(self, word: str, size: int, rtl: bool) -> list[str]:
        rows = [""]
        for char in word:
            if self._fits(rows[-1] + char, size, rtl) or not rows[-1]:
                rows[-1] += char
            else:
                rows.append(char)
        return rows

    def _fits(self, text: str, size: int, rtl: bool) -> bool:
        return _width([self._pieces(text, size, rtl)]) <= DOTS

    def _pieces(self, text: str, size: int, rtl: bool) -> list[_Piece]:
        found = []
        for run, leftwards in _runs(text, rtl):
            for part, font in self._by_font(run):
                word = part.strip()
                if word:
                    found.append(_Piece(word, _font(*font, size), leftwards, part[-1] == " "))
        return found

    def _by_font(self, run: str) -> list[tuple[str, tuple[str, int]]]:
        """One font for the whole run if any has it all, else the first for each character."""
        fonts = _fonts(self.font)
        for font in fonts:
            if _has(font, run):
                return [(run, font)]
        parts: list[tuple[str, tuple[str, int]]] = []
        for char in run:
            font = next((font for font in fonts if _has(font, char)), fonts[0])
            if parts and (parts[-1][1] == font or char == " "):
                parts[-1] = (parts[-1][0] + char, parts[-1][1])
            else:
                parts.append((char, font))
        return parts


def pack(image: Image.Image) -> tuple[int, int, bytes]:
    """(bytes a row, rows, data) with 1 for black, most significant bit left: what GS v 0 takes.

    DLE EOT, DLE ENQ and DLE DC4 act even inside picture data, so where dots spell one, a dot is added.
    """
    data = bytes(byte ^ 0xFF for byte in image.tobytes())
    for second in (0x04, 0x05, 0x14):
        data = data.replace(bytes((0x10, second)), bytes((0x18, second)))
    return (image.width + 7) // 8, image.height, data


def _runs(text: str, rtl: bool) -> list[tuple[str, bool]]:
    """Cut where the direction of the letters changes; digits, signs and spaces stay with what stood before them.

    Text without a letter (an amount, a masked card number) reads from left to right everywhere.
    """
    if not any(unicodedata.bidirectional(char) in {"L", "R", "AL"} for char in text):
        return [(text, False)]
    runs: list[tuple[str, bool]] = []
    for char in text:
        kind = unicodedata.bidirectional(char)
        leftwards = kind != "L" if kind in {"L", "R", "AL"} else (runs[-1][1] if runs else rtl)
        if runs and runs[-1][1] == leftwards:
            runs[-1] = (runs[-1][0] + char, leftwards)
        else:
            runs.append((char, leftwards))
    return runs


def _leftwards(text: str) -> bool:
    """Does the first letter run from right to left?"""
    kinds = (unicodedata.bidirectional(char) for char in text)
    return next((kind != "L" for kind in kinds if kind in {"L", "R", "AL"}), False)


def _width(rows: list[list[_Piece]]) -> int:
    return max((sum(piece.width + _gap(piece) for piece in row) for row in rows), default=0)


def _gap(piece: _Piece) -> int:
    return int(piece.font.size) // 3 if piece.gap else 0


def _place(row: list[_Piece], *, right: bool, centre: bool) -> int:
    room = DOTS - _width([row])
    return max(0, room // 2 if centre else room if right else 0)


def _ink(pen: ImageDraw.ImageDraw, row: list[_Piece], x: int, y: int, size: int, *, bold: bool, rtl: bool) -> None:
    for piece in reversed(row) if rtl else row:
        at = x + (_gap(piece) if rtl else 0)
        direction = "rtl" if piece.rtl else "ltr"
        for dot in (0, 1) if bold else (0,):  # bold as the printer's own: once more, a dot to the right
            pen.text((at + dot, y + size), piece.text, 0, piece.font, anchor="ls", direction=direction)
        x += piece.width + _gap(piece)


@functools.cache
def _fonts(first: pathlib.Path | None) -> tuple[tuple[str, int], ...]:
    named = ((str(first), 0),) if first else ()
    found = tuple(font for font in (*named, *FONTS) if pathlib.Path(font[0]).exists())
    if not found:
        raise OSError("no font for drawn lines: install fonts-noto-core, or name one")
    return found


@functools.cache
def _font(path: str, index: int, size: int) -> Font:
    return ImageFont.truetype(path, size, index=index, layout_engine=ImageFont.Layout.RAQM)


@functools.cache
def _glyphs(path: str, index: int) -> frozenset[int]:
    with TTFont(path, fontNumber=index, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


def _has(font: tuple[str, int], text: str) -> bool:
    return all(ord(char) in _glyphs(*font) or char == " " or unicodedata.category(char) == "Cf" for char in text)
