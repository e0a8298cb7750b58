"""Memory of the terminal after a thousand visits, beside after a hundred.

The first process runs flows, journal, link, drivers and visit records as `kiosk` has them, with their far ends in
memory and a branch behind them in the same process, so that what those keep counts against us; customers look at their
account, move money, have it printed. The second shows a recorded visit on the real glass again and again: two hundred
visits beside twenty, since each must be drawn. Resident memory is what the kernel says, after a garbage collection.
"""

import asyncio
import gc
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

VISITS, PEER = 1000, 100
SHOWN, SHOWN_PEER = 200, 20
GOAL = 1.05
SPEED = 200.0
LONGEST = 540.0
"""Seconds for both together; the glass shows fewer visits rather than take longer."""
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> float:
    """Mebibytes of this process, after a collection."""
    gc.collect()
    return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def _many(folder: pathlib.Path) -> dict[str, float]:
    """The first process."""
    import sqlalchemy as sa

    from kiosk.replay.recorder import Recorder
    from kiosk.store import VisitStore, dump, load
    from tests.flows.guest import Guest, with_guest
    from tests.kiosk.replay_rig import Seat
    from tests.storm.machine import Machine

    found: dict[str, float] = {}

    async def story(machine: Machine, guest: Guest) -> None:
        engine = machine.world.db.engine  # the branch's cache is not the terminal's memory
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute("pragma cache_size = -256"))
        engine.dispose()
        guest.prefers = "id-card"
        guest.wishes = ("accounts", "transfer", "statement")
        store = VisitStore(folder / "visits.db", keep=50, days=30)
        seat = Seat(machine, guest, Recorder(store, machine.client))
        for number in range(1, VISITS + 1):
            await seat.visit()
            seat.visits, machine.sessions[:-1], guest.told = seat.visits[-1:], [], []
            if number in {PEER, VISITS}:
                found[str(number)] = resident()
        store.close()
        (folder / "visit.json").write_text(dump(load(folder / "visits.db", seat.visits[-1])))

    with_guest(folder, story)
    return found


def _shown(folder: pathlib.Path) -> dict[str, float]:
    """The second process."""
    from bench.glass_tour import ENVIRONMENT

    os.environ.update(ENVIRONMENT | {"KIVY_HOME": str(folder)})
    from kiosk.replay.clock import FastLoop

    with asyncio.Runner(loop_factory=lambda: FastLoop(SPEED)) as runner:
        return runner.run(_glass(folder))


async def _glass(folder: pathlib.Path) -> dict[str, float]:
    from kiosk.app import Fonts, KivyStage
    from kiosk.replay.command import HERE, catalogue
    from kiosk.replay.player import Glass, replay
    from kiosk.store import load_json

    fonts = Fonts(HERE / "build/fonts/kiosk.ttf", HERE / "build/fonts/kiosk-bold.ttf")
    stage = KivyStage(catalogue(lambda: stage.language), fonts, simulated=True, still=True)
    window = asyncio.ensure_future(stage.run())
    await stage.ready()
    record, until, found = load_json(folder / "visit.json"), time.monotonic() + LONGEST / 2, {}
    for number in range(1, SHOWN + 1):
        course = await replay(record, catalogue, Glass(stage, lambda _: None))
        assert course.same, course.words
        if number == SHOWN_PEER:
            found["peer"] = resident()
        if time.monotonic() > until:
            break
    found |= {"ours": resident(), "visits": number, "screens": course.steps}
    stage.stop()
    await window
    return found


def _child(what: str, folder: str) -> dict[str, float]:
    words = [sys.executable, "-W", "ignore", "-m", "bench.memory", what, folder]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, timeout=LONGEST)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def run() -> list[dict[str, Any]]:
    """Two rows."""
    with tempfile.TemporaryDirectory() as folder:
        many, shown = _child("many", folder), _child("shown", folder)
    return [
        _row(
            "memory: flows, drivers, journal, link", many[str(VISITS)], many[str(PEER)],
            f"after {VISITS} visits beside after {PEER}, each with an account looked at, a transfer and a statement; "
            "far ends and branch (SQLite, a cache of 256 KiB) in the same process, virtual time; visits "
            "recorded, the newest 50 kept",
            PEER,
        ),
        _row(
            "memory: with the glass", shown["ours"], shown["peer"],
            f"after {shown['visits']:g} visits beside after {SHOWN_PEER}; one recorded visit of {shown['screens']:g} "
            "steps replayed on the real glass (1080x1920, offscreen SDL, software GL), every screen of it drawn",
            SHOWN_PEER,
        ),
    ]  # fmt: skip


def _row(figure: str, ours: float, peer: float, conditions: str, visits: int) -> dict[str, Any]:
    return {
        "figure": figure,
        "unit": "MiB",
        "ours": round(ours, 1),
        "peer": round(peer, 1),
        "peer_name": f"after {visits} visits",
        "ratio": round(ours / peer, 3),
        "goal": GOAL,
        "better": "lower",
        "conditions": f"resident memory after a garbage collection; {conditions}",
    }


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps({"many": _many, "shown": _shown}[sys.argv[1]](pathlib.Path(sys.argv[2]))))
    else:
        print(json.dumps(run(), indent=1))
