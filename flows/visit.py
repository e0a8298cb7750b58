"""A visit from the first touch to the last, whatever happens between."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from drivers.api import DeviceError, PanelState, Power
from flows.around import ends
from flows.arrive import BankCard
from flows.back import Tape, rewindable
from flows.identify import identify
from flows.menu import guarded, menu
from flows.orders import short, untold_facts
from flows.ports import Chrome, Leave, Refused, Unreachable
from flows.preferences import offer
from flows.screens import Picture, Prompt, Rate, Tell
from flows.session import Level, Session, VisitOver
from protocol import messages as m

POLL = 0.5
HURRY = 4.0
"""Seconds in which a card must be taken when the terminal itself is being stopped."""
TRIES = 3
"""Times that trouble may stop an identification before the visit ends."""


async def visit(session: Session) -> str:
    """Run one visit; answers how it ended. When it returns, nothing of the customer is left in the session."""
    journal = session.terminal.journal
    journal.present.add(session.visit)
    alarms: list[asyncio.Task[None]] = []
    unguarded = session.terminal.around.listen(lambda state: _panel_says(session, state, alarms))
    if session.arrived is not None:
        session.asked_in.add("card" if isinstance(session.arrived, BankCard) else "id-card")
    try:
        await session.record("visit-begins", language=session.terminal.stage.language)
        ending = await _story(session)
    except VisitOver as over:
        ending = over.why
    except Leave:
        ending = "left"
    except asyncio.CancelledError:
        session.hurried = True
        raise
    finally:
        try:
            await session.stop_watching()
            await _give_back(session)
        finally:
            unguarded()
            await _heard_all(alarms, HURRY if session.hurried else session.terminal.rules.effect)
            await session.close()
            session.terminal.stage.reset()
            journal.present.discard(session.visit)
            if session.hurried:
                await session.note("visit-ends", how="stopped")
    await session.note("visit-ends", how=ending)
    return ending


def _panel_says(session: Session, state: PanelState, alarms: "list[asyncio.Task[None]]") -> None:
    """What a change around the customer means to her visit; an opened door is told to the branch once."""
    session.last_call = "battery" if state.power in (Power.BATTERY, Power.LOW) else ""
    if not (why := ends(state)):
        return
    session.interrupt(why)
    if why == "door" and not alarms:
        alarms.append(asyncio.ensure_future(_alarm(session)))


async def _alarm(session: Session) -> None:
    await session.note("door-opened")
    await _report(session, "door-opened")


async def _heard_all(alarms: "list[asyncio.Task[None]]", patience: float) -> None:
    """An alarm is on its way already while the card is given back."""
    if alarms:
        await asyncio.wait(alarms, timeout=patience)


async def _story(session: Session) -> str:
    for _ in range(TRIES):
        session.tape = Tape()
        if await guarded(session, lambda: rewindable(session.tape, lambda: identify(session))):
            break
        await session.stop_watching()
    if session.level is Level.NOBODY:
        return "nobody"
    await _untold(session)
    await menu(session)
    await offer(session)
    stars = await session.choose_freely(Rate("farewell.rate"))
    if stars:
        await _quietly(session, session.bank.rate(m.Rating(visit=session.visit, stars=stars)))
    return "farewell"


async def _untold(session: Session) -> None:
    """Tell what an earlier visit, here or elsewhere, could not."""
    if session.level < Level.CUSTOMER:
        return
    try:
        waiting = await session.bank.untold(session.customer)
    except (Refused, Unreachable):
        return
    for one in waiting.endings:
        facts, number = untold_facts(one.order), short(one.key)
        await session.tell(replace(_told_as(one), facts=facts, reference=number))
        await _quietly(session, session.bank.told(session.customer, one.key))


def _told_as(one: m.UntoldEnding) -> Tell:
    """The screen that tells of it afterwards, without its facts."""
    ending, care = one.ending, Tell(f"untold.care.{one.ending}")
    by_key = {  # messages: untold.*
        "-transfer": Tell(f"untold.{ending}"),
        "-bill": Tell(f"untold.bill.{ending}"),
        "-standing": Tell("untold.standing"),
        "-interbank": Tell(f"untold.interbank.{ending}"),
        "-interbank-returned": Tell("untold.interbank.returned"),
        "-interbank-due": Tell("untold.interbank.due"),
        "-cancel": Tell(f"untold.cancel.{ending}"),
    }
    return next((screen for last, screen in by_key.items() if one.key.endswith(last)), care)


async def _give_back(session: Session) -> None:
    """Nobody leaves anything behind: call after the card, then keep it safe where the reader can."""
    leaving = asyncio.ensure_future(_sign_out(session))
    try:
        for what, back in (("card", _card_back), ("id-card", _id_card_back)):
            if what in session.asked_in:
                await _tried(session, back)
    finally:
        await leaving


async def _sign_out(session: Session) -> None:
    if session.customer:
        await _quietly(session, session.bank.sign_out(session.customer))


async def _tried(session: Session, back: Callable[[Session], Awaitable[None]]) -> None:
    """A device that fails now does not keep the next one from giving back."""
    try:
        await back(session)
    except DeviceError as why:
        await session.note("device", device=why.device, kind=type(why).__name__)


async def _card_back(session: Session) -> None:
    reader, rules = session.devices.card_reader, session.terminal.rules
    if not await reader.card_present():
        return None
    if await _taken(session, Prompt("farewell.card", picture=Picture.CARD_OUT), reader.card_present, rules.take):
        return await session.note("card-taken")
    if await reader.retain():
        await session.note("card-retained", why="left")
        return await _report(session, "card-retained")
    await session.note("card-left")
    await _report(session, "card-left")
    await _taken(session, Prompt("farewell.card-left", picture=Picture.CARD_OUT), reader.card_present, 10 * rules.take)
    return None


async def _id_card_back(session: Session) -> None:
    reader, rules = session.devices.id_reader, session.terminal.rules
    if not await reader.card_present():
        return
    prompt = Prompt("farewell.id-card", picture=Picture.ID_CARD_TAKE)
    if not await _taken(session, prompt, reader.card_present, rules.take):
        await session.note("id-card-left")
        await _report(session, "id-card-left")


async def _taken(session: Session, prompt: Prompt, present: Callable[[], Awaitable[bool]], patience: float) -> bool:
    """Show the prompt until the thing is gone, at most `patience` seconds."""
    shown = asyncio.ensure_future(session.terminal.stage.show(prompt, Chrome("", help=False)))
    try:
        async with asyncio.timeout(min(patience, HURRY) if session.hurried else patience):
            while await present():
                await asyncio.sleep(POLL)
    except TimeoutError:
        return False
    else:
        return True
    finally:
        shown.cancel()
        await asyncio.gather(shown, return_exceptions=True)


async def _report(session: Session, kind: str) -> None:
    await _quietly(session, session.bank.incident(m.Incident(visit=session.visit, kind=kind)))


async def _quietly(session: Session, call: Awaitable[object]) -> None:
    """Tell the branch something that nobody waits for."""
    try:
        async with asyncio.timeout(session.terminal.rules.effect):
            await call
    except (Refused, Unreachable, TimeoutError):
        await session.note("branch-not-told")
