"""Moving money: every way the bank says no, and that nothing has moved then; the books balance after each test."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from branch import demo
from branch.store import bookkeeping
from protocol import messages as m
from protocol.messages import Reason
from tests.branch.support import DAY, Chip, Said, Terminal, World, world

HERS = demo.LI_NA.accounts[0][0]
HIS = demo.WANG_WEI.accounts[0][0]
CARD = demo.CARDS[0]


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    one = world(tmp_path_factory.mktemp("transfers"))
    yield one
    assert one.ledger.balance_check() == []


@pytest.fixture
def vtm(made: World) -> Terminal:
    return made.terminal()


def refused(made: World, vtm: Terminal, post: m.Post) -> Reason:
    """The reason; also asked again it refuses, nothing has moved, and the key's state says so."""
    before = made.balances()
    said: m.Posted = vtm.ask("transfer", post)
    assert (said.status, said.balance, said.issuer_data) == ("refused", None, "")
    assert vtm.ask("transfer", post) == said
    assert made.balances() == before
    assert vtm.ask("state", {"key": post.key}).status == "refused"
    assert vtm.ask("reverse", {"key": post.key, "reason": "settle"}).ending is m.Ending.BARRED
    assert vtm.ask("transfer", post) == said
    assert said.reason is not None
    return said.reason


def by_document(vtm: Terminal) -> tuple[str, str]:
    visit = vtm.visit()
    return visit, vtm.by_document(visit).customer


def test_money_moves_once_with_its_fee_and_a_repeated_post_answers_the_same(made: World, vtm: Terminal) -> None:
    visit, customer = by_document(vtm)
    before = made.balances()
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 1_500_000))
    said: m.Posted = vtm.ask("transfer", post)
    assert (said.status, said.accounting_date, said.balance) == ("done", DAY, before[HERS] - 1_500_500)
    assert said.reference.startswith(f"{DAY:%Y%m%d}")
    for _ in range(3):
        assert vtm.ask("transfer", post) == said
    assert made.balances() == before | {HERS: before[HERS] - 1_500_500, HIS: before[HIS] + 1_500_000}
    state = vtm.ask("state", {"key": post.key})
    assert (state.status, state.reference) == ("done", said.reference)


def test_a_repeated_post_answers_the_same_after_she_has_signed_out_and_her_session_is_over(
    made: World, vtm: Terminal
) -> None:
    visit, customer = by_document(vtm)
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 100))
    said = vtm.ask("transfer", post)
    vtm.ask("sign_out", {"customer": customer})
    made.clock.minutes(60)
    assert vtm.ask("transfer", post) == said


def test_a_fee_that_changed_since_the_quote_is_refused(made: World, vtm: Terminal) -> None:
    visit, customer = by_document(vtm)
    order = vtm.order(customer, HIS, 100)
    with made.db.write() as tx:
        bookkeeping.set_fee(tx, 0, 25)
    assert refused(made, vtm, vtm.post(visit, customer, order)) is Reason.FEE_CHANGED
    assert vtm.ask("transfer", vtm.post(visit, customer, vtm.order(customer, HIS, 100))).status == "done"


def test_over_the_days_limit_is_refused_and_a_new_day_gives_a_new_limit(made: World, vtm: Terminal) -> None:
    """¥50,000.00 a day: what was reversed counts no more, what was refused never did."""
    visit, customer = by_document(vtm)

    def of(amount: int) -> m.Post:
        return vtm.post(visit, customer, vtm.order(customer, HIS, amount))

    first = of(4_000_000)
    assert vtm.ask("transfer", first).status == "done"
    assert vtm.ask("accounts", {"customer": customer}).accounts[0].limit_today == 1_000_000
    assert refused(made, vtm, of(1_000_001)) is Reason.LIMIT
    assert vtm.ask("reverse", {"key": first.key, "reason": "customer"}).ending is m.Ending.REVERSED
    assert vtm.ask("accounts", {"customer": customer}).accounts[0].limit_today == 5_000_000
    assert vtm.ask("transfer", of(3_000_000)).status == "done"
    made.ledger.advance_accounting_date()
    assert vtm.ask("accounts", {"customer": customer}).accounts[0].limit_today == 5_000_000
    assert vtm.ask("transfer", of(2_000_001)).status == "done"


def test_more_than_there_is_is_refused_and_the_fee_counts(made: World, vtm: Terminal) -> None:
    visit = vtm.visit()
    customer = vtm.by_document(visit, demo.WANG_WEI, "369258").customer
    with made.db.write() as tx:
        bookkeeping.set_fee(tx, 0, 1)
    has = made.balances()[HIS]
    assert refused(made, vtm, vtm.post(visit, customer, vtm.order(customer, HERS, has))) is Reason.FUNDS
    said = vtm.ask("transfer", vtm.post(visit, customer, vtm.order(customer, HERS, has - 1)))
    assert (said.status, said.balance) == ("done", 0)


@pytest.mark.parametrize(("number", "reason"), [(HERS, Reason.ACCOUNT), (HIS, Reason.PAYEE)], ids=["hers", "his"])
def test_an_account_that_was_closed_after_it_was_looked_at_is_refused(
    made: World, vtm: Terminal, number: str, reason: Reason
) -> None:
    visit, customer = by_document(vtm)
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 100))
    with made.db.write() as tx:
        bookkeeping.close_account(tx, number)
    assert vtm.ask("transfer", post).reason is reason


def test_a_closed_account_and_one_of_the_banks_own_are_nobodys_payee(vtm: Terminal) -> None:
    _, customer = by_document(vtm)
    for number in (demo.CLOSED, bookkeeping.FEE_ACCOUNT, "62299909000000000"):
        with pytest.raises(Said) as why:
            vtm.ask("payee", {"customer": customer, "number": number})
        assert why.value.problem.reason == Reason.PAYEE


def test_the_same_account_twice_is_refused(made: World, vtm: Terminal) -> None:
    visit, customer = by_document(vtm)
    order = vtm.order(customer, HERS, 100)
    assert refused(made, vtm, vtm.post(visit, customer, order)) is Reason.SAME_ACCOUNT
    twin = order.model_copy(update={"target": order.source})
    assert refused(made, vtm, vtm.post(visit, customer, twin)) is Reason.SAME_ACCOUNT


CHANGES: dict[str, Callable[[m.Post], dict[str, Any]]] = {
    "a bit of it": lambda post: {"mac": f"{int(post.mac[:2], 16) ^ 1:02x}{post.mac[2:]}"},
    "cut short": lambda post: {"mac": post.mac[:8]},
    "none": lambda _: {"mac": ""},
    "the amount": lambda post: {"order": post.order.model_copy(update={"amount": post.order.amount + 1})},
    "the payee's name": lambda post: {"order": post.order.model_copy(update={"target_name": "*伟"})},
    "the trace number": lambda post: {"trace": post.trace + 1},
    "the code": lambda _: {"code": "TRF-OTHER-BANK"},
}


@pytest.mark.parametrize("what", CHANGES)
def test_an_order_that_is_not_the_one_the_pad_authenticated_is_refused(made: World, vtm: Terminal, what: str) -> None:
    visit, customer = by_document(vtm)
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 100))
    order = post.order.model_copy(update={"target_name": "somebody"})
    post = vtm.post(visit, customer, order)
    assert refused(made, vtm, post.model_copy(update=CHANGES[what](post))) is Reason.MAC


def test_another_terminals_pad_cannot_authenticate_for_this_one(made: World, vtm: Terminal) -> None:
    visit, customer = by_document(vtm)
    other = made.terminal("VTM002")
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 100))
    forged = other.mac(post.key, post.trace, post.code, post.order)
    assert refused(made, vtm, post.model_copy(update={"mac": forged})) is Reason.MAC


def test_a_handle_of_another_session_stands_for_nothing(made: World, vtm: Terminal) -> None:
    """Neither another customer's, nor her own of an earlier visit; a payee's handle is no source."""
    his = vtm.by_document(vtm.visit(), demo.WANG_WEI, "369258").customer
    theirs = vtm.order(his, HERS, 100)
    visit, customer = by_document(vtm)
    mine = vtm.order(customer, HIS, 100)
    wrong = {
        "source": (theirs.source, mine.target, Reason.ACCOUNT),
        "target": (mine.source, theirs.target, Reason.PAYEE),
        "payee as source": (mine.target, mine.target, Reason.ACCOUNT),
        "made up": ("0" * 36, mine.target, Reason.ACCOUNT),
    }
    for source, target, reason in wrong.values():
        order = mine.model_copy(update={"source": source, "target": target})
        assert refused(made, vtm, vtm.post(visit, customer, order)) is reason
        with pytest.raises(Said) as why:
            vtm.ask("quote", {"customer": customer, "order": order.model_dump(mode="json")})
        assert why.value.problem.reason == reason


def test_nobody_signed_in_moves_nothing(made: World, vtm: Terminal) -> None:
    """Signed out, never there, at another terminal, or in another visit than the key's."""
    visit, customer = by_document(vtm)
    order = vtm.order(customer, HIS, 100)
    other_visit = vtm.post(vtm.visit(), customer, order)
    assert refused(made, vtm, other_visit) is Reason.SIGNED_OUT
    assert refused(made, vtm, vtm.post(visit, "0" * 36, order)) is Reason.SIGNED_OUT
    vtm.ask("sign_out", {"customer": customer})
    assert refused(made, vtm, vtm.post(visit, customer, order)) is Reason.SIGNED_OUT


# --- with a card


def with_card(made: World, vtm: Terminal) -> tuple[str, str, Chip]:
    visit, chip = vtm.visit(), Chip(CARD, made.secrets)
    return visit, vtm.by_card(visit, chip).customer, chip


def test_a_card_holds_first_and_its_tc_moves(made: World, vtm: Terminal) -> None:
    visit, customer, chip = with_card(made, vtm)
    before = made.balances()
    arqc = chip.says("ARQC", 2_000)
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 2_000), arqc)
    said = vtm.ask("transfer", post)
    assert (said.status, chip.knows(arqc, said.issuer_data)) == ("pending", True)
    assert vtm.ask("transfer", post) == said
    assert made.balances() == before
    assert vtm.ask("accounts", {"customer": customer}).accounts[0].available == before[HERS] - 2_000
    confirm = {"key": post.key, "verdict": {"approved": True, "field55": chip.says("TC", 2_000, again=True)}}
    done = vtm.ask("card_said", confirm)
    assert (done.status, done.balance, done.reference) == ("done", before[HERS] - 2_000, said.reference)
    assert vtm.ask("card_said", confirm) == done
    assert made.balances() == before | {HERS: before[HERS] - 2_000, HIS: before[HIS] + 2_000}


@pytest.mark.parametrize("word", ["AAC", "pulled", "another TC", "wrong amount", "ARQC again"])
def test_any_other_last_word_lets_the_money_go(made: World, vtm: Terminal, word: str) -> None:
    visit, customer, chip = with_card(made, vtm)
    before = made.balances()
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 2_000), chip.says("ARQC", 2_000))
    assert vtm.ask("transfer", post).status == "pending"
    other = Chip(CARD, made.secrets, counter=90)
    other.says("ARQC", 2_000)
    words = {
        "AAC": chip.says("AAC", 2_000, again=True),
        "pulled": "",
        "another TC": other.says("TC", 2_000, again=True),
        "wrong amount": chip.says("TC", 2_001, again=True),
        "ARQC again": chip.says("ARQC", 2_000, again=True),
    }
    verdict = {"approved": word != "pulled", "field55": words[word]}
    said = vtm.ask("card_said", {"key": post.key, "verdict": verdict})
    assert (said.status, said.reason) == ("refused", Reason.CARD_DECLINED)
    late = {"approved": True, "field55": chip.says("TC", 2_000, again=True)}
    assert vtm.ask("card_said", {"key": post.key, "verdict": late}) == said
    account = vtm.ask("accounts", {"customer": customer}).accounts[0]
    assert (made.balances(), account.available) == (before, before[HERS])
    assert account.limit_today == demo.DAY_LIMIT


@pytest.mark.parametrize("what", ["replayed", "of signing in", "wrong amount", "with fee", "missing", "nonsense", "TC"])
def test_a_cryptogram_that_is_not_for_this_order_is_declined(made: World, vtm: Terminal, what: str) -> None:
    visit, customer, chip = with_card(made, vtm)
    signed_in = chip.says("ARQC", 0, again=True)
    with made.db.write() as tx:
        bookkeeping.set_fee(tx, 0, 7)
    used = chip.says("ARQC", 500)
    first = vtm.post(visit, customer, vtm.order(customer, HIS, 500), used)
    assert vtm.ask("transfer", first).status == "pending"
    fields = {
        "replayed": used,
        "of signing in": signed_in,
        "wrong amount": chip.says("ARQC", 501),
        "with fee": chip.says("ARQC", 507),
        "missing": "",
        "nonsense": "9f2601",
        "TC": chip.says("TC", 500),
    }
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 500), fields[what])
    assert refused(made, vtm, post) is Reason.CARD_DECLINED


def test_who_came_with_a_document_has_no_card_to_show(made: World, vtm: Terminal) -> None:
    visit, customer = by_document(vtm)
    chip = Chip(CARD, made.secrets)
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 500), chip.says("ARQC", 500))
    assert refused(made, vtm, post) is Reason.CARD


def test_reversing_what_waits_for_the_chip_lets_it_go_and_its_tc_comes_too_late(made: World, vtm: Terminal) -> None:
    visit, customer, chip = with_card(made, vtm)
    before = made.balances()
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 500), chip.says("ARQC", 500))
    vtm.ask("transfer", post)
    assert vtm.ask("reverse", {"key": post.key, "reason": "card"}).ending is m.Ending.REVERSED
    verdict = {"approved": True, "field55": chip.says("TC", 500, again=True)}
    said = vtm.ask("card_said", {"key": post.key, "verdict": verdict})
    assert (said.status, said.reason, made.balances()) == ("refused", Reason.BARRED, before)


def test_a_cut_over_between_quote_and_transfer_posts_on_the_new_day(made: World, vtm: Terminal) -> None:
    visit, customer = by_document(vtm)
    order = vtm.order(customer, HIS, 100)
    quoted = vtm.ask("quote", {"customer": customer, "order": order.model_dump(mode="json")}).accounting_date
    tomorrow = made.ledger.advance_accounting_date()
    said = vtm.ask("transfer", vtm.post(visit, customer, order))
    assert (quoted, said.accounting_date) == (DAY, tomorrow)
    assert (tomorrow - DAY, said.reference[:8]) == (timedelta(days=1), f"{tomorrow:%Y%m%d}")


def test_a_cut_over_between_hold_and_tc_posts_on_the_new_day_and_counts_on_the_old(made: World, vtm: Terminal) -> None:
    visit, customer, chip = with_card(made, vtm)
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 500), chip.says("ARQC", 500))
    assert vtm.ask("transfer", post).accounting_date == DAY
    tomorrow = made.ledger.advance_accounting_date()
    verdict = {"approved": True, "field55": chip.says("TC", 500, again=True)}
    assert vtm.ask("card_said", {"key": post.key, "verdict": verdict}).accounting_date == tomorrow
    assert vtm.ask("state", {"key": post.key}).accounting_date == tomorrow
    assert vtm.ask("accounts", {"customer": customer}).accounts[0].limit_today == demo.DAY_LIMIT
