"""The terminal between visits: it waits, serves, settles, keeps its keys fresh, and says when it cannot serve."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from drivers.api import DeviceError, Health, PanelState, Power
from flows.arrive import Arrival, arrival
from flows.journal import JournalFailed
from flows.menu import repeats
from flows.ports import Chrome, Refused, Unreachable
from flows.screens import Attract, OutOfService, Wait
from flows.session import Session
from flows.settle import Settler
from flows.terminal import Standing, Terminal
from flows.visit import visit
from kiosk import opening
from kiosk.clocks import wall
from kiosk.counting import Totals
from kiosk.moments import Moments
from kiosk.replay.recorder import Kept, Recorder
from protocol import messages as m, totals as t

log = logging.getLogger(__name__)
SETTLE = 5.0
"""Seconds between two rounds of settle()."""
KEYS_AGAIN = 3.0
PAD_LOOK = 5.0
"""Seconds between two questions to the PIN pad whether it still has its keys."""
START = 15.0
"""Seconds in which branch and PIN pad may come up before the terminal says that it cannot serve."""
STARTING = ("branch", "pin-pad")
PARTS_LOOK = 30.0
"""Seconds between two looks at all devices."""
TICK = 1.0
LOW_LASTS = 40.0
"""Seconds from a battery's last warning to the stop; so long that a machine which starts again on a low battery does
not start so often that systemd gives it up."""
GIVE_BACK = 60.0
"""Seconds that a visit has to end by itself when the terminal must stop."""
NO_CHROME = Chrome("", help=False)


class Line(Protocol):
    """The link's state, as kiosk.link.Line has it."""

    hello: m.Hello | None
    revoked: bool
    changed: asyncio.Event


class Desk(Protocol):
    """What the terminal itself asks of its branch."""

    async def pad_keys(self) -> m.PadKeys:
        """A fresh set, under the pad's master key."""
        ...

    async def clock(self) -> int:
        """The branch's clock, UTC milliseconds."""
        ...

    async def day_totals(self, totals: t.DayTotals) -> t.DayCompared:
        """Compare what was done on a day."""
        ...


@dataclass
class Service:
    """Serve one customer after the other, for as long as it runs."""

    terminal: Terminal
    line: Line
    keys: Desk
    clock: Callable[[], float]
    now: Callable[[], datetime] = wall
    certificate: Path | None = None
    record: Recorder | None = None
    """Keeps each visit for replays."""
    broken: str = ""
    """Set for good when the journal fails: only an engineer's restart clears it."""
    parts: dict[str, str] = field(default_factory=dict)
    """What was found at each part last: `ok`, or what is wrong with it."""
    _doing: Literal["ready", "visit", "out-of-service"] = "out-of-service"
    _session: Session | None = None
    _since: dict[Power, float] = field(default_factory=dict)
    """When it was first on battery, and first on one that will not last."""
    _why: str = ""
    """Why it says that it cannot serve."""
    _keyed: bool = False
    _fresh: bool = True
    """It has not served yet, nor said that it cannot."""

    def __post_init__(self) -> None:
        self.moments = Moments(self.line, self.now)
        self.totals = Totals(self.terminal, self.keys, self.line)

    @property
    def state(self) -> m.Heartbeat:
        """The sign of life: what it does, and how its parts are."""
        return m.Heartbeat(state=self._doing, devices=self.parts | self.terminal.around.facts())

    async def run(self) -> None:
        """Until cancelled, or until the battery is at its end."""
        around = self.terminal.around
        unheard = around.listen(self._panel_says)
        works = (self._settle, self._load_keys, around.run, self._look_at_parts, self._watch_moments, self.totals.run)
        beside = [asyncio.ensure_future(work()) for work in works]
        serving, stopping = asyncio.ensure_future(self._serve_all()), asyncio.ensure_future(self._power_lost())
        try:
            await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
            await self._let_go(serving)
        finally:
            unheard()
            await _ended(serving, stopping, *beside)

    async def _serve_all(self) -> None:
        while True:
            await self._next()

    async def _power_lost(self) -> None:
        """Until the terminal has been without mains for as long as it may be."""
        lasts = self.terminal.rules.battery
        while True:
            since = self._since
            low = Power.LOW in since and self.clock() - since[Power.LOW] >= min(LOW_LASTS, lasts)
            if low or (since and self.clock() - min(since.values()) >= lasts):
                log.warning("the power is out, the terminal stops")
                return
            await asyncio.sleep(TICK)

    def _panel_says(self, state: PanelState) -> None:
        """Remember since when it has been without mains; serve or not, as that demands."""
        on_battery = state.power in (Power.BATTERY, Power.LOW)
        self._since = {state.power: self.clock(), **self._since} if on_battery else {}
        self._reconsider()

    async def _let_go(self, serving: "asyncio.Future[None]") -> None:
        """A visit that still runs ends, and gives back what it holds."""
        if self._session is not None and not serving.done():
            self._session.interrupt("battery")
            ended = asyncio.get_running_loop().time() + GIVE_BACK
            while self._session is not None and asyncio.get_running_loop().time() < ended:
                await asyncio.sleep(TICK)
        with suppress(JournalFailed):
            await self.terminal.journal.note(self.terminal.id, "stops", {"why": "battery"})

    def _reconsider(self) -> None:
        """Wake whoever waits for a customer, if she cannot be served any more, or again; else nothing is disturbed."""
        if self.trouble() != self._why:
            self.line.changed.set()

    async def _watch_moments(self) -> None:
        """Wake whoever waits when the hour, and nothing else, changes what can be done."""
        while True:
            self._reconsider()
            if self.trouble() == "hours":
                await self.totals.closing()
            await asyncio.sleep(TICK)

    async def _look_at_parts(self) -> None:
        """The opening self-test at the start and whenever it opens; between them, how each device is."""
        tested = False
        while True:
            closed = self.moments.closed()
            try:
                if not tested and (not closed or not self.parts):
                    await self._test()
                    tested = True
                elif self._session is None:  # no question comes between a customer and her devices
                    await self._heard(self.parts | await opening.look(self.terminal.devices))
            except JournalFailed as why:
                self._broken(why)
            tested = tested and not closed
            await asyncio.sleep(PARTS_LOOK)

    async def _test(self) -> None:
        found = await opening.self_test(self.terminal, self.keys.clock, self.certificate, self.now)
        log.info("self-test: %s", ", ".join(f"{part} {word}" for part, word in found.items()))
        self.parts = found
        if found["journal"] != "ok":
            self.broken = f"journal: {found['journal']}"
        self._reconsider()

    async def _heard(self, parts: dict[str, str]) -> None:
        """Keep how the parts are; what has changed is written down."""
        changed = {part: word for part, word in parts.items() if self.parts.get(part) != word}
        self.parts = parts
        if changed:
            log.warning("changed: %s", ", ".join(f"{part} {word}" for part, word in changed.items()))
            await self.terminal.journal.note(self.terminal.id, "parts", changed)
            self._reconsider()

    async def _next(self) -> None:
        """Show what fits the moment; when somebody comes, serve a visit."""
        why = self._why = self.trouble()
        self._doing = "out-of-service" if why else "ready"
        self.line.changed.clear()
        begun = asyncio.ensure_future(self._closed(why) if why else self._begun())
        changed = asyncio.ensure_future(self.line.changed.wait())
        try:
            await asyncio.wait((begun, changed), return_when=asyncio.FIRST_COMPLETED)
            if not begun.done():
                return
            language, card = begun.result()  # a screen that cannot be shown is a fault of ours: it ends the program
            if self.trouble():
                return
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
        screen = self.moments.screen(why) or OutOfService(
            "out-of-service", why=f"out-of-service.{why}", code=self.broken[:40]
        )
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
        self._doing = "visit"
        number = f"{self.terminal.id}-{secrets.token_hex(16)}"
        recorded = self.record.visit(self.terminal, number, card) if self.record else nullcontext(Kept(self.terminal))
        with recorded as kept:
            session = Session(kept.terminal, number, arrived=card, touched_in=card is None)
            self._session = session
            try:
                kept.ended = await visit(session)
            except JournalFailed as why:
                self._broken(why)
                kept.failed = why
            finally:
                self._session = None
            self.broken = self.broken or session.broken

    def _broken(self, why: JournalFailed) -> None:
        log.error("the journal failed", exc_info=why)
        self.broken = f"journal: {type(why).__name__}"
        self.line.changed.set()

    def trouble(self) -> str:
        """Why it cannot serve now, a member of the messages `out-of-service.*`; "" when it can."""
        if self.broken:
            return "broken"
        around = self.terminal.around
        if around.serviced or around.powerless:
            return "serviced" if around.serviced else "power"
        if self.line.revoked:
            return "revoked"
        if self.line.hello is None or not self.line.hello.in_service:
            return "branch"
        return self.moments.why() or ("" if self._keyed else "pin-pad") or self._without_readers()

    def _without_readers(self) -> str:
        return "readers" if opening.down(self.parts) == opening.READERS else ""

    def standing(self) -> Standing:
        """What can be done at this moment."""
        return replace(standing(self.line.hello), down=opening.down(self.parts))

    async def _settle(self) -> None:
        again = repeats(self.terminal.rules, self.terminal.devices.pin_pad)
        settler = Settler(self.terminal.journal, self.terminal.bank, self.clock, again)
        while True:
            try:
                await settler.settle()
            except JournalFailed as why:
                self._broken(why)
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
