"""The serving process: uvicorn with mutual TLS, and systemd told that it is ready and alive."""

import asyncio
import logging
import os
import socket
from datetime import UTC, datetime

import sdnotify
import uvicorn

from branch import demo, tls
from branch.api import create_app
from branch.serving import Run, described
from branch.settings import Settings
from branch.terminal.context import Branch

log = logging.getLogger(__name__)
MESSAGE_BYTES = 16 * 1024
"""A message on the link has at most so many bytes."""
KEEP_SECONDS = 60
"""An idle connection is kept so long: longer than any terminal keeps it (`kiosk.link.IDLE`)."""
STOP_SECONDS = 10


class Server(uvicorn.Server):
    """Says READY once it listens, and feeds the watchdog as long as the database answers."""

    def __init__(self, config: uvicorn.Config, branch: Branch, run: Run) -> None:
        super().__init__(config)
        self._branch, self._run = branch, run
        self._notifier = sdnotify.SystemdNotifier() if "NOTIFY_SOCKET" in os.environ else None
        self._feeder: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._say("READY=1")
            self._feeder = asyncio.create_task(self._feed())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so, then stop."""
        self._say("STOPPING=1")
        if self._feeder is not None:
            self._feeder.cancel()
            await asyncio.gather(self._feeder, return_exceptions=True)
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
    return Server(config, app.state.branch, app.state.run)


def run(settings: Settings) -> None:
    """Serve until a signal says stop."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    configured(settings).run()
