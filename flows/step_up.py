"""More sure who she is: a one-time code to the phone that the bank has of her, or a person."""

from functools import partial

from flows.person import call_person
from flows.ports import Back, Refused
from flows.screens import EnterNumber, Fact, Option, Review, Tell, Wait
from flows.session import Level, Session
from protocol import care, messages as m

ROUNDS = 12
"""Codes sent and typed in one step-up, all told: the branch stops long before."""
PERSON = (m.Reason.CODE_OVER, m.Reason.NO_PHONE, m.Reason.NEW_PHONE)
"""Only a person can go on from here."""
TYPED_AGAIN = (m.Reason.WRONG_CODE, m.Reason.CODE_EXPIRED)


async def step_up(session: Session, why: str) -> None:
    """Raise her to STEPPED_UP, once a visit. Raises Refused when she cannot be, and Back when she would rather not.

    `why`: what it is for, `new-payee`, `limit-change` or `formal-loss`.
    """
    try:
        await prove(session, why)
    except Refused as no:
        if no.reason in PERSON:
            await call_person(session, "step-up")
        raise


async def prove(session: Session, why: str) -> None:
    """As `step_up`, but whom to call when only a person can go on is the caller's."""
    if session.level < Level.CUSTOMER:
        raise AssertionError("nobody steps up who is not a customer")
    if session.level >= Level.STEPPED_UP:
        return
    begun = session.tape.at
    try:
        await _asked(session, why)
    finally:
        session.tape.forget(begun)  # a code is not kept, and "back" leads past it
    session.level = Level.STEPPED_UP
    await session.note("stepped-up", why=why)


async def _asked(session: Session, why: str) -> None:
    """Send, type, and again, until a code was right."""
    sent, begun = None, session.tape.at
    for _ in range(ROUNDS):
        wish = await session.ask(Review("step-up.how", facts=_phone(sent), options=_options(sent)))
        if wish == "not-mine":
            raise Refused(m.Reason.NO_PHONE)
        if sent is None or wish == "send":
            try:
                sent = await _send(session, why)
            except Refused as no:
                if no.reason is not m.Reason.TOO_SOON:
                    raise
                await session.tell(Tell("step-up.too-soon"))
        if sent is not None and await _typed(session, sent):
            return
        session.tape.forget(begun)
    raise Refused(m.Reason.CODE_OVER)


def _phone(sent: care.CodeSent | None) -> tuple[Fact, ...]:
    return (Fact("fact.phone", sent.phone, number=True, strong=True),) if sent else ()


def _options(sent: care.CodeSent | None) -> tuple[Option, ...]:
    send = Option("send", "step-up.again") if sent else Option("send", "step-up.send", "step-up.send.line")
    enter = (Option("enter", "step-up.enter"),) if sent else ()
    return (*enter, send, Option("not-mine", "step-up.not-mine", "step-up.not-mine.line"))


async def _send(session: Session, why: str) -> care.CodeSent:
    facts = {"customer": session.customer, "why": why, "language": session.terminal.stage.language}
    asked = care.CodeAsked.model_validate(facts)
    return await session.busy(Wait("wait.code"), lambda: session.bank.send_code(asked))


async def _typed(session: Session, sent: care.CodeSent) -> bool:
    """Let her type until it is right; False when she goes back to have another one sent."""
    problem = ""
    for _ in range(ROUNDS):
        screen = EnterNumber(
            "step-up.code",
            shortest=sent.digits,
            longest=sent.digits,
            problem=problem,
            group=3,
            params=(("phone", sent.phone),),
        )
        try:
            code = await session.ask(screen)
        except Back:
            return False
        typed = care.CodeTyped(customer=session.customer, code=code)
        try:
            await session.busy(Wait("wait.bank"), partial(session.bank.check_code, typed))
        except Refused as no:
            if no.reason not in TYPED_AGAIN:
                raise
            problem = "step-up.code.wrong" if no.reason is m.Reason.WRONG_CODE else "step-up.code.expired"
        else:
            return True
    return False
