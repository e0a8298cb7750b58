"""Do something once: intent on disk, call, ending on disk."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from flows.journal import Intent, JournalFailed, Undo
from flows.level import NotSent
from flows.orders import ending_of, journaled
from flows.ports import Facts, Refused, Unsure
from flows.screens import Wait
from protocol import messages as m

if TYPE_CHECKING:
    from flows.session import Session

Out = TypeVar("Out", bound=m.Outcome)


async def once(
    session: "Session", step: str, order: m.Order, act: Callable[[Intent], Awaitable[Out]], how: tuple[Undo, Wait]
) -> tuple[str, Out]:
    """Answers the key and what the bank said; raises Refused, or Unsure(key) when it may have happened."""
    journal = session.terminal.journal
    try:
        intent = await journal.intent(session.visit, step, how[0], journaled(order))
    except JournalFailed as why:  # no intent, nothing done
        session.broken = f"journal: {why}"
        raise Refused(m.Reason.CLOSED, str(why)) from why
    try:
        posted = await session.busy(how[1], lambda: act(intent))
        ending, body = ending_of(posted, intent.key)
    except NotSent as why:
        await write(session, intent.key, "refused", {"why": "not sent", "detail": str(why)})
        raise Refused(m.Reason.CLOSED, str(why), intent.key) from why
    except Exception as why:
        raise Unsure(intent.key) from why
    else:
        await write(session, intent.key, ending, body)
        if ending == "refused":
            raise Refused(posted.reason or m.Reason.CLOSED, key=intent.key)
        return intent.key, posted
    finally:
        journal.in_flight.discard(intent.key)


async def write(session: "Session", key: str, state: str, body: Facts) -> None:
    """Write how a key ended; Unsure, and out of service, when the journal cannot take it."""
    try:
        await session.terminal.journal.write(key, state, body)
    except Exception as why:
        session.broken = f"journal: {why}"
        raise Unsure(key) from why
