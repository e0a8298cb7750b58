"""A warning before money goes to somebody: it stands for a while, and some people speak with a person first."""

import asyncio
from collections.abc import Awaitable, Callable

from flows.ports import Refused, Unreachable
from flows.screens import Fact, Option, Picture, Prompt, Review, Tell
from flows.session import OtherWay, Session
from protocol import messages as m

ROUNDS = 30
"""Times that she asks whether a person has spoken with her."""
STOP = Option("stop", "risk.stop", "risk.stop.line")


async def heed(session: Session, risk: m.Risk, again: Callable[[int], Awaitable[m.Risk]]) -> bool:
    """Let her know of a danger; True when she may go on and wants to.

    `again` asks the bank once more, counted: after a person has spoken with her the answer is another.
    """
    if risk.verdict == "refuse":
        raise Refused(m.Reason.RISK)
    if risk.verdict == "person":
        person = await _person(session, again)
        if person is None:
            return await _stopped(session)
        risk = person
    if risk.verdict == "ok" or await _warned(session, risk):
        return True
    return await _stopped(session)


async def _stopped(session: Session) -> bool:
    await session.tell(Tell("risk.stopped"))
    return False


async def _warned(session: Session, risk: m.Risk) -> bool:
    """The warning stands for the seconds of the rule before "go on" is there at all."""
    screen = Prompt(
        f"risk.{risk.reason}", picture=Picture.PERSON, options=(STOP,), params=(("pause", str(risk.pause)),)
    )
    try:
        await session.during(screen, lambda: asyncio.sleep(risk.pause))
    except OtherWay:
        return False
    options = (Option("stop", "risk.stop"), Option("go", "risk.go"))
    return await session.ask(Review("risk.sure", options=options)) == "go"


async def _person(session: Session, again: Callable[[int], Awaitable[m.Risk]]) -> m.Risk | None:
    """Call somebody, and wait with her until that person has let her go on; None when she would rather not."""
    call = m.HelpCall(visit=session.visit, screen="risk", language=session.terminal.stage.language)
    try:
        called = await session.look("person for her", lambda: session.bank.call_help(call))
    except Unreachable:
        await session.tell(Tell("help.unreachable"))
        return None
    facts = (Fact("fact.call", str(called.number), number=True, strong=True),)
    options = (Option("spoken", "risk.spoken", "risk.spoken.line"), Option("stop", "risk.stop"))
    for turn in range(ROUNDS):
        key = "risk.not-yet" if turn else "risk.person"
        if await session.ask(Review(key, facts=facts, options=options)) == "stop":
            return None
        risk = await again(turn + 1)
        if risk.verdict != "person":
            return risk
    return None
