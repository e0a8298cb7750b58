"""What may change on the glass while a screen stands on it."""

import asyncio

from glass_booth import Booth
from glass_rules import taken_off
from glass_samples import SAMPLES

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
