"""A guest whose visits are recorded, and gone through again without anything real."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from flows.session import Session
from flows.visit import visit
from kiosk.replay.clock import JumpingLoop
from kiosk.replay.player import Course, replay
from kiosk.replay.recorder import Recorder
from kiosk.store import Record, VisitStore, load
from tests.flows.guest import Guest, with_guest
from tests.storm.machine import Machine, PlainWords

Story = Callable[["Seat"], Awaitable[None]]


@dataclass
class Seat:
    """A terminal that records, and the guest before it."""

    machine: Machine
    guest: Guest
    recorder: Recorder
    visits: list[str] = field(default_factory=list)
    endings: list[str] = field(default_factory=list)

    async def visit(self, dies: Callable[[], bool] = lambda: False) -> None:
        """One visit; when `dies` says so, the program is gone at that moment."""
        guest, machine = self.guest, self.machine
        guest.arrives()
        self.visits.append(f"{machine.name}-{machine.chance.randbytes(16).hex()}")
        with self.recorder.visit(machine.terminal, self.visits[-1]) as kept:
            session = Session(kept.terminal, self.visits[-1])
            machine.sessions.append(session)
            running = asyncio.ensure_future(visit(session))
            while not running.done() and not dies():
                await asyncio.sleep(0.05)
            if not running.done():
                self.recorder.store.close()  # nothing is written any more
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                return
            kept.ended = running.result()
            self.endings.append(kept.ended)
        guest._take_all()


def recorded(folder: Path, story: Story) -> list[Record]:
    """Let a story happen; answers the records of its visits."""
    path, seats = folder / "visits.db", []

    async def whole(machine: Machine, guest: Guest) -> None:
        guest.prefers = "id-card"
        seat = Seat(machine, guest, Recorder(VisitStore(path, keep=50, days=30), machine.client))
        seats.append(seat)
        try:
            await story(seat)
        finally:
            with suppress(RuntimeError):
                seat.recorder.store.close()

    with_guest(folder, whole)
    return [load(path, one) for one in seats[0].visits]


def gone_through(record: Record) -> Course:
    """Replay it, as it would be read from a file."""
    again = Record(record.visit, tuple(json.loads(json.dumps(record.rows))))
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(replay(again, lambda _: PlainWords()))


__all__ = ["Seat", "gone_through", "recorded", "replace"]
