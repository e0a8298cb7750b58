"""Papers that wait for a customer's phone: sealed under a word that only she has, for minutes, and once."""

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from branch.store.schema import downloads

NONCE = 12


@dataclass(frozen=True)
class Ticket:
    """What a link's word opens: the row's name, and the key of the paper. Neither tells the word."""

    name: str
    key: bytes

    @classmethod
    def of(cls, word: str) -> "Ticket":
        """From the 256 random bits that stand in the link."""
        return cls(hashlib.sha256(f"name {word}".encode()).hexdigest(), hashlib.sha256(f"key {word}".encode()).digest())


def put(tx: sa.Connection, word: str, paper: bytes, expires: int, nonce: bytes) -> None:
    """Keep a paper, sealed: the database alone cannot read it."""
    ticket = Ticket.of(word)
    sealed = nonce + AESGCM(ticket.key).encrypt(nonce, paper, ticket.name.encode())
    tx.execute(downloads.insert(), {"name": ticket.name, "sealed": sealed, "expires": expires})


def take(tx: sa.Connection, word: str, now: int) -> bytes | None:
    """The paper, once and in time: it is gone from here with that."""
    ticket = Ticket.of(word)
    which = (downloads.c.name == ticket.name, downloads.c.expires > now)
    sealed = tx.execute(downloads.delete().where(*which).returning(downloads.c.sealed)).scalar()
    if sealed is None:
        return None
    try:
        return AESGCM(ticket.key).decrypt(sealed[:NONCE], sealed[NONCE:], ticket.name.encode())
    except InvalidTag:
        return None


def forget(tx: sa.Connection, now: int) -> int:
    """Delete what nobody fetched in time."""
    return tx.execute(downloads.delete().where(downloads.c.expires <= now)).rowcount
