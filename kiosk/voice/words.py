"""The catalogues for an ear: money in words, numbers digit by digit, no signs that a voice cannot say."""

import re
from datetime import date, datetime

from flows.ports import Words
from kiosk.words import plain
from protocol.money import Money

GROUP = 4
"""Digits that are said in one breath."""
SPELT = 5
"""A word with a digit in it is said sign by sign from this length on."""
_STARS = re.compile(r"\*+")
_HAN = re.compile("[\u3400-\u9fff]")
_SIGNS = re.compile(r"[0-9A-Za-z]|\*+")


class VoiceWords:
    """`flows.ports.Words` in one language, as it is said and not as it is written."""

    def __init__(self, words: Words, language: str) -> None:
        self.words, self.language = words, language

    def text(self, key: str, language: str = "", **params: str | int) -> str:
        """The sentence under a message key."""
        return plain(self.words.text(key, language or self.language, **params))

    def params(self, pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
        """A screen's parameters, as they are said."""
        return {name: self.aloud(value) for name, value in pairs}

    def money(self, money: Money, language: str = "") -> str:
        """`1234 yuan and 50 fen`: a voice reads whole numbers in words by itself."""
        language = language or self.language
        sign = self.words.text("voice.minus", language) + " " if money.fen < 0 else ""
        yuan, fen = divmod(abs(money.fen), 100)
        if fen:
            return sign + plain(self.words.text("voice.yuan-fen", language, yuan=str(yuan), fen=f"{fen:02}"))
        return sign + plain(self.words.text("voice.yuan", language, yuan=str(yuan)))

    def signed(self, money: Money, language: str = "") -> str:
        """The same, with "plus" where it came in."""
        plus = self.words.text("voice.plus", language or self.language) + " " if money.fen > 0 else ""
        return plus + self.money(money, language)

    def day(self, day: date, language: str = "") -> str:
        """A calendar date, long form."""
        return plain(self.words.day(day, language or self.language))

    def moment(self, at: datetime, language: str = "") -> str:
        """A date with its time."""
        return plain(self.words.moment(at, language or self.language))

    def number(self, number: str) -> str:
        """Each sign by itself in groups; what is masked is said to be: `6 2 2 9, 9 9, hidden, 0 0 1 8`."""
        hidden = self.words.text("voice.hidden", self.language)
        groups: list[list[str]] = [[]]
        for sign in _SIGNS.findall(number):
            if sign[0] == "*":
                groups.append([hidden] if groups[-1] != [hidden] else [])
                continue
            if groups[-1] == [hidden] or len(groups[-1]) == GROUP or not groups[-1]:
                groups.append([])
            groups[-1].append(sign)
        made = [" ".join(group) for group in groups if group]
        kept = [one for place, one in enumerate(made) if one != hidden or made[place - 1 : place] != [hidden]]
        return ", ".join(kept)

    def aloud(self, value: str) -> str:
        """A name, a number or a sentence that came from elsewhere."""
        value = plain(value).replace("·", " ")
        if _masked_number(value):
            return self.number(value)
        return " ".join(self._word(word) for word in value.split(" "))

    def _word(self, word: str) -> str:
        if len(word) >= SPELT and any(sign.isdigit() for sign in word) and not re.search("[.:,\u3400-\u9fff]", word):
            return self.number(word)
        if "*" not in word:
            return word
        if _HAN.search(word):
            return _STARS.sub("某", word)
        hidden = self.words.text("voice.hidden", self.language)
        return _STARS.sub(f" {hidden} ", word).strip()


def _masked_number(value: str) -> bool:
    """Digits and stars in groups, and nothing else."""
    return bool(re.fullmatch(r"[0-9*]{2,}(?: [0-9*]+)+|[0-9]*\*+[0-9]+", value))
