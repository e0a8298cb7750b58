"""The identity reader's line for the benches: a far end in a process of its own, paced as 115200 8N1 would be.

`python -m bench.identity_line` is that process: it says its URL, then obeys `lay` and `lift`, a line each.
"""

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from drivers.idcard import frames
from drivers.idcard.frames import Frame
from drivers.sim.idcard import IdReaderFarEnd
from drivers.wire import Wire

BAUD, BITS_A_BYTE = 115200, 10
CARD = "li-na"
Act = Callable[[str], None]


async def _far_end() -> None:
    """The far end's process: says its URL, then obeys `lay` and `lift`, a line each, until its input ends."""
    far = IdReaderFarEnd(baud=BAUD)
    print(await far.start(), flush=True)
    loop, one = asyncio.get_running_loop(), ThreadPoolExecutor(1)
    while line := (await loop.run_in_executor(one, sys.stdin.readline)).strip():
        await far.act(line, CARD if line == "lay" else "")
        print("done", flush=True)
    await far.stop()


@contextlib.contextmanager
def far_end_process() -> Iterator[tuple[str, Act]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.identity_line"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdin
        assert child.stdout
        said, told = child.stdout, child.stdin

        def act(verb: str) -> None:
            told.write(verb + "\n")
            told.flush()
            assert said.readline().strip() == "done"

        try:
            yield said.readline().strip(), act
        finally:
            told.close()


class Stopwatch:
    """A wire that notes when the newest find that succeeded was sent: a select comes after it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._sought_at = self.found_at = 0.0
        self.read, self.close = wire.read, wire.close

    async def write(self, data: bytes) -> None:
        if data == Frame(frames.FIND).pack():
            self._sought_at = time.perf_counter()
        elif data == Frame(frames.SELECT).pack():
            self.found_at = self._sought_at
        await self._wire.write(data)


@dataclass(frozen=True)
class Times:
    """Seconds of one reading."""

    from_find: float
    """From sending the find that succeeds to the last byte, the card in hand, or the screen that it brought."""
    from_laid: float


if __name__ == "__main__":
    asyncio.run(_far_end())
