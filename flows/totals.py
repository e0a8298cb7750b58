"""What the journal says of a day: of each kind of transaction how many are done, and their sum; doubts apart."""

from collections import defaultdict
from datetime import date
from typing import Any

from flows.journal import ENDINGS, Journal
from protocol import totals as t

DAYS_BACK = 5
"""Days of the clock within which everything of an accounting date stands."""


async def read_day(journal: Journal, day: date) -> t.DayTotals:
    """One accounting date. In doubt is what has no ending, a manual one, or one whose day the bank has not said."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    doubt = []
    for key, order, ending, body in await _keys(journal):
        said = body.get("accounting_date")
        if ending in (None, "manual") or (ending == "done" and said is None):
            doubt.append(key)
        elif ending == "done" and said == day.isoformat():
            found = counts[kind_of(key)]
            found[0] += 1
            found[1] += int(order.get("amount") or 0)
    totals = tuple(t.DayTotal(kind=kind, count=n, total=sum_) for kind, (n, sum_) in sorted(counts.items()))
    return t.DayTotals(day=day, totals=totals, doubt=tuple(doubt[-t.MOST_DOUBTS :]))


async def unreported(journal: Journal, today: date, event: str, terminal: str) -> list[date]:
    """Days before `today` on which something was done, and of which no row says that they were compared."""
    rows = await journal.recent(DAYS_BACK)
    compared = {row["body"].get("day") for row in rows if row["state"] == event and row["key"] == terminal}
    days = {row["body"].get("accounting_date") for row in rows if row["state"] == "done"} - compared - {None}
    return sorted(day for one in days if (day := date.fromisoformat(str(one))) < today)


def kind_of(key: str) -> str:
    """The step of a key, without its number."""
    return key.rpartition("/")[2].partition("-")[2]


async def _keys(journal: Journal) -> list[tuple[str, dict[str, Any], str | None, dict[str, Any]]]:
    """Each effect of the last days: key, order, ending (None: none yet) and what the ending says."""
    orders: dict[str, dict[str, Any]] = {}
    endings: dict[str, tuple[str, dict[str, Any]]] = {}
    for row in await journal.recent(DAYS_BACK):
        if row["state"] == "intent":
            orders[row["key"]] = row["body"]["order"]
        elif row["state"] in ENDINGS:
            endings[row["key"]] = row["state"], row["body"]
    return [(key, order, *endings.get(key, (None, {}))) for key, order in orders.items()]
