"""The peer of the glass bench: a bare Kivy app that makes the same change.

It is told the same screens as plain data and builds them on the touch, as one writes it in Kivy: a Label for each text,
canvas instructions for the shapes, a button for what can be touched. It leaves a region alone that does not change.
It has no flow, no catalogue, no layout, no wrapping, no mirroring: every place and line break is given.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from kivy.app import App
from kivy.base import EventLoop
from kivy.config import Config
from kivy.graphics import Color, Ellipse, Rectangle, SmoothLine, SmoothRoundedRectangle
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.label import Label
from kivy.uix.widget import Widget

from bench.glass_ours import FONTS
from bench.glass_tour import PANEL, REST, Stopwatch, obey

SETTINGS = {"width": PANEL[0], "height": PANEL[1], "resizable": 0, "multisamples": 0, "maxfps": 60}
GROUND = (0.98, 0.969, 0.945, 1)
LINE = 0.66
"""Of the merged fonts' own line height, so that lines stand as far apart as ours."""


class Key(ButtonBehavior, Widget):  # type: ignore[misc]  # Kivy has no types
    """What can be touched."""


class Region(FloatLayout):  # type: ignore[misc]  # Kivy has no types
    """One part of a screen."""

    def __init__(self, layer: dict[str, Any], change: Any, touch: str) -> None:
        super().__init__(size_hint=(None, None), size=PANEL)
        for item in layer["items"]:
            if item["kind"] == "text":
                self.add_widget(_label(item))
            else:
                _shape(self.canvas, item)
        self.keys = {}
        for id_, (x, y, w, h) in layer["keys"].items():
            key = self.keys[id_] = Key(size_hint=(None, None), pos=(x, y), size=(w, h))
            if id_ == touch:
                key.bind(on_release=change)
            self.add_widget(key)


def _label(item: dict[str, Any]) -> Label:
    return Label(
        text=item["text"],
        font_name=str(FONTS[item["bold"]]),
        font_size=item["size"],
        color=item["rgba"],
        halign=item["align"],
        line_height=LINE,
        size_hint=(None, None),
        pos=item["pos"],
        size=item["box"],
    )


def _shape(canvas: Any, item: dict[str, Any]) -> None:
    with canvas:
        Color(*item["rgba"])
        if item["kind"] == "line":
            SmoothLine(points=item["points"], width=item["width"], cap="round", joint="round")
        elif item["kind"] == "round":
            SmoothRoundedRectangle(pos=item["pos"], size=item["box"], radius=[item["radius"]])
        elif item["kind"] == "disc":
            Ellipse(pos=item["pos"], size=item["box"])
        else:
            Rectangle(pos=item["pos"], size=item["box"])


class Bare(App):  # type: ignore[misc]  # Kivy has no types
    """The whole peer."""

    def __init__(self, scenes: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__()
        self.scenes, self.way, self.at = scenes, scenes["zh"], 0
        self.regions: list[Region] = []
        self.drawn: list[Any] = []
        self.up = asyncio.Event()
        self.watch: Stopwatch | None = None

    def build(self) -> Widget:
        EventLoop.window.clearcolor = GROUND
        return FloatLayout(size_hint=(None, None), size=PANEL)

    def on_start(self) -> None:
        self.watch = Stopwatch()
        self.up.set()

    async def begin(self, language: str) -> None:
        self.way, self.at = self.scenes[language], 0
        self._show()
        await asyncio.sleep(REST)

    def change(self, _key: Key) -> None:
        """The touch: on to the next screen."""
        self.at += 1
        self._show()
        if self.watch:
            self.watch.changed = True

    def _show(self) -> None:
        scene = self.way[self.at]
        wanted = [(layer, scene["touch"] if scene["touch"] in layer["keys"] else "") for layer in scene["layers"]]
        for number, (layer, touch) in enumerate(wanted):
            if number < len(self.drawn) and self.drawn[number] == (layer, touch):
                continue
            fresh = Region(layer, self.change, touch)
            if number < len(self.regions):
                self.root.remove_widget(self.regions[number])
                self.regions[number] = fresh
            else:
                self.regions.append(fresh)
            self.root.add_widget(fresh)
        self.drawn = wanted

    def middle(self, touch: str) -> tuple[float, float]:
        for region in self.regions:
            if touch in region.keys:
                x, y = region.keys[touch].center
                return float(x), float(y)
        raise LookupError(touch)


async def main(scenes: dict[str, list[dict[str, Any]]]) -> None:
    app = Bare(scenes)
    window = asyncio.create_task(app.async_run(async_lib="asyncio"))
    await app.up.wait()
    assert app.watch is not None
    await obey(app, app.watch)
    app.stop()
    await window


if __name__ == "__main__":
    for name, value in SETTINGS.items():
        Config.set("graphics", name, str(value))
    EventLoop.ensure_window()
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
