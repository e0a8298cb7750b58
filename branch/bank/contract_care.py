"""What every Core must keep when a customer looks after what is hers: loss reports and limits."""

from dataclasses import replace
from functools import partial

from branch.bank.core import (
    CoreLimit,
)
from branch.bank.promise import ensure, found
from branch.bank.trial import Bench, traces
from protocol.messages import Ending, Reason


def a_lost_card_is_stopped_once(bench: Bench) -> None:
    """A loss report stops its card at once, repeats itself harmlessly, and the truth is told to who reports again."""
    core, key, loss = bench.core, bench.fresh_key(), bench.loss
    ensure(bench.card.state == "active", "the specimen's card is not active")
    done = core.report_loss(key, loss)
    ensure(bool(done.reference), "no reference of the host")
    ensure(done.accounting_date == core.accounting_date(), "not today's accounting date")
    ensure((bench.card.state, bench.card.lost_until) == ("lost", loss.until), "the card is not lost until that day")
    ensure(core.report_loss(key, loss) == done, "a repeat answers something else")
    other = replace(loss, code="LOSS-FORMAL")
    ensure(bench.refusal(lambda: core.report_loss(key, other)) is Reason.CONFLICT, "no conflict")
    again = bench.fresh_key()
    for _ in range(2):
        ensure(bench.refusal(lambda: core.report_loss(again, loss)) is Reason.REPORTED, "it was reported twice")
    ensure((core.state(key).status, core.state(again).status) == ("done", "refused"), "state tells something else")
    ensure(core.reverse(key).ending is Ending.STANDS, "a report was reversed")
    ensure(bench.refusal(lambda: core.post(key, bench.order, pending=False)) is Reason.CONFLICT, "its key moved money")
    ensure(bench.card.state == "lost", "something set the card free")
    ensure(core.lift_loss(done.reference) == 1, "a person could not lift it")
    ensure(core.lift_loss(done.reference) == 0, "it was lifted twice")
    ensure(bench.card.state == "active", "the card is not free again")
    ensure(core.report_loss(key, loss) == done, "a repeat after it was lifted answers something else")
    ensure(bench.card.state == "active", "a repeat stopped the card that a person had set free")


def a_loss_report_for_good_outlasts_one_for_days(bench: Bench) -> None:
    """For good stands over a few days and not the other way; a barred key and another's card stop nothing."""
    core, days = bench.core, bench.loss
    good = replace(days, until=None, code="LOSS-FORMAL")
    core.report_loss(bench.fresh_key(), days)
    done = core.report_loss(bench.fresh_key(), good)
    ensure((bench.card.state, bench.card.lost_until) == ("lost", None), "the card is not lost for good")
    for order in (days, good):
        said = bench.refusal(partial(core.report_loss, bench.fresh_key(), order))
        ensure(said is Reason.REPORTED, "it was reported again")
    ensure(core.lift_loss(done.reference) == 1, "a person could not lift it")
    barred = bench.fresh_key()
    ensure(core.reverse(barred).ending is Ending.BARRED, "an unknown key was not barred")
    ensure(bench.refusal(lambda: core.report_loss(barred, days)) is Reason.BARRED, "a barred key stopped a card")
    for wrong in (replace(days, customer="nobody"), replace(days, pans=("0" * 16,)), replace(days, pans=())):
        said = bench.refusal(partial(core.report_loss, bench.fresh_key(), wrong))
        ensure(said is Reason.CARD, "a card of somebody else was stopped")
    ensure(bench.card.state == "active", "the card is not free again")


def a_limit_is_lowered_once_and_never_raised(bench: Bench) -> None:
    """The day's limit goes down once under a key and never up. It stays one fen lower after this check."""
    core, number, key = bench.core, bench.specimen.source, bench.fresh_key()
    before = found(core.account(number), "the source is not found")
    stamp = ("LIMIT-DOWN", "0001", "CHECK", "CHECK", next(traces))
    order = CoreLimit(number, before.limit_day, before.limit_day - 1, *stamp)
    up = replace(order, after=before.limit_day + 1)
    wrong = (
        (up, Reason.LIMIT_UP),
        (replace(order, after=before.limit_day), Reason.LIMIT_UP),
        (replace(order, before=before.limit_day + 1), Reason.CONFLICT),
        (replace(order, account=bench.specimen.closed), Reason.ACCOUNT),
    )
    for one, reason in wrong:
        said = bench.refusal(partial(core.lower_limit, bench.fresh_key(), one))
        ensure(said is reason, f"refused with {said}, expected {reason}")
    done = core.lower_limit(key, order)
    ensure(core.lower_limit(key, order) == done, "a repeat answers something else")
    ensure(bench.refusal(lambda: core.lower_limit(key, up)) is Reason.CONFLICT, "no conflict")
    after = found(core.account(number), "the source is not found")
    ensure(after.limit_day == before.limit_day - 1, "it was not lowered once")
    ensure(after.limit_today <= before.limit_today, "more may leave today than before")
    ensure(core.state(key).status == "done", "state tells something else")
    ensure(core.reverse(key).ending is Ending.STANDS, "it was reversed")
