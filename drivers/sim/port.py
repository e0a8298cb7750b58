"""Where a far end lends its ear: a pseudo terminal with a steady name, or a TCP port."""

import asyncio
import os
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

Ear = Callable[[bytes], None]


class Port(Protocol):
    """One wire's far side, which may be unplugged and plugged in again under the same URL."""

    async def open(self) -> str:
        """Be there; answers the URL."""
        ...

    async def close(self) -> None:
        """Be gone; calling twice is harmless."""
        ...

    def send(self, data: bytes) -> None:
        """To whoever listens; into nothing if nobody does."""
        ...


class PtyPort:
    """A pseudo terminal behind a symbolic link that keeps its name."""

    def __init__(self, link: Path, ear: Ear) -> None:
        self._link, self._ear = link, ear
        self._ends: tuple[int, int] | None = None

    async def open(self) -> str:
        if self._ends is None:
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(os.ttyname(slave))
            self._ends = master, slave
            asyncio.get_running_loop().add_reader(master, self._read, master)
        return f"serial:{self._link}?baud=115200"

    async def close(self) -> None:
        ends, self._ends = self._ends, None
        if ends is not None:
            asyncio.get_running_loop().remove_reader(ends[0])
            self._link.unlink(missing_ok=True)
            for number in ends:
                os.close(number)

    def send(self, data: bytes) -> None:
        if self._ends is not None:
            try:
                os.write(self._ends[0], data)
            except BlockingIOError:
                return  # nobody reads, and the line is full: a serial port loses it too

    def _read(self, master: int) -> None:
        try:
            data = os.read(master, 4096)
        except OSError:
            return
        self._ear(data)


class TcpPort:
    """A TCP port on this machine; it keeps its number."""

    def __init__(self, ear: Ear) -> None:
        self._ear, self._number = ear, 0
        self._server: asyncio.Server | None = None
        self._peers: set[asyncio.StreamWriter] = set()

    async def open(self) -> str:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._number)
            self._number = self._server.sockets[0].getsockname()[1]
        return f"tcp:127.0.0.1:{self._number}"

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
            for peer in tuple(self._peers):
                peer.transport.abort()
            await asyncio.sleep(0)

    def send(self, data: bytes) -> None:
        for peer in tuple(self._peers):
            peer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._peers.add(writer)
        try:
            while data := await reader.read(4096):
                self._ear(data)
        except OSError:
            pass  # cut off, which is the other way to end
        finally:
            self._peers.discard(writer)
            writer.close()
