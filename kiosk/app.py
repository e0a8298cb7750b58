"""KivyStage: the customer's glass. It shows one screen at a time, and answers with what her hand did."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from flows.ports import Back, CallHelp, Chrome, Leave, Words
from flows.screens import Attract, EnterAmount, EnterNumber, EnterPin, Screen, Wait
from kiosk.ui import chrome as frame, kinds, shot, window
from kiosk.ui.drafts import Drafts
from kiosk.ui.glass import Glass
from kiosk.ui.letters import Letters
from kiosk.ui.page import Hands, Next, Page
from kiosk.ui.pencil import Layer, Look, Pencil, Touchable
from kiosk.ui.shown import Shown
from kiosk.ui.switches import Switched, Switches
from kiosk.ui.theme import Palette
from kiosk.ui.tokens import CONTRAST, DARK, DAY, RIGHT_TO_LEFT, THEME, Box, Measures, Panel
from kiosk.ui.veil import Veil
from kiosk.ui.wait import LONG

T = TypeVar("T")
FADE = THEME.motion.fade
"""Seconds that a screen taken off stays visible, untouchable, if no other follows: no flash between two screens."""


@dataclass(frozen=True)
class Fonts:
    """The two merged fonts of the terminal: every script it speaks in one file each."""

    regular: Path
    bold: Path


class KivyStage(Switched):
    """`flows.ports.Stage` on a Kivy window. `run()` it as a task beside the flows, on the same loop.

    `still` switches motion off; `debounce` is in seconds; `name` ("bank · branch") stands where no flow runs.
    """

    def __init__(
        self,
        words: Words,
        fonts: Fonts,
        *,
        panel: Panel | None = None,
        language: str = "zh",
        simulated: bool = False,
        name: str = "",
        still: bool = False,
        high_contrast: bool = False,
        debounce: float = THEME.motion.debounce,
        fullscreen: bool = False,
    ) -> None:
        super().__init__(Switches(language, name, simulated, high_contrast))
        self.words, self.panel, self.still = words, panel or Panel(), still
        self.touched = 0.0
        self.observers: list[Callable[[Screen[Any], Chrome], None]] = []
        """Told of each screen as soon as it is on the glass."""
        self._home = language
        self._letters = Letters(fonts.regular, fonts.bold)
        self.alarms: list[Callable[[float], None]] = []
        """Told of each count-down before a quiet visit ends, with its seconds."""
        self._drafts = Drafts()
        self._shown: Shown | None = None
        self._fading: asyncio.TimerHandle | None = None
        self._warning: tuple[float, asyncio.Future[None]] | None = None
        self._sheet = False
        self._drawn: dict[str, object] = {}
        self._ready = asyncio.Event()
        window.prepare(self.panel, fullscreen=fullscreen)
        self._glass = Glass(self._felt, debounce, Measures(self.panel).slip)

    # --- running

    async def run(self) -> None:
        """Open the window and serve it until `stop`."""
        await window.serve(self._glass, self._opened)

    def stop(self) -> None:
        """Close the window; `run` returns."""
        window.close()

    async def ready(self) -> None:
        """Return once the window is open."""
        await self._ready.wait()

    def _opened(self) -> None:
        self._ready.set()
        self._redraw()

    # --- flows.ports.Stage

    async def show(self, screen: Screen[T], chrome: Chrome) -> T:
        """Draw the screen and wait for its answer. Raises Back, CallHelp or Leave when that is touched."""
        await self._ready.wait()
        if chrome.back == "leave":  # home again: what she typed belongs to a flow that is over
            self._drafts.clear()
        shown = Shown(screen, chrome, self._drafts.of(screen), asyncio.get_running_loop().create_future())
        self._shown, self._sheet = shown, False
        if self._fading:
            self._fading.cancel()
        self._glass.calm()
        self._glass.restart(self._glass.page)
        if isinstance(screen, Wait):
            self._patience(shown, screen)
        self._redraw()
        for observer in self.observers:
            observer(screen, chrome)
        try:
            return cast("T", await shown.answer)
        finally:
            self._take_off(shown)

    def count(self, digits: int) -> None:
        """Stars on an EnterPin screen."""
        if self._shown and isinstance(self._shown.screen, EnterPin) and self._shown.draft.stars != digits:
            self._shown.draft.stars = digits
            self._redraw()

    def typed(self, text: str) -> None:
        """Digits from the pad's clear mode, as if they were touched on the glass."""
        if self._shown and isinstance(self._shown.screen, EnterAmount | EnterNumber):
            for sign in text:
                kinds.type_sign(self._shown.screen, self._shown.draft, sign)
            self._felt()
            self._redraw()

    async def warn(self, seconds: float) -> None:
        """Lay the count-down over the screen; returns at a touch anywhere."""
        here: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._warning = (seconds, here)
        self._glass.calm()
        self._glass.restart(self._glass.over)
        self._cover()
        for alarm in self.alarms:
            alarm(seconds)
        try:
            await here
        finally:
            self._warning = None
            self._cover()
            self._glass.calm()

    def reset(self) -> None:
        """Forget what was typed; back to the terminal's own language and letter size."""
        self._drafts.clear()
        self._sheet = False
        self._now.language, self._now.large, self._now.hidden = self._home, False, False
        self._now.elder = self._now.dark = False
        if self._shown:
            self._shown.draft = self._drafts.of(self._shown.screen)
        self._redraw()

    # --- the keys of the pad, in the same hand that touches

    def pressed(self, screen: Screen[Any], answer: object) -> None:
        """Answer the shown screen by a key; Back, CallHelp or Leave as `answer` are raised. Nothing if it is gone."""
        self.stirred()
        if self._shown and self._shown.screen is screen:
            if isinstance(answer, Exception):
                self._raises(answer)
            else:
                self._answers(self._shown)(answer)

    def stirred(self) -> None:
        """A sign of life that was no touch: a key, or a sentence that she listens to."""
        self._felt()
        self._here()

    def typing(self, screen: Screen[Any]) -> str:
        """What stands typed on the shown screen."""
        return self._shown.draft.typed if self._shown and self._shown.screen is screen else ""

    def write(self, screen: Screen[Any], text: str) -> None:
        """Let this stand typed on the shown screen."""
        if self._shown and self._shown.screen is screen:
            self._shown.draft.typed = text
            self._redraw()

    # --- reading the glass

    def read(self) -> list[str]:
        """Every text on the glass in reading order; of a sheet or a warning alone while it lies over the rest."""
        return [written.text for layer in self._glass.live for written in layer.texts]

    def layers(self) -> tuple[Layer, ...]:
        """The layers that can be touched now, with what they show."""
        return self._glass.live

    def find(self, text: str) -> Touchable:
        """What is touched under an id, a label, or a part of a label. Raises LookupError."""
        return self._glass.find(text)

    @property
    def debounce(self) -> float:
        """Seconds in which a second touch of the same key is the same touch."""
        return self._glass.debounce

    @property
    def open_at(self) -> float:
        """The loop's time from which a touch is taken."""
        return self._glass.open_at

    @property
    def shown(self) -> Screen[Any] | None:
        """The screen on the glass; None between two screens."""
        return self._shown.screen if self._shown else None

    @property
    def private(self) -> bool:
        """True while the glass shows what nobody but the customer may see."""
        return self._shown is not None and self._shown.screen.private

    def screenshot(self, path: Path) -> None:
        """Write what is on the glass as a PNG. Refused while a private screen is shown."""
        if self.private:
            raise PermissionError("a private screen is never kept")
        shot.save(path)

    # --- drawing

    def _look(self) -> Look:
        night = self._shown is not None and isinstance(self._shown.screen, EnterPin)
        measures = Measures(self.panel, self.large)
        palette = DARK if night else self._daylight
        return Look(measures, self.language, self.language in RIGHT_TO_LEFT, palette, self.still, self.hidden)

    @property
    def _daylight(self) -> Palette:
        return CONTRAST if self.high_contrast else DAY

    def _redraw(self) -> None:
        """Draw the shown screen anew, and what has changed around it."""
        if not self._ready.is_set():
            return
        look, glass = self._look(), self._glass
        window.ground(look.palette.ground)
        at = frame.regions(look.measures, simulated=self.simulated)
        glass.page.wipe()
        if self._shown:
            self._page(self._shown, look, at.middle)
        self._around(look, at)
        self._cover()

    def _page(self, shown: Shown, look: Look, box: Box) -> None:
        hands = Hands(self._answers(shown), self._redraw)
        veil = Veil(self.words, look.language, down=look.hidden)
        page = Page(self._glass.page, self._letters, look, veil, box, shown.draft, hands)
        kinds.draw(page, shown.screen)
        shown.next, shown.money = page.next, veil.asked

    def _around(self, look: Look, at: frame.Regions) -> None:
        """The top and the bottom, drawn anew only when they differ from what is there."""
        shown = self._shown
        where = shown.screen.where if shown else None
        attract = shown is not None and isinstance(shown.screen, Attract)
        amounts = self._toggle_hidden if shown is not None and shown.money else None
        if self._differs("top", (look, where, attract, self.simulated, self.name, amounts, self.elder)):
            self._glass.head.wipe()
            elder = (self.elder, self._toggle_elder) if attract else None
            acts = frame.TopActs(None if attract else self._open_sheet, self._toggle_large, amounts, elder)
            frame.top(Pencil(self._glass.head, self._letters, look), self.words, at, where, self.name, acts)
        chrome, next_ = (shown.chrome, shown.next) if shown else (Chrome("", help=False), None)
        if shown and isinstance(shown.screen, Wait) and shown.draft.waited < LONG * shown.screen.usually:
            chrome = Chrome("", help=False)  # a way out when it grows long, and no sooner
        key = (look, chrome, next_ and (next_.verb, next_.ready))
        if self._differs("bottom", key):
            self._glass.foot.wipe()
            acts_ = frame.BottomActs(self._back, self._help)
            live = Next(next_.verb, self._next, next_.ready) if next_ else None
            frame.bottom(Pencil(self._glass.foot, self._letters, look), self.words, at, chrome, live, acts_)

    def _differs(self, part: str, key: object) -> bool:
        same = self._drawn.get(part) == key
        self._drawn[part] = key
        return not same

    def _cover(self) -> None:
        """The sheet or the warning over the screen, or neither."""
        glass = self._glass
        glass.over.wipe()
        glass.anywhere = None
        if self._ready.is_set():
            pencil = Pencil(glass.over, self._letters, self._cover_look())
            if self._warning:
                seconds, _ = self._warning
                glass.anywhere = self._here
                pencil.move(frame.warning(pencil, self.words, seconds, self._here), always=True)
            elif self.dark:
                glass.anywhere = self._light
                frame.darkness(pencil, self.words, self._light)
            elif self._sheet:
                glass.anywhere = self._close_sheet
                acts = frame.SheetActs(self._choose_language, self._toggle_elder, self._close_sheet)
                frame.sheet(pencil, self.words, acts, elder=self.elder)
            glass.stir()

    def _cover_look(self) -> Look:
        look = self._look()
        return Look(look.measures, look.language, look.rtl, self._daylight, look.still)

    # --- what hands do

    def _felt(self) -> None:
        self.touched = asyncio.get_running_loop().time()

    def _answers(self, shown: Shown) -> Callable[[object], None]:
        def answer(value: object) -> None:
            if shown is not self._shown or shown.answer.done():
                return
            if isinstance(shown.screen, Attract):
                self._now.language = cast("str", value)
            shown.answer.set_result(value)

        return answer

    def _next(self) -> None:
        if self._shown and self._shown.next:
            self._shown.next.act()

    def _raises(self, why: BaseException) -> None:
        if self._shown and not self._shown.answer.done():
            self._shown.answer.set_exception(why)

    def _back(self) -> None:
        leave = self._shown is not None and self._shown.chrome.back == "leave"
        self._raises(Leave() if leave else Back())

    def _help(self) -> None:
        self._raises(CallHelp())

    def _here(self) -> None:
        if self._warning and not self._warning[1].done():
            self._warning[1].set_result(None)

    def _toggle_large(self) -> None:
        self.large = not self.large

    def _toggle_elder(self) -> None:
        self._sheet, self.elder = False, not self.elder

    def _toggle_hidden(self) -> None:
        self.hidden = not self.hidden

    def _light(self) -> None:
        self.dark = False

    def _open_sheet(self) -> None:
        self._sheet = True
        self._cover()

    def _close_sheet(self) -> None:
        self._sheet = False
        self._cover()

    def _choose_language(self, language: str) -> None:
        self._sheet, self._now.language = False, language
        self._redraw()

    # --- coming and going

    def _patience(self, shown: Shown, screen: Wait) -> None:
        """Say that it takes longer than usual, when it does."""

        def long() -> None:
            shown.draft.waited = float(LONG * screen.usually)
            self._redraw()

        shown.timers.append(asyncio.get_running_loop().call_later(LONG * screen.usually, long))

    def _take_off(self, shown: Shown) -> None:
        for timer in shown.timers:
            timer.cancel()
        shown.timers.clear()
        if self._shown is not shown:
            return
        self._shown = None
        for layer in self._glass.layers[:3]:
            layer.touches.clear()
        self._drawn.clear()
        if shown.screen.private:
            self._redraw()
        else:
            self._fading = asyncio.get_running_loop().call_later(FADE, self._fade)

    def _fade(self) -> None:
        if self._shown is None:
            self._redraw()
