"""The files of a journal as a power cut leaves them: a write that was under way is half there, with junk behind it."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Image = tuple[bytes, bytes]
"""The database and its write-ahead log."""


@dataclass
class Disk:
    """Holds what lies on the disk at the moment of the cut, until the program that died has let go of it."""

    path: Path
    chance: random.Random
    torn: int = 0
    """Writes that were really torn."""
    _image: Image | None = None
    _looks: bool = False
    _kept: list[str] = field(default_factory=list)

    @property
    def _log(self) -> Path:
        return self.path.with_name(f"{self.path.name}-wal")

    def _files(self) -> Image:
        return self.path.read_bytes(), self._log.read_bytes() if self._log.exists() else b""

    def tear(self, work: Callable[[], Any]) -> None:
        """The power fails within this write, which nobody has been told of."""
        self._kept, before = self._hashes(), self._files()
        with suppress(sqlite3.Error):
            work()
        after = self._files()
        if after[0] != before[0]:  # it was safe in the log, and already on its way into the database
            self._kept, self._image = self._hashes(), after
            return
        self._image = after[0], self._half(before[1], after[1])
        self.torn += after[1] != before[1]

    def forget(self) -> None:
        """The power did not fail after all."""
        self._image = None

    def _half(self, old: bytes, new: bytes) -> bytes:
        """The new log up to some byte of what was written; behind it the old one, nothing, or junk."""
        there = old.ljust(len(new), b"\0")
        changed = [at for at in range(0, len(new), 8) if new[at : at + 8] != there[at : at + 8]]
        if not changed:
            return self._with_junk(new)
        upto = self.chance.randint(changed[0], changed[-1])
        match self.chance.randrange(3):
            case 0:
                return new[:upto] + old[upto:]
            case 1:
                return new[:upto]
            case _:
                return new[:upto] + self.chance.randbytes(len(new) - upto)

    def cut(self) -> None:
        """The power fails when all that was told to be written is written; half a frame of junk may follow it."""
        self._kept, (database, log) = self._hashes(), self._files()
        self._image = database, self._with_junk(log)

    def _with_junk(self, log: bytes) -> bytes:
        return log + self.chance.randbytes(self.chance.randint(0, 5000)) if log else log

    def put_back(self) -> None:
        """After the dead program's handles are closed: what the next program finds."""
        if self._image is None:
            return
        (database, log), self._image = self._image, None
        self.path.write_bytes(database)
        self._log.write_bytes(log)
        self.path.with_name(f"{self.path.name}-shm").unlink(missing_ok=True)
        self._looks = True

    def check(self) -> None:
        """After the next program has opened the journal."""
        if self._looks:
            self._looks = False
            assert self._hashes() == self._kept, "each row that was told to be written is there, and none that was not"

    def _hashes(self) -> list[str]:
        with closing(sqlite3.connect(self.path)) as db:
            return [text for (text,) in db.execute("select hash from entry order by seq")]
