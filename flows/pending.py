"""Transfers under way: how far each has come; what was not sent yet can be cancelled."""

from datetime import UTC, datetime

from flows.ending import Ends, told
from flows.journal import Intent, Undo
from flows.orders import about, order_facts
from flows.screens import Choose, Confirm, Fact, Option, Review, Tell, Wait, Where
from flows.session import Session
from protocol import messages as m, remit as r
from protocol.money import Money

WHERE = "pending.name"
STEP = "cancel"
TOLD = (Tell("cancel.done"), Tell("cancel.refused"), Tell("cancel.unsure"))
ENDS = Ends(*TOLD, lambda words: words.text("cancel.paper"))
SHOWN = 5
"""Of one page, beside "more"."""


@order_facts.register
def _(order: r.CancelOrder) -> tuple[Fact, ...]:
    back = (Fact("fact.back", Money(order.back), strong=True),) if order.back else ()
    return (
        Fact("fact.bank", order.bank),
        Fact("fact.to", order.target_masked, number=True),
        Fact("fact.payee", order.target_name, strong=True),
        Fact("fact.amount", Money(order.amount), strong=True),
        *back,
    )


async def pending(session: Session) -> None:
    """Which one, how it stands, and whether to cancel it."""
    found = (await session.look("pending", lambda: session.bank.pending(session.customer))).transfers
    if not found:
        return await session.tell(Tell("pending.none"))
    one = await _which(session, found)
    options: tuple[Option, ...] = (Option("done", "pending.seen"),)
    if one.cancel:
        options = (Option("cancel", "pending.cancel"), *options)
    wish = await session.ask(Review("pending.one", facts=_facts(one), options=options, where=Where(WHERE, 2, 3)))
    return await _cancelled(session, one) if wish == "cancel" else None


async def _which(session: Session, found: tuple[r.PendingTransfer, ...]) -> r.PendingTransfer:
    pages = [found[at : at + SHOWN] for at in range(0, len(found), SHOWN)]
    page = 0
    while True:  # a person's own touch
        more = (Option("more", "pending.more"),) if len(pages) > 1 else ()
        options = (*(_card(one) for one in pages[page]), *more)
        chosen = await session.ask(Choose("pending.which", options=options, where=Where(WHERE, 1, 3)))
        if chosen != "more":
            return next(one for one in found if one.handle == chosen)
        page = (page + 1) % len(pages)


def _card(one: r.PendingTransfer) -> Option:
    # messages: pending.state.*
    return Option(one.handle, one.target_name, f"pending.state.{one.state}", amount=Money(one.amount))


def _facts(one: r.PendingTransfer) -> tuple[Fact, ...]:
    when: tuple[Fact, ...] = ()
    if one.on:
        when = (Fact("fact.on", one.on),)
    elif one.due:
        when = (Fact("fact.due", datetime.fromtimestamp(one.due / 1000, UTC).astimezone()),)
    return (
        Fact("fact.state", f"pending.state.{one.state}", message=True, strong=True),
        Fact("fact.bank", one.bank),
        Fact("fact.to", one.target_masked, number=True),
        Fact("fact.payee", one.target_name),
        Fact("fact.amount", Money(one.amount), strong=True),
        Fact("fact.fee", Money(one.fee)),
        *when,
    )


async def _cancelled(session: Session, one: r.PendingTransfer) -> None:
    order = r.CancelOrder(
        transfer=one.handle,
        target_masked=one.target_masked,
        target_name=one.target_name,
        bank=one.bank,
        amount=one.amount,
        back=one.back,
    )
    screen = Confirm("cancel.confirm", facts=order_facts(order), about=about(order), where=Where(WHERE, 3, 3))
    consent = await session.ask(screen)
    wait = Wait("wait.cancel")
    act = session.effect(STEP, order, consent, lambda intent: _send(session, intent, order), Undo.ASK, wait)
    await told(session, order, ENDS, act)


async def _send(session: Session, intent: Intent, order: r.CancelOrder) -> m.Outcome:
    stamped = await session.stamp(intent, r.CANCEL, order)
    cancel = r.Cancel.model_validate({**stamped, "customer": session.customer, "order": order})
    return await session.bank.cancel_transfer(cancel)
