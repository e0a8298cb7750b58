"""Tell: one thing to know, with a shape and a colour for how it is meant, and the number to keep."""

from flows.screens import Tell
from kiosk.ui import pictures
from kiosk.ui.facts import Row, natural, rows, table
from kiosk.ui.page import Next, Page, params_of
from kiosk.ui.tokens import Box

SHARE = 0.44
"""Of the width for the sentences, in landscape with facts beside."""


def draw(page: Page, screen: Tell) -> None:
    """First what happened to the money, then what happened, then what to keep."""
    m = page.m
    params = {**params_of(screen.params), "reference": screen.reference}
    sentences = page.say(screen, "", **params), page.say(screen, ".line", **params), page.plain(screen.why)
    split = page.landscape and bool(screen.facts)
    box = page.box.start(int(page.box.w * SHARE)) if split else page.box
    facts = page.box.after(int(page.box.w * SHARE) + m.mm(14))
    shape = m.mm(30 if not page.landscape else 24)
    box = box.below(0 if screen.facts else int(box.h * (0.04 if page.landscape else 0.14)))
    pictures.tone(page, Box(box.x, box.y, shape, shape), screen.tone)
    box = box.below(shape + m.mm(6))
    made = rows(page, screen.facts)
    below = _reference_height(page, screen, box.w)
    if made and not split:
        below += min(natural(page, made, box.w - 2 * m.mm(9), 0) + 2 * m.mm(5) + m.gap, int(box.h * 0.5))
    taken = _sentences(page, box.above(below + m.mm(8)), *sentences)
    box = _reference(page, screen, box.below(taken + m.mm(8)))
    if made:
        _facts(page, facts if split else box, made)
    page.next = Next(page.say(screen, ".next", **params), page.answers(None))


def _sentences(page: Page, box: Box, heading: str, line: str, why: str) -> int:
    m = page.m
    taken = page.text(box.upper(int(box.h * 0.5)), heading, m.title, bold=True, role="heading")
    if line:
        taken += m.mm(3)
        room = box.below(taken)
        taken += page.text(room.upper(int(room.h * 0.6)) if why else room, line, m.body, role="line")
    if why:
        taken += m.mm(3)
        taken += page.text(box.below(taken), why, m.body, ink=page.palette.soft)
    return taken


def _reference_height(page: Page, screen: Tell, width: int) -> int:
    m = page.m
    if not screen.reference:
        return 0
    label = page.height(page.words.text("glass.keep-number"), m.small, width - 2 * m.mm(9))
    size = _reference_size(page, screen, width - 2 * m.mm(9))
    return label + page.height(screen.reference, size, width - 2 * m.mm(9), bold=True) + 2 * m.mm(5.5)


def _reference_size(page: Page, screen: Tell, width: int) -> int:
    """A number stands on one line where it can."""
    size = page.m.strong
    while size > page.m.floor and page.width(screen.reference, size, bold=True) > width:
        size = max(page.m.floor, int(size * 0.94))
    return size


def _reference(page: Page, screen: Tell, box: Box) -> Box:
    """The number to keep, on a card; answers what is left of the box."""
    m, palette = page.m, page.palette
    if not screen.reference:
        return box
    card = box.upper(min(_reference_height(page, screen, box.w), box.h)).start(min(box.w, m.mm(260)))
    page.plate(card, palette.card, palette.line)
    inner = card.inset(m.mm(9), m.mm(5.5))
    size = _reference_size(page, screen, inner.w)
    low = page.height(screen.reference, size, inner.w, bold=True)
    page.text(inner.above(low), page.words.text("glass.keep-number"), m.small, ink=palette.soft, on=palette.card)
    page.text(inner.lower(low), screen.reference, size, bold=True, on=palette.card)
    return box.below(card.h + m.gap)


def _facts(page: Page, box: Box, made: list[Row]) -> None:
    m = page.m
    need = natural(page, made, box.w - 2 * m.mm(9), box.h - 2 * m.mm(5)) + 2 * m.mm(5)
    card = box.upper(min(box.h, need))
    page.plate(card, page.palette.card, page.palette.line)
    table(page, card.inset(m.mm(9), m.mm(5)), made)
