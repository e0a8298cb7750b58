"""Attract: nobody is here yet. A greeting, a picture, and the languages, each in its own words."""

from flows.screens import Attract, Picture
from kiosk.ui import pictures
from kiosk.ui.page import Page
from kiosk.ui.tokens import LANGUAGES, RIGHT_TO_LEFT, Box


def draw(page: Page, screen: Attract) -> None:
    """The greeting above; what to lay or insert in the middle; the languages within reach."""
    m = page.m
    box = page.question(page.say(screen, ""), page.say(screen, ".line"), share=0.36, size=m.hero)
    gap = m.key_gap
    high = m.mm(34) if not page.landscape else m.mm(26)
    count = len(screen.languages)
    keys = box.lower(count * high + (count - 1) * gap)
    for cell, language in zip(keys.grid(1, count, gap), screen.languages, strict=True):
        _language(page, screen, cell, language)
    picture = box.above(keys.h + m.mm(10))
    if picture.h > m.mm(40):
        picture = picture.upper(min(picture.h, m.mm(190)))
        page.pressable(picture, "card", "begin", LANGUAGES[page.look.language], page.answers(page.look.language))
        halves = picture.inset(m.mm(6), m.mm(5)).grid(2, 1, m.mm(4))
        pictures.picture(page, halves[0], Picture.ID_CARD_LAY)
        pictures.picture(page, halves[1], Picture.CARD_IN)


def _language(page: Page, screen: Attract, cell: Box, language: str) -> None:
    """The language's own name, and "touch to begin" in its words."""
    m, here = page.m, language == page.look.language
    look = page.pressable(cell, "next" if here else "card", language, LANGUAGES[language], page.answers(language))
    inner = cell.inset(m.mm(9), m.mm(3))
    name, verb = LANGUAGES[language], page.words.text(screen.key + ".next", language)
    ltr = language not in RIGHT_TO_LEFT
    half = page.width(name, m.strong, bold=True) + m.mm(4)
    page.text(inner.start(half), name, m.strong, bold=True, ink=look.ink, on=look.fill, upright="middle", ltr=ltr)
    page.text(inner.after(half), verb, m.body, ink=look.ink, on=look.fill, side="end", upright="middle", ltr=ltr)
