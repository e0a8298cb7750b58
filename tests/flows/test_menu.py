"""The menu fits the moment: what cannot be done says why, and what was switched off is neither offered nor done."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from branch.rules import RULES, Rules
from drivers.api import Health, NoMedia, Offline, Status
from flows import screens as s
from flows.menu import FLOWS, GROUPS, Flow, Group
from flows.session import Level, Session
from flows.terminal import Standing
from protocol import messages as m
from tests.flows.guest import Guest, Paper, menus_seen, with_guest
from tests.storm.machine import Machine
from tools.messagekeys import FAMILIES

PRINTS = {"bills", "accounts", "transfer", "statement", "interbank"}
SERVED = PRINTS | {"information", "limit", "pin", "loss", "phone", "standing", "pending"}


@dataclass
class Sees(Guest):
    """She keeps what the menus offered."""

    menus: list[s.Choose] = field(default_factory=list)


@dataclass
class World:
    """What the branch says; it may change in mid-visit."""

    open: bool = True
    off: Mapping[str, str] = field(default_factory=dict)

    def __call__(self) -> Standing:
        return Standing(self.open, self.off)


async def sees(machine: Machine, guest: Guest, world: World, printer: Paper | None = None, *plan: str) -> Sees:
    guest.__class__ = Sees
    assert isinstance(guest, Sees)
    guest.prefers, guest.menus = "id-card", []
    devices = replace(machine.terminal.devices, printer=printer or machine.terminal.devices.printer)
    machine.terminal = replace(machine.terminal, standing=world, devices=devices)
    guest.wishes = plan
    with menus_seen() as guest.menus:
        await machine.visits(1)
    assert machine.endings == ["farewell"], guest.told
    return guest


NEVER_HERE = {"copies": "hindered.no-receipts", "scan": "hindered.no-camera", "phone": "hindered.needs-card"}
"""Nothing was printed, there is no camera, and she came with her document."""


async def nothing(_: Session) -> None:
    """A transaction that does nothing."""


def disabled(menu: s.Choose) -> dict[str, str]:
    return {option.id: option.disabled for option in menu.options if option.disabled}


def test_the_branch_can_switch_off_whatever_is_on_the_menu() -> None:
    assert {flow.id for flow in FLOWS} == set(m.TRANSACTIONS)


def test_what_is_wanted_most_stands_on_the_first_page_which_has_six_cards_at_most() -> None:
    front = [flow.id for flow in FLOWS if flow.group == "front"]
    assert front[:3] == ["accounts", "transfer", "statement"]
    assert len(front) + len(GROUPS) <= 6


def test_what_says_nothing_of_its_place_stands_under_more() -> None:
    assert Flow("new", Level.CUSTOMER, nothing).group == "more"
    assert set(GROUPS.values()) == set(get_args(Group)) - {"front"}


@pytest.mark.parametrize("reason", FAMILIES["hindered."][4:])
def test_what_is_switched_off_says_why_and_the_rest_is_offered(tmp_path: Path, reason: str) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        menu = (await sees(machine, guest, World(off={"transfer": reason}))).menus[0]
        assert disabled(menu) == {"transfer": f"hindered.{reason}", **NEVER_HERE}

    with_guest(tmp_path, story)


def test_while_the_bank_is_away_nothing_that_needs_it_is_offered(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        menu = (await sees(machine, guest, World(open=False))).menus[0]
        assert disabled(menu) == NEVER_HERE | dict.fromkeys(SERVED, "hindered.bank")

    with_guest(tmp_path, story)


def test_what_her_kind_of_document_does_not_open_says_so_and_the_rest_is_offered(tmp_path: Path) -> None:
    table = RULES.table | {"not-with-document": [{"from": date(2031, 1, 1), "resident": ["transfer", "pin"]}]}

    async def story(machine: Machine, guest: Guest) -> None:
        object.__setattr__(machine.world.branch, "rules", Rules(table))
        menu = (await sees(machine, guest, World(), None, "accounts")).menus[0]
        assert {key: why for key, why in disabled(menu).items() if key not in NEVER_HERE} == {
            "transfer": "hindered.document",
            "pin": "hindered.document",
        }
        assert "accounts.choose" in guest.met or "accounts.one" in guest.met

    with_guest(tmp_path, story)


def test_who_has_no_account_here_is_told_so_where_one_is_needed(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        class Stays(Sees):
            async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
                if key == "menu" and len(self.menus) == 1:
                    return str(await self._never())
                return await super()._chooses(key, options)

        async def none(_: str) -> tuple[m.Account, ...]:
            return ()

        machine.bank.accounts = none  # type: ignore[method-assign]
        guest.__class__ = Stays
        guest.prefers, guest.wishes = "id-card", ()
        with menus_seen() as guest.menus:
            await machine.visits(1)
        assert (
            disabled(guest.menus[1])
            == dict.fromkeys(
                ("accounts", "transfer", "statement", "bills", "interbank", "standing", "limit"), "hindered.no-account"
            )
            | NEVER_HERE
        )

    with_guest(tmp_path, story)


def test_a_menu_that_is_on_the_glass_follows_what_the_branch_says(tmp_path: Path) -> None:
    """Without a touch: the same screen is drawn anew within seconds, and comes back when it is over."""

    class Waits(Sees):
        async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
            if key == "menu" and len(self.menus) == 1:
                world.off = {"transfer": "security"}
                return str(await self._never())
            if key == "menu" and len(self.menus) == 2:
                world.off = {}
                return str(await self._never())
            return await super()._chooses(key, options)

    world = World()

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Waits
        assert isinstance(guest, Waits)
        guest.prefers, guest.menus = "id-card", []
        machine.terminal = replace(machine.terminal, standing=world)
        with menus_seen() as guest.menus:
            await machine.visits(1)
        assert [disabled(menu).get("transfer", "") for menu in guest.menus[:3]] == ["", "hindered.security", ""]
        assert "transfer.done" in guest.met

    with_guest(tmp_path, story)


def test_what_is_switched_off_while_her_finger_comes_down_is_told_and_not_done(tmp_path: Path) -> None:
    world = World()

    class Quick(Sees):
        async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
            chosen = await super()._chooses(key, options)
            if key == "menu":
                world.off = {"transfer": "security"}
            return chosen

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Quick
        assert isinstance(guest, Quick)
        guest.prefers, guest.menus = "id-card", []
        machine.terminal = replace(machine.terminal, standing=world)
        arrives = guest.arrives

        def plans() -> None:
            arrives()
            guest.plan = ["transfer"]

        guest.arrives = plans  # type: ignore[method-assign]
        await machine.visits(1)
        told = next(one for one in guest.told if one.key == "stopped.hindered")
        assert told.why == "hindered.security"
        assert "transfer.from" not in guest.met

    with_guest(tmp_path, story)


class Out(Paper):
    async def status(self) -> Status:
        return Status("receipt-printer", Health.DEGRADED, media="absent", why=NoMedia("receipt-printer", "no paper"))


class Gone(Paper):
    async def status(self) -> Status:
        raise Offline("receipt-printer", "unplugged")


@pytest.mark.parametrize("printer", [Out, Gone])
def test_without_paper_all_can_be_done_but_what_is_nothing_without_it(tmp_path: Path, printer: type[Paper]) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        menus = (await sees(machine, guest, World(), printer(), "transfer")).menus
        lines = {option.id: option.line for option in menus[1].options}
        assert {one for one, line in lines.items() if line == "menu.without-paper"} == PRINTS
        assert disabled(menus[1])["copies"] == "hindered.no-receipts"
        assert disabled(menus[2]) == NEVER_HERE | {"copies": "hindered.no-paper"}
        assert "transfer.done" in guest.met

    with_guest(tmp_path, story)
