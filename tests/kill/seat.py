"""The programs that are killed: a terminal without a glass, and a branch; each is told by its arguments alone.

The terminal has the real flows, service, journal and link; its far ends are in memory, and the customer is a Pilot.
"""

import asyncio
import json
import logging
import os
import random
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from pathlib import Path

import httpx

import flows.identify
import flows.settle
import flows.visit
import kiosk.link
import kiosk.terminal
from branch.__main__ import main as branch_main
from drivers.api import Printed, Slip
from drivers.emv import PcscCardReader
from drivers.idcard import SerialIdReader
from drivers.pinpad import XfsPinPad
from drivers.sim.card import MemorySlot
from drivers.sim.chip import load_cards
from drivers.sim.idcard import IdReaderFarEnd
from drivers.sim.pinpad import PinPadFarEnd
from flows.journal import Journal
from flows.terminal import Devices, Rules, Terminal
from kiosk.config import Config, load
from kiosk.link import Line, Link, open_client, trust
from kiosk.terminal import Service
from protocol import messages as m
from tests.kill.pilot import Notes, Pilot
from tests.storm.machine import NoPrinter, PlainWords

QUICK = Rules(idle=0.5, warning=0.1, device=3, pin=3, take=0.1, effect=10)
"""Patience for a customer who needs milliseconds."""


class _NoPaper(NoPrinter):
    """Paper is out, and it takes no time to say so."""

    async def print_slip(self, slip: Slip) -> Printed:
        return Printed(printed=False)


def hurry() -> None:
    """Pauses that are made for people and for days, made for a test that kills every second."""
    flows.identify.POLL = flows.visit.POLL = 0.02
    flows.settle.BACK_OFF = (0, 1, 1, 2, 2, 3)
    kiosk.link.AGAIN, kiosk.link.HEARTBEAT = 0.1, 0.5
    kiosk.terminal.SETTLE = kiosk.terminal.KEYS_AGAIN = 0.1


def branch(words: tuple[str, ...], log: str) -> None:
    """`branch WORDS…`."""
    _says_into(log)
    sys.exit(branch_main(list(words)))


def terminal(folder: str, seed: int, calm: bool) -> None:
    """Serve the customers that the seed brings."""
    home = Path(folder)
    _says_into(str(home / "terminal.log"))
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    hurry()
    asyncio.run(_serve(home, load(home / "terminal.toml"), seed, calm=calm))


def _says_into(log: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


async def _serve(home: Path, config: Config, seed: int, *, calm: bool) -> None:
    keys = json.loads((home / "pad-keys.json").read_text())
    pad_end = PinPadFarEnd(bytes.fromhex(keys["tmk"]), bytes.fromhex(keys["tmk_aes"]))
    id_end, slot = IdReaderFarEnd(), MemorySlot()
    pilot = Pilot(
        random.Random(seed), slot, pad_end, id_end, load_cards(home / "cards.json"), pace=(0, 0.004), beat=0,
        moods=not calm, calm=calm, heard=Notes(home / "heard.jsonl"),
    )  # fmt: skip
    devices = Devices(
        SerialIdReader("sim:memory", opener=id_end.opener()),
        PcscCardReader("pcsc:memory", today=_today, slot=slot),
        XfsPinPad(pad_end.url, dial=pad_end.dial),
        _NoPaper(),
    )
    wire = Notes(home / "wire.jsonl")
    context = trust(str(config.authority), str(config.certificate), str(config.key))
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(open_client(config.branch, context))
        client.event_hooks = {"request": [_Ear(wire).asks], "response": [_Ear(wire).answers]}
        link = Link(client)
        journal = Journal(str(home / "journal.db"), lambda: time.time_ns() // 1_000_000)
        made = Terminal(config.id, pilot, link, PlainWords(), journal, devices, rules=QUICK)

        def beats() -> m.Heartbeat:
            wire.add(path="heartbeat", body=service.state.model_dump_json())
            return service.state

        line = Line(config.branch, context, beats)
        service = Service(made, line, link, asyncio.get_running_loop().time)
        await asyncio.gather(line.run(), service.run())


class _Ear:
    """Writes down what crosses the wire inside TLS."""

    def __init__(self, wire: Notes) -> None:
        self._wire = wire

    async def asks(self, request: httpx.Request) -> None:
        self._wire.add(path=request.url.path, body=request.content.decode())

    async def answers(self, response: httpx.Response) -> None:
        body = (await response.aread()).decode()
        self._wire.add(path=f"{response.request.url.path} answer", body=body)
