"""Whom she has paid before is offered before "someone else"; nobody types a number twice."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from branch import demo
from flows import screens as s
from flows.ports import Chrome, Refused, Unreachable
from flows.transfer import _payee_options
from kiosk.link import Link
from protocol import messages as m
from protocol.money import Money
from tests.flows.guest import Guest, with_guest
from tests.storm.machine import Machine


class Again(Guest):
    """She takes whom she has paid before, where that is offered."""

    offered: list[tuple[str, ...]]

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        if screen.key == "transfer.to":
            assert isinstance(screen, s.Choose)
            self.met.append(screen.key)
            self.offered.append(tuple(option.title for option in screen.options))
            known = [option.id for option in screen.options if option.literal]
            return known[0] if known else "someone"
        return await super().show(screen, chrome)


async def comes(machine: Machine, guest: Guest, times: int) -> Again:
    guest.__class__ = Again
    assert isinstance(guest, Again)
    guest.prefers, guest.amount, guest.offered = "id-card", Money(1_000), []
    await machine.visits(times)
    assert set(machine.endings) == {"farewell"}
    return guest


def test_whom_she_paid_last_time_is_offered_and_paid_without_a_number(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        again = await comes(machine, guest, 2)
        assert again.offered == [
            ("accounts.savings", "transfer.someone"),
            ("accounts.savings", "*敏", "transfer.someone"),
        ]
        assert "transfer.number" not in again.met
        assert "transfer.done" in again.met
        number = demo.PEOPLE[2].accounts[0][0]
        assert machine.world.balances()[number] == demo.PEOPLE[2].accounts[0][2] + 2_000

    with_guest(tmp_path, story)


@pytest.mark.parametrize("why", [Refused(m.Reason.CLOSED), Unreachable("not served")])
def test_a_bank_that_does_not_tell_whom_she_paid_still_lets_her_pay(tmp_path: Path, why: Exception) -> None:
    class Mute(Link):
        async def recent_payees(self, customer: str) -> tuple[m.Payee, ...]:
            raise why

    async def story(machine: Machine, guest: Guest) -> None:
        machine.terminal = replace(machine.terminal, bank=Mute(machine.client))
        again = await comes(machine, guest, 1)
        assert again.offered == [("accounts.savings", "transfer.someone")]
        assert "transfer.done" in again.met

    with_guest(tmp_path, story)


@pytest.mark.parametrize("own", range(6))
@pytest.mark.parametrize("paid", range(6))
def test_someone_else_is_always_among_the_first_six_and_after_whom_she_paid(own: int, paid: int) -> None:
    facts = {"kind": "current", "masked": "x", "balance": 0, "available": 0, "limit_today": 0}
    accounts = tuple(m.Account.model_validate({"handle": f"a{n}", **facts}) for n in range(own))
    payees = tuple(m.Payee(handle=f"p{n}", masked_name="*", masked_number="x") for n in range(paid))
    ids = [option.id for option in _payee_options(accounts, payees)]
    at = ids.index("someone")
    assert len(ids) == own + paid + 1
    assert at < 6
    assert all(ids.index(one.handle) < at for one in payees)
