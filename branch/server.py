"""The serving process: uvicorn with mutual TLS, and systemd told that it is ready and alive."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import sdnotify
import uvicorn

from branch import demo, tls
from branch.api import create_app
from branch.customers.desk import customers_app
from branch.customers.words import PaperWords
from branch.serving import Run, described
from branch.settings import Settings
from branch.terminal.context import Branch

log = logging.getLogger(__name__)
MESSAGE_BYTES = 16 * 1024
"""A message on the link has at most so many bytes."""
KEEP_SECONDS = 60
"""An idle connection is kept so long: longer than any terminal keeps it (`kiosk.link.IDLE`)."""
STOP_SECONDS = 10
CUSTOMERS = 200
"""Phones at once."""


class Beside(uvicorn.Server):
    """The customers' port: lives and ends with the branch's own server, which alone hears signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None are heard here."""
        yield


class Server(uvicorn.Server):
    """Says READY once it listens, and feeds the watchdog as long as the database answers."""

    def __init__(self, config: uvicorn.Config, branch: Branch, run: Run, beside: Beside | None = None) -> None:
        super().__init__(config)
        self._branch, self._run, self.beside = branch, run, beside
        self._customers: asyncio.Task[None] | None = None
        self._notifier = sdnotify.SystemdNotifier() if "NOTIFY_SOCKET" in os.environ else None
        self._feeder: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started and self.beside is not None:
            self._customers = asyncio.create_task(self.beside.serve())
        if self.started:
            self._say("READY=1")
            self._feeder = asyncio.create_task(self._feed())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so, then stop."""
        self._say("STOPPING=1")
        if self._feeder is not None:
            self._feeder.cancel()
            await asyncio.gather(self._feeder, return_exceptions=True)
        if self.beside is not None and self._customers is not None:
            self.beside.should_exit = True
            await self._customers
        await super().shutdown(sockets)

    async def _feed(self) -> None:
        every = int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
        while every:
            try:
                await self._run(self._look)
            except Exception as why:  # noqa: BLE001  whatever it was, systemd may restart us
                log.warning("the watchdog is not fed, the database does not answer: %s", described(why))
            else:
                self._say("WATCHDOG=1")
            await asyncio.sleep(every)

    def _say(self, word: str) -> None:
        if self._notifier is not None:
            self._notifier.notify(word)

    def _look(self) -> None:
        with self._branch.db.read() as tx:
            tx.exec_driver_sql("select 1")


def configured(settings: Settings) -> Server:
    """A server of these settings that does not listen yet."""
    specimen = demo.SPECIMEN if settings.core == "reference" else None
    app = create_app(settings, specimen=specimen)
    certificate, key = tls.server_certificate(settings.state, list(settings.names), datetime.now(UTC))
    context = tls.server_context(certificate, key, settings.state / "authority.pem")
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=tls.PeerHttp,
        ws=tls.PeerWebSocket,
        ssl_context_factory=lambda _config, _default: context,
        ws_max_size=MESSAGE_BYTES,
        ws_max_queue=8,
        h11_max_incomplete_event_size=MESSAGE_BYTES,
        limit_concurrency=10_000,
        timeout_keep_alive=KEEP_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="on",
        access_log=False,
        server_header=False,
    )
    return Server(config, app.state.branch, app.state.run, customers(settings, app.state.branch, app.state.run))


def customers(settings: Settings, branch: Branch, run: Run) -> Beside | None:
    """The customers' port, which asks nobody for a certificate; None where phones have no address."""
    if not settings.customers:
        return None
    PaperWords("zh")  # catalogues that were not compiled are missed here, and not by a customer
    own = (settings.state / "server.pem", settings.state / "server.key")
    certificate, key = settings.customers_certificate or own[0], settings.customers_key or own[1]
    config = uvicorn.Config(
        customers_app(branch, run),
        host=settings.customers_host,
        port=settings.customers_port,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        http="h11",
        ws="none",
        h11_max_incomplete_event_size=MESSAGE_BYTES,
        limit_concurrency=CUSTOMERS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="off",
        access_log=False,
        server_header=False,
    )
    return Beside(config)


def run(settings: Settings) -> None:
    """Serve until a signal says stop."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    configured(settings).run()
