"""Another PIN for a card: typed three times into the pad, compared by the bank's security module and by nobody else."""

from flows.ending import Ends, told
from flows.journal import Intent, Undo
from flows.orders import about, order_facts
from flows.person import FORGOT, forgot_pin
from flows.screens import Choose, Confirm, EnterPin, Fact, Option, Tell, Wait, Where
from flows.session import Session
from protocol import care, messages as m
from protocol.mask import Pan, PinBlock

WHERE = "pin.name"
STEP = "pin-change"
CARDS = 5
"""Cards on one screen, beside "I forgot my PIN"."""
ENDS = Ends(Tell("pin.done"), Tell("pin.refused"), Tell("pin.unsure"), lambda words: words.text("pin.paper"))


@order_facts.register
def _(order: care.PinOrder) -> tuple[Fact, ...]:
    return (Fact("fact.card", order.card_masked, number=True, strong=True),)


async def pin_change(session: Session) -> None:
    """Which card, yes, the PIN of now, the new one twice."""
    found = await session.look("pin cards", lambda: session.bank.pin_cards(session.customer))
    if not found.cards:
        return await session.tell(Tell("pin.none"))
    options = tuple(Option(one.handle, "loss.card.active", one.masked) for one in found.cards[:CARDS])
    chosen = await session.ask(Choose("pin.which", options=(*options, FORGOT), where=Where(WHERE, 1, 2)))
    if chosen == FORGOT.id:
        return await forgot_pin(session)
    card = next(one for one in found.cards if one.handle == chosen)
    order = care.PinOrder(card=card.handle, card_masked=card.masked)
    facts = order_facts(order)
    consent = await session.ask(Confirm("pin.confirm", facts=facts, about=about(order), where=Where(WHERE, 2, 2)))
    blocks = await _typed(session, card)
    wait = Wait("wait.pin")
    act = session.effect(STEP, order, consent, lambda intent: _send(session, intent, order, blocks), Undo.ASK, wait)
    await told(session, order, ENDS, act)
    return None


async def _typed(session: Session, card: m.CardOnFile) -> tuple[PinBlock, PinBlock, PinBlock]:
    """Three entries, one screen each; everything that sees or listens is shut for each of them."""
    number = Pan(card.pin_number)
    old = await session.enter_pin(number, EnterPin("pin.old", masked=card.masked, private=True))
    new = await session.enter_pin(number, EnterPin("pin.new", masked=card.masked, private=True))
    again = await session.enter_pin(number, EnterPin("pin.again", masked=card.masked, private=True))
    return old, new, again


async def _send(
    session: Session, intent: Intent, order: care.PinOrder, blocks: tuple[PinBlock, PinBlock, PinBlock]
) -> m.Outcome:
    stamped = await session.stamp(intent, "PIN-CHANGE", order)
    sent = [{"block": one.block.hex(), "format": one.format} for one in blocks]
    secret = dict(zip(("old", "new", "again"), sent, strict=True))
    change = care.PinChange.model_validate({**stamped, "customer": session.customer, "order": order, **secret})
    return await session.bank.change_pin(change)
