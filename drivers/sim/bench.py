"""The device bench: one page, and the same as JSON, on which a person handles the simulated devices.

    GET  /state                                   every device: verbs, faults, what one would see; the newest receipt
    POST /act    {"device", "verb", "choice"}     do something at a device; answers that device
    POST /fault  {"device", "fault"}              put a fault in force, "" to mend; answers that device
    GET  /receipts/receipt-001.png                paper that came out

A refusal is JSON, too: {"error", "remedy"}. Only this machine is served: the socket is bound to the loopback address,
and Host and Origin must name it, so that no web page elsewhere can press keys here by a rebound name.
"""

import asyncio
import contextlib
import functools
import json
import mimetypes
import pathlib
import re
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from drivers.api import DeviceError
from drivers.sim.base import FarEnd

PAGES = pathlib.Path(__file__).parent / "pages"
FILES = {
    "/": "bench.html",
    "/bench.css": "bench.css",
    "/bench.js": "bench.js",
    "/words.js": "words.js",
    "/bench.svg": "bench.svg",
}
RECEIPT = re.compile(r"receipt-(\d{1,9})\.png")
HOST = "127.0.0.1"
BODY_LIMIT = 4096
CHOICE_LIMIT = 64
PATIENCE = 5.0
"""Seconds that a far end may take for what is done to it."""
RELOAD = "reload the page, or look at GET /state"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Refused(Exception):
    """A request that cannot be done, with the HTTP status that says so."""

    def __init__(self, code: int, error: str, remedy: str) -> None:
        super().__init__(error)
        self.code, self.error, self.remedy = code, error, remedy


class Bench:
    """The page's server, in the event loop of the far ends. `port` 0: any free one."""

    def __init__(self, ends: Sequence[FarEnd], receipts: pathlib.Path, *, port: int = 0) -> None:
        self._ends = {end.name: end for end in ends}
        self._hands = {end.name: asyncio.Lock() for end in ends}
        self._receipts, self._port = receipts, port
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Serve; answers the page's address. OSError when the port is taken."""
        door = socket.socket()
        try:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind((HOST, self._port))
        except OSError:
            door.close()
            raise
        self._port = door.getsockname()[1]
        config = uvicorn.Config(
            self.app(), lifespan="off", access_log=False, log_level="warning", timeout_graceful_shutdown=1
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve([door]))
        async with asyncio.timeout(PATIENCE):
            await self._server.ready.wait()
        return f"http://{HOST}:{self._port}/"

    async def stop(self) -> None:
        """Close the port; calling twice is harmless."""
        server, serving, self._server, self._serving = self._server, self._serving, None, None
        if server is not None and serving is not None:
            server.should_exit = True
            await serving

    def app(self) -> ASGIApp:
        """The application behind its doorkeeper."""
        pages = [Route(path, functools.partial(_page, _file(PAGES / name))) for path, name in FILES.items()]
        routes = [
            *pages,
            Route("/state", self._state),
            Route("/act", self._act, methods=["POST"]),
            Route("/fault", self._fault, methods=["POST"]),
            Route("/receipts/{name}", self._receipt),
        ]
        return _Doorkeeper(
            Starlette(routes=routes, exception_handlers={Refused: _refused, HTTPException: _no_such_page}), self._names
        )

    def _names(self) -> frozenset[str]:
        return frozenset({f"{HOST}:{self._port}", f"localhost:{self._port}"})

    # --- what the page asks

    async def _state(self, _request: Request) -> Response:
        devices = [view(end) for end in self._ends.values()]
        return JSONResponse({"devices": devices, "receipt": newest_receipt(self._receipts)})

    async def _act(self, request: Request) -> Response:
        order = await _order(request, "device", "verb", "choice")
        end = self._end(order["device"])
        known = {verb.name for verb in end.verbs}
        if order["verb"] not in known:
            raise Refused(400, f"no such verb at the {end.name}", f"choose one of: {', '.join(sorted(known))}")
        return await self._do(end, end.act(order["verb"], order["choice"]))

    async def _fault(self, request: Request) -> Response:
        order = await _order(request, "device", "fault")
        end = self._end(order["device"])
        if order["fault"] not in ("", *end.faults):
            raise Refused(400, f"no such fault at the {end.name}", f'"" or one of: {", ".join(end.faults)}')
        return await self._do(end, end.set_fault(order["fault"]))

    def _end(self, name: str) -> FarEnd:
        if name not in self._ends:
            raise Refused(404, "no such device", f"choose one of: {', '.join(self._ends)}")
        return self._ends[name]

    async def _do(self, end: FarEnd, deed: Awaitable[None]) -> Response:
        """One hand at a device at a time. Words of a refusal come from the far end; what was chosen is not repeated."""
        try:
            async with asyncio.timeout(PATIENCE), self._hands[end.name]:
                await deed
        except TimeoutError as why:
            raise Refused(504, f"the {end.name} did not do it within {PATIENCE:g} s", "mend its fault") from why
        except DeviceError as why:
            raise Refused(503, why.what, why.remedy or "restart the far ends") from why
        except ValueError as why:
            raise Refused(400, str(why), RELOAD) from why
        return JSONResponse(view(end))

    async def _receipt(self, request: Request) -> Response:
        name = str(request.path_params["name"])
        if not RECEIPT.fullmatch(name) or not (self._receipts / name).is_file():
            raise Refused(404, "no such receipt", RELOAD)
        return Response((self._receipts / name).read_bytes(), media_type="image/png")


def view(end: FarEnd) -> dict[str, Any]:
    """A far end as JSON."""
    verbs = [{"name": verb.name, "label": verb.label, "choices": list(verb.choices)} for verb in end.verbs]
    return {
        "name": end.name,
        "verbs": verbs,
        "faults": list(end.faults),
        "fault": end.fault,
        "state": dict(end.state()),
    }


def newest_receipt(folder: pathlib.Path) -> str:
    """The receipt with the highest number; "" when no paper has come out yet."""
    found = (RECEIPT.fullmatch(path.name) for path in folder.glob("receipt-*.png"))
    return max(((int(match[1]), match[0]) for match in found if match), default=(0, ""))[1]


async def _order(request: Request, *names: str) -> dict[str, str]:
    """The named members of a JSON body, "" where one is missing."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refused(415, "the body is not declared as JSON", "send Content-Type: application/json")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise Refused(413, "the body is too long", f"send at most {BODY_LIMIT} bytes")
    try:
        order = json.loads(body)
    except ValueError as why:
        raise Refused(400, "the body is not JSON", f"send an object with {', '.join(names)}") from why
    values = {name: order.get(name, "") for name in names} if isinstance(order, dict) else {}
    if not values or not all(isinstance(value, str) and len(value) <= CHOICE_LIMIT for value in values.values()):
        raise Refused(400, "not an order", f"send an object with {', '.join(names)}, all short strings")
    return values


def _file(path: pathlib.Path) -> Response:
    return Response(path.read_bytes(), media_type=mimetypes.guess_type(path.name)[0])


async def _page(page: Response, _request: Request) -> Response:
    return page


async def _refused(_request: Request, why: Exception) -> Response:
    assert isinstance(why, Refused)  # noqa: S101  it is registered for nothing else
    return JSONResponse({"error": why.error, "remedy": why.remedy}, why.code)


async def _no_such_page(_request: Request, why: Exception) -> Response:
    code = why.status_code if isinstance(why, HTTPException) else 404
    return JSONResponse({"error": "no such page or method", "remedy": "open /, or see GET /state"}, code)


class _Doorkeeper:
    """Lets in only who came to this very address, and says with every answer what a browser may do with it."""

    def __init__(self, app: ASGIApp, names: Callable[[], frozenset[str]]) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        names = self._names()
        headers = Request(scope).headers
        origin = headers.get("origin")
        strange = headers.get("host", "") not in names or (
            origin is not None and origin.removeprefix("http://") not in names
        )
        app: ASGIApp = self._app
        if strange:
            words = {"error": "asked from another place", "remedy": f"open http://{min(names)}/ on this machine"}
            app = JSONResponse(words, 403)
        await app(scope, receive, functools.partial(_send_sealed, send))


async def _send_sealed(send: Send, message: Message) -> None:
    if message["type"] == "http.response.start":
        message["headers"] = [
            *((name, value) for name, value in message.get("headers", []) if name != b"cache-control"),
            *((name.lower().encode(), value.encode()) for name, value in HEADERS.items()),
        ]
    await send(message)


class _Server(uvicorn.Server):
    """Uvicorn without its own ideas about signals: the process that runs the far ends handles those."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
