"""A card is lost: stop it at once, on the word of whoever can show its holder's identity card."""

from dataclasses import replace
from datetime import date

from drivers.api import PinPad
from flows.ending import Ends, told
from flows.journal import Intent, Undo
from flows.orders import about, ending_of, order_facts
from flows.ports import Away, Bank
from flows.screens import Choose, Confirm, Fact, Option, Tell, Wait, Where
from flows.session import Level, NotSent, Session
from flows.stamp import stamp
from flows.step_up import step_up
from protocol import care, messages as m

WHERE = "loss.name"
STEP = "loss-report"
ENDS = Ends(Tell("loss.done"), Tell("loss.refused"), Tell("loss.unsure"), lambda words: words.text("loss.paper"))
ENDS_GOOD = replace(ENDS, done=Tell("loss.done-good"))
CARDS = 5
"""Cards on one screen, beside "all of them"."""


@order_facts.register
def _(order: care.LossOrder) -> tuple[Fact, ...]:
    card = Fact("fact.card", order.card_masked, strong=True, number=True)
    every = Fact("fact.card", "loss.every", strong=True, message=True)
    until = Fact("fact.until", order.until) if order.until else Fact("fact.until", "loss.for-good", message=True)
    return (card if order.card_masked else every, until)


async def loss(session: Session) -> None:
    """Which card, until when, yes."""
    who = session.customer or (session.claim.claim if session.claim else "")
    found = await session.look("loss", lambda: session.bank.loss_cards(session.visit, who))
    if not found.cards:
        return await session.tell(Tell("loss.none"))
    chosen = await session.ask(Choose("loss.which", options=_options(found), where=Where(WHERE, 1, 3)))
    card = next((one for one in found.cards if one.handle == chosen), None)
    if card is not None and not _can_be_stopped(session, card):
        return await _already(session, card)
    until = await _until(session, found, card)
    who = "" if until else session.customer
    order = care.LossOrder(card=chosen, card_masked=card.masked if card else "", until=until, customer=who)
    key = "loss.confirm" if until else "loss.confirm-good"
    facts = order_facts(order)
    consent = await session.ask(Confirm(key, facts=facts, about=about(order), where=Where(WHERE, 3, 3)))
    wait = Wait("wait.loss")
    act = session.effect(STEP, order, consent, lambda intent: _send(session, intent, order), Undo.FINISH, wait)
    await told(session, order, ENDS if until else ENDS_GOOD, act)
    return None


def _options(found: care.LossCards) -> tuple[Option, ...]:
    """Each card with how it stands; all at once where one can still be stopped, and there are several."""
    # messages: loss.card.*
    cards = tuple(Option(one.handle, f"loss.card.{one.state}", one.masked) for one in found.cards[:CARDS])
    active = sum(one.state == "active" for one in found.cards)
    return (*cards, Option(found.every, "loss.every", "loss.every.line")) if active and len(found.cards) > 1 else cards


def _can_be_stopped(session: Session, card: care.LossCard) -> bool:
    """In use; or stopped for a few days, which a customer may make for good."""
    return card.state == "active" or (card.until is not None and session.level >= Level.CUSTOMER)


async def _already(session: Session, card: care.LossCard) -> None:
    """It is stopped already: that is all there is to say."""
    number = Fact("fact.card", card.masked, number=True)
    if card.state == "stopped":
        return await session.tell(Tell("loss.stopped", facts=(number,)))
    facts = (number, Fact("fact.until", card.until)) if card.until else (number,)
    return await session.tell(Tell("loss.already", facts=facts))


async def _until(session: Session, found: care.LossCards, card: care.LossCard | None) -> date | None:
    """For a few days; a customer may make it for good, and steps up for it."""
    if session.level < Level.CUSTOMER:
        return found.until
    options = (
        Option("days", "loss.days", "loss.days.line"),
        Option("good", "loss.good", "loss.good.line"),
    )
    lost = card is not None and card.state == "lost"
    if not lost and await session.ask(Choose("loss.how-long", options=options, where=Where(WHERE, 2, 3))) == "days":
        return found.until
    await step_up(session, "formal-loss")
    return None


async def _send(session: Session, intent: Intent, order: care.LossOrder) -> m.Outcome:
    stamped = await session.stamp(intent, _code(order), order)
    return await session.bank.report_loss(care.LossReport.model_validate({**stamped, "order": order}))


def _code(order: care.LossOrder) -> str:
    return "LOSS-TEMPORARY" if order.until else "LOSS-FORMAL"


async def repeat(bank: Bank, intent: Intent, pad: PinPad, operator: str) -> str:
    """settle(): say it again under its key, until the branch has heard it.

    The pad authenticates it anew: it may have other keys by now, and an older release kept no MAC.
    """
    order = care.LossOrder.model_validate(intent.order)
    try:
        stamped = await stamp(pad, intent, _code(order), order, operator)
    except NotSent as why:  # a pad that is away is no reason to ask a person, for a day
        raise Away("the pad does not authenticate it") from why
    said = await bank.report_loss(care.LossReport.model_validate({**stamped, "order": order}))
    return ending_of(said, intent.key)[0]
