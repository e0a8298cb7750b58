"""`make storm VISITS=… SEED=… WITHOUT=…`: any number of visits; a storm that breaks something is repeated, smaller."""

import secrets
import sys
import time
from collections import Counter

from tests.storm.storms import PARTS, VISITS, Result, Storm, blow_all, quiet, shrunk


def say(*lines: str) -> None:
    """Onto standard output, at once."""
    print(*lines, sep="\n", flush=True)  # noqa: T201


def storms(visits: int, seed: int, without: tuple[str, ...]) -> list[Storm]:
    """Storms of at most 50 visits, the first of them with this seed."""
    full, rest = divmod(visits, VISITS)
    sizes = [VISITS] * full + [rest] * bool(rest)
    return [Storm(seed + number, size, without) for number, size in enumerate(sizes)]


def table(pairs: Counter[tuple[str, str]]) -> list[str]:
    """Each fault with the steps that it met, and how many pairs of each family were met."""
    lines = []
    for fault in sorted({fault for fault, _ in pairs}):
        steps = {step: count for (name, step), count in pairs.items() if name == fault}
        met = ", ".join(f"{step} {count}" for step, count in sorted(steps.items(), key=lambda one: -one[1]))
        lines.append(f"{fault}: {len(steps)} steps, {sum(steps.values())} times: {met}")
    return [*lines, f"{len(pairs)} pairs of fault and step"]


def main(visits: str, seed: str = "", without: str = "") -> int:
    """Run, report, and make smaller what failed."""
    first = int(seed) if seed else secrets.randbelow(10**6)
    less = tuple(part for part in without.split(",") if part)
    assert set(less) <= set(PARTS), f"WITHOUT knows {', '.join(PARTS)}"
    say(f"storm seed {first}: make storm SEED={first} VISITS={visits} repeats it")
    whole, broken, began = Result(Storm(first)), list[Result](), time.monotonic()
    for result in blow_all(storms(int(visits), first, less)):
        whole.visits += result.visits
        whole.met += result.met
        whole.pairs += result.pairs
        if result.broken:
            broken.append(result)
            say(result.broken, f"broken in a storm of {result.storm.kind}: {result.storm.command}")
    seconds = time.monotonic() - began
    say(*(f"{count:6d} {what}" for what, count in sorted(whole.met.items())), *table(whole.pairs))
    say(f"{whole.visits} visits in {seconds:.0f} s, {len(broken)} storms broken")
    if broken:
        quiet()
        say("looking for the smallest storm …", f"repeat it: {shrunk(broken[0].storm).command}")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
