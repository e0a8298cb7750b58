"""What can go wrong with a device: one tree, whose every member says who can mend it.

DeviceError            carries `device`, `mend` (who can mend it) and `remedy` (what to do)
├── Offline            no answer, port gone, service down            engineer · is also ConnectionError
├── Garbled            an answer that breaks the device's protocol   engineer · is also ValueError
├── Faulty             the device says of itself that it is broken   engineer
├── NoMedia            no card, no paper, cover open                 customer (or lobby staff)
│   └── MediaRemoved   pulled while it was being read                customer
├── MediaRefused       a card that this device or bank cannot take   customer
├── Abandoned          cancelled at the device by the customer       customer
└── TooLate            patience ran out while waiting for a person   customer · is also TimeoutError
"""

from protocol.messages import Mend


class DeviceError(Exception):
    """A device could not do what was asked."""

    mend = Mend.ENGINEER
    exit_code = 4

    def __init__(self, device: str, what: str, remedy: str = "") -> None:
        super().__init__(f"{device}: {what}" + (f" ({self.mend}: {remedy})" if remedy else ""))
        self.device, self.what, self.remedy = device, what, remedy


class Offline(DeviceError, ConnectionError):
    """No answer within the patience, or the wire is gone."""


class Garbled(DeviceError, ValueError):
    """An answer came that the device's protocol does not allow."""

    exit_code = 5


class Faulty(DeviceError):
    """The device answered, and reports its own failure."""


class NoMedia(DeviceError):
    """There is no card, no paper, or the cover is open."""

    mend = Mend.CUSTOMER
    exit_code = 3


class MediaRemoved(NoMedia):
    """The card was pulled while the device was at work on it."""


class MediaRefused(DeviceError):
    """A card, but none that can be used here."""

    mend = Mend.CUSTOMER
    exit_code = 3


class Abandoned(DeviceError):
    """The customer pressed cancel at the device."""

    mend = Mend.CUSTOMER


class TooLate(DeviceError, TimeoutError):
    """The device waited for a person, and nobody came in time."""

    mend = Mend.CUSTOMER
    exit_code = 3
