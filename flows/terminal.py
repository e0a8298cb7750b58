"""What stays when the customer has left: the terminal that a visit happens at."""

from collections.abc import Callable, Mapping, Set as AbstractSet
from dataclasses import dataclass, field
from typing import Protocol

from drivers.api import BarcodeReader, CardReader, IdReader, Panel, PinPad, Printer
from flows.around import Around
from flows.journal import Journal
from flows.ports import Bank, Stage, Words


class Blind(Protocol):
    """Eyes and ears that must close while a PIN is typed: the media process and the link."""

    async def blind(self) -> bool:
        """True once it sees and forwards nothing, or is dead."""
        ...

    async def see(self) -> None:
        """The PIN entry is over."""
        ...


@dataclass(frozen=True)
class Devices:
    """The hardware of this terminal."""

    id_reader: IdReader
    card_reader: CardReader
    pin_pad: PinPad
    printer: Printer
    panel: Panel | None = None
    """Lights, handset, headset jack, doors, staff key and battery; a terminal may be without."""
    scanner: BarcodeReader | None = None
    """Reads codes that are held before the camera; a terminal may be without."""


@dataclass(frozen=True)
class Standing:
    """What can be done at this moment, as far as the branch says."""

    open: bool = True
    """The bank answers."""
    switched_off: Mapping[str, str] = field(default_factory=dict)
    """Flow -> why it is not offered, a member of the messages `hindered.*`."""
    down: AbstractSet[str] = frozenset()
    """Devices that do not work, by their names: `card-reader`, `id-reader`."""


@dataclass(frozen=True)
class Rules:
    """Patience in seconds, and tries."""

    idle: float = 45
    warning: float = 20
    device: float = 60
    pin: float = 60
    take: float = 30
    effect: float = 30
    battery: float = 120
    """How long the terminal goes on without mains before it stops."""
    pin_tries: int = 3
    pin_format: str = "iso0"
    operator: str = "VTM"


@dataclass(frozen=True)
class Terminal:
    """What stays when the customer has left."""

    id: str
    stage: Stage
    bank: Bank
    words: Words
    journal: Journal
    devices: Devices
    blinds: tuple[Blind, ...] = ()
    rules: Rules = Rules()
    standing: Callable[[], Standing] = Standing
    around: Around = field(default_factory=Around)
    """What the panel says."""
