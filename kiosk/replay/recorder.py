"""Keeps what passed between one visit and the world, as it happens, and never stands in the visit's way."""

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, TypeVar

import httpx

from drivers.api import PanelState
from flows.around import Around
from flows.arrive import Arrival
from flows.ports import Chrome, Stage
from flows.screens import Screen
from flows.terminal import Standing, Terminal
from kiosk.replay.ports import KeptBlind, KeptJournal, KeptLink, KeptWords, Run, kept_devices
from kiosk.replay.specimens import Specimens
from kiosk.replay.values import BODY, Json, Writer
from kiosk.store import VERSION, VisitStore

log = logging.getLogger(__name__)
T = TypeVar("T")


def code_version() -> str:
    """Of the program that runs."""
    try:
        return metadata.version("bank-kiosk")
    except metadata.PackageNotFoundError:
        return "not installed"


class Recording:
    """The deck of one visit that is recorded."""

    def __init__(self, visit: str, clock: Callable[[], float], write: Callable[[Json], None]) -> None:
        self._clock, self._put, self._began = clock, write, clock()
        self._writer = Writer(Specimens(visit, visit[-8:].upper()))
        self.said: dict[str, str] = {}
        self._asking = dataclasses.replace(self._writer, said=self.said)
        self._calls, self._reads = 0, 0
        self._last: dict[str, object] = {}
        self._task = asyncio.current_task()
        self._cut = False

    # --- the deck

    async def act(self, lane: str, name: str, args: tuple[object, ...], run: Run[T]) -> T:
        return await self._during(self.begins(lane, name, args), run, keep=lane != "journal")

    async def heard(self, lane: str, name: str, args: tuple[object, ...], hear: Callable[[Any], None],
                    run: Callable[[Callable[[Any], None]], Awaitable[T]]) -> T:  # fmt: skip
        number = self.begins(lane, name, args)

        def hears(what: Any) -> None:
            self.row("heard", n=number, **{BODY: "0" * len(what) if isinstance(what, str) else what})
            hear(what)

        return await self._during(number, lambda: run(hears))

    async def poll(self, lane: str, name: str, run: Run[T]) -> T:
        return await self._during(0, run, lane=lane, name=name)

    async def _during(self, number: int, run: Run[T], *, keep: bool = True, **what: str) -> T:
        try:
            found = await run()
        except asyncio.CancelledError:
            self.ends(number, "gone", True, **what)
            raise
        except Exception as why:
            self.ends(number, "raised", why, **what)
            raise
        self.ends(number, BODY, found if keep else None, **what)
        return found

    # --- rows

    def begins(self, lane: str, name: str, args: tuple[object, ...]) -> int:
        """A call begins; answers its number."""
        self._calls += 1
        self.row("begins", n=self._calls, lane=lane, name=name, args=args)
        return self._calls

    def ends(self, number: int, how: str, value: object, **what: str) -> None:
        """What came of a call; of a poll, this is all that is kept."""
        if what:
            self.row("poll", **what, **{how: value})
        else:
            self.row("ends", n=number, **{how: value})

    def changed(self, what: str, value: object) -> None:
        """Something that is looked at now and then; kept where it differs from the last look."""
        if self._last.get(what, self) != value:
            self._last[what] = value
            self.row(what, **{BODY: value})

    def touched(self, at: float) -> None:
        """When her last touch was."""
        self.changed("touched", round((at - self._began) * 1_000_000))

    def standing(self, now: Standing) -> None:
        """What can be done at this moment, as far as the branch says: of each look that found something new."""
        self._reads += 1
        if self._last.get("standing") != now:
            self._last["standing"] = now
            self.row("standing", n=self._reads, open=now.open, off=dict(now.switched_off))

    def row(self, event: str, **what: Any) -> None:
        """Write down one thing; a fault here costs the record, not the visit."""
        if self._cut:
            return
        if self._task and self._task.cancelling() and event == "begins":  # the program is being stopped
            self._cut = True
            return
        try:
            writers = {"args": self._asking}
            safe = {key: one if key in RAW else writers.get(key, self._writer).write(one) for key, one in what.items()}
            self._put({"t": round((self._clock() - self._began) * 1_000_000), "e": event, **safe})
        except Exception:
            log.exception("a visit's record is lost")
            self._cut = True

    def answered(self, number: int, screen: Screen[Any], value: object) -> None:
        """A screen was answered; what was typed becomes a specimen."""
        try:
            self._put({
                "t": round((self._clock() - self._began) * 1_000_000), "e": "ends", "n": number,
                BODY: self._writer.answer(screen, value),
            })  # fmt: skip
        except Exception:
            log.exception("a visit's record is lost")
            self._cut = True


RAW = frozenset({"n", "lane", "name", "t"})
"""Members of a row that are the recorder's own."""


class RecordedStage:
    """The glass, watched."""

    def __init__(self, deck: Recording, inner: Stage) -> None:
        self._deck, self._inner = deck, inner

    @property
    def language(self) -> str:
        self._look()
        return self._inner.language

    @language.setter
    def language(self, language: str) -> None:
        self._inner.language = language
        self._look()

    @property
    def large(self) -> bool:
        self._look()
        return self._inner.large

    @large.setter
    def large(self, large: bool) -> None:
        self._inner.large = large
        self._look()

    @property
    def elder(self) -> bool:
        self._look()
        return self._inner.elder

    @elder.setter
    def elder(self, elder: bool) -> None:
        self._inner.elder = elder
        self._look()

    @property
    def slow(self) -> bool:
        self._look()
        return self._inner.slow

    @property
    def touched(self) -> float:
        at = self._inner.touched
        self._deck.touched(at)
        return at

    @touched.setter
    def touched(self, at: float) -> None:
        self._inner.touched = at

    def _look(self) -> None:
        self._deck.changed("language", self._inner.language)
        self._deck.changed("large", self._inner.large)
        self._deck.changed("elder", self._inner.elder)
        self._deck.changed("slow", self._inner.slow)

    async def show(self, screen: Screen[T], chrome: Chrome) -> T:
        self._look()
        number = self._deck.begins("glass", "show", (screen, chrome))
        try:
            found = await self._inner.show(screen, chrome)
        except asyncio.CancelledError:
            self._deck.ends(number, "gone", True)
            raise
        except Exception as why:
            self._look()
            self._deck.ends(number, "raised", why)
            raise
        self._look()
        self._deck.answered(number, screen, found)
        return found

    def count(self, digits: int) -> None:
        self._inner.count(digits)

    def typed(self, text: str) -> None:
        self._inner.typed(text)

    async def warn(self, seconds: float) -> None:
        return await self._deck.act("glass", "warn", (seconds,), lambda: self._inner.warn(seconds))

    def reset(self) -> None:
        self._inner.reset()


@dataclass
class Kept:
    """A visit that is being recorded: `terminal` is what it runs at; `ended` or `failed` says how it ended."""

    terminal: Terminal
    ended: str = ""
    failed: Exception | None = None


@dataclass(frozen=True)
class Recorder:
    """Records visits into a store; `client` is the line to the branch, as the terminal's own link has it."""

    store: VisitStore
    client: httpx.AsyncClient
    version: str = field(default_factory=code_version)

    @contextmanager
    def visit(self, terminal: Terminal, visit: str, arrived: Arrival | None = None) -> Iterator[Kept]:
        """Record one visit."""
        loop = asyncio.get_running_loop()
        writing = self.store.begins(visit, terminal.journal.now())
        deck = Recording(visit, loop.time, writing)
        stage = RecordedStage(deck, terminal.stage)
        deck.row(
            "visit", record=VERSION, code=self.version, at=terminal.journal.now(), terminal=terminal.id,
            language=terminal.stage.language, large=terminal.stage.large, arrived=arrived,
            rules=dataclasses.asdict(terminal.rules), can_retain=terminal.devices.card_reader.can_retain,
            elder=terminal.stage.elder, slow=terminal.stage.slow,
            panel=terminal.devices.panel is not None, scanner=terminal.devices.scanner is not None,
            blinds=len(terminal.blinds),
        )  # fmt: skip

        def standing() -> Standing:
            now = terminal.standing()
            deck.standing(now)
            return now

        around = Around(terminal.devices.panel)

        def told(state: PanelState) -> None:
            deck.row("around", **{BODY: state})
            around.heard(state)

        deaf = terminal.around.listen(told)
        kept = Kept(dataclasses.replace(
            terminal, stage=stage, bank=KeptLink(deck, self.client), words=KeptWords(deck, terminal.words),
            journal=KeptJournal(deck, terminal.journal), devices=kept_devices(deck, terminal.devices),
            blinds=tuple(KeptBlind(deck, one, number) for number, one in enumerate(terminal.blinds)), standing=standing,
            around=around,
        ))  # fmt: skip
        try:
            yield kept
        except Exception as why:
            kept.failed = why
            raise
        finally:
            deaf()
            if kept.failed:
                deck.row("over", raised=kept.failed)
            elif kept.ended:
                deck.row("over", **{BODY: kept.ended})
            self.store.ends(visit, kept.ended or (type(kept.failed).__name__ if kept.failed else ""))
