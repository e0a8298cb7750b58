"""Paper: it follows what is done, never undoes it, and "printed" is the printer's own word."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from drivers.api import DeviceError, Line, NoMedia, Slip
from flows.ports import Unreachable, Words
from flows.screens import Picture, Prompt, Tell, Tone, Wait
from flows.session import Session

POLL = 0.5


@dataclass(frozen=True)
class Paper:
    """What a slip says between the bank's name and the thanks."""

    title: str
    lines: tuple[Line, ...]
    qr: str = ""


def slip(session: Session, paper: Paper) -> Slip:
    """A whole slip in the customer's language: whose it is, what was done, where and when."""
    words, terminal = session.terminal.words, session.terminal
    now = datetime.fromtimestamp(terminal.journal.now() / 1000, UTC).astimezone()
    lines = (
        Line(words.text("receipt.bank"), big=True, centre=True),
        Line(paper.title, bold=True, centre=True),
        Line(rule=True),
        *paper.lines,
        Line(rule=True),
        Line(words.text("receipt.terminal"), terminal.id),
        Line(words.text("receipt.time"), words.moment(now)),
        Line(words.text("receipt.thanks"), centre=True),
    )
    return Slip(lines, paper.qr, rtl=terminal.stage.language == "ar")


async def receipt(session: Session, write: Callable[[Words], Paper]) -> None:
    """Print a slip in the customer's language, and see that it is taken."""
    made = slip(session, write(session.terminal.words))
    printer = session.devices.printer
    try:
        printed = await session.busy(Wait("wait.printer", usually=4), lambda: printer.print_slip(made))
    except NoMedia:
        await session.note("not-printed")
        return await session.tell(Tell("receipt.no-paper"))
    except (DeviceError, OSError, Unreachable) as why:  # the last: it has not answered in time
        await session.note("print-in-doubt", why=type(why).__name__)
        return await session.tell(Tell("receipt.in-doubt"))
    await session.note("printed" if printed.printed else "print-accepted", proof=printed.proof)
    await _taken(session)
    return None


async def _taken(session: Session) -> None:
    """Call after the paper; draw it in again where the printer can."""
    prompt = Prompt("receipt.take", picture=Picture.PAPER_TAKE)
    try:
        async with asyncio.timeout(session.terminal.rules.take):
            sensed = await session.during(prompt, lambda: _until_taken(session), back=False)
    except DeviceError:
        sensed = False  # what came out is out, and money that moved has moved
    except TimeoutError:
        await session.note("paper-left", retracted=int(await _retracted(session)))
        return
    if not sensed:
        await session.note("paper-not-sensed")
        await session.tell(Tell("receipt.please-take", tone=Tone.DONE))


async def _retracted(session: Session) -> bool:
    try:
        return await session.devices.printer.retract()
    except DeviceError:
        return False


async def _until_taken(session: Session) -> bool:
    """True once the sensor says so; False at once where there is no sensor."""
    while True:
        taken = await session.devices.printer.paper_taken()
        if taken is None or taken:
            return bool(taken)
        await asyncio.sleep(POLL)
