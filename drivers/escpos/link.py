"""Questions and answers on a printer's wire, each with its patience."""

import asyncio
from collections import deque

from drivers.api import Garbled, Offline
from drivers.escpos.codec import Answer, Answers, Condition, Noise, RealTime, ask, condition
from drivers.wire import Wire

DEVICE = "printer"
QUIET = 0.02
PIECE = 512
MOST_READS = 64


class Silent(Offline):
    """The wire is there, but nothing comes over it."""


class Link:
    """One connection. Offline when the printer is deaf or gone, Garbled when it talks nonsense."""

    def __init__(self, wire: Wire) -> None:
        self._wire, self._answers = wire, Answers()
        self._waiting: deque[Answer] = deque(maxlen=256)

    async def send(self, data: bytes, patience: float) -> None:
        """All of `data`, or Offline when the printer takes no further piece of it for `patience` seconds."""
        for at in range(0, len(data), PIECE):
            try:
                async with asyncio.timeout(patience):
                    await self._wire.write(data[at : at + PIECE])
            except TimeoutError as why:
                raise Silent(DEVICE, "takes no more data", "look for a jam or an open cover") from why

    async def answer(self, patience: float) -> Answer | None:
        """The next answer of any kind, or None when none is complete after `patience` seconds."""
        try:
            async with asyncio.timeout(patience):
                while not self._waiting:
                    self._waiting.extend(self._answers.feed(await self._wire.read()))
        except TimeoutError:
            return None
        return self._waiting.popleft()

    async def drain(self) -> None:
        """Forget what has come in until now: answers to questions that nobody waits for any more."""
        for _ in range(MOST_READS):
            self._waiting.clear()
            if await self.answer(QUIET) is None:
                break
        self._waiting.clear()
        self._answers = Answers()

    async def condition(self, patience: float) -> Condition:
        """DLE EOT 1 to 4, one after the other, all within `patience`; answers of other kinds are kept for later."""
        deadline = asyncio.get_running_loop().time() + patience
        bits = [await self._real_time(number, deadline) for number in (1, 2, 3, 4)]
        return condition(*bits)

    async def _real_time(self, number: int, deadline: float) -> int:
        loop = asyncio.get_running_loop()
        await self.send(ask(number), max(0.0, deadline - loop.time()))
        others: list[Answer] = []
        try:
            while answer := await self.answer(max(0.0, deadline - loop.time())):
                if isinstance(answer, RealTime):
                    return answer.bits
                if isinstance(answer, Noise):
                    raise Garbled(DEVICE, f"{answer.byte:02x} is no status byte", "check the cable and the baud rate")
                others.append(answer)
        finally:
            self._waiting.extend(others)
        raise Silent(DEVICE, "does not answer", "check power and cable")

    async def close(self) -> None:
        await self._wire.close()
