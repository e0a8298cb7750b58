"""How long an identity card takes, beside the least that its wire allows.

The far end is a process of its own on a real pty and paces its bytes in both directions as 115200 8N1 would (ten bits a
byte). Two peers stand beside our driver: the wire's own minimum, computed from the byte counts, and a bare pyserial
loop that sends the same four commands and fetches the same bytes, parsing nothing, on the same far end. Driver and loop
take turns.

Run as `python -m bench.identity`; `run()` is the same without the table.
"""

import asyncio
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import serial

from drivers.api import IdCard
from drivers.idcard import SerialIdReader, frames
from drivers.idcard.frames import Frame
from drivers.idcard.reader import POLL_S
from drivers.sim.idcard import CARDS, IdReaderFarEnd
from drivers.wire import Wire, open_wire

BAUD, BITS_A_BYTE = 115200, 10
RUNS = 25
GOAL = 1.3
CARD = "li-na"
EXCHANGE = ((frames.FIND, 15), (frames.SELECT, 19), (frames.READ, 1295), (frames.READ_ADDRESS, 11))
"""Each command and the bytes of its answer, for a card without a newest address."""
WIRE_BYTES = sum(len(Frame(command).pack()) + size for command, size in EXCHANGE)
PLACE = pathlib.Path("build/bench/identity.json")
Act = Callable[[str], None]
Measure = Callable[[], Awaitable[float]]


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
def _far_end_process() -> Iterator[tuple[str, Act]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.identity", "--far-end"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
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


class _Stopwatch:
    """A wire that notes when the newest find was sent."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.found_at = 0.0
        self.read, self.close = wire.read, wire.close

    async def write(self, data: bytes) -> None:
        if data == Frame(frames.FIND).pack():
            self.found_at = time.perf_counter()
        await self._wire.write(data)


@dataclass(frozen=True)
class Times:
    """Seconds of one reading."""

    from_find: float
    """From sending the find that succeeds to the last byte or the card in hand."""
    from_laid: float


async def _ours(url: str, act: Act, phase: float) -> Times:
    watch: list[_Stopwatch] = []

    async def opener() -> Wire:
        watch.append(_Stopwatch(await open_wire(url)))
        return watch[-1]

    reader = SerialIdReader(url, opener=opener)
    act("lift")
    reading: asyncio.Task[IdCard] = asyncio.create_task(reader.read_card(5))
    await asyncio.sleep(phase)
    laid = time.perf_counter()
    act("lay")
    card = await reading
    done = time.perf_counter()
    await reader.close()
    assert card.id_number == CARDS[CARD].card.id_number
    return Times(done - watch[-1].found_at, done - laid)


async def _bare(url: str, act: Act, phase: float) -> Times:
    act("lift")
    with ThreadPoolExecutor(1) as one:
        polling = asyncio.get_running_loop().run_in_executor(one, _bare_loop, url.removeprefix("serial:"))
        await asyncio.sleep(phase)
        laid = time.perf_counter()
        act("lay")
        found_at, done = await polling
    return Times(done - found_at, done - laid)


def _bare_loop(path: str) -> tuple[float, float]:
    """Poll find every 300 ms, then fetch everything; answers when the find that succeeded was sent, and the end."""
    refused = Frame(bytes([0, 0, frames.FIND_FAILED])).pack()
    with serial.Serial(path, BAUD, timeout=2) as port:
        while True:
            found_at = time.perf_counter()
            port.write(Frame(frames.FIND).pack())
            answer = port.read(len(refused))
            if answer != refused:
                break
            time.sleep(max(0.0, found_at + POLL_S - time.perf_counter()))
        answer += port.read(EXCHANGE[0][1] - len(answer))
        for command, size in EXCHANGE[1:]:
            port.write(Frame(command).pack())
            answer = port.read(size)
            assert len(answer) == size
        return found_at, time.perf_counter()


async def _measure() -> tuple[list[Times], list[Times]]:
    """`RUNS` readings of each, taking turns; the card comes at phases spread evenly over one poll."""
    ours, bare = [], []
    with _far_end_process() as (url, act):
        for run in range(RUNS):
            phase = 0.1 + POLL_S * run / RUNS
            ours.append(await _ours(url, act, phase))
            bare.append(await _bare(url, act, phase))
    return ours, bare


def _median(times: list[Times], which: str) -> float:
    return statistics.median(one.from_find if which == "find" else one.from_laid for one in times) * 1000


def _figure(name: str, ours: float, peer: float, peer_name: str) -> dict[str, Any]:
    conditions = (
        f"median of {RUNS} readings; far end in its own process on a pty, both directions paced at {BAUD} 8N1; card "
        f"without a newest address; {len(EXCHANGE)} commands, {WIRE_BYTES} bytes; the clock starts when "
        + ("the find that succeeds is sent" if "find" in name else "the card is laid down, find polled every 300 ms")
    )
    return {
        "figure": name,
        "unit": "ms",
        "ours": round(ours, 2),
        "peer": round(peer, 2),
        "peer_name": peer_name,
        "ratio": round(ours / peer, 3),
        "goal": GOAL,
        "better": "lower",
        "conditions": conditions,
    }


def run() -> list[dict[str, Any]]:
    """Measure, write `build/bench/identity.json` and answer its rows."""
    ours, bare = asyncio.run(_measure())
    least = WIRE_BYTES * BITS_A_BYTE / BAUD * 1000
    find, laid = "identity: find that succeeds to card in hand", "identity: card laid down to card in hand"
    rows = [
        _figure(find, _median(ours, "find"), least, "the wire's own minimum, computed"),
        _figure(find, _median(ours, "find"), _median(bare, "find"), "bare pyserial loop, same exchange, no parsing"),
        _figure(laid, _median(ours, "laid"), _median(bare, "laid"), "bare pyserial loop, same exchange, no parsing"),
    ]
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    PLACE.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    return rows


def main() -> None:
    if "--far-end" in sys.argv:
        return asyncio.run(_far_end())
    for row in run():
        print(
            f"{row['figure']:45} {row['ours']:8.2f} ms   {row['peer']:8.2f} ms  {row['peer_name']:48} x {row['ratio']}"
        )
    return None


if __name__ == "__main__":
    main()
