"""The catalogues: every sentence of the terminal, in Chinese, English and Arabic.

Sentences live under message keys in `i18n/<language>/LC_MESSAGES/kiosk.po`, compiled at set-up by `tools/messages.py
compile`. Numbers are Latin in all three languages, in Arabic too: amounts on the glass must look as they do on the keys
that were pressed and on the paper in the hand, and banks of the Gulf print them so.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from protocol.money import Money

LRI, FSI, PDI = "\u2066", "\u2068", "\u2069"
"""Left-to-right isolate, first-strong isolate, and the end of either (Unicode UAX #9, section 2.5)."""

LOCALES = {"zh": "zh_Hans_CN", "en": "en_GB", "ar": "ar_AE"}
"""Language -> CLDR locale. All three have Gregorian dates and Latin digits."""
RIGHT_TO_LEFT = frozenset({"ar"})
YUAN = "\u00a5#,##0.00"
"""CLDR number pattern of every amount: the only currency here is the yuan, so its plain sign is enough."""

_RTL_LETTER = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_CONTROLS = re.compile("[\u2066-\u2069\u200e\u200f\u061c]")
_NUMBER = re.compile(r"[0-9*]+")


def language_names() -> dict[str, str]:
    """Each language by the name it calls itself, in the order in which they are offered."""
    return {"zh": "中文", "en": "English", "ar": "العربية"}


def isolated(text: str) -> str:
    """Keep a number, amount or name in one piece inside a right-to-left sentence. Doing so twice is harmless."""
    if not text or text[0] in (LRI, FSI):
        return text
    return f"{FSI if _RTL_LETTER.search(text) else LRI}{text}{PDI}"


def plain(text: str) -> str:
    """The same text without direction controls: for a printer or a voice, which have no use for them."""
    return _CONTROLS.sub("", text)


class Catalogue:
    """`flows.ports.Words` out of compiled gettext catalogues.

    `language` is asked at each call, so that a screen drawn again after a change of language reads the new one. A
    language is read from disk when its first sentence is asked for; one that was not compiled raises FileNotFoundError.
    """

    def __init__(self, folder: Path, language: Callable[[], str]) -> None:
        self._folder, self._language = folder, language
        self._read: dict[str, GNUTranslations] = {}

    def text(self, key: str, language: str = "", **params: str | int) -> str:
        """The sentence under a key with its `{named}` places filled; the only whole number among them sets the plural.

        Raises KeyError for a key that the language lacks, and for a place that no param fills.
        """
        language = language or self._language()
        counts = [value for value in params.values() if isinstance(value, int)]
        found = self._sentence(key, language, counts[0] if len(counts) == 1 else 1)
        if "{" not in found:
            return found
        if language in RIGHT_TO_LEFT:
            params = {name: isolated(str(value)) for name, value in params.items()}
        return found.format_map(params)

    def money(self, money: Money, language: str = "") -> str:
        """`¥1,234.50`, isolated in a right-to-left language."""
        return self._shown(_amount(money), language)

    def signed(self, money: Money, language: str = "") -> str:
        """`+¥1,234.50` or `-¥1,234.50`."""
        return self._shown("+" * (money.fen > 0) + _amount(money), language)

    def day(self, day: date, language: str = "") -> str:
        """A calendar date in CLDR's long form: 2026年11月24日, 24 November 2026, 24 نوفمبر 2026."""
        return str(format_date(day, "long", locale=_locale(language or self._language())))

    def moment(self, at: datetime, language: str = "") -> str:
        """Day and time to the minute, as on paper: 24 November 2026 09:41."""
        return f"{self.day(at.date(), language)} {self._shown(f'{at:%H:%M}', language)}"

    def digits(self, number: str, language: str = "") -> str:
        """An account or card number, masked or not, in groups of four: `6229 99** **** 0018`.

        A number that already has gaps keeps them, and a reference with letters in it is left whole.
        """
        if _NUMBER.fullmatch(number):
            number = " ".join(number[at : at + 4] for at in range(0, len(number), 4))
        return self._shown(number, language)

    def _shown(self, text: str, language: str) -> str:
        return isolated(text) if (language or self._language()) in RIGHT_TO_LEFT else text

    def _sentence(self, key: str, language: str, count: int) -> str:
        catalogue = self._read.get(language) or self._load(language)
        # gettext answers an unknown key with the key itself, and "" with its own header
        found = catalogue.ngettext(key, key, count)
        found = catalogue.gettext(key) if found == key else found
        if found == key or not key:
            raise KeyError(f"{language}: {key}")
        return found

    def _load(self, language: str) -> GNUTranslations:
        if language not in LOCALES:
            raise KeyError(f"no such language: {language!r}")
        path = self._folder / language / "LC_MESSAGES" / "kiosk.mo"
        with path.open("rb") as file:
            self._read[language] = catalogue = GNUTranslations(file)
        return catalogue


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(LOCALES[language])


def _amount(money: Money) -> str:
    return str(format_decimal(money.decimal, YUAN, locale=_locale("en")))
