"""What can go wrong between terminal and branch, and with the terminal's power; all chance comes from one seed."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx


class PowerCut(BaseException):
    """The terminal's power is gone: nothing of it runs on."""


class Power:
    """The mains. `run` is the journal's runner; the power may fail before or after any of its writes."""

    def __init__(self, chance: random.Random, likely: float) -> None:
        self._chance, self._likely, self.off = chance, likely, False
        self.cuts: Counter[str] = Counter()
        self._fuse = 0

    def arm(self, steps: int) -> None:
        """Cut the power around the journal's n-th work from now: where an effect writes."""
        self._fuse = steps

    async def run(self, work: Callable[[], Any]) -> Any:
        """Do the journal's work, or fail around it."""
        self.check()
        self._fuse -= 1
        burnt = self._fuse == 0 and self._likely
        if (burnt and self._chance.random() < 0.5) or self._chance.random() < self._likely:
            self.fail("before")
        found = work()
        if burnt:
            self.fail("after")
        if self._chance.random() < self._likely:
            self.fail("after")
        return found

    def fail(self, when: str) -> None:
        """Cut the power here and now."""
        self.off = True
        self.cuts[when] += 1
        raise PowerCut

    def check(self) -> None:
        """Nothing is done without power."""
        if self.off:
            raise PowerCut


class Weather(httpx.AsyncBaseTransport):
    """The line to the branch: loses requests, loses replies, delivers late, goes down for a while."""

    FATES = ("lost-request", "lost-reply", "late", "http-503")

    def __init__(self, inner: httpx.AsyncBaseTransport, power: Power, chance: random.Random, likely: float) -> None:
        self._inner, self._power, self._chance, self._likely = inner, power, chance, likely
        self.met: Counter[tuple[str, str]] = Counter()
        self.down_until = 0.0
        self.late: set[asyncio.Task[Any]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._power.check()
        body = await request.aread()
        again = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        loop = asyncio.get_running_loop()
        if loop.time() < self.down_until:
            raise httpx.ConnectError("the line is down", request=request)
        fate = self._chance.choice(self.FATES) if self._chance.random() < self._likely else ""
        if self._chance.random() < self._likely / 10:
            self.down_until, fate = loop.time() + self._chance.uniform(1, 400), "outage"
        if fate:
            self.met[fate, request.url.path] += 1
        return await self._suffer(fate, again)

    async def _suffer(self, fate: str, request: httpx.Request) -> httpx.Response:
        if fate in {"lost-request", "outage"}:
            await asyncio.sleep(self._chance.uniform(0.1, 25))
            raise httpx.ReadTimeout("no answer", request=request)
        if fate == "late":
            task = asyncio.ensure_future(self._later(request, self._chance.uniform(1, 200)))
            self.late.add(task)
            await asyncio.sleep(20)
            raise httpx.ReadTimeout("no answer", request=request)
        if fate == "http-503":
            if self._chance.random() < 0.5:  # a gateway's own words: the branch may well have done it
                await (await self._inner.handle_async_request(request)).aread()
            return httpx.Response(503, json={"reason": "core", "mend": "bank", "detail": "storm"}, request=request)
        answer = await self._inner.handle_async_request(request)
        await asyncio.sleep(self._chance.uniform(0, 0.5))
        if fate == "lost-reply":
            raise httpx.ReadTimeout("no answer", request=request)
        return answer

    async def _later(self, request: httpx.Request, seconds: float) -> None:
        """The network keeps it, and delivers it when nobody waits any more; the terminal's power matters no more."""
        await asyncio.sleep(seconds)
        answer = await self._inner.handle_async_request(request)
        await answer.aread()

    async def clear(self) -> None:
        """Let everything that is under way arrive."""
        await asyncio.gather(*self.late)
        self.late.clear()
        self.down_until, self._likely = 0.0, 0.0
