"""Copies: what was printed in this visit, once more and marked so."""

from flows.receipt import copy, moment
from flows.screens import Choose, Option, Where
from flows.session import Session

MOST = 6


async def copies(session: Session) -> None:
    """Choose one of the last papers; print it marked COPY."""
    papers, words = session.papers[::-1][:MOST], session.terminal.words
    options = tuple(
        Option(str(place), kept.write(words).title, moment(words, kept.at), literal=True)
        for place, kept in enumerate(papers)
    )
    if not options:
        return
    chosen = await session.ask(Choose("copies.which", options=options, where=Where("copies.name", 1, 1)))
    await copy(session, papers[int(chosen)])


def no_copies(session: Session) -> str:
    """Why there is nothing to copy; a member of the messages `hindered.*`."""
    return "" if session.papers else "no-receipts"
