"""The day's limit at the branch: lowered by a customer who has stepped up, never raised, once under a key."""

from pathlib import Path

import pytest

from branch import demo
from protocol import care, messages as m
from tests.branch.support import Said, Terminal, World, world


@pytest.fixture
def made(tmp_path: Path) -> World:
    return world(tmp_path)


@pytest.fixture
def terminal(made: World) -> Terminal:
    return made.terminal()


def change(visit: str, customer: str, account: m.Account, after: int, number: int = 1) -> care.LimitChange:
    order = care.LimitOrder(
        account=account.handle, account_masked=account.masked, before=account.limit_day, after=after
    )
    stamp = {"key": f"{visit}/{number:03d}-limit", "trace": number, "operator": "VTM", "customer": customer}
    return care.LimitChange.model_validate({**stamp, "order": order})


def account_of(terminal: Terminal, customer: str) -> m.Account:
    found: m.Account = terminal.ask("accounts", {"customer": customer}).accounts[0]
    return found


def test_it_is_lowered_at_once_and_holds_for_the_next_transfer(made: World, terminal: Terminal) -> None:
    visit = terminal.visit()
    customer = terminal.by_document(visit).customer
    account = account_of(terminal, customer)
    assert account.limit_day == demo.DAY_LIMIT
    terminal.steps_up(customer, "limit-change")
    body = change(visit, customer, account, 10_000)
    done = terminal.ask("lower_limit", body)
    assert (done.status, bool(done.reference)) == ("done", True)
    assert terminal.ask("lower_limit", body) == done
    assert terminal.ask("state", {"key": body.key}).status == "done"
    after = account_of(terminal, customer)
    assert (after.limit_day, after.limit_today) == (10_000, 10_000)
    order = terminal.order(customer, demo.WANG_WEI.accounts[0][0], 10_001)
    refused = terminal.ask("transfer", terminal.post(visit, customer, order))
    assert (refused.status, refused.reason) == ("refused", m.Reason.LIMIT)
    assert terminal.ask("reverse", {"key": body.key, "reason": "settle"}).ending is m.Ending.STANDS
    assert account_of(terminal, customer).limit_day == 10_000


def test_without_a_step_up_or_upward_or_from_another_figure_nothing_changes(terminal: Terminal) -> None:
    visit = terminal.visit()
    customer = terminal.by_document(visit).customer
    account = account_of(terminal, customer)
    said = terminal.ask("lower_limit", change(visit, customer, account, 1))
    assert (said.status, said.reason) == ("refused", m.Reason.STEP_UP)
    terminal.steps_up(customer, "limit-change")
    stale = account.model_copy(update={"limit_day": account.limit_day - 1})
    gone = account.model_copy(update={"handle": "nobody"})
    wrong = (
        (account, account.limit_day, m.Reason.LIMIT_UP),
        (account, account.limit_day + 1, m.Reason.LIMIT_UP),
        (stale, 1, m.Reason.CONFLICT),
        (gone, 1, m.Reason.ACCOUNT),
    )
    for number, (one, after, reason) in enumerate(wrong, 2):
        said = terminal.ask("lower_limit", change(visit, customer, one, after, number))
        assert (said.status, said.reason) == ("refused", reason)
    assert account_of(terminal, customer).limit_day == account.limit_day


def test_a_barred_key_and_a_session_that_is_over_lower_nothing(terminal: Terminal) -> None:
    visit = terminal.visit()
    customer = terminal.by_document(visit).customer
    account = account_of(terminal, customer)
    terminal.steps_up(customer, "limit-change")
    body = change(visit, customer, account, 1)
    assert terminal.ask("reverse", {"key": body.key, "reason": "settle"}).ending is m.Ending.BARRED
    said = terminal.ask("lower_limit", body)
    assert (said.status, said.reason) == ("refused", m.Reason.BARRED)
    other = change(visit, customer, account, 2, 2)
    terminal.ask("lower_limit", other)
    with pytest.raises(Said) as no:
        terminal.ask("lower_limit", other.model_copy(update={"trace": 9}))
    assert no.value.problem.reason == m.Reason.CONFLICT
    terminal.ask("sign_out", {"customer": customer})
    said = terminal.ask("lower_limit", change(visit, customer, account, 1, 3))
    assert (said.status, said.reason) == ("refused", m.Reason.SIGNED_OUT)
