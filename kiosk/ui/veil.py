"""A veil over amounts: the words of the terminal, with every amount masked while somebody stands close."""

from datetime import date, datetime

from flows.ports import Words
from kiosk.ui.tokens import RIGHT_TO_LEFT
from protocol.money import Money

MASK = "••••"
"""The same for every amount: its length tells nothing."""


class Veil:
    """`flows.ports.Words`, which notes whether an amount was asked for, and masks it when `down`."""

    def __init__(self, words: Words, language: str, *, down: bool) -> None:
        self._words, self._language, self._down = words, language, down
        self.asked = False
        """An amount stands on the glass, or its mask."""

    def text(self, key: str, language: str = "", **params: str | int) -> str:
        """The sentence under a message key."""
        return self._words.text(key, language, **params)

    def money(self, money: Money, language: str = "") -> str:
        """The amount, or its mask."""
        self.asked = True
        if not self._down:
            return self._words.money(money, language)
        return f"\u2066{MASK}\u2069" if (language or self._language) in RIGHT_TO_LEFT else MASK

    def signed(self, money: Money, language: str = "") -> str:
        """The amount with its sign, or its mask: the sign tells as much."""
        shown = self.money(money, language)
        return shown if self._down else self._words.signed(money, language)

    def moment(self, at: datetime, language: str = "") -> str:
        """A date with its time."""
        return self._words.moment(at, language)

    def day(self, day: date, language: str = "") -> str:
        """A calendar date."""
        return self._words.day(day, language)
