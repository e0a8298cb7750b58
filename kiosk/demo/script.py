"""The scripted visits: two customers, played by a hand on the glass and hands at the devices."""

import asyncio
from dataclasses import dataclass
from typing import Any

from flows.screens import Choose
from kiosk.app import KivyStage
from kiosk.demo.parts import Bench
from kiosk.ui.hand import Hand

PATIENCE = 30.0
"""Seconds that a screen may take to come."""
LOOK = 0.02
READ = 0.7
"""Seconds that the customer looks before she acts."""
LI_NA_PIN, WANG_WEI_ACCOUNT = "147258", "6229990900000000034"
"""Of the demo's invented people; the PIN pad is a program here, and this the finger on its keys."""


class DidNotCome(Exception):
    """A screen that should have come did not."""


@dataclass(frozen=True)
class Customer:
    """Somebody at the terminal: eyes, a hand for the glass, and hands for cards and paper."""

    stage: KivyStage
    hand: Hand
    bench: Bench

    async def sees(self, key: str) -> None:
        """Wait until a screen is there, and look at it."""
        until = asyncio.get_running_loop().time() + PATIENCE
        while not self._is(key):
            stopped = self.stage.shown is not None and self.stage.shown.key.startswith("stopped.")
            if stopped or asyncio.get_running_loop().time() > until:
                raise DidNotCome(f"{key} did not come; the glass shows {self.stage.read()}")
            await asyncio.sleep(LOOK)
        await asyncio.sleep(READ)

    def _is(self, key: str) -> bool:
        return self.stage.shown is not None and self.stage.shown.key == key

    async def touches(self, screen: str, what: str) -> None:
        """Touch something on a screen when it has come."""
        await self.sees(screen)
        await self.hand.touch(what)

    async def chooses(self, screen: str, number: int) -> None:
        """Touch one of a screen's options, counted from 0."""
        await self.sees(screen)
        assert isinstance(self.stage.shown, Choose)  # noqa: S101  what it just saw
        await self.hand.touch(self.stage.shown.options[number].id)

    async def types_pin(self, digits: str) -> None:
        """Press keys of the PIN pad once it is open."""
        await self.sees("pin.enter")
        await self._until("pin-pad", "mode", "pin")
        for digit in (*digits, "enter"):
            await self.bench.act("pin-pad", "key", digit)
            await asyncio.sleep(0.15)

    async def prints(self, ask: str, what: str) -> None:
        """Ask for paper and take it."""
        await self.touches(ask, what)
        await self.sees("receipt.take")
        await self.bench.act("printer", "take")

    async def _until(self, device: str, name: str, value: Any) -> None:
        async with asyncio.timeout(PATIENCE):
            while not str((await self.bench.state())[device]["state"][name]).lower().startswith(value):
                await asyncio.sleep(LOOK)


async def with_bank_card(one: Customer) -> None:
    """In English, by bank card: her accounts, on paper; then a transfer, changing to Arabic on the way."""
    await one.touches("attract", "en")
    await one.touches("identify.how", "bank-card")
    await one.sees("identify.insert")
    await one.bench.act("card-reader", "insert", "li-na-debit")
    await one.types_pin(LI_NA_PIN)
    await one.touches("menu", "accounts")
    await one.chooses("accounts.choose", 0)
    await one.prints("accounts.one", "print")
    await one.touches("menu", "transfer")
    await one.chooses("transfer.from", 0)
    await one.chooses("transfer.to", 0)
    await one.sees("transfer.amount")
    await one.hand.touch("language")
    await asyncio.sleep(READ)
    await one.hand.touch("language-ar")
    await one.hand.type("25000")
    await one.touches("transfer.amount", "next")
    await one.touches("transfer.confirm", "next")
    await one.touches("transfer.done", "next")
    await one.prints("receipt.how", "print")
    await one.touches("menu", "leave")
    await one.touches("farewell.rate", "rate-5")
    await one.sees("farewell.card")
    await one.bench.act("card-reader", "pull")
    await one.sees("attract")


async def with_id_card(one: Customer) -> None:
    """In Chinese, in larger type, by ID card: help from a person, then a transfer to somebody else."""
    await one.touches("attract", "zh")
    await one.touches("identify.how", "larger")
    await one.touches("identify.how", "id-card")
    await one.sees("identify.lay")
    await one.bench.act("id-reader", "lay", "li-na")
    await one.sees("identify.take")
    await one.bench.act("id-reader", "lift")
    await one.types_pin(LI_NA_PIN)
    await one.touches("menu", "help")
    await one.touches("help.called", "on")
    await one.touches("menu", "transfer")
    await one.chooses("transfer.from", 0)
    await one.touches("transfer.to", "someone")
    await one.sees("transfer.number")
    await one.hand.type(WANG_WEI_ACCOUNT)
    await one.touches("transfer.number", "next")
    await one.sees("transfer.amount")
    await one.hand.type("88")
    await one.touches("transfer.amount", "next")
    await one.touches("transfer.confirm", "back")
    await one.touches("transfer.amount", "next")
    await one.touches("transfer.confirm", "next")
    await one.touches("transfer.done", "next")
    await one.prints("receipt.how", "print")
    await one.touches("menu", "leave")
    await one.touches("farewell.keep", "yes")
    await one.touches("farewell.rate", "rate-4")
    await one.sees("attract")
