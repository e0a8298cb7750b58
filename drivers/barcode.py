"""QR codes in pictures: a pure look at one, and a scanner that looks at what the camera sees until there is one.

Looking takes processor time, so it has a thread of its own; the event loop only waits. Each look is at the camera's
newest picture: those taken meanwhile are left out, never kept.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import zxingcpp

from drivers.api import Camera, Code, DeviceError, Frame, TooLate
from protocol.qr import Content, read

DEVICE = "barcode"
MOST_CODES = 8
"""Codes of one picture that are looked at, the largest first."""
AWAY_S = 1.0
"""Seconds that a code must have been out of sight before it is answered again."""
PICTURE_S = 2.0
"""How long one picture may take before the camera counts as away for now."""
PAUSE_S = 0.05
_LOOK = partial(
    zxingcpp.read_barcodes,
    formats=zxingcpp.BarcodeFormat.QRCode,
    text_mode=zxingcpp.TextMode.Plain,
)


def codes(frame: Frame) -> tuple[Code, ...]:
    """The QR codes in a picture, the largest first; ValueError for a picture of another size than it says."""
    if len(frame.rgb) != frame.width * frame.height * 3 or not frame.rgb:
        raise ValueError(f"no picture of {frame.width}x{frame.height}")
    view = zxingcpp.ImageView(frame.rgb, frame.width, frame.height, zxingcpp.ImageFormat.RGB)
    found = ((_corners(one.position), one.text) for one in _LOOK(view) if one.valid)
    largest = sorted(found, key=lambda one: -_area(one[0]))
    return tuple(Code(read(text), corners) for corners, text in largest[:MOST_CODES])


def _corners(position: Any) -> tuple[tuple[int, int], ...]:
    four = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    return tuple((int(point.x), int(point.y)) for point in four)


def _area(corners: tuple[tuple[int, int], ...]) -> float:
    """Twice the area of a polygon."""
    behind = (*corners[1:], corners[0])
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, behind, strict=True)))


class Scanner:
    """A `drivers.api.BarcodeReader` over a camera, which stays its owner's. One wait at a time."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._thread = ThreadPoolExecutor(1, "barcode")
        self._answered: Content | None = None
        self._seen_at = 0.0
        self._waiting = False

    async def wait_code(self, patience: float, accept: Callable[[Content], bool]) -> Code:
        """See `drivers.api.BarcodeReader`. The code answered last is passed over while it is still held there."""
        if self._waiting:
            raise RuntimeError("a code is being waited for already")
        self._waiting = True
        loop = asyncio.get_running_loop()
        away: DeviceError | None = None
        seeing, end, refused = -PICTURE_S, loop.time() + patience, set[Content]()
        try:
            while (left := end - loop.time()) > 0:
                try:
                    frame = await self._camera.frame(min(left, PICTURE_S))
                    away, seeing = None, loop.time()
                except DeviceError as why:
                    away = why
                    await asyncio.sleep(PAUSE_S)
                    continue
                for code in await loop.run_in_executor(self._thread, codes, frame):
                    if not self._new(code.content, loop.time()) or code.content in refused:
                        continue
                    if accept(code.content):
                        self._answered, self._seen_at = code.content, loop.time()
                        return code
                    refused.add(code.content)
        finally:
            self._waiting = False
        if away is not None and loop.time() - seeing >= PICTURE_S:
            raise away
        raise TooLate(DEVICE, "no code was held before the camera", "begin again")

    def _new(self, content: Content, now: float) -> bool:
        """Not the one that was answered last, or that one after it had been away."""
        if content != self._answered:
            return True
        away, self._seen_at = now - self._seen_at, now
        return away > AWAY_S

    def forget(self) -> None:
        """Drop the memory of codes seen: another customer comes."""
        self._answered = None

    async def close(self) -> None:
        """End the thread; calling twice is harmless. The camera stays open."""
        self._thread.shutdown(wait=False)
