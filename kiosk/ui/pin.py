"""EnterPin: stars that follow the pad, and the dark around them. No digit is ever known here."""

from flows.screens import EnterPin, Picture
from kiosk.ui import pictures
from kiosk.ui.page import Page
from kiosk.ui.tokens import Box

PLACES = 6


def draw(page: Page, screen: EnterPin) -> None:
    """The sentence, the card it is about, the stars, and the pad with a hand over it."""
    m, palette = page.m, page.palette
    line = page.say(screen, ".line", masked=screen.masked)
    box = page.question(page.say(screen, "", masked=screen.masked), line, share=0.4)
    card = box.upper(min(box.h, m.mm(78)))
    page.plate(card, palette.card, palette.line)
    inner = card.inset(m.mm(8), m.mm(6))
    if screen.masked:
        page.text(
            inner.upper(m.mm(16)), screen.masked, m.body, ink=palette.soft, on=palette.card, side="centre", ltr=True
        )
        inner = inner.below(m.mm(16))
    _stars(page, inner)
    rest = box.below(card.h + m.gap)
    if rest.h > m.mm(60):
        pictures.picture(page, rest.upper(min(rest.h, m.mm(150))), Picture.PIN_PAD)


def _stars(page: Page, box: Box) -> None:
    """A dot for each digit in the pad; rings for the places that wait."""
    count, places = page.draft.stars, max(PLACES, page.draft.stars)
    size = min(page.m.mm(15), (box.w - page.m.mm(3) * (places - 1)) // places)
    gap = min(page.m.mm(9), (box.w - size * places) // max(1, places - 1))
    row = box.middle(places * size + (places - 1) * gap, size)
    for place in range(places):
        cell = Box(row.x + place * (size + gap), row.y, size, size)
        if place < count:
            page.text(
                cell.inset(-gap // 2, -size // 2),
                "*",
                size * 2,
                bold=True,
                on=page.palette.card,
                side="centre",
                upright="middle",
                ltr=True,
            )
        else:
            page.plate(cell.middle(size // 3, size // 3), page.palette.line, radius=size)
