"""How things are waited for, and ended."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from drivers.api import TooLate

T = TypeVar("T")


async def patiently(act: Callable[[], Awaitable[T]]) -> T:
    """Wait at a device for as long as the visit waits for her: whether she has gone is not the device's to say."""
    while True:  # ended by the idle rule, by her, or by the device
        try:
            return await act()
        except TooLate:
            continue


async def cancelled(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel, and wait until each has really ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def outlived(task: "asyncio.Future[Any]") -> None:
    """An effect that outlived its visit has written its ending, or settle() will: nobody waits for its answer."""
    if not task.cancelled():
        task.exception()
