"""Hours of the week and of the day, at their edges."""

from datetime import UTC, datetime

import pytest

from protocol.hours import in_window, is_open, is_span, next_at, opens

FRIDAY = datetime(2031, 3, 14, tzinfo=UTC)


def at(hour: int, minute: int = 0, day: int = 14) -> datetime:
    return FRIDAY.replace(day=day, hour=hour, minute=minute)


@pytest.mark.parametrize(
    ("span", "moment", "expected"),
    [
        ("mon-fri 09:00-17:00", at(9), True),
        ("mon-fri 09:00-17:00", at(8, 59), False),
        ("mon-fri 09:00-17:00", at(16, 59), True),
        ("mon-fri 09:00-17:00", at(17), False),
        ("mon-fri 09:00-17:00", at(12, day=15), False),
        ("sat 10:00-15:00", at(12, day=15), True),
        ("fri-mon 10:00-15:00", at(12, day=16), True),
        ("fri-mon 10:00-15:00", at(12, day=18), False),
    ],
)
def test_it_is_open_from_the_first_minute_to_before_the_last(span: str, moment: datetime, *, expected: bool) -> None:
    assert is_open([span], moment) is expected


def test_without_hours_it_is_always_open() -> None:
    assert is_open([], at(3))


@pytest.mark.parametrize(
    ("spans", "moment", "expected"),
    [
        (("mon-fri 09:00-17:00",), at(8), at(9)),
        (("mon-fri 09:00-17:00",), at(17), at(9, day=17)),
        (("mon-fri 09:00-12:00", "mon-fri 13:30-17:00"), at(12, 30), at(13, 30)),
        (("fri 09:00-17:00",), at(17), at(9, day=21)),
        ((), at(12), None),
    ],
)
def test_it_opens_at_the_next_beginning(spans: tuple[str, ...], moment: datetime, expected: datetime | None) -> None:
    assert opens(spans, moment) == expected


@pytest.mark.parametrize(
    ("since", "until", "moment", "expected"),
    [
        ("", "", at(3), True),
        ("09:00", "17:00", at(9), True),
        ("09:00", "17:00", at(17), False),
        ("22:00", "06:00", at(23), True),
        ("22:00", "06:00", at(5, 59), True),
        ("22:00", "06:00", at(6), False),
        ("22:00", "06:00", at(12), False),
    ],
)
def test_a_window_of_the_day_may_go_over_midnight(since: str, until: str, moment: datetime, *, expected: bool) -> None:
    assert in_window(since, until, moment) is expected


@pytest.mark.parametrize("text", ["mon-fri 17:00-09:00", "mon 9:00-17:00", "xxx 09:00-17:00", "mon-fri 09:00", ""])
def test_what_is_no_span_is_refused(text: str) -> None:
    assert not is_span(text)


def test_a_time_of_day_comes_next_today_or_tomorrow() -> None:
    assert next_at("22:30", at(12)) == at(22, 30)
    assert next_at("22:30", at(22, 30)) == at(22, 30, day=15)
