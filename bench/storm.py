"""Storm visits a second: how much bad weather the tests can afford.

Whole visits with faults of bank, line, devices and power, judged at the end of each storm, in as many processes as
`make test` takes. No other machine publishes one, so there is no peer; the goal is that the two thousand visits of
`make test` take less than four minutes.
"""

import json
import time
from typing import Any

from tests.storm.storms import KINDS, VISITS, Storm, blow_all, quiet

PROCESSES = 2
SEED = 700
GOAL = 2000 / 240


def run() -> list[dict[str, Any]]:
    """One row: a storm of each kind."""
    quiet()
    storms = [Storm(SEED + number) for number in range(len(KINDS))]
    began = time.perf_counter()
    results = list(blow_all(storms, PROCESSES))
    seconds = time.perf_counter() - began
    broken = [f"{one.storm.command}\n{one.broken}" for one in results if one.broken]
    if broken:
        raise AssertionError("\n".join(broken))
    visits = sum(one.visits for one in results)
    met = sum((one.met for one in results), start=type(results[0].met)())
    return [
        {
            "figure": "storm visits",
            "unit": "1/s",
            "ours": round(visits / seconds, 1),
            "peer": None,
            "peer_name": "",
            "ratio": None,
            "goal": round(GOAL, 1),
            "better": "higher",
            "conditions": f"{visits} visits in {len(storms)} storms of at least {VISITS}, one of each kind, "
            f"{PROCESSES} processes, their start and the judging of each storm included; {sum(met.values())} "
            f"things met, of {len(met)} kinds",
        }
    ]


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
