"""A card is lost: stop it at once, on the word of whoever can show its holder's identity card."""

from flows.ending import Ends, told
from flows.journal import Intent, Undo
from flows.orders import about, ending_of, order_facts
from flows.ports import Bank
from flows.screens import Choose, Confirm, Fact, Option, Tell, Wait, Where
from flows.session import Session
from protocol import care

WHERE = "loss.name"
STEP = "loss-report"
ENDS = Ends(Tell("loss.done"), Tell("loss.refused"), Tell("loss.unsure"), lambda words: words.text("loss.paper"))
CARDS = 5
"""Cards on one screen, beside "all of them"."""


@order_facts.register
def _(order: care.LossOrder) -> tuple[Fact, ...]:
    card = Fact("fact.card", order.card_masked, strong=True, number=True)
    every = Fact("fact.card", "loss.every", strong=True, message=True)
    return (card if order.card_masked else every, Fact("fact.until", order.until))


async def loss(session: Session) -> None:
    """Which card, until when, yes."""
    who = session.customer or (session.claim.claim if session.claim else "")
    found = await session.look("loss", lambda: session.bank.loss_cards(session.visit, who))
    if not found.cards:
        return await session.tell(Tell("loss.none"))
    chosen = await session.ask(Choose("loss.which", options=_options(found), where=Where(WHERE, 1, 2)))
    card = next((one for one in found.cards if one.handle == chosen), None)
    if card is not None and card.state != "active":
        return await _already(session, card)
    order = care.LossOrder(card=chosen, card_masked=card.masked if card else "", until=found.until)
    facts = order_facts(order)
    consent = await session.ask(Confirm("loss.confirm", facts=facts, about=about(order), where=Where(WHERE, 2, 2)))
    operator = session.terminal.rules.operator
    act = session.effect(
        STEP,
        order,
        consent,
        lambda intent: session.bank.report_loss(_as_sent(intent, order, operator)),
        Undo.FINISH,
        Wait("wait.loss"),
    )
    await told(session, order, ENDS, act)
    return None


def _options(found: care.LossCards) -> tuple[Option, ...]:
    """Each card with how it stands; all at once where one can still be stopped, and there are several."""
    # messages: loss.card.*
    cards = tuple(Option(one.handle, f"loss.card.{one.state}", one.masked) for one in found.cards[:CARDS])
    active = sum(one.state == "active" for one in found.cards)
    return (*cards, Option(found.every, "loss.every", "loss.every.line")) if active and len(found.cards) > 1 else cards


async def _already(session: Session, card: care.LossCard) -> None:
    """It is stopped already: that is all there is to say."""
    number = Fact("fact.card", card.masked, number=True)
    if card.state == "stopped":
        return await session.tell(Tell("loss.stopped", facts=(number,)))
    facts = (number, Fact("fact.until", card.until)) if card.until else (number,)
    return await session.tell(Tell("loss.already", facts=facts))


def _as_sent(intent: Intent, order: care.LossOrder, operator: str) -> care.LossReport:
    return care.LossReport(key=intent.key, trace=intent.trace, operator=operator, order=order)


async def repeat(bank: Bank, intent: Intent, operator: str) -> str:
    """settle(): say it again under its key, until the branch has heard it."""
    said = await bank.report_loss(_as_sent(intent, care.LossOrder.model_validate(intent.order), operator))
    return ending_of(said, intent.key)[0]
