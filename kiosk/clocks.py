"""The machine's clock in local time."""

from datetime import UTC, datetime


def wall() -> datetime:
    """Now, where the terminal stands."""
    return datetime.now(UTC).astimezone()
