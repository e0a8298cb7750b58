"""Choose: pick one card."""

from flows.screens import Choose
from kiosk.ui.cards import cards
from kiosk.ui.page import Page, params_of

BESIDE = 3
"""In landscape, up to so many cards stand beside the question; more stand beneath it."""


def draw(page: Page, screen: Choose) -> None:
    """The question, and its cards."""
    params = params_of(screen.params)
    heading, line = page.say(screen, "", **params), page.say(screen, ".line", **params)
    many = len(screen.options) > BESIDE
    cards(page, screen.options, page.question(heading, line, above=many))
