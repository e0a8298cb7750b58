"""Standing orders: begun and ended by their customer, paid once a payday by the branch, whatever falls between."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from branch import demo, standing as runner
from branch.bank.core import CoreOrder, CorePosted, CoreUnavailable
from branch.store import standing as store
from protocol import messages as m, standing as s
from tests.branch.support import DAY, Terminal, World, world

HERS, SAVINGS = (number for number, _, _ in demo.LI_NA.accounts)
HIS = demo.WANG_WEI.accounts[0][0]
STRANGER = demo.PEOPLE[3].accounts[0][0]
OPENING = demo.LI_NA.accounts[0][2]


@pytest.fixture(params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
    one = world(tmp_path, url)
    yield one
    one.db.engine.dispose()


@pytest.fixture
def vtm(made: World) -> Terminal:
    return made.terminal()


def signed_in(vtm: Terminal) -> tuple[str, str]:
    visit = vtm.visit()
    return visit, vtm.by_document(visit).customer


def terms(vtm: Terminal, customer: str, to: str = HIS, amount: int = 100_000, **changes: Any) -> s.StandingTerms:
    order = vtm.order(customer, to, amount)
    kept = order.model_dump(exclude={"fee", "currency"})
    return s.StandingTerms.model_validate({**kept, "every": "month", "first": DAY + timedelta(days=1), **changes})


def act(vtm: Terminal, visit: str, customer: str, order: s.StandingTerms | s.StandingStop, **changes: Any) -> Any:
    """A new one, or the end of one, signed by the pad."""
    vtm.trace += 1
    new = isinstance(order, s.StandingTerms)
    code, step = ("STANDING-NEW", "standing-new") if new else ("STANDING-END", "standing-end")
    key = f"{visit}/{vtm.trace:03d}-{step}"
    mac = vtm.mac(key, vtm.trace, code, order)
    facts = {"key": key, "trace": vtm.trace, "code": code, "operator": "VTM", "customer": customer, "mac": mac}
    kind = s.NewStanding if new else s.EndStanding
    return kind.model_validate({**facts, "order": order, **changes})


def begin(vtm: Terminal, **changes: Any) -> tuple[str, str, s.StandingOrder]:
    visit, customer = signed_in(vtm)
    said = vtm.ask("new_standing", act(vtm, visit, customer, terms(vtm, customer, **changes)))
    assert (said.status, bool(said.reference)) == ("done", True)
    (order,) = vtm.ask("standing_orders", {"customer": customer}).orders
    return visit, customer, order


def days(made: World, count: int) -> None:
    """So many cut-overs, with the branch looking after each."""
    for _ in range(count):
        made.ledger.advance_accounting_date()
        runner.pay_due(made.branch)


def paid(made: World, order: s.StandingOrder) -> list[tuple[str, str]]:
    with made.db.read() as tx:
        return [(row.due, row.state) for row in store.runs_of(tx, order.handle)]


@pytest.mark.parametrize(
    ("first", "every", "expected"),
    [
        (date(2031, 1, 31), "month", ["2031-01-31", "2031-02-28", "2031-03-31", "2031-04-30", "2031-05-31"]),
        (date(2032, 1, 30), "month", ["2032-01-30", "2032-02-29", "2032-03-30"]),
        (date(2031, 12, 15), "month", ["2031-12-15", "2032-01-15"]),
        (date(2031, 12, 29), "week", ["2031-12-29", "2032-01-05", "2032-01-12"]),
    ],
)
def test_a_month_without_the_day_pays_on_its_last_and_the_next_one_on_the_day_again(
    first: date, every: s.Every, expected: list[str]
) -> None:
    assert [s.payday(first, every, number).isoformat() for number in range(len(expected))] == expected


def test_it_is_paid_on_its_day_once_and_again_a_month_later(made: World, vtm: Terminal) -> None:
    _, _, order = begin(vtm)
    assert runner.pay_due(made.branch) == 0
    days(made, 1)
    assert made.balances()[HERS] == OPENING - 100_000
    for _ in range(3):
        runner.pay_due(made.branch)
    days(made, 30)
    assert made.balances()[HERS] == OPENING - 100_000
    days(made, 1)
    assert made.balances()[HERS] == OPENING - 200_000
    assert paid(made, order) == [("2031-03-15", "done"), ("2031-04-15", "done")]
    assert made.ledger.balance_check() == []


def test_after_so_many_times_or_its_last_day_it_is_over(made: World, vtm: Terminal) -> None:
    visit, customer, _ = begin(vtm, every="week", times=2)
    other = terms(vtm, customer, SAVINGS, 50, every="week", last=DAY + timedelta(days=10))
    assert vtm.ask("new_standing", act(vtm, visit, customer, other)).status == "done"
    days(made, 30)
    assert made.balances()[HERS] == OPENING - 2 * 100_000 - 2 * 50
    assert vtm.ask("standing_orders", {"customer": vtm.by_document(vtm.visit()).customer}).orders == ()


def test_one_that_is_ended_pays_no_more_and_ends_once(made: World, vtm: Terminal) -> None:
    visit, customer, order = begin(vtm)
    stop = s.StandingStop(
        standing=order.handle,
        source_masked=order.source_masked,
        target_masked=order.target_masked,
        target_name=order.target_name,
        amount=order.amount,
    )
    body = act(vtm, visit, customer, stop)
    said = vtm.ask("end_standing", body)
    assert said.status == "done"
    assert vtm.ask("end_standing", body) == said
    assert vtm.ask("state", {"key": body.key}).status == "done"
    assert vtm.ask("end_standing", act(vtm, visit, customer, stop)).reason is m.Reason.CONFLICT
    days(made, 2)
    assert made.balances()[HERS] == OPENING


def test_nobody_ends_anothers(made: World, vtm: Terminal) -> None:
    _, _, order = begin(vtm)
    visit = vtm.visit()
    his = vtm.by_document(visit, demo.WANG_WEI, "369258").customer
    assert vtm.ask("standing_orders", {"customer": his}).orders == ()
    stop = s.StandingStop(standing=order.handle, source_masked="", target_masked="", target_name="", amount=0)
    assert vtm.ask("end_standing", act(vtm, visit, his, stop)).status == "refused"
    days(made, 1)
    assert made.balances()[HERS] == OPENING - 100_000


def test_a_new_payee_needs_a_code_and_the_pads_mac_is_looked_at(made: World, vtm: Terminal) -> None:
    visit, customer = signed_in(vtm)
    order = terms(vtm, customer, STRANGER)
    assert vtm.ask("new_standing", act(vtm, visit, customer, order)).reason is m.Reason.STEP_UP
    assert vtm.ask("new_standing", act(vtm, visit, customer, order, mac="00" * 8)).reason is m.Reason.MAC
    vtm.steps_up(customer)
    assert vtm.ask("new_standing", act(vtm, visit, customer, order)).status == "done"
    days(made, 1)
    assert made.ledger.account(STRANGER).balance == demo.PEOPLE[3].accounts[0][2] + 100_000  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": DAY},
        {"first": DAY + timedelta(days=s.AHEAD + 1)},
        {"first": DAY + timedelta(days=9), "last": DAY + timedelta(days=8)},
    ],
)
def test_dates_that_cannot_be_are_refused(vtm: Terminal, wrong: dict[str, date]) -> None:
    visit, customer = signed_in(vtm)
    said = vtm.ask("new_standing", act(vtm, visit, customer, terms(vtm, customer, **wrong)))
    assert (said.status, said.reason) == ("refused", m.Reason.STANDING_DATES)


def test_a_key_that_was_taken_back_begins_nothing_and_one_that_is_done_stands(vtm: Terminal) -> None:
    visit, customer = signed_in(vtm)
    body = act(vtm, visit, customer, terms(vtm, customer))
    assert vtm.ask("reverse", {"key": body.key, "reason": "settle"}).ending is m.Ending.BARRED
    assert vtm.ask("new_standing", body).reason is m.Reason.BARRED
    assert vtm.ask("standing_orders", {"customer": customer}).orders == ()
    good = act(vtm, visit, customer, terms(vtm, customer))
    assert vtm.ask("new_standing", good).status == "done"
    assert vtm.ask("reverse", {"key": good.key, "reason": "settle"}).ending is m.Ending.STANDS


def test_missing_money_is_tried_again_that_day_then_let_go_and_told(made: World, vtm: Terminal) -> None:
    _, _, order = begin(vtm, amount=4_900_000)
    visit, customer = signed_in(vtm)
    assert vtm.ask("transfer", vtm.post(visit, customer, vtm.order(customer, HIS, 4_000_000))).status == "done"
    days(made, 1)
    for _ in range(5):
        made.clock.minutes(119)
        runner.pay_due(made.branch)
        made.clock.minutes(1)
        runner.pay_due(made.branch)
    assert paid(made, order) == [("2031-03-15", "refused")] * 3
    assert made.balances()[HERS] == OPENING - 4_000_000 - 500
    customer = vtm.by_document(vtm.visit()).customer
    (told,) = vtm.ask("untold", {"customer": customer}).endings
    assert (told.ending, told.order["amount"], told.order["reason"]) == ("refused", 4_900_000, "funds")
    vtm.ask("told", {"customer": customer, "key": told.key})
    assert vtm.ask("untold", {"customer": customer}).endings == ()
    (left,) = vtm.ask("standing_orders", {"customer": customer}).orders
    assert left.next == date(2031, 4, 15)


def test_money_that_comes_in_time_is_paid_at_the_next_try(made: World, vtm: Terminal) -> None:
    _, _, order = begin(vtm, amount=4_900_000)
    visit, customer = signed_in(vtm)
    away = vtm.post(visit, customer, vtm.order(customer, HIS, 4_000_000))
    vtm.ask("transfer", away)
    days(made, 1)
    assert vtm.ask("reverse", {"key": away.key, "reason": "customer"}).ending is m.Ending.REVERSED
    made.clock.minutes(120)
    runner.pay_due(made.branch)
    assert paid(made, order) == [("2031-03-15", "refused"), ("2031-03-15", "done")]


class Dies(Exception):
    """The server's end."""


@pytest.mark.parametrize("when", ["before", "after", "silent"])
def test_a_server_that_dies_around_the_core_pays_once_all_the_same(
    made: World, vtm: Terminal, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    _, _, order = begin(vtm)
    post = made.ledger.post

    def fails(key: str, what: CoreOrder, *, pending: bool) -> CorePosted:
        if when == "after":
            post(key, what, pending=pending)
        raise CoreUnavailable if when == "silent" else Dies

    made.ledger.advance_accounting_date()
    monkeypatch.setattr(made.ledger, "post", fails)
    if when == "silent":
        assert runner.pay_due(made.branch) == 0
    else:
        with pytest.raises(Dies):
            runner.pay_due(made.branch)
    monkeypatch.undo()
    for _ in range(3):
        runner.pay_due(made.branch)
    assert paid(made, order) == [("2031-03-15", "done")]
    assert made.balances()[HERS] == OPENING - 100_000


def test_a_fee_that_changes_between_two_tries_of_a_key_does_not_pay_twice(
    made: World, vtm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written before the core was asked is what is asked again."""
    _, _, order = begin(vtm)
    post, fee = made.ledger.post, made.ledger.fee

    def dies_after(key: str, what: CoreOrder, *, pending: bool) -> CorePosted:
        post(key, what, pending=pending)
        raise Dies

    made.ledger.advance_accounting_date()
    monkeypatch.setattr(made.ledger, "post", dies_after)
    with pytest.raises(Dies):
        runner.pay_due(made.branch)
    monkeypatch.undo()
    monkeypatch.setattr(made.ledger, "fee", lambda *asked: fee(*asked) + 7)
    runner.pay_due(made.branch)
    assert paid(made, order) == [("2031-03-15", "done")]
    assert made.balances()[HERS] == OPENING - 100_000


def test_several_servers_that_look_at_once_pay_once(made: World, vtm: Terminal) -> None:
    _, _, order = begin(vtm)
    made.ledger.advance_accounting_date()
    together, failed = Barrier(4), list[BaseException]()

    def looks() -> None:
        together.wait()
        try:
            runner.pay_due(made.branch)
        except BaseException as why:  # noqa: BLE001  told to the test
            failed.append(why)

    threads = [Thread(target=looks) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failed
    assert paid(made, order) == [("2031-03-15", "done")]
    assert made.balances()[HERS] == OPENING - 100_000


def test_a_server_that_comes_late_to_write_does_not_bring_an_order_back_to_an_old_payday(
    made: World, vtm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it waits for the core, another one pays this payday and the next."""
    _, _, order = begin(vtm)
    post = made.ledger.post

    def slow(key: str, what: CoreOrder, *, pending: bool) -> CorePosted:
        monkeypatch.undo()
        done = post(key, what, pending=pending)
        runner.pay_due(made.branch)
        days(made, 31)
        return done

    made.ledger.advance_accounting_date()
    monkeypatch.setattr(made.ledger, "post", slow)
    runner.pay_due(made.branch)
    runner.pay_due(made.branch)
    assert paid(made, order) == [("2031-03-15", "done"), ("2031-04-15", "done")]
    (left,) = vtm.ask("standing_orders", {"customer": vtm.by_document(vtm.visit()).customer}).orders
    assert left.next == date(2031, 5, 15)
