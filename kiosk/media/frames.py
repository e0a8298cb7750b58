"""Pictures shared between processes: a ring of slots in a mapped file, read without a lock.

    header   magic 4 | slots u32 | slot bytes u32 | newest slot u32 (0xFFFFFFFF: none)
    slot     sequence u64 | at f64 | width u32 | height u32 | number u64 | RGB … | sequence u64

A writer makes both sequences differ, writes, then makes them equal; a reader believes a slot whose two sequences are
equal and even before and after it copied the picture. Native byte order: both sides are on one machine.
"""

import mmap
import os
import struct
from contextlib import suppress
from pathlib import Path

from drivers.api import Frame

MAGIC = b"KFR1"
HEADER, SLOT, TAIL = struct.Struct("=4sIII"), struct.Struct("=QdIIQ"), struct.Struct("=Q")
SLOTS, MOST = 4, 1920 * 1080 * 3
NONE = 0xFFFFFFFF
TRIES = 8
"""Torn reads before a reader gives up for this time."""


class FrameWriter:
    """The one that writes. `close` removes the file; readers that still map it see nothing new."""

    def __init__(self, path: Path, most: int = MOST) -> None:
        self._path, self._most = path, most
        self._stride = SLOT.size + most + TAIL.size
        size = HEADER.size + SLOTS * self._stride
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.ftruncate(number, size)
            self._map = mmap.mmap(number, size)
        finally:
            os.close(number)
        self._sequence, self._next = 0, 0
        HEADER.pack_into(self._map, 0, MAGIC, SLOTS, most, NONE)

    def write(self, frame: Frame) -> None:
        """Publish a picture; ValueError for one that is larger than a slot."""
        if len(frame.rgb) > self._most or len(frame.rgb) != frame.width * frame.height * 3:
            raise ValueError(f"a picture of {frame.width}x{frame.height} does not fit")
        at = HEADER.size + self._next * self._stride
        tail = at + SLOT.size + self._most
        self._sequence += 2
        SLOT.pack_into(self._map, at, self._sequence - 1, frame.at, frame.width, frame.height, frame.number)
        self._map[at + SLOT.size : at + SLOT.size + len(frame.rgb)] = frame.rgb
        TAIL.pack_into(self._map, tail, self._sequence)
        TAIL.pack_into(self._map, at, self._sequence)
        HEADER.pack_into(self._map, 0, MAGIC, SLOTS, self._most, self._next)
        self._next = (self._next + 1) % SLOTS

    def wipe(self) -> None:
        """Leave nothing to see: no newest slot, and every picture overwritten."""
        HEADER.pack_into(self._map, 0, MAGIC, SLOTS, self._most, NONE)
        for slot in range(SLOTS):
            at = HEADER.size + slot * self._stride
            self._map[at : at + self._stride] = bytes(self._stride)

    def close(self) -> None:
        """Wipe, unmap, remove; calling twice is harmless."""
        if not self._map.closed:
            self.wipe()
            self._map.close()
            self._path.unlink(missing_ok=True)


def wipe_left(path: Path) -> None:
    """Take every picture out of a file whose writer has died, then the file itself; who still maps it sees nothing."""
    with suppress(OSError), path.open("r+b") as file:  # it never came to be, or memory is full: the file goes anyway
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        file.write(HEADER.pack(MAGIC, SLOTS, 0, NONE)[:size])
        while (left := size - file.tell()) > 0:
            file.write(bytes(min(left, 1 << 20)))
    path.unlink(missing_ok=True)


class FrameReader:
    """One of any number of readers. FileNotFoundError while no writer has made the file."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        magic, self._slots, self._most, _ = HEADER.unpack_from(self._map, 0)
        if magic != MAGIC:
            self._map.close()
            raise ValueError(f"{path} holds no frames")
        self._stride = SLOT.size + self._most + TAIL.size

    def newest(self) -> Frame | None:
        """The newest whole picture; None when there is none, or the writer was faster each time."""
        for _ in range(TRIES):
            slot: int = HEADER.unpack_from(self._map, 0)[3]
            if slot >= self._slots:
                return None
            if (frame := self._read(slot)) is not None:
                return frame
        return None

    def _read(self, slot: int) -> Frame | None:
        at = HEADER.size + slot * self._stride
        before, when, width, height, number = SLOT.unpack_from(self._map, at)
        size = width * height * 3
        if before % 2 or not before or size > self._most:
            return None
        rgb = self._map[at + SLOT.size : at + SLOT.size + size]
        (tail,) = TAIL.unpack_from(self._map, at + SLOT.size + self._most)
        (again,) = TAIL.unpack_from(self._map, at)
        return Frame(number, when, width, height, rgb) if before == tail == again else None

    def close(self) -> None:
        """Let go of the mapping; the file is the writer's."""
        self._map.close()
