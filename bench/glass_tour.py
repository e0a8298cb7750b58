"""The way over the glass that our terminal and its peer both go: a transfer's screens, and what is touched on each.

Here is also what both are measured with: the same finger, the same stopwatch, the same pace.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from flows.ports import Chrome
from flows.screens import Choose, Confirm, Fact, Option, Rate, Review, Screen, Tell, Tone, Where
from protocol.money import Money, chinese_capitals

LANGUAGES = ("zh", "en", "ar")
PANEL = (1080, 1920)
HOLD = 0.03
"""Seconds that a finger stays down."""
REST = 0.35
"""Seconds from one screen to the touch that ends it: just above the time in which our glass takes none."""
LONGEST = 10.0

AMOUNT = Money(50_000)
FACTS = (
    Fact("fact.from", "6229 99** **** 1239", number=True),
    Fact("fact.to", "6229 99** **** 0034", number=True),
    Fact("fact.payee", "*伟", strong=True),
    Fact("fact.amount", AMOUNT, strong=True),
    Fact("fact.fee", Money(0)),
)
ACCOUNTS = (
    Option("one", "accounts.current", "6229 99** **** 1239", amount=Money(1_234_567)),
    Option("two", "accounts.savings", "6229 99** **** 7712", amount=Money(123_456_789)),
)
FLOWS = tuple(Option(name, f"menu.{name}", f"menu.{name}.line") for name in ("accounts", "transfer"))
PAPER = (Option("print", "receipt.print", "receipt.print.line"), Option("none", "receipt.none"))


@dataclass(frozen=True)
class Stop:
    """A screen on the way, and what is touched on it."""

    screen: Screen[Any]
    chrome: Chrome
    touch: str


def where(step: int) -> Where:
    return Where("transfer.name", step, 4)


MENU = Stop(Choose("menu", options=FLOWS, params=(("surname", "李"),)), Chrome("leave"), "transfer")
CONFIRM = Confirm(
    "transfer.confirm", facts=FACTS, chinese=FACTS, amount=AMOUNT, capitals=chinese_capitals(AMOUNT), where=where(4)
)
DONE = Tell(
    "transfer.done",
    tone=Tone.DONE,
    facts=(*FACTS, Fact("fact.date", date(2031, 3, 14))),
    reference="203103140000000042",
)
WAY = (
    MENU,
    Stop(Choose("transfer.from", options=ACCOUNTS, where=where(1)), Chrome("back"), "one"),
    Stop(CONFIRM, Chrome("back"), "next"),
    Stop(DONE, Chrome(""), "next"),
    Stop(Review("receipt.how", options=PAPER), Chrome(""), "none"),
    Stop(Rate("farewell.rate"), Chrome("leave"), "rate-5"),
    MENU,
)
"""From the menu and back to it; the last screen is only come to."""


ENVIRONMENT = {
    "KIVY_NO_ARGS": "1",
    "KIVY_NO_CONSOLELOG": "1",
    "KIVY_NO_FILELOG": "1",
    "KIVY_NO_CONFIG": "1",
    "KIVY_TEXT": "pil",
    "KIVY_WINDOW": "sdl2",
    "SDL_VIDEODRIVER": "offscreen",
    "KIVY_GL_BACKEND": "sdl2",
}
"""What Kivy reads when it is imported, for both: as the terminal sets it where there is no display, and no words."""


class Glass(Protocol):
    """What is measured: ours, or the peer."""

    async def begin(self, language: str) -> None:
        """Show the first screen of the way."""
        ...

    def middle(self, touch: str) -> tuple[float, float]:
        """The middle of a thing to touch, in pixels from the lower left."""
        ...


class Stopwatch:
    """Notes when each frame has been drawn to its last pixel."""

    def __init__(self) -> None:
        from kivy.base import EventLoop
        from kivy.graphics.opengl import glFinish

        self.frames: list[float] = []
        self.changed = False
        """Set when a new screen has been built; the next frame is the first that shows it."""
        self._finish = glFinish
        self._seen: asyncio.Future[float] | None = None
        self.window = EventLoop.window
        self.window.bind(on_flip=self._flip)

    def _flip(self, _window: object) -> None:
        self._finish()
        now = time.perf_counter()
        self.frames.append(now)
        if self.changed and self._seen and not self._seen.done():
            self._seen.set_result(now)

    def start(self) -> "asyncio.Future[float]":
        """Answers when the next screen is on the glass."""
        self.changed = False
        self._seen = asyncio.get_running_loop().create_future()
        return self._seen


async def latencies(glass: Glass, watch: Stopwatch, language: str) -> list[float]:
    """Milliseconds from the finger that leaves to the next screen's first frame, for each touch of the way."""
    from kiosk.ui.hand import Hand

    hand = Hand(_Nothing())
    await glass.begin(language)
    found = []
    for stop in WAY[:-1]:
        await asyncio.sleep(REST)
        point = glass.middle(stop.touch)
        finger = hand.down(point)
        await asyncio.sleep(HOLD)
        seen = watch.start()
        began = time.perf_counter()
        hand.lift(finger, point)
        async with asyncio.timeout(LONGEST):
            found.append((await seen - began) * 1000)
    return found


async def frames(glass: Glass, watch: Stopwatch, language: str) -> list[float]:
    """Milliseconds from each frame to the next while the way is gone and the window is drawn without a pause."""
    from kivy.clock import Clock

    watch.frames.clear()
    drawing = Clock.schedule_interval(lambda _seconds: watch.window.canvas.ask_update(), 0)
    try:
        await latencies(glass, watch, language)
    finally:
        drawing.cancel()
    return [(after - before) * 1000 for before, after in zip(watch.frames, watch.frames[1:], strict=False)]


class _Nothing:
    """A hand is given points here: it looks for nothing."""

    open_at = 0.0

    def find(self, text: str) -> Any:
        raise LookupError(text)

    def read(self) -> list[str]:
        return []


async def obey(glass: Glass, watch: Stopwatch) -> None:
    """Do what standard input says, a line each; nothing happens between two lines, not even a frame."""
    acts = {"touch": latencies, "frames": frames}
    for line in sys.stdin:
        what, language = line.split()
        print(json.dumps(await acts[what](glass, watch, language)), flush=True)
