"""Limits and thresholds that change: one dated table, `rules.toml`, whose entries name their source."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any


class NoRule(Exception):
    """The table says nothing for that day: an engineer must complete it."""


@dataclass(frozen=True)
class Rules:
    """The table: by name, entries that each begin on a day."""

    table: dict[str, list[dict[str, Any]]]

    def on(self, name: str, day: date) -> dict[str, Any]:
        """The entry of that name in force on a day."""
        begun = [one for one in self.table.get(name, []) if one["from"] <= day]
        if not begun:
            raise NoRule(f"rules.toml has no {name} for {day.isoformat()}")
        return max(begun, key=lambda one: one["from"])

    def temporary_loss_days(self, day: date) -> int:
        """For how many days a temporary loss report made on a day holds."""
        return int(self.on("temporary-loss-days", day)["days"])

    def standing_tries(self, day: date) -> tuple[int, int]:
        """How often a standing order's payment is tried on its day when money is missing, and the minutes between."""
        rule = self.on("standing-tries", day)
        return int(rule["tries"]), int(rule["minutes"])

    def cut_over_still(self, day: date) -> int:
        """Seconds before a cut-over in which terminals begin nothing new."""
        return int(self.on("cut-over-still", day)["seconds"])

    def withheld(self, document: str, day: date) -> tuple[str, ...]:
        """Transactions that a kind of document does not open at a terminal on a day."""
        return tuple(self.on("not-with-document", day).get(document, ()))

    def needs_step_up(self, what: str, day: date) -> bool:
        """Must she step up for it on a day? `what`: `new-payee`, `limit-change`, `formal-loss`, `phone-change`."""
        return what in self.on("step-up", day)["for"]

    def phone_waiting(self, day: date) -> tuple[int, frozenset[str]]:
        """For so many days from its change a phone alone is not enough, and for which acts."""
        rule = self.on("phone-waiting", day)
        return int(rule["days"]), frozenset(rule["for"])

    def paper_minutes(self, day: date) -> int:
        """For so many minutes a link to a paper is good."""
        return int(self.on("paper-link", day)["minutes"])

    def arrivals(self, day: date, *, named: bool) -> tuple[str, ...]:
        """When money for another bank may be sent, as it is offered on a day."""
        return tuple(self.on("arrival", day)["named" if named else "unnamed"])

    def later_days(self, day: date) -> tuple[int, ...]:
        """Which days she may choose, counted from today."""
        return tuple(self.on("arrival", day)["days"])


def load(path: Path) -> Rules:
    """Read a table; ValueError when an entry has no date, or does not name its source."""
    table = tomllib.loads(path.read_text("utf-8"))
    for name, entries in table.items():
        for one in entries:
            if type(one.get("from")) is not date or not one.get("source"):
                raise ValueError(f"{path.name}: an entry of {name} needs `from` (a date) and `source`")
    return Rules(table)


RULES = load(Path(__file__).parent / "rules.toml")
"""The table that comes with this release."""
