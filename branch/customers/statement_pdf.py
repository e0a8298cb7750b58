"""A statement as a PDF: masked numbers, Chinese and Arabic letters from Debian's Noto fonts, mirrored for Arabic.

Each cell is set by itself, so that a number in an Arabic line keeps its own order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from fpdf import FPDF

from branch.customers.words import PaperWords
from protocol.enquiries import Movement

NOTO = Path("/usr/share/fonts")
FONTS = (
    ("latin", NOTO / "truetype/noto/NotoSans-Regular.ttf", 0),
    ("arabic", NOTO / "truetype/noto/NotoSansArabic-Regular.ttf", 0),
    ("chinese", NOTO / "opentype/noto/NotoSansCJK-Regular.ttc", 2),
)
"""Name, file, and which font of a collection (2: simplified Chinese). Only the letters used are embedded."""
WIDE, HIGH, MARGIN = 180.0, 9.0, 15.0
"""Millimetres: of a line, its height, and the paper's border."""
COLUMNS = (36.0, 34.0, 46.0, 32.0, 32.0)
"""Widths: day, kind, other side, moved, balance."""
INK, SOFT, LINE = (27, 26, 24), (73, 68, 60), (226, 218, 203)
Side = Literal["L", "R"]


@dataclass(frozen=True)
class Paper:
    """What stands on it."""

    bank: str
    masked: str
    since: date
    until: date
    movements: Sequence[Movement]
    more: bool = False


def made(paper: Paper, words: PaperWords) -> bytes:
    """The whole document."""
    pdf = _Document(words)
    pdf.heading(paper.bank, words.text("receipt.statement"))
    pdf.fact(words.text("fact.account"), paper.masked, number=True)
    pdf.fact(words.text("statement.since"), words.day(paper.since))
    pdf.fact(words.text("statement.until"), words.day(paper.until))
    heads = ("fact.date", "fact.kind", "fact.party", "fact.moved", "fact.balance-after")
    pdf.heads([words.text(key) for key in heads])
    for one in paper.movements:
        pdf.movement(one)
    if not paper.movements:
        pdf.sentence(words.text("statement.shown.none"))
    if paper.more:
        pdf.sentence(words.text("statement.more"))
    pdf.sentence(words.text("paper.masked"))
    return bytes(pdf.output())


class _Document(FPDF):  # type: ignore[misc]
    """A4, in one language."""

    def __init__(self, words: PaperWords) -> None:
        super().__init__(format="A4")
        self._words = words
        for name, file, number in FONTS:
            self.add_font(name, "", file, collection_font_number=number)
        first = {"zh": "chinese", "ar": "arabic"}.get(words.language, "latin")
        self.set_fallback_fonts([name for name, _, _ in FONTS if name != first])
        self.set_text_shaping(True)
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(True, 20)
        self.set_lang({"zh": "zh-Hans", "en": "en", "ar": "ar"}[words.language])
        self._first = first
        self.set_text_color(*INK)
        self.set_draw_color(*LINE)
        self.add_page()
        self._size(10)

    def _size(self, size: float) -> None:
        self.set_font(self._first, size=size)

    def footer(self) -> None:
        """Where one is in it."""
        self.set_y(-14)
        self._size(8)
        self._cell(WIDE, f"{self.page_no()}", number=True)

    def heading(self, bank: str, title: str) -> None:
        """Whose paper it is, and what."""
        self.set_title(title)
        self._size(18)
        self._row([(WIDE, title, False)], 12)
        self._size(11)
        self._row([(WIDE, bank, False)], 10)
        self._size(10)

    def fact(self, label: str, value: str, *, number: bool = False) -> None:
        """A label and its value, where reading starts."""
        self._row([(50, label, False), (WIDE - 50, value, number)], HIGH)

    def heads(self, heads: list[str]) -> None:
        """Names of the columns."""
        self.ln(4)
        self._size(9)
        self.set_text_color(*SOFT)
        self._row([(width, head, False) for width, head in zip(COLUMNS, heads, strict=True)], HIGH, rule=True)
        self.set_text_color(*INK)

    def movement(self, one: Movement) -> None:
        """One line of the statement, and whom it was with beneath it."""
        words = self._words
        way = "in" if one.amount > 0 else "out"
        kind = words.text(f"movement.{'transfer-' + way if one.kind == 'transfer' else one.kind}")
        amount, balance = words.money(one.amount, signed=True), words.money(one.balance)
        cells = [(words.day(one.day), False), (kind, False), (one.party_name, False), (amount, True), (balance, True)]
        row = [(width, text, number) for width, (text, number) in zip(COLUMNS, cells, strict=True)]
        self._row(row, HIGH, rule=not one.party_masked)
        if one.party_masked:
            before = (sum(COLUMNS[:2]), "", False)
            self._row([before, (WIDE - before[0], one.party_masked, True)], HIGH - 2, rule=True)

    def sentence(self, text: str) -> None:
        """A sentence over the whole width."""
        self.ln(3)
        self._size(9)
        self.set_text_shaping(True, direction="rtl" if self._words.rtl else "ltr")
        self.multi_cell(WIDE, 6, text, align=self._side)

    @property
    def _side(self) -> Side:
        return "R" if self._words.rtl else "L"

    def _row(self, cells: list[tuple[float, str, bool]], high: float, *, rule: bool = False) -> None:
        """Cells beside each other in the order of reading: `(width, text, is it a number)`."""
        if self.will_page_break(high):
            self.add_page()
            self._size(9)
        top = self.get_y()
        at = MARGIN + WIDE if self._words.rtl else MARGIN
        for width, text, number in cells:
            at -= width if self._words.rtl else 0
            self.set_xy(at, top)
            self._cell(width, text, high, number=number)
            at += 0 if self._words.rtl else width
        self.set_xy(MARGIN, top + high)
        if rule:
            self.line(MARGIN, top + high, MARGIN + WIDE, top + high)

    def _cell(self, width: float, text: str, high: float = HIGH, *, number: bool = False) -> None:
        self.set_text_shaping(True, direction="ltr" if number or not _reads_left(text) else "rtl")
        while self.get_string_width(text) > width - 2 and len(text) > 1:
            text = text[:-2] + "\u2026"
        self.cell(width, high, text, align=self._side)


def _reads_left(text: str) -> bool:
    """Is there a letter that is read from right to left?"""
    return any("\u0590" <= letter <= "\u08ff" or "\ufb1d" <= letter <= "\ufefc" for letter in text)
