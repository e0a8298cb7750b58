"""The end of a day: what a terminal counted is compared with what the branch has, and a difference is an alarm."""

import logging

from branch.store import people, totals as store
from branch.store.outbox import event
from branch.store.totals import Sum
from branch.terminal.context import Branch, own
from protocol import calls, totals as t

log = logging.getLogger(__name__)
NOTHING = t.DayTotal(kind="x", count=0, total=0)


def clock(branch: Branch, _terminal: str, _: calls.Nothing) -> t.Clock:
    """The time here."""
    return t.Clock(at=branch.now)


def day_totals(branch: Branch, terminal: str, body: t.DayTotals) -> t.DayCompared:
    """Keep what the terminal says, and compare; harmless to repeat, the newest stands."""
    for key in body.doubt:
        own(terminal, key)
    day = body.day.isoformat()
    with branch.db.write() as tx:
        found = differences(body, store.of_day(tx, terminal, day, body.doubt))
        store.keep(tx, terminal, day, body.model_dump(mode="json"), branch.now)
        for one in found:
            facts: dict[str, str | int | None] = {
                "day": day,
                "kind": one.kind,
                "field": one.field,
                "terminal": one.terminal,
                "branch": one.branch,
            }
            log.error("%s: %s %s %s is %d there, %d here", day, terminal, one.kind, one.field, one.terminal, one.branch)
            event(tx, branch.now, "totals.differ", terminal, facts)
        if found:
            words = f"{day}: {', '.join(sorted({one.kind for one in found}))}"
            people.incident(tx, terminal, terminal, "day-totals", words, branch.now)
    return t.DayCompared(day=body.day, differences=found)


def differences(said: t.DayTotals, here: dict[str, Sum]) -> tuple[t.DayDifference, ...]:
    """Everything in which two counts of a day do not agree."""
    there = {one.kind: one for one in said.totals}
    found = []
    for kind in sorted({*there, *here}):
        mine, theirs = here.get(kind, Sum()), there.get(kind, NOTHING)
        if theirs.count != mine.count:
            found.append(t.DayDifference(kind=kind, field="count", terminal=theirs.count, branch=mine.count))
        if mine.sums and theirs.total != mine.total:
            found.append(t.DayDifference(kind=kind, field="total", terminal=theirs.total, branch=mine.total))
    return tuple(found)
