"""A film in a file: pictures with their own times, as H.264 in MP4."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from PIL import Image

MILLISECOND = Fraction(1, 1000)


@contextmanager
def film(path: Path, size: tuple[int, int], rate: int) -> Iterator[Callable[[Image.Image], None]]:
    """Open a film and answer what adds a picture of `size` (even numbers) to it, at the moment it is added.

    `rate` is the most pictures a second; a film runs as fast as what it shows.
    """
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=rate, options={"crf": "28", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.time_base = stream.codec_context.time_base = MILLISECOND
        began, coding = time.monotonic(), threading.Lock()
        closed: list[bool] = []  # a picture may still be added when the film is closed

        def add(picture: Image.Image) -> None:
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = round((time.monotonic() - began) * 1000), MILLISECOND
            with coding:
                if not closed:
                    container.mux(stream.encode(frame))

        try:
            yield add
        finally:
            with coding:
                closed.append(True)
                container.mux(stream.encode())
