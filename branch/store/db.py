"""The database engine: SQLite for one process, PostgreSQL for a fleet, the same statements on both.

SQLite: WAL, synchronous=FULL, a busy timeout; a writing transaction takes the write lock at its first statement (BEGIN
IMMEDIATE), so that nothing read in it can be stale. PostgreSQL: READ COMMITTED, and a row is locked before it is read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.pool import StaticPool

from branch.store import books, clearings, remittances, schema
from branch.store.schema import METADATA, VERSION, version

TABLES = (books.accounts, clearings.orders, remittances.remittances)
"""Of modules of their own; they are made with the schema."""
Failed = DBAPIError
"""What any statement may raise: the database does not answer, or does not want to."""
Unkeepable = DataError
"""The kind of `Failed` that only a value is to blame for."""
Clock = Callable[[], int]
"""UTC, integer milliseconds since 1970."""
Tx = sa.Connection
"""A transaction that is open."""
BUSY_SECONDS = 10
"""How long a transaction waits for another one's lock before the call fails."""
POOL = 8
APPEND_ONLY = (schema.outbox, books.transfers, books.acts)
"""Rows of these are never changed and never removed: the database itself refuses it."""


def is_url(text: str) -> bool:
    """Is it the address of a database that `open_engine` can open?"""
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        return False
    file = url.drivername == "sqlite" and not url.host and bool(url.database)
    return file or (url.drivername == "postgresql+psycopg" and bool(url.database))


class SchemaMismatch(Exception):
    """The database was made by another release: this one must not touch it."""


@dataclass(frozen=True)
class Database:
    """An open database. Transactions are short, and never wait for anything but the database."""

    engine: sa.Engine
    clock: Clock

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction: committed at the end of the block, rolled back by any exception."""
        with self.engine.begin() as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that only reads, all of it as of one moment; on SQLite it does not wait for a writer."""
        with self.engine.connect().execution_options(**self._reading) as tx, tx.begin():
            yield tx

    @property
    def _reading(self) -> dict[str, Any]:
        """PostgreSQL: one snapshot for all that is read in one transaction, as SQLite gives it anyhow."""
        one_snapshot = {"isolation_level": "REPEATABLE READ"} if self.engine.dialect.name == "postgresql" else {}
        return {"reads_only": True, **one_snapshot}


def open_engine(url: str) -> sa.Engine:
    """An engine for `sqlite:///PATH`, `sqlite://` (memory, one thread at a time) or `postgresql+psycopg://…`.

    Its errors do not print the values of a statement: they may be a customer's.
    """
    sizes: dict[str, Any] = {"pool_size": POOL, "max_overflow": POOL, "hide_parameters": True}
    if url in {"sqlite://", "sqlite:///:memory:"}:
        memory: dict[str, Any] = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        engine = sa.create_engine("sqlite://", hide_parameters=True, **memory)
    elif url.startswith("sqlite:"):
        engine = sa.create_engine(url, **sizes, connect_args={"timeout": BUSY_SECONDS})
    else:
        options = f"-c lock_timeout={BUSY_SECONDS}s -c statement_timeout={2 * BUSY_SECONDS}s"
        patience = {"options": options, "connect_timeout": BUSY_SECONDS}
        engine = sa.create_engine(url, **sizes, pool_pre_ping=True, connect_args=patience)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on"):
        connection.execute(f"pragma {pragma}")


def _begin_sqlite(tx: sa.Connection) -> None:
    reads_only = tx.get_execution_options().get("reads_only", False)
    tx.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def create_schema(engine: sa.Engine) -> None:
    """Make all tables where there are none; harmless when they stand already, refused for another version's."""
    with engine.begin() as tx:
        if tx.dialect.name == "postgresql":
            tx.execute(sa.text("select pg_advisory_xact_lock(7741)"))  # two processes may start at once
        if sa.inspect(tx).has_table(version.name):
            _check(tx)
            return
        METADATA.create_all(tx)
        for table in APPEND_ONLY:
            _only_added_to(tx, table.name)
        tx.execute(version.insert().values(version=VERSION))


def _only_added_to(tx: sa.Connection, table: str) -> None:
    if tx.dialect.name == "sqlite":
        for act in ("update", "delete"):
            body = f"begin select raise(abort, '{table} is append only'); end"
            tx.exec_driver_sql(f"create trigger {table}_no_{act} before {act} on {table} {body}")
        return
    body = f"begin raise exception '{table} is append only'; end"
    tx.exec_driver_sql(f"create function {table}_stands() returns trigger language plpgsql as $$ {body} $$")
    for act in ("update or delete", "truncate"):
        level = "statement" if act == "truncate" else "row"
        name = f"{table}_no_{act.split()[0]}"
        tx.exec_driver_sql(
            f"create trigger {name} before {act} on {table} for each {level} execute function {table}_stands()"
        )


def check_schema(engine: sa.Engine) -> None:
    """Raise SchemaMismatch unless the database is of exactly this release's shape."""
    with engine.connect() as tx:
        if not sa.inspect(tx).has_table(version.name):
            raise SchemaMismatch("the database is empty: run `branch init` first")
        _check(tx)


def _check(tx: sa.Connection) -> None:
    found = tx.execute(sa.select(version.c.version)).scalar()
    if found == VERSION:
        return
    newer = found is not None and found > VERSION
    remedy = "install the newer release" if newer else "restore a back-up or migrate it with the older release's guide"
    raise SchemaMismatch(f"the database has schema version {found}, this release needs {VERSION}: {remedy}")


def insert_once(tx: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert unless a row with one of its unique keys stands: True when it was inserted.

    On PostgreSQL it waits for a transaction that is inserting the same key, so that the caller then sees its row.
    """
    return inserted(tx, table, row) is not None


def inserted(tx: sa.Connection, table: sa.Table, row: dict[str, Any]) -> sa.Row[Any] | None:
    """The row that `insert_once` has made, as the table keeps it; None when one stands."""
    return tx.execute(_once(tx.dialect.name, table), row).first()


@cache
def _once(dialect: str, table: sa.Table) -> Any:
    # built once a table; that a row was made shows by its coming back: the count of rows is not kept for it
    return insert_on(dialect, table).on_conflict_do_nothing().returning(*table.c)


def insert_on(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that can say what is to be done when the row stands; every dialect has its own."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def locked(query: sa.Select[Any]) -> sa.Select[Any]:
    """The same rows, locked until the transaction ends (SQLite: the whole database is, already)."""
    return query.with_for_update()


def in_a_line(why: DBAPIError) -> str:
    """The database's own words, the first line of them."""
    return next(iter(str(why.orig).splitlines()), type(why.orig).__name__)
