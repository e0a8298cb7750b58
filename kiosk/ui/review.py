"""Review: facts to look at, and a few things to do about them."""

import itertools
from collections.abc import Iterator

import segno

from flows.screens import Review
from kiosk.ui.cards import cards
from kiosk.ui.facts import natural, rows, table
from kiosk.ui.page import Page
from kiosk.ui.tokens import CONTRAST, Box

QUIET = 4
"""Modules of white around a QR code: ISO/IEC 18004, 5.3.8."""
BLACK, WHITE = CONTRAST.ink, CONTRAST.ground


def draw(page: Page, screen: Review) -> None:
    """The facts on a card above (or beside) the cards to touch."""
    box = page.question(page.say(screen, ""), page.say(screen, ".line"))
    if screen.qr:
        box = _code(page, screen.qr, box)
    if not screen.facts:
        cards(page, screen.options, box)
        return
    made, m = rows(page, screen.facts), page.m
    pad = m.mm(9)
    columns = 2 if len(screen.options) > 2 or page.landscape else 1
    keys = -(-len(screen.options) // columns) * (m.mm(30) + m.gap)
    room = max(box.h - keys, int(box.h * 0.4))
    high = min(room, natural(page, made, box.w - 2 * pad, room - 2 * m.mm(5)) + 2 * m.mm(5))
    fact = box.upper(high)
    page.plate(fact, page.palette.card, page.palette.line)
    table(page, fact.inset(pad, m.mm(5)), made)
    if screen.options:
        _acts(page, screen, box.below(high + m.gap))


def _acts(page: Page, screen: Review, box: Box) -> None:
    """The things to do: plain keys with a word, as they stand under facts."""
    m, options = page.m, screen.options
    columns = 2 if len(options) > 2 or page.landscape else 1
    count = -(-len(options) // columns)
    high = min(m.mm(30), (box.h - m.gap * (count - 1)) // count)
    grid = box.upper(high * count + m.gap * (count - 1)).grid(columns, count, m.gap)
    for cell, option in zip(grid, options, strict=False):
        title = page.plain(option.title, literal=option.literal)
        if option.disabled:
            page.plate(cell, page.palette.surface)
            why = page.plain(option.disabled)
            page.text(
                cell.inset(m.mm(5), m.mm(2)),
                why,
                m.small,
                ink=page.palette.soft,
                on=page.palette.surface,
                upright="middle",
            )
        else:
            page.key(cell, "card", option.id, title, page.answers(option.id), size=m.body)


def _code(page: Page, text: str, box: Box) -> Box:
    """A QR code, black on white whatever the colours are, and never mirrored; answers what is left of the box."""
    m = page.m
    side = min(int(box.h * (0.9 if page.landscape else 0.46)), int(box.w * (0.48 if page.landscape else 0.8)), m.mm(90))
    rows = [bytes(row) for row in segno.make_qr(text, error="m").matrix_iter(border=QUIET)]
    dot = side // len(rows)
    side = dot * len(rows)
    place = box.upper(side).start(side) if page.landscape else box.upper(side).middle(side, side)
    page.block(place, WHITE)
    for number, row in enumerate(rows):
        seen = row[::-1] if page.look.rtl else row  # the pencil mirrors what it draws
        for first, last in _runs(seen):
            page.block(Box(place.x + first * dot, place.y + number * dot, (last - first) * dot, dot), BLACK)
    return box.after(side + m.mm(8)) if page.landscape else box.below(side + m.mm(8))


def _runs(row: bytes) -> Iterator[tuple[int, int]]:
    """Where dark modules stand beside each other: first, and one behind the last."""
    at = 0
    for dark, group in itertools.groupby(row):
        wide = len(list(group))
        if dark:
            yield at, at + wide
        at += wide
