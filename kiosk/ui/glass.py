"""The glass itself: layers over each other, a finger on them, and what moves."""

import asyncio
from collections.abc import Callable
from typing import Any

from kivy.clock import Clock
from kivy.uix.widget import Widget

from kiosk.ui.pencil import Layer, Touchable
from kiosk.ui.tokens import THEME

QUICK = THEME.motion.quick
"""Seconds between two touches of the same key of a keypad: a bounce is faster, a finger slower."""
FRAME = 1 / 30
"""Seconds between two steps of a motion."""


class Glass(Widget):  # type: ignore[misc]  # Kivy has no types
    """The root of the window: finds what a finger touches, and acts when it leaves."""

    def __init__(self, touched: Callable[[], None], debounce: float, slop: float) -> None:
        super().__init__(size_hint=(None, None))
        self.head, self.page, self.foot, self.over = Layer(), Layer(), Layer(), Layer()
        for layer in self.layers:
            self.add_widget(layer)
        self._touched, self.debounce, self._slop = touched, debounce, slop
        self.anywhere: Callable[[], None] | None = None
        """What a touch beside every key does while a sheet lies over the screen."""
        self.open_at = 0.0
        self._down: tuple[Any, Touchable, Layer] | None = None
        self._acted: tuple[str, float] = ("", 0.0)
        self._moving: Any = None
        self._since: dict[Layer, float] = {}

    @property
    def layers(self) -> tuple[Layer, Layer, Layer, Layer]:
        """From below."""
        return self.head, self.page, self.foot, self.over

    @property
    def live(self) -> tuple[Layer, ...]:
        """The layers that may be touched: a sheet over the screen keeps the rest away."""
        return (self.over,) if self.covered else (self.head, self.page, self.foot)

    @property
    def covered(self) -> bool:
        """True while something lies over the screen."""
        return bool(self.over.touches)

    def find(self, text: str) -> Touchable:
        """What can be touched now under an id, a label, or a part of a label. Raises LookupError."""
        touches = [one for layer in self.live for one in layer.touches]
        for same in (lambda one: one.id == text, lambda one: one.label == text, lambda one: text in one.label):
            for one in touches:
                if same(one):
                    return one
        raise LookupError(f"nothing to touch is called {text!r}; there are {[one.id for one in touches]}")

    def calm(self) -> None:
        """A new screen is on: a finger that came before it, or comes too soon after, touches nothing."""
        self._release()
        self.open_at = asyncio.get_running_loop().time() + self.debounce

    # --- a finger

    def on_touch_down(self, touch: Any) -> bool:
        """Remember what the first finger came down on."""
        self._touched()
        if self._down is not None or asyncio.get_running_loop().time() < self.open_at:
            return True
        found = self._at(*touch.pos)
        if found:
            self._down = (touch.uid, *found)
            found[0].press(True)
        elif self.covered and self.anywhere:
            self.anywhere()
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """Act, if the finger leaves where it came."""
        if self._down is None or self._down[0] != touch.uid:
            return True
        _, target, layer = self._down
        self._release()
        same = [one for one in layer.touches if one.id == target.id]
        if same and self._near(same[0], *touch.pos) and not self._bounced(same[0]):
            same[0].act()
        return True

    def on_touch_move(self, touch: Any) -> bool:  # noqa: ARG002  Kivy's signature
        """A finger that moves does nothing: there are no gestures."""
        return True

    def _release(self) -> None:
        if self._down:
            self._down[1].press(False)
            self._down = None

    def _at(self, x: float, y: float) -> tuple[Touchable, Layer] | None:
        for layer in self.live:
            for one in layer.touches:
                if one.holds(x, y):
                    return one, layer
        return None

    def _near(self, one: Touchable, x: float, y: float) -> bool:
        """A trembling finger may slip a little."""
        left, bottom, width, height = one.rect
        slop = self._slop
        return left - slop <= x < left + width + slop and bottom - slop <= y < bottom + height + slop

    def _bounced(self, one: Touchable) -> bool:
        now = asyncio.get_running_loop().time()
        before, self._acted = self._acted, (one.id, now)
        return before[0] == one.id and now - before[1] < (QUICK if one.quick else self.debounce)

    # --- motion

    def stir(self) -> None:
        """Look whether anything moves now; call after a layer was drawn."""
        now = asyncio.get_running_loop().time()
        self._since = {layer: self._since.get(layer, now) for layer in self.layers if layer.moving}
        if self._since and self._moving is None:
            self._moving = Clock.schedule_interval(self._step, FRAME)
        elif not self._since and self._moving is not None:
            self._moving.cancel()
            self._moving = None

    def restart(self, layer: Layer) -> None:
        """What moves on a layer begins anew."""
        self._since.pop(layer, None)

    def _step(self, _seconds: float) -> None:
        now = asyncio.get_running_loop().time()
        for layer, since in self._since.items():
            for animate in layer.moving:
                animate(now - since)
