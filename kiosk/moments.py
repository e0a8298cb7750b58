"""What the hour says: closed until it opens again, or still for a moment before the bank closes its day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from flows.screens import OutOfService
from protocol import messages as m
from protocol.hours import DAYS, is_open, opens


class Said(Protocol):
    """The branch's last word."""

    hello: m.Hello | None


@dataclass
class Moments:
    """What the branch has said of hours, read by the terminal's own clock."""

    line: Said
    now: Callable[[], datetime]

    def why(self) -> str:
        """`hours`, `cut-over`, or "" when a visit may begin."""
        if self.closed():
            return "hours"
        return "cut-over" if self._still() else ""

    def closed(self) -> bool:
        """These are not its hours; who is still being served is served to the end."""
        hello = self.line.hello
        return hello is not None and not is_open(hello.hours, self.now())

    def screen(self, why: str) -> OutOfService | None:
        """What is shown meanwhile, with the time at which it is over."""
        if why == "hours":
            return self._closed_screen()
        at = self._cut_over()
        if why == "cut-over" and at is not None:
            return OutOfService("cut-over", why="cut-over.again", params=(("time", f"{at:%H:%M}"),))
        return None

    def _closed_screen(self) -> OutOfService:
        now = self.now()
        at = opens(self.line.hello.hours if self.line.hello else (), now)
        if at is None:
            return OutOfService("closed", why="closed.unknown")
        days = (at.date() - now.date()) // timedelta(days=1)
        day = ("today", "tomorrow")[days] if days < 2 else DAYS[at.weekday()]
        return OutOfService("closed", why=f"closed.{day}", params=(("time", f"{at:%H:%M}"),))

    def _cut_over(self) -> datetime | None:
        hello = self.line.hello
        if hello is None or hello.cut_over_at is None:
            return None
        return datetime.fromtimestamp(hello.cut_over_at / 1000, UTC).astimezone(self.now().tzinfo)

    def _still(self) -> bool:
        at, hello = self._cut_over(), self.line.hello
        if at is None or hello is None:
            return False
        left = at - self.now()
        return timedelta(0) < left <= timedelta(seconds=hello.cut_over_still)
