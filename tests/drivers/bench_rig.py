"""A device bench with far ends behind it, asked over HTTP or looked at in a real browser."""

import json
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from playwright.async_api import Page, async_playwright, expect

from drivers.sim.base import FarEnd, Verb
from drivers.sim.bench import Bench
from drivers.sim.camera import CameraFarEnd
from drivers.sim.card import CardReaderFarEnd
from drivers.sim.idcard import IdReaderFarEnd
from drivers.sim.pinpad import PinPadFarEnd
from drivers.sim.printer import PrinterFarEnd

CARD = {
    "name": "li-na-debit", "pan": "6229990000000000018", "sequence": "00", "expiry": "2031-12-31",
    "cardholder": "LI NA", "label": "UnionPay Debit", "aid": "A000000333010101",
    "udk_ac": "11" * 16, "udk_mac": "22" * 16, "profile": "plain",
}  # fmt: skip

expect.set_options(timeout=20_000)  # milliseconds; a page on a busy machine is slow, not wrong


class Stubborn:
    """A far end that does what the test hands it."""

    name = "printer"
    verbs = (Verb("take", "Take the paper"),)
    faults = ("jam",)
    fault = ""

    def __init__(self, deed: Callable[[], Awaitable[None]]) -> None:
        self._deed = deed

    async def start(self) -> str:
        return "memory:"

    async def stop(self) -> None:
        pass

    async def act(self, verb: str, choice: str = "") -> None:
        await self._deed()

    async def set_fault(self, fault: str) -> None:
        self.fault = fault

    def state(self) -> Mapping[str, Any]:
        return {"paper": "present"}


async def nothing() -> None:
    pass


def four_ends(folder: pathlib.Path) -> tuple[FarEnd, ...]:
    cards = folder / "cards.json"
    cards.write_text(json.dumps([CARD]))
    return (
        IdReaderFarEnd(),
        CardReaderFarEnd(cards, port=1),
        PinPadFarEnd(bytes(range(16)), bytes(16)),
        Stubborn(nothing),
    )


def five_ends(folder: pathlib.Path) -> tuple[FarEnd, ...]:
    return (*four_ends(folder)[:3], PrinterFarEnd(folder, presenter=True), CameraFarEnd(folder / "film", seconds=1))


@asynccontextmanager
async def opened(folder: pathlib.Path, *ends: FarEnd) -> AsyncIterator[tuple[str, dict[str, FarEnd]]]:
    ends = ends or four_ends(folder)
    for end in ends:
        await end.start()
    bench = Bench(ends, folder)
    try:
        yield await bench.start(), {end.name: end for end in ends}
    finally:
        await bench.stop()
        for end in ends:
            await end.stop()


@asynccontextmanager
async def client_of(folder: pathlib.Path, *ends: FarEnd) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, FarEnd]]]:
    async with opened(folder, *ends) as (url, known), httpx.AsyncClient(base_url=url) as client:
        yield client, known


@asynccontextmanager
async def browser(url: str) -> AsyncIterator[Page]:
    async with async_playwright() as play:
        chromium = await play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        try:
            page = await chromium.new_page(viewport={"width": 1400, "height": 1000})
            await page.goto(url)
            yield page
        finally:
            await chromium.close()
