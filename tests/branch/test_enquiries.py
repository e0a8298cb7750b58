"""What can be looked at: of her own accounts alone, and whoever stands on the other side is masked."""

from datetime import date
from typing import Any

import pytest

from branch import demo
from branch.store import bookkeeping
from protocol import enquiries as e
from protocol.messages import Reason
from tests.branch.support import DAY, Said, Terminal, World, world

HIS = demo.WANG_WEI.accounts[0][0]


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("enquiries"))


@pytest.fixture
def vtm(made: World) -> Terminal:
    return made.terminal()


def sends(vtm: Terminal, *amounts: int, to: str = HIS, who: demo.Person = demo.LI_NA, pin: str = "147258") -> str:
    """A customer who has moved money from her first account; her handle."""
    visit = vtm.visit()
    customer = vtm.by_document(visit, who, pin).customer
    if amounts:
        vtm.steps_up(customer)  # some of them are new to her
    for amount in amounts:
        assert vtm.ask("transfer", vtm.post(visit, customer, vtm.order(customer, to, amount))).status == "done"
    return customer


def moved(vtm: Terminal, customer: str, **asked: Any) -> e.Movements:
    account = vtm.ask("accounts", {"customer": customer}).accounts[0].handle
    found: e.Movements = vtm.ask("movements", {"customer": customer, "account": account, "period": "days-90", **asked})
    return found


def test_a_statement_tells_newest_first_what_moved_and_what_stood_there_afterwards(vtm: Terminal) -> None:
    found = moved(vtm, sends(vtm, 100, 1_500_000))
    opening = demo.LI_NA.accounts[0][2]
    assert [(one.kind, one.amount, one.balance) for one in found.movements] == [
        ("fee", -500, opening - 1_500_600),
        ("transfer", -1_500_000, opening - 1_500_100),
        ("transfer", -100, opening - 100),
        ("opening", opening, opening),
    ]
    assert (found.until, found.more) == (DAY, False)


def test_the_other_side_of_a_movement_is_masked_and_the_banks_own_accounts_are_none(vtm: Terminal) -> None:
    fee, sent, *_ = moved(vtm, sends(vtm, 1_500_000)).movements
    assert (sent.party_name, sent.party_masked) == ("*伟", "6229 **** 0034")
    assert sent.reference.startswith(f"{DAY:%Y%m%d}")
    assert (fee.party_name, fee.party_masked, fee.reference) == ("", "", sent.reference)


def test_who_gets_money_sees_who_sent_it(vtm: Terminal) -> None:
    sends(vtm, 700)
    newest = moved(vtm, sends(vtm, who=demo.WANG_WEI, pin="369258")).movements[0]
    assert (newest.amount, newest.party_name) == (700, "*娜")


@pytest.mark.parametrize(("way", "amounts"), [("in", {5_230_018}), ("out", {-100, -200})])
def test_what_came_in_and_what_went_out_can_be_seen_alone(vtm: Terminal, way: str, amounts: set[int]) -> None:
    customer = sends(vtm, 100, 200)
    assert {one.amount for one in moved(vtm, customer, way=way).movements} == amounts


def test_more_than_a_reply_holds_comes_in_pieces_that_leave_nothing_out(vtm: Terminal) -> None:
    customer = sends(vtm, *range(1, e.MOST + 3))
    first = moved(vtm, customer)
    rest = moved(vtm, customer, before=first.movements[-1].id)
    assert (len(first.movements), first.more, rest.more) == (e.MOST, True, False)
    amounts = [-one.amount for one in (*first.movements, *rest.movements)]
    assert amounts == [*range(e.MOST + 2, 0, -1), -demo.LI_NA.accounts[0][2]]


def test_a_period_goes_by_the_hosts_date(made: World, vtm: Terminal) -> None:
    sends(vtm, 100)
    while made.ledger.accounting_date().month == DAY.month:
        made.ledger.advance_accounting_date()
    customer = sends(vtm, 200)
    month, thirty = moved(vtm, customer, period="month"), moved(vtm, customer, period="days-30")
    assert (month.since, month.until) == (date(2031, 4, 1), date(2031, 4, 1))
    assert [one.amount for one in month.movements] == [-200]
    assert (thirty.since, len(thirty.movements)) == (date(2031, 3, 3), 3)


def test_an_account_that_is_not_hers_has_no_statement_for_her(vtm: Terminal) -> None:
    customer = sends(vtm)
    payee = vtm.ask("payee", {"customer": customer, "number": HIS}).handle
    for account in (payee, "nothing"):
        with pytest.raises(Said) as no:
            moved(vtm, customer, account=account)
        assert no.value.problem.reason == Reason.ACCOUNT


def test_without_a_customer_nothing_is_told(vtm: Terminal) -> None:
    with pytest.raises(Said) as no:
        vtm.ask("movements", {"customer": "nobody", "account": "x", "period": "month"})
    assert no.value.problem.reason == Reason.SIGNED_OUT


def paid(vtm: Terminal, customer: str) -> list[tuple[str, str]]:
    found: e.Payees = vtm.ask("recent_payees", {"customer": customer})
    return [(one.masked_name, one.masked_number) for one in found.payees]


def test_the_last_five_she_paid_come_masked_and_newest_first(vtm: Terminal) -> None:
    assert paid(vtm, sends(vtm)) == []
    others = [person.accounts[0][0] for person in demo.PEOPLE[1:5]] + [demo.WANG_WEI.accounts[1][0]]
    for number in (*others, others[0]):
        customer = sends(vtm, 100, to=number)
    sends(vtm, 100, to=demo.LI_NA.accounts[1][0])
    assert [number[-4:] for _, number in paid(vtm, customer)] == ["0034", "0042", "0075", "0067", "0059"]
    assert paid(vtm, customer)[0] == ("*伟", "6229 **** 0034")


def test_money_can_go_to_a_payee_by_the_handle_alone(made: World, vtm: Terminal) -> None:
    sends(vtm, 100)
    visit = vtm.visit()
    customer = vtm.by_document(visit).customer
    (payee,) = vtm.ask("recent_payees", {"customer": customer}).payees
    order = vtm.order(customer, HIS, 200)
    assert order.target == payee.handle
    assert vtm.ask("transfer", vtm.post(visit, customer, order)).status == "done"
    assert made.balances()[HIS] == demo.WANG_WEI.accounts[0][2] + 300


def test_who_takes_no_money_any_more_is_no_payee(made: World, vtm: Terminal) -> None:
    customer = sends(vtm, 100)
    with made.db.write() as tx:
        bookkeeping.close_account(tx, HIS)
    assert paid(vtm, customer) == []


def test_whom_somebody_else_paid_is_told_to_nobody(vtm: Terminal) -> None:
    sends(vtm, 100)
    assert paid(vtm, sends(vtm, who=demo.WANG_WEI, pin="369258")) == []


def test_rates_and_information_are_for_anybody_and_say_nothing_of_anybody(made: World, vtm: Terminal) -> None:
    rates: e.ExchangeRates = vtm.ask("rates", {})
    assert [(one.currency, one.buy, one.sell) for one in rates.rates] == [
        (currency, buy, sell) for currency, (_, buy, sell) in demo.RATES.items()
    ]
    assert rates.at == made.clock()
    said: e.BranchInformation = vtm.ask("information", {})
    assert (said.branch, said.services) == ("0001", ("cash", "cards", "loans", "wealth", "exchange"))
    assert [(one.first, one.last, one.opens, one.closes) for one in said.hours] == [("mon", "fri", "09:00", "17:00")]


@pytest.mark.parametrize(("currency", "unit"), [("XAU", 100), ("JPY", 100)])
def test_a_price_that_a_terminal_has_no_words_for_is_left_out(
    made: World, vtm: Terminal, currency: str, unit: int
) -> None:
    with made.db.write() as tx:
        bookkeeping.set_rate(tx, currency, 9, (unit, 1, 2), made.clock())
    assert (currency, 1) not in {(one.currency, one.buy) for one in vtm.ask("rates", {}).rates}
