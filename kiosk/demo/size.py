"""How large a kiosk's window may be on a person's own display: as large as fits, in the shape of the real panel."""

import ctypes
from importlib.util import find_spec
from pathlib import Path

VIDEO = 0x20
"""SDL_INIT_VIDEO, SDL.h."""
SIDES = {"portrait": (9, 16), "landscape": (16, 9)}
"""Width to height of the panels."""
FULL = 120
"""Times its sides: 1080 x 1920, the real panel."""
UNKNOWN = 60
"""540 x 960, when the display does not tell its size."""
TITLE = 48
"""Pixels left for the window's title bar, which is no part of the window."""
PART = 0.9
"""Of the display's width: a landscape window leaves the bench page something to peep out from."""

NOTHING = (b"offscreen", b"dummy")
"""SDL's drivers that show nothing to anybody."""


class NoDisplay(Exception):
    """There is no display that a window could be opened on."""


def screen(shape: str, room: tuple[int, int] | None) -> dict[str, int | bool]:
    """The `[screen]` of a terminal in a window, given the pixels that there is room for."""
    return {**panel(shape, times(shape, room)), "fullscreen": False}


def panel(shape: str, factor: int = FULL) -> dict[str, int | bool]:
    """Width and height; of the real panel, if nothing else is said."""
    wide, high = SIDES[shape]
    return {"width": wide * factor, "height": high * factor}


def times(shape: str, room: tuple[int, int] | None) -> int:
    """How often the shape's sides fit, so that the proportion stays exact."""
    if room is None:
        return UNKNOWN
    wide, high = SIDES[shape]
    fits = min(int(room[0] * PART) // wide, (room[1] - TITLE) // high)
    return max(1, min(fits, FULL))


def room() -> tuple[int, int] | None:
    """Width and height of the first display without bars and docks; None when that cannot be asked.

    Asked through Kivy's own SDL, so that it speaks of the display on which Kivy will open its window. Raises NoDisplay
    where SDL would draw on nothing, as it does without a word when a display is named that does not let it in.
    """
    library = _window_provider()
    if library is None:
        return None
    sdl, bounds = ctypes.CDLL(str(library)), (ctypes.c_int * 4)()
    sdl.SDL_GetCurrentVideoDriver.restype = ctypes.c_char_p
    if sdl.SDL_Init(VIDEO) != 0:
        raise NoDisplay
    try:
        if sdl.SDL_GetCurrentVideoDriver() in NOTHING:
            raise NoDisplay
        told = sdl.SDL_GetDisplayUsableBounds(0, bounds) == 0 and bounds[2] > 0 and bounds[3] > 0
        return (bounds[2], bounds[3]) if told else None
    finally:
        sdl.SDL_Quit()


def _window_provider() -> Path | None:
    """Kivy's window module, which is linked to SDL. Importing it would open the window."""
    kivy = find_spec("kivy")
    for folder in (kivy.submodule_search_locations or ()) if kivy else ():
        for found in Path(folder, "core/window").glob("_window_sdl2*.so"):
            return found
    return None
