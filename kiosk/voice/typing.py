"""An amount or a number typed on the pad and heard back before it counts: ENTER says it, ENTER once more takes it."""

from dataclasses import dataclass, field

from flows.screens import EnterAmount, EnterNumber
from kiosk.ui.amount import amount_of, typed as amount_typed
from kiosk.ui.number import typed as number_typed
from kiosk.voice.words import VoiceWords


@dataclass
class Typing:
    """What stands there. An amount is typed in whole yuan; after the first ENTER two more digits are fen."""

    screen: EnterAmount | EnterNumber
    base: str = ""
    """What stood there before the pad was opened anew."""
    text: str = ""
    said: bool = field(default=False, init=False)
    """It has been said as it stands, and ENTER takes it."""

    def __post_init__(self) -> None:
        self.text = self.base

    def digits(self, digits: str) -> None:
        """All digits since the pad was opened."""
        text = self.base
        for sign in digits:
            amount = isinstance(self.screen, EnterAmount)
            text = amount_typed(text, sign) if amount else number_typed(text, sign, self._longest)
        self.said = self.said and text == self.text
        self.text = text

    def clear(self) -> None:
        """Nothing stands there any more."""
        self.base = self.text = ""
        self.said = False

    def erase(self) -> None:
        """The last sign goes, if the pad did not type it: of its own digits the pad tells by itself."""
        if self.text == self.base:
            self.base = self.text = self.base.rstrip(".")[:-1]
            self.said = False

    def reopened(self) -> None:
        """The pad counts its digits anew; for an amount that has been said they are fen."""
        self.base = self.text
        if self.said and isinstance(self.screen, EnterAmount) and "." not in self.base:
            self.base = self.text = self.base + "."

    @property
    def _longest(self) -> int:
        return self.screen.longest if isinstance(self.screen, EnterNumber) else 0

    @property
    def nothing(self) -> bool:
        """Nothing was typed."""
        return not self.text.strip("0.")

    @property
    def answer(self) -> object:
        """What the screen is answered with."""
        return self.text if isinstance(self.screen, EnterNumber) else amount_of(self.text)

    def problem(self, words: VoiceWords) -> str:
        """Why it cannot be taken; "" when it can."""
        if isinstance(self.screen, EnterNumber):
            return "" if len(self.text) >= self.screen.shortest else words.text("voice.too-short")
        amount, screen = amount_of(self.text), self.screen
        if screen.available.fen and amount > screen.available:
            return words.text("glass.over-available", available=words.money(screen.available))
        if screen.limit.fen and amount > screen.limit:
            return words.text("glass.over-limit", limit=words.money(screen.limit))
        return ""

    def read_back(self, words: VoiceWords) -> str:
        """What stands there, and how to go on."""
        if isinstance(self.screen, EnterNumber):
            return words.text("voice.typed-number", number=words.number(self.text))
        return words.text("voice.typed-amount", amount=words.money(amount_of(self.text)))
