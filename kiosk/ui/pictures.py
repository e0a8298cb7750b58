"""Pictures drawn by ourselves: what the hand should do, how a fact is meant, and signs of life."""

import math
from collections.abc import Callable

from kivy.graphics import Color, Ellipse, PopMatrix, PushMatrix, Rotate, SmoothLine, SmoothRoundedRectangle, Translate

from flows.screens import Picture, Tone
from kiosk.ui.colour import rgba
from kiosk.ui.pencil import Pencil, Rect
from kiosk.ui.theme import Palette
from kiosk.ui.tokens import THEME, Box

MOTION = THEME.motion


def toned(palette: Palette, meant: Tone) -> tuple[str, str]:
    """The colour of a shape and of its ground, for how a fact is meant."""
    match meant:
        case Tone.REFUSED:
            return palette.red, palette.rose
        case Tone.UNSURE:
            return palette.accent, palette.sand
        case _:
            return palette.accent, palette.calm


def eased(part: float) -> float:
    """Ease-out: quick at first, then gentle; 0 to 1."""
    return 1 - (1 - min(1.0, max(0.0, part))) ** 3


def slide(seconds: float) -> float:
    """How far the card has slid, 0 to 1: rests, slides, rests."""
    return eased((seconds % MOTION.cycle - MOTION.cycle / 2) / MOTION.slide)


def _round(x: float, y: float, w: float, h: float, r: float, colour: str) -> None:
    Color(*rgba(colour))
    SmoothRoundedRectangle(pos=(x, y), size=(w, h), radius=[min(r, w / 2, h / 2)])


def picture(pencil: Pencil, box: Box, what: Picture) -> None:
    """Draw one picture into a box, in its middle."""
    x, y, w, h = pencil.rect(box)
    unit = min(w / 12, h / 10)
    area = (round(x + w / 2 - 6 * unit), round(y + h / 2 - 5 * unit), round(12 * unit), round(10 * unit))
    _DRAWN[what](pencil, area, unit)


def _card_in(pencil: Pencil, area: Rect, u: float) -> None:
    _card(pencil, area, u, slide)


def _card_out(pencil: Pencil, area: Rect, u: float) -> None:
    _card(pencil, area, u, lambda t: 1 - slide(t))


def _card(pencil: Pencil, area: Rect, u: float, depth: Callable[[float], float]) -> None:
    """A bank card above the slot's mouth; it slides behind the plate."""
    x, y, _, _ = area
    p = pencil.palette
    with pencil.layer.canvas:
        PushMatrix()
        shift = Translate(0, 0)
        _round(x + 3.6 * u, y + 4.0 * u, 4.8 * u, 5.6 * u, 0.5 * u, p.accent)
        _round(x + 4.3 * u, y + 5.0 * u, 1.3 * u, 1.1 * u, 0.25 * u, p.calm)
        PopMatrix()
        _round(x + 1.2 * u, y + 0.4 * u, 9.6 * u, 3.5 * u, 0.6 * u, p.surface)
        halo = Color(*rgba(p.calm))
        SmoothRoundedRectangle(pos=(x + 2.2 * u, y + 2.9 * u), size=(7.6 * u, 1.1 * u), radius=[0.5 * u])
        _round(x + 2.8 * u, y + 3.25 * u, 6.4 * u, 0.42 * u, 0.2 * u, p.ink)

    def animate(seconds: float) -> None:
        shift.y = -2.2 * u * depth(seconds)
        halo.a = _breath(seconds)

    pencil.move(animate)


def _breath(seconds: float) -> float:
    return 0.55 + 0.45 * math.cos(2 * math.pi * seconds / MOTION.breath)


def _id_lay(pencil: Pencil, area: Rect, u: float) -> None:
    _id(pencil, area, u, slide)


def _id_take(pencil: Pencil, area: Rect, u: float) -> None:
    _id(pencil, area, u, lambda t: 1 - slide(t))


def _id(pencil: Pencil, area: Rect, u: float, depth: Callable[[float], float]) -> None:
    """An identity card that comes to lie on the reader's plate."""
    x, y, _, _ = area
    p = pencil.palette
    with pencil.layer.canvas:
        _round(x + 1.2 * u, y + 0.4 * u, 9.6 * u, 4.6 * u, 0.6 * u, p.surface)
        halo = Color(*rgba(p.calm))
        SmoothRoundedRectangle(pos=(x + 1.9 * u, y + 1.0 * u), size=(8.2 * u, 3.4 * u), radius=[0.5 * u])
        PushMatrix()
        shift = Translate(0, 0)
        _round(x + 2.5 * u, y + 4.4 * u, 7.0 * u, 4.5 * u, 0.5 * u, p.accent)
        _round(x + 2.75 * u, y + 4.65 * u, 6.5 * u, 4.0 * u, 0.35 * u, p.card)
        _round(x + 3.3 * u, y + 7.3 * u, 2.9 * u, 0.34 * u, 0.2 * u, p.accent)
        _round(x + 3.3 * u, y + 6.5 * u, 2.3 * u, 0.34 * u, 0.2 * u, p.accent)
        _round(x + 3.3 * u, y + 5.4 * u, 4.4 * u, 0.34 * u, 0.2 * u, p.accent)
        Color(*rgba(p.calm))
        Ellipse(pos=(x + 6.9 * u, y + 6.3 * u), size=(1.6 * u, 1.6 * u))
        PopMatrix()

    def animate(seconds: float) -> None:
        shift.y = -2.6 * u * depth(seconds)
        halo.a = _breath(seconds)

    pencil.move(animate)


def _paper(pencil: Pencil, area: Rect, u: float) -> None:
    """Paper that comes out of its slot."""
    x, y, _, _ = area
    p = pencil.palette
    with pencil.layer.canvas:
        PushMatrix()
        shift = Translate(0, 0)
        _round(x + 3.7 * u, y + 1.0 * u, 4.6 * u, 6.4 * u, 0.2 * u, p.line)
        _round(x + 3.8 * u, y + 1.1 * u, 4.4 * u, 6.2 * u, 0.2 * u, p.card)
        for line, length in enumerate((2.2, 3.2, 2.7, 3.2)):
            _round(x + 4.4 * u, y + (5.4 - 0.8 * line) * u, length * u, 0.28 * u, 0.14 * u, p.accent)
        _round(x + 4.4 * u, y + 1.7 * u, 1.0 * u, 0.9 * u, 0.1 * u, p.accent)
        PopMatrix()
        _round(x + 1.2 * u, y + 6.6 * u, 9.6 * u, 2.9 * u, 0.6 * u, p.surface)
        halo = Color(*rgba(p.calm))
        SmoothRoundedRectangle(pos=(x + 2.4 * u, y + 6.4 * u), size=(7.2 * u, 1.1 * u), radius=[0.5 * u])
        _round(x + 3.0 * u, y + 6.75 * u, 6.0 * u, 0.42 * u, 0.2 * u, p.ink)

    def animate(seconds: float) -> None:
        shift.y = 2.4 * u * (1 - slide(seconds))
        halo.a = _breath(seconds)

    pencil.move(animate)


def _pin_pad(pencil: Pencil, area: Rect, u: float) -> None:
    """The pad, and the shield that a hand makes over it."""
    x, y, _, _ = area
    p = pencil.palette
    with pencil.layer.canvas:
        _round(x + 2.9 * u, y + 0.2 * u, 6.2 * u, 6.6 * u, 0.6 * u, p.surface)
        for row in range(4):
            for column in range(3):
                _round(x + (3.6 + 1.7 * column) * u, y + (0.8 + 1.45 * row) * u, 1.4 * u, 1.1 * u, 0.25 * u, p.line)
        halo = Color(*rgba(p.accent))
        arc = [(math.cos(a) * 4.4, math.sin(a) * 2.4) for a in (math.pi * i / 16 for i in range(1, 16))]
        points = [c for px, py in arc for c in (x + (6 + px) * u, y + (6.6 + py) * u)]
        SmoothLine(points=points, width=0.26 * u, cap="round", joint="round")
    pencil.move(lambda seconds: setattr(halo, "a", 0.4 + 0.6 * _breath(seconds)))


def _bank(pencil: Pencil, area: Rect, u: float) -> None:
    """A house with columns."""
    x, y, _, _ = area
    p = pencil.palette
    with pencil.layer.canvas:
        _round(x + 1.8 * u, y + 0.8 * u, 8.4 * u, 0.9 * u, 0.2 * u, p.accent)
        for column in range(4):
            _round(x + (2.6 + 1.95 * column) * u, y + 2.0 * u, 0.95 * u, 3.6 * u, 0.2 * u, p.accent)
        _round(x + 1.8 * u, y + 5.9 * u, 8.4 * u, 0.8 * u, 0.2 * u, p.accent)
    pencil.stroke([x + 2.2 * u, y + 7.0 * u, x + 6 * u, y + 9.0 * u, x + 9.8 * u, y + 7.0 * u], p.accent, 0.7 * u)


def _person(pencil: Pencil, area: Rect, u: float) -> None:
    """A head and shoulders."""
    x, y, w, h = area
    person(pencil, (x + w // 2, y + h // 2), 4.4 * u, pencil.palette.accent)


def person(pencil: Pencil, middle: tuple[float, float], size: float, colour: str) -> None:
    """A head above shoulders, `size` half as high as it stands."""
    cx, cy = middle
    width = size * 0.2
    with pencil.layer.canvas:
        Color(*rgba(colour))
        SmoothLine(circle=(cx, cy + 0.45 * size, 0.42 * size), width=width / 2)
    points = []
    for step in range(13):
        angle = math.pi * step / 12
        points += [cx + 0.85 * size * math.cos(angle), cy - 0.85 * size + 0.72 * size * math.sin(angle)]
    pencil.stroke(points, colour, width)


def eye(pencil: Pencil, middle: tuple[float, float], size: float, colour: str, *, shut: bool) -> None:
    """An eye, `size` half as wide as it is; struck through when `shut`."""
    cx, cy = middle
    width, lid = max(3.0, size * 0.16), [math.pi * step / 16 for step in range(17)]
    for way in (1, -1):
        arc = [c for a in lid for c in (cx - size * math.cos(a), cy + way * 0.58 * size * math.sin(a))]
        pencil.stroke(arc, colour, width)
    with pencil.layer.canvas:
        Color(*rgba(colour))
        Ellipse(pos=(cx - 0.27 * size, cy - 0.27 * size), size=(0.54 * size, 0.54 * size))
    if shut:
        pencil.stroke([cx - 0.8 * size, cy - 0.75 * size, cx + 0.8 * size, cy + 0.75 * size], colour, width)


def _clock(pencil: Pencil, area: Rect, u: float) -> None:
    x, y, w, h = area
    clock(pencil, (x + w / 2, y + h / 2), 3.8 * u, pencil.palette.accent)


CODE = ("1110101", "1010001", "1110110", "0001101", "1101010", "0110001", "1010111")
"""No code that anybody could read: three corners and some dots."""


def _code(pencil: Pencil, area: Rect, u: float) -> None:
    """A paper with a code, held before the machine's eye; it comes nearer."""
    x, y, _, _ = area
    p = pencil.palette
    with pencil.layer.canvas:
        _round(x + 4.6 * u, y + 8.6 * u, 2.8 * u, 1.2 * u, 0.6 * u, p.accent)
        Color(*rgba(p.card))
        Ellipse(pos=(x + 5.65 * u, y + 8.85 * u), size=(0.7 * u, 0.7 * u))
        PushMatrix()
        move = Translate(0, 0)
        _round(x + 2.9 * u, y + 0.4 * u, 6.2 * u, 6.6 * u, 0.5 * u, p.line)
        _round(x + 3.1 * u, y + 0.6 * u, 5.8 * u, 6.2 * u, 0.4 * u, p.card)
        for row, cells in enumerate(CODE):
            for column, cell in enumerate(cells):
                if cell == "1":
                    _round(x + (3.6 + 0.7 * column) * u, y + (5.5 - 0.7 * row) * u, 0.62 * u, 0.62 * u, 0, p.accent)
        PopMatrix()

    def animate(seconds: float) -> None:
        move.y = 0.9 * u * slide(seconds)

    pencil.move(animate)


def clock(pencil: Pencil, middle: tuple[float, float], radius: float, colour: str) -> None:
    """A clock at four."""
    cx, cy = middle
    with pencil.layer.canvas:
        Color(*rgba(colour))
        SmoothLine(circle=(cx, cy, radius), width=radius * 0.07)
    points = [cx, cy + 0.55 * radius, cx, cy, cx + 0.4 * radius, cy - 0.24 * radius]
    pencil.stroke(points, colour, radius * 0.14)


def _nothing(_pencil: Pencil, _area: Rect, _unit: float) -> None:
    return


_DRAWN: dict[Picture, Callable[[Pencil, Rect, float], None]] = {
    Picture.NONE: _nothing,
    Picture.ID_CARD_LAY: _id_lay,
    Picture.ID_CARD_TAKE: _id_take,
    Picture.CARD_IN: _card_in,
    Picture.CARD_OUT: _card_out,
    Picture.PIN_PAD: _pin_pad,
    Picture.PAPER_TAKE: _paper,
    Picture.BANK: _bank,
    Picture.PERSON: _person,
    Picture.CLOCK: _clock,
    Picture.CODE: _code,
}


def tone(pencil: Pencil, box: Box, meant: Tone) -> None:
    """The shape of a fact: a ring with a tick, a cross on an eight-sided plate, a clock, or an "i"."""
    x, y, size, _ = pencil.rect(box)
    colour, tint = toned(pencil.palette, meant)
    cx, cy, r = x + size / 2, y + size / 2, size / 2
    with pencil.layer.canvas:
        Color(*rgba(tint))
        Ellipse(pos=(x, y), size=(size, size), segments=8 if meant is Tone.REFUSED else 96)
    if meant is Tone.UNSURE:
        clock(pencil, (cx, cy), r * 0.62, colour)
    elif meant is Tone.REFUSED:
        d = 0.3 * r
        pencil.stroke([cx - d, cy - d, cx + d, cy + d], colour, r * 0.16)
        pencil.stroke([cx - d, cy + d, cx + d, cy - d], colour, r * 0.16)
    elif meant is Tone.DONE:
        tick = [cx - 0.4 * r, cy - 0.02 * r, cx - 0.1 * r, cy - 0.32 * r, cx + 0.44 * r, cy + 0.32 * r]
        pencil.stroke(tick, colour, r * 0.16)
    else:
        pencil.stroke([cx, cy + 0.42 * r, cx, cy + 0.4 * r], colour, r * 0.2)
        pencil.stroke([cx, cy + 0.1 * r, cx, cy - 0.42 * r], colour, r * 0.16)


def ring(pencil: Pencil, box: Box) -> None:
    """A sign of life: an arc that turns slowly. Stands, with three dots, where nothing may move."""
    x, y, size, _ = pencil.rect(box)
    p, width = pencil.palette, size * 0.05
    cx, cy, r = x + size / 2, y + size / 2, size / 2 - width
    with pencil.layer.canvas:
        Color(*rgba(p.line))
        SmoothLine(circle=(cx, cy, r), width=width / 2)
        PushMatrix()
        turn = Rotate(angle=0, origin=(cx, cy), axis=(0, 0, 1))
        Color(*rgba(p.accent))
        SmoothLine(circle=(cx, cy, r, 0, 100), width=width)
        PopMatrix()
        dots = []
        for place in (-1, 0, 1):
            dots.append(Color(*rgba(p.accent)))
            Ellipse(pos=(cx + place * r * 0.4 - r * 0.09, cy - r * 0.09), size=(r * 0.18, r * 0.18))

    def animate(seconds: float) -> None:
        turn.angle = -360 * seconds / MOTION.turn
        for place, dot in enumerate(dots):
            dot.a = 0.35 + 0.65 * (0.5 + 0.5 * math.cos(2 * math.pi * (seconds / MOTION.breath - place / 6)))

    pencil.move(animate)
