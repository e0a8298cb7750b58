"""`make fuzz SECONDS=… TARGET=…`: so many seconds for each codec; a find is kept under tests/fuzz/found/.

Atheris (libFuzzer) does it, each target in a process of its own; the runner of the suite does it where `ENGINE=own`.
"""

import secrets
import sys

from tests.fuzz import guided
from tests.fuzz.engine import Fuzzer, fails, keep
from tests.fuzz.targets import TARGETS


def main(seconds: str, only: str = "", engine: str = "") -> int:
    """One target after the other."""
    finds = 0
    for name in [only] if only else TARGETS:
        seed = secrets.randbelow(10**6)
        said, data = _own(name, seed, float(seconds)) if engine == "own" else guided.hunt(name, seed, float(seconds))
        print(f"{name}: seed {seed}, {said}", flush=True)  # noqa: T201
        if data is not None:
            finds += 1
            print(f"  {fails(TARGETS[name], data)}\n  kept as {keep(name, data)}", flush=True)  # noqa: T201
    return bool(finds)


def _own(name: str, seed: int, seconds: float) -> tuple[str, bytes | None]:
    fuzzer = Fuzzer(name, seed)
    data = fuzzer.run(seconds=seconds)
    return f"{fuzzer.tried} inputs, {len(fuzzer.kept)} kept", data


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
