"""Sound to one customer, and to everybody: a WAV through a pipe to each outlet.

alsa:DEVICE      a child process `aplay` plays it on an ALSA device, such as `alsa:plughw:1,0` or `alsa:default`
tcp:HOST:PORT    a network speaker: it greets with its identity, takes a WAV a connection, and answers `played`
sim:NAME         whatever the far ends' rendezvous file says

The sentence itself travels in the WAV as its comment (LIST INFO ICMT), for a far end that shows what it says; `aplay`
passes over it. Nothing is kept: a sentence lives in the pipe only.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator

from drivers.api import Clip, DeviceError, Faulty, Garbled, Health, Offline, Outlet, Status, TooLate
from drivers.child import child
from drivers.wire import Wire, check, open_wire

NAME = "sound"
GREETING_S = 3.0
GRACE_S = 5.0
"""Seconds that playing may take longer than the sound lasts."""
LINE_LIMIT = 200
LONGEST = 8_000_000
"""Bytes of a WAV: three minutes at 22,050 Hz."""
_REMEDY = "check the sound card's name with `aplay -L`, and its cable"


class NotWav(ValueError):
    """Bytes that are no WAV with 16 bits a sample and one channel."""


def wav(clip: Clip) -> bytes:
    """Pack a clip as RIFF/WAVE: `fmt `, the sentence as `LIST`/`INFO`/`ICMT`, `data`."""
    comment = clip.text.encode() + b"\0"
    info = b"INFO" + _chunk(b"ICMT", comment)
    form = struct.pack("<HHIIHH", 1, 1, clip.rate, clip.rate * 2, 2, 16)
    body = b"WAVE" + _chunk(b"fmt ", form) + (_chunk(b"LIST", info) if clip.text else b"") + _chunk(b"data", clip.pcm)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def unwav(data: bytes) -> Clip:
    """Read a WAV. A `data` chunk that claims more than there is holds what there is: so writers into pipes do it."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise NotWav("no RIFF/WAVE")
    at, rate, text = 12, 0, ""
    while at + 8 <= len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + length]
        if name == b"fmt ":
            if len(body) < 16:
                raise NotWav("a format cut short")
            kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
            if (kind, channels, bits) != (1, 1, 16) or not rate:
                raise NotWav(f"format {kind}, {channels} channels, {bits} bits")
        elif name == b"LIST" and body[:8] == b"INFOICMT":
            text = body[12 : 12 + int.from_bytes(body[8:12], "little")].rstrip(b"\0").decode(errors="replace")
        elif name == b"data":
            if not rate:
                raise NotWav("data before its format")
            return Clip(body[: len(body) // 2 * 2], rate, text)
        at += 8 + length + length % 2
    raise NotWav("no data")


class AudioOut:
    """The outlets of a terminal, each behind a URL; "" for one that it does not have."""

    def __init__(self, private: str = "", public: str = "") -> None:
        """ValueError for a URL that names no outlet."""
        self._urls = {Outlet.PRIVATE: private, Outlet.PUBLIC: public}
        for url in filter(None, self._urls.values()):
            if url.startswith("alsa:"):
                if not url.removeprefix("alsa:"):
                    raise ValueError(f"{url}: name an ALSA device, such as alsa:default")
            else:
                check(url)

    def has(self, outlet: Outlet) -> bool:
        return bool(self._urls[outlet])

    async def play(self, clip: Clip, outlet: Outlet) -> None:
        """See `drivers.api.Sound`. Faulty for an outlet that the terminal does not have."""
        url = self._urls[outlet]
        if not url:
            raise Faulty(NAME, f"no {outlet} outlet", "configure it, or do without")
        try:
            async with asyncio.timeout(clip.seconds + GRACE_S):
                await (_by_aplay(url, wav(clip)) if url.startswith("alsa:") else _by_wire(url, wav(clip)))
        except DeviceError:
            raise
        except TimeoutError as why:
            raise TooLate(NAME, f"the {outlet} outlet did not end in time", _REMEDY) from why

    async def status(self) -> Status:
        """Only a far end on a wire can be asked; of an ALSA device only playing tells."""
        said, why = {}, None
        for outlet, url in self._urls.items():
            if url and not url.startswith("alsa:"):
                try:
                    async with _greeted(url) as (_, greeting):
                        said[outlet] = greeting
                except DeviceError as trouble:
                    why = trouble
        simulated = any("SIM" in line.split() for line in said.values())
        health = Health.OFFLINE if why else Health.OK
        facts = {str(outlet): url.partition(":")[0] or "none" for outlet, url in self._urls.items()}
        return Status(NAME, health, " ".join(said.values()), simulated, facts=facts, why=why)

    async def close(self) -> None:
        """Nothing stays open between two sounds."""


async def _by_aplay(url: str, data: bytes) -> None:
    """Hand the WAV to a child process, which ends with the call whatever happens."""
    device = url.removeprefix("alsa:")
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        async with child("aplay", "-q", "-D", device, "-", stdin=pipe, stdout=null, stderr=pipe) as process:
            _, said = await process.communicate(data)
    except OSError as why:
        raise Offline(NAME, f"aplay does not start: {why.strerror}", "install the package alsa-utils") from why
    if process.returncode:
        last = said.decode(errors="replace").strip().splitlines()
        raise Offline(NAME, f"{url} does not play: {last[-1][:LINE_LIMIT] if last else process.returncode}", _REMEDY)


async def _by_wire(url: str, data: bytes) -> None:
    async with _greeted(url) as (wire, _):
        await wire.write(data)
        if (answer := await _line(wire)) != "played":
            raise Garbled(NAME, f"{url} answered {answer!r}", "update the speaker")


@contextlib.asynccontextmanager
async def _greeted(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A connection, and how the far end named itself."""
    wire = await open_wire(url)
    try:
        try:
            async with asyncio.timeout(GREETING_S):
                greeting = await _line(wire)
        except DeviceError:
            raise
        except TimeoutError as why:
            raise Offline(NAME, f"{url} says nothing", "restart the speaker") from why
        yield wire, greeting
    finally:
        await wire.close()


async def _line(wire: Wire) -> str:
    got = b""
    while b"\n" not in got:
        got += await wire.read()
        if len(got) > LINE_LIMIT:
            raise Garbled(NAME, "an answer without end", "update the speaker")
    return got.partition(b"\n")[0].decode(errors="replace").strip()
