"""What people at the branch have to look at: calls for help, incidents, manual cases, endings nobody has told."""

from collections.abc import Mapping

import sqlalchemy as sa

from branch.store.db import insert_once
from branch.store.schema import cases, help_calls, incidents, ratings, untold, visits

Facts = Mapping[str, str | int | None]
WAITING = 20
"""At most so many endings are told after one identification."""


def report_untold(tx: sa.Connection, key: str, ending: str, facts: Facts, at: int) -> bool:
    """Keep an ending until its customer has seen it; the first report of a key stands."""
    visit = key.partition("/")[0]
    return insert_once(tx, untold, {"key": key, "visit": visit, "ending": ending, "facts": dict(facts), "at": at})


def untold_of(tx: sa.Connection, customer: str) -> list[tuple[str, str, dict[str, str | int | None]]]:
    """What waits for a customer, oldest first: key, ending, facts. Whose it is, the visit says."""
    query = (
        sa.select(untold.c.key, untold.c.ending, untold.c.facts)
        .join(visits, visits.c.id == untold.c.visit)
        .where(visits.c.customer == customer, untold.c.told.is_(None))
        .order_by(untold.c.at, untold.c.key)
        .limit(WAITING)
    )
    return [(row.key, row.ending, row.facts) for row in tx.execute(query)]


def told(tx: sa.Connection, key: str, customer: str, at: int) -> bool:
    """She has seen it: True the first time. Somebody else's key is left alone."""
    hers = sa.select(visits.c.id).where(visits.c.customer == customer)
    which = (untold.c.key == key, untold.c.visit.in_(hers), untold.c.told.is_(None))
    return tx.execute(untold.update().where(*which).values(told=at)).rowcount == 1


def open_case(tx: sa.Connection, key: str, terminal: str, facts: Facts, note: str, at: int) -> bool:
    """A person must look; harmless to repeat."""
    row = {"key": key, "terminal": terminal, "facts": dict(facts), "note": note, "state": "open", "at": at}
    return insert_once(tx, cases, row)


def call_help(tx: sa.Connection, visit: str, terminal: str, screen: str, language: str, at: int) -> tuple[int, bool]:
    """Put a call on the branch's list: its number, and whether it is new. A visit that waits keeps its number."""
    row = {"visit": visit, "terminal": terminal, "screen": screen, "language": language}
    made = insert_once(tx, help_calls, {**row, "state": "waiting", "at": at})
    waiting = sa.select(help_calls.c.number).where(help_calls.c.visit == visit, help_calls.c.state == "waiting")
    return int(tx.execute(waiting).scalar_one()), made


def incident(tx: sa.Connection, visit: str, terminal: str, kind: str, detail: str, at: int) -> None:
    """Something staff should know."""
    row = {"visit": visit, "terminal": terminal, "kind": kind, "detail": detail}
    tx.execute(incidents.insert().values(**row, at=at))


def rate(tx: sa.Connection, visit: str, terminal: str, stars: int, at: int) -> bool:
    """One rating a visit: the first stands, and only it answers True."""
    return insert_once(tx, ratings, {"visit": visit, "terminal": terminal, "stars": stars, "at": at})


def release(tx: sa.Connection, number: int, at: int) -> str | None:
    """A person has spoken with who called under this number: her visit; None when nobody waits there.

    `at` takes the place of when she called: what she was let do holds from now.
    """
    which = (help_calls.c.number == number, help_calls.c.state == "waiting")
    done = help_calls.update().where(*which).values(state="released", at=at).returning(help_calls.c.visit)
    return tx.execute(done).scalar()


def released(tx: sa.Connection, visit: str, since: int) -> bool:
    """Has a person spoken with her in this visit, since a moment?"""
    which = (help_calls.c.visit == visit, help_calls.c.state == "released", help_calls.c.at >= since)
    return tx.execute(sa.select(help_calls.c.number).where(*which)).first() is not None
