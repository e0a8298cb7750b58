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
from branch.serving import Run
from branch.store import terminals
from branch.terminal.context import Branch
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
    """All open links of this process."""

    def __init__(self, branch: Branch, run: Run) -> None:
        self._branch, self._run = branch, run
        self._lines: dict[str, _Line] = {}
        self._last_day: Mapping[str, Any] | None = None

    async def serve(self, socket: WebSocket, fingerprint: str) -> None:
        """Hold one link until it ends."""
        terminal: dict[str, str] = {}
        if fingerprint:
            terminal = await self._run(lambda: self._terminals({fingerprint}))
        await socket.accept()
        if fingerprint not in terminal:
            return await socket.close(REVOKED)
        if len(self._lines) >= LINES:
            return await socket.close(FULL)
        line = _Line(socket, fingerprint, terminal[fingerprint])
        if (before := self._lines.pop(line.terminal, None)) is not None:
            await self._close(before, SUPERSEDED)
        self._lines[line.terminal] = line
        try:
            await self._tell(line, await self._state())
            await self._listen(line)
        finally:
            if self._lines.get(line.terminal) is line:
                del self._lines[line.terminal]

    async def _listen(self, line: _Line) -> None:
        while True:  # one round a heartbeat; the server's ping ends a dead connection
            try:
                heard = Heartbeat.model_validate_json(await line.socket.receive_text())
            except WebSocketDisconnect:
                return None
            except (ValidationError, KeyError):
                return await self._close(line, NONSENSE)
            await self._run(partial(self._heard, line.terminal, heard.state))

    async def watch(self) -> None:
        """Look for changes until cancelled; a look that fails is repeated at the next turn."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception:
                log.exception("the links could not be looked after")

    async def look(self) -> None:
        """One look: close what is revoked, tell what has changed."""
        if not self._lines:
            return
        lines = list(self._lines.values())
        active = await self._run(lambda: self._terminals({line.fingerprint for line in lines}))
        state = await self._state()
        for line in lines:
            if active.get(line.fingerprint) != line.terminal:
                await self._close(line, REVOKED)
            else:
                await self._tell(line, state)

    async def _tell(self, line: _Line, state: Mapping[str, Any] | None) -> None:
        if state is None:
            return  # the core has not told its date yet: there is nothing true to say
        hello = Hello.model_validate({**state, "terminal": line.terminal})
        if hello == line.said:
            return
        line.said = hello
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await line.socket.send_text(hello.model_dump_json())
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            await self._close(line, 1011)

    async def _close(self, line: _Line, code: int) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await line.socket.close(code)
        except (TimeoutError, RuntimeError, WebSocketDisconnect):
            log.info("the link of %s was gone already", line.terminal)

    async def _state(self) -> Mapping[str, Any] | None:
        """What every Hello says; out of service while the core is away."""
        try:
            day = await self._run(self._branch.core.accounting_date)
        except CoreUnavailable:
            return {**self._last_day, "in_service": False} if self._last_day else None
        self._last_day = {"bank": self._branch.bank, "branch": self._branch.name, "accounting_date": day}
        return {**self._last_day, "in_service": True}

    def _terminals(self, fingerprints: set[str]) -> dict[str, str]:
        with self._branch.db.read() as tx:
            return terminals.by_fingerprints(tx, fingerprints)

    def _heard(self, terminal: str, state: str) -> None:
        with self._branch.db.write() as tx:
            terminals.heard(tx, terminal, state, self._branch.now)
