"""What the branch keeps of a PIN: the module's verifier, and how often in a row it was wrong."""

import sqlalchemy as sa

from branch.store.db import insert_once, locked
from branch.store.schema import pin_handles, pins

TRIES = 3


def keep(tx: sa.Connection, card: str, verifier: str) -> None:
    """Set or replace the verifier of a card's PIN; the tries begin anew."""
    if not insert_once(tx, pins, {"card": card, "verifier": verifier, "wrong": 0}):
        tx.execute(pins.update().where(pins.c.card == card).values(verifier=verifier, wrong=0))


def take_a_try(tx: sa.Connection, card: str) -> str | None:
    """Count one try before it is looked at, so that neither haste nor a crash gives more than three.

    Answers the verifier to check against; None when no try is left, or the card has no PIN here.
    """
    row = tx.execute(locked(sa.select(pins).where(pins.c.card == card))).one_or_none()
    if row is None or row.wrong >= TRIES:
        return None
    tx.execute(pins.update().where(pins.c.card == card).values(wrong=pins.c.wrong + 1))
    return str(row.verifier)


def was_right(tx: sa.Connection, card: str) -> None:
    """The PIN was right: all tries are there again."""
    tx.execute(pins.update().where(pins.c.card == card).values(wrong=0))


def was_not_looked_at(tx: sa.Connection, card: str) -> None:
    """The module could not check: the try is given back."""
    tx.execute(pins.update().where(pins.c.card == card, pins.c.wrong > 0).values(wrong=pins.c.wrong - 1))


def blocked(tx: sa.Connection, card: str) -> bool:
    """Are all tries used up?"""
    wrong = tx.execute(sa.select(pins.c.wrong).where(pins.c.card == card)).scalar()
    return wrong is not None and wrong >= TRIES


def offer(tx: sa.Connection, rows: list[dict[str, str]]) -> None:
    """Keep handles of cards: `handle`, `session`, `card`, `pin_number`."""
    if rows:
        tx.execute(pin_handles.insert(), rows)


def offered(tx: sa.Connection, session: str, handle: str) -> tuple[str, str] | None:
    """Mark and number for the PIN block of a card that was offered to this session."""
    which = (pin_handles.c.handle == handle, pin_handles.c.session == session)
    row = tx.execute(sa.select(pin_handles.c.card, pin_handles.c.pin_number).where(*which)).one_or_none()
    return (str(row.card), str(row.pin_number)) if row else None
