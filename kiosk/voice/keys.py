"""What a key of the pad means on a screen that is not typed on; pure, and the same on every screen.

1 to 6 choose, 0 says the next six, 7 darkens the screen, 8 calls a person, 9 says it again; ENTER goes on, CANCEL goes
back, CLEAR says it again. On amounts and numbers digits are digits: see `kiosk.voice.typing`.
"""

import enum
from dataclasses import dataclass
from typing import Any

from flows.ports import Chrome
from flows.screens import Confirm, Confirmed, Rate, Screen, Statement, Tell
from kiosk.voice.spoken import A_PAGE, PRESS_AGAIN, PRESS_DARK, Choice, page_of


class Do(enum.Enum):
    """A deed that is no answer."""

    AGAIN, MORE, HELP, BACK, DARK = enum.auto(), enum.auto(), enum.auto(), enum.auto(), enum.auto()
    LISTEN_FIRST = enum.auto()
    """A yes to facts that were not all said yet."""
    NOTHING = enum.auto()


@dataclass(frozen=True)
class Answer:
    """The screen's answer."""

    value: object


@dataclass(frozen=True)
class WhyNot:
    """Something that cannot be chosen now, and why."""

    why: str


@dataclass(frozen=True)
class Heard:
    """A screen as far as it was said."""

    screen: Screen[Any]
    chrome: Chrome
    choices: tuple[Choice, ...]
    page: int = 0
    whole: bool = False
    """Its facts have been said to the end."""


Deed = Do | Answer | WhyNot
_ALWAYS = {"clear": Do.AGAIN, "backspace": Do.AGAIN, PRESS_AGAIN: Do.AGAIN, PRESS_DARK: Do.DARK}


def deed(heard: Heard, key: str) -> Deed:
    """What a key does: a digit, `enter`, `cancel`, `clear` or `backspace`."""
    if key in _ALWAYS:
        return _ALWAYS[key]
    match key:
        case "enter":
            return _enter(heard)
        case "cancel":
            return Do.BACK if heard.chrome.back else Do.NOTHING
        case "8":
            return Do.HELP if heard.chrome.help else Do.NOTHING
        case "0":
            more = Do.MORE if len(heard.choices) > A_PAGE else Do.NOTHING
            return Answer(0) if isinstance(heard.screen, Rate) else more
        case _:
            return _choose(page_of(heard.choices, heard.page), int(key))


def _choose(here: tuple[Choice, ...], number: int) -> Deed:
    if number > len(here):
        return Do.NOTHING
    chosen = here[number - 1]
    return WhyNot(chosen.why_not) if chosen.why_not else Answer(chosen.answer)


def _enter(heard: Heard) -> Deed:
    match heard.screen:
        case Confirm() as screen:
            return Answer(Confirmed(screen.facts, screen.about)) if heard.whole else Do.LISTEN_FIRST
        case Tell():
            return Answer(None)
        case Statement():
            return Answer("done")
        case _:
            return Do.NOTHING
