"""Elder mode (适老化): fewer choices at a time; the others stand behind one card."""

from dataclasses import replace
from typing import Any

from flows.screens import Choose, Option, Screen

FIRST = 3
"""Choices that stand on the first page of a menu."""
MORE = "more-choices"
"""The id of the card that shows the others."""


def fewer(screen: Screen[Any]) -> Screen[Any]:
    """The first of many choices, and a card for the others; a screen with few stays as it is."""
    if not isinstance(screen, Choose) or len(screen.options) <= FIRST + 1:
        return screen
    more = Option(MORE, "menu.more-choices", "menu.more-choices.line")
    return replace(screen, options=(*screen.options[:FIRST], more))
