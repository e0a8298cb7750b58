"""A phone that is to be hers: codes to it, the person who may speak for her, and the notice to the old one."""

from dataclasses import dataclass

import sqlalchemy as sa

from branch.store.codes import GOOD_MS, SENDS, TRIES, WAIT_MS, Verdict
from branch.store.db import insert_once, locked
from branch.store.schema import new_phones, notices, phone_requests, sessions


@dataclass(frozen=True)
class Proved:
    """A number that a code went to and came back from, and the one that it takes the place of."""

    before: str
    number: str


@dataclass(frozen=True)
class Request:
    """Somebody at a terminal asks for a person."""

    reference: str
    session: str
    terminal: str
    state: str
    at: int


def show_document(tx: sa.Connection, session: str, now: int) -> None:
    """Her own identity card was read in this session."""
    tx.execute(sessions.update().where(sessions.c.handle == session).values(document=now))


def document_shown(tx: sa.Connection, session: str) -> bool:
    """Was it?"""
    row = sa.select(sessions.c.handle).where(sessions.c.handle == session, sessions.c.document.is_not(None))
    return tx.execute(row).first() is not None


def prepare(tx: sa.Connection, session: str, fresh: dict[str, str], now: int) -> Verdict:
    """Put a number and the tag of its code in place of those before, if she may have a code now.

    `fresh`: handle, before, number, tag.
    """
    values = {**fresh, "sends": 1, "tries": 0, "sent": now, "expires": now + GOOD_MS}
    if insert_once(tx, new_phones, {"session": session, **values}):
        return Verdict.GOOD
    row = tx.execute(locked(sa.select(new_phones).where(new_phones.c.session == session))).one()
    if row.sends >= SENDS or row.tries >= TRIES:
        return Verdict.OVER
    if now < row.sent + WAIT_MS:
        return Verdict.TOO_SOON
    values |= {"sends": row.sends + 1, "tries": row.tries}
    tx.execute(new_phones.update().where(new_phones.c.session == session).values(**values, proved=None))
    return Verdict.GOOD


def number(tx: sa.Connection, session: str) -> str:
    """The number that the last code went to; empty when none did."""
    return tx.execute(sa.select(new_phones.c.number).where(new_phones.c.session == session)).scalar() or ""


def attempt(tx: sa.Connection, session: str, tag: str, now: int) -> Verdict:
    """Count a try; when it is right the number is proved. Right once more for who asks again after it was."""
    which = new_phones.c.session == session
    row = tx.execute(locked(sa.select(new_phones).where(which))).one_or_none()
    if row is None:
        return Verdict.EXPIRED
    if row.proved is not None and row.tag == tag:
        return Verdict.GOOD
    if row.tries >= TRIES:
        return Verdict.OVER
    if now >= row.expires:
        return Verdict.EXPIRED
    if row.tag == tag:
        tx.execute(new_phones.update().where(which).values(proved=now, expires=now))
        return Verdict.GOOD
    tx.execute(new_phones.update().where(which).values(tries=row.tries + 1))
    return Verdict.OVER if row.tries + 1 >= TRIES else Verdict.WRONG


def found(tx: sa.Connection, session: str) -> tuple[str, str, str] | None:
    """Handle, number before and number of the phone that is to be hers."""
    query = sa.select(new_phones.c.handle, new_phones.c.before, new_phones.c.number)
    row = tx.execute(query.where(new_phones.c.session == session)).one_or_none()
    return (row.handle, row.before, row.number) if row else None


def proved(tx: sa.Connection, session: str, handle: str) -> Proved | None:
    """What a handle of this session stands for, once its code was right."""
    which = (new_phones.c.session == session, new_phones.c.handle == handle, new_phones.c.proved.is_not(None))
    row = tx.execute(sa.select(new_phones).where(*which)).one_or_none()
    return Proved(row.before, row.number) if row else None


# --- a person


def ask(tx: sa.Connection, session: str, terminal: str, reference: str, now: int) -> Request:
    """A session's request for a person: the one that stands, or a new one under `reference`."""
    row = {"reference": reference, "session": session, "terminal": terminal, "state": "waiting", "at": now}
    insert_once(tx, phone_requests, {**row, "changed": now})
    return _request(tx.execute(sa.select(phone_requests).where(phone_requests.c.session == session)).one())


def waiting(tx: sa.Connection, now: int) -> list[Request]:
    """Every request that a person can still answer, oldest first."""
    live = (sessions.c.expires > now, sessions.c.state != "over", phone_requests.c.state == "waiting")
    query = sa.select(phone_requests).join(sessions, sessions.c.handle == phone_requests.c.session).where(*live)
    return [_request(row) for row in tx.execute(query.order_by(phone_requests.c.at))]


def answer(tx: sa.Connection, reference: str, state: str, by: str, now: int) -> str | None:
    """A person's word, once and while she is still there: the visit's id; None when there is no such request."""
    live = (sessions.c.expires > now, sessions.c.state != "over")
    query = sa.select(sessions.c.visit).join(phone_requests, phone_requests.c.session == sessions.c.handle)
    here = (phone_requests.c.reference == reference, phone_requests.c.state == "waiting")
    visit = tx.execute(query.where(*here, *live)).scalar()
    if visit is None:
        return None
    said = phone_requests.update().where(*here).values(state=state, by=by, changed=now)
    return str(visit) if tx.execute(said).rowcount else None


def approved(tx: sa.Connection, session: str) -> bool:
    """Has a person approved it in this session?"""
    row = sa.select(phone_requests.c.reference)
    which = (phone_requests.c.session == session, phone_requests.c.state == "approved")
    return tx.execute(row.where(*which)).first() is not None


def _request(row: "sa.Row[tuple[object, ...]]") -> Request:
    return Request(row.reference, row.session, row.terminal, row.state, row.at)


# --- the notice


def owe(tx: sa.Connection, key: str, phone: str, what: str, language: str, now: int) -> None:
    """A phone must be told of what is done under this key, should it be done; harmless to repeat."""
    row = {"key": key, "phone": phone, "what": what, "language": language, "state": "due", "at": now}
    insert_once(tx, notices, row)


def due(tx: sa.Connection, before: int) -> list[tuple[str, str, str, str]]:
    """Notices that are still owed and older than a moment: key, phone, what, language."""
    query = sa.select(notices).where(notices.c.state == "due", notices.c.at <= before).order_by(notices.c.at)
    return [(row.key, row.phone, row.what, row.language) for row in tx.execute(query.limit(100))]


def settled(tx: sa.Connection, key: str, state: str) -> None:
    """It was sent, or never has to be: the number is not kept."""
    tx.execute(notices.update().where(notices.c.key == key).values(state=state, phone=""))


def forget(tx: sa.Connection, now: int) -> int:
    """Delete the numbers of sessions that have expired."""
    over = sa.exists().where(sessions.c.handle == new_phones.c.session, sessions.c.expires <= now)
    return tx.execute(new_phones.delete().where(over)).rowcount
