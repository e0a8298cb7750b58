"""Every figure we claim, beside a peer measured in the same run: `python -m bench [NAME…]`.

Each module here with a `run() -> list[dict]` is a bench. It runs in a process of its own, bounded, so that one cannot
disturb the next. Its rows go to build/bench/NAME.json and into one table. A figure that has no peer to stand beside has
peer and ratio null, peer_name "", and its goal is on `ours`. A missed goal is marked and is no failure; a bench that
crashes, hangs or answers no rows is: then the exit code is 1.
"""

import argparse
import ast
import importlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

HERE = pathlib.Path(__file__).parent
OUT = pathlib.Path("build/bench")
PATIENCE = 600.0
"""Seconds for one bench."""
Row = Mapping[str, Any]
KEYS = ("figure", "unit", "ours", "peer", "peer_name", "ratio", "goal", "better", "conditions")
HEAD = ("figure", "ours", "peer", "ratio", "goal", "")


def benches() -> list[str]:
    """The modules here that define `run`, found without importing them."""
    names = []
    for path in sorted(HERE.glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        if path.stem != "__main__" and any(
            isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body
        ):
            names.append(path.stem)
    return names


def measure(name: str, patience: float) -> list[Row] | str:
    """The rows of one bench, from a child process; or words that say how it failed."""
    with tempfile.TemporaryDirectory() as folder:
        answer = pathlib.Path(folder) / "rows.json"
        words = [sys.executable, "-m", "bench", "--child", str(answer), name]
        process = subprocess.Popen(words, stdout=sys.stderr, start_new_session=True)
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            return f"not done after {patience:g} s"
        finally:
            _end(process)
        if code or not answer.exists():
            return f"ended with code {code}; its words stand above"
        return checked(json.loads(answer.read_text("utf-8")))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The child is a session of its own: whatever it started ends with it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()


def checked(rows: Any) -> list[Row] | str:
    """The rows, if they are rows."""
    if not isinstance(rows, list) or not rows:
        return "answered no rows"
    for row in rows:
        missing = [key for key in KEYS if key not in row]
        if missing:
            return f"a row without {', '.join(missing)}"
        if row["better"] not in ("lower", "higher"):
            return f"{row['figure']}: better is lower or higher"
        if len({row["peer"] is None, row["ratio"] is None, row["peer_name"] == ""}) != 1:
            return f"{row['figure']}: peer, peer_name and ratio stand together or are all empty"
    return rows


def met(row: Row) -> bool | None:
    """Does the ratio to the peer, or the figure itself without one, meet its goal? None where no goal is set."""
    if row["goal"] is None:
        return None
    judged = row["ours"] if row["peer"] is None else row["ratio"]
    return bool(judged <= row["goal"] if row["better"] == "lower" else judged >= row["goal"])


def table(rows: Sequence[Row]) -> str:
    """Columns for people; conditions stay in the files."""
    marks = {True: "ok", False: "MISSED", None: ""}
    lines = [HEAD]
    for row in rows:
        sign = "<=" if row["better"] == "lower" else ">="
        alone = row["peer"] is None
        goal = "" if row["goal"] is None else f"{sign} {row['goal']:g}{' ' + row['unit'] if alone else ''}"
        ours = f"{row['ours']:.4g} {row['unit']}"
        peer = "-" if alone else f"{row['peer']:.4g} ({row['peer_name']})"
        ratio = "-" if alone else f"{row['ratio']:.3f}"
        lines.append((row["figure"], ours, peer, ratio, goal, marks[met(row)]))
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def main(argv: Sequence[str]) -> int:
    """Run the benches named, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Our figures, each beside a peer")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(benches())}; all when none is given")
    parser.add_argument("--patience", type=float, default=PATIENCE, metavar="S", help="seconds for one bench")
    parser.add_argument("--child", type=pathlib.Path, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    unknown = sorted(set(args.names) - set(benches()))
    if unknown:
        parser.error(f"no bench {', '.join(unknown)}; there are {', '.join(benches())}")
    if args.child:
        args.child.write_text(json.dumps(importlib.import_module(f"bench.{args.names[0]}").run()), "utf-8")
        return 0
    return run_all(args.names or benches(), args.patience)


def run_all(names: Sequence[str], patience: float) -> int:
    """One after the other, since two at once would measure each other."""
    OUT.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    failed = []
    for name in names:
        print(f"{name} … (load average {os.getloadavg()[0]:.1f})", file=sys.stderr, flush=True)
        said = measure(name, patience)
        if isinstance(said, str):
            failed.append(f"{name}: {said}")
        else:
            (OUT / f"{name}.json").write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", "utf-8")
            rows += said
    print(table(rows))
    print(*failed, sep="\n", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
