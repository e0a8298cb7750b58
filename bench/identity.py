"""How long an identity card takes, beside the least that its wire allows.

The far end is a process of its own on a real pty and paces its bytes in both directions as 115200 8N1 would (ten bits a
byte). Two peers stand beside our driver: the wire's own minimum, computed from the byte counts, and a bare pyserial
loop that sends the same four commands and fetches the same bytes, parsing nothing, on the same far end. Driver and loop
take turns. How long it takes until the glass shows what came of it is measured on a whole terminal, in
bench.identity_glass.

Run as `python -m bench.identity`; `run()` is the same without the printing.
"""

import asyncio
import json
import pathlib
import statistics
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import serial

from bench import identity_glass
from bench.identity_line import BAUD, BITS_A_BYTE, CARD, Act, Stopwatch, Times, far_end_process
from drivers.api import IdCard
from drivers.idcard import SerialIdReader, frames
from drivers.idcard.frames import Frame
from drivers.idcard.reader import POLL_S
from drivers.sim.idcard import CARDS
from drivers.wire import Wire, open_wire

RUNS, SHOWN_RUNS = 25, 15
GOAL = 1.3
EXCHANGE = ((frames.FIND, 15), (frames.SELECT, 19), (frames.READ, 1295), (frames.READ_ADDRESS, 11))
"""Each command and the bytes of its answer, for a card without a newest address."""
WIRE_BYTES = sum(len(Frame(command).pack()) + size for command, size in EXCHANGE)
PLACE = pathlib.Path("build/bench/identity.json")
Measure = Callable[[], Awaitable[float]]


async def _ours(url: str, act: Act, phase: float) -> Times:
    watch: list[Stopwatch] = []

    async def opener() -> Wire:
        watch.append(Stopwatch(await open_wire(url)))
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
    with far_end_process() as (url, act):
        for run in range(RUNS):
            phase = 0.1 + POLL_S * run / RUNS
            ours.append(await _ours(url, act, phase))
            bare.append(await _bare(url, act, phase))
    return ours, bare


def _median(times: list[Times], which: str) -> float:
    return statistics.median(one.from_find if which == "find" else one.from_laid for one in times) * 1000


LINE = (
    f"far end in its own process on a pty, both directions paced at {BAUD} 8N1; card without a newest address; "
    f"{len(EXCHANGE)} commands, {WIRE_BYTES} bytes"
)
CLOCK = {
    "find": "the clock starts when the find that succeeds is sent",
    "laid": f"the clock starts when the card is laid down, find polled every {POLL_S * 1000:g} ms",
}
IN_HAND = f"median of {RUNS} readings, to the card's data in the program"
ON_GLASS = (
    f"median of {SHOWN_RUNS} cards laid down before the attract screen of a whole terminal (branch, journal, other "
    "devices, 1080x1920 by software GL); shown = the first frame of the first screen that the card brings, the request "
    "to take it back, drawn to its last pixel: the flow names the person only after she took it and the branch answered"
)


def _figure(name: str, ours: float, peer: float | None, peer_name: str, goal: float | None) -> dict[str, Any]:
    clock = CLOCK["find" if "find" in name else "laid"]
    return {
        "figure": name,
        "unit": "ms",
        "ours": round(ours, 2),
        "peer": None if peer is None else round(peer, 2),
        "peer_name": peer_name,
        "ratio": None if peer is None else round(ours / peer, 3),
        "goal": goal,
        "better": "lower",
        "conditions": f"{ON_GLASS if name.endswith('shown') else IN_HAND}; {clock}; {LINE}",
    }


def run() -> list[dict[str, Any]]:
    """Measure, write `build/bench/identity.json` and answer its rows."""
    ours, bare = asyncio.run(_measure())
    shown = identity_glass.measure(SHOWN_RUNS)
    least, wire = WIRE_BYTES * BITS_A_BYTE / BAUD * 1000, "the wire's own minimum, computed"
    loop = "bare pyserial loop, same exchange, no parsing"
    find, laid = "identity: find that succeeds to ", "identity: card laid down to "
    rows = [
        _figure(find + "shown", _median(shown, "find"), least, wire, GOAL),
        _figure(laid + "shown", _median(shown, "laid"), None, "", None),
        _figure(find + "card in hand", _median(ours, "find"), least, wire, GOAL),
        _figure(find + "card in hand", _median(ours, "find"), _median(bare, "find"), loop, GOAL),
        _figure(laid + "card in hand", _median(ours, "laid"), _median(bare, "laid"), loop, GOAL),
    ]
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    PLACE.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    return rows


def main() -> None:
    print(json.dumps(run(), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
