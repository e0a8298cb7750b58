"""The far end of the card reader: virtual cards, put into pcscd's virtual slot or straight into a driver's hand.

vsmartcard's vpcd listens on 127.0.0.1:35963; a card is a TCP client there. Each message is a 2-byte big-endian length
and its bytes: one byte is a control (0 off, 1 on, 2 reset, 4 asks for the ATR), more are a command.
"""

import asyncio
import contextlib
import pathlib
import socket
from collections.abc import Callable, Mapping
from typing import Any

from drivers.api import MediaRefused, MediaRemoved, NoMedia, Offline
from drivers.emv.slot import DEVICE, Power
from drivers.sim.base import Verb
from drivers.sim.chip import PROFILES, CardData, VirtualCard, load_cards

__all__ = ["PROFILES", "CardData", "CardReaderFarEnd", "MemorySlot", "VirtualCard", "load_cards"]

HOST, PORT = "127.0.0.1", 35963
READER = "pcsc:Virtual PCD 00 00"
ATR = b"\x04"
NO_ATR = b"\x00"
"""What vpcd takes for a card that gives no answer to reset: nothing that begins as one must (3B or 3F)."""
RETRY = 0.1
"""Seconds between attempts to reach the daemon while a card sits in the slot."""
SWAP = 0.6
"""Seconds that a hand takes to change cards; pcscd looks every 400 ms, and misses a card that was out for less."""
SLOW = 0.4
"""Seconds that a slow card takes for each answer."""
FAULTS = ("deaf", "slow", "garbled", "mute", "unplugged")
BYTE_AT_T0 = 12 * 372 / 3_571_200
"""Seconds a byte takes on T=0 at 9600 bit/s: 10 bit + 2 guard, 372 clocks each, at 3.5712 MHz (ISO/IEC 7816-3)."""


def spoil(answer: bytes) -> bytes:
    """A lie about a length, under a status word that says all is well."""
    return b"\x70\x7f" + answer[:-2][:8] + b"\x90\x00"


def wire_bytes(command: bytes, answer: bytes) -> int:
    """Bytes on a T=0 contact for one command: header, procedure byte, data either way, status word."""
    return len(command) + 1 + len(answer)


class CardReaderFarEnd:
    """A person with cards at the reader. `pull_at` is the APDU at which a card leaves under the fault `unplugged`."""

    name = "card-reader"
    faults = FAULTS

    def __init__(self, cards: pathlib.Path, *, port: int = PORT, paced: bool = False) -> None:
        self.verbs: tuple[Verb, ...] = ()
        self.fault = ""
        self.pull_at = 3
        self._path, self._port, self._paced = cards, port, paced
        self._cards: dict[str, VirtualCard] = {}
        self._inserted = ""
        self._count = 0
        self._left = 0.0
        self._changed = asyncio.Event()
        self._seat: asyncio.Task[None] | None = None

    async def start(self) -> str:
        self._learn()
        return READER

    async def stop(self) -> None:
        await self._pull()

    async def act(self, verb: str, choice: str = "") -> None:
        if verb == "pull":
            await self._pull()
        elif verb == "insert":
            self._learn()
            if choice not in self._cards:
                raise ValueError(f"no card {choice!r}; there are {', '.join(self._cards) or 'none'}")
            await self.insert(self._cards[choice])
        else:
            raise ValueError(f"{verb!r} is not done to a card reader")

    async def insert(self, card: VirtualCard) -> None:
        """Put any card in, in place of one that is there."""
        await self._pull()
        await asyncio.sleep(max(0.0, self._left + SWAP - asyncio.get_running_loop().time()))
        self._inserted, self._count = card.data.name, 0
        self._seat = asyncio.create_task(self._sit(card))

    async def set_fault(self, fault: str) -> None:
        if fault and fault not in FAULTS:
            raise ValueError(f"no fault {fault!r}; there are {', '.join(FAULTS)}")
        self.fault, self._count = fault, 0
        self._changed.set()
        self._changed = asyncio.Event()

    def state(self) -> Mapping[str, Any]:
        return {"inserted": self._inserted, "apdus": self._count, "fault": self.fault, "pull_at": self.pull_at}

    def _learn(self) -> None:
        """Read the cards file again: a card known already keeps its counter and its blocks."""
        for name, data in load_cards(self._path).items():
            if name not in self._cards or self._cards[name].data != data:
                self._cards[name] = VirtualCard(data)
        self.verbs = (Verb("insert", "Insert card", tuple(self._cards)), Verb("pull", "Pull card"))

    async def _pull(self) -> None:
        seat, self._seat, self._inserted = self._seat, None, ""
        if seat is not None and seat is not asyncio.current_task():
            seat.cancel()
            await asyncio.wait({seat})

    async def _sit(self, card: VirtualCard) -> None:
        """Be in the slot until pulled, also while the daemon is away and after it has come back."""
        while self._inserted == card.data.name:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                async with asyncio.timeout(2):
                    reader, writer = await asyncio.open_connection(HOST, self._port)
                try:
                    await self._serve(card, reader, writer)
                finally:
                    writer.close()
                    self._left = asyncio.get_running_loop().time()
            await asyncio.sleep(RETRY)

    async def _serve(self, card: VirtualCard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        quick = _quick_ack(writer)
        while self._inserted:
            size = int.from_bytes(await reader.readexactly(2), "big")
            quick()
            message = await reader.readexactly(size)
            quick()
            answer = await self._answer(card, message)
            if answer is not None:
                writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()

    async def _answer(self, card: VirtualCard, message: bytes) -> bytes | None:
        """What goes back; None for nothing (a control, or the card has just left)."""
        if message == ATR:
            return NO_ATR if self.fault == "mute" else card.atr
        if len(message) <= 1:
            card.reset()
            return None
        self._count += 1
        if self.fault == "unplugged" and self._count >= self.pull_at:
            self._inserted = ""
            return None
        while self.fault == "deaf":
            await self._changed.wait()
        answer = card.apdu(message)
        if self._paced:
            await asyncio.sleep(wire_bytes(message, answer) * BYTE_AT_T0)
        if self.fault == "slow":
            await asyncio.sleep(SLOW)
        return spoil(answer) if self.fault == "garbled" else answer


def _quick_ack(writer: asyncio.StreamWriter) -> Callable[[], None]:
    """Acknowledge at once: vpcd sends a length and a body apart, and would wait 40 ms for the first to be confirmed."""
    wire: socket.socket = writer.get_extra_info("socket")
    return lambda: wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class MemorySlot:
    """A slot within this process, for `PcscCardReader(url, slot=…)`: the same cards, no daemon and no thread."""

    blocking = False

    def __init__(self) -> None:
        self.card: VirtualCard | None = None
        self.fault = ""
        self.pull_at = 0
        """The APDU, counted from `insert`, at which the card is pulled; 0 for never."""
        self.commands: list[bytes] = []
        self._powered = False
        self._atr = b""

    def insert(self, card: VirtualCard) -> None:
        """Put a card in."""
        self.card, self._powered = card, False
        self.commands.clear()

    def pull(self) -> None:
        """Take the card out."""
        self.card, self._powered = None, False

    def present(self, seconds: float) -> bool:  # noqa: ARG002  nothing comes while we look
        if self.card is not None:
            self._atr = self.card.atr
        return self.card is not None

    def connect(self) -> Power:
        if self.card is None:
            raise NoMedia(DEVICE, "no card is in the reader", "put the card in, chip first")
        if self.fault == "mute":
            raise MediaRefused(DEVICE, "the card does not answer", "turn the card, chip first")
        self.card.reset()
        self._powered, self._atr = True, self.card.atr
        return Power(self._atr, self.card.profile.t0)

    def transmit(self, command: bytes) -> bytes:
        if self.fault == "deaf":
            raise Offline(DEVICE, "no answer", "take the card out and put it in again")
        if self.pull_at and len(self.commands) + 1 >= self.pull_at:
            self.pull()
        if self.card is None or not self._powered:
            raise MediaRemoved(DEVICE, "the card is gone", "put the card in again")
        self.commands.append(command)
        answer = self.card.apdu(command)
        return spoil(answer) if self.fault == "garbled" else answer

    def disconnect(self) -> None:
        self._powered = False

    def close(self) -> None:
        self.disconnect()

    def identity(self) -> tuple[str, bytes]:
        return "memory slot", self._atr
