"""A change of phone at the branch: who may speak for her, what the new phone proves, and what the old one hears."""

import json
from pathlib import Path
from typing import Any

import pytest

from branch import __main__ as branch_program, demo
from branch.bank.codes import CodeNotSent, sent
from branch.bank.core import CoreCustomer
from branch.build import CODES
from branch.store import phones
from branch.store.outbox import events_after
from branch.terminal.phone import tell_what_is_due
from protocol import care, messages as m
from tests.branch.support import DAY, Chip, Said, Terminal, World, world

OLD, NEW = demo.LI_NA.phone, "13700009999"


@pytest.fixture
def made(tmp_path: Path) -> World:
    return world(tmp_path)


@pytest.fixture
def terminal(made: World) -> Terminal:
    return made.terminal()


class Desk:
    """One customer who came with her card and its PIN."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal, self.visit, self.number = terminal, terminal.visit(), 0
        self.chip = Chip(demo.CARDS[0], terminal.world.secrets, counter=terminal.trace + len(self.visit))
        self.customer = terminal.by_card(self.visit, self.chip).customer

    def speaks(self, *, document: bool = True, code: bool = True) -> None:
        """What of her old self speaks for her."""
        if document:
            self.terminal.shows_document(self.customer)
        if code:
            self.terminal.steps_up(self.customer, "phone-change")

    def new(self, number: str = NEW) -> care.NewPhone:
        asked = {"customer": self.customer, "phone": number, "language": "en"}
        self.terminal.ask("send_new_phone_code", asked)
        found: care.NewPhone = self.terminal.ask("check_new_phone_code", self.typed(self.terminal.last_code()))
        return found

    def typed(self, code: str) -> dict[str, str]:
        return {"customer": self.customer, "code": code}

    def body(self, new: care.NewPhone) -> care.PhoneChange:
        self.number += 1
        order = {"phone": new.handle, "before_masked": new.before, "after_masked": new.phone}
        stamp = {"key": f"{self.visit}/{self.number:03d}-phone-change", "trace": self.number, "operator": "VTM"}
        whole = {**stamp, "customer": self.customer, "order": {**order, "full_from": new.full_from}, "language": "ar"}
        return care.PhoneChange.model_validate(whole)

    def reason(self, call: str, body: Any) -> str:
        with pytest.raises(Said) as no:
            self.terminal.ask(call, body)
        return no.value.problem.reason


def holder(made: World) -> CoreCustomer:
    found = made.branch.core.customer_by_id(demo.LI_NA.id)
    assert found is not None
    return found


def heard(made: World) -> list[dict[str, Any]]:
    return [json.loads(line) for line in sent(made.settings.state / CODES)]


def test_with_card_document_and_both_phones_it_is_changed_once_and_the_old_phone_is_told(
    made: World, terminal: Terminal
) -> None:
    desk = Desk(terminal)
    desk.speaks()
    new = desk.new()
    assert (new.before, new.phone) == ("138****5678", "137****9999")
    body = desk.body(new)
    done = terminal.ask("change_phone", body)
    assert (done.status, bool(done.reference)) == ("done", True)
    assert terminal.ask("change_phone", body) == done
    assert (holder(made).phone, holder(made).phone_since) == (NEW, DAY)
    (told,) = [line for line in heard(made) if "told" in line]
    assert (told["phone"], told["told"], told["to"]) == ("138****5678", "phone-changed", "ar")
    assert terminal.ask("reverse", {"key": body.key, "reason": "settle"}).ending is m.Ending.STANDS
    assert OLD not in str([row.body for row in _events(made)])


def _events(made: World) -> list[Any]:
    with made.db.read() as tx:
        return list(events_after(tx, 0))


@pytest.mark.parametrize(("document", "code"), [(False, False), (True, False), (False, True)])
def test_neither_the_old_phone_alone_nor_the_document_alone_is_enough(
    made: World, terminal: Terminal, *, document: bool, code: bool
) -> None:
    desk = Desk(terminal)
    desk.speaks(document=document, code=code)
    asked = {"customer": desk.customer, "phone": NEW, "language": "en"}
    assert desk.reason("send_new_phone_code", asked) == m.Reason.STEP_UP
    assert holder(made).phone == OLD
    assert not [line for line in heard(made) if line["phone"] == "137****9999"]


def test_a_document_and_the_pin_of_a_card_on_file_are_not_enough(terminal: Terminal) -> None:
    customer = terminal.by_document(terminal.visit()).customer
    for call in ("phone_now", "ask_person"):
        with pytest.raises(Said) as no:
            terminal.ask(call, {"customer": customer})
        assert no.value.problem.reason == m.Reason.CARD


def test_the_document_must_be_the_holders_own_and_in_force(terminal: Terminal) -> None:
    desk = Desk(terminal)
    hers = {"kind": "resident", "id_number": demo.LI_NA.id_number, "name": demo.LI_NA.name}
    others = {"kind": "resident", "id_number": demo.WANG_WEI.id_number, "name": demo.WANG_WEI.name}
    for wrong in (others, {**hers, "name": "李四"}, {**hers, "valid_to": "2031-03-13"}):
        said = desk.reason("show_document", {"customer": desk.customer, "document": wrong})
        assert said == m.Reason.DOCUMENT
    desk.speaks(document=False)
    asked = {"customer": desk.customer, "phone": NEW, "language": "en"}
    assert desk.reason("send_new_phone_code", asked) == m.Reason.STEP_UP


def test_the_new_phone_must_speak_for_itself(made: World, terminal: Terminal) -> None:
    desk = Desk(terminal)
    desk.speaks()
    asked = {"customer": desk.customer, "phone": NEW, "language": "en"}
    assert desk.reason("send_new_phone_code", {**asked, "phone": OLD}) == m.Reason.PHONE_SAME
    terminal.ask("send_new_phone_code", asked)
    with made.db.read() as tx:
        found = phones.found(tx, desk.customer)
    assert found is not None
    unproved = care.NewPhone(handle=found[0], phone="137****9999", before="138****5678", full_from=DAY)
    said = terminal.ask("change_phone", desk.body(unproved))
    assert (said.status, said.reason) == ("refused", m.Reason.STEP_UP)
    assert desk.reason("send_new_phone_code", asked) == m.Reason.TOO_SOON
    right = terminal.last_code()
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    reasons = [desk.reason("check_new_phone_code", desk.typed(wrong)) for _ in range(3)]
    assert reasons == [m.Reason.WRONG_CODE, m.Reason.WRONG_CODE, m.Reason.CODE_OVER]
    assert desk.reason("check_new_phone_code", desk.typed(right)) == m.Reason.CODE_OVER
    made.clock.minutes(1)
    assert desk.reason("send_new_phone_code", {**asked, "phone": "13700008888"}) == m.Reason.CODE_OVER
    assert holder(made).phone == OLD


def test_a_code_that_came_back_for_one_number_proves_no_other(made: World, terminal: Terminal) -> None:
    desk = Desk(terminal)
    desk.speaks()
    first = desk.new()
    made.clock.minutes(1)
    terminal.ask("send_new_phone_code", {"customer": desk.customer, "phone": "13700008888", "language": "en"})
    said = terminal.ask("change_phone", desk.body(first))
    assert (said.status, said.reason) == ("refused", m.Reason.STEP_UP)
    made.clock.minutes(4)
    assert desk.reason("check_new_phone_code", desk.typed(terminal.last_code())) == m.Reason.CODE_EXPIRED


def answered(made: World, *words: str) -> int:
    path = made.settings.state / "branch.toml"
    path.write_text(f'[branch]\nstate = "{made.settings.state}"\n')
    return branch_program.main(["phone", *words, "--config", str(path)])


def test_a_person_speaks_for_her_in_this_visit_and_the_log_keeps_who(
    made: World, terminal: Terminal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("branch.build.utc_ms", made.clock)
    desk = Desk(terminal)
    asked = terminal.ask("ask_person", {"customer": desk.customer})
    assert asked.state == "waiting"
    assert terminal.ask("ask_person", {"customer": desk.customer}) == asked
    with made.db.write() as tx:
        assert [one.reference for one in phones.waiting(tx, made.clock())] == [asked.reference]
        assert phones.answer(tx, asked.reference, "approved", "T0042", made.clock()) == desk.visit
        assert phones.answer(tx, asked.reference, "refused", "T0043", made.clock()) is None, "once"
    assert terminal.ask("ask_person", {"customer": desk.customer}).state == "approved"
    assert terminal.ask("change_phone", desk.body(desk.new())).status == "done"
    assert holder(made).phone == NEW
    other = Desk(terminal)
    body = {"customer": other.customer, "phone": "13700008888", "language": "en"}
    assert other.reason("send_new_phone_code", body) == m.Reason.STEP_UP, "not in another visit"


def test_a_person_who_refuses_or_comes_too_late_changes_nothing(made: World, terminal: Terminal) -> None:
    desk = Desk(terminal)
    asked = terminal.ask("ask_person", {"customer": desk.customer})
    with made.db.write() as tx:
        phones.answer(tx, asked.reference, "refused", "T0042", made.clock())
    assert terminal.ask("ask_person", {"customer": desk.customer}).state == "refused"
    body = {"customer": desk.customer, "phone": NEW, "language": "en"}
    assert desk.reason("send_new_phone_code", body) == m.Reason.STEP_UP
    late = Desk(terminal)
    waits = terminal.ask("ask_person", {"customer": late.customer})
    terminal.ask("sign_out", {"customer": late.customer})
    with made.db.write() as tx:
        assert phones.answer(tx, waits.reference, "approved", "T0042", made.clock()) is None


def test_the_commands_of_the_staff_list_approve_and_refuse(
    made: World, terminal: Terminal, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("branch.__main__.open_database", lambda _: made.db)
    one, two = Desk(terminal), Desk(terminal)
    first = terminal.ask("ask_person", {"customer": one.customer}).reference
    second = terminal.ask("ask_person", {"customer": two.customer}).reference
    assert answered(made, "list") == 0
    assert [line.split("\t")[:2] for line in capsys.readouterr().out.splitlines()] == [
        [first, "VTM001"],
        [second, "VTM001"],
    ]
    assert answered(made, "approve", first, "--by", "T0042") == 0
    assert answered(made, "refuse", second, "--by", "T0042") == 0
    assert answered(made, "approve", second, "--by", "T0042") == 1
    assert terminal.ask("ask_person", {"customer": two.customer}).state == "refused"
    kept = [(row.kind, row.body["by"]) for row in _events(made) if row.kind in {"phone.approved", "phone.refused"}]
    assert kept == [("phone.approved", "T0042"), ("phone.refused", "T0042")]


def test_a_new_phone_does_not_yet_speak_for_her_in_what_is_risky(made: World, terminal: Terminal) -> None:
    desk = Desk(terminal)
    desk.speaks()
    terminal.ask("change_phone", desk.body(desk.new()))
    order = terminal.order(desk.customer, demo.PEOPLE[3].accounts[0][0], 100)
    made_post = terminal.post(desk.visit, desk.customer, order, desk.chip.says("ARQC", 100))
    said = terminal.ask("transfer", made_post)
    assert said.reason is m.Reason.NEW_PHONE, "also where the old phone had stepped her up"
    again = Desk(terminal)
    ask = {"customer": again.customer, "why": "new-payee", "language": "zh"}
    assert again.reason("send_code", ask) == m.Reason.NEW_PHONE
    assert again.reason("send_code", {**ask, "why": "phone-change"}) == m.Reason.NEW_PHONE
    terminal.steps_up(again.customer, "limit-change")
    for _ in range(2):
        made.ledger.advance_accounting_date()
    made.clock.minutes(1)
    terminal.ask("send_code", ask)


class Deaf:
    """A message service that is away."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.away = True

    def send(self, phone: str, code: str, why: str, language: str) -> None:
        raise AssertionError("no code here")

    def tell(self, phone: str, what: str, language: str) -> None:
        if self.away:
            raise CodeNotSent
        self.told.append(phone)


def test_a_notice_that_could_not_be_sent_is_sent_later_and_one_for_nothing_never(
    made: World, terminal: Terminal
) -> None:
    desk = Desk(terminal)
    desk.speaks()
    body = desk.body(desk.new())
    deaf = Deaf()
    object.__setattr__(made.branch, "sender", deaf)
    barred = body.model_copy(update={"key": f"{desk.visit}/009-phone-change", "trace": 9})
    with made.db.write() as tx:
        phones.owe(tx, barred.key, OLD, "phone-changed", "en", made.clock())
    terminal.ask("reverse", {"key": barred.key, "reason": "settle"})
    assert terminal.ask("change_phone", body).status == "done", "what is done is done"
    made.clock.minutes(1)
    tell_what_is_due(made.branch)
    assert deaf.told == []
    deaf.away = False
    tell_what_is_due(made.branch)
    tell_what_is_due(made.branch)
    assert deaf.told == [OLD]
    with made.db.read() as tx:
        assert phones.due(tx, made.clock()) == []


def test_what_differs_from_what_she_was_shown_is_not_done(made: World, terminal: Terminal) -> None:
    desk = Desk(terminal)
    desk.speaks()
    new = desk.new()
    shown = desk.body(new.model_copy(update={"phone": "137****0000"}))
    said = terminal.ask("change_phone", shown)
    assert (said.status, said.reason, holder(made).phone) == ("refused", m.Reason.CONFLICT, OLD)
    terminal.ask("sign_out", {"customer": desk.customer})
    said = terminal.ask("change_phone", desk.body(new))
    assert (said.status, said.reason, holder(made).phone) == ("refused", m.Reason.SIGNED_OUT, OLD)
