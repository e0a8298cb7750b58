"""What every far end offers to the device bench and to tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Verb:
    """Something a person can do at the device: lay down a card, press a key, take the paper."""

    name: str
    label: str
    choices: tuple[str, ...] = ()
    """What it can be done with; empty when the verb needs nothing."""


class FarEnd(Protocol):
    """One simulated device. Its identity answer on the wire says SIM."""

    name: str
    """`id-reader`, `card-reader`, `pin-pad`, `printer`, `camera`, `panel`, `headset` or `speaker`."""
    fault: str
    """The fault in force; "" for none. Set it through `set_fault`."""

    @property
    def verbs(self) -> tuple[Verb, ...]:
        """What a person can do at it; the choices may change while it runs."""
        ...

    @property
    def faults(self) -> tuple[str, ...]:
        """Of: deaf, slow, garbled, jam, paper-out, cover-open, unplugged, … as far as they make sense for it."""
        ...

    async def start(self) -> str:
        """Open the wire's far end; answers the URL that a driver opens. It stays the same until `stop`."""
        ...

    async def stop(self) -> None:
        """Close everything; calling twice is harmless."""
        ...

    async def act(self, verb: str, choice: str = "") -> None:
        """Do what a person would do. ValueError for an unknown verb or choice."""
        ...

    async def set_fault(self, fault: str) -> None:
        """Put one fault in force, or "" to mend the device. ValueError for an unknown one."""
        ...

    def state(self) -> Mapping[str, Any]:
        """What a person standing in front of it would see, as JSON values."""
        ...


def known(device: "FarEnd", fault: str) -> str:
    """The same fault, if the device has it or it is "" to mend; ValueError otherwise."""
    if fault not in ("", *device.faults):
        raise ValueError(f"unknown fault {fault}")
    return fault
