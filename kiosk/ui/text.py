"""EnterText: type a name in Latin letters. The keys stand as on a typewriter, the same way in every language."""

from collections.abc import Callable

from flows.screens import EnterText
from kiosk.ui.keypad import ERASE, erase_key
from kiosk.ui.page import Next, Page, params_of
from kiosk.ui.tokens import Box

ROWS = ("QWERTYUIOP", "ASDFGHJKL", "ZXCVBNM")
SIGNS = "-'"
"""They stand in names too."""
NAMES = {"-": "hyphen", "'": "apostrophe", " ": "space"}
WIDEST = len(ROWS[0])


def typed(text: str, sign: str, longest: int) -> str:
    """What stands there after one more sign: a letter, a blank between two words, or the eraser."""
    if sign == ERASE:
        return text[:-1]
    letter = sign.upper()
    good = letter in "".join(ROWS) or (letter in f" {SIGNS}" and text and text[-1] not in f" {SIGNS}")
    return text + letter if len(letter) == 1 and good and len(text) < longest else text


def draw(page: Page, screen: EnterText) -> None:
    """What was typed in a framed card, and the keys beneath it."""
    m, draft, params = page.m, page.draft, params_of(screen.params)
    box = page.question(page.say(screen, "", **params), page.say(screen, ".line", **params), above=True)
    high = min(4 * m.digit_key[1] + 3 * m.key_gap, int(box.h * 0.7))
    room = box.above(high + m.mm(6))
    _shown(page, screen, room.lower(min(room.h, m.mm(52))))

    def press(sign: str) -> None:
        draft.typed = typed(draft.typed, sign, screen.longest)
        page.redraw()

    _keys(page, box.lower(high), press)
    ready = screen.shortest <= len(draft.typed.strip())
    page.next = Next(page.say(screen, ".next"), page.answers(draft.typed.strip()), ready)


def _shown(page: Page, screen: EnterText, frame: Box) -> None:
    m, palette, typed_ = page.m, page.palette, page.draft.typed
    page.plate(frame, palette.card, palette.accent, edge=m.border)
    inner = frame.inset(m.mm(9), m.mm(4))
    note = page.plain(screen.problem) if screen.problem and not typed_ else ""
    note = note or page.words.text("glass.latin")
    low = min(inner.h * 6 // 10, page.height(note, m.small, inner.w))
    page.text(inner.above(low), typed_, m.title, bold=True, on=palette.card, upright="middle", ltr=True)
    page.text(inner.lower(low), note, m.small, ink=palette.soft, on=palette.card)


def _keys(page: Page, box: Box, press: Callable[[str], None]) -> None:
    gap = page.m.key_gap
    high = (box.h - 3 * gap) // 4
    one = min((box.w - (WIDEST - 1) * gap) // WIDEST, page.m.digit_key[0])
    for number, letters in enumerate(ROWS):
        row = Box(box.x, box.y + number * (high + gap), box.w, high)
        _row(page, row, [(sign, one) for sign in letters], press)
    last = Box(box.x, box.y + 3 * (high + gap), box.w, high)
    _row(page, last, [("-", one), (" ", 4 * one + 3 * gap), ("'", one), (ERASE, 2 * one + gap)], press)


def _row(page: Page, row: Box, keys: list[tuple[str, int]], press: Callable[[str], None]) -> None:
    """Keys of these widths in the middle of a row; never mirrored."""
    gap = page.m.key_gap
    whole = sum(wide for _, wide in keys) + gap * (len(keys) - 1)
    x = row.x + (row.w - whole) // 2
    for sign, wide in reversed(keys) if page.look.rtl else keys:
        cell = Box(x, row.y, wide, row.h)
        if sign == ERASE:
            erase_key(page, cell, press)
        else:
            label = page.words.text("glass.space") if sign == " " else sign
            name = f"key-{NAMES.get(sign, sign)}"
            page.key(cell, "card", name, label, _presses(press, sign), size=page.m.body, quick=True)
        x += wide + gap


def _presses(press: Callable[[str], None], sign: str) -> Callable[[], None]:
    return lambda: press(sign)
