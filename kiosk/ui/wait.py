"""Wait: what for and how long, with a sign of life; when it grows long, it says so."""

from flows.screens import Wait
from kiosk.ui import pictures
from kiosk.ui.page import Page
from kiosk.ui.tokens import Box

LONG = 3
"""How many times the usual is long."""


def draw(page: Page, screen: Wait) -> None:
    """A slowly turning ring above the sentence."""
    m = page.m
    box = page.box.below(int(page.box.h * (0.08 if page.landscape else 0.2)))
    ring = m.mm(44)
    pictures.ring(page, Box(box.x, box.y, ring, ring))
    box = box.below(ring + m.mm(10))
    taken = page.text(box.upper(int(box.h * 0.4)), page.say(screen, "", seconds=screen.usually), m.title, bold=True)
    box = box.below(taken + m.mm(3))
    line = page.say(screen, ".line", seconds=screen.usually)
    taken = page.text(box.upper(int(box.h * 0.5)), line, m.body, ink=page.palette.soft)
    if page.draft.waited >= LONG * screen.usually:
        text = page.words.text("glass.wait-longer")
        page.text(box.below(taken + m.mm(4)), text, m.body)
