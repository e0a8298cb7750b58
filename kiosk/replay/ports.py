"""The devices, the bank, the journal and the blinds of one visit, with a deck between them and the flows.

The same wrappers record and replay: a deck that records lets each call through and notes what came of it; one that
plays answers from a record, and never asks what it stands before.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Protocol, TypeVar, cast

import httpx

from drivers.api import (
    Application,
    BarcodeReader,
    CardDialogue,
    CardReader,
    Code,
    Colour,
    IdCard,
    IdReader,
    Light,
    Panel,
    PanelState,
    PinPad,
    Printed,
    Printer,
    Slip,
    Status,
)  # fmt: skip
from flows.journal import Intent, Journal, Undo
from flows.ports import Facts, Words
from flows.terminal import Blind, Devices
from kiosk.link import Link
from protocol import messages as m
from protocol.mask import Pan, PinBlock
from protocol.money import Money
from protocol.qr import Content

T = TypeVar("T")
R = TypeVar("R", bound=m.Message)
Run = Callable[[], Awaitable[T]]


class Deck(Protocol):
    """Stands between a flow and the world."""

    said: dict[str, str]
    """Sentences by the keys they were asked for under."""

    async def act(self, lane: str, name: str, args: tuple[object, ...], run: Run[T]) -> T:
        """One call, in its order among those of its lane."""
        ...

    async def poll(self, lane: str, name: str, run: Run[T]) -> T:
        """A question that is asked again and again; nobody minds how often."""
        ...

    async def heard(self, lane: str, name: str, args: tuple[object, ...], hear: Callable[[Any], None],
                    run: Callable[[Callable[[Any], None]], Awaitable[T]]) -> T:  # fmt: skip
        """As `act`, of a call that says something meanwhile."""
        ...


class KeptIdReader:
    """An identity-card reader."""

    def __init__(self, deck: Deck, inner: IdReader) -> None:
        self._deck, self._inner = deck, inner
        self.close = inner.close

    async def status(self) -> Status:
        return await self._deck.poll("id_reader", "status", self._inner.status)

    async def read_card(self, patience: float, *, fingerprint: bool = False) -> IdCard:
        def run() -> Awaitable[IdCard]:
            return self._inner.read_card(patience, fingerprint=fingerprint)

        return await self._deck.act("id_reader", "read_card", (patience,), run)

    async def card_present(self) -> bool:
        return await self._deck.poll("id_reader", "card_present", self._inner.card_present)


class KeptCardReader:
    """A bank-card reader."""

    def __init__(self, deck: Deck, inner: CardReader) -> None:
        self._deck, self._inner = deck, inner
        self.close, self.forget, self.can_retain = inner.close, inner.forget, inner.can_retain

    async def status(self) -> Status:
        return await self._deck.poll("card_reader", "status", self._inner.status)

    async def wait_card(self, patience: float) -> tuple[Application, ...]:
        return await self._deck.act("card_reader", "wait_card", (patience,), lambda: self._inner.wait_card(patience))

    async def begin(self, aid: str, amount: int) -> CardDialogue:
        return await self._deck.act("card_reader", "begin", (aid, amount), lambda: self._inner.begin(aid, amount))

    async def finish(self, issuer_data: bytes, scripts: tuple[bytes, ...] = ()) -> tuple[bool, bytes]:
        def run() -> Awaitable[tuple[bool, bytes]]:
            return self._inner.finish(issuer_data, scripts)

        return await self._deck.act("card_reader", "finish", (issuer_data, scripts), run)

    async def card_present(self) -> bool:
        return await self._deck.poll("card_reader", "card_present", self._inner.card_present)

    async def retain(self) -> bool:
        return await self._deck.act("card_reader", "retain", (), self._inner.retain)


class KeptPinPad:
    """A PIN pad; what is authenticated by it is known by the call that carries it."""

    def __init__(self, deck: Deck, inner: PinPad) -> None:
        self._deck, self._inner = deck, inner
        self.close, self.import_key = inner.close, inner.import_key

    async def status(self) -> Status:
        return await self._deck.poll("pin_pad", "status", self._inner.status)

    async def enter_pin(self, number: Pan, format: str, on_count: Callable[[int], None], patience: float) -> PinBlock:
        def run(hear: Callable[[int], None]) -> Awaitable[PinBlock]:
            return self._inner.enter_pin(number, format, hear, patience)

        return await self._deck.heard("pin_pad", "enter_pin", (number, format, patience), on_count, run)

    async def enter_digits(
        self, on_digits: Callable[[str], None], patience: float, on_function: Callable[[str], None] | None = None
    ) -> str:
        def run(hear: Callable[[str], None]) -> Awaitable[str]:
            return self._inner.enter_digits(hear, patience, on_function)

        return await self._deck.heard("pin_pad", "enter_digits", (patience,), on_digits, run)

    async def mac(self, data: bytes) -> bytes:
        return await self._deck.act("pin_pad", "mac", (), lambda: self._inner.mac(data))


class KeptScanner:
    """What reads codes before the camera."""

    def __init__(self, deck: Deck, inner: BarcodeReader) -> None:
        self._deck, self._inner = deck, inner
        self.forget = inner.forget

    async def wait_code(self, patience: float, accept: Callable[[Content], bool]) -> Code:
        return await self._deck.act(
            "scanner", "wait_code", (patience,), lambda: self._inner.wait_code(patience, accept)
        )


class KeptPrinter:
    """A receipt printer; of a slip, only its shape is kept."""

    def __init__(self, deck: Deck, inner: Printer) -> None:
        self._deck, self._inner = deck, inner
        self.close = inner.close

    async def status(self) -> Status:
        return await self._deck.poll("printer", "status", self._inner.status)

    async def print_slip(self, slip: Slip) -> Printed:
        return await self._deck.act("printer", "print_slip", (slip,), lambda: self._inner.print_slip(slip))

    async def paper_taken(self) -> bool | None:
        return await self._deck.poll("printer", "paper_taken", self._inner.paper_taken)

    async def retract(self) -> bool:
        return await self._deck.act("printer", "retract", (), self._inner.retract)


class KeptPanel:
    """Lights, sensors and power."""

    def __init__(self, deck: Deck, inner: Panel) -> None:
        self._deck, self._inner = deck, inner
        self.close = inner.close

    async def status(self) -> Status:
        return await self._deck.poll("panel", "status", self._inner.status)

    async def light(self, where: Light, on: bool | Colour) -> None:
        return await self._deck.act("panel", "light", (where, on), lambda: self._inner.light(where, on))

    async def state(self) -> PanelState:
        return await self._deck.poll("panel", "state", self._inner.state)

    async def changes(self) -> AsyncIterator[PanelState]:
        """Each state as it comes; over when the panel's own are."""
        states = self._inner.changes()
        while True:  # as long as whoever listens
            try:
                yield await self._deck.poll("panel", "changes", states.__anext__)
            except StopAsyncIteration:
                return


def kept_devices(deck: Deck, devices: Devices) -> Devices:
    """The same devices behind the deck."""
    return replace(
        devices,
        id_reader=KeptIdReader(deck, devices.id_reader),
        card_reader=KeptCardReader(deck, devices.card_reader),
        pin_pad=KeptPinPad(deck, devices.pin_pad),
        printer=KeptPrinter(deck, devices.printer),
        panel=KeptPanel(deck, devices.panel) if devices.panel else None,
        scanner=KeptScanner(deck, devices.scanner) if devices.scanner else None,
    )


class KeptLink(Link):
    """The bank: each call as one message and its reply."""

    def __init__(self, deck: Deck, client: httpx.AsyncClient | None) -> None:
        super().__init__(cast("httpx.AsyncClient", client))  # who plays never asks it
        self._deck = deck

    async def _call(self, name: str, message: m.Message, reply: type[R]) -> R:
        ask = super()._call
        return await self._deck.act("bank", name, (message,), lambda: ask(name, message, reply))


class KeptJournal(Journal):
    """The journal, as a session writes it."""

    def __init__(self, deck: Deck, inner: Journal) -> None:
        self._deck, self._inner = deck, inner
        self.in_flight, self.present, self.now = inner.in_flight, inner.present, inner.now

    async def intent(self, visit: str, step: str, undo: Undo, order: Facts) -> Intent:
        def run() -> Awaitable[Intent]:
            return self._inner.intent(visit, step, undo, order)

        return await self._deck.act("journal", "intent", (step, str(undo), order), run)

    async def write(self, key: str, state: str, body: Facts) -> None:
        return await self._deck.act("journal", "write", (key, state), lambda: self._inner.write(key, state, body))

    async def note(self, visit: str, event: str, body: Facts | None = None) -> None:
        return await self._deck.act("journal", "note", (event,), lambda: self._inner.note(visit, event, body))


class KeptBlind:
    """Eyes and ears that close while a PIN is typed."""

    def __init__(self, deck: Deck, inner: Blind, number: int) -> None:
        self._deck, self._inner, self._lane = deck, inner, f"blind {number}"

    async def blind(self) -> bool:
        return await self._deck.act(self._lane, "blind", (), self._inner.blind)

    async def see(self) -> None:
        return await self._deck.act(self._lane, "see", (), self._inner.see)


class KeptWords:
    """Sentences; the deck learns them by their keys."""

    def __init__(self, deck: Deck, inner: Words) -> None:
        self._said, self._inner = deck.said, inner

    def text(self, key: str, language: str = "", **params: str | int) -> str:
        return self._heard(self._inner.text(key, language, **params), key)

    def money(self, money: Money, language: str = "") -> str:
        return self._heard(self._inner.money(money, language), "money")

    def signed(self, money: Money, language: str = "") -> str:
        return self._heard(self._inner.signed(money, language), "money")

    def day(self, day: date, language: str = "") -> str:
        return self._heard(self._inner.day(day, language), "day")

    def moment(self, at: datetime, language: str = "") -> str:
        return self._heard(self._inner.moment(at, language), "moment")

    def _heard(self, text: str, key: str) -> str:
        self._said[text] = key
        return text
