"""A customer in a hurry: she works the terminal as fast as it goes, and every word that she is told is kept on disk."""

import asyncio
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows import screens as s
from flows.ports import Chrome, Leave
from tests.storm.person import Person

PIN = "314159265358"
"""Twelve digits, the most that a PIN may have; no other number here has them."""


@dataclass
class Notes:
    """Lines of JSON in a file; each is out of this process before the next thing happens."""

    path: Path
    _file: int = field(init=False)

    def __post_init__(self) -> None:
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, **what: Any) -> None:
        """One line more."""
        os.write(self._file, json.dumps(what, ensure_ascii=False).encode() + b"\n")


def read_notes(path: Path) -> list[dict[str, Any]]:
    """Every line that was written whole."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


@dataclass
class Pilot(Person):
    """One visitor after the other, for as long as the terminal serves."""

    heard: Notes | None = None
    calm: bool = False
    """True: nobody moves money any more, they only hear what is still to be told."""

    def arrives(self) -> None:
        super().arrives()
        self.transfers = self.chance.randint(1, 3)

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        if isinstance(screen, s.OutOfService):
            return await self._never()
        if isinstance(screen, s.Attract):
            self._take_all()
            self.arrives()
        if isinstance(screen, s.Tell) and self.heard:
            self.heard.add(key=screen.key, reference=screen.reference)
        return await super().show(screen, chrome)

    async def _answer(self, screen: s.Screen[Any]) -> Any:
        if isinstance(screen, s.Attract):
            return self.chance.choice(screen.languages)
        return await super()._answer(screen)

    async def _mood(self, screen: s.Screen[Any], chrome: Chrome) -> None:
        if not isinstance(screen, s.Attract):
            await super()._mood(screen, chrome)

    async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
        if key == "menu" and self.calm:
            raise Leave
        if key == "menu" and self.transfers and not any(one.disabled for one in options if one.id == "transfer"):
            self.transfers -= 1
            return "transfer" if self.chance.random() < 0.8 else "accounts"
        if key == "identify.how" and self.chance.random() < 0.7:
            return "bank-card"
        return await super()._chooses(key, options)

    def _pin(self) -> str:
        return PIN

    async def warn(self, seconds: float) -> None:
        await (self._never() if self.gone else asyncio.sleep(seconds / 2))
