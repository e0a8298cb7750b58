"""The far end of a resident-ID reader's wire: `IdReaderFarEnd`, a reader with a SAM and cards to lay on it."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

from drivers.api import Offline
from drivers.idcard.frames import Damaged, Decoder, Frame
from drivers.sim.base import Verb
from drivers.sim.idcard.people import CARDS, SimCard
from drivers.sim.idcard.ports import Port, PtyPort, TcpPort
from drivers.sim.idcard.sam import Sam
from drivers.wire import Opener, Wire, pair

__all__ = ["CARDS", "IdReaderFarEnd", "SimCard"]

BITS_A_BYTE = 10
"""8N1: a start bit, eight of data, a stop bit."""
PIECE = 16
"""Paced bytes go out in pieces of this size, each when its last bit would have arrived."""
SLOW_S = 0.8
"""What the fault `slow` adds to each answer; a driver must bear it."""


class IdReaderFarEnd:
    """A simulated resident-ID reader on a pty (`serial`), a TCP port (`tcp`) or a `MemoryWire`."""

    name = "id-reader"
    verbs = (Verb("lay", "Lay an identity card on the reader", tuple(CARDS)), Verb("lift", "Take the card off"))
    faults = ("deaf", "slow", "garbled", "unplugged", "sam-broken")

    def __init__(self, scheme: str = "serial", *, baud: int = 0, chance: random.Random | None = None) -> None:
        """`baud`: pace the bytes of both directions as a line of that speed would; 0 for no pacing."""
        if scheme not in ("serial", "tcp"):
            raise ValueError(f"{scheme}: the id reader stands at a `serial` or a `tcp` port")
        self.fault = ""
        self.sam = Sam()
        self._port: Port = PtyPort(self.name, self.serve) if scheme == "serial" else TcpPort(self.serve)
        self._baud, self._chance = baud, chance or random.Random(1)
        self._url, self._choice = "", ""
        self._lines: dict[asyncio.Task[None], Wire] = {}
        self._guests: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        self._url = await self._port.plug()
        return self._url

    async def stop(self) -> None:
        await self._hang_up()
        await self._port.remove()
        self._url = ""

    async def act(self, verb: str, choice: str = "") -> None:
        if verb == "lay" and choice in CARDS:
            self.lay(CARDS[choice], choice)
        elif verb == "lift":
            self._choice = ""
            self.sam.lift()
        else:
            raise ValueError(f"{verb} {choice}: an id reader knows lay ({', '.join(CARDS)}) and lift")

    def lay(self, card: SimCard, label: str = "custom") -> None:
        """Lay any card down; `act` lays those with a name."""
        self._choice = label
        self.sam.lay(card)

    async def set_fault(self, fault: str) -> None:
        if fault not in ("", *self.faults):
            raise ValueError(f"{fault}: an id reader's faults are {', '.join(self.faults)}")
        before, self.fault = self.fault, fault
        self.sam.broken = fault == "sam-broken"
        if fault == "unplugged":
            self.sam.power_cycle()
            await self._hang_up()
            await self._port.unplug()
        elif before == "unplugged" and self._url:
            await self._port.plug()

    def state(self) -> Mapping[str, Any]:
        return {"url": self._url, "card": self._choice, "stage": self.sam.stage.name.lower(), "fault": self.fault}

    def opener(self) -> Opener:
        """What a driver opens to reach this reader within the process; Offline while it is unplugged."""

        async def open_memory() -> Wire:
            if self.fault == "unplugged":
                raise Offline(self.name, "unplugged", "plug the reader in again")
            near, far = pair()
            task = asyncio.create_task(self.serve(far))
            self._guests.add(task)
            task.add_done_callback(self._guests.discard)
            return near

        return open_memory

    async def serve(self, wire: Wire) -> None:
        """Answer on `wire` until its peer is gone, the reader is unplugged or stopped; closes it in the end."""
        if self.fault == "unplugged":
            return await wire.close()
        line = asyncio.create_task(self._converse(wire))
        self._lines[line] = wire
        try:
            await asyncio.wait({line})
        finally:
            line.cancel()
            del self._lines[line]
            await wire.close()
        return None if line.cancelled() else line.result()

    async def _hang_up(self) -> None:
        """End every conversation that goes on."""
        lines = tuple(self._lines)
        for line in lines:
            line.cancel()
        if lines:
            await asyncio.wait(lines)
        if self._guests:
            await asyncio.wait(tuple(self._guests))

    async def _converse(self, wire: Wire) -> None:
        decoder = Decoder()
        try:
            while True:
                for heard in decoder.feed(await wire.read()):
                    await self._reply(wire, heard)
        except Offline:
            return

    async def _reply(self, wire: Wire, heard: Frame | Damaged) -> None:
        if self.fault == "deaf":
            return
        if self.fault == "slow":
            await asyncio.sleep(SLOW_S)
        data = self.sam.answer(heard).frame().pack()
        if self.fault == "garbled":
            data = self._garble(data)
        asked = len(heard.pack()) if isinstance(heard, Frame) else 0
        await self._send(wire, data, asked)

    def _garble(self, data: bytes) -> bytes:
        """One bit falls over, anywhere in the frame."""
        at, bit = self._chance.randrange(len(data)), self._chance.randrange(8)
        return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]

    async def _send(self, wire: Wire, data: bytes, asked: int) -> None:
        """Put `data` on the wire as fast as the line would carry it, after the `asked` bytes of the command."""
        if not self._baud:
            return await wire.write(data)
        loop = asyncio.get_running_loop()
        start, byte = loop.time(), BITS_A_BYTE / self._baud
        for at in range(0, len(data), PIECE):
            piece = data[at : at + PIECE]
            await asyncio.sleep(max(0.0, start + (asked + at + len(piece)) * byte - loop.time()))
            await wire.write(piece)
        return None
