"""Confirm: the facts, the amount and its capitals. Only a touch on its accent key says yes."""

from flows.screens import Confirm, Confirmed
from kiosk.ui.facts import natural, rows, table
from kiosk.ui.page import Next, Page
from kiosk.ui.tokens import Box

SHARE = 0.36
"""Of the width for the question and the amount, in landscape."""


def draw(page: Page, screen: Confirm) -> None:
    """One card with everything that is agreed to."""
    amount = page.words.money(screen.amount) if screen.amount else ""
    heading, line = page.say(screen, "", amount=amount), page.say(screen, ".line", amount=amount)
    wide = int(page.box.w * SHARE)
    beside = min(_amount_height(page, screen, amount, wide), int(page.box.h * 0.5)) if page.landscape else 0
    box = page.question(heading, line, share=SHARE, reserve=beside + page.m.mm(4))
    others = (fact for fact in screen.facts if fact.value != screen.amount)
    shown = tuple(sorted(others, key=lambda fact: not fact.strong))  # to whom it goes is never on a second page
    made, m = rows(page, shown, tuple(f for f in screen.chinese if f.value != screen.amount)), page.m
    pad = m.mm(9)
    if page.landscape:
        _amount(page, screen, amount, page.box.start(wide).lower(beside), page.palette.ground)
    head = 0 if page.landscape else _amount_height(page, screen, amount, box.w - 2 * pad)
    need = head + natural(page, made, box.w - 2 * pad, box.h - head - 2 * m.mm(6)) + 2 * m.mm(6)
    card = box.upper(min(box.h, need))
    page.plate(card, page.palette.card, page.palette.line)
    inner = card.inset(pad, m.mm(6))
    if head:
        _amount(page, screen, amount, inner.upper(head), page.palette.card)
    seen = table(page, inner.below(head), made)
    if page.look.hidden:  # nobody agrees to an amount that she does not see
        page.next = Next(page.words.text("glass.show-first"), lambda: None, ready=False)
    elif seen:
        verb = page.say(screen, ".next", amount=amount)
        page.next = Next(verb, lambda: page.answer(Confirmed(screen.facts, screen.about)))
    else:
        page.next = Next(page.words.text("glass.see-all"), lambda: None, ready=False)


def _label(page: Page, screen: Confirm) -> str:
    found = [fact.label for fact in screen.facts if fact.value == screen.amount]
    if not found:
        return ""
    label = page.words.text(found[0])
    if screen.chinese and page.look.language != "zh":
        label = f"{label}  ·  {page.words.text(found[0], 'zh')}"
    return label


def _amount_height(page: Page, screen: Confirm, amount: str, width: int) -> int:
    m = page.m
    if not amount:
        return 0
    high = page.height(_label(page, screen), m.small, width) + round(_size(page, amount, width) * 1.38)
    return high + page.height(_capitals(page, screen), m.body, width) + m.mm(3)


def _capitals(page: Page, screen: Confirm) -> str:
    """They tell as much as the amount."""
    return "" if page.look.hidden else screen.capitals


def _size(page: Page, amount: str, width: int) -> int:
    size = page.m.hero if not page.landscape else page.m.amount
    while size > page.m.floor and page.width(amount, size, bold=True) > width:
        size = int(size * 0.94)
    return size


def _amount(page: Page, screen: Confirm, amount: str, box: Box, on: str) -> None:
    if not amount:
        return
    m, soft = page.m, page.palette.soft
    taken = page.text(box, _label(page, screen), m.small, ink=soft, on=on)
    taken += page.text(box.below(taken), amount, _size(page, amount, box.w), bold=True, on=on)
    page.text(box.below(taken), _capitals(page, screen), m.body, ink=soft, on=on)
