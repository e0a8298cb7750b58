"""A network camera: RTSP 1.0 (RFC 2326) that sends a film as an MPEG transport stream over RTP (RFC 2250), on TCP.

The packets lie between the answers on the one connection (RFC 2326 section 10.12). It asks for user and word.
"""

import asyncio
import base64
import contextlib
from pathlib import Path

import cv2
import numpy as np

CHUNK = 7 * 188
WIDE, HIGH, FPS, SECONDS = 160, 120, 25, 2
USER, WORD = "kiosk", "open-sesame"
SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=SIM\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:track\r\n"
OF_METHOD = {
    "OPTIONS": "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n",
    "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n",
    "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n",
    "PLAY": "Session: 1\r\n",
    "TEARDOWN": "Session: 1\r\n",
}


def film(path: Path) -> bytes:
    """Two seconds of a bright bar that falls over red."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MPG2"), FPS, (WIDE, HIGH))
    for number in range(FPS * SECONDS):
        sheet = np.zeros((HIGH, WIDE, 3), np.uint8)
        sheet[:, :, 2] = 200
        sheet[2 * number : 2 * number + 10] = 255
        writer.write(sheet)
    writer.release()
    return path.read_bytes()


class NetworkCamera:
    """On a port of its own, the same again after it was switched off and on."""

    def __init__(self, folder: Path) -> None:
        self._film, self._port = film(folder / "network.ts"), 0
        self._server: asyncio.Server | None = None
        self._guests: set[asyncio.Task[None]] = set()
        self.turned_away = 0

    @property
    def url(self) -> str:
        return f"rtsp://{USER}:{WORD}@127.0.0.1:{self._port}/stream"

    async def on(self) -> None:
        self._server = await asyncio.start_server(self._welcome, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def off(self) -> None:
        """As if its cable were pulled."""
        if self._server is not None:
            self._server.close()
        for guest in tuple(self._guests):
            guest.cancel()
        await asyncio.gather(*self._guests, return_exceptions=True)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._talk(reader, writer))
        self._guests.add(task)
        task.add_done_callback(self._guests.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        playing: asyncio.Task[None] | None = None
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                method = lines[0].split()[0]
                writer.write(self._answer(method, dict(line.split(": ", 1) for line in lines[1:] if line)))
                if method == "PLAY":
                    playing = playing or asyncio.ensure_future(self._play(writer))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            if playing:
                playing.cancel()
            writer.transport.abort()

    def _answer(self, method: str, fields: dict[str, str]) -> bytes:
        number = f"CSeq: {fields['CSeq']}\r\n"
        known = "Basic " + base64.b64encode(f"{USER}:{WORD}".encode()).decode()
        if fields.get("Authorization") != known:
            self.turned_away += 1
            return f'RTSP/1.0 401 Unauthorized\r\n{number}WWW-Authenticate: Basic realm="SIM"\r\n\r\n'.encode()
        body = SDP if method == "DESCRIBE" else ""
        return f"RTSP/1.0 200 OK\r\n{number}{OF_METHOD[method]}\r\n{body}".encode()

    async def _play(self, writer: asyncio.StreamWriter) -> None:
        """The film over and over, in real time."""
        pause = SECONDS * CHUNK / len(self._film)
        sequence = 0
        with contextlib.suppress(OSError):
            while True:
                for at in range(0, len(self._film), CHUNK):
                    sequence = (sequence + 1) % 65536
                    stamp = int(sequence * pause * 90_000) % 2**32
                    data = bytes((0x80, 33)) + sequence.to_bytes(2, "big") + stamp.to_bytes(4, "big") + b"SIM0"
                    data += self._film[at : at + CHUNK]
                    writer.write(b"$\x00" + len(data).to_bytes(2, "big") + data)
                    await writer.drain()
                    await asyncio.sleep(pause)
