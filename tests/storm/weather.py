"""What can go wrong between terminal and branch, and with the terminal's power; all chance comes from one seed."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

from protocol.calls import PATHS
from tests.storm.disk import Disk

POSTS = (PATHS["transfer"].path, PATHS["remit"].path, PATHS["pay_bill"].path)
"""Calls that move money."""
RARE = {PATHS[name].path for name in ("card_said", "reverse", "state", "manual_case", "report_untold", "told")}
"""Calls that come seldom: more often something happens to them."""
ACTS = {PATHS[name].path for name in ("transfer", "card_said", "lower_limit", "report_loss", "change_pin")}
"""Calls after which something is so that was not."""


class PowerCut(BaseException):
    """The terminal's power is gone: nothing of it runs on."""


class Power:
    """The mains. `run` is the journal's runner; the power may fail before or after any of its writes."""

    def __init__(self, chance: random.Random, likely: float) -> None:
        self._chance, self._likely, self.off = chance, likely, False
        self.cuts: Counter[str] = Counter()
        self.met: Counter[tuple[str, str]] = Counter()
        """When the power failed, and around which row."""
        self.disk: Disk | None = None
        """With a disk, half of the writes that the power interrupts are torn."""
        self._fuse = 0
        self._cut_at_next = False
        self.written: list[str] = []
        """The states that the journal has begun to write, since somebody last looked."""
        self.cut_at, self.cut_when = 0, ""
        """Cut at the n-th entry of `written`: `before` it is committed, `after`, or `torn` in two."""

    def arm(self, steps: int) -> None:
        """Cut the power around the journal's n-th work from now: where an effect writes."""
        self._fuse = steps

    async def run(self, work: Callable[[], Any]) -> Any:
        """Do the journal's work, or fail around it."""
        self.check()
        if self.cut_when == "torn" and self.disk and len(self.written) + 1 == self.cut_at:
            return self._torn(self.disk, work)
        self._fuse -= 1
        burnt = self._fuse == 0 and self._likely
        begun = len(self.written)
        if (burnt and self._chance.random() < 0.5) or self._chance.random() < self._likely:
            if self.disk and self._chance.random() < 0.5:
                self.disk.tear(work)
                self.fail("torn", self._row(begun))
            self._cut_at_next = True
        found = work()
        if self._cut_at_next:  # it wrote nothing
            self.fail("before", "read")
        at_the_cut = self.cut_when == "after" and begun < self.cut_at <= len(self.written)
        if burnt or at_the_cut or self._chance.random() < self._likely:
            if self.disk:
                self.disk.cut()
            self.fail("after", self._row(begun))
        return found

    def _torn(self, disk: Disk, work: Callable[[], Any]) -> Any:
        """Tear the write that this is, if it is one."""
        found, begun = list[Any](), len(self.written)
        disk.tear(lambda: found.append(work()))
        if len(self.written) > begun:
            self.fail("torn", self._row(begun))
        disk.forget()
        return found[0] if found else work()

    def _row(self, begun: int) -> str:
        return self.written[-1] if len(self.written) > begun else "read"

    def writes(self, state: str) -> None:
        """The journal is about to add a row; its transaction is open."""
        self.written.append(state)
        if self._cut_at_next or (self.cut_when == "before" and len(self.written) == self.cut_at):
            self.fail("before", state)

    def fail(self, when: str, row: str) -> None:
        """Cut the power here and now."""
        self.off, self._cut_at_next = True, False
        self.met[f"power cut {when}", row] += 1
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
        self.holds_next = False
        """The next posting will be late."""
        self.loses_next = False
        """The answer to one of the next acts will be lost."""
        self.late: set[asyncio.Task[Any]] = set()
        self.taken_back: set[str] = set()
        """Keys whose reversal the branch has answered."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._power.check()
        body = await request.aread()
        again = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        loop = asyncio.get_running_loop()
        if loop.time() < self.down_until:
            raise httpx.ConnectError("the line is down", request=request)
        fate = self._fate(request.url.path)
        if self._chance.random() < self._likely / 10:
            self.down_until, fate = loop.time() + self._chance.uniform(1, 400), "outage"
        if self.holds_next and request.url.path in POSTS:
            self.holds_next, fate = False, "late"
        if self.loses_next and request.url.path in ACTS and self._chance.random() < 0.6:
            self.loses_next, fate = False, "lost-reply"
        if not fate and request.url.path == PATHS["transfer"].path and self._chance.random() < self._likely / 2:
            fate, again = "tampered", _tampered(again)
        if fate:
            self.met[fate, request.url.path] += 1
        return await self._suffer(fate, again)

    def _fate(self, path: str) -> str:
        """What this call suffers: of the fates, one of those that its like have suffered least."""
        if self._chance.random() >= self._likely * (3 if path in RARE else 1):
            return ""
        least = min(self.met[fate, path] for fate in self.FATES)
        return self._chance.choice([fate for fate in self.FATES if self.met[fate, path] == least])

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
                await self._arrives(request)
            return httpx.Response(503, json={"reason": "core", "mend": "bank", "detail": "storm"}, request=request)
        answer = await self._arrives(request)
        await asyncio.sleep(self._chance.uniform(0, 0.5))
        if fate == "lost-reply":
            raise httpx.ReadTimeout("no answer", request=request)
        return answer

    async def _later(self, request: httpx.Request, seconds: float) -> None:
        """The network keeps it, and delivers it when nobody waits any more; the terminal's power matters no more."""
        await asyncio.sleep(seconds)
        await self._arrives(request)

    async def _arrives(self, request: httpx.Request) -> httpx.Response:
        """At the branch, in time or not."""
        key = json.loads(request.content or b"{}").get("key", "")
        path = request.url.path
        if path in {*POSTS, PATHS["card_said"].path} and key in self.taken_back:
            self.met["post-after-reverse", path] += 1
        answer = await self._inner.handle_async_request(request)
        await answer.aread()
        if path == PATHS["reverse"].path and answer.status_code == httpx.codes.OK:
            self.taken_back.add(key)
        return answer

    async def clear(self) -> None:
        """Let everything that is under way arrive."""
        await asyncio.gather(*self.late)
        self.late.clear()
        self.down_until, self._likely, self.loses_next, self.holds_next = 0.0, 0.0, False, False


def _tampered(request: httpx.Request) -> httpx.Request:
    """The same posting for one yuan more: somebody sits on the line."""
    body = json.loads(request.content)
    body["order"]["amount"] += 100
    return httpx.Request(
        request.method, request.url, headers={"x-fingerprint": request.headers["x-fingerprint"]}, json=body
    )
