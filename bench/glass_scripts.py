"""The longest frames in large type and in Arabic, beside Chinese in the usual size: our glass is its own peer.

The same processes go the same way (bench.glass_tour) in every script and size by turns, the window drawn without a
pause.
"""

import json
import pathlib
import statistics
import tempfile
from typing import Any

from bench.glass import Child, child
from bench.glass_tour import PANEL, WAY

PROCESSES = 3
ROUNDS = 2
GOAL = 1.2
USUAL = "zh"
LOOKS = {"ar": "Arabic", "zh-large": "large type, Chinese", "ar-large": "large type, Arabic"}


def _process(home: pathlib.Path) -> dict[str, float]:
    """The 99th percentile of each look in one process, in milliseconds."""
    frames: dict[str, list[float]] = {look: [] for look in (USUAL, *LOOKS)}
    with child(home, "bench.glass_ours") as ours:
        for look in frames:
            ours.ask("touch", look)
        for number in range(ROUNDS):
            _turns(ours, frames, backwards=bool(number % 2))
    return {look: statistics.quantiles(times, n=100)[98] for look, times in frames.items()}


def _turns(ours: Child, frames: dict[str, list[float]], *, backwards: bool) -> None:
    for look in reversed(frames) if backwards else frames:
        frames[look].extend(ours.ask("frames", look))


def run() -> list[dict[str, Any]]:
    """A row for each look."""
    with tempfile.TemporaryDirectory() as name:
        found = [_process(pathlib.Path(name)) for _ in range(PROCESSES)]
    return [_row(look, words, found) for look, words in LOOKS.items()]


def _row(look: str, words: str, found: list[dict[str, float]]) -> dict[str, Any]:
    ours, peer = (statistics.median(one[name] for one in found) for name in (look, USUAL))
    return {
        "figure": f"p99 frame: {words}",
        "unit": "ms",
        "ours": round(ours, 2),
        "peer": round(peer, 2),
        "peer_name": "Chinese, usual size",
        "ratio": round(statistics.median(one[look] / one[USUAL] for one in found), 3),
        "goal": GOAL,
        "better": "lower",
        "conditions": f"median of {PROCESSES} processes' 99th percentiles, the ratio within each; {PANEL[0]}x{PANEL[1]}"
        f", offscreen SDL, software GL, at most 60 frames a second; {ROUNDS} times the {len(WAY) - 1} touches of a "
        "transfer in each look by turns, each screen shown once before; from glFinish of one frame to that of the next",
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
