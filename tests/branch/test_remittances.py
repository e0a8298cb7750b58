"""Transfers to other banks at the branch: accepted, sent, then credited or returned once, on both databases."""

import pytest

from branch import demo, remittance
from branch.store import outbox
from protocol.messages import Ending, Reason
from tests.branch.outside import CLOSED, HERS, MUTE, ZHAO, Sender, bank_money, hers, in_days, on, state_of, untold_of
from tests.branch.support import DAY, Chip, Said, Terminal, World

FEE = 500


def test_it_is_accepted_then_sent_then_credited_and_each_is_said_only_then(made: World, li: Sender) -> None:
    before = hers(made)
    key, said = li.sends(2_000_000)
    assert (said.status, bool(said.reference), said.accounting_date) == ("done", True, DAY)
    assert (li.listed()[0].state, bank_money(made)) == ("accepted", (2_000_000, 0))
    assert hers(made) == before - 2_000_000 - FEE
    assert li.listed()[0].cancel
    remittance.advance(made.branch)
    assert (li.listed()[0].state, li.listed()[0].cancel) == ("sent", False)
    on(made, 1)
    assert (li.listed()[0].state, bank_money(made)) == ("credited", (0, 2_000_000))
    on(made, 600)
    assert state_of(made, key) == "credited"
    assert untold_of(made) == {}


def test_what_the_other_bank_does_not_take_comes_back_whole_and_she_is_told(made: World, li: Sender) -> None:
    before = hers(made)
    key, _ = li.sends(2_000_000, account=CLOSED)
    on(made, 1)
    assert (li.listed()[0].state, hers(made), bank_money(made)) == ("returned", before, (0, 0))
    assert untold_of(made) == {f"{key}-returned": "reversed"}
    on(made, 600)
    assert hers(made) == before


def test_a_core_that_cannot_reverse_posts_the_amount_back(made: World, li: Sender) -> None:
    made.ledger.can_reverse = False
    before = hers(made)
    li.sends(2_000_000, account=CLOSED)
    on(made, 1)
    assert (li.listed()[0].state, hers(made)) == ("returned", before - FEE)


@pytest.mark.parametrize(("arrival", "minutes"), [("hours-2", 120), ("hours-24", 1440)])
def test_a_delayed_one_is_not_sent_before_its_time_and_can_be_cancelled_until_then(
    made: World, li: Sender, arrival: str, minutes: int
) -> None:
    before = hers(made)
    key, _ = li.sends(arrival=arrival)
    other, _ = li.sends(arrival=arrival)
    on(made, minutes - 10)
    assert {one.state for one in Sender(li.terminal).listed()} == {"accepted"}
    again = Sender(li.terminal)
    newest = again.listed()[0]
    assert newest.due > made.clock()
    body = again.cancel(newest)
    done = li.terminal.ask("cancel_transfer", body)
    assert (done.status, bool(done.reference)) == ("done", True)
    assert li.terminal.ask("cancel_transfer", body) == done
    assert {state_of(made, one) for one in (key, other)} == {"accepted", "cancelled"}
    assert hers(made) == before - 1_000
    on(made, 15)
    assert {state_of(made, one) for one in (key, other)} == {"credited", "cancelled"}
    late = Sender(li.terminal)
    said = late.cancels(next(one for one in late.listed() if one.state == "credited"))
    assert (said.status, said.reason) == ("refused", Reason.TOO_LATE)


@pytest.mark.parametrize("can_reverse", [True, False])
def test_what_comes_back_is_what_the_list_has_said(made: World, li: Sender, *, can_reverse: bool) -> None:
    """With the fee, or without it where the core only posts back; nothing of one whose money was never taken."""
    made.ledger.can_reverse = can_reverse
    li.sends(2_000_000, arrival="hours-24")
    li.sends(arrival="later", on=in_days(DAY, 1))
    waits, taken = sorted(Sender(li.terminal).listed(), key=lambda one: one.back)
    assert (waits.back, taken.back) == (0, 2_000_000 + FEE * can_reverse)
    poorer = hers(made)
    again = Sender(li.terminal)
    assert again.cancels(next(one for one in again.listed() if one.back)).status == "done"
    on(made, 1)
    assert hers(made) == poorer + taken.back


def test_without_the_pads_own_mac_nothing_is_cancelled(made: World, li: Sender) -> None:
    key, _ = li.sends(arrival="hours-24")
    body = li.cancel(li.listed()[0])
    forged = li.terminal.ask("cancel_transfer", body.model_copy(update={"mac": "00" * 8}))
    assert (forged.status, forged.reason) == ("refused", Reason.MAC)
    assert state_of(made, key) == "accepted"


def test_the_next_day_is_the_hosts_not_the_clocks(made: World, li: Sender) -> None:
    key, _ = li.sends(arrival="next-day")
    on(made, 3 * 1440)
    assert state_of(made, key) == "accepted"
    made.ledger.advance_accounting_date()
    on(made, 1)
    assert state_of(made, key) == "credited"


def test_one_for_a_later_day_takes_nothing_before_it_and_is_done_on_it(made: World, li: Sender) -> None:
    before = hers(made)
    key, said = li.sends(arrival="later", on=in_days(DAY, 3))
    assert (said.status, li.listed()[0].state, li.listed()[0].on) == ("done", "waiting", in_days(DAY, 3))
    assert li.terminal.ask("state", {"key": key}).status == "done"
    assert made.ledger.state(key).status == "unknown"
    for _ in range(2):
        made.ledger.advance_accounting_date()
        on(made, 1)
        assert hers(made) == before
    made.ledger.advance_accounting_date()
    on(made, 1)
    assert (state_of(made, key), hers(made)) == ("credited", before - 1_000)


def test_without_enough_money_on_the_day_it_is_refused_and_she_is_told(made: World, li: Sender) -> None:
    key, _ = li.sends(3_000_000, "later", on=in_days(DAY, 1))
    to = demo.WANG_WEI.accounts[0][0]
    spent = li.terminal.post(li.visit, li.customer, li.terminal.order(li.customer, to, 3_000_000))
    assert li.terminal.ask("transfer", spent).status == "done"
    before = hers(made)
    made.ledger.advance_accounting_date()
    on(made, 1)
    assert (state_of(made, key), hers(made)) == ("refused", before)
    assert untold_of(made) == {f"{key}-due": "refused"}
    assert li.terminal.ask("untold", {"customer": li.customer}).endings[0].order["amount"] == 3_000_000


def test_one_that_waits_is_cancelled_and_can_never_post(made: World, li: Sender) -> None:
    before = hers(made)
    key, _ = li.sends(arrival="later", on=in_days(DAY, 1))
    assert li.cancels(li.listed()[0]).status == "done"
    made.ledger.advance_accounting_date()
    on(made, 1)
    assert (state_of(made, key), hers(made)) == ("cancelled", before)
    assert made.ledger.state(key).status == "barred"


def test_with_a_card_it_is_accepted_only_when_the_chip_has_said_yes(made: World, vtm: Terminal) -> None:
    chip = Chip(demo.CARDS[0], made.secrets)
    one = Sender(vtm, chip=chip)
    one.steps_up()
    before = hers(made)
    for approved, ends in ((True, "credited"), (False, "new")):
        post = one.remit(one.order(), chip.says("ARQC", 1_000))
        assert vtm.ask("remit", post).status == "pending"
        on(made, 1)
        assert one.listed() == () or one.listed()[0].state == "credited"
        verdict = {"approved": approved, "field55": chip.says("TC" if approved else "AAC", 1_000, again=True)}
        said = vtm.ask("card_said", {"key": post.key, "verdict": verdict})
        assert said.status == ("done" if approved else "refused")
        on(made, 1)
        assert state_of(made, post.key) == ends
    assert hers(made) == before - 1_000


def test_a_name_that_does_not_belong_to_the_account_finds_no_payee(li: Sender) -> None:
    assert li.payee(name="min zhao").check == "match"
    assert (li.payee(name="ZHAO MINN").check, li.payee(name="ZHAO MINN").masked_name) == ("close", "*敏")
    assert (li.payee(MUTE, "ANYBODY").check, li.payee(MUTE, "ANY BODY").masked_name) == ("unknown", "A** B***")
    for account, name in ((ZHAO, "LI LEI"), ((ZHAO[0], "6230580000000000099", "", "", ""), "ZHAO MIN")):
        with pytest.raises(Said) as no:
            li.payee(account, name)
        assert no.value.problem.reason == Reason.PAYEE
    found = li.terminal.ask("payee_banks", {"customer": li.customer, "number": ZHAO[1]})
    assert (found.likely, len(found.banks)) == ("901", 7)


def test_where_the_name_is_not_told_only_the_delay_of_a_day_is_offered_and_taken(li: Sender) -> None:
    payee = li.payee(MUTE)
    assert li.price(payee, 100).arrivals == ("hours-24",)
    _, said = li.sends(account=MUTE)
    assert (said.status, said.reason) == ("refused", Reason.CONFLICT)
    assert li.sends(arrival="hours-24", account=MUTE)[1].status == "done"
    for wrong in ({"arrival": "later"}, {"arrival": "now", "on": in_days(DAY, 1)}, {"arrival": "later", "on": DAY}):
        assert li.sends(**wrong)[1].reason == Reason.CONFLICT  # type: ignore[arg-type]


def test_a_new_payee_needs_a_step_up_and_a_known_one_none(vtm: Terminal) -> None:
    wang = Sender(vtm, demo.WANG_WEI, "369258")
    assert wang.sends()[1].reason == Reason.STEP_UP
    wang.steps_up()
    assert wang.sends()[1].status == "done"
    again = Sender(vtm, demo.WANG_WEI, "369258")
    assert not again.price(again.payee(), 100).step_up
    assert again.sends()[1].status == "done"


def test_a_wrong_fee_mac_or_handle_moves_nothing(made: World, li: Sender) -> None:
    before = hers(made)
    order = li.order(2_000_000)
    wrong = (
        (li.remit(order.model_copy(update={"fee": 0})), Reason.FEE_CHANGED),
        (li.remit(order, mac="00" * 8), Reason.MAC),
        (li.remit(order.model_copy(update={"target": "nobody"})), Reason.PAYEE),
        (li.remit(order.model_copy(update={"source": "nobody"})), Reason.ACCOUNT),
    )
    for post, reason in wrong:
        said = li.terminal.ask("remit", post)
        assert (said.status, said.reason) == ("refused", reason)
    on(made)
    assert (hers(made), li.listed()) == (before, ())


def test_a_repeat_answers_the_same_and_takes_the_money_once(made: World, li: Sender) -> None:
    before, post = hers(made), li.remit(li.order())
    said = li.terminal.ask("remit", post)
    assert li.terminal.ask("remit", post) == said
    with pytest.raises(Said) as no:
        li.terminal.ask("remit", post.model_copy(update={"operator": "X"}))
    assert no.value.problem.reason == Reason.CONFLICT
    assert hers(made) == before - 1_000


def test_a_reversal_before_it_bars_it_and_after_it_finds_that_it_stands(made: World, li: Sender) -> None:
    before = hers(made)
    for arrival, day in (("now", None), ("later", in_days(DAY, 1))):
        early = li.remit(li.order(arrival=arrival, on=day))
        assert li.terminal.ask("reverse", {"key": early.key, "reason": "settle"}).ending is Ending.BARRED
        said = li.terminal.ask("remit", early)
        assert (said.status, said.reason) == ("refused", Reason.BARRED)
        key, posted = li.sends(arrival=arrival, on=day)
        found = li.terminal.ask("reverse", {"key": key, "reason": "settle"})
        assert (found.ending, found.reference) == (Ending.STANDS, posted.reference)
    made.ledger.advance_accounting_date()
    on(made, 1)
    assert hers(made) == before - 2_000


def test_nobody_sees_or_cancels_the_transfers_of_somebody_else(made: World, li: Sender) -> None:
    key, _ = li.sends(arrival="hours-24")
    wang = Sender(li.terminal, demo.WANG_WEI, "369258")
    assert wang.listed() == ()
    assert wang.cancels(li.listed()[0]).reason == Reason.CONFLICT
    assert state_of(made, key) == "accepted"


def test_names_and_numbers_stay_out_of_the_event_log(made: World, li: Sender) -> None:
    li.sends()
    on(made, 1)
    with made.db.read() as tx:
        told = " ".join(str(row) for row in outbox.events_after(tx, 0, 10_000))
    assert "remittance.credited" in told
    assert not [word for word in (ZHAO[1], "ZHAO", "赵敏", HERS) if word in told]
