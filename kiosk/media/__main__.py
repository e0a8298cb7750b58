"""The media process itself: `python -m kiosk.media CAMERA-URL FRAMES-FILE blind|see`, commanded by JSON lines.

                                it is there               {"ack": "ready", "number": 0}
{"do": "blind", "number": 1}    no picture is written,    {"ack": "blind", "number": 1}
                                and none is left
{"do": "see", …}                pictures again            {"ack": "see", …}
{"do": "status", …}                                       {"ack": "status", "health": …, "identity": …, …}
{"do": "quit", …}               or the end of stdin: it ends, and the file is gone

The last argument is how it is born: in the midst of a PIN entry blind.
"""

import asyncio
import json
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from drivers.api import DeviceError, Frame, Health
from drivers.camera import OpenCvCamera
from kiosk.media.frames import FrameWriter

PATIENCE = 2.0
LINE = 4096
"""Bytes of a command at most."""


class Media:
    """Camera to shared frames, with eyes that can be shut."""

    def __init__(self, camera: OpenCvCamera, frames: FrameWriter, *, blind: bool = False) -> None:
        self._camera, self._frames, self._blind, self._trouble = camera, frames, blind, ""

    async def film(self) -> None:
        """Publish pictures until cancelled; a camera that is away is waited for by its driver."""
        while True:
            try:
                frame = await self._camera.frame(PATIENCE)
            except DeviceError:
                await asyncio.sleep(PATIENCE / 10)
                continue
            if not self._blind:  # nothing is awaited between this look and the write
                self._publish(frame)

    def _publish(self, frame: Frame) -> None:
        try:
            self._frames.write(frame)
        except ValueError as why:
            self._trouble = f"{why}; set width and height in the camera's URL"
        else:
            self._trouble = ""

    async def obey(self, command: str) -> dict[str, Any]:
        """Do one command, and say so when it is done."""
        if command == "blind":
            self._blind = True
            self._frames.wipe()
        elif command == "see":
            self._blind = False
        elif command == "status":
            status = await self._camera.status()
            health = Health.DEGRADED if self._trouble and status.health is Health.OK else status.health
            facts = {"health": health.value, "identity": status.identity, "detail": self._trouble or status.detail}
            return {"ack": command, "simulated": status.simulated, "blind": self._blind, **facts}
        else:
            return {"error": "unknown command"}
        return {"ack": command}


async def serve(url: str, path: Path, *, blind: bool) -> None:
    """Film and obey until told to quit."""
    commands = asyncio.StreamReader(limit=LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    camera, frames = OpenCvCamera(url), FrameWriter(path)
    media = Media(camera, frames, blind=blind)
    filming = asyncio.ensure_future(media.film())
    try:
        _say({"ack": "ready"}, 0)
        while line := await commands.readline():
            command, number = _command(line)
            if command == "quit":
                break
            _say(await media.obey(command), number)
    finally:
        filming.cancel()
        await asyncio.gather(filming, return_exceptions=True)
        await camera.close()
        frames.close()
    with suppress(OSError):
        path.parent.rmdir()  # its owner may have died without a word, and leaves an empty folder in memory each time


def _say(answer: dict[str, Any], number: int) -> None:
    sys.stdout.write(json.dumps(answer | {"number": number}) + "\n")
    sys.stdout.flush()


def _command(line: bytes) -> tuple[str, int]:
    try:
        order = json.loads(line)
        return str(order["do"]), int(order["number"])
    except (ValueError, KeyError, TypeError):
        return "", -1


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its life ends with stdin, not with a key at somebody's terminal
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2]), blind=sys.argv[3:] == ["blind"]))
