"""What may change on the glass at any moment, by the customer's hand or by the terminal."""

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass
class Switches:
    """How the glass looks now."""

    language: str
    name: str = ""
    simulated: bool = False
    high_contrast: bool = False
    large: bool = False
    hidden: bool = False
    elder: bool = False
    dark: bool = False


class Switched(ABC):
    """Each switch as a property; setting it to something else draws the shown screen anew."""

    def __init__(self, switches: Switches) -> None:
        self._now = switches
        self.speaking = False
        """The speaking mode is on: handset or headset is in somebody's hand, whose visit begins and ends with it."""

    @abstractmethod
    def _redraw(self) -> None:
        """Draw the shown screen anew."""

    @property
    def language(self) -> str:
        """`zh`, `en` or `ar`."""
        return self._now.language

    @language.setter
    def language(self, language: str) -> None:
        before, self._now.language = self._now.language, language
        self._changed(before != language)

    @property
    def name(self) -> str:
        """The bank's name, or "bank · branch", where no flow runs; without it the name that receipts carry."""
        return self._now.name

    @name.setter
    def name(self, name: str) -> None:
        before, self._now.name = self._now.name, name
        self._changed(before != name)

    @property
    def large(self) -> bool:
        """Larger type is on."""
        return self._now.large

    @large.setter
    def large(self, large: bool) -> None:
        before, self._now.large = self._now.large, large
        self._changed(before != large)

    @property
    def elder(self) -> bool:
        """Larger type, fewer choices, more time, and prompts that are said aloud; switched off it leaves usual type."""
        return self._now.elder

    @elder.setter
    def elder(self, elder: bool) -> None:
        if elder != self._now.elder:
            self._now.elder = self._now.large = elder
            self._redraw()

    @property
    def slow(self) -> bool:
        """The customer needs more time than others: to read large letters, or to listen."""
        return self.large or self.elder or self.speaking

    @property
    def dark(self) -> bool:
        """The screen shows nothing: the customer listens, and nobody shall read beside her."""
        return self._now.dark

    @dark.setter
    def dark(self, dark: bool) -> None:
        before, self._now.dark = self._now.dark, dark
        self._changed(before != dark)

    @property
    def hidden(self) -> bool:
        """Amounts are masked on the glass, because somebody stands close."""
        return self._now.hidden

    @hidden.setter
    def hidden(self, hidden: bool) -> None:
        before, self._now.hidden = self._now.hidden, hidden
        self._changed(before != hidden)

    @property
    def high_contrast(self) -> bool:
        """Black on white, with edges that are seen."""
        return self._now.high_contrast

    @high_contrast.setter
    def high_contrast(self, high: bool) -> None:
        before, self._now.high_contrast = self._now.high_contrast, high
        self._changed(before != high)

    @property
    def simulated(self) -> bool:
        """A far end is a program, and the glass says so."""
        return self._now.simulated

    @simulated.setter
    def simulated(self, simulated: bool) -> None:
        before, self._now.simulated = self._now.simulated, simulated
        self._changed(before != simulated)

    def _changed(self, really: bool) -> None:
        if really:
            self._redraw()
