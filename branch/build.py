"""Set-up and composition: secrets on disk, and a Branch made of database, core, security module and issuer."""

import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from branch import plugins
from branch.bank.clearing import Clearing
from branch.bank.clearinghouse import ReferenceClearing
from branch.bank.codes import FileSender
from branch.bank.core import Core
from branch.bank.hsm import TestHsm
from branch.bank.issuer import TestIssuer, objects
from branch.bank.ledger import ReferenceLedger
from branch.bank.refbillers import ReferenceBillers
from branch.bank.remote import RemoteCore
from branch.plugins import Given, check_production
from branch.rules import RULES
from branch.service import ServiceHours
from branch.settings import BadConfig, Settings
from branch.store.db import Clock, Database, check_schema, open_engine
from branch.store.terminals import StoredKeys
from branch.switches import Switches
from branch.terminal.context import Branch, Information
from branch.tls import write_private


def utc_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


class DemoIssuer(TestIssuer):
    """The test issuer, which also names transactions."""

    def transaction_of(self, field55: str) -> str:
        """ATC and unpredictable number, hex."""
        found = objects(field55)
        return (found.get("9F36", b"") + found.get("9F37", b"")).hex()


@dataclass(frozen=True)
class Secrets:
    """What must never leave the branch; it prints nothing."""

    hsm: bytes = field(repr=False)
    """The test security module's own master key, 32 bytes."""
    mark: bytes = field(repr=False)
    """Turns card numbers into marks, 32 bytes."""
    imk_ac: bytes = field(repr=False)
    imk_mac: bytes = field(repr=False)
    """The test issuer's master keys, 16 bytes each."""


CODES = "codes.jsonl"
"""In the state folder: one-time codes as the development sender sends them."""
SIZES = {"hsm": 32, "mark": 32, "imk_ac": 16, "imk_mac": 16}


def create_secrets(state: Path) -> Secrets:
    """Make `state`/secrets.json (0600) and core.token, or take those that are there."""
    if not (state / "secrets.json").exists():
        made = {name: secrets.token_hex(size) for name, size in SIZES.items()}
        write_private(state / "secrets.json", json.dumps(made).encode())
    if not (state / "core.token").exists():
        write_private(state / "core.token", secrets.token_urlsafe(32).encode())
    return load_secrets(state)


def load_secrets(state: Path) -> Secrets:
    """The secrets in `state`; OSError when `branch init` has not run, BadConfig when they are damaged."""
    path = state / "secrets.json"
    try:
        found = json.loads(path.read_text())
        held = {name: bytes.fromhex(found[name]) for name in SIZES}
    except (ValueError, KeyError, TypeError) as why:
        raise BadConfig(path, 1, "is damaged", "restore it from a back-up: without it no card or pad is known") from why
    if any(len(held[name]) != size for name, size in SIZES.items()):
        raise BadConfig(path, 1, "is damaged", "restore it from a back-up: without it no card or pad is known")
    return Secrets(**held)


def test_hsm(settings: Settings, db: Database, held: Secrets) -> TestHsm:
    """The security module for tests, keyed as `[pads]` says."""
    return TestHsm(StoredKeys(db), held.hsm, scheme=settings.scheme)


def issuer(held: Secrets) -> DemoIssuer:
    """The test issuer of this branch's demo cards."""
    return DemoIssuer(held.imk_ac, held.imk_mac)


def open_database(settings: Settings, clock: Clock = utc_ms) -> Database:
    """The database, whose schema must be this release's; raises SchemaMismatch."""
    engine = open_engine(settings.database_url)
    check_schema(engine)
    return Database(engine, clock)


def open_core(settings: Settings, db: Database) -> Core:
    """The reference ledger, or a bank's adapter."""
    if settings.core == "reference":
        return ReferenceLedger(db.engine, db.clock)
    token = settings.core_token_file.read_text().strip() if settings.core_token_file else ""
    return RemoteCore(httpx.Client(base_url=settings.core, timeout=10), token)


def given(settings: Settings, db: Database) -> Given:
    """What a bank's own parts are made with."""
    return Given(settings.bank, settings.name, settings.state, settings.scheme, StoredKeys(db), db.clock)


def open_clearing(settings: Settings, db: Database) -> Clearing:
    """The way to other banks that these settings name; raises BadConfig."""
    return plugins.clearing(settings, given(settings, db), lambda: ReferenceClearing(db))


def open_branch(settings: Settings, *, clock: Clock = utc_ms, held: Secrets | None = None) -> Branch:
    """The branch of these settings, ready to serve."""
    check_production(settings)
    db, held = open_database(settings, clock), held or load_secrets(settings.state)
    core = open_core(settings, db)
    parts = given(settings, db)
    said = Information(settings.telephone, settings.opening, settings.offered)
    return Branch(
        settings.bank,
        settings.name,
        db,
        core,
        open_clearing(settings, db),
        plugins.hsm(settings, parts, lambda: test_hsm(settings, db, held)),
        plugins.issuer(settings, parts, lambda: issuer(held)),
        held.mark,
        secrets.token_bytes,
        information=said,
        switched_off=Switches(settings),
        service=ServiceHours(db.clock, RULES, settings.service_hours, settings.terminal_hours, settings.cut_over),
        papers=settings.customers.rstrip("/"),
        sender=plugins.sender(settings, parts, lambda: FileSender(settings.state / CODES, db.clock)),
        billers=plugins.billers(settings, parts, lambda: ReferenceBillers(db, settings.billers_region)),
    )
