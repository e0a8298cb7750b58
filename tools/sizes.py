"""Size caps: no source file beyond 400 lines, no function beyond 50. Prints the medians; exit 1 beyond a cap."""

import ast
import pathlib
import statistics
import sys
from collections.abc import Iterator, Sequence

ROOMS = ("protocol", "drivers", "flows", "kiosk", "branch", "bench", "tools", "tests")
KINDS = {".py", ".js", ".css", ".html", ".kv", ".sh"}
FILE_CAP, FUNCTION_CAP = 400, 50
Measured = tuple[int, str]
"""Lines, and where."""


def functions(path: pathlib.Path, source: str) -> Iterator[Measured]:
    """Each function of a Python file with its lines, the docstring among them, the decorators not."""
    for node in ast.walk(ast.parse(source, str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            end = node.end_lineno or node.lineno
            yield end - node.lineno + 1, f"{path}:{node.lineno} {node.name}"


def sources(root: pathlib.Path) -> list[pathlib.Path]:
    """Everything that is measured, in order."""
    found = (path for room in ROOMS for path in (root / room).rglob("*") if path.suffix in KINDS)
    return sorted(path for path in found if "__pycache__" not in path.parts)


def report(kind: str, sizes: Sequence[Measured], cap: int) -> int:
    """Print one line of summary and one per offender; answers how many there are."""
    over = sorted((entry for entry in sizes if entry[0] > cap), reverse=True)
    numbers = [lines for lines, _ in sizes] or [0]
    print(f"{kind}: {len(sizes)}, median {statistics.median(numbers):g}, longest {max(numbers)}, cap {cap}")
    for lines, where in over:
        print(f"{where}: {lines} lines, the cap is {cap}")
    return len(over)


def main(argv: Sequence[str]) -> int:
    """Measure the tree at `argv[0]`, or the one this file lies in."""
    root = pathlib.Path(argv[0]) if argv else pathlib.Path(__file__).resolve().parent.parent
    files: list[Measured] = []
    defs: list[Measured] = []
    for path in sources(root):
        source, name = path.read_text("utf-8"), path.relative_to(root)
        files.append((source.count("\n"), str(name)))
        if path.suffix == ".py":
            defs += functions(name, source)
    over = report("files", files, FILE_CAP) + report("functions", defs, FUNCTION_CAP)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
