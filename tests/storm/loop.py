"""A loop whose clock jumps to the next timer, but never while a thread works."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class _Jump(selectors.SelectSelector):
    now = 0.0
    threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.threads:
            return super().select(timeout if timeout is None else min(timeout, 0.05))
        assert timeout is not None, "everything waits, and nothing will ever happen"
        self.now += max(0.0, timeout)
        return super().select(0)


class StormLoop(asyncio.SelectorEventLoop):
    """Virtual time; real threads are waited for in real time, with the clock standing."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        self._jump.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _: self._ended())
        return future

    def _ended(self) -> None:
        self._jump.threads -= 1
