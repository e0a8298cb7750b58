"""What the branch does by itself, from time to time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from branch import remittance
from branch.serving import Run, described
from branch.store import downloads, phones, visits
from branch.terminal import phone
from branch.terminal.context import Branch

log = logging.getLogger(__name__)
FORGET_SECONDS = 60.0
"""How often expired handles are deleted."""

ONWARD_SECONDS = 5.0
"""How often transfers to other banks are brought on."""


async def every(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    """Act again and again until cancelled; an act that fails is tried again at its next turn."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await act()
        except Exception as why:  # noqa: BLE001  the next turn is the remedy
            log.warning("upkeep failed: %s", described(why))


async def forget(branch: Branch, run: Run) -> None:
    """Delete what has expired and stands for a customer's numbers."""

    def act() -> int:
        with branch.db.write() as tx:
            return sum(one.forget(tx, branch.now) for one in (visits, phones, downloads))

    await run(act)


async def notify(branch: Branch, run: Run) -> None:
    """Send the notices that are still owed."""
    await run(lambda: phone.tell_what_is_due(branch))


async def onward(branch: Branch, run: Run) -> None:
    """Bring on what goes to other banks, and what was ordered for a later day."""
    await run(lambda: remittance.advance(branch))
