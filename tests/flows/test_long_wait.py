"""An enquiry that takes long can be left: back to where she was, or by way of a person."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from flows import screens as s
from flows.ports import Back, CallHelp, Chrome
from tests.flows.guest import Guest, with_guest
from tests.storm.machine import Machine


class Impatient(Guest):
    """She does not wait for ever: after six seconds she touches what there is to touch, once."""

    way: type[Exception] = Back
    offered: Chrome | None = None

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        if isinstance(screen, s.Wait) and screen.key == "wait.bank" and self.offered is None and "menu" in self.met:
            await asyncio.sleep(6)
            self.offered = chrome
            raise self.way
        return await super().show(screen, chrome)


@pytest.mark.parametrize("way", [Back, CallHelp])
def test_an_enquiry_that_takes_long_is_left_or_asked_anew_after_help(tmp_path: Path, way: type[Exception]) -> None:
    asked: list[str] = []

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Impatient
        guest.wishes, guest.way = ("accounts",), way  # type: ignore[attr-defined]
        real = machine.bank.accounts

        async def accounts(customer: str) -> Any:
            asked.append(customer)
            if len(asked) == 2:  # the menu has asked before
                await asyncio.sleep(1000)
            return await real(customer)

        machine.bank.accounts = accounts  # type: ignore[method-assign]
        await machine.visits(1)
        assert machine.endings == ["farewell"]
        assert guest.offered == Chrome("back")  # type: ignore[attr-defined]
        assert guest.met.count("menu") == 2
        assert ("help.called" in guest.met) == (way is CallHelp)
        assert ("accounts.choose" in guest.met) == (way is CallHelp), "asked anew, or left"

    with_guest(tmp_path, story)
    assert len(asked) == (3 if way is CallHelp else 2)
