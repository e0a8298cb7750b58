"""What may change on the glass while a screen stands on it."""

import asyncio

import pytest
from glass_booth import Booth
from glass_rules import taken_off
from glass_samples import SAMPLES

from flows.ports import Back
from kiosk.ui.pencil import Layer, Look, Pencil
from kiosk.ui.tokens import Box, Measures


def test_the_bank_and_its_branch_stand_where_no_flow_runs(booth: Booth) -> None:
    """The name may change at any moment, and without one the glass says the name that receipts carry."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["attract"]))
        await asyncio.sleep(0)
        usual = booth.stage.name
        assert {"示例银行", "朝阳支行"} <= set(booth.stage.read())
        booth.stage.name = "海边银行 · 港口支行"
        assert {"海边银行", "港口支行"} <= set(booth.stage.read())
        booth.stage.name = ""
        assert "演示银行" in booth.stage.read()
        booth.stage.name = usual
        await taken_off(showing)

    booth.run(story())


def test_high_contrast_is_higher(booth: Booth) -> None:
    """With it on, ink is black on white."""

    async def inks(*, high: bool) -> set[tuple[str, str]]:
        booth.stage.high_contrast = high
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["unsure"]))
        await asyncio.sleep(0)
        found = {(one.ink, one.ground) for layer in booth.stage.layers() for one in layer.texts}
        await taken_off(showing)
        booth.stage.high_contrast = False
        return found

    high, usual = booth.run(inks(high=True)), booth.run(inks(high=False))
    assert ("#000000", "#FFFFFF") in high
    assert ("#000000", "#FFFFFF") not in usual


def test_a_small_thing_to_touch_has_a_large_place_to_touch(booth: Booth) -> None:
    """What is drawn smaller than a fingertip is touched around it, on every side alike."""

    async def story() -> None:
        measures = Measures(booth.stage.panel)
        look = Look(measures, "zh", rtl=False)
        made = Pencil(Layer(), booth.stage._letters, look).touchable(Box(400, 400, 10, 200), "x", "x", lambda: None)
        assert made.rect == (405 - measures.target // 2, booth.stage.panel.height - 600, measures.target, 200)

    booth.run(story())


def test_elder_mode_is_turned_at_the_first_screen_and_in_the_sheet_and_ends_with_the_visit(booth: Booth) -> None:
    """It brings larger type and more time, and takes both back."""

    async def story() -> None:
        stage = booth.stage
        showing = asyncio.create_task(stage.show(*SAMPLES["attract"]))
        await booth.hand.touch("elder")
        assert (stage.elder, stage.large, stage.slow) == (True, True, True)
        await taken_off(showing)
        showing = asyncio.create_task(stage.show(*SAMPLES["choose-two"]))
        await booth.hand.touch("language")
        await booth.hand.touch("elder")
        assert (stage.elder, stage.large, stage.slow) == (False, False, False)
        stage.elder = True
        stage.reset()
        assert (stage.elder, stage.large, stage.slow) == (False, False, False)
        await taken_off(showing)

    booth.run(story())


def test_a_dark_screen_shows_nothing_to_read_and_a_touch_anywhere_lights_it(booth: Booth) -> None:
    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["confirm"]))
        await booth.hand.await_open("next")
        booth.stage.dark = True
        assert booth.stage.read() == ["亮屏"]
        await booth.hand.press((50, 1000))
        assert not booth.stage.dark
        assert not showing.done()
        await taken_off(showing)

    booth.run(story())


def test_a_key_of_the_pad_answers_the_shown_screen_and_no_other(booth: Booth) -> None:
    """What was said before the screen changed is not answered by a late key."""

    async def story() -> None:
        screen, chrome = SAMPLES["choose-two"]
        showing = asyncio.create_task(booth.stage.show(screen, chrome))
        await booth.hand.await_open("o0")
        booth.stage.pressed(SAMPLES["choose"][0], "o1")
        await asyncio.sleep(0)
        assert not showing.done()
        booth.stage.pressed(screen, "o1")
        assert await showing == "o1"
        leaving = asyncio.create_task(booth.stage.show(screen, chrome))
        await booth.hand.await_open("o0")
        booth.stage.pressed(screen, Back())
        with pytest.raises(Back):
            await leaving

    booth.run(story())
