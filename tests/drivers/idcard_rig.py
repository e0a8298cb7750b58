"""What the reader's tests stand on: a clock that jumps, a wire that drips, and peers that answer from a script."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings

from drivers.idcard import frames
from drivers.idcard.frames import Answer, Decoder, Frame
from drivers.wire import MemoryWire, Opener, Wire, pair

T = TypeVar("T")
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine proves nothing: no property is timed."""


class _Jump(selectors.SelectSelector):
    """Waiting takes no time: the clock moves on instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everything waits, and nothing will ever happen"
        self.now += max(0.0, timeout)
        return super().select(0)


class JumpLoop(asyncio.SelectorEventLoop):
    """A loop whose clock starts at 0 and jumps to the next timer; for what needs no socket."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


def jump(story: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a story in no time at all."""
    with asyncio.Runner(loop_factory=JumpLoop) as runner:
        return runner.run(story())


class Tap:
    """Opens like `inner`, and notes each command's time; may deliver one byte at a time."""

    def __init__(self, inner: Opener, *, drip: bool = False) -> None:
        self._inner, self._drip = inner, drip
        self.opened = 0
        self.sent: list[tuple[float, bytes]] = []

    async def __call__(self) -> Wire:
        self.opened += 1
        return _TapWire(self, await self._inner(), drip=self._drip)

    def times(self, command: bytes) -> list[float]:
        return [at for at, sent in self.sent if sent == command]


class _TapWire:
    def __init__(self, tap: Tap, wire: Wire, *, drip: bool) -> None:
        self._tap, self._wire, self._drip = tap, wire, drip
        self._kept = b""

    async def read(self) -> bytes:
        if not self._kept:
            self._kept = await self._wire.read()
        size = 1 if self._drip else len(self._kept)
        data, self._kept = self._kept[:size], self._kept[size:]
        return data

    async def write(self, data: bytes) -> None:
        self._tap.sent.append((asyncio.get_running_loop().time(), data[7:9]))
        await self._wire.write(data)

    async def close(self) -> None:
        await self._wire.close()


Script = dict[bytes, list[bytes]]
"""Command: the bytes of its answers, one after the other; the last is repeated."""


def answer(sw: int, data: bytes = b"") -> bytes:
    return Answer(sw, data).frame().pack()


GOOD: Script = {
    frames.RESET: [answer(frames.OK)],
    frames.STATUS: [answer(frames.OK)],
    frames.SAM_ID: [answer(frames.OK, bytes.fromhex("05000300A5133401") + bytes(8))],
    frames.FIND: [answer(frames.FOUND, bytes(4))],
    frames.SELECT: [answer(frames.OK, bytes(8))],
}


class Scripted:
    """A peer that answers from a script, and counts what it was asked."""

    def __init__(self, script: Script) -> None:
        self._script = {command: list(answers) for command, answers in (GOOD | script).items()}
        self.asked: list[bytes] = []
        self.opened = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def mend(self, command: bytes, good: bytes) -> None:
        """From now on this is the answer."""
        self._script[command] = [good]

    async def __call__(self) -> Wire:
        self.opened += 1
        near, far = pair()
        self._tasks.add(asyncio.create_task(self._serve(far)))
        return near

    async def _serve(self, wire: MemoryWire) -> None:
        decoder = Decoder()
        while data := await _bytes_or_end(wire):
            for heard in decoder.feed(data):
                assert isinstance(heard, Frame)
                self.asked.append(heard.body)
                answers = self._script[heard.body]
                await wire.write(answers.pop(0) if len(answers) > 1 else answers[0])


async def _bytes_or_end(wire: MemoryWire) -> bytes:
    try:
        return await wire.read()
    except ConnectionError:
        return b""
