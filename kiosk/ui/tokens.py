"""The tokens of the design: colours with their contrast, and measures in millimetres of the real panel."""

import math
from dataclasses import dataclass

GROUND = "#FAF7F1"
SURFACE = "#F0EBE1"
CARD = "#FFFFFF"
LINE = "#E2DACB"
INK = "#1B1A18"
SOFT = "#49443C"
ACCENT = "#0B4F43"
CALM = "#DDE9E4"
RED = "#9B1C12"
ROSE = "#F8E7E3"
SAND = "#F5E9CF"
NIGHT = "#1B1A18"
DUSK = "#2B2926"
MOON = "#FAF7F1"
MIST = "#CFC8BB"
EDGE = "#4A463F"
CLEAR = "#1B1A18B3"
"""The veil under a sheet or a warning."""

Rgba = tuple[float, float, float, float]

LANGUAGES = {"zh": "中文", "en": "English", "ar": "العربية"}
"""Each language under its own name."""
RIGHT_TO_LEFT = frozenset({"ar", "ug", "ur", "fa"})


def rgba(colour: str) -> Rgba:
    """A colour as OpenGL wants it: four numbers from 0 to 1."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in range(1, len(colour), 2)]
    red, green, blue = parts[:3]
    return red, green, blue, parts[3] if len(parts) == 4 else 1.0


def contrast(ink: str, ground: str) -> float:
    """How far apart two colours are in lightness, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    light, dark = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue, _ = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgba(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@dataclass(frozen=True)
class Palette:
    """The colours of one kind of light: the day, or the dark around a PIN."""

    ground: str = GROUND
    surface: str = SURFACE
    card: str = CARD
    line: str = LINE
    ink: str = INK
    soft: str = SOFT
    accent: str = ACCENT
    on_accent: str = CARD
    calm: str = CALM


DAY = Palette()
DARK = Palette(
    ground=NIGHT, surface=DUSK, card=DUSK, line=EDGE, ink=MOON, soft=MIST, accent=CALM, on_accent=INK, calm=EDGE
)


@dataclass(frozen=True)
class Panel:
    """The real screen: its pixels, and the length of its diagonal in inches."""

    width: int = 1080
    height: int = 1920
    inches: float = 21.5

    @property
    def pixels_per_mm(self) -> float:
        """Pixels in a millimetre of glass."""
        return math.hypot(self.width, self.height) / (self.inches * 25.4)

    @property
    def landscape(self) -> bool:
        """True when the panel is wider than high."""
        return self.width > self.height


@dataclass(frozen=True)
class Measures:
    """Lengths in pixels, from millimetres. Letter sizes are the em: a capital is about 0.71 of it."""

    panel: Panel
    large: bool = False

    def mm(self, length: float) -> int:
        """A length on the glass; never changed by larger type."""
        return round(length * self.panel.pixels_per_mm)

    def em(self, length: float, larger: float = 1.5) -> int:
        """A letter size, `larger` times as large in larger type: what is read grows most, what is large anyway less."""
        return round(length * self.panel.pixels_per_mm * (larger if self.large else 1.0))

    @property
    def hero(self) -> int:
        """The greeting, an amount."""
        return self.em(24, 1.2)

    @property
    def title(self) -> int:
        """The one question or fact."""
        return self.em(18.5, 1.2)

    @property
    def strong(self) -> int:
        """The word on a card."""
        return self.em(12.4, 1.35)

    @property
    def body(self) -> int:
        """What is read."""
        return self.em(10)

    @property
    def small(self) -> int:
        """The smallest that a customer must read: capitals of more than 5 mm."""
        return self.em(8.4)

    @property
    def floor(self) -> int:
        """Letters are never set smaller than this: capitals of 4.8 mm (ADA 707.7.2 asks for 3/16 inch)."""
        return self.mm(6.8)

    @property
    def margin(self) -> int:
        """Between the edge of the glass and everything."""
        return self.mm(13.5)

    @property
    def gap(self) -> int:
        """Between two cards."""
        return self.mm(6.5)

    @property
    def key_gap(self) -> int:
        """Between two keys of a keypad."""
        return self.mm(5)

    @property
    def radius(self) -> int:
        """Of a card's corners."""
        return self.mm(6)

    @property
    def strip(self) -> int:
        """The black strip that says SIMULATED."""
        return self.mm(10.5)

    @property
    def top(self) -> int:
        """The region that says where she is."""
        return self.mm(31 if self.large else 24)

    @property
    def pill(self) -> int:
        """Height of a small key at the top."""
        return self.mm(20 if self.large else 14.5)

    @property
    def key(self) -> int:
        """Height of the keys at the bottom."""
        if self.panel.landscape:
            return self.mm(26)
        return self.mm(42 if self.large else 35)

    @property
    def bottom(self) -> int:
        """The region of back, help and next."""
        return self.key + self.mm(9 if not self.panel.landscape else 7) * 2


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, measured from the top and from the side where reading starts."""

    x: int
    y: int
    w: int
    h: int

    def inset(self, dx: int, dy: int) -> "Box":
        """The same without a border."""
        return Box(self.x + dx, self.y + dy, self.w - 2 * dx, self.h - 2 * dy)

    def upper(self, h: int) -> "Box":
        """Its upper part, `h` high."""
        return Box(self.x, self.y, self.w, h)

    def below(self, h: int) -> "Box":
        """What lies beneath its upper part."""
        return Box(self.x, self.y + h, self.w, max(0, self.h - h))

    def lower(self, h: int) -> "Box":
        """Its lower part, `h` high."""
        return Box(self.x, self.y + self.h - h, self.w, h)

    def above(self, h: int) -> "Box":
        """What lies over its lower part."""
        return Box(self.x, self.y, self.w, max(0, self.h - h))

    def start(self, w: int) -> "Box":
        """Its part where reading starts, `w` wide."""
        return Box(self.x, self.y, w, self.h)

    def after(self, w: int) -> "Box":
        """What follows that part."""
        return Box(self.x + w, self.y, max(0, self.w - w), self.h)

    def end(self, w: int) -> "Box":
        """Its part where reading ends."""
        return Box(self.x + self.w - w, self.y, w, self.h)

    def middle(self, w: int, h: int) -> "Box":
        """A box of that size in its middle."""
        return Box(self.x + (self.w - w) // 2, self.y + (self.h - h) // 2, w, h)

    def grid(self, columns: int, rows: int, gap: int) -> "list[Box]":
        """Equal cells, row by row."""
        w, h = (self.w - gap * (columns - 1)) // columns, (self.h - gap * (rows - 1)) // rows
        return [
            Box(self.x + column * (w + gap), self.y + row * (h + gap), w, h)
            for row in range(rows)
            for column in range(columns)
        ]
