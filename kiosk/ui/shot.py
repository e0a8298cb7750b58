"""A picture of the glass."""

from pathlib import Path

from kivy.base import EventLoop
from kivy.graphics.opengl import GL_RGBA, GL_UNSIGNED_BYTE, glReadPixels
from PIL import Image


def grab() -> Image.Image:
    """Draw the window once more and answer its pixels."""
    window = EventLoop.window
    window.dispatch("on_draw")
    width, height = window.system_size
    pixels = glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE)
    picture = Image.frombytes("RGBA", (width, height), bytes(pixels)).convert("RGB")
    return picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def save(path: Path) -> None:
    """Write the window's pixels as a PNG."""
    grab().save(path)
