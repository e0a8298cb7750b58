"""Two sockets on the wall for a simulated reader: a pseudo-terminal and a TCP port. Both can be unplugged."""

import asyncio
import contextlib
import os
import pathlib
import pty
import shutil
import tempfile
import tty
from collections.abc import Awaitable, Callable
from typing import Protocol

from drivers.api import Offline
from drivers.wire import CHUNK, Wire

Serve = Callable[[Wire], Awaitable[None]]


class Port(Protocol):
    """Where a driver's wire ends."""

    async def plug(self) -> str:
        """Make it reachable; answers the URL, the same one each time."""
        ...

    async def unplug(self) -> None:
        """Make it unreachable; calling twice is harmless. Whoever serves a wire has ended before."""
        ...

    async def remove(self) -> None:
        """Leave nothing behind."""
        ...


class PtyPort:
    """A pseudo-terminal whose name stays: a symbolic link in a directory of its own leads to the one in use."""

    def __init__(self, name: str, serve: Serve) -> None:
        self._name, self._serve = name, serve
        self._home: pathlib.Path | None = None
        self._fds: tuple[int, ...] = ()
        self._task: asyncio.Task[None] | None = None

    async def plug(self) -> str:
        self._home = self._home or pathlib.Path(tempfile.mkdtemp(prefix="far-end-"))
        link = self._home / self._name
        if not self._fds:
            master, slave = pty.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            self._fds = (master, slave)
            link.symlink_to(os.ttyname(slave))
            self._task = asyncio.create_task(_run(self._serve, _MasterWire(master)))
        return f"serial:{link}"

    async def unplug(self) -> None:
        if self._home is not None:
            (self._home / self._name).unlink(missing_ok=True)
        fds, self._fds = self._fds, ()
        if self._task is not None:
            await _end(self._task)
        for fd in fds:
            os.close(fd)

    async def remove(self) -> None:
        await self.unplug()
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
        self._home = None


class TcpPort:
    """A TCP port on 127.0.0.1, as a serial-to-network bridge offers; it keeps its number when plugged in again."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._number = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def plug(self) -> str:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._number, backlog=4)
            self._number = self._server.sockets[0].getsockname()[1]
        return f"tcp:127.0.0.1:{self._number}"

    async def unplug(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in tuple(self._tasks):
            await _end(task)
        if server is not None:
            await server.wait_closed()

    async def remove(self) -> None:
        await self.unplug()
        self._number = 0

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client at a time, as a bridge does: a new one takes the reader over."""
        for old in self._tasks:
            old.cancel()
        task = asyncio.create_task(_run(self._serve, _StreamWire(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _run(serve: Serve, wire: Wire) -> None:
    try:
        await serve(wire)
    finally:
        await wire.close()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


class _MasterWire:
    """The inner end of a pseudo-terminal. Its descriptor belongs to the port."""

    def __init__(self, master: int) -> None:
        self._master = master

    async def read(self) -> bytes:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._master, ready.set)
        try:
            await ready.wait()
            return os.read(self._master, CHUNK)
        except OSError as why:
            raise Offline("id-reader", "pseudo-terminal closed") from why
        finally:
            loop.remove_reader(self._master)

    async def write(self, data: bytes) -> None:
        """What nobody fetches is lost once the line's buffer is full, as on a real line."""
        try:
            with contextlib.suppress(BlockingIOError):
                os.write(self._master, data)
        except OSError as why:
            raise Offline("id-reader", "pseudo-terminal closed") from why

    async def close(self) -> None:
        """Nothing is held."""


class _StreamWire:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def read(self) -> bytes:
        try:
            data = await self._reader.read(CHUNK)
        except OSError as why:
            raise Offline("id-reader", "connection lost") from why
        if not data:
            raise Offline("id-reader", "connection closed")
        return data

    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as why:
            raise Offline("id-reader", "connection lost") from why

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
