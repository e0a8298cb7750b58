"""Another PIN: judged inside the module, written together with its outcome, and never seen by the branch."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from branch import demo
from branch.api import create_app
from branch.bank.core import CoreCustomer
from branch.bank.hsm import Changed, HsmRefused, PinBlocks, TestHsm, weak
from branch.serving import inline
from branch.store.outbox import events_after
from branch.terminal import settle
from branch.terminal.pin_change import told
from protocol import care, messages as m
from protocol.calls import OfKey
from tests.branch.support import Chip, Said, Terminal, World, from_header, world

OLD, NEW = "147258", "258036"


@pytest.fixture
def made(tmp_path: Path) -> World:
    return world(tmp_path)


@pytest.fixture
def terminal(made: World) -> Terminal:
    return made.terminal()


class Desk:
    """One customer, signed in, with a card whose PIN she may change."""

    def __init__(self, terminal: Terminal, pin: str = OLD) -> None:
        self.terminal, self.visit = terminal, terminal.visit()
        self.customer = terminal.by_document(self.visit, pin=pin).customer
        (self.card,) = terminal.ask("pin_cards", {"customer": self.customer}).cards
        self.number = 0

    def body(self, old: str, new: str, again: str = "") -> care.PinChange:
        self.number += 1
        blocks = {"old": old, "new": new, "again": again or new}
        sent = {name: self.terminal.pin_check(pin, self.card.pin_number) for name, pin in blocks.items()}
        order = care.PinOrder(card=self.card.handle, card_masked=self.card.masked)
        stamp = {"key": f"{self.visit}/{self.number:03d}-pin-change", "trace": self.number, "operator": "VTM"}
        return care.PinChange.model_validate({**stamp, "customer": self.customer, "order": order, **sent})

    def change(self, old: str, new: str, again: str = "") -> m.Outcome:
        done: m.Outcome = self.terminal.ask("change_pin", self.body(old, new, again))
        return done

    def reason(self, old: str, new: str, again: str = "") -> m.Reason | None:
        said = self.change(old, new, again)
        assert said.status == "refused"
        return said.reason


def test_the_new_pin_counts_at_once_and_the_old_one_no_more(made: World, terminal: Terminal) -> None:
    desk = Desk(terminal)
    body = desk.body(OLD, NEW)
    done = terminal.ask("change_pin", body)
    assert (done.status, bool(done.reference)) == ("done", True)
    assert terminal.ask("change_pin", body) == done, "a repeat answers what is recorded"
    assert terminal.ask("state", {"key": body.key}).status == "done"
    assert terminal.ask("reverse", {"key": body.key, "reason": "settle"}).ending is m.Ending.STANDS
    with pytest.raises(Said) as no:
        terminal.by_document(terminal.visit(), pin=OLD)
    assert no.value.problem.reason == m.Reason.WRONG_PIN
    assert terminal.by_card(terminal.visit(), Chip(demo.CARDS[0], made.secrets), NEW).customer


@pytest.mark.parametrize(
    ("old", "new", "again", "reason"),
    [
        (OLD, NEW, "258037", m.Reason.PIN_DIFFERS),
        (OLD, OLD, OLD, m.Reason.PIN_SAME),
        (OLD, "111111", "111111", m.Reason.PIN_WEAK),
        (OLD, "345678", "345678", m.Reason.PIN_WEAK),
        (OLD, "987654", "987654", m.Reason.PIN_WEAK),
        (OLD, "491231", "491231", m.Reason.PIN_WEAK),  # her birthday, 1949-12-31
        (OLD, "311249", "311249", m.Reason.PIN_WEAK),
        (OLD, "231002", "231002", m.Reason.PIN_WEAK),  # the end of her document's digits
        (OLD, "005678", "005678", m.Reason.PIN_WEAK),  # and of her telephone number
        (OLD, "2580", "2580", m.Reason.PIN_WEAK),
        ("147259", NEW, NEW, m.Reason.WRONG_PIN),
    ],
)
def test_what_the_module_refuses_changes_nothing(
    terminal: Terminal, old: str, new: str, again: str, reason: m.Reason
) -> None:
    assert Desk(terminal).reason(old, new, again) is reason
    assert terminal.by_document(terminal.visit(), pin=OLD).customer, "the PIN of before still counts"


def test_a_wrong_old_pin_counts_as_a_try_and_a_weak_new_one_does_not(terminal: Terminal) -> None:
    desk = Desk(terminal)
    assert [desk.reason("000000", NEW) for _ in range(2)] == [m.Reason.WRONG_PIN] * 2
    for _ in range(4):
        assert desk.reason(OLD, "111111") is m.Reason.PIN_WEAK
    assert [desk.reason("000000", NEW) for _ in range(3)] == [*[m.Reason.WRONG_PIN] * 2, m.Reason.PIN_BLOCKED]
    assert desk.reason(OLD, NEW) is m.Reason.PIN_BLOCKED


def test_a_key_that_was_barred_or_stands_for_another_card_changes_nothing(terminal: Terminal) -> None:
    desk = Desk(terminal)
    body = desk.body(OLD, NEW)
    assert terminal.ask("reverse", {"key": body.key, "reason": "settle"}).ending is m.Ending.BARRED
    said = terminal.ask("change_pin", body)
    assert (said.status, said.reason) == ("refused", m.Reason.BARRED)
    first = desk.body(OLD, "111111")
    terminal.ask("change_pin", first)
    other = first.order.model_copy(update={"card_masked": "another"})
    with pytest.raises(Said) as no:
        terminal.ask("change_pin", first.model_copy(update={"order": other}))
    assert no.value.problem.reason == m.Reason.CONFLICT
    gone = desk.body(OLD, NEW)
    order = gone.order.model_copy(update={"card": "nobody"})
    said = terminal.ask("change_pin", gone.model_copy(update={"order": order}))
    assert (said.status, said.reason) == ("refused", m.Reason.CARD)
    assert terminal.by_document(terminal.visit(), pin=OLD).customer


class Meanwhile(TestHsm):
    """A module beside whose work something happens."""

    happens: Any = None

    def change_pin(
        self, terminal: str, number: str, blocks: PinBlocks, verifier: str, told: tuple[str, ...]
    ) -> Changed:
        changed = super().change_pin(terminal, number, blocks, verifier, told)
        self.happens()
        return changed


def beside(made: World, happens: Any) -> Terminal:
    hsm = made.branch.hsm
    assert isinstance(hsm, TestHsm)
    module = Meanwhile(hsm._store, made.secrets.hsm)
    module.happens = happens
    desk = replace(made.branch, hsm=module)
    app = create_app(made.settings, branch=desk, run=inline, identify_peer=from_header)
    return replace(made, branch=desk, app=app).terminal()


def test_one_that_is_taken_back_while_the_module_works_changes_nothing(made: World) -> None:
    """settle() asks for the state, finds nothing done, and bars the key: the answer that comes then is too late."""
    held: list[care.PinChange] = []

    def settles() -> None:
        peer = held_terminal[0]
        body = held[0]
        assert settle.state(peer.world.branch, peer.name, OfKey(key=body.key)).status == "unknown"
        reversal = m.Reversal(key=body.key, reason="settle")
        assert settle.reverse(peer.world.branch, peer.name, reversal).ending is m.Ending.BARRED

    terminal = beside(made, settles)
    held_terminal = [terminal]
    desk = Desk(terminal)
    held.append(desk.body(OLD, NEW))
    said = terminal.ask("change_pin", held[0])
    assert (said.status, said.reason) == ("refused", m.Reason.BARRED)
    assert terminal.by_document(terminal.visit(), pin=OLD).customer


def test_a_module_that_cannot_work_costs_no_try_and_the_key_has_no_answer_yet(made: World) -> None:
    def fails() -> None:
        raise HsmRefused("no key")

    terminal = beside(made, fails)
    desk = Desk(terminal)
    body = desk.body(OLD, NEW)
    for reason in ("hsm", "in-flight"):
        with pytest.raises(Said) as no:
            terminal.ask("change_pin", body)
        assert no.value.problem.reason == reason
    for _ in range(4):
        with pytest.raises(Said):
            desk.change(OLD, NEW)
    assert terminal.ask("reverse", {"key": body.key, "reason": "settle"}).ending is m.Ending.BARRED
    assert terminal.by_document(terminal.visit(), pin=OLD).customer


def test_neither_events_nor_rows_hold_a_pin_or_a_block(made: World, terminal: Terminal) -> None:
    desk = Desk(terminal)
    body = desk.body(OLD, NEW)
    terminal.ask("change_pin", body)
    with made.db.read() as tx:
        log = str([(row.kind, row.body) for row in events_after(tx, 0)])
        rows = str([tuple(row) for row in tx.exec_driver_sql("select * from intents")])
    assert "pin-change.done" in log
    for secret in (OLD, NEW, body.old.block, body.new.block):
        assert secret not in log + rows


@given(st.text("0123456789", min_size=6, max_size=12))
def test_one_digit_repeated_and_sequences_and_known_ends_are_weak_and_little_else(pin: str) -> None:
    assert weak(pin, (f"9{pin}",))
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(pin)}
    assert weak(pin, ()) == (steps in ({0}, {1}, {9}))
    assert weak(pin[0] * len(pin), ())


def test_the_numbers_that_others_know_are_her_documents_her_phones_and_her_birthdays() -> None:
    known = told(care_customer())
    assert {"11010519491231002", "13800005678", "19491231", "491231", "311249", "123149"} <= set(known)
    assert told(replace(care_customer(), id_number="A1234567")) == ("1234567", "13800005678")


def care_customer() -> CoreCustomer:
    return CoreCustomer("C0001", "李娜", "11010519491231002X", "13800005678")
