"""One thread for calls that block, and that nobody can interrupt."""

import concurrent.futures
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Hand:
    """Runs one call after the other. A call that never comes back does not keep the program from ending.

    That is why this is no ThreadPoolExecutor: the interpreter waits for those threads at its end, and a card that
    falls silent in mid-command holds its thread until somebody pulls it.
    """

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._closed = False

    def submit(self, act: Callable[[], T]) -> concurrent.futures.Future[T]:
        """Queue a call. RuntimeError after `close`."""
        if self._closed:
            raise RuntimeError("this thread has been told to end")
        if self._thread.ident is None:
            self._thread.start()
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._jobs.put(lambda: _do(act, future))
        return future

    def close(self) -> None:
        """End after what is queued; calling twice is harmless."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # an idle thread holds nothing of the last card


def _do(act: Callable[[], T], future: concurrent.futures.Future[T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(act())
    except BaseException as why:  # noqa: BLE001  it belongs to whoever waits, as in any executor
        future.set_exception(why)
