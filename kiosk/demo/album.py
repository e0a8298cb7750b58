"""The album: a numbered picture of every screen that a visit meets, and a film of it."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from flows.ports import Chrome
from flows.screens import Attract, EnterPin, Screen
from kiosk.app import KivyStage
from kiosk.media.film import film
from kiosk.ui.hand import Hand
from kiosk.ui.shot import grab

RATE = 5
"""Pictures of the film a second, at most; each carries its own time, so the film runs as fast as the visit did."""
SETTLED = 0.5
"""Seconds after which a screen's picture is taken again: its hand has moved, its first figures stand."""
DRAWN = 0.15
"""Seconds in which a screen without motion is on the glass, and not yet off it."""
FINGER = (26, 95, 180, 150)
WIDE = 540
"""Pixels of the film's shorter side."""
MAIN = ("attract", "identify.how", "identify.insert", "menu", "accounts.one", "transfer.amount", "transfer.confirm",
        "transfer.done", "farewell.rate")  # fmt: skip
"""Screens that are shown in every language."""


class Album:
    """Takes pictures of a stage's glass. A private screen is left out of film and pictures; a likeness follows."""

    def __init__(self, stage: KivyStage, folder: Path) -> None:
        self._stage, self._folder = stage, folder
        self._number = 0
        self.met: dict[str, tuple[Screen[Any], Chrome, str]] = {}
        """The last screen under each key, what stood below it, and the picture's name."""
        self._private: list[tuple[Screen[Any], str, str]] = []
        stage.observers.append(self._shown)

    def _shown(self, screen: Screen[Any], chrome: Chrome) -> None:
        self._number += 1
        language = self._stage.language
        name = f"{self._number:02d}-{screen.key.replace('.', '-')}-{language}.png"
        self.met[screen.key] = (screen, chrome, name)
        if screen.private:
            return self._private.append((screen, language, name))
        self._stage.screenshot(self._folder / name)
        asyncio.get_running_loop().call_later(SETTLED, self._again, screen, language, name)
        return None

    def _again(self, screen: Screen[Any], language: str, name: str) -> None:
        if self._stage.shown is screen and self._stage.language == language:
            self._stage.screenshot(self._folder / name)

    async def likenesses(self) -> None:
        """Private screens that were met, drawn once more when nobody stands there: no digit, no card number."""
        for screen, language, name in self._private:
            if isinstance(screen, EnterPin):
                likeness = replace(screen, private=False, masked="6229 99** **** 0000")
                await self._draw(likeness, Chrome(), language, self._folder / name)

    async def languages(self, folder: Path) -> list[Path]:
        """The main screens that were met, in every language and in large type, into a folder that is there."""
        made, self._stage.still = [], True
        for key in (key for key in MAIN if key in self.met):
            screen, chrome, _ = self.met[key]
            for language in Attract("").languages:
                for large in (False, True):
                    self._stage.large = large
                    made.append(folder / f"{key.replace('.', '-')}-{language}{'-large' if large else ''}.png")
                    await self._draw(screen, chrome, language, made[-1])
        self._stage.reset()
        return made

    async def _draw(self, screen: Screen[Any], chrome: Chrome, language: str, path: Path) -> None:
        self._stage.observers.clear()
        self._stage.language = language
        shown = asyncio.ensure_future(self._stage.show(screen, chrome))
        await asyncio.sleep(DRAWN)
        self._stage.screenshot(path)
        shown.cancel()
        await asyncio.gather(shown, return_exceptions=True)


class Film:
    """A film (H.264) of the glass, at half its size, with a ring where the finger is."""

    def __init__(self, stage: KivyStage, hand: Hand, path: Path) -> None:
        self._stage, self._hand, self._path = stage, hand, path

    async def run(self) -> None:
        """Film until cancelled."""
        panel = self._stage.panel
        scale = WIDE / min(panel.width, panel.height)
        size = round(panel.width * scale / 2) * 2, round(panel.height * scale / 2) * 2
        with film(self._path, size, RATE) as add:
            while True:
                if not self._stage.private:
                    picture = grab()
                    await asyncio.to_thread(add, self._finished(picture, size))
                await asyncio.sleep(1 / RATE)

    def _finished(self, picture: Image.Image, size: tuple[int, int]) -> Image.Image:
        small = picture.resize(size)
        if self._hand.at:
            x, y = self._hand.at[0] * size[0], (1 - self._hand.at[1]) * size[1]
            ImageDraw.Draw(small, "RGBA").ellipse((x - 22, y - 22, x + 22, y + 22), fill=FINGER)
        return small
