"""PINs, phones, limits and loss reports in bad weather: told truly, ended once, and no PIN digit left anywhere."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from branch import demo
from branch.bank.hsm import TestHsm
from branch.store import phones
from branch.store.books import customers
from branch.store.schema import pins
from branch.store.terminals import StoredKeys
from flows import screens as s
from flows.ports import Leave
from tests.storm.loop import StormLoop
from tests.storm.machine import Machine
from tests.storm.person import Person
from tests.storm.verdict import coverage, judge

OWN = ("pin", "phone", "limit", "loss")
PAN = {demo.LI_NA.id: demo.CARDS[0].pan, demo.WANG_WEI.id: demo.CARDS[1].pan}


class Owner(Person):
    """She looks after what is hers, in any way that there is; each new PIN and phone is one that nobody ever had."""

    tried: tuple[str, ...] = ()
    """New PINs of this visit."""
    called: tuple[str, ...] = ()
    """New phones of this visit."""
    ever: tuple[str, ...] = ()
    """Every new PIN that she ever typed."""

    async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
        free = [one.id for one in options if not one.disabled]
        if key == "identify.how":
            return self.chance.choice(("bank-card", "bank-card", "id-card", "card-lost"))
        if key == "menu":
            if not self.transfers:
                raise Leave
            return "menu.group.cards"
        if key == "menu.group.cards":
            mine = [one for one in free if one in OWN]
            if not mine:
                raise Leave
            self.transfers -= 1
            return self.chance.choice([*mine, *(one for one in mine if one == "phone")])
        if key == "pin.which":
            self.new_pin = f"{self.chance.randrange(10**11, 10**12)}"
            self.tried, self.ever = (*self.tried, self.new_pin), (*self.ever, self.new_pin)
        if key == "step-up.how" and self.chance.random() < 0.9:
            return free[0]
        if key == "phone.how":
            self.new_phone = f"137{self.chance.randrange(10**8):08d}"
            self.called = (*self.called, self.new_phone)
        return await super()._chooses(key, options)

    def _pin(self) -> str:
        slips = self.entry in {"pin.old", "pin.new", "pin.again"} and self.chance.random() < 0.08
        return "000001" if slips else super()._pin()


@dataclass
class Truth:
    """What is so at the bank, seen from outside."""

    machine: Machine

    def pin(self, who: demo.Person, guesses: set[str]) -> str:
        """Which of the guesses is the PIN of her card; "" for none of them."""
        mark = self.machine.world.branch.mark(PAN[who.id])
        hsm = TestHsm(StoredKeys(self.machine.world.db), self.machine.world.secrets.hsm)
        with self.machine.world.db.read() as tx:
            verifier = tx.execute(sa.select(pins.c.verifier).where(pins.c.card == mark)).scalar_one()
        salt, tag = (bytes.fromhex(part) for part in verifier.split(":"))
        return next((one for one in sorted(guesses) if hsm._tag(salt, one) == tag), "")

    def phone(self, who: demo.Person) -> str:
        with self.machine.world.db.read() as tx:
            return str(tx.execute(sa.select(customers.c.phone).where(customers.c.id == who.id)).scalar_one())

    def unblock(self) -> None:
        """A person at the counter gives her tries back."""
        with self.machine.world.db.write() as tx:
            tx.execute(pins.update().values(wrong=0))


def possible(before: str, wanted: tuple[str, ...], told: list[str], name: str) -> set[str]:
    """What may stand after a visit in which so much was wanted, by what she was told of it, in order."""
    may, said = {before}, [key for key in told if key in {f"{name}.done", f"{name}.refused", f"{name}.unsure"}]
    for one, key in zip(wanted[len(wanted) - len(said) :] if len(said) <= len(wanted) else wanted, said, strict=False):
        if key == f"{name}.done":
            may = {one}
        elif key == f"{name}.unsure":
            may |= {one}
    return may


async def _owner_visits(machine: Machine, owner: Owner, known: dict[str, str]) -> None:
    """One visit, and what she was told of her PIN and phone held against what is so."""
    truth = Truth(machine)
    phones_before = {who.id: truth.phone(who) for who in (demo.LI_NA, demo.WANG_WEI)}
    owner.tried, owner.called = (), ()
    for who in (demo.LI_NA, demo.WANG_WEI):  # what was still under way when the last visit ended may have arrived
        known[who.id] = truth.pin(who, {known[who.id], *owner.ever})
        owner.pins[PAN[who.id]] = known[who.id]
    await machine.visits(1)
    who, told = owner.who, [one.key for one in machine.told[-1][1]]
    likely, machine.power._likely = machine.power._likely, 0.0  # looking at the journal is no part of the storm
    records = [record for record, _ in await machine.journal.records()]
    machine.power._likely = likely
    mine = [one["key"] for one in records if one["state"] == "intent" and one["key"].startswith(machine.told[-1][0])]
    for name, step, wanted, before, now in (
        ("pin", "pin-change", owner.tried, known[who.id], truth.pin(who, {known[who.id], *owner.ever})),
        ("phone", "phone-change", owner.called, phones_before[who.id], truth.phone(who)),
    ):
        acts = sum(key.endswith(step) for key in mine)
        said = sum(key in {f"{name}.done", f"{name}.refused", f"{name}.unsure"} for key in told)
        if acts == said == len(wanted):  # nothing came between what was done and its screen
            assert now in possible(before, wanted, told, name), (name, told)
            machine.met[f"judged {name}"] += acts
        assert now in {before, *wanted}, name
        if not acts:
            assert now == before, (name, "changed without an intent")


def storm(folder: Path, seed: int, *, faults: float, cuts: float, visits: int) -> tuple[Machine, Owner]:
    machine = Machine(folder, seed, faults, cuts)

    async def story() -> Owner:
        await machine.power_up()
        owner = machine.person
        owner.__class__ = Owner
        assert isinstance(owner, Owner)
        owner.staff = lambda reference: comes(machine, reference)
        known = {who.id: card.pin for who, card in ((demo.LI_NA, demo.CARDS[0]), (demo.WANG_WEI, demo.CARDS[1]))}
        for _ in range(visits):
            await _owner_visits(machine, owner, known)
            Truth(machine).unblock()
            if machine.chance.random() < 0.6:
                machine.free_cards()
        judged = Counter(machine.met)
        await machine.still()
        Truth(machine).unblock()
        for who in (demo.LI_NA, demo.WANG_WEI):
            owner.pins[PAN[who.id]] = Truth(machine).pin(who, {known[who.id], *owner.ever})
        await machine.calm()
        await judge(machine)
        machine.met = await coverage(machine) + judged
        for record, _ in await machine.journal.records():
            step = record["key"].rpartition("/")[2].partition("-")[2]
            machine.met[f"{record['state']} {step}{' by settle' if record['body'].get('by') else ''}"] += 1
        return owner

    print(f"storm seed {seed}")  # noqa: T201  a failing storm says how to repeat it
    with asyncio.Runner(loop_factory=StormLoop) as runner:
        return machine, runner.run(story())


def comes(machine: Machine, reference: str) -> None:
    """The member of staff who is called: approves, refuses, or is busy."""
    word = machine.chance.choice(("approved", "approved", "refused", ""))
    machine.met[f"staff {word or 'busy'}"] += 1
    if word:
        with machine.world.db.write() as tx:
            phones.answer(tx, reference, word, "T0042", machine.world.db.clock())


@pytest.mark.timeout(500)
def test_in_a_storm_what_she_was_told_of_her_pin_and_phone_is_so_and_no_pin_is_left(tmp_path: Path) -> None:
    met: Counter[str] = Counter()
    for seed in (41, 42, 43, 44):
        folder = tmp_path / str(seed)
        folder.mkdir()
        machine, owner = storm(folder, seed, faults=0.06, cuts=0.0008, visits=110)
        met.update(machine.met)
        machine.journal.close()
        assert owner.ever
        for path in sorted(folder.rglob("*")):
            held = path.read_bytes() if path.is_file() else b""
            assert not [one for one in owner.ever if one.encode() in held or bytes.fromhex(one) in held], path.name
    print(*(f"{count:5d} {what}" for what, count in sorted(met.items())), sep="\n")  # noqa: T201  what they were made of
    for needed in (
        "done pin-change",
        "done phone-change",
        "judged pin",
        "judged phone",
        "done limit",
        "done loss-report",
    ):
        assert met[needed] >= 3, (needed, met)
    for needed in ("Tell pin.unsure", "Tell pin.refused", "staff approved", "staff refused"):
        assert met[needed], (needed, met)
    for step in ("pin-change", "phone-change"):
        assert met[f"done {step} by settle"] + met[f"reversed {step} by settle"], met
