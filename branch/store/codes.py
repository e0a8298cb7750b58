"""One-time codes: only a tag of each is kept, and every send and try is counted before it is made."""

from enum import Enum

import sqlalchemy as sa

from branch.store.db import insert_once, locked
from branch.store.schema import codes, sessions

SENDS, TRIES = 3, 3
WAIT_MS, GOOD_MS = 30_000, 180_000
"""Before another one may be sent; for how long one is good."""


class Verdict(Enum):
    """What became of a send or a try."""

    GOOD = "good"
    TOO_SOON = "too-soon"
    WRONG = "wrong"
    EXPIRED = "expired"
    OVER = "over"


def prepare(tx: sa.Connection, session: str, tag: str, now: int) -> Verdict:
    """Put a fresh code in place of the one before, if she may have one now."""
    fresh = {"session": session, "tag": tag, "sends": 1, "tries": 0, "sent": now, "expires": now + GOOD_MS}
    if insert_once(tx, codes, fresh):
        return Verdict.GOOD
    row = tx.execute(locked(sa.select(codes).where(codes.c.session == session))).one()
    if row.sends >= SENDS or row.tries >= TRIES:
        return Verdict.OVER
    if now < row.sent + WAIT_MS:
        return Verdict.TOO_SOON
    values = {"tag": tag, "sends": row.sends + 1, "sent": now, "expires": now + GOOD_MS}
    tx.execute(codes.update().where(codes.c.session == session).values(**values))
    return Verdict.GOOD


def attempt(tx: sa.Connection, session: str, tag: str, now: int) -> Verdict:
    """Count a try; when it is right the session has stepped up, and the code is good no more."""
    row = tx.execute(locked(sa.select(codes).where(codes.c.session == session))).one_or_none()
    if row is None:
        return Verdict.EXPIRED
    if row.tries >= TRIES:
        return Verdict.OVER
    if now >= row.expires:
        return Verdict.EXPIRED
    which = codes.c.session == session
    if row.tag == tag:
        tx.execute(codes.update().where(which).values(expires=now))
        tx.execute(sessions.update().where(sessions.c.handle == session).values(stepped_up=now))
        return Verdict.GOOD
    tx.execute(codes.update().where(which).values(tries=row.tries + 1))
    return Verdict.OVER if row.tries + 1 >= TRIES else Verdict.WRONG


def stepped_up(tx: sa.Connection, session: str) -> bool:
    """Was a code of this session right? True also when it is over: what it confirmed may still be repeated."""
    row = sa.select(sessions.c.handle).where(sessions.c.handle == session, sessions.c.stepped_up.is_not(None))
    return tx.execute(row).first() is not None


def of_visit(tx: sa.Connection, session: str, visit: str) -> bool:
    """Is it a session of that visit?"""
    row = sa.select(sessions.c.handle).where(sessions.c.handle == session, sessions.c.visit == visit)
    return tx.execute(row).first() is not None
