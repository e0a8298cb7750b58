"""Guide lights: the light beside what a screen asks the hand to use is lit for as long as the screen stands.

One place for all flows: a Stage around the Stage. Lights follow in a task of their own, so that no screen ever waits
for a lamp; they are steady, and dark when nothing is asked.
"""

import asyncio
import logging
from typing import TypeVar

from drivers.api import DeviceError, Light, Panel
from flows.around import Around
from flows.ports import Chrome, Stage
from flows.screens import Attract, Choose, EnterPin, Picture, Prompt, Screen

log = logging.getLogger(__name__)
T = TypeVar("T")
BOTH = frozenset({Light.CARD_READER, Light.SCANNER})
BY_PICTURE = {
    Picture.CARD_IN: Light.CARD_READER,
    Picture.CARD_OUT: Light.CARD_READER,
    Picture.ID_CARD_LAY: Light.SCANNER,
    Picture.ID_CARD_TAKE: Light.SCANNER,
    Picture.PIN_PAD: Light.PIN_PAD,
    Picture.PAPER_TAKE: Light.PRINTER,
}
"""The ID reader's light is wired as the scanner's: XFS4IoT knows none of its own."""
PATIENCE = 5.0
"""Seconds that a lamp may take."""


def lights_of(screen: Screen[object], *, near: bool = True) -> frozenset[Light]:
    """What is lit while a screen stands. `near`: somebody stands before the terminal that nobody uses yet."""
    match screen:
        case Prompt(picture=picture) if picture in BY_PICTURE:
            return frozenset({BY_PICTURE[picture]})
        case EnterPin():
            return frozenset({Light.PIN_PAD})
        case Choose(key="identify.how"):  # either card answers it
            return BOTH
        case Attract():
            return BOTH | {Light.FASCIA} if near else frozenset({Light.FASCIA})
        case _:
            return frozenset()


class LitStage:
    """A Stage whose prompts are lit."""

    def __init__(self, stage: Stage, panel: Panel, around: Around) -> None:
        self._stage, self._panel, self._around = stage, panel, around
        self._screen: Screen[object] | None = None
        self._lit: frozenset[Light] = frozenset()
        self._task: asyncio.Task[None] | None = None
        around.listen(lambda _: self._follow())

    async def show(self, screen: Screen[T], chrome: Chrome) -> T:
        """See `flows.ports.Stage`."""
        self._screen = screen
        self._follow()
        try:
            return await self._stage.show(screen, chrome)
        finally:
            if self._screen is screen:
                self._screen = None
                self._follow()

    def wanted(self) -> frozenset[Light]:
        """What should be lit now."""
        if self._screen is None or not self._around.state.reachable:
            return frozenset()
        return lights_of(self._screen, near=bool(self._around.state.person_near))

    def _follow(self) -> None:
        if self.wanted() != self._lit and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(self._switch())

    async def _switch(self) -> None:
        """Until the lamps are as they should be; one that does not obey is left as it is."""
        while (wanted := self.wanted()) != self._lit:
            changed, self._lit = sorted(wanted ^ self._lit), wanted
            for light in changed:
                try:
                    async with asyncio.timeout(PATIENCE):
                        await self._panel.light(light, light in wanted)
                except (DeviceError, TimeoutError) as why:
                    log.info("the light %s: %s", light, why)

    async def still(self) -> None:
        """Wait until the lamps follow."""
        if self._task is not None:
            await asyncio.wait((self._task,))

    # --- what is the other Stage's

    @property
    def language(self) -> str:
        """See `flows.ports.Stage`."""
        return self._stage.language

    @language.setter
    def language(self, language: str) -> None:
        self._stage.language = language

    @property
    def touched(self) -> float:
        """See `flows.ports.Stage`."""
        return self._stage.touched

    @touched.setter
    def touched(self, at: float) -> None:
        self._stage.touched = at

    @property
    def large(self) -> bool:
        """See `flows.ports.Stage`."""
        return self._stage.large

    @large.setter
    def large(self, large: bool) -> None:
        self._stage.large = large

    @property
    def elder(self) -> bool:
        """See `flows.ports.Stage`."""
        return self._stage.elder

    @elder.setter
    def elder(self, elder: bool) -> None:
        self._stage.elder = elder

    @property
    def slow(self) -> bool:
        """See `flows.ports.Stage`."""
        return self._stage.slow

    def count(self, digits: int) -> None:
        """See `flows.ports.Stage`."""
        self._stage.count(digits)

    def typed(self, text: str) -> None:
        """See `flows.ports.Stage`."""
        self._stage.typed(text)

    async def warn(self, seconds: float) -> None:
        """See `flows.ports.Stage`."""
        await self._stage.warn(seconds)

    def reset(self) -> None:
        """See `flows.ports.Stage`."""
        self._stage.reset()
