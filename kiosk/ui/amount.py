"""EnterAmount: type an amount; it is grouped as it grows."""

import re

from flows.screens import EnterAmount
from kiosk.ui.keypad import ERASE, SHARE, frame_height, keypad, keypad_regions
from kiosk.ui.letters import LEADING
from kiosk.ui.page import Next, Page
from kiosk.ui.tokens import Box
from protocol.money import Money

DIGITS = 9
"""The most before the point: no amount at a terminal needs more."""
_FRACTION = re.compile(r"[.,٫]\d\d(?=\D*$)")


def typed(text: str, sign: str) -> str:
    """What stands there after one more sign: a digit, a point or the eraser."""
    if sign == ERASE:
        return text[:-1]
    whole, point, fraction = text.partition(".")
    if sign == ".":
        return text if point else (whole or "0") + "."
    if not sign.isdigit():
        return text
    if point:
        return text + sign if len(fraction) < 2 else text
    return (whole + sign).lstrip("0") or "0" if len(whole) < DIGITS else text


def amount_of(text: str) -> Money:
    """The amount that was typed."""
    return Money.yuan(text.rstrip(".") or "0")


def draw(page: Page, screen: EnterAmount) -> None:
    """The amount in a framed card, the keypad, and the accent key once the amount can be."""
    words = page.words
    params = {"limit": words.money(screen.limit), "available": words.money(screen.available)}
    box = page.question(
        page.say(screen, "", **params),
        page.say(screen, ".line", **params),
        share=SHARE,
        reserve=frame_height(page) + page.m.mm(4),
    )
    amount = amount_of(page.draft.typed)
    problem = _problem(page, screen, amount)
    frame, box = keypad_regions(page, box)
    _shown(page, frame, amount, problem)

    def press(sign: str) -> None:
        page.draft.typed = typed(page.draft.typed, sign)
        page.redraw()

    keypad(page, box, ".", press)
    ready = amount.fen > 0 and not problem
    verb = page.say(screen, ".next", amount=words.money(amount), **params)
    page.next = Next(verb, page.answers(amount), ready)


def _problem(page: Page, screen: EnterAmount, amount: Money) -> str:
    if screen.available.fen and amount > screen.available:
        return page.words.text("glass.over-available", available=page.words.money(screen.available))
    if screen.limit.fen and amount > screen.limit:
        return page.words.text("glass.over-limit", limit=page.words.money(screen.limit))
    return ""


def _shown(page: Page, frame: Box, amount: Money, problem: str) -> None:
    """What was typed in ink, what is still to come in soft ink."""
    m, palette = page.m, page.palette
    page.plate(frame, palette.card, palette.accent, edge=m.border)
    inner = frame.inset(m.mm(9), m.mm(4))
    warn = min(inner.h // 2, page.height(problem, m.small, inner.w)) if problem else 0
    text = "".join(c for c in page.words.money(amount) if c not in "\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    ghosts = 0 if page.look.hidden else _ghosts(page.draft.typed)
    found = _FRACTION.search(text)
    cut = found.end() - ghosts if found else len(text)
    parts = (text[:cut], text[cut : found.end() if found else cut], text[found.end() if found else cut :])
    _runs(page, inner.above(warn), parts)
    if problem:
        page.text(inner.lower(warn), problem, m.small, ink=palette.soft, on=palette.card)


def _ghosts(typed_: str) -> int:
    _, point, fraction = typed_.partition(".")
    return 2 - len(fraction) if point else 3


def _runs(page: Page, box: Box, parts: tuple[str, str, str]) -> None:
    """Three pieces of one amount, side by side from left to right, in two inks."""
    m = page.m
    size = min(m.hero, int(box.h / LEADING))
    while size > m.floor and sum(page.width(part, size, bold=True) for part in parts) > box.w:
        size = int(size * 0.94)
    wide = [page.width(part, size, bold=True) for part in parts]
    x = box.x
    order = list(zip(parts, wide, (page.palette.ink, page.palette.soft, page.palette.ink), strict=True))
    for part, width, ink in reversed(order) if page.look.rtl else order:
        if width:
            cell = Box(x, box.y, width, box.h)
            page.text(cell, part, size, bold=True, ink=ink, on=page.palette.card, upright="middle", ltr=True)
            x += width
