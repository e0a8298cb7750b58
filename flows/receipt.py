"""Paper: it follows what is done, never undoes it, and "printed" is the printer's own word."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from drivers.api import DeviceError, Line, NoMedia, Slip
from flows.paper import Kept, Paper
from flows.ports import Unreachable, Words
from flows.screens import Option, Picture, Prompt, Review, Tell, Tone, Wait
from flows.session import Session

Came = Literal["paper", "perhaps", "again", "nothing"]
"""What became of a print: out; in doubt; in doubt, and she wants it once more; nothing came out."""
POLL = 0.5


COPIES = 3
"""Copies tried one after the other while each is in doubt."""
AGAIN = (Option("copy", "receipt.copy", "receipt.copy.line"), Option("none", "receipt.none"))


def slip(session: Session, paper: Paper, original: int | None = None) -> Slip:
    """A whole slip in the customer's language: whose it is, what was done, where and when.

    `original` is the time (UTC milliseconds) of what this is a copy of: its title then says COPY.
    """
    words, terminal = session.terminal.words, session.terminal
    now = terminal.journal.now()
    title = paper.title if original is None else words.text("receipt.copy-of", title=paper.title)
    copied = () if original is None else (Line(words.text("receipt.copied"), moment(words, now)),)
    lines = (
        Line(words.text("receipt.bank"), big=True, centre=True),
        Line(title, bold=True, centre=True),
        Line(rule=True),
        *paper.lines,
        Line(rule=True),
        Line(words.text("receipt.terminal"), terminal.id),
        Line(words.text("receipt.time"), moment(words, now if original is None else original)),
        *copied,
        Line(words.text("receipt.thanks"), centre=True),
    )
    return Slip(lines, paper.qr, rtl=terminal.stage.language == "ar")


def moment(words: Words, at: int) -> str:
    """UTC milliseconds as the customer reads them."""
    return words.moment(datetime.fromtimestamp(at / 1000, UTC).astimezone())


async def receipt(session: Session, write: Callable[[Words], Paper]) -> None:
    """Print a slip in the customer's language, and see that it is taken; what follows a doubtful print is a copy."""
    kept = Kept(write, session.terminal.journal.now())
    came = await _print(session, kept, None)
    if came != "nothing":
        session.papers.append(kept)
    if came == "again":
        await copy(session, kept)


async def copy(session: Session, kept: Kept) -> None:
    """Print what was printed before, or may have been, marked COPY."""
    for left in reversed(range(COPIES)):
        if await _print(session, kept, kept.at, again=left > 0) != "again":
            return


async def _print(session: Session, kept: Kept, original: int | None, *, again: bool = True) -> Came:
    """Print one slip, and say what became of it."""
    made = slip(session, kept.write(session.terminal.words), original)
    printer = session.devices.printer
    try:
        printed = await session.busy(Wait("wait.printer", usually=4), lambda: printer.print_slip(made))
    except NoMedia:
        await session.note("not-printed")
        await session.tell(Tell("receipt.no-paper"))
        return "nothing"
    except (DeviceError, OSError, Unreachable) as why:  # the last: it has not answered in time
        await session.note("print-in-doubt", why=type(why).__name__)
        wish = await session.ask(Review("receipt.in-doubt", options=AGAIN[not again :]), back=False)
        return "again" if wish == "copy" else "perhaps"
    await session.note(
        "printed" if printed.printed else "print-accepted", proof=printed.proof, copy=int(original is not None)
    )
    await _taken(session)
    return "paper"


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
