"""One-time codes on their way to a phone: a port, and what stands behind it in development."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from protocol.mask import mask_phone

KEPT = 20
"""Lines in the development file."""


class CodeNotSent(Exception):
    """The message service did not take it."""


@runtime_checkable
class CodeSender(Protocol):
    """A bank's message service."""

    def send(self, phone: str, code: str, why: str, language: str) -> None:
        """Send a code to a telephone number, in words that say what it is for; CodeNotSent when it was not taken."""
        ...

    def tell(self, phone: str, what: str, language: str) -> None:
        """Say to a telephone that something was done, `what`: `phone-changed`; CodeNotSent when it was not taken."""
        ...


class Nobody:
    """No message service is set up."""

    def send(self, phone: str, code: str, why: str, language: str) -> None:  # noqa: ARG002  whatever it is
        raise CodeNotSent

    def tell(self, phone: str, what: str, language: str) -> None:  # noqa: ARG002  whatever it is
        raise CodeNotSent


class FileSender:
    """For development and the demo: the last codes stand in a file of the server's own (0600), never in a log."""

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        self._path, self._clock = path, clock

    def send(self, phone: str, code: str, why: str, language: str) -> None:
        self._add({"phone": mask_phone(phone), "code": code, "why": why, "to": language})

    def tell(self, phone: str, what: str, language: str) -> None:
        self._add({"phone": mask_phone(phone), "told": what, "to": language})

    def _add(self, words: dict[str, str]) -> None:
        line = json.dumps({"at": self._clock(), **words})
        kept = [*sent(self._path), line][-KEPT:]
        made = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(made, "w", encoding="utf-8") as file:
            file.write("\n".join(kept) + "\n")


def sent(path: Path) -> list[str]:
    """The lines that stand there, oldest first."""
    return path.read_text("utf-8").splitlines() if path.exists() else []
