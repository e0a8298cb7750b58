"""The rules of the glass, as faults in words; and a walk through all that a screen can show."""

import asyncio
import itertools
import re
from typing import Any

from glass_booth import Booth

from flows.ports import Chrome
from flows.screens import EnterAmount, EnterNumber, EnterPin, EnterText, Screen, Wait
from kiosk.ui.colour import contrast
from kiosk.ui.pencil import Rect, Touchable, Written
from kiosk.ui.tokens import LANGUAGES, Measures

LOOKS = list(itertools.product(LANGUAGES, (False, True)))
ISOLATED = re.compile("[\u2066\u2068][^\u2069]*\u2069")
ARABIC = re.compile("[\u0600-\u06ff]")
PIECED = re.compile(r"[¥*•]|\d[\s,.*•/:-]+[\d*•]")
"""A number of several pieces, which Arabic would put into another order."""


CAPITAL = 0.714
"""Height of a capital of the terminal's fonts, in em."""
FLOOR = 4.75
MARKS = re.compile("[\\W\\d]+")
"""What is no sentence: page numbers, stars, hidden amounts."""
CAPITALS = {"heading": 8.0, "line": 5.0}
"""Millimetres that a capital must have on the glass, at least; FLOOR for whatever else there is to read."""


def order_faults(texts: list[Written], *, rtl: bool) -> list[str]:
    """Texts that are written after one another, and stand before one another for whoever reads: up, and back."""
    found = []
    sentences = [one for one in texts if not MARKS.fullmatch(one.text)]
    for one, other in itertools.pairwise(sentences):
        above = other.taken[1] > one.taken[1] + one.taken[3] - 2
        before = (
            other.taken[0] > one.taken[0] + one.taken[2] - 2
            if rtl
            else other.taken[0] + other.taken[2] < one.taken[0] + 2
        )
        if above and before:
            found.append(f"{other.text!r} is read after {one.text!r}, and stands before it")
    return found


def across(one: Rect, other: Rect) -> bool:
    """True when two rectangles lie over each other by more than a hair."""
    x = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    y = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return x > 2 and y > 2


def within(inner: Rect, outer: Rect, hair: int = 1) -> bool:
    return (
        inner[0] >= outer[0] - hair
        and inner[1] >= outer[1] - hair
        and inner[0] + inner[2] <= outer[0] + outer[2] + hair
        and inner[1] + inner[3] <= outer[1] + outer[3] + hair
    )


def loose(text: str) -> bool:
    """True when an Arabic sentence holds a number of several pieces outside of an isolate."""
    return bool(ARABIC.search(text) and PIECED.search(ISOLATED.sub("", text)))


def faults(booth: Booth) -> list[str]:
    """What is wrong on the glass now, in words."""
    layers = booth.stage.layers()
    touches = [one for layer in layers for one in layer.touches]
    texts = [one for layer in layers for one in layer.texts]
    found = [*_touch_faults(booth, touches), *(fault for text in texts for fault in _text_faults(booth, text))]
    found += [fault for layer in layers for fault in order_faults(layer.texts, rtl=booth.stage.language == "ar")]
    return found + [
        f"{text.text!r} and {other.text!r} lie over each other"
        for text, other in itertools.combinations([one for one in texts if one.text != "*"], 2)
        if across(text.taken, other.taken)
    ]


def _touch_faults(booth: Booth, touches: list[Touchable]) -> list[str]:
    panel = booth.stage.panel
    least, whole = Measures(panel).mm(9), (0, 0, panel.width, panel.height)
    found = [f"{one.id} is too small: {one.rect}" for one in touches if min(one.rect[2:]) < least]
    found += [f"{one.id} leaves the glass: {one.rect}" for one in touches if not within(one.rect, whole)]
    found += [f"{one.id} has no label" for one in touches if not one.label]
    for one, other in itertools.combinations(touches, 2):
        if across(one.rect, other.rect):
            found.append(f"{one.id} and {other.id} overlap")
        if one.id == other.id:
            found.append(f"two keys are called {one.id}")
    return found


def _text_faults(booth: Booth, text: Written) -> list[str]:
    panel, found = booth.stage.panel, []
    if not within(text.taken, text.box):
        found.append(f"{text.text!r} is cut off: {text.taken} in {text.box}")
    if not within(text.taken, (0, 0, panel.width, panel.height)):
        found.append(f"{text.text!r} leaves the glass: {text.taken}")
    high, least = text.size * CAPITAL / panel.pixels_per_mm, CAPITALS.get(text.role, FLOOR)
    if high < least:
        found.append(f"{text.text!r} has capitals of {high:.1f} mm, not {least}")
    if contrast(text.ink, text.ground) < 7:
        found.append(f"{text.text!r} stands out too little: {text.ink} on {text.ground}")
    if not text.whole and "****" not in text.text:
        found.append(f"{text.text!r} has a broken word")
    if loose(text.text):
        found.append(f"{text.text!r} has a number outside of an isolate")
    return found


async def walked(booth: Booth, screen: Screen[Any], chrome: Chrome) -> list[str]:
    """Show a screen and all that can stand on it: what is typed, each page, hidden amounts. Answers what is wrong."""
    showing = asyncio.create_task(booth.stage.show(screen, chrome))
    await asyncio.sleep(0)
    found = faults(booth)
    if isinstance(screen, EnterAmount | EnterNumber):
        booth.stage.typed("123456789" if isinstance(screen, EnterAmount) else "6228480012345678901")
        found += [f"typed: {fault}" for fault in faults(booth)]
    if isinstance(screen, EnterText):
        for key in "WM" * (screen.longest // 2):
            booth.stage.find(f"key-{key}").act()
        found += [f"typed: {fault}" for fault in faults(booth)]
    if isinstance(screen, EnterPin):
        booth.stage.count(8)
        found += [f"8 digits: {fault}" for fault in faults(booth)]
    if isinstance(screen, Wait) and booth.stage._shown:
        booth.stage._shown.draft.waited = 60.0
        booth.stage._redraw()
        found += [f"long: {fault}" for fault in faults(booth)]
    for page in paged(booth):
        booth.stage.find(page).act()
        found += [f"on {page}: {fault}" for fault in faults(booth)]
    if any(one.id == "amounts" for layer in booth.stage.layers() for one in layer.touches):
        booth.stage.hidden = True
        found += [f"hidden: {fault}" for fault in faults(booth)]
        booth.stage.hidden = False
    await taken_off(showing)
    return found


def paged(booth: Booth) -> list[str]:
    """The ids of the page numbers on the glass."""
    return [one.id for layer in booth.stage.layers() for one in layer.touches if one.id.startswith("page-")]


async def taken_off(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def turned(booth: Booth, language: str, *, large: bool = False) -> None:
    """As after a visit, then in a language and a letter size."""
    booth.stage.reset()
    booth.stage.language, booth.stage.large = language, large
