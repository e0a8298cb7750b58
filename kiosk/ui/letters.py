"""Letters on the glass: wrapped, shaped by Raqm, and kept as textures.

Kivy's own labels break lines at spaces only and know no paragraph direction with Pillow. Here Chinese breaks between
characters (but never before a closing mark or after an opening one), a bidi isolate stays on one line when it can, and
each line is shaped in its paragraph's direction.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from kivy.graphics.texture import Texture
from PIL import Image, ImageDraw, ImageFont

KEPT = 600
"""Textures kept for reuse."""
LEADING = 1.38
"""Distance of two baselines, in em."""
BASELINE = 1.05
"""From the top of a line to its baseline, in em: the middle of a capital or a Han character is then the line's."""
SPILL = 0.4
"""Room for what reaches out of a line (Arabic marks, deep tails), in em, drawn outside of the box."""

Align = Literal["left", "right", "centre"]

ISOLATE = "\u2066[^\u2069]*\u2069"
HAN = "[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
CLOSING = "[。，、；：？！）」』》〉】”’％…,.;:?!)%]"
OPENING = "[（「『《〈【“‘]"
_PIECE = re.compile(
    rf"(?:{OPENING}*(?:{ISOLATE}|{HAN}|[^\s\u2e80-\u9fff\uff00-\uffef\u2066（「『《〈【“‘]+)(?:{CLOSING})*)\s*|\s+|."
)
_HYPHENED = re.compile(r"[^-]*-|[^-]+")


@dataclass(frozen=True)
class Setting:
    """How a text is set."""

    size: int
    bold: bool = False
    width: int = 10_000
    align: Align = "left"
    rtl: bool = False


@dataclass(frozen=True)
class Block:
    """A text broken into lines."""

    lines: tuple[str, ...]
    width: int
    height: int
    whole: bool
    """False when a word had to be broken."""


class Letters:
    """The two fonts of the terminal, and the textures drawn with them."""

    def __init__(self, regular: Path, bold: Path) -> None:
        self._paths = regular, bold
        self._fonts: dict[tuple[int, bool], ImageFont.FreeTypeFont] = {}
        self._textures: OrderedDict[tuple[str, Setting], Any] = OrderedDict()
        self.block = lru_cache(maxsize=2000)(self._block)
        self.length = lru_cache(maxsize=8000)(self._length)

    def fitting(self, text: str, setting: Setting, height: int, floor: int) -> Setting:
        """The setting made smaller, step by step and not below `floor`, until the text fits `width` x `height`."""
        size = setting.size
        while size > floor:
            tried = Setting(size, setting.bold, setting.width, setting.align, setting.rtl)
            block = self.block(text, tried)
            if block.whole and block.height <= height and block.width <= setting.width:
                return tried
            size = max(floor, int(size * 0.94))
        return Setting(min(floor, setting.size), setting.bold, setting.width, setting.align, setting.rtl)

    def texture(self, text: str, setting: Setting) -> Any:
        """White letters on nothing, to be tinted; `SPILL` em larger than the block on every side."""
        kept = self._textures.get((text, setting))
        if kept is None:
            kept = self._textures[text, setting] = _upload(self._drawn(self.block(text, setting), setting))
            if len(self._textures) > KEPT:
                self._textures.popitem(last=False)
        else:
            self._textures.move_to_end((text, setting))
        return kept

    def _font(self, size: int, bold: bool) -> ImageFont.FreeTypeFont:
        found = self._fonts.get((size, bold))
        if found is None:
            path = self._paths[bold]
            found = ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.RAQM)
            self._fonts[size, bold] = found
        return found

    def _length(self, text: str, size: int, bold: bool, rtl: bool) -> float:
        font = self._font(size, bold)
        return float(font.getlength(text, direction="rtl" if rtl else "ltr", features=["tnum"]))

    def _block(self, text: str, setting: Setting) -> Block:
        lines: list[str] = []
        whole = True
        for paragraph in text.split("\n"):
            broken, kept = self._lines(paragraph, setting)
            lines += broken
            whole = whole and kept
        wide = max((self._wide(line, setting) for line in lines), default=0)
        return Block(tuple(lines), wide, round(len(lines) * setting.size * LEADING), whole)

    def _wide(self, line: str, setting: Setting) -> int:
        return int(self.length(line.strip(), setting.size, setting.bold, setting.rtl) + 0.999)

    def _lines(self, paragraph: str, setting: Setting) -> tuple[list[str], bool]:
        """Greedy: as many pieces on a line as fit; a piece wider than the line is broken where it must be."""
        lines, line, whole = [], "", True
        for piece in self._pieces(paragraph, setting):
            if not line or self._wide(line + piece, setting) <= setting.width:
                line += piece
            else:
                lines.append(line.rstrip())
                line = piece
            if self._wide(line, setting) > setting.width:
                whole = False
                *full, line = self._hard(line, setting)
                lines += full
        return [*lines, line.rstrip()], whole

    def _pieces(self, paragraph: str, setting: Setting) -> Iterator[str]:
        """What must not be broken; a word wider than a line may be, after a hyphen."""
        for piece in _PIECE.findall(paragraph):
            if "-" in piece and self._wide(piece, setting) > setting.width:
                yield from _HYPHENED.findall(piece)
            else:
                yield piece

    def _hard(self, word: str, setting: Setting) -> list[str]:
        parts, part = [], ""
        for letter in word:
            if part and self._wide(part + letter, setting) > setting.width:
                parts.append(part)
                part = ""
            part += letter
        return [*parts, part]

    def _drawn(self, block: Block, setting: Setting) -> Image.Image:
        spill, step = round(setting.size * SPILL), setting.size * LEADING
        width = max(1, block.width)
        picture = Image.new("L", (width + 2 * spill, max(1, block.height) + 2 * spill), 0)
        pen, font = ImageDraw.Draw(picture), self._font(setting.size, setting.bold)
        for number, line in enumerate(block.lines):
            free = width - self._wide(line, setting)
            x = {"left": 0, "right": free, "centre": free // 2}[setting.align]
            y = round(number * step + setting.size * BASELINE)
            way = "rtl" if setting.rtl else "ltr"
            pen.text((spill + x, spill + y), line.strip(), 255, font, anchor="ls", direction=way, features=["tnum"])
        return picture


def _upload(mask: Image.Image) -> Any:
    texture = Texture.create(size=mask.size, colorfmt="luminance_alpha")
    white = Image.new("L", mask.size, 255)
    texture.blit_buffer(Image.merge("LA", (white, mask)).tobytes(), colorfmt="luminance_alpha", bufferfmt="ubyte")
    texture.flip_vertical()
    return texture
