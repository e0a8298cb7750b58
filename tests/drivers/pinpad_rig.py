"""What the pad's tests stand on: driver and far end, and an ear on the wire between them."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from branch.bank.hsm import MasterKeys, MemoryKeyStore, Scheme, TestHsm
from drivers.pinpad import XfsPinPad
from drivers.sim.pinpad import PinPadFarEnd
from drivers.xfs import Channel, Dial, XfsClient
from protocol.mask import Pan

NUMBER = Pan("6229991234567890123")
FORMATS = ("iso0", "iso3", "iso4")
SESSION = Scheme()


class Tap:
    """Writes down every frame that passes, both ways."""

    def __init__(self, dial: Dial) -> None:
        self._dial, self.frames = dial, list[str]()
        self.fetching = asyncio.Event()
        """Set when a PIN block has been asked for."""

    async def dial(self, url: str) -> Channel:
        return _Tapped(await self._dial(url), self)

    def names(self, kind: str) -> list[str]:
        headers = [json.loads(frame)["header"] for frame in self.frames]
        return [header["name"] for header in headers if header["type"] == kind]


class _Tapped:
    def __init__(self, channel: Channel, tap: Tap) -> None:
        self._channel, self._tap = channel, tap

    async def send(self, text: str) -> None:
        self._tap.frames.append(text)
        if "PinPad.GetPinBlock" in text:
            self._tap.fetching.set()
        await self._channel.send(text)

    async def recv(self) -> str:
        text = await self._channel.recv()
        self._tap.frames.append(text)
        return text

    async def close(self) -> None:
        await self._channel.close()


class Scene:
    """A pad with keys, the HSM that made them, and somebody in front of it."""

    def __init__(self, scheme: Scheme = SESSION) -> None:
        self.hsm = TestHsm(MemoryKeyStore(), bytes(range(32)), scheme=scheme)
        self.masters: MasterKeys = self.hsm.master_keys("T1")
        self.far = PinPadFarEnd(self.masters.tdes, self.masters.aes, tmk_sm4=self.masters.sm4)
        self.tap = Tap(self.far.dial)
        self.pad = XfsPinPad(self.far.url, dial=self.tap.dial)
        self.raw = XfsClient(self.far.url, "PinPad", "pin-pad", dial=self.far.dial)
        self.counts: list[int] = []

    async def load(self) -> None:
        for key in self.hsm.working_keys("T1").keys:
            await self.pad.import_key(
                key.name, bytes.fromhex(key.cryptogram), bytes.fromhex(key.kcv), wrapping=key.wrapping
            )

    async def asked(self, format: str = "iso0", patience: float = 5) -> "asyncio.Task[object]":
        task: asyncio.Task[object] = asyncio.create_task(
            self.pad.enter_pin(NUMBER, format, self.counts.append, patience)
        )
        await self.far.asked(5)
        return task


def scene(act: Callable[[Scene], Awaitable[None]], scheme: Scheme = SESSION) -> None:
    async def run() -> None:
        one = Scene(scheme)
        try:
            await one.load()
            await act(one)
        finally:
            await one.pad.close()
            await one.raw.close()
            await one.far.stop()

    asyncio.run(run())
