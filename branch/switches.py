"""Switches: which transactions are not offered now.

The branch's own stand in its configuration file, which is read again whenever it changes. Those of a fleet, a branch or
a terminal, at all or certain hours, stand in the database.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from branch.settings import BadConfig, Settings, load
from branch.store import switches
from branch.store.db import Database
from protocol.hours import in_window
from protocol.messages import SwitchReason

log = logging.getLogger(__name__)


class Switches:
    """Transaction -> reason, as `[switches]` in branch.toml has it at this moment.

    A file that cannot be used changes nothing: what was switched off stays so, and the log says why.
    """

    def __init__(self, settings: Settings) -> None:
        """Settings that came from no file never change."""
        self._file, self._off = settings.file, settings.switches
        self._seen = self._stamp()

    def __call__(self) -> Mapping[str, SwitchReason]:
        """What is switched off now."""
        stamp = self._stamp()
        if self._file is not None and stamp != self._seen:
            self._seen = stamp
            try:
                self._off = load(self._file).switches
            except BadConfig as why:
                log.warning("the switches stay as they were: %s", why)
            else:
                log.info("switched off: %s", ", ".join(self._off) or "nothing")
        return self._off

    def _stamp(self) -> tuple[int, int] | None:
        """What tells one state of the file from another."""
        try:
            found = self._file.stat() if self._file else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size) if found else None


def local(ms: int) -> datetime:
    """UTC milliseconds as this machine's local time."""
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone()


@dataclass(frozen=True)
class Switch:
    """One row of the database."""

    transaction: str
    scope: str
    place: str
    since: str
    until: str
    reason: SwitchReason

    def holds(self, branch: str, terminal: str, at: datetime) -> bool:
        """Does it hold for this terminal of this branch at that local time?"""
        here = {"fleet": True, "branch": self.place == branch, "terminal": self.place == terminal}
        return here[self.scope] and in_window(self.since, self.until, at)


@dataclass(frozen=True)
class Board:
    """The database's switches, as they concern one branch."""

    db: Database
    branch: str
    zone: Callable[[int], datetime] = local

    def rows(self) -> tuple[Switch, ...]:
        """All of them, the widest first."""
        with self.db.read() as tx:
            found = switches.every(tx)
        return tuple(
            Switch(row.transaction_id, row.scope, row.place, row.since, row.until, row.reason) for row in found
        )

    def off(self, rows: Iterable[Switch], terminal: str) -> dict[str, SwitchReason]:
        """What is off now at a terminal; "" stands for none in particular."""
        at, found = self.zone(self.db.clock()), dict[str, SwitchReason]()
        for row in rows:
            if row.holds(self.branch, terminal, at):
                found.setdefault(row.transaction, row.reason)
        return found

    def __call__(self, terminal: str) -> dict[str, SwitchReason]:
        """What is off now at a terminal."""
        return self.off(self.rows(), terminal)
