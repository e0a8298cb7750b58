"""Day totals at the terminal: sent when the bank has closed its day, and when the terminal closes."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from flows.journal import JournalFailed
from flows.ports import Refused, Unreachable
from flows.terminal import Terminal
from flows.totals import read_day, unreported
from kiosk.moments import Said
from protocol import totals as t

log = logging.getLogger(__name__)
LOOK = 20.0
"""Seconds between two looks whether a day has ended that was not compared yet."""
REPORTED = "day-totals"


class Asks(Protocol):
    """Who compares."""

    async def day_totals(self, totals: t.DayTotals) -> t.DayCompared:
        """Compare what was done on a day."""
        ...


@dataclass
class Totals:
    """Compares each day with the branch, once it is over."""

    terminal: Terminal
    branch: Asks
    line: Said
    _day: date | None = None
    _closed: date | None = None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.after_cut_over()
            except (Refused, Unreachable, JournalFailed) as why:
                log.warning("the day totals are not compared yet: %s", type(why).__name__)
            await asyncio.sleep(LOOK)

    async def after_cut_over(self) -> None:
        """Every day before the bank's own that has business and was not compared; and the one that has just ended."""
        hello = self.line.hello
        if hello is None or not hello.in_service:
            return
        today, before = hello.accounting_date, self._day
        days = set(await unreported(self.terminal.journal, today, REPORTED, self.terminal.id))
        if before is not None and before < today:
            days.add(before)
        for day in sorted(days):
            await self.compare(day)
            await self.terminal.journal.note(self.terminal.id, REPORTED, {"day": day.isoformat()})
        self._day = today

    async def closing(self) -> None:
        """Once when it closes: the day so far. What is done later is compared again after the cut-over."""
        hello = self.line.hello
        if hello is None or self._closed == hello.accounting_date:
            return
        self._closed = hello.accounting_date
        try:
            await self.compare(hello.accounting_date)
        except (Refused, Unreachable, JournalFailed) as why:
            log.warning("the day totals are not compared at closing: %s", type(why).__name__)

    async def compare(self, day: date) -> t.DayCompared:
        """Send one day; what differs is an alarm at the branch, and stands in the log here."""
        found = await self.branch.day_totals(await read_day(self.terminal.journal, day))
        for one in found.differences:
            log.error("%s: %s %s is %d here, %d at the branch", day, one.kind, one.field, one.terminal, one.branch)
        return found
