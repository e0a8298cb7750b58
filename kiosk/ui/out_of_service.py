"""OutOfService: why, where to go, and small print for the engineer."""

from flows.screens import OutOfService, Tone
from kiosk.ui import pictures
from kiosk.ui.page import Page, params_of
from kiosk.ui.tokens import Box


def draw(page: Page, screen: OutOfService) -> None:
    """A calm shape and three sentences."""
    m = page.m
    box = page.box.below(int(page.box.h * (0.06 if page.landscape else 0.18)))
    shape = m.mm(34)
    pictures.tone(page, Box(box.x, box.y, shape, shape), Tone.UNSURE)
    box = box.below(shape + m.mm(8))
    low = m.mm(14)
    taken = page.text(box.upper(int(box.h * 0.4)), page.say(screen, ""), m.title, bold=True)
    box = box.below(taken + m.mm(3))
    taken = page.text(box.upper(int(box.h * 0.45)), page.say(screen, ".line"), m.body)
    box = box.below(taken + m.mm(3))
    page.text(box.above(low), page.plain(screen.why, params=params_of(screen.params)), m.body, ink=page.palette.soft)
    page.text(page.box.lower(low), screen.code, m.floor, ink=page.palette.soft, upright="bottom", ltr=True)
