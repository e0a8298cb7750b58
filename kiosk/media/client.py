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
from kiosk.media.frames import FrameReader

DEVICE = "camera"
AGAIN = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before each restart after a death; the last one repeats."""
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
        self._blind = False
        self.deaths = 0

    async def run(self) -> None:
        """Keep the process alive until cancelled."""
        try:
            while True:
                process = await self._start()
                await process.wait()
                self._forget()
                self.deaths += 1
                await asyncio.sleep(AGAIN[min(self.deaths, len(AGAIN)) - 1])
        finally:
            await self._end()

    async def _start(self) -> asyncio.subprocess.Process:
        command = (sys.executable, "-m", "kiosk.media", self._url, str(self._path))
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, env=dict(os.environ))
        self._process = process
        if self._blind:  # it was born in the midst of a PIN entry
            await self._ask("blind")
        return process

    def _forget(self) -> None:
        """The process is gone, and with it every picture it left: nobody may open its file any more."""
        self._process = None
        self._path.unlink(missing_ok=True)
        if self._reader:
            self._reader.close()
            self._reader = None

    async def _end(self) -> None:
        process = self._process
        self._forget()
        if process and process.returncode is None:
            with suppress(OSError):
                process.stdin.close()  # type: ignore[union-attr]
            try:
                async with asyncio.timeout(ANSWER):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        self._home.cleanup()

    async def _ask(self, command: str) -> dict[str, Any]:
        """One command and its answer; Offline when the process is dead or silent."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise Offline(DEVICE, "the media process is not running", "it is being restarted")
        async with self._asking:
            try:
                async with asyncio.timeout(ANSWER):
                    process.stdin.write(json.dumps({"do": command}).encode() + b"\n")
                    await process.stdin.drain()
                    answer: dict[str, Any] = json.loads(await process.stdout.readline())
            except (OSError, ValueError, TimeoutError) as why:
                with suppress(ProcessLookupError):
                    process.kill()  # late answers would be taken for those of later questions
                raise Offline(DEVICE, "the media process does not answer", "it is being restarted") from why
        return answer

    # --- a blind

    async def blind(self) -> bool:
        """True once it has said so, or is dead: a dead one is born blind until `see`."""
        self._blind = True
        try:
            return (await self._ask("blind")).get("ack") == "blind"
        except Offline:
            if (process := self._process) is not None:
                await process.wait()
                self._forget()
            return True

    async def see(self) -> None:
        """The PIN entry is over."""
        self._blind = False
        with suppress(Offline):
            await self._ask("see")

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
            return Status(DEVICE, Health.OFFLINE, detail=why.what)
        identity, detail = str(said.get("identity", "")), str(said.get("detail", ""))
        return Status(DEVICE, Health(said["health"]), identity, bool(said.get("simulated")), detail=detail)

    async def close(self) -> None:
        """Ended by cancelling `run`."""
