"""What stays in its place on every screen: the strip, the top, the bottom bar, the language sheet, the warning."""

from collections.abc import Callable
from dataclasses import dataclass

from kivy.graphics import Color, SmoothLine

from flows.ports import Chrome, Words
from flows.screens import Where
from kiosk.ui.colour import rgba
from kiosk.ui.page import Next
from kiosk.ui.pencil import Animate, Pencil
from kiosk.ui.pictures import eye, person
from kiosk.ui.tokens import DARK, LANGUAGES, RIGHT_TO_LEFT, Box, Measures


@dataclass(frozen=True)
class Regions:
    """Where everything stands; the same on every screen."""

    strip: Box
    top: Box
    middle: Box
    bottom: Box


def regions(m: Measures, *, simulated: bool) -> Regions:
    """Cut the glass: the strip, the top, the middle with margins, the bottom."""
    whole = Box(0, 0, m.panel.width, m.panel.height)
    strip = m.strip if simulated else 0
    rest = whole.below(strip)
    middle = rest.below(m.top).above(m.bottom)
    return Regions(
        whole.upper(strip),
        rest.upper(m.top),
        middle.inset(m.margin, 0).below(m.air),
        rest.lower(m.bottom).inset(m.margin, 0),
    )


@dataclass(frozen=True)
class TopActs:
    """What the pills do. None: the pill is not there."""

    language: Callable[[], None] | None
    larger: Callable[[], None]
    amounts: Callable[[], None] | None
    elder: tuple[bool, Callable[[], None]] | None = None
    """Whether elder mode is on, and what turns it; where languages are keys of the screen itself."""


def top(pencil: Pencil, words: Words, at: Regions, where: Where | None, name: str, acts: TopActs) -> None:
    """The strip when devices are simulated, where she is, and the pills."""
    m, palette = pencil.m, pencil.palette
    if at.strip.h:
        pencil.block(at.strip, palette.strip)
        said = words.text("glass.simulated")
        ink, on = palette.strip_ink, palette.strip
        pencil.text(at.strip, said, m.strip_letters, ink=ink, on=on, side="centre", upright="middle")
    row = at.top.inset(m.margin, (m.top - m.pill) // 2)
    taken = _pills(pencil, words, row, acts)
    pencil.block(Box(0, at.top.y + at.top.h - 2, at.top.w, 2), palette.line)
    row = at.top.inset(m.margin, m.mm(1)).above(2).above(0)
    row = Box(row.x, row.y, row.w - taken, row.h)
    if where is None:
        _name(pencil, row, name or words.text("receipt.bank"))
        return
    flow = words.text(where.flow)
    step = words.text("glass.step", step=where.step, of=where.of)
    wide = min(pencil.width(flow, m.body, bold=True), int(row.w * 0.55))
    pencil.text(row.start(wide), flow, m.body, bold=True, upright="middle")
    rest = row.after(wide + m.mm(4))
    size = m.small
    while size > m.floor and pencil.width(step, size) > rest.w:
        size = max(m.floor, int(size * 0.94))
    pencil.text(rest, step, size, ink=palette.soft, upright="middle")


def _pills(pencil: Pencil, words: Words, row: Box, acts: TopActs) -> int:
    m, language = pencil.m, pencil.look.language
    pills = [("larger", words.text("glass.normal") if m.large else words.text("glass.larger"), acts.larger)]
    if acts.elder:
        on, turn = acts.elder
        pills.append(("elder", words.text("glass.elder-off") if on else words.text("glass.elder"), turn))
    if acts.language:
        pills.append(("language", LANGUAGES[language], acts.language))
    taken = 0
    for id_, label, act in pills:
        wide = max(m.mm(26), min(pencil.width(label, m.small) + m.mm(12), m.mm(52)))
        cell = row.above(0).start(row.w - taken).end(wide)
        look = pencil.pressable(cell, "surface", id_, label, act)
        pencil.text(cell.inset(m.mm(3), 0), label, m.small, ink=look.ink, on=look.fill, side="centre", upright="middle")
        taken += wide + m.mm(4)
    if acts.amounts:
        _eye(pencil, words, row.above(0).start(row.w - taken).end(m.pill), acts.amounts)
        taken += m.pill + m.mm(4)
    return taken + m.mm(2)


def _name(pencil: Pencil, row: Box, name: str) -> None:
    """The bank, and after a dot its branch."""
    m = pencil.m
    bank, dot, branch = name.partition("·")
    wide = min(pencil.width(bank.strip(), m.body, bold=True), row.w)
    rest = row.after(wide + m.mm(4))
    whole = pencil.width(branch.strip(), m.small) <= rest.w
    pencil.text(row.start(wide) if dot and whole else row, bank.strip(), m.body, bold=True, upright="middle")
    if dot and whole:
        pencil.text(rest, branch.strip(), m.small, ink=pencil.palette.soft, upright="middle")


def _eye(pencil: Pencil, words: Words, cell: Box, act: Callable[[], None]) -> None:
    """The key that hides amounts from whoever stands close, and shows them again."""
    hidden = pencil.look.hidden
    label = words.text("glass.show-amounts") if hidden else words.text("glass.hide-amounts")
    look = pencil.pressable(cell, "next" if hidden else "surface", "amounts", label, act)
    x, y, w, h = pencil.rect(cell)
    eye(pencil, (x + w / 2, y + h / 2), h * 0.3, look.ink, shut=hidden)


@dataclass(frozen=True)
class BottomActs:
    """What back and help do."""

    back: Callable[[], None]
    help: Callable[[], None]


def bottom(pencil: Pencil, words: Words, at: Regions, chrome: Chrome, next_: Next | None, acts: BottomActs) -> None:
    """Back or finish, help from a person, and the one next touch: always in the same three places."""
    m = pencil.m
    row = at.bottom.below((m.bottom - m.key) // 2).upper(m.key)
    inner = row.w - 2 * m.gap
    back, help_ = int(inner * 0.27), int(inner * 0.31)
    if chrome.back:
        label = words.text("glass.back") if chrome.back == "back" else words.text("glass.leave")
        pencil.key(row.start(back), "quiet", chrome.back, label, acts.back)
    if chrome.help:
        _help(pencil, row.after(back + m.gap).start(help_), words.text("glass.help"), acts.help)
    if next_:
        cell = row.after(back + help_ + 2 * m.gap)
        style = "next" if next_.ready else "off"
        pencil.key(cell, style, "next", next_.verb, next_.act if next_.ready else lambda: None, size=m.verb)


def _help(pencil: Pencil, cell: Box, label: str, act: Callable[[], None]) -> None:
    m = pencil.m
    look = pencil.pressable(cell, "surface", "help", label, act)
    inner = cell.inset(m.mm(4), m.mm(2))
    icon = m.mm(9)
    one = pencil.width(label, m.body)
    if one + icon + m.mm(4) <= inner.w:
        row = inner.middle(one + icon + m.mm(4), inner.h)
        x, y, _, h = pencil.rect(row.start(icon))
        person(pencil, (x + icon / 2, y + h / 2), icon * 0.5, look.ink)
        pencil.text(row.after(icon + m.mm(4)), label, m.body, ink=look.ink, on=look.fill, upright="middle")
    else:
        pencil.text(inner, label, m.body, ink=look.ink, on=look.fill, side="centre", upright="middle")


@dataclass(frozen=True)
class SheetActs:
    """What the keys of the sheet do."""

    choose: Callable[[str], None]
    elder: Callable[[], None]
    close: Callable[[], None]


def sheet(pencil: Pencil, words: Words, acts: SheetActs, *, elder: bool) -> None:
    """Each language under its own name, and elder mode."""
    m, palette, panel = pencil.m, pencil.palette, pencil.m.panel
    whole = Box(0, 0, panel.width, panel.height)
    pencil.block(whole, palette.veil)
    high = m.mm(30)
    count = len(LANGUAGES)
    head = round(m.strong * 1.38) + m.mm(8)
    wide = min(panel.width - 2 * m.margin, m.mm(230))
    low = 2 * m.mm(18) + 2 * m.key_gap
    card = whole.middle(wide, min(panel.height - 2 * m.mm(6), head + count * (high + m.key_gap) + low + m.mm(24)))
    pencil.plate(card, palette.ground)
    inner = card.inset(m.mm(12), m.mm(10))
    pencil.text(inner.upper(head - m.mm(6)), words.text("glass.language"), m.strong, bold=True)
    body = inner.below(head)
    high = min(high, (body.h - low - count * m.key_gap) // count)
    for number, (language, name) in enumerate(LANGUAGES.items()):
        cell = Box(body.x, body.y + number * (high + m.key_gap), body.w, high)
        here = language == pencil.look.language
        look = pencil.pressable(
            cell, "next" if here else "card", f"language-{language}", name, _chooses(acts.choose, language)
        )
        ltr = language not in RIGHT_TO_LEFT
        pencil.text(
            cell.inset(m.mm(8), m.mm(2)), name, m.strong, bold=True, ink=look.ink, on=look.fill,
            side="centre", upright="middle", ltr=ltr,
        )  # fmt: skip
    label = words.text("glass.elder-off") if elder else words.text("glass.elder")
    row = body.lower(2 * m.mm(18) + m.key_gap)
    pencil.key(row.upper(m.mm(18)), "calm" if elder else "surface", "elder", label, acts.elder)
    pencil.key(row.lower(m.mm(18)), "surface", "close", words.text("glass.close"), acts.close)


def _chooses(choose: Callable[[str], None], language: str) -> Callable[[], None]:
    return lambda: choose(language)


def darkness(pencil: Pencil, words: Words, light: Callable[[], None]) -> None:
    """Nothing to read, and one way back to the light."""
    m, panel = pencil.m, pencil.m.panel
    pencil.block(Box(0, 0, panel.width, panel.height), DARK.ground)
    key = Box(0, 0, panel.width, panel.height).inset(m.margin, m.margin).lower(m.key)
    pencil.key(key, "surface", "light", words.text("glass.light"), light)


def warning(pencil: Pencil, words: Words, seconds: float, here: Callable[[], None]) -> Animate:
    """The question whether she is still here, with a ring that runs out; answers what moves it."""
    m, palette, panel = pencil.m, pencil.palette, pencil.m.panel
    whole = Box(0, 0, panel.width, panel.height)
    pencil.block(whole, palette.veil)
    wide = min(panel.width - 2 * m.mm(9), m.mm(300))
    size = m.mm(62 if not panel.landscape else 50)
    heading, line = words.text("glass.still-here"), words.text("glass.still-here.line", seconds=round(seconds))
    said = pencil.height(heading, m.title, wide - 2 * m.mm(13), bold=True)
    said += m.mm(2) + pencil.height(line, m.body, wide - 2 * m.mm(13))
    high = min(panel.height - 2 * m.mm(6), size + m.mm(6) + said + m.mm(14) + m.key + 2 * m.mm(11))
    card = whole.middle(wide, high)
    pencil.plate(card, palette.ground)
    inner = card.inset(m.mm(13), m.mm(11))
    clock = Box(inner.x + (inner.w - size) // 2, inner.y, size, size)
    body = inner.below(size + m.mm(6)).above(m.key + m.mm(6))
    taken = pencil.text(body.upper(int(body.h * 0.5)), heading, m.title, bold=True, side="centre")
    pencil.text(body.below(taken + m.mm(2)), line, m.body, ink=palette.soft, side="centre")
    pencil.key(inner.lower(m.key), "next", "still-here", words.text("glass.still-here.next"), here, size=m.verb)
    return _countdown(pencil, clock, seconds)


def _countdown(pencil: Pencil, box: Box, seconds: float) -> Animate:
    x, y, size, _ = pencil.rect(box)
    width = pencil.m.mm(2.2)
    cx, cy, r = x + size / 2, y + size / 2, size / 2 - width
    with pencil.layer.canvas:
        Color(*rgba(pencil.palette.line))
        SmoothLine(circle=(cx, cy, r), width=width / 2)
        Color(*rgba(pencil.palette.accent))
        arc = SmoothLine(circle=(cx, cy, r, 0, 359.9), width=width)
    shown = -1

    def animate(gone: float) -> None:
        nonlocal shown
        left = max(0.0, seconds - gone)
        arc.circle = (cx, cy, r, 0, max(0.1, 359.9 * left / seconds))
        if round(left + 0.4) != shown:
            shown = round(left + 0.4)
            pencil.layer.over(lambda: pencil.text(
                box, str(shown), pencil.m.count, bold=True, side="centre", upright="middle", ltr=True
            ))  # fmt: skip

    return animate
