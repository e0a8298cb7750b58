"""Large cards to touch: a word, a plain line beneath, at most six at once; more are paged by number."""

from dataclasses import dataclass

from flows.screens import Option
from kiosk.ui.page import Page
from kiosk.ui.tokens import Box

MOST = 6
SIZES = (1.0, 0.92, 0.84)
"""Letters give way a little before a second page is begun."""


@dataclass(frozen=True)
class Card:
    """An option in the customer's words."""

    option: Option
    title: str
    line: str
    amount: str


@dataclass(frozen=True)
class Plan:
    """How cards are laid out: columns, the least height of a card, how many on a page, and the size of letters."""

    columns: int
    least: int
    room: int
    strong: int
    small: int


def cards(page: Page, options: tuple[Option, ...], box: Box) -> None:
    """Draw options as cards into a box."""
    made = [_card(page, option) for option in options]
    plan = _plan(page, made, box)
    if len(made) > plan.room:
        inner = box.above(page.pager_height + page.m.gap)
        plan = max((_planned(page, made, inner, size) for size in SIZES), key=lambda one: one.room)
        pages = -(-len(made) // plan.room)
        page.draft.page = min(page.draft.page, pages - 1)
        page.pager(box.lower(page.pager_height), pages)
        made, box = made[page.draft.page * plan.room :][: plan.room], inner
    gap, rows = page.m.gap, -(-len(made) // plan.columns)
    high = min(max(plan.least, page.m.card_usual), (box.h - gap * (rows - 1)) // max(1, rows))
    grid = box.upper(high * rows + gap * (rows - 1)).grid(plan.columns, rows, gap)
    air = _air(page, made, grid, plan)
    for cell, card in zip(grid, made, strict=False):
        _draw(page, cell, card, plan, air)


def _plan(page: Page, made: list[Card], box: Box) -> Plan:
    """The largest letters with which all stand on one page; the usual ones if none do."""
    plans = [_planned(page, made, box, size) for size in SIZES]
    return next((plan for plan in plans if plan.room >= len(made)), plans[0])


def _planned(page: Page, made: list[Card], box: Box, size: float) -> Plan:
    m = page.m
    strong, small = max(m.floor, int(m.strong * size)), max(m.floor, int(m.small * size))
    columns = _columns(page, made, box)
    wide = (box.w - m.gap * (columns - 1)) // columns
    least = max((_height(page, card, wide, (strong, small)) for card in made), default=1)
    rows = max(1, (box.h + m.gap) // (least + m.gap))
    return Plan(columns, least, min(MOST, rows * columns), strong, small)


def _card(page: Page, option: Option) -> Card:
    line = option.disabled or option.line
    amount = page.words.money(option.amount) if option.amount is not None else ""
    title = page.plain(option.title, literal=option.literal)
    return Card(option, title, page.plain(line, literal=option.literal and not option.disabled), amount)


def _columns(page: Page, made: list[Card], box: Box) -> int:
    """As many as leave each card wide enough for its words."""
    if len(made) <= (2 if page.landscape else 3):
        return 1
    least = page.m.mm(105) * (3 if page.m.large else 2) // 2
    if any(card.amount for card in made):
        least = least * 2 // 3 + max(_amount_width(page, card) for card in made)
    return max(1, min(3, (box.w + page.m.gap) // (least + page.m.gap)))


def _height(page: Page, card: Card, wide: int, sizes: tuple[int, int]) -> int:
    m = page.m
    words = wide - 2 * m.mm(8) - _amount_width(page, card)
    high = page.height(card.title, sizes[0], words, bold=True)
    if card.line:
        high += m.mm(1) + page.height(card.line, sizes[1], words)
    return max(high + 2 * m.mm(5.5), m.card_least)


def _amount_width(page: Page, card: Card) -> int:
    return page.width(card.amount, page.m.body, bold=True) + page.m.mm(5) if card.amount else 0


def _air(page: Page, made: list[Card], grid: list[Box], plan: Plan) -> int | None:
    """Above the words of cards that stand in a row, so that they begin level; None where each card has its own row."""
    if plan.columns == 1:
        return None
    inner = grid[0].inset(page.m.mm(8), page.m.mm(4.5))
    high = max(sum(_word_heights(page, card, plan, inner.w - _amount_width(page, card))) for card in made)
    return max(0, min((inner.h - high) // 2, page.m.mm(5)))


def _word_heights(page: Page, card: Card, plan: Plan, width: int) -> tuple[int, int, int]:
    """Of the word, the gap and the line."""
    line = page.height(card.line, plan.small, width)
    return page.height(card.title, plan.strong, width, bold=True), page.m.mm(1) if line else 0, line


def _draw(page: Page, cell: Box, card: Card, plan: Plan, air: int | None) -> None:
    m, palette, option = page.m, page.palette, card.option
    ground = palette.surface if option.disabled else palette.card
    if option.disabled:
        page.plate(cell, ground)
    else:
        page.pressable(cell, "card", option.id, card.title, page.answers(option.id))
    inner = cell.inset(m.mm(8), m.mm(4.5))
    beside = _amount_width(page, card)
    if card.amount:
        end = inner.end(beside - m.mm(5))
        page.text(end, card.amount, m.body, bold=True, on=ground, side="end", upright="middle")
    _words(page, inner.start(inner.w - beside), card, (plan, air), ground)


def _words(page: Page, box: Box, card: Card, how: tuple[Plan, int | None], ground: str) -> None:
    """The word and the line: in the middle of a card as wide as the page, at the top of cards that stand in a row."""
    (plan, air), soft = how, page.palette.soft
    title, gap, line = _word_heights(page, card, plan, box.w)
    both = min(box.h, title + line + gap)
    box = box.below((box.h - both) // 2 if air is None else air).upper(both)
    share = both - both * line // max(1, title + line) - gap
    ink = soft if card.option.disabled else page.palette.ink
    taken = page.text(box.upper(share), card.title, plan.strong, bold=True, ink=ink, on=ground)
    page.text(box.below(taken + gap), card.line, plan.small, ink=soft, on=ground)
