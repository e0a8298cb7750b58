"""The link: one WebSocket a terminal. The branch says what has changed, the terminal that it lives."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from branch.bank.core import CoreUnavailable
from branch.serving import Run, Trouble, described
from branch.store import terminals
from branch.store.db import Failed
from branch.switches import Switch
from branch.terminal.context import Branch
from branch.upkeep import every
from protocol.calls import REVOKED
from protocol.messages import Heartbeat, Hello

log = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
"""How often the hub looks for changes; a revoked terminal's link lives at most this much longer."""
SEND_SECONDS = 5.0
LINES = 4096
"""Open links of one process at most."""
SUPERSEDED, NONSENSE, FULL = 4409, 4400, 1013
"""Our close codes: another link of this terminal has come; not a Heartbeat; too many links."""


@dataclass(eq=False)
class _Line:
    socket: WebSocket
    fingerprint: str
    terminal: str
    said: Hello | None = None


class Hub:
    """All open links of this process. `run` should be its own: calls that wait for a core must not delay it."""

    def __init__(self, branch: Branch, run: Run) -> None:
        self._branch, self._run = branch, run
        self._lines: dict[str, _Line] = {}
        self._last_day: Mapping[str, Any] | None = None
        self._asking: asyncio.Future[Mapping[str, Any] | None] | None = None

    async def serve(self, socket: WebSocket, fingerprint: str) -> None:
        """Hold one link until it ends."""
        terminal: dict[str, str] = {}
        if fingerprint:
            terminal = await self._run(lambda: self._terminals({fingerprint}))
        await socket.accept()
        if fingerprint not in terminal:
            return await socket.close(REVOKED)
        line = _Line(socket, fingerprint, terminal[fingerprint])
        before = self._lines.get(line.terminal)
        if before is None and len(self._lines) >= LINES:
            return await socket.close(FULL)
        self._lines[line.terminal] = line  # before anything is awaited: no link lives that `expel` does not see
        try:
            if before is not None:
                await self._close(before, SUPERSEDED)
            await self._tell(line, await self._state())
            await self._listen(line)
        finally:
            if self._lines.get(line.terminal) is line:
                del self._lines[line.terminal]

    async def _listen(self, line: _Line) -> None:
        while True:  # one round a heartbeat; the server's ping ends a dead connection
            try:
                heard = Heartbeat.model_validate_json(await line.socket.receive_text())
            except (WebSocketDisconnect, RuntimeError):  # it has gone, or we have closed it
                return None
            except (ValidationError, KeyError):
                return await self._close(line, NONSENSE)
            try:
                await self._run(partial(self._heard, line.terminal, heard))
            except (Failed, Trouble) as why:  # the next sign of life may be kept again
                log.warning("a sign of life of %s was not kept: %s", line.terminal, described(why))

    async def watch(self) -> None:
        """Look for changes until cancelled. A core that answers late delays no revocation."""
        async with asyncio.TaskGroup() as both:
            both.create_task(every(LOOK_SECONDS, self.expel))
            both.create_task(every(LOOK_SECONDS, self.tell))

    async def expel(self) -> None:
        """Close the link of every terminal that is known no more."""
        lines = list(self._lines.values())
        if not lines:
            return
        active = await self._run(lambda: self._terminals({line.fingerprint for line in lines}))
        gone = [line for line in lines if active.get(line.fingerprint) != line.terminal]
        await asyncio.gather(*(self._close(line, REVOKED) for line in gone))

    async def tell(self) -> None:
        """Tell every terminal what has changed since it was told last."""
        if self._lines:
            state = await self._state()
            await asyncio.gather(*(self._tell(line, state) for line in list(self._lines.values())))

    async def _tell(self, line: _Line, state: Mapping[str, Any] | None) -> None:
        if state is None:
            return  # the core has not told its date yet: there is nothing true to say
        hello = Hello.model_validate(self._for(line.terminal, state))
        if hello == line.said:
            return
        line.said = hello
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await line.socket.send_text(hello.model_dump_json())
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            await self._close(line, 1011)

    def _for(self, terminal: str, state: Mapping[str, Any]) -> dict[str, Any]:
        """What all are told, with what is this terminal's own."""
        rows: tuple[Switch, ...] = state["rows"]
        said = {key: value for key, value in state.items() if key != "rows"}
        off = self._branch.board.off(rows, terminal) | state["switched_off"]
        return {**said, **self._branch.service.of(terminal), "switched_off": off, "terminal": terminal}

    async def _close(self, line: _Line, code: int) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await line.socket.close(code)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            log.info("the link of %s was gone already", line.terminal)

    async def _state(self) -> Mapping[str, Any] | None:
        """What every Hello says. The core is asked once for all who want to know at the same time."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(self._ask_core())
        return await asyncio.shield(self._asking)

    async def _ask_core(self) -> Mapping[str, Any] | None:
        """Out of service while the core is away; None when it has never told its date."""
        off = await self._run(self._switches)
        try:
            day = await self._run(self._branch.core.accounting_date)
        except CoreUnavailable:
            return {**self._last_day, **off, "in_service": False} if self._last_day else None
        still = self._branch.service.stillness(day)
        self._last_day = {"bank": self._branch.bank, "branch": self._branch.name, "accounting_date": day, **still}
        return {**self._last_day, **off, "in_service": True}

    def _terminals(self, fingerprints: set[str]) -> dict[str, str]:
        with self._branch.db.read() as tx:
            return terminals.by_fingerprints(tx, fingerprints)

    def _heard(self, terminal: str, said: Heartbeat) -> None:
        with self._branch.db.write() as tx:
            terminals.heard(tx, terminal, said.state, self._branch.now, said.devices)

    def _switches(self) -> dict[str, Any]:
        return {"switched_off": dict(self._branch.switched_off()), "rows": self._branch.board.rows()}
