"""Every kind of screen, in every language, size and orientation, held against the rules of the glass."""

import asyncio
from pathlib import Path

import pytest
from glass_booth import Booth
from glass_rules import LOOKS, faults, taken_off, turned, walked
from glass_samples import SAMPLES
from PIL import Image

from kiosk.ui.tokens import Measures, Panel


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_is_cut_off_small_faint_or_overlapping(either: Booth, name: str) -> None:
    """Every touch is 9 mm or more and lies alone inside the glass; every text is whole, large and dark enough."""

    async def story() -> list[str]:
        found = []
        for language, large in LOOKS:
            turned(either, language, large=large)
            found += [f"{language}{' large' * large}: {fault}" for fault in await walked(either, *SAMPLES[name])]
        return found

    assert either.run(story()) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_high_contrast_keeps_the_same_rules(either: Booth, name: str) -> None:
    """The high-contrast colours change no size, and every text stands out on its ground."""

    async def story() -> list[str]:
        turned(either, "en")
        either.stage.high_contrast = True
        try:
            return await walked(either, *SAMPLES[name])
        finally:
            either.stage.high_contrast = False

    assert either.run(story()) == []


def test_the_sheet_and_the_warning_keep_the_same_rules(either: Booth) -> None:
    """What lies over a screen is whole, large and dark enough too."""

    async def story() -> list[str]:
        found = []
        for language, large in LOOKS:
            turned(either, language, large=large)
            showing = asyncio.create_task(either.stage.show(*SAMPLES["amount"]))
            await asyncio.sleep(0)
            either.stage.find("language").act()
            found += [f"sheet, {language} {large}: {fault}" for fault in faults(either)]
            either.stage.find("close").act()
            either.stage.dark = True
            found += [f"dark, {language} {large}: {fault}" for fault in faults(either)]
            either.stage.find("light").act()
            warning = asyncio.create_task(either.stage.warn(20))
            await asyncio.sleep(0)
            found += [f"warning, {language} {large}: {fault}" for fault in faults(either)]
            await taken_off(warning, showing)
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
        await taken_off(showing)
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
        await taken_off(showing)

    either.run(story())


def test_a_screenshot_is_as_large_as_the_panel(either: Booth, tmp_path: Path) -> None:
    """The window has the panel's pixels, and they are drawn."""

    async def story() -> None:
        showing = asyncio.create_task(either.stage.show(*SAMPLES["choose"]))
        await asyncio.sleep(0.05)
        either.stage.screenshot(tmp_path / "glass.png")
        await taken_off(showing)

    either.run(story())
    picture = Image.open(tmp_path / "glass.png")
    assert picture.size == (either.stage.panel.width, either.stage.panel.height)
    assert len(picture.getcolors(1 << 22) or []) > 20


def test_measures_follow_the_glass_not_its_pixels() -> None:
    """Nine millimetres are nine millimetres on a panel of any size and density."""
    small, dense = Panel(1080, 1920, 21.5), Panel(2160, 3840, 21.5)
    assert Measures(dense).mm(9) == pytest.approx(2 * Measures(small).mm(9), abs=1)
    assert Measures(small).mm(25.4) == pytest.approx(small.pixels_per_mm * 25.4, abs=1)
