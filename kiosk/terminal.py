"""The terminal between visits: it waits, serves, settles, keeps its keys fresh, and says when it cannot serve."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from drivers.api import DeviceError, Health
from flows.arrive import Arrival, arrival
from flows.journal import JournalFailed
from flows.menu import repeats
from flows.ports import Chrome, Refused, Unreachable
from flows.screens import Attract, OutOfService, Wait
from flows.session import Session
from flows.settle import Settler
from flows.terminal import Standing, Terminal
from flows.visit import visit
from kiosk.replay.recorder import Kept, Recorder
from protocol import messages as m

log = logging.getLogger(__name__)
SETTLE = 5.0
"""Seconds between two rounds of settle()."""
KEYS_AGAIN = 3.0
PAD_LOOK = 5.0
"""Seconds between two questions to the PIN pad whether it still has its keys."""
START = 15.0
"""Seconds in which branch and PIN pad may come up before the terminal says that it cannot serve."""
STARTING = ("branch", "pin-pad")
NO_CHROME = Chrome("", help=False)


class Line(Protocol):
    """The link's state, as kiosk.link.Line has it."""

    hello: m.Hello | None
    revoked: bool
    changed: asyncio.Event


class KeySource(Protocol):
    """Where the pad's working keys come from."""

    async def pad_keys(self) -> m.PadKeys:
        """A fresh set, under the pad's master key."""
        ...


@dataclass
class Service:
    """Serve one customer after the other, for as long as it runs."""

    terminal: Terminal
    line: Line
    keys: KeySource
    clock: Callable[[], float]
    record: Recorder | None = None
    """Keeps each visit for replays."""
    state: m.Heartbeat = field(default_factory=lambda: m.Heartbeat(state="out-of-service"))
    broken: str = ""
    """Set for good when the journal fails: only an engineer's restart clears it."""
    _keyed: bool = False
    _fresh: bool = True
    """It has not served yet, nor said that it cannot."""

    async def run(self) -> None:
        """Until cancelled."""
        settling = asyncio.ensure_future(self._settle())
        keying = asyncio.ensure_future(self._load_keys())
        try:
            while True:
                await self._next()
        finally:
            await _ended(settling, keying)

    async def _next(self) -> None:
        """Show what fits the moment; when somebody comes, serve a visit."""
        why = self.trouble()
        self.state = m.Heartbeat(state="out-of-service" if why else "ready")
        self.line.changed.clear()
        begun = asyncio.ensure_future(self._closed(why) if why else self._begun())
        changed = asyncio.ensure_future(self.line.changed.wait())
        try:
            await asyncio.wait((begun, changed), return_when=asyncio.FIRST_COMPLETED)
            if not begun.done() or self.trouble():
                return
            language, card = begun.result()
        finally:
            await _ended(begun, changed)
        await self._serve(language, card)

    async def _closed(self, why: str) -> tuple[str, Arrival | None]:
        """Say why it cannot serve; in the first moments after the start, that it is starting."""
        if self._fresh and why in STARTING:
            with suppress(TimeoutError):
                async with asyncio.timeout(START):
                    await self.terminal.stage.show(Wait("wait.starting", usually=3), NO_CHROME)
            self._fresh = False
        screen = OutOfService("out-of-service", why=f"out-of-service.{why}", code=self.broken[:40])
        return await self.terminal.stage.show(screen, NO_CHROME), None

    async def _begun(self) -> tuple[str, Arrival | None]:
        """Somebody touches her language, or her card says that she is here."""
        self._fresh = False
        stage, devices = self.terminal.stage, self.terminal.devices
        shown = asyncio.ensure_future(stage.show(Attract("attract"), NO_CHROME))
        came = asyncio.ensure_future(arrival(devices.id_reader, devices.card_reader))
        try:
            await asyncio.wait((shown, came), return_when=asyncio.FIRST_COMPLETED)
            return (shown.result(), None) if shown.done() else (stage.language, came.result())
        finally:
            await _ended(shown, came)

    async def _serve(self, language: str, card: Arrival | None) -> None:
        self.terminal.stage.language = language
        self.state = m.Heartbeat(state="visit")
        number = f"{self.terminal.id}-{secrets.token_hex(16)}"
        recorded = self.record.visit(self.terminal, number, card) if self.record else nullcontext(Kept(self.terminal))
        with recorded as kept:
            session = Session(kept.terminal, number, arrived=card)
            try:
                kept.ended = await visit(session)
            except JournalFailed as why:
                log.exception("the journal failed")
                self.broken, kept.failed = f"journal: {type(why).__name__}", why
            self.broken = self.broken or session.broken

    def trouble(self) -> str:
        """Why it cannot serve now, a member of the messages `out-of-service.*`; "" when it can."""
        if self.broken:
            return "broken"
        if self.line.revoked:
            return "revoked"
        if self.line.hello is None or not self.line.hello.in_service:
            return "branch"
        return "" if self._keyed else "pin-pad"

    async def _settle(self) -> None:
        settler = Settler(self.terminal.journal, self.terminal.bank, self.clock, repeats(self.terminal.rules))
        while True:
            try:
                await settler.settle()
            except JournalFailed as why:
                log.exception("the journal failed")
                self.broken = f"journal: {type(why).__name__}"
                self.line.changed.set()
            await asyncio.sleep(SETTLE)

    async def _load_keys(self) -> None:
        """Bring fresh working keys from the branch to the pad, and again whenever the pad is no longer ready."""
        while True:
            if await self._pad_is_ready():
                await asyncio.sleep(PAD_LOOK)
                continue
            try:
                await self._bring_keys()
            except (DeviceError, Refused, Unreachable) as why:
                log.warning("no keys in the PIN pad yet: %s", why)
                await asyncio.sleep(KEYS_AGAIN)

    async def _pad_is_ready(self) -> bool:
        """Does the pad still say so? One that was never given keys by us is not asked."""
        if self._keyed and (await self.terminal.devices.pin_pad.status()).health is not Health.OK:
            log.warning("the PIN pad is no longer ready")
            self._keyed = False
            self.line.changed.set()
        return self._keyed

    async def _bring_keys(self) -> None:
        for key in (await self.keys.pad_keys()).keys:
            cryptogram, kcv = bytes.fromhex(key.cryptogram), bytes.fromhex(key.kcv)
            await self.terminal.devices.pin_pad.import_key(key.name, cryptogram, kcv, key.wrapping)
        self._keyed = True
        self.line.changed.set()


def standing(hello: m.Hello | None) -> Standing:
    """What can be done at this moment, by the branch's last word; nothing at the bank while the line is down."""
    return Standing(open=hello is not None and hello.in_service, switched_off=hello.switched_off if hello else {})


async def _ended(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel, and wait until each has really ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
