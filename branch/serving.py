"""How calls are served: blocking work beside the event loop, bounded; failures as `Problem`; small bodies only."""

import asyncio
import logging
import traceback
from collections.abc import Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from branch.bank.core import CoreRefused, CoreUnavailable
from branch.bank.hsm import HsmRefused
from branch.store.db import Failed, Unkeepable
from branch.terminal.context import Refusal, Trouble
from protocol.calls import PATHS
from protocol.messages import Mend, Problem

__all__ = ["FAILURES", "Pool", "Run", "Trouble", "describe_failures", "described", "guard", "inline"]
log = logging.getLogger(__name__)
T = TypeVar("T")
WORKERS = 8
WAITING = 256
BODY = 64 * 1024
"""Bytes that a request's body may have."""
DRAINED = 16 * BODY
"""Of a body that is too large so much is read, so that its sender hears why it was turned away."""
BODY_SECONDS = 10.0
"""How long a request's body may take to arrive."""
FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (403, 408, 409, 413, 422, 500, 503)
}
"""What any call may answer beside its reply, for the OpenAPI description."""


class Run(Protocol):
    """Runs blocking work and awaits its result."""

    async def __call__(self, work: Callable[[], T]) -> T: ...


class Pool:
    """Threads of our own, with a bounded queue: one call too many is turned away at once."""

    def __init__(self, workers: int = WORKERS, waiting: int = WAITING) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="branch")
        self._limit, self._inside = workers + waiting, 0

    async def __call__(self, work: Callable[[], T]) -> T:
        if self._inside >= self._limit:
            raise Trouble(503, "busy", Mend.BANK, "too many calls are waiting")
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._inside -= 1

    def close(self) -> None:
        """Let what runs end, and take nothing more."""
        self._threads.shutdown(wait=True)


async def inline(work: Callable[[], T]) -> T:
    """Do it here and now: for tests, where nothing else must run meanwhile."""
    return work()


def _status_and_problem(why: Exception) -> tuple[int, Problem]:
    """How a failure looks from outside. Only words of ours: nothing that was sent comes back."""
    match why:
        case Refusal() | CoreRefused():
            return 409, Problem(reason=why.reason.value, mend=Mend.BANK, detail=why.detail)
        case Trouble():
            return why.status, Problem(reason=why.reason, mend=why.mend, detail=why.detail)
        case CoreUnavailable():
            status, reason, mend, detail = 503, "unavailable", Mend.BANK, "the core-banking system does not answer"
        case HsmRefused():
            status, reason, mend, detail = 503, "hsm", Mend.ENGINEER, "the pad has no keys in the security module"
        case Unkeepable() | OverflowError():
            status, reason, mend, detail = 422, "invalid", Mend.US, "a value that no database can keep"
        case Failed():
            log.warning("the database does not answer: %s", described(why))
            status, reason, mend, detail = 503, "database", Mend.BANK, "the branch's database does not answer"
        case RequestValidationError():
            status, reason, mend, detail = 422, "invalid", Mend.US, _places(why)
        case HTTPException():
            status, reason, mend, detail = why.status_code, "http", Mend.US, "no such call"
        case _:
            log.error("a fault: %s", described(why))
            status, reason, mend, detail = 500, "fault", Mend.US, f"a fault of ours: {type(why).__name__}"
    return status, Problem(reason=reason, mend=mend, detail=detail)


def _places(why: RequestValidationError) -> str:
    """Where a body is wrong: names of the protocol's own fields, and "?" for any other."""
    known = _FIELDS | {"body"}
    places = {".".join(str(p) if p in known or isinstance(p, int) else "?" for p in e["loc"][:4]) for e in why.errors()}
    return f"not as the protocol has it: {', '.join(sorted(places)[:10])}"


_FIELDS = frozenset(field for call in PATHS.values() for field in call.request.model_fields)


def describe_failures(app: FastAPI) -> None:
    """Every reply that is not 2xx carries a Problem, and none repeats what was sent."""

    async def answer(_: Request, why: Exception) -> JSONResponse:
        status, problem = _status_and_problem(why)
        return JSONResponse(problem.model_dump(mode="json"), status)

    known = (Refusal, CoreRefused, Trouble, CoreUnavailable, HsmRefused, Failed, RequestValidationError)
    for kind in (*known, OverflowError, HTTPException):
        app.add_exception_handler(kind, answer)


def described(why: BaseException) -> str:
    """Kinds and places of a failure and its causes, for the log. Its words are left out: they may be a customer's."""
    told: list[str] = []
    cause: BaseException | None = why
    while cause is not None and len(told) < 5:
        frames = traceback.extract_tb(cause.__traceback__)[-3:]
        places = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
        told.append(f"{type(cause).__name__} at {places or '?'}")
        cause = cause.__cause__ or cause.__context__
    return "; because of ".join(told)


class _Guard:
    """Around the application: small bodies only, and a fault is answered and logged without a word of what was sent."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Any, receive: Any, send: Any) -> None:
        begun = False

        async def sending(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            body = await _whole_body(receive)
            await self._app(scope, _replay(body, receive), sending)
        except Exception as why:  # noqa: BLE001  whatever it was, it is answered
            status, problem = _status_and_problem(why)
            if begun:
                raise _Cut from None  # half an answer has left: the connection must end
            await JSONResponse(problem.model_dump(mode="json"), status)(scope, receive, send)

    async def _socket(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as why:  # noqa: BLE001  whatever it was, the link ends
            log.warning("a link failed: %s", described(why))
            with suppress(Exception):  # it may be closed already
                await send({"type": "websocket.close", "code": 1011})


class _Cut(Exception):
    """A reply broke off."""


async def _whole_body(receive: Any) -> bytes:
    """All of a request's body; Trouble when it is too large or too slow."""
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more and size <= DRAINED:
                message = await receive()
                piece = message.get("body", b"")
                size += len(piece)
                if size <= BODY:
                    body += piece
                more = message["type"] == "http.request" and message.get("more_body", False)
    except TimeoutError as why:
        raise Trouble(408, "too-slow", Mend.US, f"a body arrives within {BODY_SECONDS:.0f} s") from why
    if size > BODY:
        raise Trouble(413, "too-large", Mend.US, f"a body has at most {BODY} bytes")
    return bytes(body)


def _replay(body: bytes, receive: Any) -> Callable[[], Any]:
    """A `receive` that gives the body that was read already, then goes on."""
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def guard(app: FastAPI) -> None:
    """Bound what one request may bring, and what the log may learn from a fault."""
    app.add_middleware(_Guard)
