"""What of a customer can still be reached in a terminal's memory: a walk over the object graph."""

import gc
import types
from collections.abc import Iterable, Iterator
from typing import Any

from branch import demo
from drivers.sim.card import MemorySlot
from drivers.sim.idcard import IdReaderFarEnd
from drivers.sim.pinpad import PinPadFarEnd
from tests.storm.machine import Machine
from tests.storm.person import Person
from tests.storm.weather import Weather

OUTSIDE = (Machine, Person, Weather, MemorySlot, IdReaderFarEnd, PinPadFarEnd, types.ModuleType, type)
"""The world beyond the terminal's own parts, and what is the program itself."""


def secrets_of(who: demo.Person) -> tuple[list[str], list[bytes]]:
    """Her full name, document and card numbers, as text and as they stand on wires."""
    pans = [card.pan for card in demo.CARDS if card.account in {number for number, _, _ in who.accounts}]
    texts = [who.name, who.id_number, *pans, *(number for number, _, _ in who.accounts)]
    packed = [bytes.fromhex(pan + "F" * (len(pan) % 2)) for pan in pans]
    return texts, [*packed, *(text.encode(code) for text in texts for code in ("utf-8", "utf-16-le"))]


def _next(thing: Any) -> Iterable[Any]:
    if isinstance(thing, types.FunctionType):  # its globals are the program, not what it holds
        return [*(cell for cell in thing.__closure__ or ()), *(thing.__defaults__ or ()), thing.__dict__]
    return gc.get_referents(thing)


def reachable(*roots: Any) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Everything that hangs on the roots, with the kinds of object on the way there."""
    seen: set[int] = set()
    waiting: list[tuple[Any, tuple[str, ...]]] = [(root, ()) for root in roots]
    while waiting:
        thing, way = waiting.pop()
        if id(thing) in seen or isinstance(thing, OUTSIDE) or type(thing).__module__.startswith("asyncio.base_events"):
            continue
        seen.add(id(thing))
        yield thing, way
        waiting += [(one, (*way, type(thing).__name__)) for one in _next(thing)]


def remembers(who: demo.Person, *roots: Any) -> list[str]:
    """Where the roots still hold something that names her."""
    texts, pieces = secrets_of(who)
    found = []
    for thing, way in reachable(*roots):
        if (isinstance(thing, str) and any(text in thing for text in texts)) or (
            isinstance(thing, bytes | bytearray) and any(piece in thing for piece in pieces)
        ):
            found.append(" > ".join(way[-6:]))
    return found
