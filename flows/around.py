"""What the panel around the customer says: heard at one place, told to whoever listens, and what it means to a visit.

An open door ends a visit at once and raises an alarm; a staff key ends it without one; a battery lets what runs come
to its end. What nobody knows ends nothing.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from drivers.api import Panel, PanelState, Power, StaffKey

log = logging.getLogger(__name__)
AGAIN = 5.0
"""Seconds before a panel whose news have ended is listened to again."""
Listener = Callable[[PanelState], None]
OURS = frozenset({StaffKey.MAINTENANCE, StaffKey.SUPERVISOR})


@dataclass
class Around:
    """Hears the panel for as long as `run` runs. A listener is called at each change, and must not wait."""

    panel: Panel | None = None
    state: PanelState = PanelState()
    """The last word of the panel."""
    door_open: bool = False
    """By the last word that any door was: a panel that goes away shuts no door."""
    _listeners: list[Listener] = field(default_factory=list)

    async def run(self) -> None:
        """Until cancelled; ends at once where there is no panel."""
        while self.panel is not None:
            async for state in self.panel.changes():
                self.heard(state)
            await asyncio.sleep(AGAIN)

    def heard(self, state: PanelState) -> None:
        """Keep it, and tell everybody."""
        if state.reachable != self.state.reachable:
            log.warning("the panel %s", "is back" if state.reachable else "does not answer")
        self.state = state
        if state.door_open is not None:
            self.door_open = state.door_open
        for listener in tuple(self._listeners):
            listener(state)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Be told of what stands now and of each change, until what is answered is called."""
        self._listeners.append(listener)
        listener(self.state)
        return lambda: self._listeners.remove(listener)

    @property
    def serviced(self) -> bool:
        """Staff are at work on the machine."""
        return self.door_open or self.state.staff_key in OURS

    @property
    def powerless(self) -> bool:
        """It runs on its battery."""
        return self.state.power in (Power.BATTERY, Power.LOW)

    def facts(self) -> dict[str, str]:
        """What staff at the branch should know of it; empty where there is no panel, or none that answers."""
        if self.panel is None or not self.state.reachable:
            return {}
        door = {True: "open", False: "ok", None: "unknown"}[self.state.door_open]
        power = "ok" if self.state.power is Power.MAINS else str(self.state.power)
        key = "ok" if self.state.staff_key is StaffKey.RUN else str(self.state.staff_key)
        return {"door": door, "power": power, "staff-key": key}


def ends(state: PanelState) -> str:
    """Why a visit must end now; "" when it need not."""
    if state.door_open:
        return "door"
    if state.staff_key in OURS:
        return "staff-key"
    return "battery" if state.power is Power.LOW else ""
