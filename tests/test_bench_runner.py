"""The bench runner: one table of all figures, a missed goal marked, a crash never hidden."""

import json
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
ROW = {
    "figure": "time to tea", "unit": "ms", "ours": 12.5, "peer": 10, "peer_name": "kettle", "ratio": 1.25, "goal": 1.3,
    "better": "lower", "conditions": "sea level",
}  # fmt: skip


def _bench(tree: pathlib.Path, *words: str, **modules: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the runner in a tree with these bench modules."""
    folder = tree / "bench"
    folder.mkdir()
    shutil.copy(ROOT / "bench/__main__.py", folder)
    for name, body in modules.items():
        (folder / f"{name}.py").write_text(body)
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words], check=False, cwd=tree, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def _rows(**changes: object) -> str:
    return f"def run():\n    return [{ROW | changes!r}]\n"


def test_rows_of_all_benches_stand_in_one_table_and_in_files(tmp_path: pathlib.Path) -> None:
    code, out, _ = _bench(tmp_path, tea=_rows(), coffee=_rows(figure="time to coffee"), common="VALUE = 1\n")
    assert code == 0
    assert "time to tea     12.5 ms  10 (kettle)  1.250  <= 1.3  ok" in out
    assert "time to coffee" in out
    assert json.loads((tmp_path / "build/bench/tea.json").read_text()) == [ROW]
    assert not (tmp_path / "build/bench/common.json").exists()


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({"ratio": 1.31}, "MISSED"),
        ({"better": "higher"}, "MISSED"),
        ({"better": "higher", "ratio": 1.3}, "ok"),
        ({"goal": None}, "1.250"),
    ],
)
def test_a_missed_goal_is_marked_and_is_no_failure(
    tmp_path: pathlib.Path, changes: dict[str, object], mark: str
) -> None:
    code, out, _ = _bench(tmp_path, tea=_rows(**changes))
    assert (code, out.splitlines()[1].split()[-1]) == (0, mark)


ALONE = {"peer": None, "peer_name": "", "ratio": None, "goal": 3, "unit": "s"}


@pytest.mark.parametrize(
    ("changes", "cells"),
    [
        ({"ours": 2.5}, "2.5 s  -     -      <= 3 s  ok"),
        ({"ours": 3.5}, "3.5 s  -     -      <= 3 s  MISSED"),
        ({"ours": 2.5, "better": "higher"}, "2.5 s  -     -      >= 3 s  MISSED"),
        ({"ours": 2.5, "goal": None}, "2.5 s  -     -"),
    ],
)
def test_a_figure_without_a_peer_has_its_goal_on_itself(
    tmp_path: pathlib.Path, changes: dict[str, object], cells: str
) -> None:
    code, out, _ = _bench(tmp_path, tea=_rows(**ALONE | changes))
    assert (code, out.splitlines()[1].removeprefix("time to tea").strip()) == (0, cells)
    assert json.loads((tmp_path / "build/bench/tea.json").read_text()) == [ROW | ALONE | changes]


@pytest.mark.parametrize("changes", [{"peer": None}, {"ratio": None}, {"peer_name": ""}])
def test_half_a_peer_is_no_row(tmp_path: pathlib.Path, changes: dict[str, object]) -> None:
    code, _, err = _bench(tmp_path, tea=_rows(**changes))
    assert code == 1
    assert "time to tea: peer, peer_name and ratio stand together or are all empty" in err


def test_a_bench_that_crashes_hangs_or_answers_nothing_fails_and_the_others_run(tmp_path: pathlib.Path) -> None:
    hang = "import time\ndef run():\n    time.sleep(60)\n"
    modules = {"crash": "def run():\n    raise OSError('gone')\n", "hang": hang, "none": "def run():\n    return []\n"}
    code, out, err = _bench(tmp_path, "--patience", "3", **modules, odd=_rows(better="nicer"), tea=_rows())
    assert code == 1
    assert "time to tea" in out
    assert "crash: ended with code 1" in err
    assert "hang: not done after 3 s" in err
    assert "none: answered no rows" in err
    assert "odd: time to tea: better is lower or higher" in err


def test_one_bench_may_be_named_and_an_unknown_one_is_wrong_usage(tmp_path: pathlib.Path) -> None:
    code, out, _ = _bench(tmp_path, "tea", tea=_rows(), coffee=_rows(figure="time to coffee"))
    assert (code, "coffee" in out) == (0, False)
    shutil.rmtree(tmp_path / "bench")
    assert _bench(tmp_path, "soup", tea=_rows())[0] == 2
