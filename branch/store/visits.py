"""Visits: who claims to stand there, who has proved it, and the handles she was given.

A handle is random, belongs to one terminal and one visit, and expires. It stands for a number that stays at the branch.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from branch.store.db import insert_once, locked
from branch.store.schema import claim_cards, claims, handles, intents, loss_handles, pin_handles, sessions, visits


@dataclass(frozen=True)
class Customer:
    """A live session: this customer has proved who she is, at this terminal, in this visit."""

    handle: str
    visit: str
    terminal: str
    customer: str
    card: str | None
    """The mark of the card in the reader; None when she came with a document."""
    counter: str | None
    state: str


@dataclass(frozen=True)
class ClaimedCard:
    """A card on file of a person who claims to be its holder."""

    visit: str
    terminal: str
    customer: str | None
    card: str
    pin_number: str


def begin(tx: sa.Connection, visit: str, terminal: str, now: int) -> None:
    """Note that a visit has begun; harmless to repeat."""
    insert_once(tx, visits, {"id": visit, "terminal": terminal, "began": now})


def customer_of(tx: sa.Connection, visit: str) -> str | None:
    """Who proved herself in a visit, if anybody; nobody else can until this transaction ends."""
    return tx.execute(locked(sa.select(visits.c.customer).where(visits.c.id == visit))).scalar()


def bind(tx: sa.Connection, visit: str, customer: str) -> bool:
    """Give the visit its customer; False when it belongs to another one already."""
    row = tx.execute(locked(sa.select(visits).where(visits.c.id == visit))).one()
    if row.customer is None:
        tx.execute(visits.update().where(visits.c.id == visit).values(customer=customer))
    return row.customer in {None, customer}


def claim(tx: sa.Connection, row: dict[str, str | int | None], cards: list[dict[str, str]]) -> None:
    """Keep a claim (`claims`) and the cards offered with it (`claim_cards`)."""
    tx.execute(claims.insert().values(**row))
    if cards:
        tx.execute(claim_cards.insert(), cards)


def claimed_card(tx: sa.Connection, claim_handle: str, card_handle: str, now: int) -> ClaimedCard | None:
    """A card on file of a live claim."""
    query = (
        sa.select(claims.c.visit, claims.c.terminal, claims.c.customer, claim_cards.c.card, claim_cards.c.pin_number)
        .join(claim_cards, claim_cards.c.claim == claims.c.handle)
        .where(claims.c.handle == claim_handle, claim_cards.c.handle == card_handle, claims.c.expires > now)
    )
    row = tx.execute(query).one_or_none()
    return ClaimedCard(row.visit, row.terminal, row.customer, row.card, row.pin_number) if row else None


def open_session(tx: sa.Connection, customer: Customer, expires: int) -> bool:
    """Let a customer in; what she had opened before in this visit is over. False: her cryptogram let in before."""
    tx.execute(sessions.update().where(sessions.c.visit == customer.visit).values(state="over"))
    row = {
        "handle": customer.handle,
        "visit": customer.visit,
        "terminal": customer.terminal,
        "customer": customer.customer,
        "card": customer.card,
        "counter": customer.counter,
        "state": customer.state,
    }
    return insert_once(tx, sessions, {**row, "expires": expires})


def session(tx: sa.Connection, handle: str, now: int) -> Customer | None:
    """A session that is neither over nor expired."""
    query = sa.select(sessions).where(sessions.c.handle == handle, sessions.c.expires > now, sessions.c.state != "over")
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    return Customer(row.handle, row.visit, row.terminal, row.customer, row.card, row.counter, row.state)


def confirm_session(tx: sa.Connection, handle: str) -> bool:
    """The chip has had its last word: True when the session was still waiting for it."""
    which = (sessions.c.handle == handle, sessions.c.state == "waiting")
    return tx.execute(sessions.update().where(*which).values(state="confirmed")).rowcount == 1


def end_session(tx: sa.Connection, handle: str) -> None:
    """Over, for good."""
    tx.execute(sessions.update().where(sessions.c.handle == handle).values(state="over"))


def forget(tx: sa.Connection, now: int) -> int:
    """Delete every claim and handle that has expired, with what it stood for; answers how many rows that were.

    Sessions stay: their cryptograms must not be played again.
    """
    dead = sa.exists().where(sessions.c.handle == handles.c.session, sessions.c.expires <= now)
    gone = tx.execute(handles.delete().where(dead)).rowcount
    over = sa.exists().where(sessions.c.handle == pin_handles.c.session, sessions.c.expires <= now)
    gone += tx.execute(pin_handles.delete().where(over)).rowcount
    old = sa.exists().where(claims.c.handle == claim_cards.c.claim, claims.c.expires <= now)
    gone += tx.execute(claim_cards.delete().where(old)).rowcount
    gone += tx.execute(loss_handles.delete().where(loss_handles.c.expires <= now)).rowcount
    return gone + tx.execute(claims.delete().where(claims.c.expires <= now)).rowcount


def seen_before(tx: sa.Connection, card: str, counter: str, key: str = "") -> bool:
    """Has this card's cryptogram been used already, other than under `key`?"""
    one = sa.select(sessions.c.handle).where(sessions.c.card == card, sessions.c.counter == counter)
    two = sa.select(intents.c.key).where(intents.c.card == card, intents.c.counter == counter, intents.c.key != key)
    return tx.execute(sa.union_all(one, two).limit(1)).scalar() is not None


def handle_for(tx: sa.Connection, fresh: str, row: dict[str, str]) -> str:
    """The session's handle for a number: the one it has, or `fresh`. `row`: session, kind, number, name."""
    insert_once(tx, handles, {"handle": fresh, **row})
    which = (handles.c.session == row["session"], handles.c.kind == row["kind"], handles.c.number == row["number"])
    return str(tx.execute(sa.select(handles.c.handle).where(*which)).scalar_one())


def number_behind(tx: sa.Connection, session_handle: str, handle: str, *kinds: str) -> str | None:
    """The account number behind a handle of this very session."""
    which = (handles.c.handle == handle, handles.c.session == session_handle, handles.c.kind.in_(kinds))
    return tx.execute(sa.select(handles.c.number).where(*which)).scalar()


def row_behind(tx: sa.Connection, session_handle: str, handle: str, kind: str) -> sa.Row[Any] | None:
    """Number and name behind a handle of this very session."""
    which = (handles.c.handle == handle, handles.c.session == session_handle, handles.c.kind == kind)
    return tx.execute(sa.select(handles).where(*which)).one_or_none()
