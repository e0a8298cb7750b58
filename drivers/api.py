"""What flows know of hardware: one Protocol a device, and frozen values. What can go wrong is in `drivers.errors`."""

import enum
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from drivers.errors import (
    Abandoned as Abandoned,
    DeviceError as DeviceError,
    Faulty as Faulty,
    Garbled as Garbled,
    MediaRefused as MediaRefused,
    MediaRemoved as MediaRemoved,
    NoMedia as NoMedia,
    Offline as Offline,
    TooLate as TooLate,
)
from protocol.mask import Pan, PinBlock
from protocol.qr import Content


class Health(enum.StrEnum):
    """How a device is."""

    OK = "ok"
    DEGRADED = "degraded"
    OFFLINE = "offline"


@dataclass(frozen=True)
class Status:
    """A device's answer to "how are you?"."""

    device: str
    health: Health
    identity: str = ""
    """Serial number, SAM id, ATR or firmware, in the device's own words."""
    simulated: bool = False
    """True when the far end says SIM in its identity."""
    media: str = "unknown"
    """`present`, `absent`, `low`, `jammed`, `taken` or `unknown`."""
    detail: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    why: DeviceError | None = field(default=None, repr=False, compare=False)
    """What stands in the way of its work, and who can mend it; None when nothing does."""


class Device(Protocol):
    """What all devices have in common."""

    async def status(self) -> Status:
        """Ask the device itself. Trouble is told in `Status.why`, never raised; an unreachable one is `OFFLINE`."""
        ...

    async def close(self) -> None:
        """Let go of the wire; calling twice is harmless."""
        ...


# --- resident-ID reader


@dataclass(frozen=True)
class IdCard:
    """What the chip of an identity card says. Personal data: it prints nothing but its kind."""

    kind: str
    """`resident`, `hmt` (HK/Macau/Taiwan), `foreign2017` or `foreign2023`."""
    name: str
    id_number: str
    english_name: str = ""
    sex: str = ""
    """`male`, `female`, `unknown` or `not stated`."""
    ethnicity: str = ""
    ethnicity_code: str = ""
    birth: date | None = None
    address: str = ""
    id_number_valid: bool = False
    issuer: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    """None for 长期 (no end)."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """The fields of its kind: nationality, travel_permit, issue_count, version, …"""
    photo: bytes = b""
    """1024 bytes in the chip's closed WLT format, undecoded."""
    fingerprint: bytes = b""

    def __repr__(self) -> str:
        return f"IdCard({self.kind})"


class IdReader(Device, Protocol):
    """A resident-ID reader with its SAM."""

    async def read_card(self, patience: float, *, fingerprint: bool = False) -> IdCard:
        """Wait for a card to be laid down and read it. A card already read must be lifted first (the SAM insists)."""
        ...

    async def card_present(self) -> bool:
        """Is a card lying there now, read or not? Resets the SAM, so a card that stays may be read again."""
        ...


# --- bank-card reader


@dataclass(frozen=True)
class Application:
    """One application on the chip."""

    aid: str
    label: str
    priority: int


@dataclass(frozen=True)
class CardDialogue:
    """The first phase of a chip transaction: the card has asked its issuer."""

    application: Application
    pan: Pan
    sequence: str
    expiry: date
    expired: bool
    cryptogram_type: str
    """`ARQC`, `TC` or `AAC`."""
    cryptogram: bytes = field(repr=False)
    field55: bytes = field(repr=False)
    """BER-TLV for the issuer, UnionPay order; holds no track, PAN or name."""
    language: str = ""
    """The card's language preference (tag 5F2D), e.g. `zhen`."""


class CardReader(Device, Protocol):
    """An EMV contact reader."""

    can_retain: bool
    """A dip reader cannot keep a card; a motorised one can."""

    async def wait_card(self, patience: float) -> tuple[Application, ...]:
        """Wait until a chip card is in, and list its applications by priority."""
        ...

    async def begin(self, aid: str, amount: int) -> CardDialogue:
        """Select to first GENERATE AC. `amount` in fen, 0 for an identification."""
        ...

    async def finish(self, issuer_data: bytes, scripts: tuple[bytes, ...] = ()) -> tuple[bool, bytes]:
        """Hand the issuer's answer to the chip: (True, field 55 with its TC) or (False, … AAC)."""
        ...

    async def card_present(self) -> bool:
        """Is a card in the reader now?"""
        ...

    async def retain(self) -> bool:
        """Draw the card in for safe keeping; False where the mechanism cannot."""
        ...

    def forget(self) -> None:
        """Drop whatever was read of a card; an open dialogue cannot be finished any more."""
        ...


# --- PIN pad


class PinPad(Device, Protocol):
    """An encrypting PIN pad: digits go in, a block comes out, nothing between."""

    async def import_key(self, name: str, cryptogram: bytes, kcv: bytes, wrapping: str = "ecb") -> None:
        """Load a key under the pad's master key, in ECB or as a `tr31` block; Faulty when its check value differs."""
        ...

    async def enter_pin(self, number: Pan, format: str, on_count: Callable[[int], None], patience: float) -> PinBlock:
        """Let the customer type; `on_count` hears how many digits stand there. Raises Abandoned, TooLate."""
        ...

    async def enter_digits(
        self, on_digits: Callable[[str], None], patience: float, on_function: Callable[[str], None] | None = None
    ) -> str:
        """The other mode: keys in clear, for amounts, accounts and choices. Never for a PIN. Raises Abandoned, TooLate.

        `on_digits` hears all that stands there now; `on_function` hears `clear` and `backspace` before it.
        """
        ...

    async def mac(self, data: bytes) -> bytes:
        """A MAC over `data` with the pad's TAK."""
        ...


# --- receipt printer


@dataclass(frozen=True)
class Line:
    """One line of paper, in the customer's language and already masked."""

    text: str = ""
    value: str = ""
    """Stands at the far edge of the same line (left in right-to-left text)."""
    big: bool = False
    bold: bool = False
    centre: bool = False
    rule: bool = False


@dataclass(frozen=True)
class Slip:
    """A piece of paper."""

    lines: tuple[Line, ...]
    qr: str = ""
    rtl: bool = False


@dataclass(frozen=True)
class Printed:
    """What the printer itself said about a slip."""

    printed: bool
    """True only on the printer's own word, given after the cut."""
    proof: str = ""
    """`process-id`, `in-order-status` or "" (at best "accepted, printer healthy")."""
    paper_low: bool = False


class Printer(Device, Protocol):
    """A receipt printer."""

    async def print_slip(self, slip: Slip) -> Printed:
        """Print and cut. NoMedia: nothing came out, so it may be repeated; any other error leaves it in doubt."""
        ...

    async def paper_taken(self) -> bool | None:
        """Has the last slip been taken? None where the printer has no sensor."""
        ...

    async def retract(self) -> bool:
        """Draw an untaken slip back in; False where the mechanism cannot."""
        ...


# --- camera


@dataclass(frozen=True)
class Frame:
    """One picture."""

    number: int
    at: float  # monotonic seconds when it was taken
    width: int
    height: int
    rgb: bytes = field(repr=False)
    """Rows top to bottom, 3 bytes a pixel, R G B."""


class Camera(Device, Protocol):
    """Frames from a camera that may come and go."""

    async def frame(self, patience: float) -> Frame:
        """The newest picture, not older than the call; Offline or Garbled when none comes in time."""
        ...


# --- panel: lights, sensors and power around the customer


class Light(enum.StrEnum):
    """The lights beside what a customer uses, by XFS4IoT's names."""

    CARD_READER, PIN_PAD, PRINTER = "cardReader", "pinPad", "receiptPrinter"
    SCANNER, CONTACTLESS, FASCIA = "scanner", "contactless", "fasciaLight"


class Colour(enum.StrEnum):
    """What colours a light can be asked for."""

    RED, GREEN, YELLOW, BLUE, CYAN, MAGENTA, WHITE = "red", "green", "yellow", "blue", "cyan", "magenta", "white"


class StaffKey(enum.StrEnum):
    """Where the staff's key switch stands."""

    RUN, MAINTENANCE, SUPERVISOR, UNKNOWN = "run", "maintenance", "supervisor", "unknown"


class Power(enum.StrEnum):
    """What the terminal runs on; `LOW` is a battery that will not last."""

    MAINS, BATTERY, LOW, UNKNOWN = "mains", "battery", "low", "unknown"


@dataclass(frozen=True)
class PanelState:
    """What the panel's sensors say. None: not fitted, or said in words that nobody knows."""

    reachable: bool = True  # False: the panel is away, and nothing else here is known
    handset_lifted: bool | None = None
    headset_plugged: bool | None = None
    person_near: bool | None = None
    door_open: bool | None = None  # any door of cabinet or safe is open, or was tampered with
    staff_key: StaffKey = StaffKey.UNKNOWN
    power: Power = Power.UNKNOWN


class Panel(Device, Protocol):
    """Guide lights, handset, headset jack, proximity, doors, staff key and battery."""

    async def light(self, where: Light, on: bool | Colour) -> None:
        """Be lit, steadily, in the light's own or the named colour; or be dark. It stays so if the panel forgets."""
        ...

    async def state(self) -> PanelState:
        """Ask the sensors; Offline, Garbled or Faulty when the panel does not answer."""
        ...

    def changes(self) -> AsyncIterator[PanelState]:
        """The state now, then each that differs from the one before; also that it is away, and how it came back."""
        ...


# --- sound


@dataclass(frozen=True)
class Clip:
    """A sentence as sound: 16 bits a sample, little-endian, one channel."""

    pcm: bytes = field(repr=False)
    rate: int
    """Samples a second."""
    text: str = field(default="", repr=False)
    """What is said, for whoever reads it instead. It may be private."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.pcm) / 2 / self.rate


class Outlet(enum.StrEnum):
    """Who hears it: the customer alone through handset or headset, or everybody before the terminal."""

    PRIVATE, PUBLIC = "private", "public"


class Sound(Device, Protocol):
    """Ears for one, and a loudspeaker; a terminal may have either, both or none."""

    def has(self, outlet: Outlet) -> bool:
        """Is there such an outlet at all?"""
        ...

    async def play(self, clip: Clip, outlet: Outlet) -> None:
        """Return when it has been played to its end. Cancelling it is silence at once. Offline or Faulty otherwise."""
        ...


# --- codes on paper and phones


@dataclass(frozen=True)
class Code:
    """A QR code in a picture. It may hold personal data, and prints little of it."""

    content: Content
    corners: tuple[tuple[int, int], ...] = field(repr=False)
    """Four points of the picture (x, y), from the code's own top left on."""


class BarcodeReader(Protocol):
    """Reads codes that are held before the camera."""

    async def wait_code(self, patience: float, accept: Callable[[Content], bool]) -> Code:
        """The first code that `accept` takes, asked once a code; TooLate, or the camera's own error when it is away."""
        ...

    def forget(self) -> None: ...  # the codes seen: another customer comes
