"""A hand that touches the glass: real touch events, through Kivy's own dispatch. For demonstrations and tests."""

import asyncio
import itertools
from typing import Protocol

from kivy.base import EventLoop
from kivy.input.motionevent import MotionEvent

from kiosk.ui.pencil import Touchable

PATIENCE = 10.0
"""Seconds that a hand waits for a thing to appear."""
STEP = 0.02
"""Seconds between two looks."""


class Surface(Protocol):
    """What a hand needs of a stage."""

    @property
    def open_at(self) -> float: ...
    def find(self, text: str) -> Touchable: ...
    def read(self) -> list[str]: ...


class Finger(MotionEvent):  # type: ignore[misc]  # Kivy has no types
    """One finger at one place."""

    def __init__(self, number: int, x: float, y: float) -> None:
        super().__init__("hand", number, (x, y), is_touch=True, type_id="touch")
        self.profile = ["pos"]

    def depack(self, args: tuple[float, float]) -> None:
        """Kivy's own: where it is, 0 to 1."""
        self.sx, self.sy = args
        super().depack(args)


class Hand:
    """Finds what it shall touch by id, label or a part of a label, and touches its middle."""

    def __init__(self, stage: Surface, hold: float = STEP) -> None:
        """`hold` is how many seconds a finger stays down."""
        self._hold = hold
        self._stage, self._numbers = stage, itertools.count(1)
        self.at: tuple[float, float] | None = None
        """Where a finger is on the glass, 0 to 1 from the lower left; None when none is."""

    async def touch(self, text: str) -> None:
        """Touch and release. Waits for it to be there; raises LookupError when it does not come."""
        await self.await_open(text)
        one = self._stage.find(text)
        x, y, w, h = one.rect
        await self.press((x + w / 2, y + h / 2))

    async def await_open(self, text: str) -> None:
        """Return once the thing is there and touches are taken."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:  # bounded by `until`
            try:
                self._stage.find(text)
            except LookupError:
                if loop.time() > until:
                    raise
                await asyncio.sleep(STEP)
                continue
            rest = self._stage.open_at - loop.time()
            if rest <= 0:
                return
            await asyncio.sleep(rest)

    async def press(self, down: tuple[float, float], up: tuple[float, float] | None = None) -> None:
        """Put a finger down at one point and lift it there or at another."""
        finger = self.down(down)
        await asyncio.sleep(self._hold)
        self.lift(finger, up or down)
        await asyncio.sleep(STEP)

    def down(self, point: tuple[float, float]) -> Finger:
        """Put a finger down, in pixels from the lower left."""
        self.at = _part(point)
        finger = Finger(next(self._numbers), *self.at)
        EventLoop.post_dispatch_input("begin", finger)
        return finger

    def lift(self, finger: Finger, point: tuple[float, float]) -> None:
        """Lift it at a point."""
        finger.move(_part(point))
        self.at = None
        EventLoop.post_dispatch_input("end", finger)

    async def type(self, digits: str) -> None:
        """Type on the drawn keypad."""
        for digit in digits:
            await self.touch(f"digit-{digit}")
            await asyncio.sleep(0.1)


def _part(point: tuple[float, float]) -> tuple[float, float]:
    width, height = EventLoop.window.system_size
    return point[0] / max(1, width - 1), point[1] / max(1, height - 1)
