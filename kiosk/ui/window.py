"""The one Kivy window, and the App that serves it inside asyncio."""

from collections.abc import Callable
from typing import Any

from kivy.app import App
from kivy.base import EventLoop
from kivy.config import Config
from kivy.uix.widget import Widget

from kiosk.ui.colour import rgba
from kiosk.ui.tokens import Panel

SETTINGS = (
    ("kivy", "exit_on_escape", "0"),
    ("kivy", "keyboard_mode", ""),
    ("graphics", "resizable", "0"),
    ("graphics", "multisamples", "0"),  # every shape smooths its own edges
    ("graphics", "maxfps", "60"),
    ("input", "mouse", "mouse,disable_multitouch"),
)


class _Kiosk(App):  # type: ignore[misc]  # Kivy has no types
    """The App around one root widget."""

    def __init__(self, root: Widget, opened: Callable[[], None]) -> None:
        super().__init__()
        self._widget, self._opened = root, opened

    def build(self) -> Any:
        """The root widget, as large as the window."""
        self._widget.size = EventLoop.window.size
        return self._widget

    def on_start(self) -> None:
        """The window is open."""
        self._opened()


def prepare(panel: Panel, *, fullscreen: bool = False) -> None:
    """Open the window at the panel's size. Call before the first widget is made, which would open one of any size."""
    for section, key, value in SETTINGS:
        Config.set(section, key, value)
    Config.set("graphics", "width", str(panel.width))
    Config.set("graphics", "height", str(panel.height))
    if fullscreen:
        Config.set("graphics", "fullscreen", "auto")
        Config.set("graphics", "show_cursor", "0")
    EventLoop.ensure_window()
    if EventLoop.window.size != (panel.width, panel.height) and not fullscreen:
        EventLoop.window.size = (panel.width, panel.height)


async def serve(root: Widget, opened: Callable[[], None]) -> None:
    """Serve the window until `close`."""
    await _Kiosk(root, opened).async_run(async_lib="asyncio")


def close() -> None:
    """End the App."""
    running = App.get_running_app()
    if running is not None:
        running.stop()


def ground(colour: str) -> None:
    """Colour the window behind everything."""
    EventLoop.window.clearcolor = rgba(colour)
