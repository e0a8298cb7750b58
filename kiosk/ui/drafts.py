"""What was typed on the last screens: help, or a later question that she comes back from, may stand between."""

from collections import OrderedDict
from typing import Any

from flows.screens import Screen
from kiosk.ui.page import Draft

KEPT = 8
"""Screens whose typing is kept."""


class Drafts:
    """A draft for each screen, by its value."""

    def __init__(self) -> None:
        self._of: OrderedDict[Screen[Any], Draft] = OrderedDict()

    def of(self, screen: Screen[Any]) -> Draft:
        """What was typed on an equal screen since she was at the menu."""
        draft = self._of.setdefault(screen, Draft())
        draft.stars, draft.waited = 0, 0.0
        self._of.move_to_end(screen)
        if len(self._of) > KEPT:
            self._of.popitem(last=False)
        return draft

    def clear(self) -> None:
        """Forget all of it."""
        self._of.clear()
