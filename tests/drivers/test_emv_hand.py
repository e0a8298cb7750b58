"""The thread behind the card reader."""

import subprocess
import sys
import threading

import pytest

from drivers.emv.hand import Hand

STUCK = """
import threading
from drivers.emv.hand import Hand

begun = threading.Event()
hand = Hand("stuck")
hand.submit(lambda: (begun.set(), threading.Event().wait()))
begun.wait()
hand.close()
print("done")
"""


def test_calls_run_one_after_the_other_on_one_thread_and_their_outcome_comes_back() -> None:
    hand = Hand("test")
    names = [hand.submit(lambda: threading.current_thread().name) for _ in range(3)]
    wrong = hand.submit(lambda: 1 // 0)
    assert [name.result(5) for name in names] == ["test"] * 3
    assert isinstance(wrong.exception(5), ZeroDivisionError)
    hand.close()
    hand.close()
    with pytest.raises(RuntimeError):
        hand.submit(int)


def test_what_was_given_up_before_its_turn_is_never_done() -> None:
    hand, go, done = Hand("test"), threading.Event(), list[int]()
    first = hand.submit(lambda: go.wait(5))
    second = hand.submit(lambda: done.append(1))
    assert second.cancel()
    go.set()
    assert first.result(5)
    assert hand.submit(lambda: list(done)).result(5) == []
    hand.close()


def test_a_call_that_never_comes_back_does_not_keep_the_program_from_ending() -> None:
    ended = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=30, check=True)
    assert ended.stdout == "done\n"
