"""Rate: five faces, one touch."""

import math

from flows.screens import Rate
from kiosk.ui.page import Page
from kiosk.ui.tokens import Box


def draw(page: Page, screen: Rate) -> None:
    """Five big touches from sad to glad, and a quiet way to say nothing."""
    m = page.m
    box = page.question(page.say(screen, ""), page.say(screen, ".line"), share=0.34)
    words = page.words
    names = (
        words.text("glass.rate-1"),
        words.text("glass.rate-2"),
        words.text("glass.rate-3"),
        words.text("glass.rate-4"),
        words.text("glass.rate-5"),
    )
    wide = page.landscape
    if wide:
        box = Box(box.x, page.box.y, box.w, page.box.h)
    high = min(m.mm(38), (box.h - 5 * m.key_gap - m.mm(28)) // 5)
    for stars in range(5, 0, -1):
        cell = Box(box.x, box.y + (5 - stars) * (high + m.key_gap), box.w, high)
        _face(page, cell, stars, names[stars - 1])
    quiet = Box(box.x, box.y + 5 * (high + m.key_gap) + m.mm(2), box.w, m.mm(22))
    page.key(quiet, "surface", "rate-0", words.text("glass.rate-0"), page.answers(0), size=m.body)


def _face(page: Page, cell: Box, stars: int, name: str) -> None:
    m, palette = page.m, page.palette
    page.pressable(cell, "card", f"rate-{stars}", name, page.answers(stars))
    size = min(cell.h - m.mm(6), m.mm(24))
    head = Box(cell.x + m.mm(8), cell.y + (cell.h - size) // 2, size, size)
    page.plate(head, palette.calm, radius=size // 2)
    _features(page, head, (stars - 3) / 2)
    rest = cell.after(size + m.mm(16)).inset(m.mm(2), m.mm(1))
    page.text(rest, name, m.strong, bold=True, on=palette.card, upright="middle")


def _features(page: Page, head: Box, joy: float) -> None:
    """Two eyes, and a mouth bent by `joy` from -1 to 1."""
    x, y, size, _ = page.rect(head)
    width, ink = max(3.0, size * 0.06), page.palette.accent
    for side in (0.35, 0.65):
        page.stroke([x + side * size, y + 0.62 * size, x + side * size, y + 0.68 * size], ink, width * 1.4)
    mouth: list[float] = []
    for step in range(9):
        along = step / 8
        mouth += [
            x + (0.28 + 0.44 * along) * size,
            y + (0.36 - joy * 0.13 * math.sin(math.pi * along) + joy * 0.05) * size,
        ]
    page.stroke(mouth, ink, width)
