"""The media process itself: `python -m kiosk.media CAMERA-URL FRAMES-FILE`, commanded by JSON lines.

{"do": "blind"}   no picture is written and none is left   {"ack": "blind"}
{"do": "see"}     pictures again                           {"ack": "see"}
{"do": "status"}                                           {"ack": "status", "health": …, "identity": …, …}
{"do": "quit"}    or the end of stdin: it ends, and the file is gone
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from drivers.api import DeviceError
from drivers.camera import OpenCvCamera
from kiosk.media.frames import FrameWriter

PATIENCE = 2.0
LINE = 4096
"""Bytes of a command at most."""


class Media:
    """Camera to shared frames, with eyes that can be shut."""

    def __init__(self, camera: OpenCvCamera, frames: FrameWriter) -> None:
        self._camera, self._frames, self._blind = camera, frames, False

    async def film(self) -> None:
        """Publish pictures until cancelled; a camera that is away is waited for by its driver."""
        while True:
            try:
                frame = await self._camera.frame(PATIENCE)
            except DeviceError:
                await asyncio.sleep(PATIENCE / 10)
                continue
            if not self._blind:  # nothing is awaited between this look and the write
                self._frames.write(frame)

    async def obey(self, command: str) -> dict[str, Any]:
        """Do one command, and say so when it is done."""
        if command == "blind":
            self._blind = True
            self._frames.wipe()
        elif command == "see":
            self._blind = False
        elif command == "status":
            status = await self._camera.status()
            facts = {"health": status.health.value, "identity": status.identity, "detail": status.detail}
            return {"ack": command, "simulated": status.simulated, "blind": self._blind, **facts}
        else:
            return {"error": "unknown command"}
        return {"ack": command}


async def serve(url: str, path: Path) -> None:
    """Film and obey until told to quit."""
    commands = asyncio.StreamReader(limit=LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    camera, frames = OpenCvCamera(url), FrameWriter(path)
    media = Media(camera, frames)
    filming = asyncio.ensure_future(media.film())
    try:
        while line := await commands.readline():
            command = _command(line)
            if command == "quit":
                break
            sys.stdout.write(json.dumps(await media.obey(command)) + "\n")
            sys.stdout.flush()
    finally:
        filming.cancel()
        await asyncio.gather(filming, return_exceptions=True)
        await camera.close()
        frames.close()


def _command(line: bytes) -> str:
    try:
        return str(json.loads(line)["do"])
    except (ValueError, KeyError, TypeError):
        return ""


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
