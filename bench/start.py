"""How long the terminal program takes from its start to an attract screen that can be touched.

Branch and devices run already, as programs of their own. Each start is a fresh process with the composition of the
`kiosk` command; the clock begins just before it is executed, and ends when the first frame that shows the attract
screen has been drawn to its last pixel, the terminal being in service. No other program does this: it has no peer.

Run as `python -m bench.start`; `run()` is the same without the table.
"""

import asyncio
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kiosk.__main__ import Kiosk
    from kiosk.demo.parts import Parts

STARTS = 7
GOAL = 3.0
PATIENCE = 60.0
"""Seconds for one start."""
STEPS = ("interpreter", "window", "served")
"""What comes on the way: our first line is run, the window is open, the attract screen is drawn."""
Stamps = dict[str, float]
"""`time.monotonic()` of each step: on Linux the same clock in every process."""


async def _starts() -> list[Stamps]:
    """Seconds from the start to each step, once for every start."""
    from drivers.sim.pcscd import PcscDaemon
    from kiosk.demo.parts import running

    daemon = PcscDaemon()
    daemon.start()  # here, because it may have to wait longer for the machine's one lock than a part may take to start
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name) / "state"
            async with running(folder, pcscd=False, screen={"fullscreen": False}) as parts:
                return [_start(parts) for _ in range(STARTS)]
    finally:
        daemon.stop()


def _start(parts: "Parts") -> Stamps:
    """One fresh process, to its end."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY")
    there = {name: value for name, value in os.environ.items() if name not in hidden}
    words = [sys.executable, "-m", "bench.start", "--terminal", str(parts.folder / "terminal.toml")]
    began = time.monotonic()
    done = subprocess.run(
        words, check=True, timeout=PATIENCE, stdout=subprocess.PIPE, env=there | {"KIOSK_SIM": parts.rendezvous}
    )
    stamps: Stamps = json.loads(done.stdout.splitlines()[-1])
    return {step: stamps[step] - began for step in STEPS}


def _terminal(config: pathlib.Path) -> None:
    """The fresh process: what `kiosk --config CONFIG` does, ended by itself once it serves."""
    stamps: Stamps = {"interpreter": time.monotonic()}
    import logging

    from kiosk.__main__ import prepare_kivy, serve
    from kiosk.config import load

    async def watch(kiosk: "Kiosk") -> None:
        stamps["window"] = time.monotonic()
        stamps["served"] = await _served(kiosk)

    logging.basicConfig()
    logging.getLogger().handlers[0].setLevel(logging.WARNING)  # of Kivy's words, too
    found = load(config)
    prepare_kivy(found.state)
    asyncio.run(serve(found, beside=watch))
    print(json.dumps(stamps), flush=True)


async def _served(kiosk: "Kiosk") -> float:
    """When the first frame that shows an attract screen of a terminal in service was drawn."""
    from kivy.base import EventLoop
    from kivy.graphics.opengl import glFinish

    from flows.screens import Attract

    drawn: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def flip(_window: object) -> None:
        if isinstance(kiosk.stage.shown, Attract) and kiosk.service.state.state == "ready" and not drawn.done():
            glFinish()
            drawn.set_result(time.monotonic())

    EventLoop.window.bind(on_flip=flip)
    EventLoop.window.canvas.ask_update()  # should it stand there already, it is drawn once more
    return await drawn


def run() -> list[dict[str, Any]]:
    """One row: seconds."""
    found = asyncio.run(_starts())
    median = {step: statistics.median(one[step] for one in found) for step in STEPS}
    worst = max(one["served"] for one in found)
    return [
        {
            "figure": "start to attract screen",
            "unit": "s",
            "ours": round(median["served"], 3),
            "peer": None,
            "peer_name": "",
            "ratio": None,
            "goal": GOAL,
            "better": "lower",
            "conditions": f"median of {STARTS} fresh processes, the slowest {worst:.2f} s; from just before exec to "
            "the attract screen drawn at 1080x1920 (offscreen SDL, software GL) and the terminal in service: hello of "
            "the branch heard, keys in the PIN pad; branch and simulated devices run already on this machine; files in "
            f"the page cache; on the way: interpreter up {median['interpreter']:.2f} s, window open "
            f"{median['window']:.2f} s",
        }
    ]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--terminal"]:
        _terminal(pathlib.Path(sys.argv[2]))
    else:
        print(json.dumps(run(), indent=1))
