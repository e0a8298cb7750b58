"""Another phone: the old one alone never speaks for her, and the new one must speak for itself."""

import asyncio
from functools import partial
from typing import Literal

from flows.ending import Ends, told
from flows.identify import take_it_back
from flows.journal import Intent, Undo
from flows.orders import about, order_facts
from flows.ports import Back, Refused, Unreachable
from flows.screens import Choose, Confirm, EnterNumber, Fact, Option, Picture, Prompt, Tell, Wait, Where
from flows.session import Session
from flows.step_up import PERSON, ROUNDS, TYPED_AGAIN, prove
from protocol import care, messages as m

WHERE = "phone.name"
STEP = "phone-change"
ENDS = Ends(Tell("phone.done"), Tell("phone.refused"), Tell("phone.unsure"), lambda words: words.text("phone.paper"))
POLL = 2.0
"""Seconds between two looks whether the person has answered."""
LOOKS = 450
"""So many looks, and then nobody came."""
DIGITS = 11
TRIES = 6
"""Numbers tried."""
Way = Literal["old", "person"]


def needs_card(session: Session) -> str:
    """Card and PIN: a document and the PIN of a card on file are not enough for this."""
    return "" if session.card_aid else "needs-card"


@order_facts.register
def _(order: care.PhoneOrder) -> tuple[Fact, ...]:
    none = Fact("fact.phone-before", "phone.none", message=True)
    return (
        Fact("fact.phone-before", order.before_masked, number=True) if order.before_masked else none,
        Fact("fact.phone-after", order.after_masked, number=True, strong=True),
        Fact("fact.phone-full", order.full_from),
    )


async def phone(session: Session) -> None:
    """Who speaks for her, the new number and its code, yes."""
    now = await session.look("phone", lambda: session.bank.phone_now(session.customer))
    way = await session.ask(Choose("phone.how", options=_ways(now), where=Where(WHERE, 1, 4)))
    if way == "old":
        way = await _old_phone(session)
    if way == "person" and not await _person(session):
        return
    new = await _new_phone(session)
    order = care.PhoneOrder(phone=new.handle, before_masked=new.before, after_masked=new.phone, full_from=new.full_from)
    facts = order_facts(order)
    consent = await session.ask(Confirm("phone.confirm", facts=facts, about=about(order), where=Where(WHERE, 4, 4)))
    wait = Wait("wait.phone")
    act = session.effect(STEP, order, consent, lambda intent: _send(session, intent, order), Undo.ASK, wait)
    await told(session, order, ENDS, act)


def _ways(now: care.PhoneNow) -> tuple[Option, ...]:
    """The old phone, where there is one; a person, always."""
    old = (Option("old", "phone.old", "phone.old.line"),) if now.phone else ()
    return (*old, Option("person", "phone.person", "phone.person.line"))


async def _old_phone(session: Session) -> Way:
    """Her identity card on the reader, then a code to the old phone; a person where the phone cannot speak for her."""
    reader = session.devices.id_reader
    session.asked_in.add("id-card")
    prompt = Prompt("phone.lay", picture=Picture.ID_CARD_LAY, where=Where(WHERE, 2, 4))
    card = await session.during(prompt, lambda: reader.read_card(session.terminal.rules.device))
    document = m.Document.model_validate(
        {"kind": card.kind, "id_number": card.id_number, "name": card.name, "valid_to": card.valid_to}
    )
    await take_it_back(session, Prompt("phone.take", picture=Picture.ID_CARD_TAKE, where=Where(WHERE, 2, 4)))
    shown = care.DocumentShown(customer=session.customer, document=document)
    await session.busy(Wait("wait.bank"), lambda: session.bank.show_document(shown))
    await session.note("document-shown", kind=card.kind)
    try:
        await prove(session, "phone-change")
    except Refused as no:
        if no.reason not in PERSON:
            raise
        return "person"
    return "old"


async def _person(session: Session) -> bool:
    """Call somebody, and wait for that person's word; False when nobody came. Raises Refused when it was no."""
    asked = await session.busy(Wait("wait.bank"), lambda: session.bank.ask_person(session.customer))
    await session.note("phone-person", reference=asked.reference)
    if asked.state == "waiting":
        prompt = Prompt(
            "phone.waiting", picture=Picture.PERSON, params=(("number", asked.reference),), where=Where(WHERE, 2, 4)
        )
        asked = await session.during(prompt, lambda: _answered(session, asked))
    if asked.state == "approved":
        return True
    if asked.state == "refused":
        raise Refused(m.Reason.NOT_APPROVED)
    await session.tell(Tell("phone.nobody-came"))
    return False


async def _answered(session: Session, asked: care.Approval) -> care.Approval:
    """Look until the person has answered; a look that the bank does not answer is one of many."""
    for _ in range(LOOKS):
        await asyncio.sleep(POLL)
        try:
            asked = await session.bank.ask_person(session.customer)
        except Unreachable:
            continue
        if asked.state != "waiting":
            break
    return asked


async def _new_phone(session: Session) -> care.NewPhone:
    """The number, a code to it, and what came back; until one was right."""
    where, problem = Where(WHERE, 3, 4), ""
    begun = session.tape.at
    for _ in range(TRIES):
        screen = EnterNumber("phone.new", shortest=DIGITS, longest=DIGITS, problem=problem, group=4, where=where)
        number = await session.ask(screen)
        problem = ""
        try:
            sent = await _sent(session, number)
        except Refused as no:
            if no.reason not in {m.Reason.PHONE_SAME, m.Reason.TOO_SOON}:
                raise
            problem = "phone.new.same" if no.reason is m.Reason.PHONE_SAME else "phone.new.too-soon"
        else:
            if sent is None:
                problem = "phone.new.unknown"
            elif found := await _typed(session, sent):
                return found
        session.tape.forget(begun)
    raise Refused(m.Reason.CODE_OVER)


async def _sent(session: Session, number: str) -> care.CodeSent | None:
    """A code on its way to the number; None where it is no mobile number."""
    if number[:1] != "1" or number[1:2] not in "3456789":
        return None
    facts = {"customer": session.customer, "phone": number, "language": session.terminal.stage.language}
    asked = care.NewPhoneAsked.model_validate(facts)
    return await session.busy(Wait("wait.code"), lambda: session.bank.send_new_phone_code(asked))


async def _typed(session: Session, sent: care.CodeSent) -> care.NewPhone | None:
    """Let her type the code until it is right; None when she goes back to correct the number."""
    problem = ""
    for _ in range(ROUNDS):
        screen = EnterNumber(
            "phone.code",
            shortest=sent.digits,
            longest=sent.digits,
            problem=problem,
            group=3,
            params=(("phone", sent.phone),),
        )
        try:
            code = await session.ask(screen)
        except Back:
            return None
        typed = care.CodeTyped(customer=session.customer, code=code)
        try:
            return await session.busy(Wait("wait.bank"), partial(session.bank.check_new_phone_code, typed))
        except Refused as no:
            if no.reason not in TYPED_AGAIN:
                raise
            problem = "phone.code.wrong" if no.reason is m.Reason.WRONG_CODE else "phone.code.expired"
    return None


async def _send(session: Session, intent: Intent, order: care.PhoneOrder) -> m.Outcome:
    stamped = await session.stamp(intent, "PHONE-CHANGE", order)
    language = session.terminal.stage.language
    change = {**stamped, "customer": session.customer, "order": order, "language": language}
    return await session.bank.change_phone(care.PhoneChange.model_validate(change))
