"""EnterNumber: type an account number or a code; it stands in groups."""

from flows.screens import EnterNumber
from kiosk.ui.keypad import ERASE, SHARE, frame_height, keypad, keypad_regions
from kiosk.ui.page import Next, Page, params_of
from kiosk.ui.tokens import Box


def typed(text: str, sign: str, longest: int) -> str:
    """What stands there after one more sign: a digit or the eraser."""
    if sign == ERASE:
        return text[:-1]
    return text + sign if sign.isdigit() and len(text) < longest else text


def grouped(digits: str, size: int = 4) -> str:
    """Groups of four, as they stand on a card, or of another size."""
    return " ".join(digits[i : i + size] for i in range(0, len(digits), size))


def draw(page: Page, screen: EnterNumber) -> None:
    """The number in a framed card, and the keypad."""
    draft, params = page.draft, params_of(screen.params)
    heading, line = page.say(screen, "", **params), page.say(screen, ".line", **params)
    box = page.question(heading, line, share=SHARE, reserve=frame_height(page) + page.m.mm(4))
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
    text = grouped(page.draft.typed, screen.group) or grouped("•" * min(screen.shortest, 12), screen.group)
    ink = palette.ink if page.draft.typed else palette.soft
    page.text(inner.above(low), text, m.title, bold=True, ink=ink, on=palette.card, upright="middle", ltr=True)
    page.text(inner.lower(low), note, m.small, ink=palette.soft, on=palette.card)
