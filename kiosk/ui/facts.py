"""Facts in rows: a quiet label, a clear value; more than fit are paged by number."""

from dataclasses import dataclass

from flows.screens import Fact
from kiosk.ui.page import Page
from kiosk.ui.pencil import Side
from kiosk.ui.tokens import Box


@dataclass(frozen=True)
class Row:
    """A fact as it is written: in the customer's language, and in Chinese where both are due."""

    label: str
    value: str
    chinese: str = ""
    chinese_value: str = ""
    strong: bool = False


def rows(page: Page, facts: tuple[Fact, ...], chinese: tuple[Fact, ...] = ()) -> list[Row]:
    """Put facts into words; beside each the Chinese label, and the Chinese value where it differs."""
    beside = {fact.label: fact for fact in chinese} if page.look.language != "zh" else {}
    made = [_row(page, fact, beside.pop(fact.label, None)) for fact in facts]
    return made + [_chinese_only(page, fact) for fact in beside.values()]


def _row(page: Page, fact: Fact, chinese: Fact | None) -> Row:
    label, value = page.words.text(fact.label), page.value(fact.value, message=fact.message)
    if chinese is None:
        return Row(label, value, strong=fact.strong)
    other = page.value(chinese.value, message=chinese.message, language="zh")
    return Row(
        label,
        value,
        page.words.text(chinese.label, "zh"),
        other if _bare(other) != _bare(value) else "",
        fact.strong,
    )


def _chinese_only(page: Page, fact: Fact) -> Row:
    value = page.value(fact.value, message=fact.message, language="zh")
    return Row(page.words.text(fact.label, "zh"), value, strong=fact.strong)


def _bare(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum() or letter in "*.,")


def table(page: Page, box: Box, made: list[Row]) -> bool:
    """Draw rows into a box. Answers True once every page of them has been on the glass."""
    air = _air(page, made, box.w, box.h)
    heights = [_height(page, row, box.w) + air for row in made]
    pages = paged(heights, box.h, box.h - page.pager_height - page.m.mm(4))
    draft = page.draft
    draft.page = min(draft.page, len(pages) - 1)
    draft.seen.add(draft.page)
    y = box.y
    for place, number in enumerate(pages[draft.page]):
        if place:
            page.block(Box(box.x, y, box.w, 2), page.palette.line)
        high = min(heights[number], box.y + box.h - y)
        _draw(page, Box(box.x, y, box.w, high), made[number], air)
        y += heights[number]
    if len(pages) > 1:
        page.pager(box.lower(page.pager_height), len(pages))
    return len(draft.seen) >= len(pages)


def natural(page: Page, made: list[Row], width: int, room: int) -> int:
    """How high the rows stand when all are on one page, with as much air as `room` allows."""
    return sum(_height(page, row, width) for row in made) + len(made) * _air(page, made, width, room)


def _air(page: Page, made: list[Row], width: int, room: int) -> int:
    """Room around each row: less where there are many."""
    text = sum(_height(page, row, width) for row in made)
    for length in (13, 11, 9):
        if text + len(made) * page.m.mm(length) <= room:
            return page.m.mm(length)
    return page.m.mm(7)


def paged(heights: list[int], whole: int, less: int) -> list[list[int]]:
    """Which of them stand on which page: all on one that is `whole` high, else on pages of which `less` is left."""
    if sum(heights) <= whole:
        return [list(range(len(heights)))]
    pages: list[list[int]] = [[]]
    room = less
    for number, high in enumerate(heights):
        if pages[-1] and high > room:
            pages.append([])
            room = less
        pages[-1].append(number)
        room -= high
    return pages


def _inline(page: Page, row: Row, width: int) -> bool:
    """True when the Chinese label stands behind the other on one line with the value."""
    m = page.m
    label = page.width(row.label, m.body) + m.mm(4) + page.width(row.chinese, m.small)
    return bool(row.chinese) and label + _value_width(page, row) + m.mm(8) <= width


def _value_width(page: Page, row: Row) -> int:
    m = page.m
    return max(page.width(row.value, m.body, bold=row.strong), page.width(row.chinese_value, m.small))


def _beside(page: Page, row: Row, width: int) -> bool:
    """True when label and value stand on one line."""
    label = max(page.width(row.label, page.m.body), page.width(row.chinese, page.m.small))
    return label + _value_width(page, row) + page.m.mm(8) <= width


def _label_height(page: Page, row: Row, width: int) -> int:
    high = page.height(row.label, page.m.body, width)
    return high if _inline(page, row, width) else high + page.height(row.chinese, page.m.small, width)


def _value_height(page: Page, row: Row, width: int) -> int:
    high = page.height(row.value, page.m.body, width, bold=row.strong)
    return high + page.height(row.chinese_value, page.m.small, width)


def _height(page: Page, row: Row, width: int) -> int:
    label, value = _label_height(page, row, width), _value_height(page, row, width)
    return max(label, value) if _beside(page, row, width) else label + value


def _draw(page: Page, box: Box, row: Row, air: int) -> None:
    m, soft, on = page.m, page.palette.soft, page.palette.card
    inner = box.inset(0, air // 2)
    beside = _beside(page, row, box.w)
    _label(page, inner.upper(_label_height(page, row, box.w)) if not beside else inner, row)
    value = inner.end(_value_width(page, row)) if beside else inner.below(_label_height(page, row, box.w))
    side: Side = "end" if beside else "start"
    taken = page.text(value, row.value, m.body, bold=row.strong, on=on, side=side)
    page.text(value.below(taken), row.chinese_value, m.small, ink=soft, on=on, side=side)


def _label(page: Page, box: Box, row: Row) -> None:
    """The label, and its Chinese twin behind or beneath."""
    m, soft, on = page.m, page.palette.soft, page.palette.card
    wide = page.width(row.label, m.body)
    if _inline(page, row, box.w):
        high = page.height(row.label, m.body, box.w)
        page.text(box.start(wide), row.label, m.body, ink=soft, on=on)
        twin = box.upper(high).after(wide + m.mm(4)).start(page.width(row.chinese, m.small))
        page.text(twin, row.chinese, m.small, ink=soft, on=on, upright="middle")
        return
    room = box.start(box.w - _value_width(page, row) - m.mm(8)) if _beside(page, row, box.w) else box
    taken = page.text(room, row.label, m.body, ink=soft, on=on)
    page.text(room.below(taken), row.chinese, m.small, ink=soft, on=on)
