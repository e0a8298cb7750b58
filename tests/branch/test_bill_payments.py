"""Bills at the branch: the money moves once, its biller hears of it, and what the biller will not have goes back."""

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread
from uuid import uuid4

import pytest

from branch import demo, demo_bills
from branch.bank import contract_billers
from branch.bank.billers import BillerAway, BillerRefused, BillerWord, Notice
from branch.bank.refbillers import ReferenceBillers
from branch.store import billbooks
from branch.store.schema import intents, outbox
from protocol import bills as b, messages as m
from tests.branch.support import Chip, Said, Terminal, World, world

WATER, POWER = demo_bills.WHOLLY, demo_bills.PARTLY
HERS = demo.LI_NA.accounts[0][0]


class Billers(ReferenceBillers):
    """The reference billers with moods: they do not hear, do not answer, or do not want."""

    deaf = mute = unwilling = absent = False

    def notify(self, key: str, notice: Notice) -> str:
        if self.deaf:
            raise BillerAway
        if self.unwilling:
            raise BillerRefused(m.Reason.BILLER_REFUSED)
        said = super().notify(key, notice)
        if self.mute:
            raise BillerAway
        return said

    def withdraw(self, biller: str, key: str) -> BillerWord:
        if self.absent:
            raise BillerAway
        return super().withdraw(biller, key)


@pytest.fixture(params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
    one = world(tmp_path, url, billers=Billers)
    yield one
    one.db.engine.dispose()


@pytest.fixture
def vtm(made: World) -> Terminal:
    return made.terminal()


@pytest.fixture
def moody(made: World) -> Billers:
    assert isinstance(made.branch.billers, Billers)
    return made.branch.billers


def signed_in(vtm: Terminal) -> tuple[str, str]:
    visit = vtm.visit()
    return visit, vtm.by_document(visit).customer


def enquiry(vtm: Terminal, customer: str, bill: tuple[str, str]) -> b.Bill:
    asked = {"customer": customer, "biller": bill[0], "number": bill[1], "language": "en"}
    found: b.Bill = vtm.ask("bill", asked)
    return found


def order(vtm: Terminal, customer: str, bill: tuple[str, str], amount: int = 0) -> b.BillOrder:
    due = enquiry(vtm, customer, bill)
    source = vtm.ask("accounts", {"customer": customer}).accounts[0]
    asked = {"customer": customer, "source": source.handle, "bill": due.handle, "amount": amount or due.amount}
    return b.BillOrder(
        source=source.handle,
        source_masked=source.masked,
        bill=due.handle,
        biller=due.biller,
        number_masked=due.masked_number,
        payer_masked=due.masked_name,
        period=due.period,
        amount=amount or due.amount,
        fee=vtm.ask("bill_fee", asked).fee,
    )


def post(vtm: Terminal, visit: str, customer: str, what: b.BillOrder, field55: str = "") -> b.BillPost:
    vtm.trace += 1
    key = f"{visit}/{vtm.trace:03d}-bill"
    mac = vtm.mac(key, vtm.trace, b.CODE, what)
    facts = {"key": key, "trace": vtm.trace, "operator": "VTM", "customer": customer, "field55": field55, "mac": mac}
    return b.BillPost.model_validate({**facts, "order": what})


def paid(made: World, bill: tuple[str, str]) -> int:
    with made.db.read() as tx:
        row = billbooks.bill(tx, *bill)
    assert row is not None
    return int(row.paid)


def collected(made: World, bill: tuple[str, str]) -> int:
    biller = made.branch.billers.find(bill[0])
    assert biller is not None
    account = made.ledger.account(biller.collection)
    assert account is not None
    return account.balance


def agree(made: World, bill: tuple[str, str], amount: int) -> None:
    """Customer, collection account and biller all say the same."""
    assert made.ledger.balance_check() == []
    assert (paid(made, bill), collected(made, bill)) == (amount, amount)
    opening = {number: money for number, _, money in demo.LI_NA.accounts}[HERS]
    assert made.balances()[HERS] == opening - amount


def test_the_contract_of_billers_is_kept_by_the_reference_ones(made: World) -> None:
    bench = contract_billers.Bench(made.branch.billers, POWER, WATER, lambda: f"CHECK-{uuid4().hex}/001-bill")
    for check in contract_billers.CHECKS:
        check(bench)


def test_billers_are_shown_by_region_in_her_language_and_the_branchs_own_come_first(vtm: Terminal) -> None:
    here = vtm.ask("billers", {"language": "en"})
    assert (here.region.name, [one.name for one in here.others]) == ("Bay City", ["Foothill City"])
    assert [one.kind for one in here.billers] == ["water", "electricity", "gas", "phone", "heating"]
    there = vtm.ask("billers", {"language": "ar", "region": here.others[0].id})
    assert (there.billers[0].id, there.billers[0].name) == ("WATER-010", "مياه السفح")


def test_what_is_due_is_told_with_name_and_number_masked(vtm: Terminal) -> None:
    _, customer = signed_in(vtm)
    found = enquiry(vtm, customer, POWER)
    assert (found.amount, found.least, found.period) == (26_480, 5_000, "2031-02")
    assert (found.masked_name, found.masked_number) == ("*娜", "**** 4321")
    assert enquiry(vtm, customer, POWER).handle == found.handle
    for biller, number in ((POWER[0], "7654320"), ("NOBODY", "1")):
        with pytest.raises(Said) as no:
            enquiry(vtm, customer, (biller, number))
        assert no.value.problem.reason == m.Reason.NO_BILL


def test_a_bill_is_paid_once_with_a_proof_and_a_second_try_hears_that_it_is_paid(made: World, vtm: Terminal) -> None:
    visit, customer = signed_in(vtm)
    what = order(vtm, customer, WATER)
    first = post(vtm, visit, customer, what)
    said = vtm.ask("pay_bill", first)
    assert (said.status, bool(said.reference), bool(said.proof)) == ("done", True, True)
    assert vtm.ask("pay_bill", first) == said
    assert vtm.ask("state", {"key": first.key}).status == "done"
    again = vtm.ask("pay_bill", post(vtm, visit, customer, what))
    assert (again.status, again.reason) == ("refused", m.Reason.BILL_PAID)
    with pytest.raises(Said) as no:
        enquiry(vtm, customer, WATER)
    assert no.value.problem.reason == m.Reason.BILL_PAID
    assert vtm.ask("reverse", {"key": first.key, "reason": "settle"}).ending is m.Ending.STANDS
    agree(made, WATER, 12_050)


def test_a_part_is_taken_where_the_biller_takes_parts_and_never_less_than_its_least(made: World, vtm: Terminal) -> None:
    visit, customer = signed_in(vtm)
    for bill, amount in ((POWER, 4_999), (POWER, 26_481), (WATER, 12_049)):
        said = vtm.ask("pay_bill", post(vtm, visit, customer, order(vtm, customer, bill, amount)))
        assert (said.status, said.reason) == ("refused", m.Reason.BILL_AMOUNT)
    assert vtm.ask("pay_bill", post(vtm, visit, customer, order(vtm, customer, POWER, 5_000))).status == "done"
    assert enquiry(vtm, customer, POWER).amount == 21_480
    agree(made, POWER, 5_000)


def test_without_the_pads_mac_or_on_another_bill_nothing_moves(made: World, vtm: Terminal) -> None:
    visit, customer = signed_in(vtm)
    good = post(vtm, visit, customer, order(vtm, customer, WATER))
    other = enquiry(vtm, customer, POWER).handle
    swapped = good.model_copy(update={"order": good.order.model_copy(update={"bill": other})})
    assert vtm.ask("pay_bill", swapped).reason is m.Reason.MAC
    with pytest.raises(Said) as no:
        vtm.ask("pay_bill", good)
    assert no.value.problem.reason == m.Reason.CONFLICT
    agree(made, WATER, 0)


def test_with_a_card_the_biller_hears_only_after_the_chip_said_yes(made: World, vtm: Terminal) -> None:
    chip, visit = Chip(demo.CARDS[0], made.secrets), vtm.visit()
    customer = vtm.by_card(visit, chip).customer
    for approved, status, amount in ((False, "refused", 0), (True, "done", 12_050)):
        what = order(vtm, customer, WATER)
        body = post(vtm, visit, customer, what, chip.says("ARQC", what.amount))
        said = vtm.ask("pay_bill", body)
        assert (said.status, said.proof, paid(made, WATER)) == ("pending", "", 0)
        field55 = chip.says("TC" if approved else "AAC", what.amount, again=True)
        end = vtm.ask("card_said", {"key": body.key, "verdict": {"approved": approved, "field55": field55}})
        assert (end.status, bool(end.proof)) == (status, approved)
        agree(made, WATER, amount)


def test_a_biller_that_refuses_gives_the_money_back_and_says_why(made: World, vtm: Terminal, moody: Billers) -> None:
    moody.unwilling = True
    visit, customer = signed_in(vtm)
    body = post(vtm, visit, customer, order(vtm, customer, WATER))
    said = vtm.ask("pay_bill", body)
    assert (said.status, said.reason) == ("refused", m.Reason.BILLER_REFUSED)
    assert vtm.ask("pay_bill", body) == said
    assert made.ledger.state(body.key).status == "reversed"
    agree(made, WATER, 0)


@pytest.mark.parametrize(("mood", "ending", "amount"), [("mute", "stands", 12_050), ("deaf", "reversed", 0)])
def test_a_biller_that_does_not_answer_leaves_it_open_until_its_word_decides(
    made: World, vtm: Terminal, moody: Billers, mood: str, ending: str, amount: int
) -> None:
    moody.mute, moody.deaf = mood == "mute", mood == "deaf"
    visit, customer = signed_in(vtm)
    body = post(vtm, visit, customer, order(vtm, customer, WATER))
    with pytest.raises(Said) as no:
        vtm.ask("pay_bill", body)
    assert (no.value.status, no.value.problem.reason) == (503, "in-flight")
    assert vtm.ask("state", {"key": body.key}).status == "unknown"
    moody.absent = True
    assert vtm.ask("reverse", {"key": body.key, "reason": "settle"}).ending is m.Ending.LATER
    moody.absent = False
    for _ in range(2):
        assert vtm.ask("reverse", {"key": body.key, "reason": "settle"}).ending == ending
    agree(made, WATER, amount)
    moody.deaf = False  # the notice arrives late, when nobody waits any more
    with pytest.raises(BillerRefused) if not amount else pytest.MonkeyPatch.context():
        ReferenceBillers.notify(moody, body.key, Notice(*WATER, 12_050, "late"))
    agree(made, WATER, amount)


def test_a_core_that_cannot_reverse_leaves_a_refused_bill_to_a_person(
    made: World, vtm: Terminal, moody: Billers
) -> None:
    made.ledger.can_reverse, moody.unwilling = False, True
    visit, customer = signed_in(vtm)
    body = post(vtm, visit, customer, order(vtm, customer, WATER))
    with pytest.raises(Said) as no:
        vtm.ask("pay_bill", body)
    assert no.value.status == 503
    assert vtm.ask("reverse", {"key": body.key, "reason": "settle"}).ending is m.Ending.LATER
    assert (paid(made, WATER), collected(made, WATER)) == (0, 12_050)


def test_a_key_taken_back_before_it_came_never_pays(made: World, vtm: Terminal) -> None:
    visit, customer = signed_in(vtm)
    body = post(vtm, visit, customer, order(vtm, customer, WATER))
    assert vtm.ask("reverse", {"key": body.key, "reason": "settle"}).ending is m.Ending.BARRED
    assert vtm.ask("pay_bill", body).reason is m.Reason.BARRED
    agree(made, WATER, 0)


def test_two_that_pay_one_bill_at_once_pay_it_once(made: World, vtm: Terminal) -> None:
    visit, customer = signed_in(vtm)
    what = order(vtm, customer, WATER)
    bodies = [post(vtm, visit, customer, what) for _ in range(2)]
    said: list[m.Posted] = []
    together = Barrier(2)

    def pays(body: b.BillPost) -> None:
        together.wait()
        said.append(vtm.ask("pay_bill", body))

    threads = [Thread(target=pays, args=(body,)) for body in bodies]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one.status for one in said) == ["done", "refused"]
    assert {one.reason for one in said} == {None, m.Reason.BILL_PAID}
    agree(made, WATER, 12_050)


def test_no_number_with_a_biller_stands_in_the_event_log_or_the_branchs_order(made: World, vtm: Terminal) -> None:
    visit, customer = signed_in(vtm)
    vtm.ask("pay_bill", post(vtm, visit, customer, order(vtm, customer, WATER)))
    with made.db.read() as tx:
        said = [str(row) for table in (outbox, intents) for row in tx.execute(table.select())]
    assert any("bill.done" in one for one in said)
    assert not [one for one in said if WATER[1] in one or "李娜" in one]


def test_whom_she_pays_by_bills_is_not_offered_as_a_payee(vtm: Terminal) -> None:
    visit, customer = signed_in(vtm)
    before = vtm.ask("recent_payees", {"customer": customer})
    assert vtm.ask("pay_bill", post(vtm, visit, customer, order(vtm, customer, WATER))).status == "done"
    assert vtm.ask("recent_payees", {"customer": customer}) == before


def test_an_appointment_is_expected_here_today_and_nobody_else_learns_of_it(vtm: Terminal) -> None:
    good = {"branch": "0001", "number": "A1B2C3", "day": "2031-03-14", "at": "09:30"}
    said = vtm.ask("appointment", good)
    assert (said.welcome, said.topic) == ("expected", "wealth")
    past = {"branch": "0001", "number": "C7D8E9", "day": "2031-03-13", "at": "15:00"}
    assert vtm.ask("appointment", past).welcome == "past"
    assert vtm.ask("appointment", good | {"branch": "0002"}) == b.Appointment(welcome="elsewhere")
    for wrong in ({"number": "A1B2C4"}, {"day": "2031-03-15"}, {"at": "09:31"}):
        assert vtm.ask("appointment", good | wrong) == b.Appointment(welcome="unknown")
