"""What goes on paper, before it is a slip."""

from collections.abc import Callable
from dataclasses import dataclass

from drivers.api import Line
from flows.ports import Words


@dataclass(frozen=True)
class Paper:
    """What a slip says between the bank's name and the thanks."""

    title: str
    lines: tuple[Line, ...]
    qr: str = ""


@dataclass(frozen=True)
class Kept:
    """A paper of this visit that may be printed once more, marked as a copy, in the language of that moment."""

    write: Callable[[Words], Paper]
    at: int
    """UTC milliseconds of the original."""
