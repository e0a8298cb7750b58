"""A small fuzzer: bytes are changed by chance, and an input that reaches a line that none has reached is kept.

Lines are counted by the interpreter's own tracing, so that it needs no build of anything.
"""

import hashlib
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.targets import TARGETS, Target

FOUND = Path(__file__).with_name("found")
OURS = tuple(f"/{room}/" for room in ("drivers", "protocol", "kiosk", "branch", "fuzz"))
MOST = 4096
"""Bytes of an input at most."""
SHORTEN = 400
"""Tries to make a find smaller."""


def fails(target: Target, data: bytes) -> str:
    """What a target must not do with these bytes, and did; "" when all is well."""
    try:
        target.run(data)
    except target.says_no:
        return ""
    except Exception as why:  # noqa: BLE001  whatever it was, that is the find
        return f"{type(why).__name__}: {why}"
    return ""


@dataclass
class Fuzzer:
    """Works on one target; all chance comes from one seed."""

    name: str
    seed: int
    tried: int = 0
    _reached: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.target, self.chance = TARGETS[self.name], random.Random(self.seed)
        self.kept = list(self.target.seeds)

    def run(self, times: int = sys.maxsize, seconds: float = 1e9) -> bytes | None:
        """Try so often, or so long: the first input with which it does what it must not, made small; None for none."""
        until = time.monotonic() + seconds
        for data in self.kept:
            self._traced(data)
        while self.tried < times and time.monotonic() < until:
            self.tried += 1
            data = self._changed(self.chance.choice(self.kept))[:MOST]
            before = len(self._reached)
            if self._traced(data):
                return self._smaller(data)
            if len(self._reached) > before:
                self.kept.append(data)
        return None

    def _traced(self, data: bytes) -> str:
        def lines(frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
            self._reached.add((frame.f_code.co_filename, frame.f_lineno))
            return lines

        def enters(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
            return lines if any(room in frame.f_code.co_filename for room in OURS) else None

        before = sys.gettrace()
        sys.settrace(enters)
        try:
            return fails(self.target, data)
        finally:
            sys.settrace(before)

    def _changed(self, data: bytes) -> bytes:
        for _ in range(self.chance.choice((1, 1, 2, 4, 8))):
            data = self._once(data)
        return data

    def _once(self, data: bytes) -> bytes:
        chance = self.chance
        at, upto = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        match chance.randrange(7):
            case 0:
                return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            case 1:
                return (
                    data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
                    if at < len(data)
                    else data
                )
            case 2:
                return data[:at] + data[min(upto, at + chance.randint(1, 32)) :]
            case 3:
                return data[:at] + chance.choice((*self.target.words, b"\x00", b"\xff", b"\x80")) + data[at:]
            case 4:
                return data[:upto] + data[at : min(upto, at + 64)] * chance.randint(1, 40) + data[upto:]
            case 5:
                return data[:at] + chance.choice(self.kept)[at:]
            case _:
                return data[:at] + chance.randbytes(chance.randint(1, 8)) + data[at:]

    def _smaller(self, data: bytes) -> bytes:
        size = max(1, len(data) // 2)
        for _ in range(SHORTEN):
            less = [data[:at] + data[at + size :] for at in range(0, len(data), size)]
            shorter = next((one for one in less if fails(self.target, one)), None)
            if shorter is None and size == 1:
                return data
            data, size = (data, max(1, size // 2)) if shorter is None else (shorter, min(size, max(1, len(shorter))))
        return data


def keep(name: str, data: bytes) -> Path:
    """Save a find; from now on the suite replays it."""
    FOUND.mkdir(exist_ok=True)
    path = FOUND / f"{name}.{hashlib.sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    return path


def found() -> list[Path]:
    """Every find so far."""
    return sorted(path for path in FOUND.iterdir() if path.name.partition(".")[0] in TARGETS)
