"""A receipt printer on a serial port or a TCP socket.

    serial:/dev/ttyUSB0?baud=115200&proof=in-order&presenter=custom      tcp:10.0.0.9:9100?proof=none      sim:printer

`proof` says how the printer can prove that paper came out: `process-id` (GS ( H, the default), `in-order` (GS r) or
`none`. Silence proves nothing, and DLE EOT alone proves nothing about paper either: it is answered before the
buffered lines are printed. Its place is before the job and, after the proof, to see that all is still well.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn, TypeVar
from urllib.parse import parse_qsl, urlencode

from drivers.api import DeviceError, Faulty, Garbled, Health, NoMedia, Offline, Printed, Slip, Status
from drivers.escpos import codec
from drivers.escpos.codec import Answer, Condition, Trouble
from drivers.escpos.link import DEVICE, Link, Silent
from drivers.escpos.raster import Drawer
from drivers.wire import Opener, Wire, check, open_wire, resolve

T = TypeVar("T")
PROOFS = {"process-id": "process-id", "in-order": "in-order-status", "none": ""}
PRESENTERS = ("none", "custom")
SLOWEST = 960
"""Bytes a second at 9600 baud: a drawn line has 2900 of them, an Arabic slip some 30 000."""
REMEDY = {
    Trouble.PAPER: "load paper",
    Trouble.COVER: "close the cover",
    Trouble.CUTTER: "clear the knife",
    Trouble.BROKEN: "clear the paper path, switch it off and on",
    Trouble.OFFLINE: "look at the printer",
}


@dataclass(frozen=True)
class Patience:
    """Seconds."""

    open: float = 1.0
    status: float = 0.6
    """All four status bytes."""
    identity: float = 0.3
    job: float = 20.0
    """From the last byte to the proof, beside the time that the bytes take on the slowest line."""
    stall: float = 8.0
    """How long the printer may take nothing in the midst of a job."""
    look: float = 1.0
    """Silence during a job after which the printer is asked what keeps it."""
    retract: float = 3.0


@dataclass(frozen=True)
class _Can:
    """What the URL says about the model."""

    address: str
    proof: str
    presenter: bool


class SerialPrinter:
    """A `drivers.api.Printer`. `font` draws what the printer has no characters for; Debian's Noto fonts stand in."""

    def __init__(
        self,
        url: str,
        *,
        opener: Opener | None = None,
        font: Path | None = None,
        chance: random.Random | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._url, self._opener, self._drawer = url, opener, Drawer(font)
        address = _parse(url).address
        if opener is None:
            check(address)
        self._chance, self._patience = chance or random.SystemRandom(), patience or Patience()
        self._press = ThreadPoolExecutor(1, "printer")
        self._lock = asyncio.Lock()
        self._link: Link | None = None
        self._dirty = self._stale = False
        self._identity: str | None = None
        self._last = Status(DEVICE, Health.OFFLINE, detail="not asked yet")

    # --- drivers.api.Device

    async def status(self) -> Status:
        """While a slip is being printed nothing may be asked: then it is the last known state."""
        if self._lock.locked():
            return replace(self._last, detail="at work")
        async with self._lock:
            try:
                found = await self._linked(self._look)
            except DeviceError as why:
                self._last = replace(self._last, health=Health.OFFLINE, media="unknown", detail=why.what, why=why)
                return self._last
            identity = self._identity or ""
            simulated = "SIM" in identity or self._url.startswith("sim:")
            health = Health.DEGRADED if found.trouble else Health.OK
            trouble = _error(found.trouble) if found.trouble else None
            detail = trouble.what if trouble else ""
            self._last = Status(DEVICE, health, identity, simulated, found.media, detail, why=trouble)
            return self._last

    async def close(self) -> None:
        async with self._lock:
            await self._drop()
        self._press.shutdown(wait=False)

    # --- drivers.api.Printer

    async def print_slip(self, slip: Slip) -> Printed:
        """NoMedia and nothing came out; Faulty, Garbled or Offline and a part of it may have."""
        async with self._lock:
            can = _parse(resolve(self._url), self._url)
            data = await self._encode(slip, presenter=can.presenter)
            return await self._linked(lambda link: self._print(link, data, can))

    async def paper_taken(self) -> bool | None:
        """None too when the printer cannot be asked just now: nobody may be kept waiting for a sensor."""
        async with self._lock:
            try:
                ticket = await self._linked(self._ticket)
            except DeviceError:
                return None
        return None if ticket is None else not ticket

    async def retract(self) -> bool:
        """True once the presenter reports that the slip has gone; False without one, or when it keeps lying there."""
        async with self._lock:
            try:
                return await self._linked(self._retract)
            except DeviceError:
                return False

    # --- one job

    async def _encode(self, slip: Slip, *, presenter: bool) -> bytes:
        def work() -> bytes:
            return codec.encode(slip, self._drawer, presenter=presenter)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._press, work)
        except OSError as why:
            raise Faulty(DEVICE, f"a line cannot be drawn: {why}", "install fonts-noto-core") from why

    async def _print(self, link: Link, data: bytes, can: _Can) -> Printed:
        before = await link.condition(self._patience.status)
        if before.trouble:
            raise _error(before.trouble)
        self._dirty = True
        four = f"{self._chance.randrange(10_000):04d}".encode()
        question = {"process-id": codec.ask_process_id(four), "in-order": codec.IN_ORDER, "none": b""}[can.proof]
        await link.send(data + question, self._patience.stall)
        deadline = asyncio.get_running_loop().time() + self._patience.job + len(data) / SLOWEST
        if question:
            await self._proof(link, codec.ProcessId(four) if can.proof == "process-id" else None, deadline)
        await link.drain()
        after = await link.condition(self._patience.status)
        if after.trouble in (Trouble.CUTTER, Trouble.BROKEN) or (after.trouble and not question):
            await self._doubt(link, after.trouble)
        self._dirty = False
        proven = can.proof == "process-id" or (can.proof == "in-order" and not self._stale)
        return Printed(proven, PROOFS[can.proof] if proven else "", paper_low=after.paper_low or bool(after.trouble))

    async def _proof(self, link: Link, wanted: Answer | None, deadline: float) -> None:
        """Wait for the answer that comes after the cut; now and then ask what keeps the printer."""
        loop, heard = asyncio.get_running_loop(), False
        while (rest := deadline - loop.time()) > 0:
            answer = await link.answer(min(rest, self._patience.look))
            if answer == wanted and answer is not None:
                return
            if wanted is None and isinstance(answer, codec.PaperAnswer):
                return
            if answer is None:
                heard = await self._kept(link) or heard
        if not heard:
            raise Offline(DEVICE, "went silent while printing", "check power and cable")
        raise Faulty(DEVICE, "did not confirm the slip", "look whether it came out; check `proof` in its URL")

    async def _kept(self, link: Link) -> bool:
        """Has it answered? Busy printers may be mute; one that names a trouble ends the job in doubt."""
        try:
            found = await link.condition(self._patience.status)
        except (Garbled, Silent):
            return False
        if found.trouble and found.trouble is not Trouble.OFFLINE:
            await self._doubt(link, found.trouble)
        return True

    async def _doubt(self, link: Link, trouble: Trouble) -> NoReturn:
        await self._forget(link)
        raise Faulty(DEVICE, f"{trouble} while printing, a part may have come out", REMEDY[trouble])

    async def _forget(self, link: Link) -> None:
        """Have the rest of a failed slip thrown away; without the printer's word, GS r proves nothing any more."""
        await link.send(codec.CLEAR, self._patience.status)
        self._stale = True
        for _ in range(8):
            answer = await link.answer(self._patience.identity)
            if answer is None:
                break
            if isinstance(answer, codec.Cleared):
                self._dirty = self._stale = False
                break
        await link.drain()

    # --- between jobs

    async def _look(self, link: Link) -> Condition:
        found = await link.condition(self._patience.status)
        if self._identity is None and not found.trouble:
            self._identity = await self._ask_identity(link)
        return found

    async def _ask_identity(self, link: Link) -> str:
        await link.send(codec.INFO["maker"] + codec.INFO["model"] + codec.INFO["firmware"], self._patience.status)
        loop, words = asyncio.get_running_loop(), list[str]()
        deadline = loop.time() + self._patience.identity
        while len(words) < 3 and (answer := await link.answer(max(0.0, deadline - loop.time()))):
            if isinstance(answer, codec.Info):
                words.append(answer.text)
        return " ".join(words)

    async def _ticket(self, link: Link) -> bool | None:
        """Is a slip lying in the presenter? None without a sensor."""
        if not _parse(resolve(self._url), self._url).presenter:
            return None
        await link.send(codec.PRESENTER_STATUS, self._patience.status)
        for _ in range(8):
            answer = await link.answer(self._patience.status)
            if isinstance(answer, codec.Presenter):
                return answer.ticket
            if answer is None:
                break
        raise Offline(DEVICE, "presenter does not answer", "check `presenter` in its URL")

    async def _retract(self, link: Link) -> bool:
        if not await self._ticket(link):
            return False
        await link.send(codec.RETRACT, self._patience.status)
        for _ in range(round(self._patience.retract / 0.2)):
            await asyncio.sleep(0.2)
            if not await self._ticket(link):
                return True
        return False

    # --- the connection

    async def _linked(self, act: Callable[[Link], Awaitable[T]]) -> T:
        """Do it on the open link; a link that failed, or was left in the middle, is opened anew next time."""
        try:
            return await act(await self._ready())
        except (Offline, Garbled, asyncio.CancelledError):
            await self._drop()
            raise

    async def _ready(self) -> Link:
        """The open link, quiet, with nothing left in the printer of a slip that failed."""
        if self._link is None:
            self._identity = None
            self._link = Link(await self._open())
        await self._link.drain()
        if self._dirty:
            await self._forget(self._link)
            self._dirty = False
        return self._link

    async def _open(self) -> Wire:
        if self._opener is not None:
            return await self._opener()
        return await open_wire(_parse(resolve(self._url), self._url).address, self._patience.open)

    async def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()


def _error(trouble: Trouble) -> DeviceError:
    kind = NoMedia if trouble in (Trouble.PAPER, Trouble.COVER) else Faulty
    return kind(DEVICE, str(trouble), REMEDY[trouble])


def _parse(*urls: str) -> _Can:
    """Take proof and presenter out of the first URL that names them. ValueError for words that mean nothing."""
    queries = [dict(parse_qsl(url.partition("?")[2])) for url in urls]
    proof = next((query["proof"] for query in queries if "proof" in query), "process-id")
    presenter = next((query["presenter"] for query in queries if "presenter" in query), "none")
    if proof not in PROOFS or presenter not in PRESENTERS:
        raise ValueError(f"{urls[0]}: proof is one of {', '.join(PROOFS)}; presenter of {', '.join(PRESENTERS)}")
    rest = {key: word for key, word in queries[0].items() if key not in ("proof", "presenter")}
    base = urls[0].partition("?")[0]
    return _Can(base + ("?" + urlencode(rest) if rest else ""), proof, presenter == "custom")
