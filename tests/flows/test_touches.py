"""How many touches it takes: to somebody she has paid before, money moves after seven."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows import screens as s
from flows.ports import Chrome
from protocol.money import Money
from tests.flows.guest import Guest, with_guest
from tests.storm.machine import Machine

FIFTY = Money(5_000)


@dataclass
class Counts(Guest):
    """She sends fifty yuan to the first whom she has paid before, and counts her touches from the first menu on."""

    touches: int = 0
    said_yes: bool = False

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        answer = await super().show(screen, chrome)
        if "menu" in self.met and not self.said_yes:
            self.touches += len(str(FIFTY.fen // 100)) + 1 if isinstance(screen, s.EnterAmount) else 1
        self.said_yes = self.said_yes or isinstance(screen, s.Confirm)
        return answer

    async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
        if key == "transfer.to":
            return next((option.id for option in options if option.literal), "someone")
        return await super()._chooses(key, options)


def test_a_transfer_to_a_known_payee_takes_seven_touches_after_identification(tmp_path: Path) -> None:
    """The yes is the seventh; each further digit of the amount is one more."""

    async def story(machine: Machine, guest: Guest) -> None:
        guest.prefers, guest.wishes, guest.amount = "id-card", ("transfer",), FIFTY
        await machine.visits(1)
        assert "transfer.number" in guest.met, "the first time she types the number"
        guest.__class__ = Counts
        assert isinstance(guest, Counts)
        guest.touches, guest.said_yes = 0, False
        await machine.visits(1)
        assert "transfer.number" not in guest.met
        assert "transfer.done" in guest.met
        assert guest.touches == 7, guest.met

    with_guest(tmp_path, story)
