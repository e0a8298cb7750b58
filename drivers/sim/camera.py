"""The far end of the camera: a film with the word SIM and a running clock, which can be pulled out, damaged or frozen.

The film lies beside the path that is shown; plugging is a hard link, unplugging its removal, so the driver meets what
it meets with a real camera: a name that is there or not, and a decoder that likes what it reads or not. A code can be
held before it (`show`): then it films that.
"""

import asyncio
import os
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import segno

from drivers.sim.base import Verb
from protocol.qr import Appointment, Payment, write

Picture = np.ndarray[Any, np.dtype[np.uint8]]
SPECIMENS = {
    "invoice": ("01,10,044031900111,12345678,1280.50,20310314,12345678901234567890,",),
    "payment": (write(Payment("WATER-0755", "00123456789", 12_050, date(2031, 3, 31))),),
    "appointment": (write(Appointment("0001", "A1B2C3", date(2031, 3, 14), time(9, 30))),),
    "advertisement": ("https://example.com/lucky?winner=1",),
    "two-codes": (write(Payment("POWER-0755", "7654321")), "https://example.com/"),
}
"""What can be held before the camera: the texts of its codes."""
HELD_S = 1.0
"""Seconds of film with a code in it; it is looped."""


class CameraFarEnd:
    """One simulated camera: `seconds` of moving test pattern at `fps` pictures a second; `chance` damages it."""

    name = "camera"
    verbs = (
        Verb("show", "Hold a code before it", tuple(SPECIMENS)),
        Verb("hide", "Take it away"),
        Verb("plug", "Plug in"),
        Verb("unplug", "Unplug"),
    )
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
        self._films = {name: folder / f"film-{name}.mp4" for name in ("moving", "frozen", "garbled", *SPECIMENS)}
        self._held = ""

    async def start(self) -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        await self._made(self._make)
        self._show("moving")
        return f"file:{self.path}"

    async def stop(self) -> None:
        for path in (self.path, *self._films.values()):
            path.unlink(missing_ok=True)

    async def act(self, verb: str, choice: str = "") -> None:
        if verb in ("plug", "unplug") and not choice:
            await self.set_fault("unplugged" if verb == "unplug" else "")
        elif verb == "hide" and not choice:
            await self._hold("")
        elif verb == "show" and choice in SPECIMENS:
            await self._hold(choice)
        else:
            raise ValueError("no such act at the camera")

    async def _hold(self, held: str) -> None:
        """Film a code, or nothing special; a film of it is made when it is held there for the first time."""
        if held and not self._films[held].exists():
            await self._made(lambda: self._film(self._films[held], range(max(2, round(HELD_S * self._fps))), held))
        self._held = held
        if not self.fault:
            self._show(held or "moving")

    async def _made(self, make: Callable[[], None]) -> None:
        with ThreadPoolExecutor(1, "film") as thread:
            await asyncio.get_running_loop().run_in_executor(thread, make)

    async def set_fault(self, fault: str) -> None:
        if fault and fault not in self.faults:
            raise ValueError(f"no such fault: {fault}")
        self.fault = fault
        if fault == "unplugged":
            self.path.unlink(missing_ok=True)
        else:
            self._show(fault or self._held or "moving")

    def state(self) -> Mapping[str, Any]:
        return {
            "plugged": self.path.exists(),
            "shows": self._held,
            "size": list(self._size),
            "fps": self._fps,
            "fault": self.fault,
        }

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

    def _film(self, path: Path, times: "range | list[int]", held: str = "") -> None:
        film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), float(self._fps), self._size)
        if not film.isOpened():
            raise OSError(f"{path}: no film can be written")
        for number in times:
            picture = self._picture(number)
            for place, text in enumerate(SPECIMENS.get(held, ())):
                _lay(picture, text, place, len(SPECIMENS[held]))
            film.write(picture)
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


def _lay(picture: Picture, text: str, place: int, places: int) -> None:
    """Lay a code on white ground into the picture, as the `place`-th of so many side by side."""
    modules = 1 - np.array([list(row) for row in segno.make_qr(text).matrix_iter(border=4)], dtype=np.uint8)
    height, width = picture.shape[:2]
    scale = max(1, min(height * 9 // 10, width * 9 // 10 // places) // modules.shape[0])
    code = np.kron(modules, np.ones((scale, scale), np.uint8)) * 255
    side = code.shape[0]
    top, left = (height - side) // 2, (width * (2 * place + 1) // places - side) // 2
    picture[top : top + side, left : left + side] = code[: height - top, : width - left, np.newaxis]
