"""A receipt printer that keeps what came out of it, and now and then leaves in doubt whether anything did."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.api import Health, NoMedia, Offline, Printed, Slip, Status

COPY = "receipt.copy-of"
"""The title of whatever is printed once more, where words are shown as their keys."""


class NoPrinter:
    """A printer that answers, and has neither a sensor nor paper."""

    async def print_slip(self, slip: Slip) -> Printed:
        await asyncio.sleep(1)
        return Printed(printed=False)

    async def paper_taken(self) -> bool | None:
        return None

    async def retract(self) -> bool:
        return False

    async def status(self) -> Status:
        return Status("receipt-printer", Health.OK)

    async def close(self) -> None:
        return None


@dataclass
class Roll(NoPrinter):
    """Each slip comes out with a proof, or nothing does and it says so, or nobody knows."""

    chance: random.Random
    doubt: Callable[[], float]
    """How likely it is at this moment that nobody knows."""
    came: list[tuple[str, bool]] = field(default_factory=list)
    """What a slip is about, and whether it says COPY, of all that came out or may have."""
    met: Counter[str] = field(default_factory=Counter)

    async def print_slip(self, slip: Slip) -> Printed:
        await asyncio.sleep(self.chance.uniform(0.5, 3))
        fate = self.chance.random()
        if fate < self.doubt() / 3:
            self.met["no paper"] += 1
            raise NoMedia("receipt-printer", "no paper", "load paper")
        marked = slip.lines[1].text.startswith(COPY)
        self.met["copy" if marked else "original"] += 1
        self.came.append((slip.qr, marked))
        if fate < self.doubt():
            self.met["in doubt"] += 1
            raise Offline("receipt-printer", "silent in the midst of a job", "look at the printer")
        return Printed(printed=True, proof="process-id")
