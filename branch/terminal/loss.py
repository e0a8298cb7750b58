"""A card is lost: a claim is enough to stop it for a few days, and only a person at the bank sets it free before."""

from datetime import date, timedelta

from branch.bank.core import CoreCard, CoreDone, CoreLoss
from branch.store import losses, visits
from branch.store.losses import Lost
from branch.terminal import acts, step_up
from branch.terminal.context import Branch, Refusal, own
from protocol import care, messages as m
from protocol.mask import mask_pan

REPEATED = 3 * 24 * 60
"""Minutes for which a report can be repeated: a terminal tries for a day."""


def cards(branch: Branch, terminal: str, body: care.LossAsked) -> care.LossCards:
    """Every card of hers and how it stands, with handles that outlive the visit."""
    own(terminal, body.visit)
    with branch.db.read() as tx:
        customer = losses.who(tx, body.who, body.visit, terminal, branch.now)
    if customer is None:
        raise Refusal(m.Reason.UNKNOWN_CUSTOMER)
    found = branch.core.cards(customer)
    handles = [branch.handle() for _ in found]
    every, until = branch.handle(), _until(branch)
    marks: list[tuple[str, str | None]] = [(every, None)]
    marks += [(handle, branch.mark(card.pan)) for handle, card in zip(handles, found, strict=True)]
    row: losses.Values = {"visit": body.visit, "customer": customer, "expires": branch.minutes(REPEATED)}
    with branch.db.write() as tx:
        losses.offer(tx, [{**row, "handle": handle, "card": mark} for handle, mark in marks])
    shown = tuple(_shown(handle, card) for handle, card in zip(handles, found, strict=True))
    return care.LossCards(cards=shown, every=every, until=until)


def _until(branch: Branch) -> date:
    """Last day of a temporary report that is made now."""
    today = branch.core.accounting_date()
    return today + timedelta(days=branch.rules.temporary_loss_days(today))


def _shown(handle: str, card: CoreCard) -> care.LossCard:
    state = card.state if card.state in {"active", "lost"} else "stopped"
    facts = {"handle": handle, "masked": mask_pan(card.pan), "state": state, "until": card.lost_until}
    return care.LossCard.model_validate(facts)


def report(branch: Branch, terminal: str, body: care.LossReport) -> m.Outcome:
    """Stop what the handle stands for, once under a key; asked again, also later, it goes on where it was."""
    return acts.once(branch, terminal, body, body.order, lambda: _report(branch, terminal, body))


def _report(branch: Branch, terminal: str, body: care.LossReport) -> CoreDone:
    visit = body.key.partition("/")[0]
    with branch.db.write() as tx:
        lost = losses.behind(tx, body.order.card, visit, branch.now)
        if lost is not None:
            visits.bind(tx, visit, lost.customer)  # whose visit it was: she is told how it ended
    return branch.core.report_loss(body.key, _order(branch, terminal, body, lost))


def _order(branch: Branch, terminal: str, body: care.LossReport, lost: Lost | None) -> CoreLoss:
    """The report as the core is asked to record it; raises Refusal."""
    if lost is None:
        raise Refusal(m.Reason.UNKNOWN_CUSTOMER)
    if (body.code == "LOSS-FORMAL") != (body.order.until is None):
        raise Refusal(m.Reason.CONFLICT, "a formal report has no last day, and any other has")
    if body.order.until is None:
        _demand(branch, body, lost)
    else:
        _check_day(branch, body.order.until)
    found = branch.core.cards(lost.customer)
    pans = tuple(card.pan for card in found if lost.card in {None, branch.mark(card.pan)})
    stamp = (body.code, branch.name, terminal, body.operator, body.trace)
    return CoreLoss(lost.customer, pans, body.order.until, *stamp)


def _demand(branch: Branch, body: care.LossReport, lost: Lost) -> None:
    """For good: the claim is not enough, its holder must have stepped up in this visit."""
    visit = body.key.partition("/")[0]
    with branch.db.read() as tx:
        hers = visits.customer_of(tx, visit) == lost.customer
    if not hers or not body.order.customer:
        raise Refusal(m.Reason.STEP_UP)
    step_up.demand(branch, body.order.customer, lost.customer, visit, "formal-loss")


def _check_day(branch: Branch, until: date) -> None:
    longest = _until(branch)
    if not longest - timedelta(days=REPEATED // 60 // 24) <= until <= longest:
        raise Refusal(m.Reason.CONFLICT, "the day told to the customer is not the rule's")
