"""Every kind of screen, in every language, size and orientation, held against the rules of the glass."""

import asyncio
import itertools
from pathlib import Path

import pytest
from glass_booth import Booth
from glass_samples import SAMPLES
from PIL import Image

from kiosk.ui.pencil import Rect
from kiosk.ui.tokens import LANGUAGES, Measures, Panel, contrast

LOOKS = list(itertools.product(LANGUAGES, (False, True)))


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


def faults(booth: Booth) -> list[str]:
    """What is wrong on the glass now, in words."""
    panel = booth.stage.panel
    floor, least = Measures(panel).floor, Measures(panel).mm(9)
    whole = (0, 0, panel.width, panel.height)
    layers = booth.stage.layers()
    touches = [one for layer in layers for one in layer.touches]
    texts = [one for layer in layers for one in layer.texts]
    found = [f"{one.id} is too small: {one.rect}" for one in touches if min(one.rect[2:]) < least]
    found += [f"{one.id} leaves the glass: {one.rect}" for one in touches if not within(one.rect, whole)]
    for one, other in itertools.combinations(touches, 2):
        if across(one.rect, other.rect):
            found.append(f"{one.id} and {other.id} overlap")
    for text in texts:
        if not within(text.taken, text.box):
            found.append(f"{text.text!r} is cut off: {text.taken} in {text.box}")
        if not within(text.taken, whole):
            found.append(f"{text.text!r} leaves the glass: {text.taken}")
        if text.size < floor:
            found.append(f"{text.text!r} is set in {text.size} px")
        if contrast(text.ink, text.ground) < 7:
            found.append(f"{text.text!r} stands out too little: {text.ink} on {text.ground}")
    for text, another in itertools.combinations([one for one in texts if one.text != "*"], 2):
        if across(text.taken, another.taken):
            found.append(f"{text.text!r} and {another.text!r} lie over each other")
    return found


async def walked(booth: Booth, name: str) -> list[str]:
    """Show a sample and turn to each of its pages; answers what is wrong."""
    screen, chrome = SAMPLES[name]
    showing = asyncio.create_task(booth.stage.show(screen, chrome))
    await asyncio.sleep(0)
    found = faults(booth)
    if name in ("amount", "number"):
        booth.stage.typed("123456789" if name == "amount" else "6228480012345678901")
        found += faults(booth)
    pages = [one.id for layer in booth.stage.layers() for one in layer.touches if one.id.startswith("page-")]
    for page in pages:
        booth.stage.find(page).act()
        found += [f"on {page}: {fault}" for fault in faults(booth)]
    if name == "pin":
        booth.stage.count(8)
        found += faults(booth)
    showing.cancel()
    await asyncio.gather(showing, return_exceptions=True)
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_is_cut_off_small_faint_or_overlapping(either: Booth, name: str) -> None:
    """Every touch is 9 mm or more and lies alone inside the glass; every text is whole, large and dark enough."""

    async def story() -> list[str]:
        found = []
        for language, large in LOOKS:
            either.stage.reset()
            either.stage.language, either.stage.large = language, large
            found += [f"{language}{' large' * large}: {fault}" for fault in await walked(either, name)]
        return found

    assert either.run(story()) == []


def test_the_sheet_and_the_warning_keep_the_same_rules(either: Booth) -> None:
    """What lies over a screen is whole, large and dark enough too."""

    async def story() -> list[str]:
        found = []
        screen, chrome = SAMPLES["amount"]
        for language, large in LOOKS:
            either.stage.reset()
            either.stage.language, either.stage.large = language, large
            showing = asyncio.create_task(either.stage.show(screen, chrome))
            await asyncio.sleep(0)
            either.stage.find("language").act()
            found += [f"sheet, {language} {large}: {fault}" for fault in faults(either)]
            either.stage.find("close").act()
            warning = asyncio.create_task(either.stage.warn(20))
            await asyncio.sleep(0)
            found += [f"warning, {language} {large}: {fault}" for fault in faults(either)]
            for task in (warning, showing):
                task.cancel()
            await asyncio.gather(warning, showing, return_exceptions=True)
        return found

    assert either.run(story()) == []


def test_larger_type_is_larger(either: Booth) -> None:
    """In larger type what is read is at least a third larger on every kind but where a key must hold it."""

    async def sizes(large: bool) -> int:
        either.stage.reset()
        either.stage.language, either.stage.large = "zh", large
        showing = asyncio.create_task(either.stage.show(*SAMPLES["unsure"]))
        await asyncio.sleep(0)
        line = next(t for layer in either.stage.layers() for t in layer.texts if t.text.startswith("您的钱"))
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        return line.size

    assert either.run(sizes(large=True)) >= either.run(sizes(large=False)) * 1.33


@pytest.mark.parametrize("name", ["amount", "confirm"])
def test_arabic_mirrors_everything_but_the_digits(either: Booth, name: str) -> None:
    """Back stands right and next left, but 1 stays left of 3."""

    async def story() -> None:
        either.stage.reset()
        either.stage.language = "ar"
        showing = asyncio.create_task(either.stage.show(*SAMPLES[name]))
        await asyncio.sleep(0)
        assert either.stage.find("back").rect[0] > either.stage.find("help").rect[0] > either.stage.find("next").rect[0]
        if name == "amount":
            assert either.stage.find("digit-1").rect[0] < either.stage.find("digit-3").rect[0]
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)

    either.run(story())


def test_a_screenshot_is_as_large_as_the_panel(either: Booth, tmp_path: Path) -> None:
    """The window has the panel's pixels, and they are drawn."""

    async def story() -> None:
        showing = asyncio.create_task(either.stage.show(*SAMPLES["choose"]))
        await asyncio.sleep(0.05)
        either.stage.screenshot(tmp_path / "glass.png")
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)

    either.run(story())
    picture = Image.open(tmp_path / "glass.png")
    assert picture.size == (either.stage.panel.width, either.stage.panel.height)
    assert len(picture.getcolors(1 << 22) or []) > 20


def test_measures_follow_the_glass_not_its_pixels() -> None:
    """Nine millimetres are nine millimetres on a panel of any size and density."""
    small, dense = Panel(1080, 1920, 21.5), Panel(2160, 3840, 21.5)
    assert Measures(dense).mm(9) == pytest.approx(2 * Measures(small).mm(9), abs=1)
    assert Measures(small).mm(25.4) == pytest.approx(small.pixels_per_mm * 25.4, abs=1)
