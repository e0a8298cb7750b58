"""The companion: it says what is on the glass, and takes the keys of the pad for the customer's hand.

It stands beside the stage and sees each screen that is shown. Handset lifted or headset plugged in turns the speaking
mode on at any moment, taking it away turns it off after a short grace, and the visit goes on by touch. In elder mode it
says what holds nothing of the customer through the loudspeaker. What fails here, voice or pad, never stops a visit.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Protocol

from drivers.api import Abandoned, DeviceError, Outlet, Panel, PanelState, Sound, TooLate
from flows.ports import Back, CallHelp, Chrome, Leave, Words
from flows.screens import EnterAmount, EnterNumber, EnterPin, OutOfService, Screen, Wait
from kiosk.voice.keys import Answer, Deed, Do, Heard, WhyNot, deed
from kiosk.voice.pad import GaveWay, YieldingPad
from kiosk.voice.speech import Speech, SpeechFailed
from kiosk.voice.spoken import Utterance, choices, spoken, voices
from kiosk.voice.typing import Typing
from kiosk.voice.words import VoiceWords

log = logging.getLogger(__name__)
GRACE = 3.0
"""Seconds after the handset was hung up in which she may have only changed hands."""
UNHURRIED = 0.8
"""Seconds that a wait must stand before it is spoken of."""
AGAIN = 1.0
"""Seconds after trouble with pad or sound until it is tried again."""


class Glass(Protocol):
    """What the companion needs of the stage."""

    language: str
    speaking: bool
    elder: bool
    dark: bool
    observers: list[Callable[[Screen[Any], Chrome], None]]
    alarms: list[Callable[[float], None]]

    @property
    def shown(self) -> Screen[Any] | None: ...
    def pressed(self, screen: Screen[Any], answer: object) -> None: ...
    def stirred(self) -> None: ...
    def typing(self, screen: Screen[Any]) -> str: ...
    def write(self, screen: Screen[Any], text: str) -> None: ...


@dataclass
class _Turn:
    """One screen, as it is being said."""

    screen: Screen[Any]
    chrome: Chrome
    heard: Heard
    words: VoiceWords
    task: "asyncio.Task[None] | None" = None
    talk: "asyncio.Task[None] | None" = None
    """What is being said now; a key cuts it short."""
    warned: bool = False


class Companion:
    """Beside one stage; run() it as a task for as long as the terminal runs."""

    def __init__(
        self,
        stage: Glass,
        words: Words,
        speech: Speech,
        sound: Sound,
        pad: YieldingPad,
        panel: Panel | None,
        grace: float = GRACE,
    ) -> None:
        self._stage, self._words, self._speech, self._sound = stage, words, speech, sound
        self._pad, self._panel, self._grace = pad, panel, grace
        self._turn: _Turn | None = None
        self._secret = asyncio.Event()
        self._hanging: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        """All that still runs, also what was cut short and is ending."""
        stage.observers.append(self._shown)
        stage.alarms.append(self._alarmed)
        pad.before_pin, pad.on_count = self._say_secret, self._counted

    async def run(self) -> None:
        """Until cancelled. Without a panel, or an ear, the speaking mode is never on."""
        try:
            if self._panel is not None and self._sound.has(Outlet.PRIVATE):
                async for state in self._panel.changes():
                    self._felt(state)
            await asyncio.Event().wait()
        finally:
            if self._hanging:
                self._hanging.cancel()
            for task in self._tasks:
                if not task.cancelling():
                    task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- on and off

    def _felt(self, state: PanelState) -> None:
        """Handset or headset came or went. A panel that is away says nothing about either."""
        if not state.reachable:
            return
        wanted, again = bool(state.handset_lifted or state.headset_plugged), self._hanging is not None
        if self._hanging:
            self._hanging.cancel()
            self._hanging = None
        if wanted and (again or not self._stage.speaking):  # whoever takes it up again may be another
            self._switch(on=True)
        elif not wanted and self._stage.speaking:
            self._hanging = asyncio.get_running_loop().call_later(self._grace, lambda: self._switch(on=False))

    def _switch(self, *, on: bool) -> None:
        self._stage.speaking, self._hanging = on, None
        self._stage.stirred()
        if not on:
            self._stage.dark = False
        if self._turn and self._turn.screen is self._stage.shown:
            self._shown(self._turn.screen, self._turn.chrome)
        if not on:
            self._cut()
            self._secret.set()

    def _shown(self, screen: Screen[Any], chrome: Chrome) -> None:
        """A screen is on the glass: say it from its beginning."""
        self._cut()
        if self._turn and self._turn.task:
            self._turn.task.cancel()
        self._secret.clear()
        words = VoiceWords(self._words, self._stage.language)
        self._turn = turn = _Turn(screen, chrome, Heard(screen, chrome, ()), words)
        if self._stage.speaking or (self._stage.elder and self._sound.has(Outlet.PUBLIC)):
            turn.task = self._task(self._guarded(turn))

    def _task(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, turn: _Turn) -> None:
        """One screen; our own mistake in it is written down, and the visit goes on by touch."""
        try:
            await (self._told(turn) if self._stage.speaking else self._aloud(turn))
        except Exception:
            log.exception("the voice cannot say %s", turn.screen.key)

    # --- saying

    async def _told(self, turn: _Turn) -> None:
        """Into her own ear, and her keys are taken meanwhile."""
        screen = turn.screen
        if isinstance(screen, Wait):
            await asyncio.sleep(UNHURRIED)
        turn.heard = replace(turn.heard, choices=choices(screen, turn.words))
        self._speak(turn, self._sentences(turn), whole=True)
        if isinstance(screen, EnterAmount | EnterNumber):
            await self._typed(turn, screen)
        elif not isinstance(screen, EnterPin | OutOfService | Wait):
            await self._keys(turn)

    async def _aloud(self, turn: _Turn) -> None:
        """For everybody: only what holds nothing of hers."""
        if isinstance(turn.screen, Wait):
            await asyncio.sleep(UNHURRIED)
        for one in spoken(turn.screen, turn.chrome, turn.words):
            if not one.private:
                await self._play(one, Outlet.PUBLIC)

    def _sentences(self, turn: _Turn) -> tuple[Utterance, ...]:
        return spoken(turn.screen, turn.chrome, turn.words, turn.heard.page)

    def _speak(self, turn: _Turn, said: tuple[Utterance, ...], *, whole: bool = False) -> None:
        """Begin to say this, in place of whatever is being said."""
        self._cut()
        turn.talk = self._task(self._talk(turn, said, whole=whole))

    def _say(self, turn: _Turn, text: str) -> None:
        self._speak(turn, tuple(voices(text, turn.words.language)))

    async def _talk(self, turn: _Turn, said: tuple[Utterance, ...], *, whole: bool) -> None:
        for one in said:
            if one.yes and whole:
                turn.heard = replace(turn.heard, whole=True)
            await self._play(one, Outlet.PRIVATE)
        if whole and turn is self._turn:
            self._secret.set()

    async def _play(self, one: Utterance, outlet: Outlet) -> None:
        """Trouble with the voice is silence; what stands on the glass, and the keys, still work."""
        try:
            clip = await self._speech.say(one.text, one.language)
            if outlet is Outlet.PRIVATE:
                self._stage.stirred()  # listening is no silence
            await self._sound.play(clip, outlet)
        except (SpeechFailed, DeviceError) as why:
            log.warning("not said: %s", why)

    def _cut(self) -> None:
        if self._turn and self._turn.talk:
            self._turn.talk.cancel()

    async def _say_secret(self) -> None:
        """Return when the screen for the PIN has been said; at once where nobody listens."""
        if self._stage.speaking and isinstance(self._stage.shown, EnterPin):
            await self._secret.wait()

    def _counted(self, digits: int) -> None:
        """How many digits stand in the pad, never which."""
        turn = self._turn
        if turn and digits and self._stage.speaking and isinstance(turn.screen, EnterPin):
            self._say(turn, turn.words.text("glass.digits", count=digits))

    def _alarmed(self, seconds: float) -> None:
        """She has been quiet for long."""
        turn = self._turn
        if turn and self._stage.speaking:
            turn.warned = True
            words = turn.words
            line = words.text("glass.still-here.line", seconds=round(seconds))
            said = (words.text("glass.still-here"), line, words.text("voice.any-key"))
            self._cut()
            turn.talk = self._task(self._warn(turn, said))

    async def _warn(self, turn: _Turn, said: tuple[str, ...]) -> None:
        """The one sentence that is no sign of life."""
        for text in said:
            for one in voices(text, turn.words.language):
                try:
                    await self._sound.play(await self._speech.say(one.text, one.language), Outlet.PRIVATE)
                except (SpeechFailed, DeviceError) as why:
                    log.warning("not said: %s", why)

    # --- keys

    async def _keys(self, turn: _Turn) -> None:
        """One key after the other, until the screen is answered."""
        while True:  # each round is a person's own key, or a minute
            try:
                key = await self._pad.key()
            except (TooLate, GaveWay):
                continue
            except DeviceError as why:
                log.warning("no keys for the voice: %s", why)
                await asyncio.sleep(AGAIN)
                continue
            self._stage.stirred()
            if turn.warned:
                turn.warned = False
                self._speak(turn, self._sentences(turn), whole=True)
                continue
            if self._done(turn, key):
                return

    def _done(self, turn: _Turn, key: str) -> bool:
        """Do what a key means; True when the screen has been answered or left."""
        match deed(turn.heard, key):
            case Answer(value):
                self._leaves(turn, value)
            case Do.HELP:
                self._leaves(turn, CallHelp())
            case Do.BACK:
                self._leaves(turn, Leave() if turn.chrome.back == "leave" else Back())
            case other:
                self._goes_on(turn, other)
                return False
        return True

    def _leaves(self, turn: _Turn, answer: object) -> None:
        self._cut()
        self._stage.pressed(turn.screen, answer)

    def _goes_on(self, turn: _Turn, what: Deed) -> None:
        match what:
            case WhyNot(why):
                self._say(turn, why)
            case Do.AGAIN:
                turn.heard = replace(turn.heard, page=0)
                self._speak(turn, self._sentences(turn), whole=True)
            case Do.MORE:
                pages = -(-len(turn.heard.choices) // 6)
                turn.heard = replace(turn.heard, page=(turn.heard.page + 1) % pages)
                self._speak(turn, self._sentences(turn), whole=turn.heard.whole)
            case Do.DARK:
                self._stage.dark = not self._stage.dark
                dark = turn.words.text("voice.dark") if self._stage.dark else turn.words.text("voice.light")
                self._say(turn, dark)
            case Do.LISTEN_FIRST:
                said = (*voices(turn.words.text("voice.listen-first"), turn.words.language), *self._sentences(turn))
                self._speak(turn, said, whole=True)
            case _:
                self._say(turn, turn.words.text("voice.no-key"))

    # --- typing

    async def _typed(self, turn: _Turn, screen: EnterAmount | EnterNumber) -> None:
        """Digits stand on the glass as they come; ENTER says them, ENTER once more takes them."""
        typing = Typing(screen, self._stage.typing(screen))
        while True:  # as in _keys
            before = typing.text
            try:
                await self._pad.enter_digits(
                    lambda digits: self._wrote(turn, typing, digits), 60, lambda name: self._fn(turn, typing, name)
                )
            except (TooLate, GaveWay):
                typing.base = typing.text
                continue
            except Abandoned:
                self._stage.stirred()
                if self._done(turn, "cancel"):
                    return
                continue
            except DeviceError as why:
                log.warning("no keys for the voice: %s", why)
                await asyncio.sleep(AGAIN)
                continue
            self._stage.stirred()
            if typing.said and typing.text == before:
                self._leaves(turn, typing.answer)
                return
            self._read_back(turn, typing)

    def _read_back(self, turn: _Turn, typing: Typing) -> None:
        if typing.nothing:
            self._say(turn, turn.words.text("voice.nothing"))
        elif problem := typing.problem(turn.words):
            self._say(turn, problem)
            if isinstance(typing.screen, EnterAmount):  # she types another from its beginning
                typing.clear()
                self._stage.write(turn.screen, "")
        else:
            typing.said = True
            self._say(turn, typing.read_back(turn.words))
        typing.reopened()

    def _wrote(self, turn: _Turn, typing: Typing, digits: str) -> None:
        self._stage.stirred()
        before = typing.text
        typing.digits(digits)
        self._stage.write(turn.screen, typing.text)
        if len(typing.text) > len(before):
            self._say(turn, typing.text[-1])

    def _fn(self, turn: _Turn, typing: Typing, name: str) -> None:
        """CLEAR and BACKSPACE; with nothing typed they say it again, and call a person."""
        self._stage.stirred()
        if not typing.text:
            if name == "clear":
                self._speak(turn, self._sentences(turn), whole=True)
            else:
                self._stage.pressed(turn.screen, CallHelp())
        elif name == "clear":
            typing.clear()
            self._stage.write(turn.screen, "")
            self._say(turn, turn.words.text("voice.nothing"))
        else:
            typing.erase()
            self._stage.write(turn.screen, typing.text)
            self._say(turn, turn.words.text("voice.erased"))
