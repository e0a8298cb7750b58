"""A real PostgreSQL for tests: its own cluster in a temporary folder, on 127.0.0.1 and a free port, gone at the end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

PATIENCE = 30.0


@sa.event.listens_for(sa.pool.Pool, "connect")
def _closes_with_its_pool(connection: Any, record: Any) -> None:
    """A test's branch may be collected with a connection still in its pool: it is hung up, not dropped."""
    if isinstance(connection, psycopg.Connection):
        weakref.finalize(record, connection.close)


_numbers = count(1)


@dataclass(frozen=True)
class Postgres:
    """A running cluster."""

    port: int

    def new_database(self) -> str:
        """A fresh, empty database; answers its SQLAlchemy URL."""
        name = f"test_{next(_numbers)}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name}".encode())
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"

    def _dsn(self, name: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={name} connect_timeout=5"

    def answers(self) -> bool:
        """Does it take connections?"""
        try:
            psycopg.connect(self._dsn("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if found:
        return found[-1]
    initdb = shutil.which("initdb")
    assert initdb, "PostgreSQL is not installed: the Debian package is named postgresql"
    return Path(initdb).parent


def _as_postgres() -> list[str]:
    """Initdb refuses root."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _start(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    bin_, data = _binaries(), folder / "data"
    init = [str(bin_ / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]
    subprocess.run([*_as_postgres(), *init], check=True, stdout=subprocess.DEVNULL, timeout=60, cwd=folder)
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "32MB",
        "max_connections": "60",
    }
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    command = [*_as_postgres(), str(bin_ / "postgres"), "-D", str(data), *flags]
    log = (folder / "log").open("wb")
    with log:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)


def _stop(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    """Fast shutdown by the pid that the server itself has written down."""
    pid_file = folder / "data" / "postmaster.pid"
    if pid_file.exists():
        os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGINT)
    else:
        process.terminate()
    process.wait(PATIENCE)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One cluster for the whole run."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    server = Postgres(_free_port())
    process = _start(folder, server.port)
    try:
        deadline = time.monotonic() + PATIENCE
        while not server.answers():
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL did not come up"
            time.sleep(0.1)
        yield server
    finally:
        _stop(folder, process)
        shutil.rmtree(folder, ignore_errors=True)
