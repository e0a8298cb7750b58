"""What the panel's tests stand on: driver and far end in one process, and a service that is less than it should be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from drivers.api import PanelState, Power, StaffKey
from drivers.panel import XfsPanel
from drivers.sim.panel import PanelFarEnd
from drivers.sim.xfs import Call, Publisher, no
from drivers.xfs import Payload

REST = PanelState(
    handset_lifted=False,
    headset_plugged=False,
    person_near=False,
    door_open=False,
    staff_key=StaffKey.RUN,
    power=Power.MAINS,
)
AWAY = PanelState(reachable=False)
NEVER = 3600.0
"""Seconds between two looks for tests in which only events may tell."""
OFTEN = 0.02
Story = Callable[[PanelFarEnd, XfsPanel], Awaitable[None]]


def play(story: Story, every: float = NEVER) -> None:
    """One panel and its driver in this process; no story may take half a minute."""

    async def run() -> None:
        far = PanelFarEnd()
        panel = XfsPanel(far.url, every=every, dial=far.dial)
        try:
            async with asyncio.timeout(30):
                await story(far, panel)
        finally:
            await panel.close()
            await far.stop()

    asyncio.run(run())


async def until(changes: AsyncIterator[PanelState], wanted: PanelState) -> list[PanelState]:
    """All that is told, up to what is wanted."""
    told = []
    async for state in changes:
        told.append(state)
        if state == wanted:
            break
    return told


class Odd:
    """A service with sensors that cannot be registered for, and no lights."""

    path = "Odd"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.said: dict[str, Any] = {"handsetSensor": "onTheHook"}

    async def handle(self, call: Call) -> Payload:
        self.asked.append(call.name)
        if call.name == "Common.Capabilities":
            return {"interfaces": [{"name": "Auxiliaries"}], "auxiliaries": {"handsetSensor": {"manual": True}}}
        if call.name == "Common.Status":
            return {"common": {"device": "online"}, "auxiliaries": self.said}
        raise no("invalidAuxiliary" if call.name == "Auxiliaries.Register" else "invalidLight")

    def left(self, client: int) -> None:
        """Nothing belongs to anybody."""


def odd(act: Callable[[Odd, Publisher, XfsPanel], Awaitable[None]], every: float = OFTEN) -> None:
    async def run() -> None:
        service = Odd()
        publisher = Publisher(service, "SIM")
        panel = XfsPanel(publisher.url, every=every, dial=publisher.dial)
        try:
            async with asyncio.timeout(30):
                await act(service, publisher, panel)
        finally:
            await panel.close()
            await publisher.stop()

    asyncio.run(run())
