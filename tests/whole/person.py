"""A person before a window: eyes that read the display, and a finger. She knows nothing else of the kiosk."""

import asyncio
import ctypes
from dataclasses import dataclass

import pytesseract
from PIL import Image, ImageGrab

PATIENCE = 40.0
"""Seconds that something may take to come."""
LOOK = 0.1
LARGER = 2
"""Letters are read better when they are larger."""
CLIENT_MESSAGE, LONGS = 33, 32
"""A message from one X client to another, and its format: X.h and the ICCCM, 4.1.2.7 WM_PROTOCOLS."""


@dataclass(frozen=True)
class Word:
    """A word on the display, and its middle in pixels from the upper left."""

    text: str
    x: int
    y: int


class _Message(ctypes.Structure):
    """XClientMessageEvent of Xlib.h, as large as any XEvent."""

    _fields_ = (
        ("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int), ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong), ("message_type", ctypes.c_ulong), ("format", ctypes.c_int),
        ("data", ctypes.c_ulong * 5), ("rest", ctypes.c_long * 24),
    )  # fmt: skip


@dataclass(frozen=True)
class Person:
    """At the display of that name, such as `:77`."""

    display: str

    def looks(self) -> Image.Image:
        """What the display shows."""
        return ImageGrab.grab(xdisplay=self.display)

    async def reads(self) -> list[Word]:
        """Every word in reading order."""
        return await asyncio.to_thread(read, self.looks())

    async def sees(self, *words: str) -> Word:
        """Wait until these words stand beside each other; answers the place of the first."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:
            found = await self.reads()
            texts = [word.text for word in found]
            for at in range(len(texts) - len(words) + 1):
                if tuple(texts[at : at + len(words)]) == words:
                    return found[at]
            assert loop.time() < until, f"{words} did not come; the display shows {texts}"
            await asyncio.sleep(LOOK)

    async def touches(self, *words: str) -> None:
        """Touch where these words stand, once they do."""
        word = await self.sees(*words)
        await self.puts_finger(word.x, word.y)

    async def puts_finger(self, x: int, y: int) -> None:
        """Touch and lift."""
        await self._xdotool("mousemove", str(x), str(y), "mousedown", "1", "sleep", "0.1", "mouseup", "1")

    async def closes_window(self, pid: int) -> None:
        """Ask the window of a process to close, as the cross in its title bar does."""
        window = int((await self._xdotool("search", "--onlyvisible", "--pid", str(pid))).split()[0])
        x = ctypes.CDLL("libX11.so.6")
        x.XOpenDisplay.restype, x.XInternAtom.restype = ctypes.c_void_p, ctypes.c_ulong
        display = ctypes.c_void_p(x.XOpenDisplay(self.display.encode()))
        kind, data = (x.XInternAtom(display, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
        message = _Message(CLIENT_MESSAGE, window=window, message_type=kind, format=LONGS)
        message.data[0] = data
        assert x.XSendEvent(display, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(message))
        x.XCloseDisplay(display)

    async def _xdotool(self, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "xdotool", *words, stdout=asyncio.subprocess.PIPE, env={"DISPLAY": self.display}
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, words
        return said.decode()


def read(picture: Image.Image) -> list[Word]:
    """The words of a picture, light ones on dark too, without the marks around them."""
    large = picture.convert("L").resize((picture.width * LARGER, picture.height * LARGER))
    found = pytesseract.image_to_data(large, config="--psm 11", output_type=pytesseract.Output.DICT)
    places = zip(found["text"], found["left"], found["top"], found["width"], found["height"], strict=True)
    return [
        Word(text.strip(".,:?!“”"), (left + wide // 2) // LARGER, (top + high // 2) // LARGER)
        for text, left, top, wide, high in places
        if text.strip()
    ]
