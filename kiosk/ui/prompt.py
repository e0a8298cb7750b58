"""Prompt: a drawn picture of what the hand should do, while a device waits for it."""

from flows.screens import Picture, Prompt
from kiosk.ui import pictures
from kiosk.ui.page import Page, params_of
from kiosk.ui.tokens import Box

SMALLEST = 30
"""Millimetres below which a picture would only confuse."""


def draw(page: Page, screen: Prompt) -> None:
    """The sentence, the picture, and other ways as quiet cards beneath."""
    m, params, count = page.m, params_of(screen.params), len(screen.options)
    box = page.question(page.say(screen, "", **params), page.say(screen, ".line", **params), share=0.4)
    columns = 2 if count > 1 and not m.large else 1
    lines = -(-count // columns)
    if count:
        high = min(m.mm(28), (box.h - m.gap * (lines - 1)) // lines)
        ways = box.lower(lines * high + (lines - 1) * m.gap)
        for cell, option in zip(ways.grid(columns, lines, m.gap), screen.options, strict=False):
            title = page.plain(option.title, literal=option.literal)
            page.key(cell, "surface", option.id, title, page.answers(option.id))
        box = box.above(ways.h + m.gap)
    if screen.picture is not Picture.NONE and box.h > m.mm(SMALLEST):
        _framed(page, box, screen.picture)


def _framed(page: Page, box: Box, picture: Picture) -> None:
    high = min(box.h, int(box.w * 0.85))
    frame = box.upper(high)
    page.plate(frame, page.palette.card, page.palette.line)
    pictures.picture(page, frame.inset(page.m.mm(6), page.m.mm(6)), picture)
