"""The keypad: three by four, each key larger than a thumb. Its digits stand the same way in every language."""

from collections.abc import Callable

from kiosk.ui.page import Page
from kiosk.ui.tokens import Box

ERASE = "\b"
SHARE = 0.42
"""Of the width for the question and what was typed, in landscape."""


def frame_height(page: Page) -> int:
    """Of the card with what was typed, in landscape."""
    return min(page.m.mm(62), int(page.box.h * 0.42))


def keypad_regions(page: Page, box: Box) -> tuple[Box, Box]:
    """Where what was typed stands, and where the keys: low, within reach; beside each other in landscape."""
    m = page.m
    if page.landscape:
        frame = page.box.start(int(page.box.w * SHARE))
        return frame.lower(frame_height(page)), box
    keys = box.lower(min(_height(page), box.h - m.mm(66)))
    rest = box.above(keys.h + m.mm(8))
    return rest.lower(min(rest.h, m.mm(76))), keys


def _height(page: Page) -> int:
    return 4 * page.m.digit_key[1] + 3 * page.m.key_gap


def keypad(page: Page, box: Box, corner: str, press: Callable[[str], None]) -> None:
    """Draw the keys into a box; `corner` stands left of the nought ("." or nothing)."""
    m = page.m
    high = min(box.h, _height(page))
    wide = min(box.w, 3 * m.digit_key[0] + 2 * m.key_gap)
    cells = Box(box.x + (box.w - wide) // 2, box.y, wide, high).grid(3, 4, m.key_gap)
    if page.look.rtl:
        cells = [cell for row in range(4) for cell in reversed(cells[3 * row : 3 * row + 3])]
    for cell, sign in zip(cells, [*"123456789", corner, "0", ERASE], strict=True):
        if sign == ERASE:
            erase_key(page, cell, press)
        elif sign:
            page.key(cell, "card", f"digit-{sign}", sign, _presses(press, sign), size=m.digit, quick=True)


def _presses(press: Callable[[str], None], sign: str) -> Callable[[], None]:
    return lambda: press(sign)


def erase_key(page: Page, cell: Box, press: Callable[[str], None]) -> None:
    """A drawn arrow with a cross: takes the last digit away."""
    page.pressable(cell, "card", "erase", page.words.text("glass.erase"), _presses(press, ERASE), quick=True)
    m, ink = page.m, page.palette.ink
    x, y, w, h = page.rect(cell)
    cx, cy, s = x + w / 2, y + h / 2, m.mm(5.2)
    outline = [cx - 1.5 * s, cy, cx - 0.7 * s, cy + 0.8 * s, cx + 1.2 * s, cy + 0.8 * s]
    outline += [cx + 1.2 * s, cy - 0.8 * s, cx - 0.7 * s, cy - 0.8 * s, cx - 1.5 * s, cy]
    page.stroke(outline, ink, m.mm(0.8))
    c, d = cx + 0.25 * s, 0.32 * s
    page.stroke([c - d, cy - d, c + d, cy + d], ink, m.mm(0.8))
    page.stroke([c - d, cy + d, c + d, cy - d], ink, m.mm(0.8))
