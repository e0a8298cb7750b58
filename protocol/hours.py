"""Hours of a week and of a day, in local time: `mon-fri 09:00-17:00`, `22:00-06:00`. Pure functions over texts."""

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY, _TIME = "|".join(DAYS), "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
SPAN = rf"^({_DAY})(?:-({_DAY}))? ({_TIME})-({_TIME})$"
"""Hours on some days of the week."""
CLOCK = rf"^{_TIME}$"


def is_span(text: str) -> bool:
    """Is it hours of the week that end after they begin?"""
    found = re.fullmatch(SPAN, text)
    return found is not None and found[3] < found[4]


def is_open(spans: Iterable[str], at: datetime) -> bool:
    """Does any of the spans hold at a local time? Without spans it is always open."""
    spans = tuple(spans)
    return not spans or any(_holds(span, at) for span in spans)


def opens(spans: Iterable[str], at: datetime) -> datetime | None:
    """When it opens next, within a week and a day; None when it never does."""
    found = []
    for span in spans:
        first, last, begins, _ = _read(span)
        for days in range(9):
            day = at.date() + timedelta(days=days)
            moment = datetime.combine(day, begins, at.tzinfo)
            if _within_days(first, last, day.weekday()) and moment > at:
                found.append(moment)
    return min(found, default=None)


def in_window(since: str, until: str, at: datetime) -> bool:
    """Is a time of day within `since` (included) and `until` (not)? It may go over midnight; two empty ones: always."""
    if not since or not until:
        return True
    now = at.strftime("%H:%M")
    return since <= now < until if since <= until else now >= since or now < until


def next_at(clock: str, at: datetime) -> datetime:
    """The next moment at which clocks show `HH:MM`."""
    today = datetime.combine(at.date(), time.fromisoformat(clock), at.tzinfo)
    return today if today > at else today + timedelta(days=1)


def _holds(span: str, at: datetime) -> bool:
    first, last, begins, ends = _read(span)
    return _within_days(first, last, at.weekday()) and begins <= at.time() < ends


def _within_days(first: int, last: int, day: int) -> bool:
    return first <= day <= last if first <= last else day >= first or day <= last


def _read(span: str) -> tuple[int, int, time, time]:
    found = re.fullmatch(SPAN, span)
    if found is None:
        raise ValueError(span)
    first, last, begins, ends = found.groups()
    return DAYS.index(first), DAYS.index(last or first), time.fromisoformat(begins), time.fromisoformat(ends)
