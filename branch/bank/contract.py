"""The contract suite: what every Core must keep. It moves a few fen between two accounts that the core lends."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise

from branch.bank.contract_care import (
    a_limit_is_lowered_once_and_never_raised,
    a_loss_report_for_good_outlasts_one_for_days,
    a_lost_card_is_stopped_once,
    a_phone_is_changed_once,
)
from branch.bank.core import (
    Core,
    CoreMovement,
)
from branch.bank.promise import ensure, found
from branch.bank.trial import AMOUNT, Bench as Bench
from protocol.messages import Ending, Reason


def enquiries_agree(bench: Bench) -> None:
    """Customer, card and accounts point at each other; what nobody has is None or empty."""
    core, one = bench.core, bench.specimen
    customer = found(core.customer(one.id_number), "the customer is not found by document")
    ensure(core.customer_by_id(customer.id) == customer, "customer_by_id finds somebody else")
    card, holder = found(core.card(one.pan), "the card is not found")
    ensure(holder == customer, "the card's holder is somebody else")
    ensure(card in core.cards(customer.id), "the card is not among the customer's")
    accounts = core.accounts(customer.id)
    ensure(core.account(one.source) in accounts, "the source is not among the customer's accounts")
    ensure(accounts == core.accounts(customer.id), "the order of accounts is not stable")
    ensure(core.customer("0" * 18) is None, "a document of nobody finds somebody")
    ensure(core.card("0" * 16) is None, "a card of nobody finds somebody")
    ensure(core.account("0" * 19) is None, "an account of nobody is found")
    ensure(core.account(one.closed) is None, "a closed account is offered as a payee")


def post_moves_once(bench: Bench) -> None:
    """A post moves amount and fee once; repeated it answers the same and moves nothing."""
    source, available, target = bench.money()
    key, order = bench.fresh_key(), bench.order
    first = bench.core.post(key, order, pending=False)
    ensure(first.status == "done", f"status is {first.status}")
    ensure(bool(first.reference), "no reference of the host")
    ensure(first.accounting_date == bench.core.accounting_date(), "not today's accounting date")
    ensure(bench.core.post(key, order, pending=False).reference == first.reference, "a repeat has another reference")
    moved = AMOUNT + order.fee
    ensure(bench.money() == (source - moved, available - moved, target + AMOUNT), "the money is not where it should be")
    state = bench.core.state(key)
    ensure((state.status, state.reference) == ("done", first.reference), "state tells something else")
    bench.give_back(key)


def another_body_is_a_conflict(bench: Bench) -> None:
    """The same key with another body is refused as a conflict, and moves nothing."""
    key, order = bench.fresh_key(), bench.order
    bench.core.post(key, order, pending=False)
    before = bench.money()
    other = replace(order, amount=order.amount + 1)
    ensure(bench.refusal(lambda: bench.core.post(key, other, pending=False)) is Reason.CONFLICT, "no conflict")
    ensure(bench.money() == before, "a conflict moved money")
    bench.give_back(key)


def pending_holds_until_confirmed(bench: Bench) -> None:
    """A pending post holds money and moves none; confirm moves it once, and void then finds that it stands."""
    source, available, target = bench.money()
    key, order = bench.fresh_key(), bench.order
    moved = AMOUNT + order.fee
    ensure(bench.core.post(key, order, pending=True).status == "pending", "it is not pending")
    ensure(bench.money() == (source, available - moved, target), "a hold moved money, or held none")
    ensure(bench.core.confirm(key).status == "done", "confirm did not make it done")
    ensure(bench.core.confirm(key).status == "done", "confirm is not repeatable")
    ensure(bench.money() == (source - moved, available - moved, target + AMOUNT), "confirm moved the wrong money")
    ensure(bench.core.void(key).ending is Ending.STANDS, "a done posting was voided")
    bench.give_back(key)


def void_lets_go(bench: Bench) -> None:
    """A voided post has moved nothing and can never be confirmed."""
    before = bench.money()
    key = bench.fresh_key()
    bench.core.post(key, bench.order, pending=True)
    ensure(bench.core.void(key).ending is Ending.REVERSED, "void did not let go")
    ensure(bench.core.void(key).ending is Ending.REVERSED, "void is not repeatable")
    ensure(bench.money() == before, "something is still held, or has moved")
    ensure(bench.refusal(lambda: bench.core.confirm(key)) is Reason.BARRED, "a voided key was confirmed")
    ensure(bench.money() == before, "a refused confirm moved money")


def an_unknown_key_is_barred(bench: Bench) -> None:
    """Reversing a key that never came bars it for ever."""
    before = bench.money()
    key = bench.fresh_key()
    ensure(bench.core.state(key).status == "unknown", "a fresh key is not unknown")
    ensure(bench.core.reverse(key).ending is Ending.BARRED, "an unknown key was not barred")
    ensure(bench.core.reverse(key).ending is Ending.BARRED, "reverse is not repeatable")
    ensure(
        bench.refusal(lambda: bench.core.post(key, bench.order, pending=False)) is Reason.BARRED, "a late post went on"
    )
    ensure(bench.core.state(key).status == "barred", "state does not tell that the key is barred")
    ensure(bench.money() == before, "a barred key moved money")


def refusals_are_recorded(bench: Bench) -> None:
    """A refused post refuses again under its key, and reversing it finds nothing to take back."""
    one, before = bench.specimen, bench.money()
    closed = replace(bench.order, target=one.closed, fee=bench.core.fee(one.source, one.closed, AMOUNT))
    same = replace(bench.order, target=one.source, fee=bench.core.fee(one.source, one.source, AMOUNT))
    dear = replace(bench.order, fee=bench.order.fee + 1)
    for order, reason in ((closed, Reason.PAYEE), (same, Reason.SAME_ACCOUNT), (dear, Reason.FEE_CHANGED)):
        key = bench.fresh_key()
        for _ in range(2):
            said = bench.refusal(partial(bench.core.post, key, order, pending=False))
            ensure(said is reason, f"refused with {said}, expected {reason}")
        ensure(bench.core.state(key).status == "refused", "the refusal is not recorded")
        ensure(bench.core.reverse(key).ending is Ending.BARRED, "a refused key was reversed")
    ensure(bench.money() == before, "a refused post moved money")


def too_much_is_refused(bench: Bench) -> None:
    """Nobody can move more than she has, or more than the day's limit."""
    one, before = bench.specimen, bench.money()
    source = found(bench.core.account(one.source), "the source is not found")
    for amount in (source.available + 1, source.limit_today + 1):
        fee = bench.core.fee(one.source, one.target, amount)
        order = replace(bench.order, amount=amount, fee=fee)
        reason = bench.refusal(partial(bench.core.post, bench.fresh_key(), order, pending=False))
        ensure(reason in {Reason.FUNDS, Reason.LIMIT}, f"refused with {reason}")
    ensure(bench.money() == before, "a refused post moved money")


def reverse_takes_back(bench: Bench) -> None:
    """A reversal restores every balance, is repeatable, and the key can never post again."""
    before = bench.money()
    key, order = bench.fresh_key(), bench.order
    bench.core.post(key, order, pending=False)
    for _ in range(2):
        ensure(bench.core.reverse(key).ending is Ending.REVERSED, "it was not reversed")
    ensure(bench.money() == before, "the balances are not as before")
    ensure(bench.core.state(key).status == "reversed", "state does not tell that it was reversed")
    ensure(bench.refusal(lambda: bench.core.post(key, order, pending=False)) is Reason.BARRED, "a reversed key posted")


def reverse_lets_pending_go(bench: Bench) -> None:
    """Reversing a pending post voids it."""
    before = bench.money()
    key = bench.fresh_key()
    bench.core.post(key, bench.order, pending=True)
    ensure(bench.core.reverse(key).ending is Ending.REVERSED, "a pending post was not let go")
    ensure(bench.money() == before, "something is still held")


def what_is_posted_stands(bench: Bench) -> None:
    """A core that cannot reverse says so of what is posted, and moves nothing."""
    key = bench.fresh_key()
    reference = bench.core.post(key, bench.order, pending=False).reference
    before = bench.money()
    said = bench.core.reverse(key)
    ensure((said.ending, said.reference) == (Ending.STANDS, reference), f"it answers {said}")
    ensure(bench.money() == before, "a reversal that stands moved money")


def movements_tell_what_moved(bench: Bench) -> None:
    """A posting stands on both statements with its reference, a hold on none; what is reversed comes back on both."""
    one, key, order = bench.specimen, bench.fresh_key(), bench.order
    before = [entry.id for entry in bench.movements(one.source)]
    bench.core.post(key, order, pending=True)
    ensure([entry.id for entry in bench.movements(one.source)] == before, "a hold stands on the statement")
    reference = bench.core.confirm(key).reference
    for account, moved in ((one.source, -AMOUNT - order.fee), (one.target, AMOUNT)):
        mine = [entry for entry in bench.movements(account) if entry.reference == reference]
        ensure(sum(entry.amount for entry in mine) == moved, "its movements are not the amount and fee that moved")
        ensure(all(entry.day == bench.core.accounting_date() for entry in mine), "not today's accounting date")
    ensure(mine[0].party == one.source, "the other side is somebody else")
    source, _, target = bench.money()
    ensure(bench.movements(one.source)[0].balance == source, "the newest balance is not the account's")
    ensure(bench.movements(one.target)[0].balance == target, "the newest balance is not the account's")
    bench.give_back(key)
    if bench.core.can_reverse:
        ensure(bench.movements(one.target)[0].amount == -AMOUNT, "a reversal does not stand on the statement")


def movements_come_in_pages(bench: Bench) -> None:
    """Newest first, each balance follows from the one before, and page by page it is the same list."""
    one, keys = bench.specimen, [bench.fresh_key() for _ in range(3)]
    for key in keys:
        bench.core.post(key, bench.order, pending=False)
    whole = bench.movements(one.source, most=7)
    for newer, older in pairwise(whole):
        ensure(newer.balance - newer.amount == older.balance, "a balance does not follow from the one before")
        ensure(newer.at >= older.at, "they are not newest first")
    paged: list[CoreMovement] = []
    while len(paged) < len(whole):
        page = bench.movements(one.source, most=1, before=paged[-1].id if paged else "")
        ensure(len(page) == 1, "the pages end early, or hold more than was asked for")
        paged += page
    ensure(paged == whole, "the pages are not the list")
    split = [bench.movements(one.source, way=way) for way in ("in", "out")]
    ensure(all(entry.amount > 0 for entry in split[0]), "what left is among what came in")
    ensure(all(entry.amount < 0 for entry in split[1]), "what came in is among what left")
    ensure(split[1][0] in whole, "what left has another balance when it is asked for alone")
    ensure(bench.movements("0" * 19) == [], "an account of nobody has movements")
    ensure(bench.movements(one.source, before="no such entry") == [], "something is older than what never was")
    for key in keys:
        bench.give_back(key)


def recent_payees_are_whom_she_paid(bench: Bench) -> None:
    """The newest comes first, each stands once, nobody pays herself, and what was only held has gone to nobody."""
    core, one, key = bench.core, bench.specimen, bench.fresh_key()
    customer = found(core.customer(one.id_number), "the customer is not found by document").id
    before = core.recent_payees(customer, 50)
    core.post(key, bench.order, pending=True)
    ensure(core.recent_payees(customer, 50) == before, "a hold has made a payee")
    core.confirm(key)
    paid = core.recent_payees(customer, 50)
    ensure(paid[0].number == one.target, "the newest payee is not the first")
    ensure(paid[0].name == found(core.account(one.target), "the target is not found").name, "it has another name")
    numbers = [payee.number for payee in paid]
    ensure(len(numbers) == len(set(numbers)), "a payee stands twice")
    ensure(not {mine.number for mine in core.accounts(customer)} & set(numbers), "she is her own payee")
    ensure(core.recent_payees(customer, 1) == paid[:1], "more than were asked for, or others")
    ensure(core.recent_payees("nobody at all", 5) == [], "nobody has paid somebody")
    bench.give_back(key)
    if core.can_reverse:
        ensure(core.recent_payees(customer, 50) == before, "what was taken back has a payee")


def rates_are_told(bench: Bench) -> None:
    """Each currency once, with a price; the bank never sells for less than it buys, and its own money has no rate."""
    found_ = bench.core.rates()
    currencies = [one.currency for one in found_.rates]
    ensure(len(currencies) == len(set(currencies)), "a currency stands twice")
    ensure("CNY" not in currencies, "the yuan has a rate")
    ensure(all(one.unit > 0 and 0 < one.buy <= one.sell for one in found_.rates), "a price is none")
    ensure(found_.at > 0, "it does not say of when they are")


Check = Callable[[Bench], None]
ALWAYS: tuple[Check, ...] = (
    enquiries_agree,
    post_moves_once,
    another_body_is_a_conflict,
    pending_holds_until_confirmed,
    void_lets_go,
    an_unknown_key_is_barred,
    refusals_are_recorded,
    too_much_is_refused,
    reverse_lets_pending_go,
    movements_tell_what_moved,
    movements_come_in_pages,
    recent_payees_are_whom_she_paid,
    rates_are_told,
    a_lost_card_is_stopped_once,
    a_loss_report_for_good_outlasts_one_for_days,
    a_limit_is_lowered_once_and_never_raised,
    a_phone_is_changed_once,
)
WITH_REVERSALS: tuple[Check, ...] = (reverse_takes_back,)
WITHOUT_REVERSALS: tuple[Check, ...] = (what_is_posted_stands,)


def checks(core: Core) -> tuple[Check, ...]:
    """The suite for a core: a smaller one when it cannot reverse."""
    return ALWAYS + (WITH_REVERSALS if core.can_reverse else WITHOUT_REVERSALS)
