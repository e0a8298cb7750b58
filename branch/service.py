"""When terminals serve, and when they hold still: what the configuration says, as each terminal is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from branch.rules import Rules
from branch.switches import local
from protocol.hours import next_at


@dataclass(frozen=True)
class ServiceHours:
    """Hours of service of a branch's terminals, and the time of day of its cut-over."""

    clock: Callable[[], int]
    rules: Rules
    hours: tuple[str, ...] = ()
    by_terminal: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cut_over: str = ""
    zone: Callable[[int], datetime] = local

    def of(self, terminal: str) -> dict[str, Any]:
        """A terminal's own hours, else the branch's."""
        return {"hours": self.by_terminal.get(terminal, self.hours)}

    def stillness(self, day: date) -> dict[str, Any]:
        """The next cut-over, and how long before it nothing new begins; empty where nobody knows it."""
        if not self.cut_over:
            return {}
        at = next_at(self.cut_over, self.zone(self.clock()))
        return {
            "cut_over_at": int(at.timestamp() * 1000),
            "cut_over_still": self.rules.cut_over_still(day),
        }
