"""Wait: what for and how long, with a sign of life; when it grows long, it says so."""

from flows.screens import Wait
from kiosk.ui import pictures
from kiosk.ui.page import Page

LONG = 3
"""How many times the usual is long."""


def draw(page: Page, screen: Wait) -> None:
    """The sentence where every question stands, and a slowly turning ring in the middle of what is left."""
    m, box = page.m, page.box
    heading, line = page.say(screen, "", seconds=screen.usually), page.say(screen, ".line", seconds=screen.usually)
    words = box.start(box.w // 2) if page.landscape else box.upper(box.h * 2 // 3)
    taken = page.heading(words.upper(words.h * 2 // 3), heading, line)
    if page.draft.waited >= LONG * screen.usually:
        taken += m.mm(4)
        taken += page.text(words.below(taken), page.words.text("glass.wait-longer"), m.body)
    rest = box.after(words.w) if page.landscape else box.below(taken + m.mm(8)).above(box.h // 6)
    size = min(m.mm(64), rest.h, rest.w)
    pictures.ring(page, rest.middle(size, size))
