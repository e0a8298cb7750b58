"""Set-up and composition: secrets on disk, and a Branch made of database, core, security module and issuer."""

import importlib
import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from branch import plugins
from branch.bank.billers import Billers, NoBillers
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


def open_billers(settings: Settings, db: Database) -> Billers:
    """The reference billers, none, or what the bank's own `module:function` answers, given the settings."""
    if settings.billers == "reference":
        return ReferenceBillers(db, settings.billers_region)
    if settings.billers == "none":
        return NoBillers()
    module, _, function = settings.billers.partition(":")
    remedy = "install the bank's own package where this server runs, or write reference or none"
    try:
        made: Billers = vars(importlib.import_module(module))[function](settings)
    except (ImportError, KeyError) as why:
        words = f"[billers] use names {settings.billers}, which is not there"
        raise BadConfig(settings.file or settings.state, 1, words, remedy) from why
    return made


def open_clearing(settings: Settings, db: Database) -> Clearing:
    """The reference clearing, or a bank's adapter: `MODULE:FACTORY`, called with these settings; raises BadConfig."""
    if settings.clearing == "reference":
        return ReferenceClearing(db)
    module, _, factory = settings.clearing.partition(":")
    try:
        made: Clearing = vars(importlib.import_module(module))[factory](settings)
    except (ImportError, KeyError) as why:
        remedy = "install the adapter into this server's environment, and name MODULE:FACTORY"
        raise BadConfig(settings.file or settings.state, 1, f"no clearing {settings.clearing}: {why}", remedy) from why
    return made


def open_branch(settings: Settings, *, clock: Clock = utc_ms, held: Secrets | None = None) -> Branch:
    """The branch of these settings, ready to serve."""
    check_production(settings)
    db, held = open_database(settings, clock), held or load_secrets(settings.state)
    core = open_core(settings, db)
    given = Given(settings.bank, settings.name, settings.state, settings.scheme, StoredKeys(db), db.clock)
    said = Information(settings.telephone, settings.opening, settings.offered)
    return Branch(
        settings.bank,
        settings.name,
        db,
        core,
        open_clearing(settings, db),
        plugins.hsm(settings, given, lambda: test_hsm(settings, db, held)),
        plugins.issuer(settings, given, lambda: issuer(held)),
        held.mark,
        secrets.token_bytes,
        information=said,
        switched_off=Switches(settings),
        service=ServiceHours(db.clock, RULES, settings.service_hours, settings.terminal_hours, settings.cut_over),
        papers=settings.customers.rstrip("/"),
        sender=plugins.sender(settings, given, lambda: FileSender(settings.state / CODES, db.clock)),
        billers=open_billers(settings, db),
    )
