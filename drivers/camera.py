"""Pictures from a camera that may come and go.

    v4l2:/dev/video0?width=640&height=480      a camera on USB
    rtsp://user:word@10.0.0.5/stream           a network camera; what stands before the @ is never shown
    file:/path/film.mp4?pace=own               a film, looped, at its own pace or (`pace=fast`) as asked for
    sim:camera                                 the far end's film

OpenCV blocks, so one thread is its only place. A task of the event loop keeps reading, so that no old picture waits in
a driver's buffer; a lost camera is looked for again after 0.2 s, doubling to 3 s. A film is always simulated.
"""

import asyncio
import contextlib
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import cv2

from drivers.api import DeviceError, Frame, Garbled, Health, Offline, Status
from drivers.wire import resolve

DEVICE = "camera"
FIRST_WAIT, LONGEST_WAIT = 0.2, 3.0
STILL_AFTER = 5.0
"""Seconds of one and the same picture: a living sensor has noise."""
OPEN_MS, READ_MS = 4000, 3000
MOST_FPS = 120.0


@dataclass(frozen=True)
class _Source:
    """A URL, taken apart."""

    kind: str
    place: str
    shown: str
    options: dict[str, str]

    @property
    def path(self) -> Path | None:
        """The file that must be there, for those that are one."""
        return None if self.kind == "rtsp" else Path(self.place)


class OpenCvCamera:
    """A `drivers.api.Camera`. ValueError for a URL that is none."""

    def __init__(self, url: str) -> None:
        self._url = url
        if not url.startswith("sim:"):
            _parse(url)
        self._thread = ThreadPoolExecutor(1, "camera")
        self._taker: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self._frame: Frame | None = None
        self._why: DeviceError | None = None
        self._identity, self._wanted = "", 0
        self._print, self._still_since = 0, 0.0

    async def frame(self, patience: float) -> Frame:
        """The newest picture, taken after the call; Offline or Garbled when none comes within `patience` seconds."""
        self._begin()
        asked = time.monotonic()
        self._wanted += 1
        try:
            async with asyncio.timeout(patience), self._news:
                self._news.notify_all()
                while self._frame is None or self._frame.at < asked:
                    await self._news.wait()
                return self._frame
        except TimeoutError as why:
            if self._why is None:
                raise Offline(DEVICE, "no picture came", "check the camera and its cable") from why
            kind = Garbled if isinstance(self._why, Garbled) else Offline
            raise kind(DEVICE, self._why.what, self._why.remedy or "check the camera and its cable") from self._why
        finally:
            self._wanted -= 1

    async def status(self) -> Status:
        """Asks for a picture; one that stands still for five seconds is a degraded camera."""
        simulated = self._url.startswith(("sim:", "file:"))
        try:
            frame = await self.frame(1.0)
        except DeviceError as why:
            return Status(DEVICE, Health.OFFLINE, self._identity, simulated, detail=why.what, why=why)
        facts = {"size": f"{frame.width}x{frame.height}"}
        if frame.at - self._still_since > STILL_AFTER:
            return Status(
                DEVICE, Health.DEGRADED, self._identity, simulated, "present", "the picture stands still", facts
            )
        return Status(DEVICE, Health.OK, self._identity, simulated, "present", facts=facts)

    async def close(self) -> None:
        taker, self._taker = self._taker, None
        if taker is not None:
            taker.cancel()
            await asyncio.wait([taker])
        self._thread.shutdown(wait=False)

    # --- the task that takes pictures

    def _begin(self) -> None:
        if self._taker is None:
            self._taker = asyncio.create_task(self._take_on())

    async def _take_on(self) -> None:
        """Open, read, and open again, for as long as the camera is in use."""
        wait = FIRST_WAIT
        while True:
            before = self._frame
            try:
                await self._take_from(_parse(resolve(self._url)))
            except DeviceError as why:
                self._why = why
            except cv2.error as why:
                self._why = Garbled(DEVICE, f"cannot be read: {why.msg}", "look at the camera")
            wait = FIRST_WAIT if self._frame is not before else min(wait * 2, LONGEST_WAIT)
            await asyncio.sleep(wait)

    async def _take_from(self, source: _Source) -> None:
        loop, eye = asyncio.get_running_loop(), _Eye(source)
        try:
            await loop.run_in_executor(self._thread, eye.open)
            self._identity = eye.identity
            while True:
                begun = loop.time()
                if eye.fast:
                    await self._asked_for()
                at, size, rgb = await loop.run_in_executor(self._thread, eye.take)
                await self._publish(at, size, rgb)
                await asyncio.sleep(max(0.0, begun + eye.pause - loop.time()))
        finally:
            with contextlib.suppress(RuntimeError):  # the thread has been told to end
                loop.run_in_executor(self._thread, eye.close)

    async def _asked_for(self) -> None:
        async with self._news:
            while not self._wanted:
                await self._news.wait()

    async def _publish(self, at: float, size: tuple[int, int], rgb: bytes) -> None:
        mark = zlib.adler32(memoryview(rgb)[::97].tobytes())
        if mark != self._print:
            self._print, self._still_since = mark, at
        number = self._frame.number + 1 if self._frame else 1
        async with self._news:
            self._frame, self._why = Frame(number, at, size[0], size[1], rgb), None
            self._news.notify_all()


class _Eye:
    """One opened camera; lives in the camera's thread."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._capture: Any = None
        self._inode = 0
        self.identity, self.pause = source.shown, 0.0
        self.fast = source.kind == "file" and source.options.get("pace") == "fast"

    def open(self) -> None:
        """Offline when it is not there, Garbled when it is no film."""
        source = self._source
        self._inode = self._present()
        if source.kind == "v4l2":
            self._capture = cv2.VideoCapture(source.place, cv2.CAP_V4L2)
            self._size()
            self.identity = _device_name(source.place)
        else:
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_MS]
            self._capture = cv2.VideoCapture(source.place, cv2.CAP_FFMPEG, limits)
        if not self._capture.isOpened():
            raise self._bad("does not open")
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        if source.kind == "file" and not self.fast:
            self.pause = 1.0 / fps if 0 < fps <= MOST_FPS else 1.0 / 25

    def take(self) -> tuple[float, tuple[int, int], bytes]:
        """The next picture: (monotonic seconds, (width, height), RGB)."""
        if self._present() != self._inode:
            raise Offline(DEVICE, f"{self._source.shown} was exchanged", "wait until it is opened again")
        good, picture = self._capture.read()
        if not good and self._source.kind == "file":
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            good, picture = self._capture.read()
        if not good or picture is None:
            raise self._bad("gives no picture")
        at = time.monotonic()
        height, width = picture.shape[:2]
        return at, (width, height), cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).tobytes()

    def close(self) -> None:
        if self._capture is not None:
            self._capture.release()

    def _present(self) -> int:
        """The inode of the file or device; 0 for a network camera. Offline when it is gone."""
        path = self._source.path
        if path is None:
            return 0
        try:
            return path.stat().st_ino
        except OSError as why:
            raise Offline(DEVICE, f"{self._source.shown} is not there", "plug the camera in") from why

    def _size(self) -> None:
        for key, property_ in (("width", cv2.CAP_PROP_FRAME_WIDTH), ("height", cv2.CAP_PROP_FRAME_HEIGHT)):
            if key in self._source.options:
                self._capture.set(property_, int(self._source.options[key]))

    def _bad(self, what: str) -> DeviceError:
        kind = Garbled if self._source.kind == "file" else Offline
        return kind(DEVICE, f"{self._source.shown} {what}", "check the camera and its cable")


def _parse(url: str) -> _Source:
    parts = urlsplit(url)
    options = {key: words[-1] for key, words in parse_qs(parts.query).items()}
    if parts.scheme == "rtsp":
        host = parts.netloc.rpartition("@")[2]
        return _Source("rtsp", url, urlunsplit(parts._replace(netloc=host, query="")), {})
    if parts.scheme in ("v4l2", "file") and parts.path:
        if not all(options.get(key, "1").isdecimal() for key in ("width", "height")):
            raise ValueError(f"{url}: width and height are numbers")
        if options.get("pace", "own") not in ("own", "fast"):
            raise ValueError(f"{url}: pace is own or fast")
        return _Source(parts.scheme, parts.path, parts.path, options)
    raise ValueError(f"{parts.scheme}: a camera is v4l2:DEVICE, rtsp://…, file:FILM or sim:NAME")


def _device_name(place: str) -> str:
    """What the kernel calls the device, e.g. `HD Webcam: HD Webcam`."""
    try:
        return (Path("/sys/class/video4linux") / Path(place).resolve().name / "name").read_text().strip()
    except OSError:
        return place
