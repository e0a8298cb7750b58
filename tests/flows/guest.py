"""A customer with a plan, and one thing that happens when she stands before a certain screen."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from unittest import mock

from branch import demo
from drivers.api import Printed, Slip
from flows import menu, screens as s
from flows.menu import FLOWS
from flows.ports import Back, Chrome, Leave
from flows.session import Session
from tests.storm.loop import StormLoop
from tests.storm.machine import Machine, NoPrinter
from tests.storm.person import Person

PLAN = ("accounts", "transfer", "statement", "copies")


@dataclass
class Guest(Person):
    """She looks at her account, moves money, takes both on paper, looks at what moved, prints a copy and leaves."""

    wishes: tuple[str, ...] = PLAN
    """What she comes for, each time."""
    plan: list[str] = field(default_factory=list)
    at: str = ""
    """The screen before which something happens."""
    then: Callable[[], Awaitable[None]] | None = None
    met: list[str] = field(default_factory=list)
    """Keys of the screens of this visit, in order."""

    def arrives(self) -> None:
        super().arrives()
        self.who = demo.LI_NA
        self.plan, self.met = list(self.wishes), []

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        self.met.append(screen.key)
        if screen.key == self.at and self.then:
            then, self.then = self.then, None
            await then()
        return await super().show(screen, chrome)

    async def _answer(self, screen: s.Screen[Any]) -> Any:
        if isinstance(screen, s.Prompt) and screen.picture is s.Picture.PAPER_TAKE:
            return await self._never()
        return await super()._answer(screen)

    async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
        if key.startswith("menu"):
            return self._wishes({option.id: option.disabled for option in options})
        if "print" in {option.id for option in options}:
            return "print"
        if key == "transfer.to":
            return "someone"
        return self.prefers if key == "identify.how" else options[0].id

    def _wishes(self, cards: dict[str, str]) -> str:
        """The next thing that she came for, or the card behind which it is; a group may be what she came to see."""
        wish = self.plan[0] if self.plan else ""
        behind = {flow.id: f"menu.group.{flow.group}" for flow in FLOWS}.get(wish, "")
        if behind in cards:
            return behind
        if wish and wish not in cards:
            raise Back
        if not wish or cards[self.plan.pop(0)]:
            raise Leave
        return wish


@contextmanager
def menus_seen() -> Iterator[list[s.Choose]]:
    """Each time the first page of the menu is drawn: all that could be chosen, on this page or behind its cards."""
    seen: list[s.Choose] = []
    draw = menu.page

    def drawn(session: Session, now: menu.Now) -> s.Choose:
        if now.page == "front":
            pages = [draw(session, replace(now, page=page)) for page in ("front", *menu.GROUPS.values())]
            cards = (option for one in pages for option in one.options if option.id not in menu.GROUPS)
            seen.append(s.Choose("menu", options=tuple(cards)))
        return draw(session, now)

    with mock.patch.object(menu, "page", drawn):
        yield seen


class Paper(NoPrinter):
    """A printer with a sensor at its mouth: her hand is there two seconds later."""

    taken = True

    async def print_slip(self, slip: Slip) -> Printed:
        await asyncio.sleep(2)
        return Printed(printed=True, proof="process-id")

    async def paper_taken(self) -> bool | None:
        await asyncio.sleep(2)
        return self.taken


def with_guest(folder: Path, story: Callable[[Machine, Guest], Awaitable[None]]) -> Machine:
    """A terminal in good weather, and a guest before it."""
    machine = Machine(folder, 5, 0.0, 0.0, moods=False, looks=8.0)

    async def whole() -> None:
        await machine.power_up()
        plain = {one.name: getattr(machine.person, one.name) for one in fields(Person)}
        guest = machine.person = Guest(**plain)
        devices = replace(machine.terminal.devices, printer=Paper())
        machine.terminal = replace(machine.terminal, stage=guest, devices=devices)
        await story(machine, guest)

    with asyncio.Runner(loop_factory=StormLoop) as runner:
        runner.run(whole())
    return machine
