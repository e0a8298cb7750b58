"""The pencil: what every part of the glass is drawn with. It mirrors for right-to-left, and remembers what it drew."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from kivy.graphics import Canvas, Color, Rectangle, SmoothLine, SmoothRoundedRectangle
from kivy.uix.widget import Widget

from kiosk.ui.colour import rgba
from kiosk.ui.letters import SPILL, Align, Letters, Setting
from kiosk.ui.theme import Palette
from kiosk.ui.tokens import DAY, Box, Measures

Side = Literal["start", "centre", "end"]
Animate = Callable[[float], None]
Rect = tuple[int, int, int, int]
"""x, y, width and height as OpenGL counts: from the left and from below."""


@dataclass(frozen=True)
class Look:
    """How everything is drawn at this moment."""

    measures: Measures
    language: str
    rtl: bool
    palette: Palette = DAY
    still: bool = False
    """True when nothing may move."""
    hidden: bool = False
    """True when amounts are masked."""


@dataclass(frozen=True)
class Written:
    """A text on the glass: the box it was given, and what it takes of the glass; for reading and for checks."""

    text: str
    box: Rect
    taken: Rect
    size: int
    ink: str
    ground: str
    whole: bool = True
    """False when a word had to be broken to fit."""
    role: str = ""
    """`heading`, or `line` for the plain line beneath it: what must be larger than the rest."""


@dataclass
class Touchable:
    """Something to touch. It acts when the finger leaves it where it came."""

    id: str
    label: str
    rect: Rect
    act: Callable[[], None]
    press: Callable[[bool], None] = field(repr=False, default=lambda _down: None)
    quick: bool = False
    """True for keys of a keypad, which are touched in fast succession."""

    def holds(self, x: float, y: float) -> bool:
        """True when the point lies in it."""
        left, bottom, width, height = self.rect
        return left <= x < left + width and bottom <= y < bottom + height


class Layer(Widget):  # type: ignore[misc]  # Kivy has no types
    """One sheet of the glass: instructions, and a record of what they show."""

    def __init__(self) -> None:
        super().__init__(size_hint=(None, None))
        self.canvas: Any
        self.texts: list[Written] = []
        self.touches: list[Touchable] = []
        self.moving: list[Animate] = []
        self._last: Any = None
        self._place = 0

    def wipe(self) -> None:
        """Take everything off."""
        self.canvas.clear()
        self.texts.clear()
        self.touches.clear()
        self.moving.clear()
        self._last = None

    def over(self, draw: Callable[[], object]) -> None:
        """Draw something that replaces what this drew before: a number that counts down."""
        if self._last is not None:
            self.canvas.remove(self._last)
            del self.texts[self._place : self._place + 1]
        self._place, usual = len(self.texts), self.canvas
        self._last = Canvas()
        usual.add(self._last)
        self.canvas = self._last
        try:
            draw()
        finally:
            self.canvas = usual


@dataclass(frozen=True)
class Style:
    """How a key looks: named colours of a palette."""

    fill: str
    ink: str
    border: str = ""
    bold: bool = False


def styles(palette: Palette) -> dict[str, Style]:
    """The six looks of a key."""
    return {
        "next": Style(palette.accent, palette.accent_ink, bold=True),
        "off": Style(palette.calm, palette.soft),
        "quiet": Style(palette.ground, palette.ink, palette.line),
        "surface": Style(palette.surface, palette.ink),
        "card": Style(palette.card, palette.ink, palette.line),
        "calm": Style(palette.calm, palette.ink),
    }


def _reads_left(text: str) -> bool:
    """True when a letter of a right-to-left script stands in it; numbers alone keep their order."""
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)


class Pencil:
    """Draws on one layer. Boxes are measured from where reading starts; the pencil mirrors them."""

    def __init__(self, layer: Layer, letters: Letters, look: Look) -> None:
        self.layer, self.letters, self.look = layer, letters, look
        self.m, self.palette = look.measures, look.palette
        self._styles = styles(look.palette)

    # --- where

    def rect(self, box: Box) -> Rect:
        """A box as OpenGL counts, mirrored when reading goes from right to left."""
        panel = self.m.panel
        x = panel.width - box.x - box.w if self.look.rtl else box.x
        return x, panel.height - box.y - box.h, box.w, box.h

    def _align(self, side: Side) -> Align:
        if side == "centre":
            return "centre"
        return "right" if (side == "end") != self.look.rtl else "left"

    # --- text

    def height(self, text: str, size: int, width: int, *, bold: bool = False) -> int:
        """How high a text stands when it is set this wide."""
        return self.letters.block(text, Setting(size, bold, width, "left", self.look.rtl)).height if text else 0

    def width(self, text: str, size: int, *, bold: bool = False) -> int:
        """How wide a text is on one line."""
        return self.letters.block(text, Setting(size, bold, 100_000, "left", self.look.rtl)).width

    def text(
        self,
        box: Box,
        text: str,
        size: int,
        *,
        bold: bool = False,
        ink: str = "",
        on: str = "",
        side: Side = "start",
        upright: Literal["top", "middle", "bottom"] = "top",
        ltr: bool | None = None,
        role: str = "",
    ) -> int:
        """Write a text into a box, smaller if it must be; answers the height taken.

        `ltr` sets the paragraph's direction where it is not the language's: False for a name in Arabic on an English
        screen. A text without a letter from right to left is set from left to right in any case.
        """
        if not text:
            return 0
        rtl = (self.look.rtl if ltr is None else not ltr) and _reads_left(text)
        wanted = Setting(size, bold, box.w, self._align(side), rtl)
        setting = self.letters.fitting(text, wanted, box.h, self.m.floor)
        block = self.letters.block(text, setting)
        free = box.h - block.height
        y = {"top": 0, "middle": free // 2, "bottom": free}[upright]
        left, bottom, _, _ = self.rect(Box(box.x, box.y + y, box.w, block.height))
        left += {"left": 0, "centre": (box.w - block.width) // 2, "right": box.w - block.width}[setting.align]
        taken = (left, bottom, block.width, block.height)
        ink, ground = ink or self.palette.ink, on or self.palette.ground
        self._print(text, setting, taken, ink)
        self.layer.texts.append(Written(text, self.rect(box), taken, setting.size, ink, ground, block.whole, role))
        return block.height

    def _print(self, text: str, setting: Setting, rect: Rect, ink: str) -> None:
        texture, spill = self.letters.texture(text, setting), round(setting.size * SPILL)
        with self.layer.canvas:
            Color(*rgba(ink))
            Rectangle(texture=texture, pos=(rect[0] - spill, rect[1] - spill), size=texture.size)

    # --- shapes

    def plate(self, box: Box, fill: str, border: str = "", radius: int | None = None, edge: int = 0) -> Any:
        """A rounded card, with a border of `edge` pixels or a hairline; answers its colour, which a press changes."""
        x, y, w, h = self.rect(box)
        r = min(self.m.radius if radius is None else radius, w // 2, h // 2)
        edge = edge or self.m.hairline
        with self.layer.canvas:
            if border:
                Color(*rgba(border))
                SmoothRoundedRectangle(pos=(x, y), size=(w, h), radius=[r])
                x, y, w, h, r = x + edge, y + edge, w - 2 * edge, h - 2 * edge, max(1, r - edge)
            colour = Color(*rgba(fill))
            SmoothRoundedRectangle(pos=(x, y), size=(w, h), radius=[r])
        return colour

    def block(self, box: Box, fill: str) -> None:
        """A plain rectangle."""
        x, y, w, h = self.rect(box)
        with self.layer.canvas:
            Color(*rgba(fill))
            Rectangle(pos=(x, y), size=(w, h))

    def stroke(self, points: list[float], colour: str, width: float) -> None:
        """A line through points as OpenGL counts them; `width` in pixels."""
        with self.layer.canvas:
            Color(*rgba(colour))
            SmoothLine(points=points, width=width / 2, cap="round", joint="round")

    # --- keys

    def touchable(self, box: Box, id_: str, label: str, act: Callable[[], None], *, quick: bool = False) -> Touchable:
        """Make a box something to touch; around a small one, as much as a fingertip needs."""
        wide, high = max(box.w, self.m.target), max(box.h, self.m.target)
        made = Touchable(id_, label, self.rect(box.middle(wide, high)), act, quick=quick)
        self.layer.touches.append(made)
        return made

    def pressable(self, box: Box, style: str, id_: str, label: str, act: Callable[[], None], **more: bool) -> Style:
        """A plate to touch, which darkens under the finger. Its words are drawn by the caller."""
        look = self._styles[style]
        colour = self.plate(box, look.fill, look.border)
        usual = rgba(look.fill)
        down = (usual[0] * 0.88, usual[1] * 0.88, usual[2] * 0.88, usual[3])
        made = self.touchable(box, id_, label, act, quick=more.get("quick", False))

        def press(on: bool) -> None:
            colour.rgba = down if on else usual

        made.press = press
        return look

    def key(
        self, box: Box, style: str, id_: str, label: str, act: Callable[[], None], *, size: int = 0, quick: bool = False
    ) -> None:
        """A key with its word in the middle."""
        look = self.pressable(box, style, id_, label, act, quick=quick)
        pad = self.m.mm(3)
        self.text(
            box.inset(pad, self.m.mm(1.5)),
            label,
            size or self.m.body,
            bold=look.bold,
            ink=look.ink,
            on=look.fill,
            side="centre",
            upright="middle",
        )

    def move(self, animate: Animate, *, always: bool = False) -> None:
        """Have something move: called each frame with the seconds since it was drawn.

        When nothing may move it is called once, unless `always`: a count-down is a fact.
        """
        animate(0.0)
        if always or not self.look.still:
            self.layer.moving.append(animate)
