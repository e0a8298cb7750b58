"""The customers' port: a link that a terminal showed gives its paper once. Everything else is "not found"."""

import re
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from branch.serving import Run
from branch.store import downloads
from branch.store.outbox import event
from branch.terminal.context import Branch

PATH = "/p/"
WORD = re.compile(r"[A-Za-z0-9_-]{43}")
"""256 random bits in base64url."""
HEADERS = {
    "cache-control": "no-store",
    "content-disposition": 'attachment; filename="statement.pdf"',
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def customers_app(branch: Branch, run: Run) -> Starlette:
    """The application of that port; it needs no certificate of its client, and says nothing of what it knows."""

    async def fetch(request: Request) -> Response:
        word = request.path_params["word"]
        if request.method != "GET" or not WORD.fullmatch(word):
            return _not_found()
        paper = await run(lambda: taken(branch, word))
        return _not_found() if paper is None else Response(paper, media_type="application/pdf", headers=HEADERS)

    async def nothing(_: Request, __: Any) -> Response:
        return _not_found()

    handlers = {404: nothing, 405: nothing}
    return Starlette(routes=[Route(PATH + "{word}", fetch)], exception_handlers=handlers)


def taken(branch: Branch, word: str) -> bytes | None:
    """The paper behind a link's word, once; the event log keeps that one was fetched, and not which."""
    with branch.db.write() as tx:
        paper = downloads.take(tx, word, branch.now)
        if paper is not None:
            event(tx, branch.now, "paper.fetched", "")
    return paper


def _not_found() -> Response:
    return PlainTextResponse("Not found", 404, {"cache-control": "no-store"})
