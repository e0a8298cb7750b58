"""Rounds of kills under load, then a calm in which everything is told, then the verdict."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kill.judge import judge
from tests.kill.rig import NAMES, Rig, until

CALM = 60.0
"""Seconds until everything has been told."""


@contextmanager
def played(folder: Path, seed: int, rounds: int, url: str = "") -> Iterator[tuple[Rig, Counter[str]]]:
    """In each round a terminal is killed, and the branch, each at a moment of its own; gives what came to pass."""
    print(f"kill seed {seed}: make kill ROUNDS={rounds} SEED={seed} repeats it")  # noqa: T201
    chance, rig = random.Random(seed), Rig(folder, url)
    try:
        rig.start("branch", 0)
        until(rig.answers, "the branch does not come up")
        rig.enrol()
        for name in NAMES:
            rig.start(name, chance.randrange(2**32))
        for number in range(rounds):
            _round(rig, chance, *(NAMES if number % 2 else reversed(NAMES)))
        _calm(rig)
        yield rig, judge(rig)
    finally:
        rig.close()


def _round(rig: Rig, chance: random.Random, victim: str, other: str) -> None:
    """Kill one terminal while it works, and the branch while the other one works, in any order."""
    watched = [(victim, victim), ("branch", other)]
    chance.shuffle(watched)
    for name, at in watched:
        _moment(rig, chance, at)
        rig.kill(name)
        time.sleep(chance.choice((0, 0, 0, 0.2)))
        rig.start(name, chance.randrange(2**32))


def _moment(rig: Rig, chance: random.Random, name: str) -> None:
    """Any moment of a visit; more often than not one soon after an intent was written down."""
    state = chance.choice(("visit-begins", "intent", "intent"))
    before = rig.count(name, state)
    until(lambda: rig.count(name, state) > before, f"{name} serves nobody", step=0.001)
    time.sleep(chance.uniform(0, 0.2 if state == "visit-begins" else 0.04))


def _calm(rig: Rig) -> None:
    """Nobody moves money any more; both customers come until all is told, at either terminal."""
    for name in NAMES:
        rig.kill(name)
        rig.start(name, 0, calm=True)
    until(
        lambda: not any(rig.open(name) for name in NAMES) and not rig.untold(),
        "something never ends, or is never told",
        CALM,
        0.1,
    )
    for name in NAMES:
        rig.kill(name)
