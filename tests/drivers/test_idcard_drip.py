"""A reader whose bytes come one at a time and with noise, on a real pseudo terminal and a real socket."""

import asyncio
import os
import tty
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from drivers.api import Garbled, IdCard
from drivers.idcard import SerialIdReader
from drivers.idcard.frames import Decoder, Frame
from drivers.sim.idcard import CARDS
from drivers.sim.idcard.sam import Sam

Write = Callable[[bytes], Awaitable[None]]
Spoil = Callable[[bytes], bytes]
NOISE = bytes.fromhex("00FFAAAA9669AAAAAA96AA")
SERVED = 60.0


class Drip:
    """A SAM with a card on it behind a very bad line."""

    def __init__(self, spoil: Spoil) -> None:
        self.spoil = spoil
        self._sam, self._decoder = Sam(), Decoder()
        self._sam.lay(CARDS["smith"])

    async def heard(self, data: bytes, write: Write) -> None:
        for one in self._decoder.feed(data):
            assert isinstance(one, Frame)
            for byte in self.spoil(self._sam.answer(one).frame().pack()):
                await write(bytes([byte]))
                await asyncio.sleep(0)


Use = Callable[[str], Awaitable[None]]
"""What is done with a driver at this URL."""
Line = Callable[[Drip, Use], Coroutine[Any, Any, None]]


async def on_serial(drip: Drip, use: Use) -> None:
    near, far = os.openpty()
    tty.setraw(near)
    tty.setraw(far)
    heard = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(heard), os.fdopen(near, "rb", 0, closefd=False)
    )

    async def write(data: bytes) -> None:
        os.write(near, data)

    async def serve() -> None:
        while True:
            await drip.heard(await heard.read(64), write)

    serving = asyncio.ensure_future(serve())
    await use(f"serial:{os.ttyname(far)}")
    serving.cancel()
    pipe.close()
    await asyncio.sleep(0)
    os.close(near)
    os.close(far)


async def on_tcp(drip: Drip, use: Use) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        while data := await reader.read(64):
            await drip.heard(data, write)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    await use(f"tcp:127.0.0.1:{server.sockets[0].getsockname()[1]}")
    server.close()


async def read(reader: SerialIdReader) -> IdCard:
    return await reader.read_card(5, fingerprint=True)


@pytest.mark.parametrize("wire", [on_serial, on_tcp])
def test_a_card_is_read_whole_from_single_bytes_and_noise(
    wire: Line,
) -> None:
    async def use(url: str) -> None:
        reader = SerialIdReader(url)
        assert await read(reader) == CARDS["smith"].card
        await reader.close()

    asyncio.run(asyncio.wait_for(wire(Drip(lambda answer: NOISE + answer), use), SERVED))


@pytest.mark.parametrize("wire", [on_serial, on_tcp])
@pytest.mark.parametrize(
    "spoil",
    [lambda answer: answer[:-1], lambda answer: answer[:5] + b"\x00\x0b" + answer[7:], lambda _: NOISE * 3],
    ids=["cut", "lying length", "noise only"],
)
def test_a_spoilt_answer_is_garbled_and_the_same_line_serves_once_it_is_good_again(wire: Line, spoil: Spoil) -> None:
    drip = Drip(spoil)

    async def use(url: str) -> None:
        reader = SerialIdReader(url)
        with pytest.raises(Garbled):
            await read(reader)
        drip.spoil = bytes
        assert await read(reader) == CARDS["smith"].card
        await reader.close()

    asyncio.run(asyncio.wait_for(wire(drip, use), SERVED))
