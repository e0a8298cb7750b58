"""Channels that carry XFS4IoT texts: a WebSocket, or two ends within this process."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from websockets.asyncio.client import connect
from websockets.asyncio.connection import Connection
from websockets.exceptions import WebSocketException

from drivers.api import Offline

FRAME_LIMIT = 1 << 20
QUEUE = 256
DIAL_S = 1.0
_SHUT = ""
_ANEW = "open a new pair of ends"
QUIET = logging.getLogger("drivers.xfs.frames")
QUIET.setLevel(logging.INFO)  # at DEBUG the library would log frames, and card numbers are in some


class Channel(Protocol):
    """Whole texts there and back. Both ways raise Offline when the peer is gone."""

    async def send(self, text: str) -> None: ...
    async def recv(self) -> str: ...
    async def close(self) -> None: ...


Dial = Callable[[str], Awaitable[Channel]]


async def dial(url: str) -> Channel:
    """Open a WebSocket within a second, past any proxy."""
    try:
        socket = await connect(
            url, open_timeout=DIAL_S, close_timeout=DIAL_S, max_size=FRAME_LIMIT, proxy=None, logger=QUIET
        )
    except (OSError, WebSocketException, ValueError) as why:
        raise Offline(url, "no connection", "check that the device's service runs") from why
    return WebSocketChannel(url, socket)


class WebSocketChannel:
    """One WebSocket, either side of it."""

    def __init__(self, url: str, socket: Connection) -> None:
        self._url, self._socket = url, socket

    async def send(self, text: str) -> None:
        try:
            await self._socket.send(text)
        except (OSError, WebSocketException) as why:
            raise Offline(self._url, "connection lost", "check that the device's service runs") from why

    async def recv(self) -> str:
        try:
            data = await self._socket.recv()
        except (OSError, WebSocketException) as why:
            raise Offline(self._url, "connection lost", "check that the device's service runs") from why
        return data if isinstance(data, str) else ""

    async def close(self) -> None:
        await self._socket.close()


class MemoryChannel:
    """One end of a channel within this process: for tests, and for the storm, whose clock knows no sockets."""

    def __init__(self, inbox: asyncio.Queue[str], outbox: asyncio.Queue[str], shut: asyncio.Event) -> None:
        self._inbox, self._outbox, self._shut = inbox, outbox, shut

    @classmethod
    def pair(cls) -> tuple["MemoryChannel", "MemoryChannel"]:
        """Two ends of one channel."""
        there, back = asyncio.Queue[str](QUEUE), asyncio.Queue[str](QUEUE)
        shut = asyncio.Event()
        return cls(back, there, shut), cls(there, back, shut)

    async def send(self, text: str) -> None:
        if self._shut.is_set() or self._outbox.qsize() >= QUEUE - 1:
            raise Offline("memory channel", "closed, or the peer does not read", _ANEW)
        self._outbox.put_nowait(text)

    async def recv(self) -> str:
        text = _SHUT if self._shut.is_set() and self._inbox.empty() else await self._inbox.get()
        if text == _SHUT:
            raise Offline("memory channel", "closed", _ANEW)
        return text

    async def close(self) -> None:
        if not self._shut.is_set():
            self._shut.set()
            self._inbox.put_nowait(_SHUT)
            self._outbox.put_nowait(_SHUT)
