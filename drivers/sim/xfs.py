"""The far end of XFS4IoT: a service publisher with one service behind it, over WebSockets or channels in memory.

It keeps the standard's rules of the conversation: every command is acknowledged or refused, ends in exactly one
completion, may be cancelled, times out, and ends with the connection that it came on.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve

from drivers.api import Offline
from drivers.xfs import (
    FRAME_LIMIT,
    PATH,
    PORTS,
    QUIET,
    Channel,
    MemoryChannel,
    Message,
    Payload,
    WebSocketChannel,
    unpack,
)

FAULTS = ("deaf", "slow", "garbled", "unplugged")
HOST = "127.0.0.1"
AT_ONCE = 16
CONNECTIONS = 16
SLOW_S = 0.5


class Refuse(Exception):
    """A command that ends without success, by the standard's words."""

    def __init__(self, code: str, error: str = "") -> None:
        super().__init__(error or code)
        self.code, self.error = code, error


def no(error: str) -> Refuse:
    """The command's own error: completionCode commandErrorCode, and which one."""
    return Refuse("commandErrorCode", error)


@dataclass(frozen=True)
class Call:
    """One command as its service sees it."""

    name: str
    payload: Payload = field(repr=False)
    client: int
    """Which connection it came on."""
    event: Callable[[str, Payload], Awaitable[None]]


class Service(Protocol):
    """What a device does for its commands."""

    path: str
    """Last part of its URI."""

    async def handle(self, call: Call) -> Payload:
        """Do it and answer the completion's payload, or raise Refuse. May be cancelled at any await."""
        ...

    def left(self, client: int) -> None:
        """A connection is gone; its commands have ended."""
        ...


@dataclass(frozen=True)
class _Line:
    """One connection and the commands that run on it."""

    channel: Channel
    path: str
    client: int
    running: dict[int, asyncio.Task[None]] = field(default_factory=dict)


class Publisher:
    """Answers at `/xfs4iot/v1.0` where the service is, and speaks for it at `/xfs4iot/v1.0/<path>`."""

    def __init__(self, service: Service, vendor: str, port: int = 0) -> None:
        """`port` 0: the first free one of 5846 to 5856, or any free one when all are taken."""
        self._service, self._vendor, self._port = service, vendor, port
        self._server: Server | None = None
        self._lines: dict[asyncio.Task[None], Channel] = {}
        self._clients, self._wanted = 0, False
        self.fault = ""

    @property
    def url(self) -> str:
        """The publisher's address; before `start` it is good for `dial` only."""
        return f"ws://{HOST}:{self._port}{PATH}" if self._port else f"memory://far-end{PATH}"

    async def start(self) -> str:
        """Listen on the loopback address; answers the URL, which stays the same until `stop`."""
        for port in (self._port,) if self._port else (*PORTS, 0):
            with contextlib.suppress(OSError):
                self._server = await self._listen(port)
                break
        if self._server is None:
            raise Offline(self.url, "port is taken", "end the other service or choose another port")
        self._wanted = True
        self._port = next(iter(self._server.sockets)).getsockname()[1]
        return self.url

    async def _listen(self, port: int) -> Server:
        return await serve(self._welcome, HOST, port, max_size=FRAME_LIMIT, close_timeout=1, logger=QUIET)

    async def stop(self) -> None:
        """Close the port and every connection; calling twice is harmless."""
        self._wanted = False
        await self._hang_up()

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        self._server = None
        lines = dict(self._lines)
        for channel in lines.values():
            await channel.close()
        await asyncio.gather(*lines, return_exceptions=True)

    async def set_fault(self, fault: str) -> None:
        """Put a fault of the wire in force, or mend it with ""."""
        was, self.fault = self.fault, fault
        if fault == "unplugged":
            await self._hang_up()
        elif was == "unplugged" and self._wanted:
            await self.start()

    async def dial(self, url: str) -> Channel:
        """Open a channel within this process: hand it to the client in place of its own `dial`."""
        if self.fault == "unplugged":
            raise Offline(url, "no connection", "plug the far end in")
        near, far = MemoryChannel.pair()
        self._enter(far, asyncio.create_task(self._converse(far, urlsplit(url).path)))
        return near

    async def _welcome(self, socket: ServerConnection) -> None:
        path = socket.request.path if socket.request else ""
        channel, task = WebSocketChannel(self.url, socket), asyncio.current_task()
        if task is not None and len(self._lines) < CONNECTIONS:
            self._enter(channel, task)
            await self._converse(channel, path)

    def _enter(self, channel: Channel, task: asyncio.Task[None]) -> None:
        self._lines[task] = channel
        task.add_done_callback(lambda done: self._lines.pop(done, None))

    async def tell(self, name: str, payload: Payload) -> None:
        """An unsolicited event to everybody who is connected."""
        for channel in tuple(self._lines.values()):
            await self._send(channel, Message("unsolicited", name, None, payload))

    async def _converse(self, channel: Channel, path: str) -> None:
        self._clients += 1
        line = _Line(channel, path, self._clients)
        try:
            while True:
                text = await channel.recv()
                if self.fault != "deaf":
                    await self._take(line, text)
        except Offline:
            pass
        finally:
            tasks = tuple(line.running.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._service.left(line.client)

    async def _take(self, line: _Line, text: str) -> None:
        try:
            message = unpack(text)
        except ValueError:
            await self._send(line.channel, Message("acknowledge", "Unknown", 1, status="invalidMessage"))
            return
        request = message.request or 0
        status = "tooManyRequests" if len(line.running) >= AT_ONCE and message.name != "Common.Cancel" else ""
        status = "invalidRequestID" if request in line.running else status
        status = "invalidMessage" if message.kind != "command" else status
        if self.fault == "slow":
            await asyncio.sleep(SLOW_S)
        await self._send(line.channel, Message("acknowledge", message.name, request, status=status))
        if not status:
            line.running[request] = asyncio.create_task(self._run(line, message))
            line.running[request].add_done_callback(lambda _: line.running.pop(request, None))

    async def _run(self, line: _Line, message: Message) -> None:
        """From acknowledge to completion."""

        async def event(name: str, payload: Payload) -> None:
            await self._send(line.channel, Message("event", name, message.request, payload))

        payload: Payload = {}
        code = "success"
        try:
            async with asyncio.timeout(message.timeout / 1000 or None):
                payload = await self._do(line, Call(message.name, message.payload, line.client, event))
        except Refuse as why:
            code, payload = why.code, {"errorCode": why.error} if why.error else {}
        except TimeoutError:
            code = "timeOut"
        except asyncio.CancelledError:  # by Common.Cancel, or because the client is gone and hears nothing
            code = "canceled"
        await self._send(line.channel, Message("completion", message.name, message.request, payload, code=code))

    async def _do(self, line: _Line, call: Call) -> Payload:
        if line.path.rstrip("/") == PATH:
            if call.name != "ServicePublisher.GetServices":
                raise Refuse("unsupportedCommand")
            return {"vendorName": self._vendor, "services": [{"serviceURI": f"{self.url}/{self._service.path}"}]}
        if line.path != f"{PATH}/{self._service.path}":
            raise Refuse("invalidCommand")
        if call.name == "Common.Cancel":
            return self._cancel(line, call.payload.get("requestIds"))
        return await self._service.handle(call)

    def _cancel(self, line: _Line, wanted: object) -> Payload:
        """No list, or an empty one, means all commands of this client."""
        ids = wanted if isinstance(wanted, list) and wanted else list(line.running)
        mine = asyncio.current_task()
        found = [task for request, task in line.running.items() if request in ids and task is not mine]
        if not found:
            raise no("noMatchingRequestIDs")
        for task in found:
            task.cancel()
        return {}

    async def _send(self, channel: Channel, message: Message) -> None:
        text = message.pack()
        if self.fault == "garbled":
            text = text[: len(text) // 2]
        if self.fault != "deaf":
            with contextlib.suppress(Offline):
                await channel.send(text)


class XfsFarEnd:
    """What every far end behind XFS4IoT has: a service, and a publisher that speaks for it and says SIM."""

    def __init__(self, service: Service, port: int) -> None:
        self.service = service
        self.publisher = Publisher(service, "SIM", port)
        self.fault = ""

    async def start(self) -> str:
        """Open the wire's far end; answers the URL that a driver opens."""
        return await self.publisher.start()

    async def stop(self) -> None:
        """Close everything; calling twice is harmless."""
        await self.publisher.stop()

    @property
    def url(self) -> str:
        """Where a driver opens it; together with `dial` it is good without `start`, too."""
        return self.publisher.url

    async def dial(self, url: str) -> Channel:
        """A channel within this process, in place of a socket."""
        return await self.publisher.dial(url)
