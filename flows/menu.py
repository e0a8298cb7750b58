"""The menu: which flows, for whom, at which assurance level."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from drivers.api import DeviceError, MediaRefused, MediaRemoved, NoMedia
from flows.accounts import accounts
from flows.back import Tape, rewindable
from flows.copies import copies, no_copies
from flows.information import information
from flows.ports import Leave, Refused, Unreachable, Unsure
from flows.screens import Choose, Option, Tell, Tone
from flows.session import Level, OtherWay, Session, VisitOver
from flows.statement import statement
from flows.transfer import transfer


@dataclass(frozen=True)
class Flow:
    """A transaction on the menu."""

    id: str
    level: Level
    run: Callable[[Session], Awaitable[None]]
    hindered: Callable[[Session], str] = lambda _: ""
    """Why it cannot be done now, a member of the messages `hindered.*`; "" when it can."""


# messages: menu.*
FLOWS = (
    Flow("accounts", Level.CUSTOMER, accounts),
    Flow("transfer", Level.CUSTOMER, transfer),
    Flow("statement", Level.CUSTOMER, statement),
    Flow("copies", Level.CUSTOMER, copies, no_copies),
    Flow("information", Level.NOBODY, information),
)
VISITS_LIMIT = 100
"""Transactions in one visit."""


async def menu(session: Session) -> None:
    """Offer what this person may do until she finishes."""
    for _ in range(VISITS_LIMIT):
        try:
            chosen = await session.choose_freely(_menu(session))
        except Leave:
            return
        await run_flow(session, next(flow for flow in FLOWS if flow.id == chosen))


def _menu(session: Session) -> Choose:
    options = tuple(_card(session, flow) for flow in FLOWS)
    return Choose("menu", options=options, params=(("surname", session.surname),))


def _card(session: Session, flow: Flow) -> Option:
    """One transaction; where it cannot be done now, its card says why and what to do instead."""
    if session.level < flow.level:
        return Option(flow.id, f"menu.{flow.id}", f"menu.{flow.id}.line", disabled="menu.needs-customer")
    why = flow.hindered(session)
    return Option(flow.id, f"menu.{flow.id}", f"menu.{flow.id}.line", disabled=f"hindered.{why}" if why else "")


async def run_flow(session: Session, flow: Flow) -> None:
    """Run one transaction; whatever stops it is told, and the menu comes back."""
    if session.level < flow.level:
        raise AssertionError(f"{flow.id} needs {flow.level.name}")
    session.tape = Tape()
    await guarded(session, lambda: rewindable(session.tape, lambda: flow.run(session)))
    if session.broken:
        raise VisitOver(session.broken)


async def guarded(session: Session, story: Callable[[], Awaitable[None]]) -> bool:
    """Run a story and tell what stopped it, if the visit can go on; True when nothing did."""
    try:
        await story()
    except MediaRemoved as why:
        if session.card_aid:
            raise VisitOver("card-pulled") from why
        await _card_trouble(session, why)
    except Unsure as why:
        raise VisitOver(session.broken or "journal") from why
    except Refused as why:
        await session.tell(Tell("stopped.refused", tone=Tone.REFUSED, why=f"refused.{why.reason}"))
    except Unreachable:
        await session.tell(Tell("stopped.unreachable"))
    except (NoMedia, MediaRefused) as why:
        await _card_trouble(session, why)
    except DeviceError as why:
        await session.note("device", device=why.device, kind=type(why).__name__)
        await session.tell(Tell("stopped.device"))
    except OtherWay:
        return True
    else:
        return True
    return False


async def _card_trouble(session: Session, why: DeviceError) -> None:
    """A card, not the machine: she can mend that herself."""
    await session.note("card-trouble", device=why.device, kind=type(why).__name__)
    await session.tell(Tell("stopped.card"))
