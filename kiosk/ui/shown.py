"""What stands on the glass at a moment."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from flows.ports import Chrome
from flows.screens import Screen
from kiosk.ui.page import Draft, Next


@dataclass
class Shown:
    """A screen on the glass, and who waits for its answer."""

    screen: Screen[Any]
    chrome: Chrome
    draft: Draft
    answer: "asyncio.Future[object]"
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    next: Next | None = None
    money: bool = False
    """An amount stands on it."""
