"""A person: called where a machine must not go on by itself."""

import asyncio

from flows.ports import Refused, Unreachable
from flows.screens import Option, Review, Tell, Tone
from flows.session import Session
from protocol import messages as m


async def call_person(session: Session, screen: str) -> None:
    """Call somebody who can go on with her, and say under which number, or that nobody could be reached."""
    call = m.HelpCall(visit=session.visit, screen=screen, language=session.terminal.stage.language)
    try:
        async with asyncio.timeout(session.terminal.rules.effect):
            called = await session.bank.call_help(call)
    except (Refused, Unreachable, TimeoutError):
        await session.tell(Tell("help.unreachable"))
        return
    await session.note("help", number=called.number, screen=screen)
    await session.tell(Tell("help.called", tone=Tone.CALM, params=(("number", str(called.number)),)))


FORGOT = Option("forgot", "pin.forgot", "pin.forgot.line")


async def forgot_pin(session: Session) -> None:
    """A PIN that was forgotten: the truth about it, and a person. Nothing is reset here, and nothing asks for it."""
    options, begun = (Option("call", "forgot.call"), Option("not-now", "forgot.not-now")), session.tape.at
    wish = await session.ask(Review("forgot.how", options=options))
    session.tape.forget(begun)
    if wish == "call":
        await call_person(session, "forgot-pin")
