"""Words for machines without a screen: each sentence is its key."""

from datetime import date, datetime


class PlainWords:
    """Keys for sentences."""

    def text(self, key: str, language: str = "", **params: str | int) -> str:
        return key

    def money(self, money: object, language: str = "") -> str:
        return str(money)

    def signed(self, money: object, language: str = "") -> str:
        return str(money)

    def day(self, day: date, language: str = "") -> str:
        return day.isoformat()

    def moment(self, at: datetime, language: str = "") -> str:
        return at.isoformat()
