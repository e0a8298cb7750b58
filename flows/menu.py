"""The menu: which flows, for whom, at which assurance level."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from drivers.api import DeviceError, MediaRefused, MediaRemoved, NoMedia
from flows.accounts import accounts
from flows.back import Tape, rewindable
from flows.limit import limit
from flows.loss import STEP as LOSS_STEP
from flows.loss import loss
from flows.loss import repeat as loss_again
from flows.pin_change import pin_change
from flows.ports import Leave, Refused, Unreachable, Unsure
from flows.screens import Choose, Option, Tell, Tone
from flows.session import Level, OtherWay, Session, VisitOver
from flows.settle import Repeat
from flows.terminal import Rules
from flows.transfer import transfer


@dataclass(frozen=True)
class Flow:
    """A transaction on the menu."""

    id: str
    level: Level
    run: Callable[[Session], Awaitable[None]]


# messages: menu.*
FLOWS = (
    Flow("accounts", Level.CUSTOMER, accounts),
    Flow("transfer", Level.CUSTOMER, transfer),
    Flow("limit", Level.CUSTOMER, limit),
    Flow("pin", Level.CUSTOMER, pin_change),
    Flow("loss", Level.CLAIMED, loss),
)


def repeats(rules: Rules) -> dict[str, Repeat]:
    """What settle() may simply do again, by the step of its key."""
    return {LOSS_STEP: partial(loss_again, operator=rules.operator)}


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
    options = tuple(
        Option(
            flow.id,
            f"menu.{flow.id}",
            f"menu.{flow.id}.line",
            disabled="" if session.level >= flow.level else "menu.needs-customer",
        )
        for flow in FLOWS
    )
    return Choose("menu", options=options, params=(("surname", session.surname),))


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
