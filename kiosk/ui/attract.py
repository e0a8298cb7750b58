"""Attract: nobody is here yet. A greeting, what to bring, and the languages, each in its own words."""

from dataclasses import dataclass

from flows.screens import Attract, Picture
from kiosk.ui import pictures
from kiosk.ui.page import Page
from kiosk.ui.tokens import LANGUAGES, RIGHT_TO_LEFT, Box


@dataclass(frozen=True)
class Way:
    """One way to begin: a picture of it, and its words."""

    id: str
    picture: Picture
    title: str
    line: str


def draw(page: Page, screen: Attract) -> None:
    """The greeting above; what to lay or insert in the middle; the languages within reach."""
    m, words = page.m, page.words
    box = page.question(page.say(screen, ""), page.say(screen, ".line"), share=0.34, size=m.hero)
    high = _key_height(page)
    starts = box.lower(high).grid(len(screen.languages), 1, m.gap)
    ways = (
        Way("begin", Picture.ID_CARD_LAY, words.text("glass.id-card"), words.text("glass.id-card.line")),
        Way("begin-card", Picture.CARD_IN, words.text("glass.bank-card"), words.text("glass.bank-card.line")),
    )
    box = box.above(high + m.mm(10))
    box = box.upper(min(box.h, m.mm(180)))
    cells = box.grid(2, 1, m.gap)
    inner = cells[0].w - 2 * m.mm(8)
    title = max(page.height(way.title, m.strong, inner, bold=True) for way in ways)
    line = max(page.height(way.line, m.small, inner) for way in ways)
    for cell, way in zip(cells, ways, strict=True):
        _way(page, cell, way, (title, line))
    for cell, language in zip(starts, screen.languages, strict=True):
        _language(page, screen, cell, language)


def _key_height(page: Page) -> int:
    """Of a language's key: its name above its verb."""
    m = page.m
    return round(1.38 * (m.strong + m.small)) + m.mm(10 if not page.landscape else 6)


def _way(page: Page, cell: Box, way: Way, heights: tuple[int, int]) -> None:
    """A card with a picture above its words; touched, it begins in the language that is shown.

    `heights` are those of the highest title and line, so that pictures and words of two cards stand level.
    """
    m, palette = page.m, page.palette
    page.pressable(cell, "card", way.id, way.title, page.answers(page.look.language))
    inner = cell.inset(m.mm(8), m.mm(7 if not page.landscape else 5))
    title, line = heights
    low = min(title + line + m.mm(1), int(inner.h * 0.6))
    pictures.picture(page, inner.above(low + m.mm(5)), way.picture)
    words = inner.lower(low)
    taken = page.text(
        words.upper(low * title // (title + line + m.mm(1))), way.title, m.strong, bold=True, on=palette.card
    )
    page.text(words.below(taken + m.mm(1)), way.line, m.small, ink=palette.soft, on=palette.card)


def _language(page: Page, screen: Attract, cell: Box, language: str) -> None:
    """The language's own name, and "begin" in its words."""
    m, here = page.m, language == page.look.language
    look = page.pressable(cell, "next" if here else "surface", language, LANGUAGES[language], page.answers(language))
    name, verb = LANGUAGES[language], page.words.text(screen.key + ".next", language)
    ltr = language not in RIGHT_TO_LEFT
    inner = cell.inset(m.mm(4), m.mm(3))
    inner = inner.middle(inner.w, min(inner.h, round(1.38 * (m.strong + m.small))))
    upper = inner.h * m.strong // (m.strong + m.small)
    page.text(inner.upper(upper), name, m.strong, bold=True, ink=look.ink, on=look.fill, side="centre", ltr=ltr)
    page.text(inner.below(upper), verb, m.small, ink=look.ink, on=look.fill, side="centre", ltr=ltr)
