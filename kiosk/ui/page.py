"""The middle of the glass: one question or one fact, and what answers it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from flows.ports import Words
from flows.screens import Screen
from kiosk.ui.letters import Letters
from kiosk.ui.pencil import Layer, Look, Pencil
from kiosk.ui.tokens import Box
from protocol.money import Money

LEAST = 0.38
"""Of the height for both, what a question keeps however long the line beneath it is: it gives way first."""


@dataclass
class Draft:
    """What the customer has typed and turned to on a screen, until she answers it."""

    typed: str = ""
    page: int = 0
    seen: set[int] = field(default_factory=set)
    stars: int = 0
    """How many PIN digits stand in the pad; never which."""
    waited: float = 0.0
    """Seconds that a wait has stood."""


@dataclass(frozen=True)
class Next:
    """The one accent key at the bottom."""

    verb: str
    act: Callable[[], None]
    ready: bool = True


@dataclass(frozen=True)
class Hands:
    """What a page may do with the stage: answer, and be drawn anew."""

    answer: Callable[[object], None]
    redraw: Callable[[], None]


class Page(Pencil):
    """A pencil for the middle region, with the words of one screen."""

    next: Next | None = None

    def __init__(
        self, layer: Layer, letters: Letters, look: Look, words: Words, box: Box, draft: Draft, hands: Hands
    ) -> None:
        super().__init__(layer, letters, look)
        self.words, self.box, self.draft = words, box, draft
        self.answer, self.redraw = hands.answer, hands.redraw

    @property
    def landscape(self) -> bool:
        """True when the middle may split into fact and answer."""
        return self.m.panel.landscape

    # --- words

    def say(self, screen: Screen[object], suffix: str, **params: str | int) -> str:
        """A sentence of the screen: its key and the suffix."""
        return self.words.text(screen.key + suffix, "", **params)

    def plain(self, key: str, *, literal: bool = False, params: Mapping[str, str] | None = None) -> str:
        """The sentence under a key, or the text itself where it is no key (a masked number)."""
        if literal or not key:
            return key
        try:
            return self.words.text(key, "", **(params or {}))
        except KeyError:
            return key

    def value(self, value: "str | Money | date", *, message: bool = False, language: str = "") -> str:
        """A fact's value as it is written in a language."""
        if isinstance(value, Money):
            return self.words.money(value, language)
        if isinstance(value, datetime):
            return self.words.moment(value, language)
        if isinstance(value, date):
            return self.words.day(value, language)
        return self.words.text(value, language) if message else value

    # --- regions

    def question(
        self, heading: str, line: str = "", *, share: float = 0.36, size: int = 0, above: bool = False, reserve: int = 0
    ) -> Box:
        """Write the question; answers the box for what answers it: beneath, or beside in landscape.

        There `reserve` pixels stay free under the question; `above` keeps it over the whole width all the same.
        """
        m, box = self.m, self.box
        if self.landscape and not above:
            wide = int(box.w * share)
            self.heading(box.start(wide).above(reserve), heading, line, size=size)
            return box.after(wide + m.mm(14)).below(m.mm(2))
        taken = self.heading(box.upper(int(box.h * (0.42 if m.large else 0.34))), heading, line, size=size)
        return box.below(taken + m.mm(6 if self.landscape else 10))

    def heading(self, box: Box, heading: str, line: str, *, size: int = 0) -> int:
        """The question and the plain line beneath it; answers the height taken."""
        m = self.m
        need = m.mm(2) + self.height(line, m.body, box.w) if line else 0
        room = max(int(box.h * LEAST), box.h - need)
        taken = self.text(box.upper(room), heading, size or m.title, bold=True, role="heading")
        if line:
            taken += m.mm(2)
            taken += self.text(box.below(taken), line, m.body, ink=self.palette.soft, role="line")
        return taken

    def pager(self, box: Box, pages: int) -> None:
        """Numbers to turn to: one key for each page, or for those around this one that fit beside each other."""
        m, wide = self.m, self.m.mm(20)
        fit = (box.w + m.key_gap) // (wide + m.key_gap)
        first = max(0, min(self.draft.page - fit // 2, pages - fit))
        for place, number in enumerate(range(first, min(pages, first + fit))):
            here = number == self.draft.page
            cell = Box(box.x + place * (wide + m.key_gap), box.y, wide, box.h)
            self.key(cell, "next" if here else "card", f"page-{number + 1}", str(number + 1), self._turn(number))

    @property
    def pager_height(self) -> int:
        """Of the row of page numbers."""
        return self.m.mm(18)

    def _turn(self, number: int) -> Callable[[], None]:
        def act() -> None:
            self.draft.page = number
            self.redraw()

        return act

    def answers(self, value: object) -> Callable[[], None]:
        """What a key does that answers the screen with a value."""
        return lambda: self.answer(value)


def params_of(pairs: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    """A screen's parameters, for its sentences."""
    return dict(pairs)
