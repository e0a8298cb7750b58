"""EnterNumber: type an account or telephone number; it stands in groups of four."""

from flows.screens import EnterNumber
from kiosk.ui.keypad import ERASE, SHARE, frame_height, keypad, keypad_regions
from kiosk.ui.page import Next, Page
from kiosk.ui.tokens import Box


def typed(text: str, sign: str, longest: int) -> str:
    """What stands there after one more sign: a digit or the eraser."""
    if sign == ERASE:
        return text[:-1]
    return text + sign if sign.isdigit() and len(text) < longest else text


def grouped(digits: str) -> str:
    """Groups of four, as they stand on a card."""
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def draw(page: Page, screen: EnterNumber) -> None:
    """The number in a framed card, and the keypad."""
    draft = page.draft
    box = page.question(
        page.say(screen, ""), page.say(screen, ".line"), share=SHARE, reserve=frame_height(page) + page.m.mm(4)
    )
    frame, box = keypad_regions(page, box)
    _shown(page, screen, frame)

    def press(sign: str) -> None:
        draft.typed = typed(draft.typed, sign, screen.longest)
        page.redraw()

    keypad(page, box, "", press)
    ready = screen.shortest <= len(draft.typed) <= screen.longest
    page.next = Next(page.say(screen, ".next"), page.answers(draft.typed), ready)


def _shown(page: Page, screen: EnterNumber, frame: Box) -> None:
    m, palette = page.m, page.palette
    page.plate(frame, palette.card, palette.accent, edge=m.border)
    inner = frame.inset(m.mm(9), m.mm(4))
    note = page.plain(screen.problem) if screen.problem and not page.draft.typed else ""
    if not note:
        note = page.words.text("glass.digits", count=len(page.draft.typed))
    low = min(inner.h * 6 // 10, page.height(note, m.small, inner.w))
    text = grouped(page.draft.typed) or "•••• •••• ••••"
    ink = palette.ink if page.draft.typed else palette.soft
    page.text(inner.above(low), text, m.title, bold=True, ink=ink, on=palette.card, upright="middle", ltr=True)
    page.text(inner.lower(low), note, m.small, ink=palette.soft, on=palette.card)
