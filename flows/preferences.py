"""The glass as she likes it, also at her next visit and at another terminal, if she wishes."""

from flows.ports import Leave, Refused, Unreachable
from flows.screens import Choose, Option
from flows.session import Level, Session
from protocol import messages as m


def restore(session: Session, kept: m.Preferences | None, *, language: bool) -> None:
    """Set the glass as she likes it; `language` too, unless she has chosen one in this visit."""
    session.preferences = kept
    if kept is None:
        return
    stage = session.terminal.stage
    if language:
        stage.language = kept.language
    stage.elder = kept.elder
    stage.large = kept.large or kept.elder


async def offer(session: Session) -> None:
    """Ask once, at the end, whether what she has changed shall be so again; without a yes nothing is kept."""
    stage = session.terminal.stage
    if session.level < Level.CUSTOMER:
        return
    now = m.Preferences.model_validate({"language": stage.language, "large": stage.large, "elder": stage.elder})
    special = now if now.large or now.elder else None
    if special == session.preferences:
        return
    options = (
        Option("yes", "farewell.keep-yes", "farewell.keep-yes.line"),
        Option("no", "farewell.keep-no", "farewell.keep-no.line"),
    )
    try:
        if await session.choose_freely(Choose("farewell.keep", options=options)) == "yes":
            await session.bank.keep_preferences(session.customer, special)
    except Leave:
        return
    except (Refused, Unreachable):
        await session.note("branch-not-told")
