"""The far end of a sound outlet: it takes a WAV a connection, keeps what was played, and shows what was said.

It greets with its identity, reads one RIFF/WAVE as long as its header says, writes it into a folder, and answers
`played`; when it is paced, after as long as the sound lasts. A WAV without a sound in it is kept, and marked silent.
"""

import array
import asyncio
import contextlib
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drivers.audio import LONGEST, NotWav, unwav
from drivers.sim.base import Verb

HOST = "127.0.0.1"
KEPT = 200
"""Sounds that are remembered; the files of older ones are removed."""
LOUD = 500
"""Of 32,767: a sample beyond it is heard."""


class SoundFarEnd:
    """One outlet: `headset` for one pair of ears, `speaker` for the room."""

    verbs: tuple[Verb, ...] = ()
    faults = ("deaf", "slow", "garbled", "unplugged")

    def __init__(self, name: str, folder: Path, *, paced: bool = False) -> None:
        self.name, self._folder, self._paced = name, folder, paced
        self.fault = ""
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._port = self._count = 0
        self._said: deque[dict[str, Any]] = deque(maxlen=KEPT)

    async def start(self) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        await self._listen()
        return f"tcp:{self.url}"

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._served, HOST, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
            for task in self._lines:
                task.cancel()
            await asyncio.gather(*self._lines, return_exceptions=True)
            await server.wait_closed()

    @property
    def url(self) -> str:
        """Host and port, once it was started."""
        return f"{HOST}:{self._port}"

    async def act(self, verb: str, choice: str = "") -> None:  # noqa: ARG002  every far end's signature
        raise ValueError("there is nothing to do at a speaker but to listen")

    async def set_fault(self, fault: str) -> None:
        if fault and fault not in self.faults:
            raise ValueError(f"no such fault: {fault}")
        was, self.fault = self.fault, fault
        if fault == "unplugged":
            await self.stop()
        elif was == "unplugged" and self._server is None:
            await self._listen()

    def state(self) -> Mapping[str, Any]:
        last = self._said[-1]["text"] if self._said else ""
        return {"says": last, "count": self._count, "said": list(self._said), "fault": self.fault}

    def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._lines.add(task)
        task.add_done_callback(self._lines.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One sound, or none from who only wants to know what stands here."""
        try:
            if self.fault != "deaf":
                writer.write(f"SIM SOUND {self.name} 000001\n".encode())
            if (data := await self._wav(reader)) and self.fault != "deaf":
                writer.write(b"\xff\xfe what?\n" if self.fault == "garbled" else await self._play(data))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # it was cut short
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _wav(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readexactly(8)
        length = int.from_bytes(head[4:], "little")
        return head + await reader.readexactly(length) if length <= LONGEST else b""

    async def _play(self, data: bytes) -> bytes:
        try:
            clip = unwav(data)
        except NotWav as why:
            return f"refused: {why}\n".encode()
        self._count += 1
        path = self._folder / f"{self.name}-{self._count:04}.wav"
        path.write_bytes(data)
        (self._folder / f"{self.name}-{self._count - KEPT:04}.wav").unlink(missing_ok=True)
        samples = array.array("h", clip.pcm)
        loud = sum(abs(one) > LOUD for one in samples)
        self._said.append(
            {
                "n": self._count,
                "text": clip.text,
                "seconds": round(clip.seconds, 2),
                "silent": not loud,
                "file": path.name,
            }
        )
        if self._paced or self.fault == "slow":
            await asyncio.sleep(clip.seconds)
        return b"played\n"
