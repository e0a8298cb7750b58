"""Atheris on one target: libFuzzer changes bytes, guided by the branches that our codecs take.

python -m tests.fuzz.guided TARGET FOLDER [options of libFuzzer]
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

MOST = 4096
"""Bytes of an input at most."""
WATCHED = ["drivers", "protocol", "kiosk.config", "branch.settings"]
"""Whose branches guide it."""


def hunt(name: str, seed: int, seconds: float) -> tuple[str, bytes | None]:
    """Fuzz one target for so long, in a process of its own: how much was tried, and what failed, made small."""
    from tests.fuzz.engine import Fuzzer, fails
    from tests.fuzz.targets import TARGETS

    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, data in enumerate(TARGETS[name].seeds):
            (corpus / str(number)).write_bytes(data)
        words = Path(folder) / "words"
        quoted = ("".join(f"\\x{byte:02x}" for byte in word) for word in TARGETS[name].words)
        words.write_text("".join(f'"{word}"\n' for word in quoted))
        options = [f"-seed={seed or 1}", f"-max_total_time={max(1, round(seconds))}", f"-max_len={MOST}"]
        options += [f"-artifact_prefix={folder}/", f"-dict={words}", "-print_final_stats=1", "-rss_limit_mb=2048"]
        command = [sys.executable, "-m", "tests.fuzz.guided", name, str(corpus), *options]
        done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
        tried = re.search(r"number_of_executed_units: (\d+)", done.stderr)
        bad = [path.read_bytes() for path in Path(folder).glob("crash-*")]
        kept = len(list(corpus.iterdir()))
    if done.returncode and not bad:
        raise RuntimeError(done.stderr[-2000:])
    find = Fuzzer(name, seed)._smaller(bad[0]) if bad and fails(TARGETS[name], bad[0]) else (bad or [None])[0]
    return f"{tried[1] if tried else 'some'} inputs, {kept} kept", find


def main(name: str, *options: str) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=WATCHED):
        from tests.fuzz.engine import fails
        from tests.fuzz.targets import TARGETS

    def one(data: bytes) -> None:
        why = fails(TARGETS[name], data)
        if why:
            raise RuntimeError(why)

    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
