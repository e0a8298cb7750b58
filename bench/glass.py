"""Touch to the next screen, and the longest frames, beside a bare Kivy app of the same size making the same change.

A process of its own first writes down, shape by shape, what our stage draws on each screen of a transfer. The peer
(bench.glass_bare) gets that as data and builds the same Labels and shapes on the touch. Then pairs of fresh processes,
ours and the peer's, go the same way in turns, touched by the same hand; one that waits for its turn does nothing.

"On the glass" means that the first frame with the next screen on it is drawn and glFinish has returned.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.glass_tour import ENVIRONMENT, LANGUAGES, PANEL, REST, WAY

PAIRS = 3
GOAL = 1.2
PEER = "bare Kivy app, the same change"
ROUNDS = ("first", "touch", "frames")
"""What each pair does: the first way is the first in its process, with nothing drawn before."""
SIDES = ("ours", "bare")


@dataclass
class Found:
    """Milliseconds of one side."""

    first: list[float] = field(default_factory=list)
    touch: list[float] = field(default_factory=list)
    frames: list[float] = field(default_factory=list)
    """The 99th percentile of each pair."""
    typical: list[float] = field(default_factory=list)
    """The median frame of each pair."""


class Child:
    """One of the two programs, waiting for orders."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, what: str, language: str) -> list[float]:
        """Let it do one thing to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what} {language}\n")
        self._process.stdin.flush()
        found: list[float] = json.loads(self._process.stdout.readline())
        return found


def _environment(home: pathlib.Path) -> dict[str, str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY")
    usual = {name: value for name, value in os.environ.items() if name not in hidden}
    return usual | ENVIRONMENT | {"KIVY_HOME": str(home)}


@contextmanager
def child(home: pathlib.Path, *words: str) -> Iterator[Child]:
    command, pipe = [sys.executable, "-m", *words], subprocess.PIPE
    with subprocess.Popen(command, env=_environment(home), stdin=pipe, stdout=pipe, text=True) as process:
        yield Child(process)
        assert process.stdin is not None
        process.stdin.close()


def measure() -> dict[str, Found]:
    """Both sides."""
    found = {side: Found() for side in SIDES}
    with tempfile.TemporaryDirectory() as name:
        home = pathlib.Path(name)
        scenes = home / "scenes.json"
        words = [sys.executable, "-m", "bench.glass_ours", "--record"]
        scenes.write_bytes(subprocess.run(words, check=True, env=_environment(home), stdout=subprocess.PIPE).stdout)
        for number in range(PAIRS):
            with ExitStack() as stack:
                ours = stack.enter_context(child(home, "bench.glass_ours"))
                bare = stack.enter_context(child(home, "bench.glass_bare", str(scenes)))
                _pair({"ours": ours, "bare": bare}, found, number)
    return found


def _pair(children: dict[str, Child], found: dict[str, Found], number: int) -> None:
    """One pair of processes in turns, each language with the other side first."""
    frames: dict[str, list[float]] = {side: [] for side in SIDES}
    for what in ROUNDS:
        for place, language in enumerate(LANGUAGES):
            for side in SIDES if (number + place) % 2 else SIDES[::-1]:
                times = children[side].ask("frames" if what == "frames" else "touch", language)
                {"first": found[side].first, "touch": found[side].touch, "frames": frames[side]}[what].extend(times)
    for side in SIDES:
        found[side].frames.append(statistics.quantiles(frames[side], n=100)[98])
        found[side].typical.append(statistics.median(frames[side]))


def _row(figure: str, ours: float, peer: float, conditions: str) -> dict[str, Any]:
    way = (
        f"{PANEL[0]}x{PANEL[1]}, offscreen SDL, software GL, KIVY_TEXT=pil, at most 60 frames a second on both sides; "
        f"{len(WAY) - 1} touches of a transfer in {', '.join(LANGUAGES)}, one every {REST:g} s; {PAIRS} pairs of "
        "fresh processes in turns; the peer is given every place and line break"
    )
    return {
        "figure": figure,
        "unit": "ms",
        "ours": round(ours, 2),
        "peer": round(peer, 2),
        "peer_name": PEER,
        "ratio": round(ours / peer, 3),
        "goal": GOAL,
        "better": "lower",
        "conditions": f"{conditions}; {way}",
    }


def run() -> list[dict[str, Any]]:
    """Three rows: a screen seen before, one never seen, and the 99th of a hundred frames."""
    found = measure()
    ours, bare = found["ours"], found["bare"]
    lifted = "median from the finger that leaves the glass to glFinish of the first frame with the next screen on it"
    typical = f"{statistics.median(ours.typical):.1f} ms ours, {statistics.median(bare.typical):.1f} ms the peer's"
    return [
        _row("touch to next screen", statistics.median(ours.touch), statistics.median(bare.touch),
             f"{lifted}; each screen was shown once before, and our letters are kept as textures"),
        _row("touch to next screen, first time", statistics.median(ours.first), statistics.median(bare.first),
             f"{lifted}; no screen was shown before in the process"),
        _row("p99 frame", statistics.median(ours.frames), statistics.median(bare.frames),
             "from glFinish of one frame to that of the next, the window drawn without a pause while the way is gone; "
             f"median of the pairs' 99th percentiles; the median frame is {typical}"),
    ]  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
