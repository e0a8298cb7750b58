"""Somebody puts a bank card in or lays an identity card down: that says as much as a touch."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from drivers.api import Application, CardReader, DeviceError, IdCard, IdReader, TooLate

POLL = 0.5
AGAIN = 3.0
"""Seconds before a reader that failed is asked once more."""
PATIENCE = 60.0
"""Seconds of one wait at a reader; it is repeated for as long as nobody comes."""


@dataclass(frozen=True)
class BankCard:
    """A bank card was put in; these are its applications."""

    applications: tuple[Application, ...]


@dataclass(frozen=True)
class IdentityCard:
    """An identity card was laid down and read."""

    card: IdCard


Arrival = BankCard | IdentityCard
STALE = ("card", "id-card")


async def arrival(id_reader: IdReader, card_reader: CardReader, stale: Collection[str] = STALE) -> Arrival:
    """Wait until a card comes to either reader.

    One that lies in a reader named in `stale` (`card`, `id-card`) counts only once it has been taken away.
    """
    waits = (
        asyncio.ensure_future(_patiently(lambda: _bank_card(card_reader, stale="card" in stale))),
        asyncio.ensure_future(_patiently(lambda: _identity_card(id_reader, stale="id-card" in stale))),
    )
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def _patiently(wait: Callable[[], Awaitable[Arrival]]) -> Arrival:
    """Wait again and again; what fails meanwhile is no answer to anybody's question."""
    while True:  # ended by an arrival, or cancelled
        try:
            return await wait()
        except TooLate:
            continue
        except DeviceError:
            await asyncio.sleep(AGAIN)


async def _bank_card(reader: CardReader, *, stale: bool) -> Arrival:
    while stale and await reader.card_present():
        await asyncio.sleep(POLL)
    return BankCard(await reader.wait_card(PATIENCE))


async def _identity_card(reader: IdReader, *, stale: bool) -> Arrival:
    while stale and await reader.card_present():
        await asyncio.sleep(POLL)
    return IdentityCard(await reader.read_card(PATIENCE))
