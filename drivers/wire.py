"""Byte pipes, opened by URL.

    serial:/dev/ttyUSB0?baud=115200    a serial port (a pty too)
    tcp:127.0.0.1:4001                 a TCP peer
    sim:NAME                           only an address: the real URL is read from the far ends' rendezvous file

Every wait is bounded by its caller; a lost peer is `Offline`, whatever the kind of wire.
"""

import asyncio
import json
import os
import pathlib
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import serial

from drivers.api import Offline

RENDEZVOUS = "KIOSK_SIM"
CHUNK = 4096
ANEW = "open a new pair of ends"


class Wire(Protocol):
    """Bytes there and back."""

    async def read(self) -> bytes:
        """At least one byte, at most 4096; Offline when the peer is gone."""
        ...

    async def write(self, data: bytes) -> None:
        """All of `data`; Offline when the peer is gone."""
        ...

    async def close(self) -> None:
        """Let go; calling twice is harmless."""
        ...


Opener = Callable[[], Awaitable[Wire]]


def resolve(url: str) -> str:
    """Turn `sim:NAME` into the address that the far ends wrote down; other URLs stay as they are."""
    if not url.startswith("sim:"):
        return url
    name = url.removeprefix("sim:")
    place = os.environ.get(RENDEZVOUS, "")
    try:
        known: dict[str, str] = json.loads(pathlib.Path(place).read_text()) if place else {}
    except (OSError, ValueError):
        known = {}
    if name not in known:
        raise Offline(url, "no such far end is running", f"start `python -m drivers.sim` and set {RENDEZVOUS}")
    return known[name]


def check(url: str) -> None:
    """ValueError for a URL that names no wire. Whether anything is there, only opening tells."""
    scheme, _, rest = url.partition(":")
    host, _, port = rest.rpartition(":")
    good = {
        "serial": bool(urlsplit(url).path) and _baud(url).isdecimal() and int(_baud(url)) > 0,
        "tcp": bool(host) and port.isascii() and port.isdecimal() and 0 < int(port) < 65536,
        "sim": bool(rest),
    }
    if not good.get(scheme):
        raise ValueError(f"{url}: a wire is serial:DEVICE?baud=115200, tcp:HOST:PORT or sim:NAME")


def _baud(url: str) -> str:
    return parse_qs(urlsplit(url).query).get("baud", ["115200"])[0]


async def open_wire(url: str, patience: float = 3.0) -> Wire:
    """Open a byte pipe within `patience` seconds. Raises Offline, or ValueError for a URL that is none."""
    real = resolve(url)
    check(real)
    scheme, _, rest = real.partition(":")
    if scheme == "serial":
        return _SerialWire(real)
    host, _, port = rest.rpartition(":")
    try:
        async with asyncio.timeout(patience):
            return _StreamWire(url, *await asyncio.open_connection(host.strip("/[]"), int(port)))
    except OSError as why:
        raise Offline(url, f"no connection: {why}", "check power, cable and address") from why


class _StreamWire:
    def __init__(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._name, self._reader, self._writer = name, reader, writer

    async def read(self) -> bytes:
        try:
            data = await self._reader.read(CHUNK)
        except OSError as why:
            raise Offline(self._name, "connection lost", "check power and cable") from why
        if not data:
            raise Offline(self._name, "connection closed by the device", "check power and cable")
        return data

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as why:
            raise Offline(self._name, "connection lost", "check power and cable") from why

    async def close(self) -> None:
        self._writer.close()


class _SerialWire:
    """A serial port driven by the event loop: no thread, so that a cancelled read is really over."""

    def __init__(self, url: str) -> None:
        self._name = url
        try:
            self._port = serial.Serial(urlsplit(url).path, int(_baud(url)), timeout=0, write_timeout=0, exclusive=True)
        except (OSError, serial.SerialException) as why:
            raise Offline(url, f"port does not open: {why}", "check cable, device name and permissions") from why

    async def read(self) -> bytes:
        await self._ready(asyncio.get_running_loop().add_reader, asyncio.get_running_loop().remove_reader)
        try:
            data: bytes = self._port.read(CHUNK)
        except (OSError, serial.SerialException) as why:
            raise Offline(self._name, "port lost", "plug the reader in again") from why
        if not data:
            raise Offline(self._name, "port closed", "plug the reader in again")
        return data

    async def write(self, data: bytes) -> None:
        loop, rest = asyncio.get_running_loop(), data
        try:
            while rest:
                sent = os.write(self._port.fileno(), rest)
                rest = rest[sent:]
                if rest:
                    await self._ready(loop.add_writer, loop.remove_writer)
        except BlockingIOError:
            await self._ready(loop.add_writer, loop.remove_writer)
            await self.write(rest)
        except (OSError, serial.SerialException) as why:
            raise Offline(self._name, "port lost", "plug the device in again") from why

    async def _ready(self, add: Callable[..., object], remove: Callable[[int], object]) -> None:
        """Wait until the port's descriptor can be read or written."""
        try:
            number = self._port.fileno()
        except (OSError, serial.SerialException) as why:
            raise Offline(self._name, "port closed", "plug the device in again") from why
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        add(number, _settle, ready)
        try:
            await ready
        finally:
            remove(number)

    async def close(self) -> None:
        self._port.close()


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


class MemoryWire:
    """One end of a pipe within this process: what tests and the storm lay between a driver and its far end."""

    def __init__(self) -> None:
        self._inbox: asyncio.Queue[bytes] = asyncio.Queue(1024)
        self._peer: MemoryWire = self
        self._open = True

    async def read(self) -> bytes:
        if not self._open and self._inbox.empty():
            raise Offline("memory wire", "closed", ANEW)
        data = await self._inbox.get()
        if not data:
            self._open = False
            raise Offline("memory wire", "closed by the peer", ANEW)
        return data

    async def write(self, data: bytes) -> None:
        if not self._open or not self._peer._open:  # noqa: SLF001  two ends of one thing
            raise Offline("memory wire", "closed", ANEW)
        if data:
            self._peer._inbox.put_nowait(data)  # noqa: SLF001

    async def close(self) -> None:
        if self._open:
            self._open = False
            self._peer._inbox.put_nowait(b"")  # noqa: SLF001


def pair() -> tuple[MemoryWire, MemoryWire]:
    """Two ends of one pipe."""
    left, right = MemoryWire(), MemoryWire()
    left._peer, right._peer = right, left  # noqa: SLF001
    return left, right
