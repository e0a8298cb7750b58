"""The tokens of the design as pixels of the real panel, and boxes to cut it with. Their values stand in theme.kv."""

import math
from dataclasses import dataclass

from kiosk.ui.theme import load

THEME = load()
DAY, DARK, CONTRAST = THEME.day, THEME.dark, THEME.contrast
_LENGTHS, _LETTERS = THEME.lengths, THEME.letters

LANGUAGES = {"zh": "中文", "en": "English", "ar": "العربية"}
"""Each language under its own name."""
RIGHT_TO_LEFT = frozenset({"ar", "ug", "ur", "fa"})


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
        return self.em(_LETTERS.hero, _LETTERS.hero_larger)

    @property
    def title(self) -> int:
        """The one question or fact."""
        return self.em(_LETTERS.title, _LETTERS.title_larger)

    @property
    def amount(self) -> int:
        """An amount beside its facts."""
        return self.em(_LETTERS.amount, _LETTERS.amount_larger)

    @property
    def digit(self) -> int:
        """On the keypad."""
        return self.em(_LETTERS.digit, _LETTERS.digit_larger)

    @property
    def count(self) -> int:
        """The number that counts down."""
        return self.em(_LETTERS.count, _LETTERS.count_larger)

    @property
    def strong(self) -> int:
        """The word on a card."""
        return self.em(_LETTERS.strong, _LETTERS.strong_larger)

    @property
    def verb(self) -> int:
        """On the next key."""
        return self.em(_LETTERS.verb, _LETTERS.verb_larger)

    @property
    def body(self) -> int:
        """What is read."""
        return self.em(_LETTERS.body, _LETTERS.body_larger)

    @property
    def small(self) -> int:
        """The smallest that a customer must read: capitals of more than 5 mm."""
        return self.em(_LETTERS.small, _LETTERS.small_larger)

    @property
    def strip_letters(self) -> int:
        """On the black strip."""
        return self.em(_LETTERS.strip, _LETTERS.strip_larger)

    @property
    def floor(self) -> int:
        """Letters are never set smaller than this: capitals of 4.8 mm (ADA 707.7.2 asks for 3/16 inch)."""
        return self.em(_LETTERS.floor, _LETTERS.floor_larger)

    @property
    def target(self) -> int:
        """Nothing to touch is smaller, either way."""
        return self.mm(_LENGTHS.target)

    @property
    def slip(self) -> int:
        """A trembling finger may leave a key by so much."""
        return self.mm(_LENGTHS.slip)

    @property
    def margin(self) -> int:
        """Between the edge of the glass and everything."""
        return self.mm(_LENGTHS.margin)

    @property
    def gap(self) -> int:
        """Between two cards."""
        return self.mm(_LENGTHS.gap)

    @property
    def key_gap(self) -> int:
        """Between two keys of a keypad."""
        return self.mm(_LENGTHS.key_gap)

    @property
    def radius(self) -> int:
        """Of a card's corners."""
        return self.mm(_LENGTHS.radius)

    @property
    def hairline(self) -> int:
        """Around a card."""
        return max(2, self.mm(_LENGTHS.hairline))

    @property
    def border(self) -> int:
        """Around what is being typed."""
        return max(2, self.mm(_LENGTHS.border))

    @property
    def strip(self) -> int:
        """The black strip that says SIMULATED."""
        return self.mm(_LENGTHS.strip)

    @property
    def top(self) -> int:
        """The region that says where she is."""
        return self.mm(_LENGTHS.top_large if self.large else _LENGTHS.top)

    @property
    def pill(self) -> int:
        """Height of a small key at the top."""
        return self.mm(_LENGTHS.pill_large if self.large else _LENGTHS.pill)

    @property
    def air(self) -> int:
        """Between the top and the question."""
        return self.mm(_LENGTHS.air_lying if self.panel.landscape else _LENGTHS.air)

    @property
    def key(self) -> int:
        """Height of the keys at the bottom."""
        if self.panel.landscape:
            return self.mm(_LENGTHS.key_lying)
        return self.mm(_LENGTHS.key_large if self.large else _LENGTHS.key)

    @property
    def bottom(self) -> int:
        """The region of back, help and next."""
        return self.key + 2 * self.mm(_LENGTHS.key_air_lying if self.panel.landscape else _LENGTHS.key_air)

    @property
    def digit_key(self) -> tuple[int, int]:
        """Width, at most, and height of a key of the keypad."""
        return self.mm(_LENGTHS.digit_wide), self.mm(_LENGTHS.digit)

    @property
    def card_least(self) -> int:
        """Height of a card to choose, at least."""
        return self.mm(_LENGTHS.card_least)

    @property
    def card_usual(self) -> int:
        """Height of a card to choose, where there is room."""
        return self.mm(_LENGTHS.card_usual)


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
