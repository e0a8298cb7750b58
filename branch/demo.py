"""Demo people: who the reference ledger knows when it has been seeded. All numbers are invented."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from branch import demo_bills
from branch.bank.clearinghouse import ReferenceClearing
from branch.bank.corewire import Specimen
from branch.bank.hsm import TestHsm
from branch.bank.issuer import derive_card_keys
from branch.build import Secrets
from branch.store import bookkeeping as k, payees, pins
from branch.store.db import Database
from branch.store.terminals import StoredKeys
from branch.terminal.context import mark_of
from branch.tls import write_private

AID = "A000000333010101"
"""UnionPay debit."""
DAY_LIMIT = 5_000_000
"""¥50,000.00 a day and account."""


@dataclass(frozen=True)
class Person:
    """A customer with accounts `(number, kind, opening balance in fen)`."""

    id: str
    name: str
    id_number: str
    accounts: tuple[tuple[str, str, int], ...]
    phone: str = ""


@dataclass(frozen=True)
class Plastic:
    """A chip card, and the account behind it."""

    name: str
    pan: str
    account: str
    cardholder: str
    pin: str
    expiry: str = "2031-12-31"
    state: str = "active"


LI_NA = Person(
    "C0001",
    "李娜",
    "11010519491231002X",
    (("6229990900000000018", "current", 5_230_018), ("6229990900000000026", "savings", 12_000_000)),
    "13800005678",
)
WANG_WEI = Person(
    "C0002",
    "王伟",
    "440524188001010014",
    (("6229990900000000034", "current", 888_800), ("6229990900000000042", "savings", 100_000)),
    "13900001234",
)
CLOSED = "6229990900000000091"
PEOPLE = (
    LI_NA,
    WANG_WEI,
    Person("C0003", "张敏", "320106198805120048", (("6229990900000000059", "current", 1_500_000),)),
    Person("C0004", "刘洋", "510107199203040035", (("6229990900000000067", "current", 420_050),)),
    Person("C0005", "JOHN SMITH", "911840198001010012", (("6229990900000000075", "current", 2_000_000),)),
    Person("C0006", "陈静", "330102197711230067", ((CLOSED, "current", 0),)),
)
CARDS = (
    Plastic("li-na-debit", "6229990100000001239", LI_NA.accounts[0][0], "LI NA", "147258"),
    Plastic("wang-wei-debit", "6229990200004566", WANG_WEI.accounts[0][0], "WANG WEI", "369258"),
    Plastic("expired-debit", "6229990300007899", WANG_WEI.accounts[1][0], "WANG WEI", "369258", "2023-06-30"),
    Plastic("blocked-debit", "6229990400000004567", LI_NA.accounts[1][0], "LI NA", "147258", state="blocked"),
)
KNOWN = ((LI_NA, WANG_WEI), (LI_NA, PEOPLE[2]), (WANG_WEI, LI_NA), (WANG_WEI, PEOPLE[2]))
"""Who has sent money to whom before; for everybody else a first transfer needs a step-up."""
FEES = ((1_000_000, 500),)
"""Transfers to other people: free up to ¥10,000.00, then ¥5.00."""
RATES = {
    "USD": (100, 70_873, 71_171),
    "EUR": (100, 81_940, 82_544),
    "GBP": (100, 93_210, 93_897),
    "HKD": (100, 9_108, 9_144),
    "JPY": (10_000, 45_212, 45_545),
}
"""Currency -> so much of it costs so many fen: when the bank buys, when it sells. Invented."""
SPECIMEN = Specimen(
    id_number=LI_NA.id_number,
    source=LI_NA.accounts[0][0],
    target=WANG_WEI.accounts[0][0],
    closed=CLOSED,
    pan=CARDS[0].pan,
)
"""What the contract suite may use."""


def seed(db: Database, held: Secrets, today: date) -> None:
    """Fill an empty ledger; what is there already stays as it is."""
    hsm = TestHsm(StoredKeys(db), held.hsm)
    ReferenceClearing(db).seed()
    verifiers = {card.pan: hsm.make_pin_verifier(card.pin) for card in CARDS}
    with db.write() as tx:
        k.open_books(tx, today.isoformat())
        for above, fee in FEES:
            k.set_fee(tx, above, fee)
        for place, (currency, prices) in enumerate(RATES.items()):
            k.set_rate(tx, currency, place, prices, db.clock())
        for person in PEOPLE:
            k.add_customer(tx, person.id, person.name, person.id_number, person.phone)
            for place, (number, kind, opening) in enumerate(person.accounts):
                facts = {"place": place, "day_limit": DAY_LIMIT, "opening": opening, "now": db.clock()}
                k.add_account(tx, number, person.id, kind, **facts)
        for sender, receiver in KNOWN:
            for number, _, _ in receiver.accounts:
                payees.keep(tx, sender.id, number, db.clock())
        k.close_account(tx, CLOSED)
        demo_bills.seed(tx, DAY_LIMIT, db.clock())
        for card in CARDS:
            k.add_card(tx, card.pan, card.account, "00", card.expiry, card.state)
            pins.keep(tx, mark_of(held.mark, card.pan), verifiers[card.pan])


def write_cards(path: Path, held: Secrets) -> None:
    """The chips' own keys, for the virtual card reader: a file for its owner alone."""
    write_private(path, json.dumps([_chip(card, held) for card in CARDS], indent=1).encode())


def _chip(card: Plastic, held: Secrets) -> dict[str, str]:
    keys = derive_card_keys(held.imk_ac, held.imk_mac, card.pan, "00")
    return {
        "name": card.name,
        "pan": card.pan,
        "sequence": "00",
        "expiry": card.expiry,
        "cardholder": card.cardholder,
        "label": "UnionPay Debit",
        "aid": AID,
        "udk_ac": keys.ac.hex(),
        "udk_mac": keys.mac.hex(),
        "profile": "plain",
    }
