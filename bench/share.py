"""The machine's own share of each everyday visit, the rest being hers.

A whole terminal: glass, drivers, journal, link, a branch and far ends in processes of their own, the identity reader's
line paced as 115200 8N1 would be. A customer stands before it who acts as fast as the keystroke-level model says
(Card, Moran and Newell 1980): 1.35 s to make up her mind, 1.1 s to point, 0.28 s for a key.

The machine's own is all the time in which she can do nothing: from the end of each act of hers (a finger lifted, a card
laid down or taken, the last key of the PIN) until a screen on which she can act is drawn to its last pixel, and, before
a PIN, until the pad is open. Her looking, deciding, pointing and typing are hers. Everything between counts: readers
and pad, journal, line, bank, drawing, and how long the terminal takes to look whether a card has been taken away.
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.glass_tour import Stopwatch as Frames
from bench.identity_line import Act, far_end_process
from drivers.sim.pcscd import PcscDaemon
from flows.screens import Attract, Wait

GOAL = 2.0
MIND, POINT, KEY = 1.35, 1.1, 0.28
"""Seconds, of the keystroke-level model."""
PATIENCE = 30.0
PIN, NEW_PIN = "147258", "258036"
AMOUNT = "88"
LOOK = 0.005


@dataclass
class Customer:
    """She stands before a whole terminal; `own` adds up what she waited for the machine."""

    kiosk: Any
    parts: Any
    lays: Act
    hand: Any
    frames: Frames
    pin: str = PIN
    limit: int = 40_000
    """Yuan a day; each visit takes one off."""
    own: float = 0.0
    waits: list[tuple[str, float]] = field(default_factory=list)

    async def acts(self, act: Callable[[], Awaitable[object]], name: str) -> None:
        """Do something with the hand, and wait until she can do the next thing."""
        stage, before = self.kiosk.stage, self.kiosk.stage.shown
        await act()
        began = time.perf_counter()
        async with asyncio.timeout(PATIENCE):
            while stage.shown is before or stage.shown is None or isinstance(stage.shown, Wait):
                await asyncio.sleep(LOOK)
            await self._drawn()
            if stage.shown.key.startswith("pin.") and type(stage.shown).__name__ == "EnterPin":
                await self._pad_is_open()
        if stage.shown.key.startswith("stopped."):
            raise RuntimeError(f"{name}: {stage.read()}")
        self._waited(name, began)

    async def _drawn(self) -> None:
        """One more frame: it shows the screen for sure."""
        seen = self.frames.start()
        self.frames.changed = True
        self.frames.window.canvas.ask_update()
        await seen

    def _waited(self, name: str, began: float) -> None:
        waited = time.perf_counter() - began
        self.own += waited
        self.waits.append((name, waited))

    async def _pad_is_open(self) -> None:
        while str((await self.parts.bench.state())["pin-pad"]["state"]["mode"]).lower() != "pin":
            await asyncio.sleep(LOOK)

    async def touches(self, screen: str, what: str) -> None:
        """Look, decide, point; what is touched answers the screen."""
        self._sees(screen)
        await self.hand.await_open(what)
        await asyncio.sleep(MIND + POINT)
        x, y, width, height = self.kiosk.stage.find(what).rect

        async def lift() -> None:
            finger = self.hand.down((x + width / 2, y + height / 2))
            await asyncio.sleep(0.05)
            self.hand.lift(finger, (x + width / 2, y + height / 2))

        await self.acts(lift, f"{screen} {what}")

    async def first(self, screen: str) -> None:
        """Touch the first of a screen's options."""
        await self.touches(screen, self.kiosk.stage.shown.options[0].id)

    async def types(self, screen: str, digits: str) -> None:
        """On the drawn keys, then the one next key."""
        self._sees(screen)
        for digit in digits:
            await self.hand.touch(f"digit-{digit}")
            await asyncio.sleep(KEY)
        await self.touches(screen, "next")

    async def pins(self, screen: str, digits: str) -> None:
        """On the pad."""
        self._sees(screen)
        for digit in digits:
            await asyncio.sleep(KEY)
            await self.parts.bench.act("pin-pad", "key", digit)
        await self.acts(lambda: self.parts.bench.act("pin-pad", "key", "enter"), f"{screen} enter")

    def _sees(self, screen: str) -> None:
        shown = self.kiosk.stage.shown
        if shown is None or shown.key != screen:
            raise RuntimeError(f"{screen} should be shown, and {shown} is")

    # --- what every visit has

    async def comes(self) -> None:
        """From the attract screen to the menu, by ID card and PIN."""
        self.own, self.waits = 0.0, []
        await self.touches("attract", "zh")
        await self.touches("identify.how", "id-card")

        async def lay() -> None:
            await asyncio.sleep(POINT)
            self.lays("lay")

        async def lift() -> None:
            await asyncio.sleep(POINT)
            self.lays("lift")

        await self.acts(lay, "lay")
        await self.acts(lift, "lift")
        await self.pins("pin.enter", self.pin)

    async def goes(self) -> None:
        """From the menu to the attract screen."""
        await self.touches("menu", "leave")
        await self.touches("farewell.rate", "rate-5")

    async def steps_up(self) -> None:
        """By the code that her phone shows."""
        await self.touches("step-up.how", "send")
        last = (self.parts.folder / "branch/codes.jsonl").read_text().splitlines()[-1]
        await self.types("step-up.code", json.loads(last)["code"])


async def accounts(one: Customer) -> None:
    await one.touches("menu", "accounts")
    await one.first("accounts.choose")
    await one.touches("accounts.one", one.kiosk.stage.shown.options[-1].id)


async def transfer(one: Customer) -> None:
    await one.touches("menu", "transfer")
    await one.first("transfer.from")
    await one.first("transfer.to")
    await one.types("transfer.amount", AMOUNT)
    await one.touches("transfer.confirm", "next")
    await one.touches("transfer.done", "next")
    await one.touches("receipt.how", "none")


async def statement(one: Customer) -> None:
    await one.touches("menu", "statement")
    await one.first("statement.account")
    await one.touches("statement.period", "days-30")
    await one.touches("statement.shown", "next")


async def limit(one: Customer) -> None:
    one.limit -= 1
    await one.touches("menu", "limit")
    await one.first("limit.which")
    await one.types("limit.amount", str(one.limit))
    await one.steps_up()
    await one.touches("limit.confirm", "next")
    await one.touches("limit.done", "next")
    await one.touches("care.paper", "none")


async def pin_change(one: Customer) -> None:
    new = NEW_PIN if one.pin == PIN else PIN
    await one.touches("menu", "pin")
    await one.first("pin.which")
    await one.touches("pin.confirm", "next")
    await one.pins("pin.old", one.pin)
    await one.pins("pin.new", new)
    await one.pins("pin.again", new)
    one.pin = new
    await one.touches("pin.done", "next")
    await one.touches("care.paper", "none")


async def loss(one: Customer) -> None:
    await one.touches("menu", "loss")
    await one.first("loss.which")
    await one.touches("loss.how-long", "days")
    await one.touches("loss.confirm", "next")
    await one.touches("loss.done", "next")
    await one.touches("care.paper", "none")


VISITS: dict[str, tuple[Callable[[Customer], Awaitable[None]], int]] = {
    "transfer": (transfer, 3),
    "accounts": (accounts, 1),
    "statement": (statement, 1),
    "limit": (limit, 1),
    "pin change": (pin_change, 1),
    "loss report": (loss, 1),
}
"""What she comes for, and how often: each visit takes her half a minute or more."""


async def _measured() -> dict[str, list[Customer]]:
    """Every visit, with what she waited for."""
    from kiosk.__main__ import build, prepare_kivy
    from kiosk.demo.parts import running
    from kiosk.ui.hand import Hand

    found: dict[str, list[Customer]] = {}
    with tempfile.TemporaryDirectory() as name:
        async with (
            running(Path(name) / "state", pcscd=False, screen={"fullscreen": False}) as parts,
            AsyncExitStack() as stack,
        ):
            url, lays = stack.enter_context(far_end_process())
            os.environ["KIOSK_SIM"] = parts.rendezvous
            prepare_kivy(parts.config.state)
            config = replace(parts.config, devices={**parts.config.devices, "id_reader": url})
            kiosk = await build(config, stack, windowed=True)
            window = asyncio.ensure_future(kiosk.stage.run())
            await kiosk.stage.ready()
            frames = Frames()
            serving = asyncio.ensure_future(kiosk.service.run())
            one = Customer(kiosk, parts, lays, Hand(kiosk.stage), frames)
            async with asyncio.timeout(PATIENCE):
                while not isinstance(kiosk.stage.shown, Attract):
                    await asyncio.sleep(0.05)
            for what, (visit, times) in VISITS.items():
                for _ in range(times):
                    await one.comes()
                    await visit(one)
                    await one.goes()
                    found.setdefault(what, []).append(replace(one))
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            kiosk.stage.stop()
            await window
    return found


def run() -> list[dict[str, Any]]:
    """A row for each kind of visit."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        os.environ.pop(name, None)
    daemon = PcscDaemon()
    daemon.start()
    try:
        found = asyncio.run(_measured())
    finally:
        daemon.stop()
    return [_row(what, visits) for what, visits in found.items()]


def _row(what: str, visits: list[Customer]) -> dict[str, Any]:
    middle = sorted(visits, key=lambda one: one.own)[len(visits) // 2]
    worst = sorted(middle.waits, key=lambda wait: -wait[1])[:3]
    longest = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in worst)
    return {
        "figure": f"machine's own share: {what}",
        "unit": "s",
        "ours": round(statistics.median(one.own for one in visits), 2),
        "peer": None,
        "peer_name": "",
        "ratio": None,
        "goal": GOAL if what == "transfer" else None,
        "better": "lower",
        "conditions": f"median of {len(visits)} whole visits, identified by ID card and PIN, no paper; all time in "
        f"which she can do nothing, over {len(middle.waits)} acts of hers at keystroke-level speed; the longest waits: "
        f"{longest}; branch (SQLite, fsync on) and far ends in processes of their own on this machine, the ID reader's "
        f"line paced at 115200 8N1, 1080x1920 by software GL; load average {os.getloadavg()[1]:.1f} on "
        f"{os.cpu_count()} cores meanwhile",
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
