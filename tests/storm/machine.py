"""A whole terminal without a screen: real flows, real drivers, far ends in memory, a real branch behind a bad line."""

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx
import sqlalchemy as sa

from branch import demo, remittance
from branch.bank.clearinghouse import ACCOUNTS
from branch.bank.core import CoreReversed, CoreUnavailable
from branch.bank.hsm import TestHsm
from branch.bank.ledger import ReferenceLedger
from branch.store import payees
from branch.store.books import accounts, cards
from branch.store.schema import help_calls, untold
from branch.store.terminals import StoredKeys
from drivers.emv import PcscCardReader
from drivers.idcard import SerialIdReader
from drivers.panel import XfsPanel
from drivers.sim.card import MemorySlot
from drivers.sim.chip import load_cards
from drivers.sim.idcard import IdReaderFarEnd
from drivers.sim.panel import PanelFarEnd
from drivers.sim.pinpad import PinPadFarEnd
from flows.around import Around
from flows.journal import JournalFailed
from flows.menu import repeats
from flows.session import Session
from flows.settle import Settler
from flows.terminal import Devices, Terminal
from flows.visit import visit
from flows.waiting import cancelled
from tests.branch.support import World, world
from tests.storm.billers import Moody
from tests.storm.disk import Disk
from tests.storm.inspector import must
from tests.storm.paper import NoPrinter, Roll
from tests.storm.person import Person
from tests.storm.watched import Leaky, OnTheMains, Visited, Watched
from tests.storm.weather import Power, PowerCut, Weather
from tests.storm.words import PlainWords


def today() -> date:
    """The terminal's date."""
    return date(2031, 3, 14)


DAYS, HOURS = 32, 80
"""After them every transfer to another bank has ended: beyond the last day to choose, and every try to give back."""
TRIES = 40
"""Visits at most until all is told."""


@dataclass
class Machine:
    """One terminal and its branch, run visit by visit."""

    folder: Path
    seed: int
    faults: float
    cuts: float
    moods: bool = True
    name: str = "VTM001"
    beside: "Machine | None" = None
    """A machine of the same branch: then both have one world."""
    breaks: float = 0.0
    """How likely a device fails at a screen."""
    tears: bool = False
    """True: a power cut may tear a write of the journal in two."""
    can_reverse: bool = True
    """False: a core that never takes back what is posted."""
    mute_core: bool = False
    """True: a core that never says what became of half of the keys that it is asked to take back."""
    found: Counter[str] = field(default_factory=Counter)
    """What reversals found."""
    too_low: list[str] = field(default_factory=list)
    """Calls for which whoever stood there was not known well enough."""
    looks: float = 60.0
    """Seconds between two looks at the panel, which tells its changes by itself."""
    quiet: float = 300.0
    """Seconds at most in which nobody comes."""
    met: Counter[str] = field(default_factory=Counter)
    """What a storm was made of, when it is over."""
    endings: list[str] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    told: list[tuple[str, list[Any]]] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    """References of the endings that she has touched away."""
    yeses: dict[str, list[str]] = field(default_factory=dict)
    """What she said yes to in each visit."""
    papers: dict[str, list[tuple[str, bool]]] = field(default_factory=dict)
    """What came out of the printer in each visit, or may have."""
    answered: set[str] = field(default_factory=set)
    """Keys whose final answer has reached the visit that waited for it."""
    blocks: set[str] = field(default_factory=set)
    """Every PIN block that left the pad."""
    touching: asyncio.Event = field(default_factory=asyncio.Event)
    """Not set while she waits before her last key for the customer at the other machine."""
    partner: "Machine | None" = None
    """The other machine of the branch."""

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.touching.set()
        if self.beside:
            self.partner, self.beside.partner = self.beside, self
        self.world: World = (
            self.beside.world if self.beside else world(self.folder, billers=lambda db: Moody(db, self.seed))
        )
        assert isinstance(self.world.branch.billers, Moody)
        self.billers = self.world.branch.billers
        self.world.ledger.can_reverse = self.can_reverse
        if self.mute_core:
            self._mute(self.world.ledger)
        self.peer = self.world.terminal(self.name)
        with self.world.db.write() as tx:
            for who in (demo.LI_NA, demo.WANG_WEI):
                for bank, number, *_ in (ACCOUNTS[0], ACCOUNTS[2]):
                    payees.keep(tx, who.id, f"{bank}:{number}", self.world.clock())

    def _mute(self, ledger: ReferenceLedger) -> None:
        reverse = ledger.reverse

        def half_mute(key: str) -> CoreReversed:
            if crc32(key.encode()) % 2:
                raise CoreUnavailable
            return reverse(key)

        ledger.reverse = half_mute  # type: ignore[method-assign]

    async def power_up(self) -> None:
        """Build everything once."""
        self.power = Power(self.chance, 0.0)
        self.power.disk = Disk(self.folder / "journal.db", self.chance) if self.tears else None
        self.weather = Weather(httpx.ASGITransport(self.world.app), self.power, self.chance, 0.0)
        headers = {"x-fingerprint": self.peer.fingerprint}
        self.client = httpx.AsyncClient(transport=self.weather, base_url="http://branch", headers=headers, timeout=None)
        self.bank = Watched(self)
        keys = TestHsm(StoredKeys(self.world.db), self.world.secrets.hsm).master_keys(self.name)
        self.pad_end = PinPadFarEnd(keys.tdes, keys.aes)
        self.id_end, self.slot, self.panel_end = IdReaderFarEnd(), MemorySlot(), PanelFarEnd()
        chips = self.folder / "cards.json"
        demo.write_cards(chips, self.world.secrets)
        self.person = Person(self.chance, self.slot, self.pad_end, self.id_end, load_cards(chips), moods=self.moods)
        self.person.phone, self.person.panel = self.peer.last_code, self.panel_end
        self.person.bills = self.billers.number_with
        self.billers.likely = self.faults
        self.person.at_confirm, self.person.meets = self._at_confirm, self._meet
        self.person.speaks = self._speaks
        self.before = self.world.balances()
        await self._boot()
        for key in (await self.bank.pad_keys()).keys:
            await self.pad.import_key(key.name, bytes.fromhex(key.cryptogram), bytes.fromhex(key.kcv), key.wrapping)
        self.weather._likely, self.power._likely, self.person.breaks = self.faults, self.cuts, self.breaks

    async def _boot(self) -> None:
        self.power.off = False
        loop = asyncio.get_running_loop()
        self.journal = OnTheMains(str(self.folder / "journal.db"), lambda: int(loop.time() * 1000), self.power)
        self.pad = Leaky(self.pad_end.url, dial=self.pad_end.dial)
        self.pad.blocks = self.blocks
        reader = PcscCardReader("pcsc:memory", today=today, slot=self.slot)
        id_reader = SerialIdReader("sim:memory", opener=self.id_end.opener())
        self.panel = XfsPanel(self.panel_end.url, every=self.looks, dial=self.panel_end.dial)
        self.roll = Roll(self.chance, lambda: 4 * self.weather._likely)
        devices = Devices(id_reader, reader, self.pad, self.roll, self.panel)
        self.terminal = Terminal(
            self.name, self.person, self.bank, PlainWords(), self.journal, devices, around=Around(self.panel)
        )
        self.settler = Settler(self.journal, self.bank, loop.time, repeats(self.terminal.rules, self.pad))

    def _at_confirm(self) -> None:
        """The worst moment for a power cut, a lost line, and the bank's change of day."""
        fate = self.chance.random()
        if fate < 0.15 and self.cuts:
            self.power.arm(self.chance.randint(1, 3))
        elif 0.15 <= fate < 0.27:
            self.weather.met["outage", "at the worst moment"] += 1
            self.weather.down_until = asyncio.get_running_loop().time() + self.chance.uniform(5, 1500)
        elif 0.27 <= fate < 0.32:
            self.weather.met["cut-over", "in mid-visit"] += 1
            self.world.ledger.advance_accounting_date()
        elif 0.32 <= fate < 0.42:
            self.weather.holds_next = True
        elif 0.42 <= fate < 0.50:
            self.weather.loses_next = True

    async def _meet(self) -> None:
        """Two customers, or one and whoever holds her other card, touch their last key at the same moment."""
        other = self.partner
        if other is None or self.chance.random() < 0.3:
            return
        if not other.touching.is_set():
            other.touching.set()
            return
        self.touching.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(55):
                await self.touching.wait()
        self.touching.set()

    def _speaks(self) -> None:
        with self.world.db.write() as tx:
            tx.execute(help_calls.update().values(state="released", at=self.world.clock()))

    def time_passes(self, minutes: float) -> None:
        """At the branch, which brings on what goes to other banks."""
        self.world.clock.minutes(minutes)
        remittance.advance(self.world.branch)

    async def visits(self, count: int) -> None:
        """Let customers come, one after the other."""
        for _ in range(count):
            await self.person.mend()
            self.person.arrives()
            self.billers.send()
            if self.partner and self.chance.random() < 0.6:  # one of her cards here, the other there
                self.person.who = self.partner.person.who
            session = Visited(self.terminal, f"{self.name}-{self.chance.randbytes(16).hex()}")
            session.chance = self.chance
            self.sessions.append(session)
            settling = asyncio.ensure_future(self._settle_for_ever())
            hearing = asyncio.ensure_future(self.terminal.around.run())
            running = asyncio.ensure_future(visit(session))
            await asyncio.wait((running, settling), timeout=4000, return_when=asyncio.FIRST_COMPLETED)
            must("every visit ends", running.done() or settling.done(), session.visit)
            await self._ended(session, running, settling)
            if self.moods:
                self.time_passes(self.chance.choice((0.5, 5, 60)))
            await cancelled(hearing)
            await asyncio.sleep(self.chance.uniform(0, self.quiet))

    async def _ended(self, session: Session, running: "asyncio.Task[str]", settling: "asyncio.Task[None]") -> None:
        if self.power.off:
            running.cancel()
        settling.cancel()
        ends = await asyncio.gather(running, settling, return_exceptions=True)
        self.told.append((session.visit, self.person.told))
        self.yeses[session.visit] = self.person.yeses
        self.touched |= {screen.reference for screen in self.person.touched_away}
        self.papers[session.visit], self.roll.came = self.roll.came, []
        if self.power.off:
            self.endings.append("power-cut")
            await session.stop_watching()
            await self.journal_of_the_dead()
            return
        must("every visit ends", isinstance(ends[0], str), ends[0])
        assert isinstance(ends[1], asyncio.CancelledError), ends[1]
        self.endings.append(ends[0])
        self.person._take_all()

    async def journal_of_the_dead(self) -> None:
        """The power comes back: a fresh program on the same disk."""
        self.journal.close()
        await self.panel.close()
        if self.power.disk:
            self.power.disk.put_back()
        self.person._take_all()
        await asyncio.sleep(self.chance.uniform(1, 120))
        await self._boot()
        if self.power.disk:
            self.power.disk.check()

    async def _settle_for_ever(self) -> None:
        while True:
            with contextlib.suppress(JournalFailed):  # as kiosk.terminal does: it tries again
                await self.settler.settle()
            await asyncio.sleep(5)

    async def still(self) -> None:
        """The storm is over: no fault any more, and all that is under way arrives."""
        self.power._likely, self.person.breaks, self.billers.likely = 0.0, 0.0, 0.0
        await self.person.mend()
        await self.weather.clear()

    async def calm(self) -> None:
        """When it is still, everything gets its ending, and is told."""
        await self.still()
        for _ in range(400):
            await self.settler.settle()
            await asyncio.sleep(5)
            if not await self.journal.open_intents() and not await self.journal.untold():
                break
        else:
            must("every intent ends", False, await self.journal.open_intents(), await self.journal.untold())
        self._all_arrives()
        await self._until_all_is_told()

    def _all_arrives(self) -> None:
        """Weeks go by: each transfer to another bank gets its end."""
        for _ in range(DAYS):
            self.world.ledger.advance_accounting_date()
            self.time_passes(24 * 60)
        for _ in range(HOURS):
            self.time_passes(61)

    def free_cards(self) -> int:
        """A person at the bank takes back every loss report that stands."""
        with self.world.db.read() as tx:
            stopping = set(tx.execute(sa.select(cards.c.lost_by).where(cards.c.lost_by.is_not(None))).scalars())
        return sum(self.world.ledger.lift_loss(reference) for reference in sorted(stopping))

    def raise_limits(self) -> None:
        """A person at the bank gives everybody the limit back that she began with."""
        with self.world.db.write() as tx:
            tx.execute(accounts.update().values(day_limit=demo.DAY_LIMIT))

    async def _until_all_is_told(self) -> None:
        """Both customers come again on quiet days, until nothing waits for them."""
        self.person.moods, self.person.gone = False, False
        for _ in range(TRIES):
            self.free_cards()
            with self.world.db.read() as tx:
                if not tx.execute(sa.select(untold.c.key).where(untold.c.told.is_(None))).first():
                    return
            await self.visits(1)
        must("everything is told", False, self.seed)

    def beside_her(self) -> bool:
        """Is the same customer's money moved at the other machine at this very moment?"""
        other = self.partner
        return bool(other and other.journal.in_flight and other.person.who is self.person.who)


__all__ = ["Machine", "NoPrinter", "PowerCut"]
