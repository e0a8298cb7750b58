"""What the companion's tests stand on: a glass of paper, and the real voice, pad, panel and headset around it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers.audio import AudioOut
from drivers.panel import XfsPanel
from drivers.pinpad import XfsPinPad
from drivers.sim.panel import PanelFarEnd
from drivers.sim.pinpad import PinPadFarEnd
from drivers.sim.sound import SoundFarEnd
from flows.ports import Chrome
from flows.screens import Screen
from kiosk.voice.companion import Companion
from kiosk.voice.pad import YieldingPad
from kiosk.voice.speech import CommandSpeech, Speech
from kiosk.words import Catalogue

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20.0
BACK = Chrome("back")


@dataclass
class Paper:
    """A glass that nobody draws: what is shown, what stands typed, and what it was answered with."""

    language: str = "en"
    speaking: bool = False
    elder: bool = False
    dark: bool = False
    observers: list[Callable[[Screen[Any], Chrome], None]] = field(default_factory=list)
    alarms: list[Callable[[float], None]] = field(default_factory=list)
    shown: Screen[Any] | None = None
    text: str = ""
    signs: int = 0
    """Signs of life."""
    answers: asyncio.Queue[object] = field(default_factory=asyncio.Queue)

    def show(self, screen: Screen[Any], chrome: Chrome = BACK) -> None:
        self.shown, self.text = screen, ""
        for observer in self.observers:
            observer(screen, chrome)

    def pressed(self, screen: Screen[Any], answer: object) -> None:
        if screen is self.shown:
            self.answers.put_nowait(answer)

    def stirred(self) -> None:
        self.signs += 1

    def typing(self, screen: Screen[Any]) -> str:
        return self.text

    def write(self, screen: Screen[Any], text: str) -> None:
        self.text = text


@dataclass
class Around:
    """The customer's side of everything."""

    glass: Paper
    pad: YieldingPad
    keys: PinPadFarEnd
    panel: PanelFarEnd
    ear: SoundFarEnd
    room: SoundFarEnd
    heard: int = 0

    def said(self, where: SoundFarEnd | None = None) -> list[str]:
        return [one["text"] for one in (where or self.ear).state()["said"]]

    async def hears(self, words: str, where: SoundFarEnd | None = None) -> str:
        """Wait until a new sentence has these words."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for number, text in enumerate(self.said(where)):
                    if number >= self.heard and words in text:
                        self.heard = number + 1
                        return text
                await asyncio.sleep(0.02)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.until(lambda: self.keys.state()["mode"] == "data")
            await self.keys.act("key", key)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not true():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def around(folder: Path, speech: Speech | None = None, grace: float = 0.1) -> AsyncIterator[Around]:
    keys, panel = PinPadFarEnd(bytes(range(16)), bytes(range(16))), PanelFarEnd()
    ear, room = SoundFarEnd("headset", folder), SoundFarEnd("speaker", folder)
    glass, pad = Paper(), YieldingPad(XfsPinPad(keys.url, dial=keys.dial))
    sensors = XfsPanel(panel.url, every=3600, dial=panel.dial)
    sound = AudioOut(await ear.start(), await room.start())
    words = Catalogue(ROOT / "i18n", lambda: glass.language)
    companion = Companion(glass, words, speech or CommandSpeech(), sound, pad, sensors, grace)
    running = asyncio.ensure_future(companion.run())
    try:
        yield Around(glass, pad, keys, panel, ear, room)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        for end in (pad, sensors):
            await end.close()
        for far in (keys, panel, ear, room):
            await far.stop()


def play(folder: Path, story: Callable[[Around], Awaitable[None]], speech: Speech | None = None) -> None:
    """One story around one companion."""

    async def run() -> None:
        async with around(folder, speech) as at:
            await story(at)

    asyncio.run(run())
