"""A client for one XFS4IoT service: it finds it, keeps one connection to it, and finds it again after that was lost.

The next command opens the new connection. A command under way is never repeated: only its caller knows whether that is
harmless. Every wait is bounded: the acknowledge by two seconds, the completion by the caller's patience and a grace.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

from drivers.api import Abandoned, DeviceError, Faulty, Garbled, Offline, TooLate
from drivers.wire import resolve
from drivers.xfs.channel import Channel, Dial, dial
from drivers.xfs.talk import Broken, Message, Payload, Stray, XfsConversation, text_of

PATH = "/xfs4iot/v1.0"
PORTS = range(5846, 5857)
SCHEMES = ("xfs", "ws", "wss", "sim", "memory")
"""How an address may begin; `memory` is a channel within this process."""
INBOX = 256
"""Messages that may wait for one command; more of them is a service gone wild."""
SERVICES = 32
ACK_S, SHORT_S, GRACE_S, CANCEL_S, FIND_S = 2.0, 5.0, 2.0, 1.0, 15.0


class XfsRefused(Faulty):
    """The service understood, and will not do it: `code` is the standard's word for why."""

    def __init__(self, device: str, what: str, code: str, remedy: str = "") -> None:
        super().__init__(device, what, remedy)
        self.code = code


Hear = Callable[[str, Payload], None]
"""Called with the name and payload of each event. What it raises ends the command."""


def _deaf(_name: str, _payload: Payload) -> None:
    """Nobody listens."""


class _Link:
    """One connection, its reader task, and an inbox for every command under way."""

    def __init__(self, device: str, channel: Channel, unsolicited: Hear) -> None:
        self._device, self._channel, self._unsolicited = device, channel, unsolicited
        self._talk = XfsConversation()
        self._inboxes: dict[int, asyncio.Queue[Message | DeviceError]] = {}
        self.alive = True
        self._reader = asyncio.create_task(self._read())

    async def call(self, name: str, payload: Payload, patience: float, hear: Hear) -> Payload:
        """Send, wait for the acknowledge, then for the completion. What ends it early cancels it at the device too."""
        if not self.alive:
            raise Offline(self._device, "connection lost", "check that the device's service runs")
        request, text = self._talk.command(name, payload, patience)
        inbox = self._inboxes[request] = asyncio.Queue(INBOX)
        try:
            async with self._bounded(ACK_S, name):
                await self._channel.send(text)
                self._accepted(await self._next(inbox))
            async with self._bounded(patience + GRACE_S, name):
                return await self._completion(inbox, hear)
        except BaseException as why:
            if self._talk.waits(request):
                await (self.close() if isinstance(why, Offline) else self._abort(request, inbox))
            raise
        finally:
            self._talk.forget(request)
            del self._inboxes[request]

    @contextlib.asynccontextmanager
    async def _bounded(self, seconds: float, name: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds):
                yield
        except DeviceError:
            raise
        except TimeoutError as why:
            raise Offline(self._device, f"no answer to {name}", "check that the device's service runs") from why

    async def _next(self, inbox: asyncio.Queue[Message | DeviceError]) -> Message:
        item = await inbox.get()
        if isinstance(item, DeviceError):
            raise item
        return item

    def _accepted(self, message: Message) -> None:
        if message.kind != "acknowledge":
            raise Garbled(self._device, f"{message.kind} before acknowledge", "update the device's service")
        if message.status:
            raise XfsRefused(self._device, f"not accepted: {message.status}", message.status, _REMEDY)

    async def _completion(self, inbox: asyncio.Queue[Message | DeviceError], hear: Hear) -> Payload:
        while (message := await self._next(inbox)).kind == "event":
            hear(message.name, message.payload)
        if message.kind != "completion":
            raise Garbled(self._device, "acknowledged twice", "update the device's service")
        if message.code != "success":
            raise _error(self._device, message)
        return message.payload

    async def _abort(self, request: int, inbox: asyncio.Queue[Message | DeviceError]) -> None:
        """Common.Cancel, and a bounded wait for the command's own completion; without one the connection is given up.

        A service ends all commands of a connection that closes, so nothing goes on behind our back.
        """
        if not self.alive:
            return
        try:
            async with asyncio.timeout(CANCEL_S):
                _, text = self._talk.command("Common.Cancel", {"requestIds": [request]}, CANCEL_S)
                await self._channel.send(text)
                while (await self._next(inbox)).kind != "completion":
                    pass
        except (DeviceError, TimeoutError):
            await self.close()
        except asyncio.CancelledError:
            await self.close()
            raise

    async def _read(self) -> None:
        try:
            while True:
                item = self._talk.feed(await self._channel.recv())
                if isinstance(item, Broken):
                    raise Garbled(self._device, item.why, "restart the device's service")
                self._deliver(item)
        except DeviceError as why:
            self._end(why)
            await self._channel.close()

    def _end(self, why: DeviceError) -> None:
        self.alive = False
        for inbox in self._inboxes.values():
            if inbox.full():
                inbox.get_nowait()
            inbox.put_nowait(why)

    def _deliver(self, item: Message | Stray) -> None:
        if isinstance(item, Stray):
            return
        if item.request is None:
            self._unsolicited(item.name, item.payload)
            return
        inbox = self._inboxes.get(item.request)
        if inbox is not None and inbox.full():
            raise Garbled(self._device, "events without end", "restart the device's service")
        if inbox is not None:
            inbox.put_nowait(item)

    async def close(self) -> None:
        self._end(Offline(self._device, "connection given up", "check that the device's service runs"))
        self._reader.cancel()
        await self._channel.close()


_REMEDY = "see the device's own service log"
_TAMPER = "take the device out of service: it reports tampering and must be inspected"


def _error(device: str, message: Message) -> DeviceError:
    """What a completion that is no success means for us."""
    code = message.code
    if code == "timeOut":
        return TooLate(device, f"{message.name}: nobody came in time", "begin again")
    if code == "userError":
        return Abandoned(device, f"{message.name}: stopped by the user", "begin again")
    if code == "deviceNotReady":
        return Offline(device, f"{message.name}: device not ready", "check its power and cable")
    if code == "fraudAttempt":
        return XfsRefused(device, f"{message.name}: {code}", code, _TAMPER)
    if code == "commandErrorCode":
        code = text_of(message.payload.get("errorCode")) or code
    if not code:
        return Garbled(device, f"{message.name}: completion without a code", _REMEDY)
    return XfsRefused(device, f"{message.name}: {code}", code, _REMEDY)


class XfsClient:
    """A connection to the one service that has `interface`, found and found again by itself."""

    def __init__(self, url: str, interface: str, device: str, *, dial: Dial = dial, unsolicited: Hear = _deaf) -> None:
        """`device` is the name that errors carry; `dial` opens a channel to a ws: URL. ValueError for no URL at all."""
        if urlsplit(url).scheme not in SCHEMES or url.partition(":")[2].strip("/") == "":
            raise ValueError(f"{url}: a service is xfs:HOST, ws://HOST:PORT{PATH} or sim:NAME")
        self._url, self._interface, self._device = url, interface, device
        self._dial, self._unsolicited = dial, unsolicited
        self._link: _Link | None = None
        self._opening = asyncio.Lock()

    async def command(self, name: str, payload: Payload, patience: float = SHORT_S, hear: Hear = _deaf) -> Payload:
        """Let the service do it within `patience` seconds; answers the completion's payload.

        Raises Offline, Garbled, TooLate, Abandoned or XfsRefused. Cancelling the call cancels it at the device.
        """
        link = await self._linked()
        return await link.call(name, payload, patience, hear)

    async def _linked(self) -> _Link:
        async with self._opening:
            if self._link is not None and self._link.alive:
                return self._link
            try:
                async with asyncio.timeout(FIND_S):
                    self._link = await self._find()
            except DeviceError:
                raise
            except TimeoutError as why:
                raise Offline(self._device, "no service found in time", "check the device's service") from why
            return self._link

    async def close(self) -> None:
        """Let go of the connection; calling twice is harmless."""
        if self._link is not None:
            await self._link.close()
        self._link = None

    async def _find(self) -> _Link:
        last: DeviceError = Offline(self._device, f"no service with {self._interface}", "check the device's service")
        for url in _candidates(resolve(self._url)):
            try:
                found = await self._service_at(url)
            except DeviceError as why:
                last = why
            else:
                if found is not None:
                    return found
        raise last

    async def _service_at(self, url: str) -> _Link | None:
        """The wanted service: what answers at `url`, or one that it publishes."""
        link = await self._open(url)
        try:
            answer = await link.call("ServicePublisher.GetServices", {}, SHORT_S, _deaf)
        except XfsRefused:
            return await self._if_wanted(link)
        except BaseException:
            await link.close()
            raise
        await link.close()
        services = answer.get("services")
        for service in services[:SERVICES] if isinstance(services, list) else ():
            uri = service.get("serviceURI") if isinstance(service, dict) else None
            if isinstance(uri, str) and (found := await self._if_wanted(await self._open(uri))) is not None:
                return found
        return None

    async def _open(self, url: str) -> _Link:
        return _Link(self._device, await self._dial(url), self._unsolicited)

    async def _if_wanted(self, link: _Link) -> _Link | None:
        try:
            answer = await link.call("Common.Capabilities", {}, SHORT_S, _deaf)
        except BaseException:
            await link.close()
            raise
        interfaces = answer.get("interfaces")
        for interface in interfaces if isinstance(interfaces, list) else ():
            if isinstance(interface, dict) and interface.get("name") == self._interface:
                return link
        await link.close()
        return None


def _candidates(url: str) -> list[str]:
    """The addresses to try, in the standard's order: 80 only ws, 443 only wss, the others both."""
    if not url.startswith("xfs:"):
        return [url]
    host = url.removeprefix("xfs:").strip("/")
    plain = [f"{scheme}://{host}:{port}{PATH}" for port in PORTS for scheme in ("ws", "wss")]
    return [f"ws://{host}:80{PATH}", f"wss://{host}:443{PATH}", *plain]
