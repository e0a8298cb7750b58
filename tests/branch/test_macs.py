"""The pad's MAC over what moves no money: without it nothing is done, and a repeat may carry another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from branch import demo
from branch.store.schema import pins
from protocol import care, messages as m
from tests.branch.support import Said, Terminal, World, world
from tests.branch.test_limits import account_of, change
from tests.branch.test_loss_reports import claimed, report
from tests.branch.test_phones import Desk as PhoneDesk
from tests.branch.test_pin_changes import NEW, OLD, Desk as PinDesk

Made = Callable[[Terminal], tuple[str, care.Act]]


@pytest.fixture
def made(tmp_path: Path) -> World:
    return world(tmp_path)


@pytest.fixture
def terminal(made: World) -> Terminal:
    return made.terminal()


def a_loss(terminal: Terminal) -> tuple[str, care.Act]:
    visit, found = claimed(terminal)
    return "report_loss", report(visit, found.every)


def a_limit(terminal: Terminal) -> tuple[str, care.Act]:
    visit = terminal.visit()
    customer = terminal.by_document(visit).customer
    terminal.steps_up(customer, "limit-change")
    return "lower_limit", change(visit, customer, account_of(terminal, customer), 10_000)


def a_pin(terminal: Terminal) -> tuple[str, care.Act]:
    return "change_pin", PinDesk(terminal).body(OLD, NEW)


def a_phone(terminal: Terminal) -> tuple[str, care.Act]:
    desk = PhoneDesk(terminal)
    desk.speaks()
    return "change_phone", desk.body(desk.new())


ACTS = pytest.mark.parametrize("act", [a_loss, a_limit, a_pin, a_phone])


def standing(made: World) -> Any:
    """All that the four could change."""
    core = made.branch.core
    with made.db.read() as tx:
        verifiers = tx.execute(sa.select(pins.c.card, pins.c.verifier, pins.c.wrong)).all()
    return core.cards(demo.LI_NA.id), core.accounts(demo.LI_NA.id), core.customer_by_id(demo.LI_NA.id), verifiers


@ACTS
def test_with_a_wrong_mac_or_another_orders_it_is_refused_recorded_and_nothing_is_done(
    made: World, terminal: Terminal, act: Made
) -> None:
    call, body = act(terminal)
    other = terminal.sealed(body.model_copy(update={"trace": body.trace + 1})).mac
    before = standing(made)
    for number, mac in enumerate(("00" * 8, other, "", "0011")):
        key = body.key.replace("/0", f"/{number + 1}", 1)
        wrong = body.model_copy(update={"key": key, "mac": mac or "00"})
        said = terminal.ask(call, wrong)
        assert (said.status, said.reason) == ("refused", m.Reason.MAC)
        assert terminal.ask("state", {"key": key}).status == "refused"
        assert terminal.ask(call, wrong.model_copy(update={"mac": terminal.sealed(wrong).mac})) == said, "it stands"
    assert standing(made) == before


@ACTS
def test_repeated_with_a_mac_under_newer_keys_it_is_the_same_act(made: World, terminal: Terminal, act: Made) -> None:
    call, body = act(terminal)
    done = terminal.ask(call, body)
    assert done.status == "done"
    for _ in range(2):
        terminal.ask("pad_keys", {})
    assert terminal.ask(call, body) == done


def test_a_body_without_any_mac_is_refused_too(terminal: Terminal) -> None:
    visit, found = claimed(terminal)
    body = report(visit, found.every).model_dump_json(exclude={"mac"})
    status, said = terminal.raw("/v1/loss/report", body.encode())
    assert status == 200
    assert m.Outcome.model_validate_json(said).reason is m.Reason.MAC


def test_another_terminals_pad_speaks_for_no_order_of_this_one(made: World, terminal: Terminal) -> None:
    other = made.terminal("VTM002")
    visit, found = claimed(terminal)
    body = report(visit, found.every)
    said = terminal.ask("report_loss", other.sealed(body))
    assert said.reason is m.Reason.MAC
    with pytest.raises(Said):
        other.ask("report_loss", body)
