"""One window without a screen, upright or lying, and a hand before it."""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

os.environ.update(KIVY_WINDOW="sdl2", SDL_VIDEODRIVER="offscreen", KIVY_GL_BACKEND="sdl2")

from glass_fonts import fonts
from glass_words import StubWords

from kiosk.app import Fonts, KivyStage
from kiosk.ui.hand import Hand
from kiosk.ui.tokens import Panel


class Booth:
    """A stage that runs, on a loop that lives as long as it."""

    def __init__(self, panel: Panel) -> None:
        self._runner = asyncio.Runner()
        self._runner.get_loop()
        words = StubWords(lambda: self.stage.language)
        self.stage = KivyStage(words, Fonts(*fonts()), panel=panel, simulated=True, name="示例银行 · 朝阳支行")
        self.hand = Hand(self.stage)
        self._task: asyncio.Task[None] | None = None
        self.run(self._open())

    async def _open(self) -> None:
        self._task = asyncio.create_task(self.stage.run())
        await self.stage.ready()

    def run(self, story: Coroutine[Any, Any, Any]) -> Any:
        """Let a story happen while the window is served."""
        return self._runner.run(story)

    def fresh(self) -> None:
        """As after a visit: its own language and letter size."""

        async def reset() -> None:
            self.stage.reset()

        self.run(reset())

    def close(self) -> None:
        async def end() -> None:
            self.stage.stop()
            if self._task:
                await self._task

        self.run(end())
        self._runner.close()


UPRIGHT, LYING = Panel(1080, 1920, 21.5), Panel(1920, 1080, 21.5)
