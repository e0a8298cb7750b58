"""The far end of the camera: a film with the word SIM and a running clock, which can be pulled out, damaged or frozen.

The film lies beside the path that is shown; plugging is a hard link, unplugging its removal, so the driver meets what
it meets with a real camera: a name that is there or not, and a decoder that likes what it reads or not.
"""

import asyncio
import os
import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from drivers.sim.base import Verb

Picture = np.ndarray[Any, np.dtype[np.uint8]]


class CameraFarEnd:
    """One simulated camera: `seconds` of moving test pattern at `fps` pictures a second; `chance` damages it."""

    name = "camera"
    verbs = (Verb("plug", "Plug in"), Verb("unplug", "Unplug"))
    faults = ("frozen", "garbled", "unplugged")

    def __init__(
        self,
        folder: Path,
        *,
        seconds: float = 10.0,
        fps: int = 15,
        size: tuple[int, int] = (640, 480),
        chance: random.Random | None = None,
    ) -> None:
        self.fault, self.path = "", folder / "camera.mp4"
        self._folder, self._count, self._fps, self._size = folder, max(2, round(seconds * fps)), fps, size
        self._chance = chance or random.Random(1)
        self._films = {name: folder / f"film-{name}.mp4" for name in ("moving", "frozen", "garbled")}

    async def start(self) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(1, "film") as thread:
            await asyncio.get_running_loop().run_in_executor(thread, self._make)
        self._show("moving")
        return f"file:{self.path}"

    async def stop(self) -> None:
        for path in (self.path, *self._films.values()):
            path.unlink(missing_ok=True)

    async def act(self, verb: str, choice: str = "") -> None:
        if verb not in ("plug", "unplug") or choice:
            raise ValueError(f"no such act: {verb} {choice}")
        await self.set_fault("unplugged" if verb == "unplug" else "")

    async def set_fault(self, fault: str) -> None:
        if fault and fault not in self.faults:
            raise ValueError(f"no such fault: {fault}")
        self.fault = fault
        if fault == "unplugged":
            self.path.unlink(missing_ok=True)
        else:
            self._show(fault or "moving")

    def state(self) -> Mapping[str, Any]:
        return {"plugged": self.path.exists(), "size": list(self._size), "fps": self._fps, "fault": self.fault}

    def _show(self, name: str) -> None:
        """Put one film under the path, in one step."""
        beside = self._folder / "camera.next"
        beside.unlink(missing_ok=True)
        os.link(self._films[name], beside)
        beside.replace(self.path)

    def _make(self) -> None:
        moving = self._films["moving"]
        self._film(moving, range(self._count))
        self._film(self._films["frozen"], [0, 0])
        self._films["garbled"].write_bytes(self._chance.randbytes(moving.stat().st_size))

    def _film(self, path: Path, times: "range | list[int]") -> None:
        film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), float(self._fps), self._size)
        if not film.isOpened():
            raise OSError(f"{path}: no film can be written")
        for number in times:
            film.write(self._picture(number))
        film.release()

    def _picture(self, number: int) -> Picture:
        """Colour bars that wander to the right, SIM, and the film's own time."""
        width, height = self._size
        bars = (np.arange(width) // max(1, width // 8) + number) % 8
        row = np.stack([bars & 1, bars >> 1 & 1, bars >> 2 & 1], axis=1).astype(np.uint8) * 160 + 40
        picture: Picture = np.repeat(row[np.newaxis], height, axis=0).copy()
        words = f"SIM {number / self._fps:05.2f}"
        scale = width / 320
        cv2.putText(picture, words, (width // 16, height // 2), cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 4)
        cv2.circle(picture, (number * 7 % width, height * 3 // 4), height // 16, (0, 0, 255), -1)
        return picture
