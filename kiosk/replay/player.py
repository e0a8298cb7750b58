"""Plays a recorded visit: the flows of today before the answers of then, and a look whether it goes the same way."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from flows.journal import Journal
from flows.ports import Chrome, Stage, Words
from flows.screens import Confirm, Confirmed, Screen
from flows.session import Session
from flows.terminal import Devices, Rules, Terminal
from flows.visit import visit
from kiosk.replay.deck import SECOND, Playing
from kiosk.replay.ports import KeptBlind, KeptJournal, KeptLink, KeptWords, kept_devices
from kiosk.replay.specimens import Plain
from kiosk.replay.values import BODY, Json, Unreadable, Writer, Yes, read
from kiosk.store import Record

T = TypeVar("T")
LONGER = 600.0
"""Seconds for which the program may go on when the record has ended."""
MOMENT = 0.01
"""Seconds for which it may go on when the record was broken off."""


@dataclass(frozen=True)
class Course:
    """How a replay went."""

    same: bool
    words: str
    steps: int


class PlayedStage:
    """The glass of a replay: it answers as she did; with a real one, that shows it."""

    def __init__(self, deck: Playing, glass: "Glass | None" = None) -> None:
        self._deck, self._glass = deck, glass.stage if glass else None
        self._seen = glass.seen if glass else None

    @property
    def language(self) -> str:
        return str(self._deck.look("language"))

    @language.setter
    def language(self, language: str) -> None:
        self._deck.now["language"] = language

    @property
    def large(self) -> bool:
        return bool(self._deck.look("large"))

    @large.setter
    def large(self, large: bool) -> None:
        self._deck.now["large"] = large

    @property
    def elder(self) -> bool:
        return bool(self._deck.look("elder"))

    @elder.setter
    def elder(self, elder: bool) -> None:
        self._deck.now["elder"] = elder

    @property
    def slow(self) -> bool:
        return bool(self._deck.look("slow"))

    @property
    def touched(self) -> float:
        return float(self._deck.look("touched"))

    @touched.setter
    def touched(self, at: float) -> None:
        """Her touches are the record's."""

    async def show(self, screen: Screen[T], chrome: Chrome) -> T:
        stood = asyncio.Event()
        drawn = asyncio.ensure_future(self._draw(screen, chrome, stood))
        try:
            try:
                answer = await self._deck.act("glass", "show", (screen, chrome), _nobody)
            except Exception:
                await stood.wait()
                raise
            await stood.wait()  # a slow glass shows each screen all the same
        finally:
            drawn.cancel()
            await asyncio.gather(drawn, return_exceptions=True)
        if isinstance(screen, Confirm) and isinstance(answer, Yes):
            return cast("T", Confirmed(screen.facts, screen.about))
        return cast("T", answer)

    async def _draw(self, screen: Screen[Any], chrome: Chrome, stood: asyncio.Event) -> None:
        if self._glass is None:
            return stood.set()
        self._glass.language, self._glass.elder, self._glass.large = self.language, self.elder, self.large
        shown = asyncio.ensure_future(self._glass.show(screen, chrome))
        try:
            await asyncio.sleep(0)
            if self._seen:
                self._seen(screen)
            stood.set()
            await shown
        finally:
            stood.set()
            shown.cancel()
            await asyncio.gather(shown, return_exceptions=True)
        return None

    def count(self, digits: int) -> None:
        if self._glass:
            self._glass.count(digits)

    def typed(self, text: str) -> None:
        if self._glass:
            self._glass.typed(text)

    async def warn(self, seconds: float) -> None:
        await self._deck.act("glass", "warn", (seconds,), _nobody)

    def reset(self) -> None:
        if self._glass:
            self._glass.reset()


async def _nobody() -> Any:
    raise AssertionError("a replay asks nobody")


class _Absent:
    """Whatever is not there: the deck answers in its place."""

    status = card_present = retain = paper_taken = retract = state = import_key = blind = see = staticmethod(_nobody)

    def __init__(self, *, can_retain: bool) -> None:
        self.can_retain = can_retain

    async def close(self) -> None:
        """Nothing to let go of."""

    def forget(self) -> None:
        """Nothing was read."""

    async def changes(self) -> Any:
        """Its states are the record's."""
        while True:
            yield None


def terminal_of(record: Record, deck: Playing, stage: PlayedStage, words: Words) -> Terminal:
    """The terminal as it was, with nothing real behind it but a journal in memory."""
    head, absent = record.head, _Absent(can_retain=record.head["can_retain"])
    loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    nobody = cast("Any", absent)

    async def here(work: Callable[[], Any]) -> Any:
        return work()

    journal = Journal(":memory:", lambda: int(head["at"] + (loop.time() - began) * 1000), here)
    panel, scanner = nobody if head["panel"] else None, nobody if head["scanner"] else None
    devices = Devices(nobody, nobody, nobody, nobody, panel, scanner)
    return Terminal(
        head["terminal"], stage, KeptLink(deck, None), KeptWords(deck, words), KeptJournal(deck, journal),
        kept_devices(deck, devices), tuple(KeptBlind(deck, nobody, number) for number in range(head["blinds"])),
        Rules(**head["rules"][BODY]), deck.standing,
    )  # fmt: skip


@dataclass(frozen=True)
class Glass:
    """A real glass to show a replay on; `seen` hears of each screen when it stands there."""

    stage: Stage
    seen: Callable[[Screen[Any]], None]


async def replay(record: Record, words: Callable[[Callable[[], str]], Words], glass: Glass | None = None) -> Course:
    """Run the visit again. Raises Unreadable when the record holds what this program does not know."""
    deck = Playing(record)
    stage = PlayedStage(deck, glass)
    terminal = terminal_of(record, deck, stage, words(lambda: stage.language))
    session = Session(terminal, record.visit, arrived=read(record.head["arrived"]))
    running = asyncio.ensure_future(visit(session))
    around = asyncio.ensure_future(deck.around(terminal.around.heard))
    late = asyncio.ensure_future(asyncio.sleep(deck.last / SECOND + (LONGER if deck.over else MOMENT)))
    await asyncio.wait((running, deck.diverged, late), return_when=asyncio.FIRST_COMPLETED)
    course = _judged(deck, running)
    deck.stopped = True
    for task in (running, late, around):
        task.cancel()
    await asyncio.gather(running, late, around, return_exceptions=True)
    await session.stop_watching()
    deck.diverged.cancel()
    return course


def _judged(deck: Playing, running: "asyncio.Future[str]") -> Course:
    """The same or not, and in what words."""
    if deck.diverged.done():
        return Course(False, deck.diverged.result(), deck.steps)
    if running.done() and isinstance(why := running.exception(), Unreadable):
        raise why
    now = _ending(running)
    if left := deck.left():
        words = f"at step {left.number} the record says: {left.words}; the program now {_in_words(now)}"
        return Course(False, words, deck.steps)
    if deck.over is None:
        return Course(True, f"the same for {deck.steps} steps, where the record was broken off", deck.steps)
    then = {how: deck.over[how] for how in (BODY, "raised") if how in deck.over}
    if now == then:
        return Course(True, f"the same: {deck.steps} steps; it {_in_words(then)}", deck.steps)
    words = f"after step {deck.steps} the record says: it {_in_words(then)}; the program now {_in_words(now)}"
    return Course(False, words, deck.steps)


def _ending(running: "asyncio.Future[str]") -> Json:
    """How a visit ended, as a record says it; empty while it goes on."""
    if not running.done():
        return {}
    why = running.exception()
    return {"raised": Writer(Plain()).failure(why)} if why else {BODY: running.result()}


def _in_words(ending: Json) -> str:
    if BODY in ending:
        return f"ended: {ending[BODY]}"
    return f"failed: {ending['raised']}" if ending else "goes on"
