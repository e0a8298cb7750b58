"""The sentences on a customer's papers, out of the catalogues that terminals speak from."""

from datetime import date
from gettext import GNUTranslations
from pathlib import Path

from babel.dates import format_date

from protocol.money import Money

FOLDER = Path(__file__).parents[2] / "i18n"
LOCALES = {"zh": "zh_Hans_CN", "en": "en_GB", "ar": "ar_AE"}
RIGHT_TO_LEFT = frozenset({"ar"})


class NotCompiled(Exception):
    """The catalogues are not there: `python tools/messages.py compile` makes them, as set-up does."""


class PaperWords:
    """One language's sentences, amounts and days."""

    def __init__(self, language: str, folder: Path = FOLDER) -> None:
        self.language, self.rtl = language, language in RIGHT_TO_LEFT
        try:
            with (folder / language / "LC_MESSAGES" / "kiosk.mo").open("rb") as file:
                self._found = GNUTranslations(file)
        except OSError as why:
            raise NotCompiled(language) from why

    def text(self, key: str, **params: str) -> str:
        """The sentence under a key, its places filled."""
        return self._found.gettext(key).format_map(params)

    def day(self, day: date) -> str:
        """A calendar date in CLDR's long form."""
        return str(format_date(day, "long", locale=LOCALES[self.language]))

    @staticmethod
    def money(fen: int, *, signed: bool = False) -> str:
        """`¥1,234.50`; `signed`: with a plus where it came in."""
        sign = "-" if fen < 0 else "+" if signed else ""
        return f"{sign}\u00a5{Money(abs(fen)).decimal:,.2f}"
