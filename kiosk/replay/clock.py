"""Loops whose clock is not the wall's: one that jumps from timer to timer, and one that runs faster."""

import asyncio
import selectors
import time

Ready = list[tuple[selectors.SelectorKey, int]]


class _Jump(selectors.SelectSelector):
    """Never waits for a timer: the clock is there already."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Ready:
        if timeout is None:
            raise RuntimeError("everything waits, and nothing will ever happen")
        self.now += max(0.0, timeout)
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """Virtual time, for what waits for nothing outside the program."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        return self._jump.now


class _Fast(selectors.SelectSelector):
    """Waits `speed` times less than it is asked to, and counts only what it has waited, never past the next timer."""

    now = 0.0

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> Ready:
        begun = time.monotonic()
        ready = super().select(timeout if timeout is None else timeout / self._speed)
        passed = (time.monotonic() - begun) * self._speed
        self.now += passed if timeout is None else min(passed, timeout)
        return ready


class FastLoop(asyncio.SelectorEventLoop):
    """Time that runs `speed` times as fast, with real windows and files; it stands while the program works."""

    def __init__(self, speed: float) -> None:
        self._fast = _Fast(speed)
        super().__init__(self._fast)

    def time(self) -> float:
        return self._fast.now
