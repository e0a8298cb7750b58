"""Statement: what has moved, newest first, a page at a time; each line may be touched."""

from dataclasses import dataclass

from flows.screens import Entry, Option, Statement
from kiosk.ui.facts import paged
from kiosk.ui.page import Next, Page
from kiosk.ui.tokens import Box

SHARE = 0.34
"""Of the width for the question and what can be done, in landscape."""
BESIDE = 0.6
"""Of a line's width that its amounts may take; wider ones stand beneath its words."""


@dataclass(frozen=True)
class Line:
    """An entry as it is written."""

    entry: Entry
    kind: str
    detail: str
    amount: str
    balance: str


def draw(page: Page, screen: Statement) -> None:
    """The question, the ways to look at it, the lines, and what can be done with them."""
    m = page.m
    places = {"masked": screen.masked, "since": page.words.day(screen.since), "until": page.words.day(screen.until)}
    heading, line = page.say(screen, "", **places), page.say(screen, ".line", **places)
    high = _acts_height(page, screen)
    box = page.question(heading, line, share=SHARE, reserve=high + m.gap)
    acts = (page.box.start(int(page.box.w * SHARE)) if page.landscape else box).lower(high)
    if screen.options and page.landscape:
        _acts(page, screen.options, acts)
    if screen.options and not page.landscape:
        box = box.above(high + m.gap)
    _ways(page, screen, box.upper(m.mm(16)))
    _list(page, screen, box.below(m.mm(16) + m.key_gap))
    if screen.options and not page.landscape:
        _acts(page, screen.options, acts)
    page.next = Next(page.say(screen, ".next", **places), page.answers("done"))


def _acts_height(page: Page, screen: Statement) -> int:
    rows = len(screen.options) if page.landscape else bool(screen.options)
    return rows * page.m.mm(20) + max(0, rows - 1) * page.m.key_gap


def _acts(page: Page, options: tuple[Option, ...], box: Box) -> None:
    """Side by side beneath the list; one above the other beside it."""
    columns, rows = (1, len(options)) if page.landscape else (len(options), 1)
    for cell, option in zip(box.grid(columns, rows, page.m.key_gap), options, strict=True):
        page.key(cell, "card", option.id, page.plain(option.title), page.answers(option.id), size=page.m.small)


def _ways(page: Page, screen: Statement, box: Box) -> None:
    for cell, way in zip(box.grid(len(screen.ways), 1, page.m.key_gap), screen.ways, strict=True):
        style = "calm" if way.id == screen.way else "card"
        page.key(cell, style, way.id, page.plain(way.title), page.answers(way.id), size=page.m.small)


def _list(page: Page, screen: Statement, box: Box) -> None:
    m, made = page.m, [_line(page, entry) for entry in screen.entries]
    if not made:
        page.text(box.inset(0, m.mm(8)), page.say(screen, ".none"), m.body, ink=page.palette.soft)
        return
    inner = box.w - 2 * m.mm(6)
    heights = [max(m.mm(15), _height(page, line, inner) + 2 * m.mm(2)) + m.key_gap for line in made]
    pages = paged(heights, box.h + m.key_gap, box.h - page.pager_height - m.gap + m.key_gap)
    page.draft.page = min(page.draft.page, len(pages) - 1)
    if len(pages) > 1:
        page.pager(box.lower(page.pager_height), len(pages))
    y = 0
    for number in pages[page.draft.page]:
        _draw(page, box.below(y).upper(heights[number] - m.key_gap), made[number])
        y += heights[number]


def _line(page: Page, entry: Entry) -> Line:
    words = page.words
    detail = words.day(entry.day)
    if entry.party:
        detail = words.text("glass.day-and-party", day=detail, party=entry.party)
    balance = words.text("glass.balance-after", amount=words.money(entry.balance))
    return Line(entry, page.plain(entry.kind), detail, words.signed(entry.amount), balance)


def _amounts(page: Page, line: Line) -> int:
    """How wide the amounts stand."""
    return max(page.width(line.amount, page.m.body, bold=True), page.width(line.balance, page.m.small))


def _stacked(page: Page, line: Line, width: int) -> bool:
    """True when the amounts stand beneath the words."""
    return _amounts(page, line) > width * BESIDE


def _height(page: Page, line: Line, width: int) -> int:
    m, stacked = page.m, _stacked(page, line, width)
    room = width if stacked else width - _amounts(page, line) - m.mm(5)
    words = page.height(line.kind, m.body, room, bold=True) + page.height(line.detail, m.small, room)
    money = page.height(line.amount, m.body, width, bold=True) + page.height(line.balance, m.small, width)
    return words + money if stacked else max(words, money)


def _draw(page: Page, cell: Box, line: Line) -> None:
    m, soft = page.m, page.palette.soft
    look = page.pressable(cell, "card", line.entry.id, f"{line.kind} {line.amount}", page.answers(line.entry.id))
    inner = cell.inset(m.mm(6), m.mm(2))
    stacked, wide = _stacked(page, line, inner.w), _amounts(page, line)
    words = inner if stacked else inner.start(inner.w - wide - m.mm(5))
    taken = page.text(words, line.kind, m.body, bold=True, on=look.fill)
    taken += page.text(words.below(taken), line.detail, m.small, ink=soft, on=look.fill)
    money = inner.below(taken) if stacked else inner.end(wide)
    down = page.text(money, line.amount, m.body, bold=True, on=look.fill, side="end")
    page.text(money.below(down), line.balance, m.small, ink=soft, on=look.fill, side="end")
