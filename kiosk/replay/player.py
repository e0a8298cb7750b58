"""Plays a recorded visit: the flows of today before the answers of then, and a look whether it goes the same way.

Each call is answered with what the record has for it, at the time that it came then; the clock is the loop's. The calls
of a lane (the glass, a device, the bank, the journal) must come in the recorded order with the recorded arguments. How
often something is asked that is asked again and again does not matter.
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar, cast

from flows.journal import Journal
from flows.ports import Chrome, Stage, Words
from flows.screens import Confirm, Confirmed, Screen
from flows.session import Session
from flows.terminal import Devices, Rules, Standing, Terminal
from flows.visit import visit
from kiosk.replay.ports import KeptBlind, KeptJournal, KeptLink, KeptWords, Run, kept_devices
from kiosk.replay.specimens import Plain
from kiosk.replay.values import BODY, Json, Unreadable, Writer, Yes, read
from kiosk.store import Record

T = TypeVar("T")
QUIET = frozenset({"read_card", "wait_card"})
"""Waiting for a card is begun again and again; one time more or less is nothing."""
LONGER = 600.0
"""Seconds for which the program may go on when the record has ended."""
MOMENT = 0.01
"""Seconds for which it may go on when the record was broken off."""
TICK = 1e-10
"""Seconds between two things that happened at the same microsecond."""
AGAIN = 0.5
"""Seconds that a question takes of which the record has no further answer."""
GONE = {"gone": True}
SECOND = 1_000_000


@dataclass
class _Call:
    """A call as it was recorded."""

    number: int
    lane: str
    name: str
    args: Json
    heard: list[tuple[int, Json]] = field(default_factory=list)
    end: Json | None = None
    begun: int = 0
    place: int = 0
    """Of its beginning and its end, among the rows."""

    @property
    def words(self) -> str:
        return told(self.lane, self.name, self.args)


def told(lane: str, name: str, args: Json) -> str:
    """A call in words for an engineer."""
    match args:
        case [{"!": kind, "=": {"key": key}}, *_] if name == "show":
            return f"{str(kind).rpartition(':')[2]} {key} is shown"
        case [{"!": kind}, *_] if lane == "bank":
            return f"the bank is asked {name} ({str(kind).rpartition(':')[2]})"
    return f"{lane} {name} {json.dumps(args, ensure_ascii=False)}"


def difference(then: Json, now: Json, where: str = "") -> str:
    """The first place where two values differ."""
    if isinstance(then, dict) and isinstance(now, dict) and then.keys() == now.keys():
        found = (difference(then[key], now[key], where if key == BODY else f"{where}.{key}") for key in then)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        found = (difference(*both, f"{where}[{at}]") for at, both in enumerate(zip(then, now, strict=True)))
    else:
        was, is_ = (json.dumps(one, ensure_ascii=False)[:200] for one in (then, now))
        return "" if then == now else f"{where.lstrip('.') or 'it'} was {was} and is {is_}"
    return next((one for one in found if one), "")


@dataclass(frozen=True)
class Course:
    """How a replay went."""

    same: bool
    words: str
    steps: int


class Playing:
    """The deck of a visit that is replayed."""

    def __init__(self, record: Record) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self.said: dict[str, str] = {}
        self._writer = Writer(Plain(), self.said)
        self.diverged: asyncio.Future[str] = self._loop.create_future()
        self.steps, self.stopped = 0, False
        self._lanes: dict[str, deque[_Call]] = defaultdict(deque)
        self._polls: dict[tuple[str, str], deque[tuple[int, Json]]] = defaultdict(deque)
        self._answered: dict[tuple[str, str], tuple[int, Json]] = {}
        """The last answer of each question that is asked again and again."""
        self._moments: deque[Json] = deque()
        self._standing: dict[int, Standing] = {}
        self._looks = 0
        self.over: Json | None = None
        self.last = max(row["t"] for row in record.rows)
        self.now: dict[str, Any] = {"touched": 0, "language": record.head["language"], "large": record.head["large"]}
        try:
            self._sort(record)
        except (LookupError, TypeError, AttributeError) as why:
            raise Unreadable(f"a row of the record is none ({why})") from why

    def _sort(self, record: Record) -> None:
        calls: dict[int, _Call] = {}
        for place, row in enumerate(record.rows[1:], 1):
            match row["e"]:
                case "begins":
                    call = calls[row["n"]] = _Call(row["n"], row["lane"], row["name"], row["args"], begun=place)
                    self._lanes[call.lane].append(call)
                case "ends":
                    self._said(row, check=True)
                    calls[row["n"]].end, calls[row["n"]].place = row, place
                case "heard":
                    calls[row["n"]].heard.append((row["t"], row[BODY]))
                case "poll":
                    self._said(row, check=True)
                    self._polls[row["lane"], row["name"]].append((place, row))
                case "standing":
                    self._standing[row["n"]] = Standing(row["open"], row["off"][BODY])
                case "over":
                    self.over = row
                case _:
                    self._moments.append(row)

    # --- the deck

    async def act(self, lane: str, name: str, args: tuple[object, ...], run: Run[T]) -> T:
        return await self.heard(lane, name, args, lambda _: None, lambda _: run())

    async def heard(self, lane: str, name: str, args: tuple[object, ...], hear: Callable[[Any], None],
                    run: Callable[[Callable[[Any], None]], Awaitable[T]]) -> T:  # fmt: skip
        call = await self._next(lane, name, self._writer.write(args))
        for at, what in call.heard:
            await self._until(at, call.place)
            hear(what)
        if call.end is None or "gone" in call.end:
            await self._for_ever()
        at_once = call.place == call.begun + 1 and self._loop.time() >= self._began + call.end["t"] / SECOND
        if not at_once:
            await self._until(call.end["t"], call.place)
        if lane == "journal" and "raised" not in call.end:  # into a journal of this replay's own
            return await run(hear)
        return cast("T", self._said(call.end))

    async def poll(self, lane: str, name: str, run: Run[T]) -> T:  # noqa: ARG002  a replay asks nobody
        if self.stopped:
            await self._for_ever()
        if polls := self._polls[lane, name]:
            self._answered[lane, name] = polls.popleft()
        elif name != "changes":  # asked once more than then: nothing has changed
            await asyncio.sleep(AGAIN)
        else:
            await self._for_ever()
        place, row = self._answered.get((lane, name), (0, GONE))
        if "gone" in row:
            await self._for_ever()
        await self._until(row["t"], place)
        return cast("T", self._said(row))

    async def _next(self, lane: str, name: str, args: Json) -> _Call:
        """The recorded call that this one is."""
        calls = self._lanes[lane]
        if self.stopped or (not calls and (name in QUIET or self.over is None)):
            await self._for_ever()
        if not calls:
            await self._diverge(f"after step {self.steps} the record has nothing more", told(lane, name, args))
        call = calls.popleft()
        if (call.name, call.args) != (name, args):
            now = told(lane, name, args)
            but = difference(call.args, args) if call.words == now else now
            await self._diverge(f"at step {call.number} the record says: {call.words}", but)
        self.steps = max(self.steps, call.number)
        return call

    async def _diverge(self, then: str, now: str) -> NoReturn:
        if not self.diverged.done():
            self.diverged.set_result(f"{then}; the program now does: {now}")
        await self._for_ever()

    async def _for_ever(self) -> NoReturn:
        if self.stopped:
            raise asyncio.CancelledError
        await self._loop.create_future()
        raise AssertionError("for ever is over")

    async def _until(self, at: int, place: int) -> None:
        await asyncio.sleep(max(0.0, self._began + at / SECOND + place * TICK - self._loop.time()))
        self._pass(at)

    def _pass(self, at: float) -> None:
        while self._moments and self._moments[0]["t"] <= at:
            row = self._moments.popleft()
            self.now[row["e"]] = row[BODY]

    def _said(self, row: Json, *, check: bool = False) -> Any:
        """What came of a call; `check` only looks whether that can be read."""
        value = read(row["raised"] if "raised" in row else row.get(BODY))
        if "raised" in row and not check:
            raise value
        return value

    # --- what is looked at

    def look(self, what: str) -> Any:
        """The language, the letter size or the last touch, as it is now."""
        self._pass((self._loop.time() - self._began) * SECOND + 1)
        return self._began + self.now[what] / SECOND if what == "touched" else self.now[what]

    def standing(self) -> Standing:
        """As of the same look at it."""
        self._looks += 1
        known = [number for number in self._standing if number <= self._looks]
        return self._standing[max(known)] if known else Standing()

    def left(self) -> _Call | None:
        """A call of the record that has not been made."""
        rest = [call for calls in self._lanes.values() for call in calls if call.name not in QUIET]
        return min(rest, key=lambda call: call.number) if rest else None


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
        self._glass.language, self._glass.large = self.language, self.large
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
    devices = Devices(nobody, nobody, nobody, nobody, nobody if head["panel"] else None)
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
    late = asyncio.ensure_future(asyncio.sleep(deck.last / SECOND + (LONGER if deck.over else MOMENT)))
    await asyncio.wait((running, deck.diverged, late), return_when=asyncio.FIRST_COMPLETED)
    course = _judged(deck, running)
    deck.stopped = True
    for task in (running, late):
        task.cancel()
    await asyncio.gather(running, late, return_exceptions=True)
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
