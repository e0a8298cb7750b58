"""The audit is itself proved: each rule of the glass is broken once on a real screen, and the widget is named."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from glass_booth import Booth
from glass_rules import faults, taken_off, turned
from glass_samples import SAMPLES

from kiosk.ui.pencil import Layer, Rect, Written
from kiosk.ui.tokens import Measures


def _moved(rect: Rect, x: int, y: int) -> Rect:
    return rect[0] + x, rect[1] + y, rect[2], rect[3]


def _text(layers: list[Layer], role: str) -> tuple[Layer, int, Written]:
    """The first text of this role, and where it stands in the record."""
    for layer in layers:
        for place, text in enumerate(layer.texts):
            if text.role == role and len(text.text) > 3:
                return layer, place, text
    raise LookupError(role)


def _changed(role: str, **change: object) -> Callable[[Booth], str]:
    def plant(booth: Booth) -> str:
        layer, place, text = _text(booth.stage.layers(), role)
        layer.texts[place] = replace(text, **change)  # type: ignore[arg-type]
        return text.text

    return plant


def _small(role: str, millimetres: float) -> Callable[[Booth], str]:
    def plant(booth: Booth) -> str:
        return _changed(role, size=int(Measures(booth.stage.panel).mm(millimetres) / 0.714))(booth)

    return plant


def _cut(booth: Booth) -> str:
    layer, place, text = _text(booth.stage.layers(), "line")
    layer.texts[place] = replace(text, taken=(*text.taken[:2], text.box[2] + 40, text.taken[3]))
    return text.text


def _over(booth: Booth) -> str:
    layer, place, text = _text(booth.stage.layers(), "line")
    _, _, heading = _text(booth.stage.layers(), "heading")
    layer.texts[place] = replace(text, taken=heading.taken, box=heading.box)
    return text.text


def _backwards(booth: Booth) -> str:
    """What is read last is written where reading begins."""
    layer, place, text = _text(booth.stage.layers(), "line")
    panel = booth.stage.panel
    x = panel.width - 22 if booth.stage.language == "ar" else 0
    spot = (x, panel.height - 60, 20, 50)
    layer.texts[place] = replace(text, taken=spot, box=spot)
    return text.text


def _tiny(booth: Booth) -> str:
    one = booth.stage.find("back")
    one.rect = (*one.rect[:2], one.rect[2], Measures(booth.stage.panel).mm(8.5))
    return "back is too small"


def _together(booth: Booth) -> str:
    one, other = booth.stage.find("back"), booth.stage.find("help")
    one.rect = _moved(other.rect, 5, 5)
    return "overlap"


def _outside(booth: Booth) -> str:
    one = booth.stage.find("back")
    one.rect = _moved(one.rect, 0, -400)
    return "back leaves the glass"


PLANTED: dict[str, Callable[[Booth], str]] = {
    "a line of 4.5 mm": _small("line", 4.5),
    "a heading of 7 mm": _small("heading", 7),
    "cut off": _cut,
    "one over the other": _over,
    "read out of order": _backwards,
    "faint": _changed("line", ink="#888888"),
    "a broken word": _changed("heading", whole=False),
    "a target of 8.5 mm": _tiny,
    "two targets in one place": _together,
    "a target off the glass": _outside,
}


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("name", PLANTED)
def test_a_broken_rule_is_found_and_the_widget_named(either: Booth, name: str, language: str) -> None:
    async def story() -> None:
        turned(either, language)
        showing = asyncio.create_task(either.stage.show(*SAMPLES["number"]))
        await asyncio.sleep(0)
        assert not faults(either)
        named = PLANTED[name](either)
        found = faults(either)
        assert any(named in fault for fault in found), (named, found)
        either.stage._redraw()
        await taken_off(showing)

    either.run(story())
