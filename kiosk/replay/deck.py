"""The deck that plays a record: each call is answered with what the record has for it, at the time that it came then.

The calls of a lane (the glass, a device, the bank, the journal) must come in the recorded order with the recorded
arguments. How often something is asked that is asked again and again does not matter. The clock is the loop's.
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar, cast

from flows.terminal import Standing
from kiosk.replay.ports import Run
from kiosk.replay.specimens import Plain
from kiosk.replay.values import BODY, Json, Unreadable, Writer, read
from kiosk.store import Record

T = TypeVar("T")
QUIET = frozenset({"read_card", "wait_card"})
"""Waiting for a card is begun again and again; one time more or less is nothing."""
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
        self.now: dict[str, Any] = {"touched": 0}
        self.now |= {what: record.head[what] for what in ("language", "large", "elder", "slow")}
        self._around: list[tuple[int, Json]] = []
        """What the panel around her said, and where that stands in the record."""
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
                case "around":
                    self._said(row, check=True)
                    self._around.append((place, row))
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

    # --- what comes by itself

    async def around(self, hear: Callable[[Any], None]) -> None:
        """Tell what the panel said, when it said it."""
        for place, row in self._around:
            await self._until(row["t"], place)
            hear(self._said(row))

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
