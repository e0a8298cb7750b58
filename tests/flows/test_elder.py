"""Elder mode in a visit, help in writing, and the time that somebody gets who is slow."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flows import screens as s
from flows.elder import MORE, fewer
from flows.ports import CallHelp, Chrome
from protocol import messages as m
from tests.flows.guest import Guest, with_guest
from tests.storm.machine import Machine


class Elder(Guest):
    """She chooses what she came for, behind "more" where it does not stand on the first page."""

    elder = True
    menus: list[s.Choose]

    async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
        ids = {option.id for option in options}
        if MORE in ids and self.plan and self.plan[0] not in ids:
            return MORE
        return await super()._chooses(key, options)

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        if isinstance(screen, s.Choose) and screen.key == "menu":
            self.menus.append(screen)
        return await super().show(screen, chrome)


def becomes(guest: Guest, kind: type[Guest]) -> Guest:
    guest.__class__ = kind
    return guest


def test_in_elder_mode_the_menu_has_four_cards_and_everything_stands_behind_the_last(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        guest.elder, guest.menus, guest.wishes = True, [], ("information", "accounts")  # type: ignore[attr-defined]
        elder = becomes(guest, Elder)
        await machine.visits(1)
        assert machine.endings == ["farewell"], guest.told
        first, second = elder.menus[:2]  # type: ignore[attr-defined]
        assert [option.id for option in first.options] == ["accounts", "transfer", "statement", MORE]
        assert len(second.options) > len(first.options)
        assert "information.what" in guest.met

    with_guest(tmp_path, story)


def test_few_choices_stay_as_they_are() -> None:
    few = s.Choose("menu", options=tuple(s.Option(str(n), "menu.transfer") for n in range(4)))
    assert fewer(few) is few


@pytest.mark.parametrize("slow", [False, True])
def test_who_is_slow_has_twice_the_time_before_she_is_asked_whether_she_is_here(tmp_path: Path, slow: bool) -> None:
    warned: list[tuple[float, float]] = []
    since: list[float] = []

    class Quiet(Guest):
        async def _answer(self, screen: s.Screen[Any]) -> Any:
            if screen.key != "menu":
                return await super()._answer(screen)
            since.append(asyncio.get_running_loop().time())
            return await self._never()

        async def warn(self, seconds: float) -> None:
            warned.append((asyncio.get_running_loop().time() - since[-1], seconds))
            await self._never()

    async def story(machine: Machine, guest: Guest) -> None:
        guest.slow, guest.gone = slow, False
        becomes(guest, Quiet)
        await machine.visits(1)
        rules = machine.terminal.rules
        waited, seconds = warned[0]
        assert seconds == rules.warning * (1 + slow)
        assert abs(waited - rules.idle * (1 + slow)) < rules.idle / 2
        assert machine.endings == ["idle"]

    with_guest(tmp_path, story)


def test_after_a_call_for_help_she_may_ask_for_writing_and_the_branch_hears_it(tmp_path: Path) -> None:
    calls: list[m.HelpCall] = []

    class Deaf(Guest):
        async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
            if screen.key == "menu" and "help.called" not in self.met:
                raise CallHelp
            return await super().show(screen, chrome)

        async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
            return "in-writing" if key == "help.called" else await super()._chooses(key, options)

    async def story(machine: Machine, guest: Guest) -> None:
        call_help = machine.terminal.bank.call_help

        async def heard(call: m.HelpCall) -> m.HelpCalled:
            calls.append(call)
            return await call_help(call)

        machine.terminal.bank.call_help = heard  # type: ignore[method-assign]
        becomes(guest, Deaf)
        await machine.visits(1)
        assert [call.wants for call in calls] == ["voice", "text"]
        assert guest.told[0].key == "help.in-writing"

    with_guest(tmp_path, story)
