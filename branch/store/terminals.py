"""The terminals this branch knows, and the certificate that each is known by."""

import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from branch.store.db import Database, insert_once, locked
from branch.store.schema import keys, sessions, terminals


def code_hash(code: str) -> str:
    """A one-time code is kept only as its hash; it is long and random, so that no salt is needed."""
    return hashlib.sha256(code.encode()).hexdigest()


def invite(tx: sa.Connection, terminal: str, code: str, expires: int, now: int) -> None:
    """Let a terminal enrol with this code until `expires`; one that has a certificate keeps it until then."""
    insert_once(tx, terminals, {"id": terminal, "state": "new", "created": now})
    row = tx.execute(locked(sa.select(terminals).where(terminals.c.id == terminal))).one()
    state = "new" if row.state == "revoked" else row.state
    _set(tx, terminal, code_hash=code_hash(code), code_expires=expires, state=state)


def redeem(tx: sa.Connection, terminal: str, code: str, now: int) -> bool:
    """Use the code up: True once, for the right terminal, in time. The row stays locked for `enrolled`."""
    row = tx.execute(locked(sa.select(terminals).where(terminals.c.id == terminal))).one_or_none()
    if row is None or row.code_hash is None or row.code_expires < now:
        return False
    if not hmac.compare_digest(row.code_hash, code_hash(code)):
        return False
    _set(tx, terminal, code_hash=None, code_expires=None)
    return True


def enrolled(tx: sa.Connection, terminal: str, fingerprint: str) -> None:
    """From now on this certificate, and no other, is the terminal."""
    _set(tx, terminal, fingerprint=fingerprint, state="active")


def revoke(tx: sa.Connection, terminal: str) -> bool:
    """Know it no more, from its next request on; whoever is signed in there is out. False: no such terminal."""
    tx.execute(sessions.update().where(sessions.c.terminal == terminal).values(state="over"))
    return _set(tx, terminal, state="revoked", fingerprint=None, code_hash=None, code_expires=None)


def by_fingerprints(tx: sa.Connection, fingerprints: set[str]) -> dict[str, str]:
    """The active terminals behind these certificates, by fingerprint."""
    query = sa.select(terminals.c.fingerprint, terminals.c.id).where(
        terminals.c.fingerprint.in_(fingerprints), terminals.c.state == "active"
    )
    return {fingerprint: terminal for fingerprint, terminal in tx.execute(query).all() if fingerprint is not None}


def every(tx: sa.Connection) -> list[sa.Row[Any]]:
    """All terminals, by id."""
    return list(tx.execute(sa.select(terminals).order_by(terminals.c.id)))


def heard(
    tx: sa.Connection, terminal: str, said: str, now: int, parts: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Keep the last heartbeat."""
    tx.execute(terminals.update().where(terminals.c.id == terminal).values(seen=now, said=said, parts=dict(parts)))


def _set(tx: sa.Connection, terminal: str, **values: str | int | None) -> bool:
    return tx.execute(terminals.update().where(terminals.c.id == terminal).values(**values)).rowcount == 1


class StoredKeys:
    """The security module's key store in the branch's database (`branch.bank.hsm.KeyStore`)."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, name: str) -> bytes | None:
        with self._db.read() as tx:
            return tx.execute(sa.select(keys.c.value).where(keys.c.name == name)).scalar()

    def put(self, name: str, value: bytes) -> None:
        with self._db.write() as tx:
            if not insert_once(tx, keys, {"name": name, "value": value}):
                tx.execute(keys.update().where(keys.c.name == name).values(value=value))
