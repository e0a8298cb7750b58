"""A branch and two terminals as processes that can be killed at any moment, and started again on the same disk."""

import asyncio
import json
import multiprocessing
import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from branch import demo
from branch.bank.hsm import TestHsm
from branch.bank.ledger import ReferenceLedger
from branch.build import Secrets, load_secrets, open_branch, utc_ms
from branch.settings import load
from branch.store import pins, terminals
from branch.store.schema import untold
from branch.store.terminals import StoredKeys
from branch.terminal.context import Branch, mark_of
from branch.tls import write_private
from kiosk.config import load as load_terminal
from kiosk.demo.parts import free_port, toml
from kiosk.enrol import enrol
from tests.kill import seat
from tests.kill.pilot import PIN

NAMES = ("VTM001", "VTM002")
PATIENCE = 40.0
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.kill.seat", "branch.server", "psycopg"])


def until(what: Callable[[], object], words: str, patience: float = PATIENCE, step: float = 0.01) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + patience
    while not what():
        assert time.monotonic() < deadline, words
        time.sleep(step)


class Rig:
    """Everything in one folder; `url` names a database other than SQLite."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.folder, self._port = folder, free_port()
        self._config = folder / "branch/branch.toml"
        self._make(url)
        settings = load(self._config)
        self.held: Secrets = load_secrets(settings.state)
        self.branch: Branch = open_branch(settings)
        """Our own eyes in the branch's database; the branch that serves is another process."""
        self._give_pins()
        self.before = self.balances()
        self._running: dict[str, BaseProcess] = {}
        self.kills: dict[str, int] = dict.fromkeys(("branch", *NAMES), 0)

    def _make(self, url: str) -> None:
        state = self._config.parent
        self._command("init", "--state", str(state))
        text = self._config.read_text().replace("port = 8443", f"port = {self._port}")
        self._config.write_text(text.replace('[database]\nurl = ""', f'[database]\nurl = "{url}"'))
        if url:
            self._command("init", "--state", str(state))
        cards = str(self.folder / "cards.json")
        self._command("seed", "--cards-out", cards, "--config", str(self._config))

    def _command(self, *words: str) -> None:
        process = _processes.Process(target=seat.branch, args=(words, str(self.folder / "branch.log")))
        process.start()
        process.join(PATIENCE)
        assert process.exitcode == 0, self._last_words("branch")
        process.close()

    def _give_pins(self) -> None:
        """Every card gets the long PIN."""
        hsm = TestHsm(StoredKeys(self.branch.db), self.held.hsm)
        verifiers = {card.pan: hsm.make_pin_verifier(PIN) for card in demo.CARDS}
        with self.branch.db.write() as tx:
            for pan, verifier in verifiers.items():
                pins.keep(tx, mark_of(self.held.mark, pan), verifier)

    @property
    def ledger(self) -> ReferenceLedger:
        """The books."""
        assert isinstance(self.branch.core, ReferenceLedger)
        return self.branch.core

    def balances(self) -> dict[str, int]:
        """Posted money of every demo account."""
        every = [one for person in demo.PEOPLE for one in self.branch.core.accounts(person.id)]
        return {one.number: one.balance for one in every}

    # --- programs

    def start(self, name: str, seed: int, *, calm: bool = False) -> None:
        """Start the branch, or a terminal whose customers the seed brings."""
        if name == "branch":
            words = ("serve", "--config", str(self._config))
            process = _processes.Process(target=seat.branch, args=(words, str(self.folder / "branch.log")))
        else:
            process = _processes.Process(target=seat.terminal, args=(str(self.folder / name), seed, calm))
        process.start()
        self._running[name] = process

    def kill(self, name: str) -> None:
        """SIGKILL, and it is gone."""
        process = self._running.pop(name)
        assert process.is_alive(), f"{name} ended by itself: {self._last_words(name)}"
        process.kill()
        process.join(PATIENCE)
        process.close()
        self.kills[name] += 1

    def _last_words(self, name: str) -> str:
        log = self.folder / ("branch.log" if name == "branch" else f"{name}/terminal.log")
        return log.read_text()[-2000:] if log.exists() else ""

    def answers(self) -> bool:
        """Does the branch serve?"""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
            return True
        return False

    def enrol(self) -> None:
        """Both terminals get their certificates from the running branch, and their pads their master keys."""
        hsm = TestHsm(StoredKeys(self.branch.db), self.held.hsm)
        for name in NAMES:
            home = self.folder / name
            home.mkdir()
            (home / "cards.json").symlink_to(self.folder / "cards.json")
            keys = hsm.master_keys(name)
            pair = {"tmk": keys.tdes.hex(), "tmk_aes": keys.aes.hex()}
            write_private(home / "pad-keys.json", json.dumps(pair).encode())
            where: Any = {"terminal": {"id": name, "state": str(home)}}
            text = toml(home, f"https://127.0.0.1:{self._port}", **where)
            (home / "terminal.toml").write_text(text)
            with self.branch.db.write() as tx:
                terminals.invite(tx, name, "one time", utc_ms() + 600_000, utc_ms())
            config = load_terminal(home / "terminal.toml")
            asyncio.run(enrol(config, "one time", self._config.parent / "authority.pem"))

    def close(self) -> None:
        """End what still runs."""
        for name in list(self._running):
            process = self._running.pop(name)
            process.kill()
            process.join(PATIENCE)
            process.close()
        self.branch.db.engine.dispose()

    # --- looking in from outside

    def journal(self, name: str) -> Path:
        """A terminal's journal."""
        return self.folder / name / "journal.db"

    def count(self, name: str, state: str) -> int:
        """Rows of a state in a terminal's journal."""
        return self._asks(name, "select count(*) from entry where state = ?", state)

    def open(self, name: str) -> int:
        """Intents of a terminal that have not ended, or of whose ending nobody knows."""
        question = """select count(*) from entry i where state = ? and not exists (
            select 1 from entry t where t.key = i.key and t.state in ('told', 'handed'))"""
        return self._asks(name, question, "intent")

    def _asks(self, name: str, question: str, value: str) -> int:
        path = self.journal(name)
        if not path.exists():
            return 0
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return int(db.execute(question, (value,)).fetchone()[0])
        return 0

    def untold(self) -> int:
        """Endings that the branch has still to tell."""
        with self.branch.db.read() as tx:
            found = tx.execute(sa.select(sa.func.count()).select_from(untold).where(untold.c.told.is_(None)))
            return int(found.scalar_one())
