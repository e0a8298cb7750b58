"""Storms by their seeds: each can be repeated by itself, and one in which something did not hold is made smaller."""

import asyncio
import logging
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.storm.inspector import Broken
from tests.storm.loop import StormLoop
from tests.storm.machine import Machine
from tests.storm.verdict import coverage, judge, pairs

VISITS = 50
"""Visits of one storm, before its calm."""
KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("plain", {}),
    ("two terminals", {"quiet": 20.0}),
    ("a core that cannot reverse", {"can_reverse": False}),
    ("broken devices, torn writes", {"breaks": 0.05, "cuts": 0.002}),
    ("a core that never explains", {"mute_core": True}),
    ("two terminals, torn writes", {"cuts": 0.002, "quiet": 20.0}),
)
PARTS = {"faults": 0.0, "cuts": 0.0, "breaks": 0.0, "tears": False, "moods": False}
"""What a storm can be made without, and how that is said to a machine."""


@dataclass(frozen=True)
class Storm:
    """A storm, and all that is needed to repeat it."""

    seed: int
    visits: int = VISITS
    without: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What sort of storm it is follows from its seed."""
        return KINDS[self.seed % len(KINDS)][0]

    @property
    def command(self) -> str:
        """What repeats it."""
        less = f" WITHOUT={','.join(self.without)}" if self.without else ""
        return f"make storm SEED={self.seed} VISITS={self.visits}{less}"

    def machines(self, folder: Path) -> list[Machine]:
        """One terminal, or two of one branch with the same customers."""
        how = {"faults": 0.10, "cuts": 0.0004, "tears": "torn" in self.kind} | KINDS[self.seed % len(KINDS)][1]
        how |= {part: PARTS[part] for part in self.without}
        first = Machine(folder, self.seed, **how)
        if "two terminals" not in self.kind:
            return [first]
        (folder / "second").mkdir()
        return [first, Machine(folder / "second", self.seed + 10**6, **how, name="VTM002", beside=first)]


@dataclass
class Result:
    """What came of a storm."""

    storm: Storm
    visits: int = 0
    met: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    broken: str = ""
    """What did not hold, and where; "" when all held."""
    invariant: str = ""
    """The name of what did not hold, where it has one."""


async def _blow(storm: Storm, machines: list[Machine], result: Result) -> None:
    for machine in machines:
        await machine.power_up()
    share = storm.visits // len(machines)
    counts = [storm.visits - share, share] if len(machines) == 2 else [share]
    await asyncio.gather(*(machine.visits(count) for machine, count in zip(machines, counts, strict=True)))
    for machine in machines:
        await machine.still()
    for machine in machines:
        await machine.calm()
    await judge(*machines)
    for machine in machines:
        result.visits += len(machine.sessions)
        result.met += await coverage(machine)
        result.pairs += pairs(machine)


def blow(storm: Storm) -> Result:
    """Run a storm to its calm end and judge it."""
    result = Result(storm)
    with tempfile.TemporaryDirectory(prefix="storm-") as folder:
        try:
            machines = storm.machines(Path(folder))
            with asyncio.Runner(loop_factory=StormLoop) as runner:
                runner.run(_blow(storm, machines, result))
        except (Exception, asyncio.CancelledError) as why:  # noqa: BLE001  whatever it was, it is told with its seed
            result.broken = traceback.format_exc()
            result.invariant = why.name if isinstance(why, Broken) else type(why).__name__
    return result


def blow_all(storms: Iterable[Storm], processes: int = 2) -> Iterator[Result]:
    """Many storms, side by side, as they end."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.storm.storms"])
    with context.Pool(processes, quiet) as pool:
        yield from pool.imap_unordered(blow, storms)


def quiet() -> None:
    """What the link says of a bad line is no news here."""
    logging.getLogger("kiosk").setLevel(logging.CRITICAL)


def shrunk(storm: Storm) -> Storm:
    """The smallest storm found in which still something does not hold: fewer visits, then fewer troubles."""
    good, bad = 0, storm.visits
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (good, middle) if blow(replace(storm, visits=middle)).broken else (middle, bad)
    found = replace(storm, visits=bad)
    for part in PARTS:
        less = replace(found, without=(*found.without, part))
        found = less if blow(less).broken else found
    while found.visits > 1 and blow(less := replace(found, visits=found.visits - 1)).broken:
        found = less
    return found
