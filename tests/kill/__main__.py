"""`make kill ROUNDS=… SEED=…`: any number of rounds, on SQLite, or on the database whose URL is the third argument."""

import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.kill.judge import search
from tests.kill.play import played


def main(rounds: str, seed: str = "", url: str = "") -> None:
    """Play, judge, and say what it was made of. The folder stays when something did not hold."""
    folder = Path(tempfile.mkdtemp(prefix="kill-"))
    print(f"in {folder}")  # noqa: T201
    with played(folder, int(seed) if seed else secrets.randbelow(10**6), int(rounds), url) as (rig, met):
        met.update({f"killed {name}": count for name, count in rig.kills.items()})
        met.update({f"named in clear: {where}": count for where, count in search(rig).items()})
    print(*(f"{count:5d} {what}" for what, count in sorted(met.items())), sep="\n")  # noqa: T201
    shutil.rmtree(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
