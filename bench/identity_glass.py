"""From an identity card laid down to the screen that it brings, on a whole terminal.

The terminal is composed as `kiosk` composes it, with a branch and far ends that run already; only its identity reader
stands at the paced line of bench.identity_line. It shows the attract screen when the card is laid down; the card
begins a visit, the visit goes into the journal, and the first screen that knows of the card asks to take it back.
"""

import asyncio
import os
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import drivers.idcard.reader
from bench.glass_tour import Stopwatch as Frames
from bench.identity_line import Act, Stopwatch, Times, far_end_process
from drivers.idcard.reader import POLL_S
from drivers.sim.pcscd import PcscDaemon
from drivers.wire import Wire, open_wire
from flows.screens import Attract

SHOWN = "identify.take"
"""The first screen after the reading."""
PATIENCE = 20.0
QUIET = 0.8
"""Seconds that the attract screen stands before a card comes."""


def measure(runs: int) -> list[Times]:
    """Seconds to the first frame that shows SHOWN, drawn to its last pixel; `runs` times."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        os.environ.pop(name, None)
    daemon = PcscDaemon()
    daemon.start()
    try:
        with tempfile.TemporaryDirectory() as name:
            return asyncio.run(_terminal(Path(name) / "state", runs))
    finally:
        daemon.stop()


async def _terminal(folder: Path, runs: int) -> list[Times]:
    from kiosk.__main__ import build, prepare_kivy
    from kiosk.demo.parts import running

    wires: list[Stopwatch] = []

    async def watched(url: str, *more: float) -> Wire:
        wires.append(Stopwatch(await open_wire(url, *more)))
        return wires[-1]

    drivers.idcard.reader.open_wire = watched  # type: ignore[attr-defined, assignment]  # where the reader opens its wire
    async with running(folder, pcscd=False, screen={"fullscreen": False}) as parts, AsyncExitStack() as stack:
        url, act = stack.enter_context(far_end_process())
        os.environ["KIOSK_SIM"] = parts.rendezvous
        prepare_kivy(parts.config.state)
        config = replace(parts.config, devices={**parts.config.devices, "id_reader": url})
        kiosk = await build(config, stack, windowed=True)
        window = asyncio.ensure_future(kiosk.stage.run())
        await kiosk.stage.ready()
        watch = _frames(kiosk.stage)
        found = [await _reading(kiosk, watch, wires, act, POLL_S * run / runs) for run in range(runs)]
        kiosk.stage.stop()
        await window
    return found


def _frames(stage: Any) -> Frames:
    watch = Frames()

    def on_the_glass(screen: Any, _chrome: object) -> None:
        watch.changed = watch.changed or screen.key == SHOWN

    stage.observers.append(on_the_glass)
    return watch


async def _reading(kiosk: Any, watch: Frames, wires: list[Stopwatch], act: Act, phase: float) -> Times:
    """One card; then the customer is gone, and the terminal serves anew."""
    service = asyncio.ensure_future(kiosk.service.run())
    async with asyncio.timeout(PATIENCE):
        while not isinstance(kiosk.stage.shown, Attract):
            await asyncio.sleep(0.05)
    await asyncio.sleep(QUIET + phase)
    seen = watch.start()
    laid = time.perf_counter()
    act("lay")
    async with asyncio.timeout(PATIENCE):
        done = await seen
    found_at = wires[-1].found_at
    act("lift")
    service.cancel()
    await asyncio.gather(service, return_exceptions=True)
    return Times(done - found_at, done - laid)
