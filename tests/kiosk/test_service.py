"""The terminal between visits: doors, hours, the cut-over, its parts, and the end of its battery."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drivers.api import Faulty, Health, NoMedia, Status
from flows import screens as s
from flows.journal import SELF_TEST
from flows.ports import Chrome, Unreachable
from kiosk.link import Link
from kiosk.terminal import LOW_LASTS, Service
from protocol import messages as m
from tests.branch.support import DAY
from tests.flows.guest import Guest, Paper, with_guest
from tests.storm.machine import Machine

NOON = datetime(2031, 3, 14, 12, 0, tzinfo=UTC)
"""A Friday."""


@dataclass
class Hall(Guest):
    """Whoever comes; and what stands on the glass while nobody does."""

    comes: asyncio.Event = field(default_factory=asyncio.Event)
    glass: list[s.Screen[Any]] = field(default_factory=list)
    shown: int = 0

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        self.shown += 1
        if not self.glass or self.glass[-1] != screen:
            self.glass.append(screen)
        match screen:
            case s.Attract():
                await self.comes.wait()
                self.comes.clear()
                self.arrives()
                return "zh"
            case s.OutOfService():
                return await self._never()
            case _:
                return await super().show(screen, chrome)

    @property
    def stands(self) -> str:
        """The key of the screen that stands, with its reason."""
        screen = self.glass[-1]
        return screen.why if isinstance(screen, s.OutOfService) else screen.key


class Line:
    """The branch's last word, as a test says it."""

    def __init__(self, **said: Any) -> None:
        facts = {"bank": "b", "branch": "0001", "terminal": "VTM001", "accounting_date": DAY, "in_service": True}
        self.hello: m.Hello | None = m.Hello.model_validate({**facts, **said})
        self.revoked = False
        self.changed = asyncio.Event()

    def says(self, **said: Any) -> None:
        assert self.hello is not None
        self.hello = self.hello.model_copy(update=said)
        self.changed.set()


@dataclass
class Bench:
    """A service in virtual time, its hall, and its line."""

    machine: Machine
    hall: Hall
    line: Line
    service: Service
    running: "asyncio.Task[None]"

    async def noted(self, event: str) -> list[dict[str, Any]]:
        records = await self.machine.journal.records()
        return [record["body"] for record, _ in records if record["state"] == event]

    async def until(self, stands: str, seconds: float = 120) -> None:
        for _ in range(int(seconds * 4)):
            if self.hall.glass and self.hall.stands == stands:
                return
            if self.running.done():
                self.running.result()
            await asyncio.sleep(0.25)
        raise AssertionError(f"{stands} does not come: {[one.key for one in self.hall.glass]}")


Story = Callable[[Bench], Awaitable[None]]


def serving(folder: Path, story: Story, *, printer: Any = None, certificate: Path | None = None, **said: Any) -> None:
    """A terminal that serves from noon on; what the branch says of it comes with it."""

    async def whole(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Hall
        assert isinstance(guest, Hall)
        guest.comes, guest.glass, guest.prefers, guest.wishes = asyncio.Event(), [], "id-card", ("transfer",)
        loop = asyncio.get_running_loop()
        began = loop.time()
        guest.arrives()
        line = Line(**said)
        devices = replace(machine.terminal.devices, printer=printer or Paper())
        bank = Link(machine.client)
        machine.terminal = replace(machine.terminal, devices=devices, bank=bank)
        machine.journal.now = machine.world.clock
        service = Service(
            machine.terminal, line, bank, loop.time,
            now=lambda: NOON + timedelta(seconds=loop.time() - began), certificate=certificate,
        )  # fmt: skip
        machine.terminal = replace(machine.terminal, standing=service.standing)
        service.terminal = machine.terminal
        running = asyncio.ensure_future(service.run())
        try:
            await story(Bench(machine, guest, line, service, running))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    with_guest(folder, whole)


def test_a_door_between_visits_takes_it_out_of_service_until_it_is_shut_and_alarms_nobody(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until("attract")
        await bench.machine.panel_end.act("open-door")
        await bench.until("out-of-service.serviced")
        assert bench.service.state.state == "out-of-service"
        assert bench.service.state.devices["door"] == "open"
        await bench.machine.panel_end.set_fault("unplugged")
        await asyncio.sleep(60)
        assert bench.hall.stands == "out-of-service.serviced", "a panel that goes away shuts no door"
        await bench.machine.panel_end.set_fault("")
        await bench.machine.panel_end.act("close-door")
        await bench.until("attract")
        assert not await bench.noted("door-opened")

    serving(tmp_path, story)


def test_a_door_opened_in_a_visit_ends_it_and_the_machine_says_that_it_is_serviced(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async def opens() -> None:
            await bench.machine.panel_end.act("open-door")

        await bench.until("attract")
        bench.hall.at, bench.hall.then = "transfer.amount", opens
        bench.hall.comes.set()
        await bench.until("out-of-service.serviced")
        assert len(await bench.noted("door-opened")) == 1
        assert (await bench.noted("visit-ends"))[-1] == {"how": "door"}

    serving(tmp_path, story)


def test_a_panel_that_is_away_is_told_to_the_branch_and_the_machine_serves(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until("attract")
        await bench.machine.panel_end.set_fault("unplugged")
        await asyncio.sleep(60)
        assert bench.service.state.state == "ready"
        assert bench.service.state.devices["panel"].startswith("offline")
        assert any("panel" in body for body in await bench.noted("parts"))
        bench.hall.comes.set()
        await asyncio.sleep(300)
        assert (await bench.noted("visit-ends"))[-1] == {"how": "farewell"}

    serving(tmp_path, story)


@pytest.mark.parametrize(("power", "lasts"), [("battery", 120.0), ("battery-low", LOW_LASTS)])
def test_without_mains_it_says_so_and_ends_cleanly_in_bounded_time(tmp_path: Path, power: str, lasts: float) -> None:
    async def story(bench: Bench) -> None:
        await bench.until("attract")
        await bench.machine.panel_end.act("power", power)
        await bench.until("out-of-service.power")
        began = asyncio.get_running_loop().time()
        await bench.running
        assert lasts - 5 <= asyncio.get_running_loop().time() - began <= lasts + 5
        assert await bench.noted("stops") == [{"why": "battery"}]

    serving(tmp_path, story)


def test_back_on_mains_in_time_it_serves_again(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until("attract")
        for _ in range(3):
            await bench.machine.panel_end.act("power", "battery")
            await bench.until("out-of-service.power")
            await asyncio.sleep(90)
            await bench.machine.panel_end.act("power", "mains")
            await bench.until("attract")
        await asyncio.sleep(300)
        assert not bench.running.done()

    serving(tmp_path, story)


def test_a_customer_who_dawdles_on_battery_is_ended_and_gets_her_card_before_it_stops(tmp_path: Path) -> None:
    class Dawdles(Hall):
        async def _chooses(self, key: str, options: Any) -> str:
            if key == "transfer.from":
                self.touched = asyncio.get_running_loop().time() + 10_000
                return str(await self._never())
            return await super()._chooses(key, options)

    async def story(bench: Bench) -> None:
        bench.hall.__class__, bench.hall.prefers = Dawdles, "bank-card"
        await bench.until("attract")
        bench.hall.comes.set()
        await bench.until("transfer.from")
        await bench.machine.panel_end.act("power", "battery")
        await asyncio.wait_for(bench.running, 300)
        assert (await bench.noted("visit-ends"))[-1] == {"how": "battery"}
        assert await bench.noted("card-taken")

    serving(tmp_path, story)


def test_out_of_its_hours_it_is_closed_says_when_it_opens_and_tests_itself_then(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until("attract")
        bench.line.says(hours=("mon-fri 09:00-12:10",))
        await bench.until("closed.mon", 700)
        assert bench.hall.glass[-1] == s.OutOfService("closed", why="closed.mon", params=(("time", "09:00"),))
        before = len(await bench.noted(SELF_TEST))
        bench.line.says(hours=("fri 12:20-18:00",))
        await bench.until("closed.today")
        await bench.until("attract", 700)
        await asyncio.sleep(60)
        assert len(await bench.noted(SELF_TEST)) == before + 1

    serving(tmp_path, story, hours=("mon-fri 09:00-17:00",))


def test_who_is_being_served_when_it_closes_is_served_to_the_end(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        async def closes() -> None:
            bench.line.says(hours=("sat 09:00-17:00",))

        await bench.until("attract")
        bench.hall.at, bench.hall.then = "transfer.from", closes
        bench.hall.comes.set()
        await bench.until("closed.tomorrow", 300)
        assert "transfer.done" in bench.hall.met
        assert (await bench.noted("visit-ends"))[-1] == {"how": "farewell"}

    serving(tmp_path, story)


def test_nothing_begins_just_before_the_cut_over_and_she_hears_when_it_goes_on(tmp_path: Path) -> None:
    at = NOON + timedelta(minutes=10)

    async def story(bench: Bench) -> None:
        await bench.until("attract")
        await bench.until("cut-over.again", 700)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert bench.hall.glass[-1].params == (("time", f"{at:%H:%M}"),)  # type: ignore[attr-defined]
        assert bench.service.state.state == "out-of-service"
        await bench.until("attract", 300)
        assert 170 <= loop.time() - began <= 185

    serving(tmp_path, story, cut_over_at=int(at.timestamp() * 1000), cut_over_still=180)


class Empty(Paper):
    async def status(self) -> Status:
        return Status("receipt-printer", Health.DEGRADED, media="absent", why=NoMedia("receipt-printer", "no paper"))


def test_the_self_test_is_journaled_and_goes_with_the_sign_of_life(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until("attract")
        await asyncio.sleep(5)
        (found,) = await bench.noted(SELF_TEST)
        assert found["printer"] == "degraded: no paper"
        assert found["certificate"].startswith("cannot be read")
        fine = {part for part, word in found.items() if word == "ok"}
        assert fine == {"id-reader", "card-reader", "pin-pad", "panel", "clock", "journal"}
        assert bench.service.state.devices.items() >= found.items()

    serving(tmp_path, story, printer=Empty(), certificate=Path("/nowhere/terminal.pem"))


def test_without_any_reader_it_is_out_of_service_and_with_one_that_one_is_offered(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until("attract")
        bench.machine.slot.fault = "unplugged"
        bench.service.terminal.devices.card_reader.status = broken  # type: ignore[method-assign]
        await asyncio.sleep(60)
        bench.hall.wishes = ()
        bench.hall.comes.set()
        await asyncio.sleep(120)
        how = next(one for one in bench.hall.glass if one.key == "identify.how")
        assert isinstance(how, s.Choose)
        off = {option.id: option.disabled for option in how.options if option.disabled}
        assert off == {"bank-card": "identify.card-reader-down"}
        bench.service.terminal.devices.id_reader.status = broken  # type: ignore[method-assign]
        await bench.until("out-of-service.readers")

    serving(tmp_path, story)


async def broken() -> Status:
    return Status("x", Health.OFFLINE, why=Faulty("x", "no answer"))


def test_a_journal_whose_chain_is_broken_since_the_last_self_test_takes_it_out_of_service(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until("attract")
        journal = bench.machine.journal
        await journal.note("VTM001", "x", {})
        assert await journal.verify_new() is None
        journal._db.executescript(
            "drop trigger no_change; update entry set body = '[]' where seq = (select max(seq) from entry)"
        )
        await bench.service._test()
        await bench.until("out-of-service.broken")
        assert (await bench.noted("self-test-failed"))[-1]["journal"].startswith("broken at row")

    serving(tmp_path, story)


def test_a_clock_that_is_wrong_and_a_branch_that_does_not_say_are_both_told(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until("attract")
        clock = bench.machine.world.clock
        bench.machine.journal.now = lambda: clock() - 90_000
        await bench.service._test()
        assert bench.service.parts["clock"] == "90 s apart from the branch"

        async def away() -> int:
            raise Unreachable("clock")

        bench.service.keys.clock = away  # type: ignore[method-assign]
        await bench.service._test()
        assert bench.service.parts["clock"] == "unknown"

    serving(tmp_path, story)


def test_nothing_that_somebody_near_does_disturbs_a_card_that_is_being_read(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until("attract")
        await asyncio.sleep(5)
        drawn = bench.hall.shown
        for _ in range(3):
            for verb in ("come", "lift", "plug", "pull", "hang", "leave"):
                await bench.machine.panel_end.act(verb)
                await asyncio.sleep(1)
        assert bench.hall.shown == drawn

    serving(tmp_path, story)
