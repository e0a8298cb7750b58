"""The terminal's side of the media process: starts it, restarts it when it dies, shuts its eyes, reads its pictures."""

import asyncio
import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from drivers.api import DeviceError, Frame, Health, Offline, Status
from kiosk.media.frames import FrameReader, wipe_left

DEVICE = "camera"
AGAIN = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before each restart, longer after each early death; the last one repeats."""
STEADY = 60.0
"""Seconds of life after which a death is no early one."""
ANSWER = 3.0
LOOK = 0.02
SHARED = Path("/dev/shm")  # noqa: S108  memory, and the file in it is made exclusively, for its owner alone


class MediaProcess:
    """`drivers.api.Camera`, and one of the session's blinds. `run()` it as a task beside the flows."""

    def __init__(self, url: str, folder: Path | None = None) -> None:
        self._url = url
        self._home = tempfile.TemporaryDirectory(prefix="kiosk-media-", dir=folder or SHARED)
        self._path = Path(self._home.name) / "frames"
        self._process: asyncio.subprocess.Process | None = None
        self._reader: FrameReader | None = None
        self._asking = asyncio.Lock()
        self._up, self._number = False, 0
        self._blind = False
        self.deaths = 0

    async def run(self) -> None:
        """Keep the process alive until cancelled."""
        loop, row = asyncio.get_running_loop(), 0
        try:
            while True:
                born = loop.time()
                await self._live()
                self.deaths += 1
                row = 1 if loop.time() - born > STEADY else row + 1
                await asyncio.sleep(AGAIN[min(row, len(AGAIN)) - 1])
        finally:
            await self._end()

    async def _live(self) -> None:
        """One life, from birth to death."""
        with suppress(OSError):  # no room for another process just now
            process = await self._start()
            await process.wait()
            self._forget(process)

    async def _start(self) -> asyncio.subprocess.Process:
        born = "blind" if self._blind else "see"
        command = (sys.executable, "-m", "kiosk.media", self._url, str(self._path), born)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, env=dict(os.environ))
        self._process, self._up = process, False
        if born != ("blind" if self._blind else "see"):
            _kill(process)  # a PIN entry began or ended while it was being born: the next one is born right
        return process

    def _forget(self, process: asyncio.subprocess.Process) -> None:
        """The process is gone, and with it every picture it left, also for those that still have its file open."""
        if self._process is not process:
            return
        self._process = None
        wipe_left(self._path)
        if self._reader:
            self._reader.close()
            self._reader = None

    async def _end(self) -> None:
        process = self._process
        if process and process.returncode is None:
            with suppress(OSError):
                process.stdin.close()  # type: ignore[union-attr]
            try:
                async with asyncio.timeout(ANSWER):
                    await process.wait()
            except TimeoutError:
                _kill(process)
                await process.wait()
        if process:
            self._forget(process)
        self._home.cleanup()

    async def _ask(self, command: str) -> dict[str, Any]:
        """One command and its answer. Offline when the process is dead, still starting, or silent and killed for it."""
        async with self._asking:
            process = self._process
            if process is None:
                raise Offline(DEVICE, "the media process is not running", "it is being restarted")
            try:
                async with asyncio.timeout(ANSWER):
                    if not self._up:
                        await _heard(process, 0)
                        self._up = True
                    self._number += 1
                    return await _said(process, command, self._number)
            except (OSError, EOFError, TimeoutError) as why:
                if not self._up:
                    raise Offline(DEVICE, "the media process is still starting", "wait a moment") from why
                _kill(process)
                raise Offline(DEVICE, "the media process does not answer", "it is being restarted") from why

    # --- a blind

    async def blind(self) -> bool:
        """True once it has said so, or is dead: a dead one is born blind until `see`."""
        self._blind = True
        process = self._process
        try:
            return (await self._ask("blind")).get("ack") == "blind"
        except Offline:
            if process is not None:
                _kill(process)
                await process.wait()
                self._forget(process)
            return True

    async def see(self) -> None:
        """The PIN entry is over. One that does not hear it is born anew, with open eyes."""
        self._blind = False
        process = self._process
        try:
            await self._ask("see")
        except Offline:
            if process is not None:
                _kill(process)

    # --- drivers.api.Camera

    async def frame(self, patience: float) -> Frame:
        """The newest picture, not older than the call."""
        asked = time.monotonic()
        try:
            async with asyncio.timeout(patience):
                while True:
                    frame = self._newest()
                    if frame and frame.at >= asked:
                        return frame
                    await asyncio.sleep(LOOK)
        except TimeoutError as why:
            raise Offline(DEVICE, "no picture came", "check the camera and its cable") from why

    def _newest(self) -> Frame | None:
        if self._blind:
            return None
        try:
            self._reader = self._reader or FrameReader(self._path)
        except (OSError, ValueError):
            return None
        return self._reader.newest()

    async def status(self) -> Status:
        """The camera's own status, as the process that owns it says it."""
        try:
            said = await self._ask("status")
        except DeviceError as why:
            return Status(DEVICE, Health.OFFLINE, detail=why.what, why=why)
        identity, detail = str(said.get("identity", "")), str(said.get("detail", ""))
        health, simulated = Health(said["health"]), bool(said.get("simulated"))
        trouble = Offline(DEVICE, detail, "check the camera and its cable") if health is Health.OFFLINE else None
        return Status(DEVICE, health, identity, simulated, detail=detail, why=trouble)

    async def close(self) -> None:
        """Ended by cancelling `run`."""


async def _said(process: asyncio.subprocess.Process, command: str, number: int) -> dict[str, Any]:
    """Send a command; its own answer, which bears its number."""
    if process.stdin is None:
        raise EOFError
    process.stdin.write(json.dumps({"do": command, "number": number}).encode() + b"\n")
    await process.stdin.drain()
    return await _heard(process, number)


async def _heard(process: asyncio.subprocess.Process, number: int) -> dict[str, Any]:
    """The answer with this number. Those to questions that nobody waits for any more, and noise, are passed over."""
    while process.stdout is not None and (line := await process.stdout.readline()):
        with suppress(ValueError):
            answer = json.loads(line)
            if isinstance(answer, dict) and answer.get("number") == number:
                return answer
    raise EOFError


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
