"""How calls are served: blocking work beside the event loop, bounded; failures as `Problem`; small bodies only."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from branch.bank.core import CoreRefused, CoreUnavailable
from branch.bank.hsm import HsmRefused
from branch.terminal.context import Refusal, Trouble
from protocol.calls import PATHS
from protocol.messages import Mend, Problem

__all__ = ["Pool", "Run", "Trouble", "describe_failures", "inline", "limit_bodies"]
T = TypeVar("T")
WORKERS = 8
WAITING = 256
BODY = 64 * 1024
"""Bytes that a request's body may have."""


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
        case DBAPIError():
            status, reason, mend, detail = 503, "database", Mend.BANK, "the branch's database does not answer"
        case RequestValidationError():
            status, reason, mend, detail = 422, "invalid", Mend.US, _places(why)
        case HTTPException():
            status, reason, mend, detail = why.status_code, "http", Mend.US, "no such call"
        case _:
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

    known = (Refusal, CoreRefused, Trouble, CoreUnavailable, HsmRefused, DBAPIError, RequestValidationError)
    for kind in (*known, HTTPException, Exception):
        app.add_exception_handler(kind, answer)


class _Small:
    """Turns away bodies that are larger than any message of the protocol."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken = 0

        async def bounded() -> Any:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > BODY:
                raise Trouble(413, "too-large", Mend.US, f"a body has at most {BODY} bytes")
            return message

        await self._app(scope, bounded, send)


def limit_bodies(app: FastAPI) -> None:
    """Bound what one request may bring."""
    app.add_middleware(_Small)
