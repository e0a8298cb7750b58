"""Our side of the glass bench: KivyStage as the terminal composes it, with its catalogues and fonts.

`python -m bench.glass_ours` obeys `touch LANGUAGE` and `frames LANGUAGE`; with `--record` it writes down what stands on
each screen of the way, shape by shape, for the peer to make the same.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.glass_tour import LANGUAGES, PANEL, REST, WAY, Stop, Stopwatch, obey

ROOT = Path(__file__).resolve().parent.parent
FONTS = ROOT / "build/fonts/kiosk.ttf", ROOT / "build/fonts/kiosk-bold.ttf"
Scene = dict[str, Any]


class Ours:
    """A stage, and a flow that goes the way."""

    def __init__(self) -> None:
        from kiosk.app import Fonts, KivyStage
        from kiosk.ui.tokens import Panel
        from kiosk.words import Catalogue

        words = Catalogue(ROOT / "i18n", lambda: self.stage.language)
        self.stage = KivyStage(words, Fonts(*FONTS), panel=Panel(*PANEL), simulated=True, name="示例银行")
        self._flow: asyncio.Task[None] | None = None

    async def begin(self, language: str) -> None:
        """A visit in a language (`ar-large`: in larger type): every answer brings the next screen."""
        await self.end()
        self.stage.language, _, size = language.partition("-")
        self.stage.large = size == "large"
        self._flow = asyncio.create_task(self._go())
        await asyncio.sleep(REST)

    async def end(self) -> None:
        """Nobody is here."""
        if self._flow:
            self._flow.cancel()
            await asyncio.gather(self._flow, return_exceptions=True)

    async def _go(self) -> None:
        for stop in WAY:
            await self.stage.show(stop.screen, stop.chrome)

    def middle(self, touch: str) -> tuple[float, float]:
        x, y, w, h = self.stage.find(touch).rect
        return x + w / 2, y + h / 2


async def measured() -> None:
    """Serve the parent's orders."""
    ours = Ours()
    window = asyncio.create_task(ours.stage.run())
    await ours.stage.ready()
    watch = Stopwatch()

    def on_the_glass(*_: object) -> None:
        watch.changed = True

    ours.stage.observers.append(on_the_glass)
    await obey(ours, watch)
    await ours.end()
    ours.stage.stop()
    await window


# --- what stands on the glass


async def recorded() -> None:
    """Print every screen of the way in every language, as plain shapes and lines of text."""
    import kiosk.app
    from kiosk.ui.letters import Letters

    texts: dict[int, dict[str, Any]] = {}

    class Recorder(Letters):
        """Letters that know which texture is which text."""

        def texture(self, text: str, setting: Any) -> Any:
            made = super().texture(text, setting)
            block = self.block(text, setting)
            texts[id(made)] = {
                "kind": "text", "text": "\n".join(block.lines), "size": setting.size, "bold": setting.bold,
                "align": "center" if setting.align == "centre" else setting.align,
            }  # fmt: skip
            return made

    kiosk.app.Letters = Recorder  # type: ignore[attr-defined]  # where the stage takes its letters from
    ours = Ours()
    window = asyncio.create_task(ours.stage.run())
    await ours.stage.ready()
    print(json.dumps({language: [await _scene(ours, language, stop, texts) for stop in WAY] for language in LANGUAGES}))
    ours.stage.stop()
    await window


async def _scene(ours: Ours, language: str, stop: Stop, texts: dict[int, dict[str, Any]]) -> Scene:
    ours.stage.language = language
    shown = asyncio.create_task(ours.stage.show(stop.screen, stop.chrome))
    await asyncio.sleep(REST)
    layers = [
        {"items": list(_items(layer.canvas.children, texts)), "keys": {one.id: one.rect for one in layer.touches}}
        for layer in ours.stage.layers()
    ]
    moving = sum(len(layer.moving) for layer in ours.stage.layers())
    shown.cancel()
    await asyncio.gather(shown, return_exceptions=True)
    if moving:
        raise AssertionError(f"{stop.screen.key} moves; the peer would not")
    return {"layers": layers, "touch": stop.touch}


def _items(instructions: Any, texts: dict[int, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Shapes and texts from below. One of a kind that is not known here is an error: the peer must lack nothing."""
    colour: list[float] = []
    for one in instructions:
        match type(one).__name__:
            case "Color":
                colour = list(one.rgba)
            case "BindTexture" | "AntiAliasingLine":  # come with the shape after or before them
                continue
            case "Rectangle":
                found = texts.get(id(one.texture), {"kind": "block"})
                yield found | {"rgba": colour, "pos": one.pos, "box": one.size}
            case "SmoothRoundedRectangle":
                yield {"kind": "round", "rgba": colour, "pos": one.pos, "box": one.size, "radius": one.radius[0][0]}
            case "Ellipse":
                yield {"kind": "disc", "rgba": colour, "pos": one.pos, "box": one.size}
            case "SmoothLine":
                if not one.points:
                    raise AssertionError("the peer cannot draw a line without points yet")
                yield {"kind": "line", "rgba": colour, "points": list(one.points), "width": one.width}
            case other:
                raise AssertionError(f"the peer cannot draw a {other} yet")


if __name__ == "__main__":
    asyncio.run(recorded() if "--record" in sys.argv else measured())
