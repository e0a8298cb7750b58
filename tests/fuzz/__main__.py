"""`make fuzz SECONDS=… TARGET=…`: so many seconds for each codec; a find is kept under tests/fuzz/found/."""

import secrets
import sys

from tests.fuzz.engine import Fuzzer, fails, keep
from tests.fuzz.targets import TARGETS


def main(seconds: str, only: str = "") -> int:
    """One target after the other."""
    finds = 0
    for name in [only] if only else TARGETS:
        fuzzer = Fuzzer(name, secrets.randbelow(10**6))
        data = fuzzer.run(seconds=float(seconds))
        print(f"{name}: seed {fuzzer.seed}, {fuzzer.tried} inputs, {len(fuzzer.kept)} kept", flush=True)  # noqa: T201
        if data is not None:
            finds += 1
            print(f"  {fails(fuzzer.target, data)}\n  kept as {keep(name, data)}", flush=True)  # noqa: T201
    return bool(finds)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
