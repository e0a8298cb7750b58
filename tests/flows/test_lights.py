"""The light beside what a screen asks the hand to use is lit while the screen stands, and at no other time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from drivers.api import Light
from flows import screens as s
from flows.lights import BOTH, LitStage, lights_of
from flows.ports import Chrome
from tests.flows.guest import Guest, Paper, with_guest
from tests.storm.machine import Machine


@dataclass
class Sees(Guest):
    """She sees which lights are lit as she acts."""

    lit: dict[str, set[str]] = field(default_factory=dict)

    async def _mood(self, screen: s.Screen[Any], chrome: Chrome) -> None:
        self.lit[screen.key] = lit(self)
        await super()._mood(screen, chrome)


def lit(guest: Guest) -> set[str]:
    assert guest.panel is not None
    return set(guest.panel.state()["lights"])


def seen(folder: Path, story: Callable[[Machine, Sees], Awaitable[None]]) -> None:
    async def whole(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Sees
        assert isinstance(guest, Sees)
        guest.lit, guest.wishes = {}, ("transfer",)
        around = machine.terminal.around
        devices = replace(machine.terminal.devices, printer=Slow())
        machine.terminal = replace(machine.terminal, stage=LitStage(guest, machine.panel, around), devices=devices)
        await story(machine, guest)

    with_guest(folder, whole)


@pytest.mark.parametrize("how", ["bank-card", "id-card"])
def test_each_prompt_is_lit_beside_what_it_asks_for_and_all_is_dark_in_the_end(tmp_path: Path, how: str) -> None:
    async def story(machine: Machine, guest: Sees) -> None:
        guest.prefers = how
        await machine.visits(1)
        assert machine.endings == ["farewell"]
        card, document = {str(Light.CARD_READER)}, {str(Light.SCANNER)}
        expected = {
            "identify.how": card | document,
            "identify.insert": card,
            "identify.lay": document,
            "identify.take": document,
            "pin.enter": {str(Light.PIN_PAD)},
            "receipt.take": {str(Light.PRINTER)},
            "farewell.card": card,
        }
        for key, lights in guest.lit.items():
            assert lights == expected.get(key, set()), key
        assert {"pin.enter", "receipt.take"} <= set(guest.lit)
        await asyncio.sleep(1)
        assert not lit(guest)

    seen(tmp_path, story)


@pytest.mark.parametrize("fault", ["unplugged", "deaf", "broken", "garbled"])
def test_a_panel_that_cannot_light_keeps_nobody_waiting_and_is_lit_again_when_it_is_back(
    tmp_path: Path, fault: str
) -> None:
    async def story(machine: Machine, guest: Sees) -> None:
        guest.prefers = "id-card"
        await machine.panel_end.set_fault(fault)
        loop = asyncio.get_running_loop()
        began = loop.time()
        machine.person.mend = nothing  # type: ignore[method-assign]
        await machine.visits(1)
        assert machine.endings == ["farewell"]
        failed = loop.time() - began
        assert not any(guest.lit.values())
        await machine.panel_end.set_fault("")
        await asyncio.sleep(30)
        await machine.visits(1)
        assert guest.lit["pin.enter"] == {str(Light.PIN_PAD)}
        assert failed < 1000

    seen(tmp_path, story)


class Slow(Paper):
    """Her hand is at the paper only after a while."""

    async def paper_taken(self) -> bool | None:
        await asyncio.sleep(15)
        return True


async def nothing() -> None:
    """Nobody mends anything."""


def test_attract_shows_where_a_card_goes_once_somebody_comes_near() -> None:
    attract = s.Attract("attract")
    assert lights_of(attract, near=False) == {Light.FASCIA}
    assert lights_of(attract, near=True) == BOTH | {Light.FASCIA}


def test_a_machine_that_cannot_serve_is_dark() -> None:
    assert not lights_of(s.OutOfService("out-of-service"))
