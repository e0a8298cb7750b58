"""How a check of the contract says that it is not kept."""

from typing import TypeVar

T = TypeVar("T")


class Broken(Exception):
    """The core does not keep the contract; the words say where."""


def ensure(kept: bool, words: str) -> None:
    """Raise Broken unless it is kept (an assertion would vanish under `python -O`)."""
    if not kept:
        raise Broken(words)


def found(value: T | None, words: str) -> T:
    """The value, which must be there."""
    if value is None:
        raise Broken(words)
    return value
