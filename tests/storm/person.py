"""A customer at the glass: she reads what is shown and does what a person would, or walks away."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from branch import demo
from branch.bank.clearinghouse import ACCOUNTS
from drivers.sim.card import MemorySlot
from drivers.sim.chip import VirtualCard
from drivers.sim.idcard import IdReaderFarEnd
from drivers.sim.panel import PanelFarEnd
from drivers.sim.pinpad import PinPadFarEnd
from flows import screens as s
from flows.ports import Back, CallHelp, Chrome, Leave
from protocol.money import Money

DATES = {"standing.first": "20310601", "standing.last": "20311231", "standing.times": "12"}
"""What she types about a standing order."""
AROUND = (
    ("door-opened", "open-door"),
    ("key-turned", "turn-key", "maintenance"),
    ("power-out", "power", "battery"),
    ("battery-low", "power", "battery-low"),
    ("power-back", "power", "mains"),
    ("panel-gone",),
)
"""What the panel may tell while somebody is served."""
READ = 4.0
"""Seconds after which a screen has been seen, at most: less than those after which it counts as told."""


async def nobody() -> None:
    """Wait for nobody."""


@dataclass
class Person:
    """A Stage: screens are shown to her, and she answers. What she was told is kept for the inspector."""

    chance: random.Random
    slot: MemorySlot
    pad: PinPadFarEnd
    id_reader: IdReaderFarEnd
    cards: dict[str, Any]
    who: demo.Person = demo.LI_NA
    language: str = "zh"
    touched: float = 0.0
    large: bool = False
    slow: bool = False
    elder: bool = False
    at_confirm: Callable[[], None] = lambda: None
    """What may happen in the world just as she says yes."""
    meets: Callable[[], Awaitable[None]] = nobody
    """Whom she waits for before she says yes."""
    gone: bool = False
    paper: bool = True
    pace: tuple[float, float] = (0.5, 6)
    """Seconds that she looks at a screen, at least and at most."""
    beat: float = 0.3
    """Seconds from key to key."""
    moods: bool = True
    """False: she does everything right, and stays to the end."""
    amount: Money | None = None
    """What she always types, when set."""
    prefers: str = ""
    """The option she takes wherever it is offered."""
    avoids: tuple[str, ...] = ("card-lost", "information")
    """Options she does not take of her own accord, but in a mood."""
    entry: str = ""
    """The key of the PIN screen that she stands before."""
    pins: dict[str, str] = field(default_factory=dict)
    """PINs that are no longer those that her cards came with."""
    new_pin: str = "258036"
    payee: str = demo.PEOPLE[2].accounts[0][0]
    bills: Callable[[str], str] = lambda _: ""
    """Her number with a biller of that name."""
    speaks: Callable[[], None] = lambda: None
    """A person at the branch has spoken with whoever waits, and lets her go on."""
    outside: tuple[str, ...] = ACCOUNTS[0]
    """To whom at another bank she sends."""
    panel: PanelFarEnd | None = None
    phone: Callable[[], str] = lambda: ""
    """Where she reads the newest code."""
    new_phone: str = "13700009999"
    staff: Callable[[str], None] = lambda _: None
    """What a member of staff does who is called to her, under the number on her screen."""
    told: list[s.Tell] = field(default_factory=list)
    """What stood before her eyes."""
    touched_away: list[s.Tell] = field(default_factory=list)
    """What she has read, and touched."""
    yeses: list[str] = field(default_factory=list)
    """What she has said yes to in this visit."""
    seen: Counter[str] = field(default_factory=Counter)
    did: Counter[str] = field(default_factory=Counter)
    """Her moods."""
    breaks: float = 0.0
    """How likely a device fails her at a screen; it is mended before the next visit."""
    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Her moods, and what failed her, with the screens before which it was."""
    transfers: int = 0
    seeks: str = ""
    """What she looks for behind the card with the rest."""

    def arrives(self) -> None:
        """The next visitor."""
        self.gone, self.transfers = False, self.chance.choice((0, 1, 1, 2, 3)) if self.moods else 1
        self.told, self.touched_away, self.yeses = [], [], []
        self.who = self.chance.choice((demo.LI_NA, demo.WANG_WEI))

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        self.seen[f"{type(screen).__name__} {screen.key}"] += 1
        look = self.chance.uniform(*self.pace)
        await asyncio.sleep(min(look, READ))
        if isinstance(screen, s.Tell):
            self.told.append(screen)
        await asyncio.sleep(max(0.0, look - READ))
        if isinstance(screen, s.Wait):
            return await self._never()
        await self._mood(screen, chrome)
        if self.gone:
            return await self._never()
        self.touched = asyncio.get_running_loop().time()
        return await self._answer(screen)

    async def _mood(self, screen: s.Screen[Any], chrome: Chrome) -> None:
        if not self.moods:
            return
        if self.breaks and self.chance.random() < self.breaks:
            await self._device_fails(screen)
        mood = self.chance.random()
        if mood < 0.015:
            self.gone = True
            self._does("walks-away", screen)
            if self.chance.random() < 0.5:
                self._take_all()
        elif mood < 0.04 and chrome.back:
            self.touched = asyncio.get_running_loop().time()
            self._does(chrome.back, screen)
            raise Leave if chrome.back == "leave" else Back
        elif mood < 0.05 and chrome.help:
            self.touched = asyncio.get_running_loop().time()
            self._does("help", screen)
            raise CallHelp
        elif mood < 0.06:
            self._does("language", screen)
            self.language = self.chance.choice(("zh", "en", "ar"))
        elif mood < 0.07 and screen.key.startswith(("transfer", "interbank")):
            self._does("pulls-card", screen)
            self.slot.pull()
        elif mood < 0.085 and screen.key.startswith(("menu", "transfer")):
            self._does("anothers-id-card", screen)
            await self.id_reader.act("lay", "smith")
        elif mood > 0.994 and self.panel is not None:
            await self._panel_tells(screen, self.panel)

    async def _panel_tells(self, screen: s.Screen[Any], panel: PanelFarEnd) -> None:
        """Something happens around her: the door, the key, the power, the panel itself."""
        deed = self.chance.choice(AROUND)
        self._does(deed[0], screen)
        await (panel.act(*deed[1:]) if len(deed) > 1 else panel.set_fault("unplugged"))

    def _does(self, mood: str, screen: s.Screen[Any]) -> None:
        self.did[mood] += 1
        self.met[mood, screen.key] += 1

    async def _device_fails(self, screen: s.Screen[Any]) -> None:
        device = self.chance.choice(("card-reader", "id-reader", "pin-pad"))
        fault = self.chance.choice(("deaf", "garbled", "mute" if device == "card-reader" else "slow"))
        self.met[f"{device} {fault}", screen.key] += 1
        match device:
            case "card-reader":
                self.slot.fault = fault
            case "id-reader":
                await self.id_reader.set_fault(fault)
            case _:
                await self.pad.set_fault(fault)

    async def mend(self) -> None:
        """An engineer was here."""
        self.slot.fault = ""
        for device in (self.id_reader, self.pad, self.panel):
            if device is not None and device.fault:
                await device.set_fault("")
        if self.panel is not None:
            for verb, choice in (("close-door", ""), ("turn-key", "run"), ("power", "mains")):
                await self.panel.act(verb, choice)

    def _take_all(self) -> None:
        self.slot.pull()
        self.id_reader.sam.lift()

    async def _answer(self, screen: s.Screen[Any]) -> Any:
        match screen:
            case s.Prompt() if screen.key.startswith("risk."):
                pass  # she reads
            case s.Prompt():
                await self._at_prompt(screen)
            case s.EnterPin():
                self.entry = screen.key
                await self._types_pin()
            case s.Confirm():
                if self.moods:
                    await self.meets()
                    self.at_confirm()
                self.yeses.append(screen.about)
                return s.Confirmed(screen.facts, screen.about)
            case s.Tell():
                self.touched_away.append(screen)
                return None
            case s.EnterAmount():
                return self.amount or self._types_amount()
            case s.EnterText():
                return "LI LEI" if self.moods and self.chance.random() < 0.1 else self.outside[3]
            case s.EnterNumber():
                return self._types_number(screen.key, dict(screen.params).get("biller", ""))
            case s.Rate() | s.Statement():
                return "done" if isinstance(screen, s.Statement) else self.chance.randint(0, 5)
            case s.Choose() | s.Review():
                return await self._chooses(screen.key, screen.options)
            case _:
                return None
        return await self._never()

    async def _at_prompt(self, screen: s.Prompt) -> None:
        """What her hand does at a device."""
        match screen.picture:
            case s.Picture.CARD_IN:
                self.slot.insert(VirtualCard(self.cards["li-na-debit" if self.who is demo.LI_NA else "wang-wei-debit"]))
            case s.Picture.ID_CARD_LAY:
                await self.id_reader.act("lay", "li-na" if self.who is demo.LI_NA else "wang-wei")
            case s.Picture.ID_CARD_TAKE:
                self.id_reader.sam.lift()
            case s.Picture.PERSON:
                self.staff(dict(screen.params)["number"])
            case _:
                self._take_all()

    async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
        if self.prefers in {option.id for option in options}:
            return self.prefers
        if key == "help.called":
            return "on"
        if key == "menu":
            if not self.transfers:
                raise Leave
            if all(option.disabled for option in options if option.id in {"accounts", "bills", "transfer"}):
                raise Leave
            self.transfers -= 1
            wishes = ("transfer",) * 9 + ("bills",) * 4 + ("interbank",) * 8 + ("pending",) * 2 + ("accounts",)
            wish = self.chance.choice(wishes) if self.moods else "transfer"
            if wish not in {one.id for one in options}:
                self.seeks = wish
                return "menu.group.more"
            return wish if not next(one for one in options if one.id == wish).disabled else "transfer"
        if key == "menu.group.more":
            if next(one for one in options if one.id == self.seeks).disabled:
                raise Back
            return self.seeks
        if key == "interbank.bank":
            return options[0].id
        if key in {"risk.person", "risk.not-yet"} and self.chance.random() < 0.6:
            self.speaks()
            return "spoken"
        if key == "receipt.how" and self.chance.random() < 0.5:
            return "none"
        avoids = () if self.moods and self.chance.random() < 0.3 else self.avoids
        return self.chance.choice([one.id for one in options if not one.disabled and one.id not in avoids])

    def _types_amount(self) -> Money:
        too_much = self.moods and self.chance.random() < 0.15
        some = self.chance.randint(1, 20_000)
        with_a_fee = self.moods and some % 5 == 0
        return Money(6_000_000 if too_much else some + 1_000_000 * with_a_fee)

    def _types_number(self, key: str, biller: str) -> str:
        if key == "phone.new":
            return self.new_phone
        if key == "interbank.number":
            if self.moods:
                self.outside = self.chance.choice(ACCOUNTS)
            return self.outside[1]
        if key in {"step-up.code", "phone.code"}:
            wrong = self.moods and self.chance.random() < 0.2
            return "000000" if wrong else self.phone()
        if key in DATES:
            return DATES[key]
        wrong = self.moods and self.chance.random() < 0.1
        if key == "bills.number":
            return "00000000" if wrong else self.bills(biller)
        return "6229990900000000999" if wrong else self.payee

    async def _types_pin(self) -> None:
        await self.pad.asked(30)
        for key in self._pin():
            await self.pad.act("key", key)
            await asyncio.sleep(self.beat)
        await self.pad.act("key", "enter")

    def _pin(self) -> str:
        wrong = self.moods and self.chance.random() < 0.02
        self.did["wrong-pin"] += wrong
        card = next(card for card in demo.CARDS if card.account == self.who.accounts[0][0])
        right = self.new_pin if self.entry in {"pin.new", "pin.again"} else self.pins.get(card.pan, card.pin)
        return "000001" if wrong else right

    async def _never(self) -> Any:
        return await asyncio.get_running_loop().create_future()

    def count(self, digits: int) -> None:
        assert 0 <= digits <= 12

    def typed(self, text: str) -> None:
        raise AssertionError("nobody types in clear here")

    async def warn(self, seconds: float) -> None:
        if self.gone:
            await self._never()
        await asyncio.sleep(min(3.0, seconds / 2))

    def reset(self) -> None:
        self.language = "zh"
