"""A branch for tests: real database, ledger, HSM and issuer; a terminal's pad and chip as their far ends hold them."""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import psec
import sqlalchemy as sa
from fastapi import FastAPI
from pyemv import ac

from branch import demo, tls
from branch.api import create_app
from branch.bank.billers import Billers
from branch.bank.ciphers import retail_mac, tdes
from branch.bank.codes import sent
from branch.bank.hsm import TestHsm
from branch.bank.issuer import CNY, SIGNED, cryptogram, derive_card_key, session_key
from branch.bank.ledger import ReferenceLedger
from branch.build import CODES, Secrets, create_secrets, open_branch
from branch.serving import inline
from branch.settings import Settings
from branch.store import terminals
from branch.store.db import Database, create_schema, open_engine
from branch.store.terminals import StoredKeys
from branch.terminal.context import Branch
from protocol import care, messages as m, remit
from protocol.calls import PATHS

DAY = date(2031, 3, 14)
START = 1_931_000_000_000
"""The clock's first reading, UTC milliseconds: a day in March 2031."""


@dataclass
class Clock:
    """A clock that stands until it is told to move."""

    now: int = START

    def __call__(self) -> int:
        return self.now

    def minutes(self, minutes: float) -> None:
        """Let time pass."""
        self.now += int(minutes * 60_000)


@dataclass
class World:
    """A seeded branch and its application; requests carry a terminal's fingerprint in a header."""

    settings: Settings
    secrets: Secrets
    branch: Branch
    app: FastAPI
    clock: Clock

    @property
    def db(self) -> Database:
        return self.branch.db

    @property
    def ledger(self) -> ReferenceLedger:
        assert isinstance(self.branch.core, ReferenceLedger)
        return self.branch.core

    def terminal(self, name: str = "VTM001") -> "Terminal":
        """A terminal that is enrolled, with keys in its pad."""
        print_ = f"{name:0>64}"
        with self.db.write() as tx:
            terminals.invite(tx, name, "code", self.clock() + 1, self.clock())
            terminals.enrolled(tx, name, print_)
        return Terminal(self, name, print_)

    def balances(self) -> dict[str, int]:
        """Posted money of every demo account."""
        found = {}
        for person in demo.PEOPLE:
            for one in self.branch.core.accounts(person.id):
                found[one.number] = one.balance
        return found


def world(
    folder: Path,
    url: str = "",
    *,
    expose: bool = False,
    start: int = START,
    billers: Callable[[Database], Billers] | None = None,
) -> World:
    """Make and seed a branch in `folder` (SQLite there, unless `url` names another database).

    `billers`: others than the reference ones.
    """
    clock = Clock(start)
    held = create_secrets(folder)
    tls.create_authority(folder, tls_now(clock))
    settings = Settings(state=folder, database=url, core_expose=expose)
    engine = hasty(open_engine(settings.database_url))
    create_schema(engine)
    demo.seed(Database(engine, clock), held, DAY)
    engine.dispose()
    branch = open_branch(settings, clock=clock)
    hasty(branch.db.engine)
    if billers:
        branch = replace(branch, billers=billers(branch.db))
    app = create_app(settings, branch=branch, run=inline, identify_peer=from_header, specimen=demo.SPECIMEN)
    return World(settings, held, branch, app, clock)


def hasty(engine: sa.Engine) -> sa.Engine:
    """SQLite that does not wait for the disk: no test here cuts the power of a branch."""
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute("pragma synchronous = off"))
        engine.dispose()
    return engine


def tls_now(clock: Clock) -> datetime:
    """The clock as certificates want it."""
    return datetime.fromtimestamp(clock() / 1000, UTC)


def from_header(scope: Mapping[str, Any]) -> str:
    """In tests without TLS the fingerprint comes in a header."""
    return next((value.decode() for name, value in scope["headers"] if name == b"x-fingerprint"), "")


class Said(Exception):
    """The branch answered with a Problem."""

    def __init__(self, status: int, problem: m.Problem) -> None:
        super().__init__(f"{status} {problem}")
        self.status, self.problem = status, problem


@dataclass
class Terminal:
    """What a terminal does, without its screens."""

    world: World
    name: str
    fingerprint: str
    trace: int = 0
    keys: TestHsm = field(init=False)

    def __post_init__(self) -> None:
        self.keys = TestHsm(StoredKeys(self.world.db), self.world.secrets.hsm)
        self.ask("pad_keys", {})

    def ask(self, call: str, body: Mapping[str, Any] | m.Message) -> Any:
        """One call; raises Said for anything but 200. An act without a MAC gets its pad's own."""
        if isinstance(body, care.Act) and not body.mac:
            body = self.sealed(body)
        data = body.model_dump(mode="json") if isinstance(body, m.Message) else dict(body)
        status, content = self.raw(PATHS[call].path, json.dumps(data).encode())
        if status != 200:
            raise Said(status, m.Problem.model_validate_json(content))
        return PATHS[call].reply.model_validate_json(content)

    def raw(self, path: str, content: bytes) -> tuple[int, bytes]:
        """Bytes to a path."""
        return asyncio.run(self._send(path, content))

    async def _send(self, path: str, content: bytes) -> tuple[int, bytes]:
        transport = httpx.ASGITransport(self.world.app, raise_app_exceptions=False)
        headers = {"x-fingerprint": self.fingerprint, "content-type": "application/json"}
        async with httpx.AsyncClient(transport=transport, base_url="http://branch", headers=headers) as client:
            answer = await client.post(path, content=content)
            return answer.status_code, answer.content

    # --- the pad

    def pin_check(self, pin: str, number: str) -> dict[str, str]:
        """A format 0 block as the pad makes it."""
        tpk = self.keys._in_force("TPK", self.name)[0]
        block = tdes(tpk).encryptor().update(psec.pinblock.encode_pinblock_iso_0(pin, number))
        return {"block": block.hex(), "format": "iso0"}

    def mac(self, key: str, trace: int, code: str, order: m.Order) -> str:
        """The pad's MAC over an order."""
        return retail_mac(self.keys._in_force("TAK", self.name)[0], m.authenticated(key, trace, code, order)).hex()

    def sealed(self, act: care.Act) -> care.Act:
        """The act with its pad's MAC."""
        assert isinstance(act, care.LossReport | care.LimitChange | care.PinChange | care.PhoneChange | remit.Cancel)
        return act.model_copy(update={"mac": self.mac(act.key, act.trace, act.code, act.order)})

    # --- a visit

    def last_code(self) -> str:
        """The newest one-time code on its way to anybody's phone."""
        lines = [json.loads(line) for line in sent(self.world.settings.state / CODES)]
        return str(next((line["code"] for line in reversed(lines) if "code" in line), ""))

    def steps_up(self, customer: str, why: str = "new-payee") -> None:
        """Have a code sent, and type it."""
        self.ask("send_code", {"customer": customer, "why": why, "language": "zh"})
        self.ask("check_code", {"customer": customer, "code": self.last_code()})

    def visit(self) -> str:
        """A fresh visit id."""
        return f"{self.name}-{secrets.token_hex(16)}"

    def claim(self, visit: str, person: demo.Person = demo.LI_NA, **changes: Any) -> m.Claimed:
        """Lay her document on the reader."""
        document = {"kind": "resident", "id_number": person.id_number, "name": person.name, **changes}
        claimed: m.Claimed = self.ask("claim", {"visit": visit, "document": document})
        return claimed

    def by_document(self, visit: str, person: demo.Person = demo.LI_NA, pin: str = "147258") -> m.Authorised:
        """Document and PIN."""
        claimed = self.claim(visit, person)
        known: m.Authorised = self.ask("authorise_document", self.document_proof(visit, claimed, pin))
        return known

    def document_proof(self, visit: str, claimed: m.Claimed, pin: str) -> dict[str, Any]:
        """The proof for the first card on file."""
        card = claimed.cards[0]
        check = self.pin_check(pin, card.pin_number)
        return {"visit": visit, "claim": claimed.claim, "card": card.handle, "pin": check}

    def by_card(self, visit: str, chip: "Chip", pin: str = "147258") -> m.Authorised:
        """Chip and PIN, with the chip's last word."""
        first = chip.says("ARQC", 0)
        known: m.Authorised = self.ask("authorise_card", self.card_proof(visit, chip, first, pin))
        verdict = {"approved": True, "field55": chip.says("TC", 0, again=True)}
        self.ask("confirm_customer", {"customer": known.customer, "verdict": verdict})
        return known

    def shows_document(self, customer: str, person: demo.Person = demo.LI_NA) -> None:
        """Lay her identity card on the reader, in a visit that began with her card."""
        document = {"kind": "resident", "id_number": person.id_number, "name": person.name}
        self.ask("show_document", {"customer": customer, "document": document})

    def card_proof(self, visit: str, chip: "Chip", field55: str, pin: str) -> dict[str, Any]:
        """The proof for a card in the reader."""
        proof = {"visit": visit, "pan": chip.card.pan, "sequence": "00", "field55": field55}
        return {**proof, "pin": self.pin_check(pin, chip.card.pan)}

    def order(self, customer: str, to: str, amount: int, fee: int | None = None) -> m.TransferOrder:
        """An order from her first account, priced by the branch."""
        source = self.ask("accounts", {"customer": customer}).accounts[0]
        payee = self.ask("payee", {"customer": customer, "number": to})
        order = m.TransferOrder(
            source=source.handle,
            source_masked=source.masked,
            target=payee.handle,
            target_masked=payee.masked_number,
            target_name=payee.masked_name,
            amount=amount,
            fee=0,
        )
        quote = self.ask("quote", {"customer": customer, "order": order.model_dump(mode="json")})
        return order.model_copy(update={"fee": quote.fee if fee is None else fee})

    def post(self, visit: str, customer: str, order: m.TransferOrder, field55: str = "", **changes: Any) -> m.Post:
        """A post under a fresh key, MACed."""
        self.trace += 1
        key, code = f"{visit}/{self.trace:03d}-transfer", "TRF-OWN-BANK"
        facts = {"key": key, "trace": self.trace, "code": code, "operator": "VTM", "customer": customer}
        mac = self.mac(key, self.trace, code, order)
        return m.Post.model_validate({**facts, "order": order, "field55": field55, "mac": mac, **changes})


KINDS = {"ARQC": 0x80, "TC": 0x40, "AAC": 0x00}


@dataclass
class Chip:
    """A card's cryptograms, by the issuer's own derivation."""

    card: demo.Plastic
    secrets: Secrets
    counter: int = 0
    number: bytes = b""

    def says(self, kind: str, amount: int, *, again: bool = False) -> str:
        """A field 55; `again`: the second cryptogram of the same transaction."""
        if not again:
            self.counter, self.number = self.counter + 1, secrets.token_bytes(4)
        data = dict.fromkeys(SIGNED, b"\x00") | {
            "9F02": bytes.fromhex(f"{amount:012d}"),
            "5F2A": CNY,
            "9F37": self.number,
            "9F36": self.counter.to_bytes(2, "big"),
            "9F27": bytes([KINDS[kind]]),
        }
        key = session_key(derive_card_key(self.secrets.imk_ac, self.card.pan, "00"), data["9F36"])
        data["9F26"] = cryptogram(key, data)
        return b"".join(bytes.fromhex(tag) + bytes([len(value)]) + value for tag, value in data.items()).hex()

    def knows(self, field55_arqc: str, tag91: str) -> bool:
        """Is it the issuer's answer to this cryptogram?"""
        at = field55_arqc.index("9f2608") + 6
        key = session_key(derive_card_key(self.secrets.imk_ac, self.card.pan, "00"), self.counter.to_bytes(2, "big"))
        answer = bytes.fromhex(tag91)
        good: bool = ac.generate_arpc_1(key, bytes.fromhex(field55_arqc[at : at + 16]), answer[8:]) == answer[:8]
        return good
