"""The event log: what happened, written in the transaction in which it happened. No names, no numbers in clear."""

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from branch.store.schema import outbox

PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z._-]|[0-9](?![0-9]{3})){0,63}")
"""How screens, transaction codes and kinds of incident are named: no spaces, no long numbers."""


def plain(name: str) -> str:
    """A name for the event log; "?" for anything that could be a person's words or number."""
    return name if PLAIN.fullmatch(name) else "?"


def event(
    tx: sa.Connection, at: int, kind: str, visit: str, body: Mapping[str, str | int | None] | None = None
) -> None:
    """Add one event. `kind` reads `thing.what-happened`; the terminal is the front of the visit's id."""
    terminal = visit.partition("-")[0]
    tx.execute(outbox.insert().values(at=at, kind=kind, terminal=terminal, visit=visit, body=dict(body or {})))


def events_after(tx: sa.Connection, seq: int, at_most: int = 500) -> list[sa.Row[Any]]:
    """The events that follow `seq`, oldest first."""
    query = sa.select(outbox).where(outbox.c.seq > seq).order_by(outbox.c.seq).limit(at_most)
    return list(tx.execute(query))
