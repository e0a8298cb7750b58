"""One-time codes: three sends, three tries, three minutes; and what the branch refuses without one."""

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from branch import __main__ as branch_program, demo
from branch.api import create_app
from branch.bank.codes import CodeNotSent, FileSender, Nobody, sent
from branch.build import CODES
from branch.rules import RULES
from branch.serving import inline
from branch.store.outbox import events_after
from protocol import care, messages as m
from tests.branch.support import DAY, Said, Terminal, World, from_header, world

NEW, KNOWN = demo.PEOPLE[3].accounts[0][0], demo.WANG_WEI.accounts[0][0]


@pytest.fixture
def made(tmp_path: Path) -> World:
    return world(tmp_path)


@pytest.fixture
def terminal(made: World) -> Terminal:
    return made.terminal()


def asks(terminal: Terminal, customer: str) -> care.CodeSent:
    found: care.CodeSent = terminal.ask("send_code", {"customer": customer, "why": "new-payee", "language": "en"})
    return found


def no(terminal: Terminal, call: str, body: dict[str, Any]) -> str:
    with pytest.raises(Said) as said:
        terminal.ask(call, body)
    return said.value.problem.reason


def wrong(terminal: Terminal, customer: str) -> str:
    code = f"{(int(terminal.last_code()) + 1) % 1_000_000:06d}"
    return no(terminal, "check_code", {"customer": customer, "code": code})


def test_a_first_transfer_to_somebody_needs_a_step_up_and_the_second_does_not(terminal: Terminal) -> None:
    visit = terminal.visit()
    customer = terminal.by_document(visit).customer
    order = terminal.order(customer, NEW, 100)
    quote = terminal.ask("quote", {"customer": customer, "order": order.model_dump(mode="json")})
    assert quote.step_up
    refused = terminal.ask("transfer", terminal.post(visit, customer, order))
    assert (refused.status, refused.reason) == ("refused", m.Reason.STEP_UP)
    terminal.steps_up(customer)
    assert terminal.ask("transfer", terminal.post(visit, customer, order)).status == "done"
    later = terminal.visit()
    customer = terminal.by_document(later).customer
    again = terminal.order(customer, NEW, 100)
    assert not terminal.ask("quote", {"customer": customer, "order": again.model_dump(mode="json")}).step_up
    assert terminal.ask("transfer", terminal.post(later, customer, again)).status == "done"


@pytest.mark.parametrize("target", [KNOWN, demo.LI_NA.accounts[1][0]])
def test_a_known_payee_and_her_own_account_need_none(terminal: Terminal, target: str) -> None:
    visit = terminal.visit()
    customer = terminal.by_document(visit).customer
    order = terminal.order(customer, target, 100)
    assert not terminal.ask("quote", {"customer": customer, "order": order.model_dump(mode="json")}).step_up
    assert terminal.ask("transfer", terminal.post(visit, customer, order)).status == "done"


def test_the_code_goes_to_her_phone_and_is_said_to_nobody_else(made: World, terminal: Terminal) -> None:
    customer = terminal.by_document(terminal.visit()).customer
    said = asks(terminal, customer)
    assert (said.phone, said.digits, said.minutes) == ("138****5678", 6, 3)
    file = made.settings.state / CODES
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    line = json.loads(sent(file)[-1])
    assert (line["phone"], line["why"], line["to"]) == ("138****5678", "new-payee", "en")
    with made.db.read() as tx:
        log = str([(row.kind, row.body) for row in events_after(tx, 0)])
    assert "code.sent" in log
    assert line["code"] not in log
    assert "13800005678" not in log + str(sent(file))


def test_three_wrong_codes_are_the_end_also_with_a_fresh_code_and_the_right_one(
    made: World, terminal: Terminal
) -> None:
    customer = terminal.by_document(terminal.visit()).customer
    asks(terminal, customer)
    assert [wrong(terminal, customer) for _ in range(2)] == [m.Reason.WRONG_CODE] * 2
    made.clock.minutes(1)
    asks(terminal, customer)
    assert wrong(terminal, customer) == m.Reason.CODE_OVER
    right = {"customer": customer, "code": terminal.last_code()}
    assert no(terminal, "check_code", right) == m.Reason.CODE_OVER
    made.clock.minutes(1)
    asked = {"customer": customer, "why": "new-payee", "language": "zh"}
    assert no(terminal, "send_code", asked) == m.Reason.CODE_OVER


def test_a_code_is_good_for_three_minutes_and_until_the_next_one(made: World, terminal: Terminal) -> None:
    customer = terminal.by_document(terminal.visit()).customer
    assert no(terminal, "check_code", {"customer": customer, "code": "123456"}) == m.Reason.CODE_EXPIRED
    asks(terminal, customer)
    first = terminal.last_code()
    asked = {"customer": customer, "why": "new-payee", "language": "zh"}
    assert no(terminal, "send_code", asked) == m.Reason.TOO_SOON
    made.clock.minutes(3)
    assert no(terminal, "check_code", {"customer": customer, "code": first}) == m.Reason.CODE_EXPIRED
    asks(terminal, customer)
    if terminal.last_code() != first:
        assert no(terminal, "check_code", {"customer": customer, "code": first}) == m.Reason.WRONG_CODE
    made.clock.minutes(1)
    asks(terminal, customer)
    made.clock.minutes(1)
    assert no(terminal, "send_code", asked) == m.Reason.CODE_OVER, "three were sent"
    terminal.ask("check_code", {"customer": customer, "code": terminal.last_code()})
    terminal.ask("check_code", {"customer": customer, "code": "000000"})  # it was right before: nothing is asked anew


def test_a_code_is_good_in_its_own_session_only(terminal: Terminal) -> None:
    visit = terminal.visit()
    hers, his = terminal.by_document(terminal.visit()).customer, ""
    asks(terminal, hers)
    code = terminal.last_code()
    his = terminal.by_document(visit, demo.WANG_WEI, "369258").customer
    asks(terminal, his)
    if terminal.last_code() != code:
        assert no(terminal, "check_code", {"customer": his, "code": code}) == m.Reason.WRONG_CODE
    terminal.ask("check_code", {"customer": hers, "code": code})
    order = terminal.order(his, NEW, 100)
    refused = terminal.ask("transfer", terminal.post(visit, his, order))
    assert refused.reason == m.Reason.STEP_UP, "that another has stepped up helps nobody"


def test_without_a_registered_phone_or_a_message_service_nothing_is_sent(made: World, terminal: Terminal) -> None:
    with made.ledger._db.write() as tx:
        tx.exec_driver_sql("update book_customers set phone = '' where id = 'C0001'")
    customer = terminal.by_document(terminal.visit()).customer
    asked = {"customer": customer, "why": "new-payee", "language": "zh"}
    assert no(terminal, "send_code", asked) == m.Reason.NO_PHONE
    desk = replace(made.branch, sender=Nobody())
    app = create_app(made.settings, branch=desk, run=inline, identify_peer=from_header)
    deaf = replace(made, branch=desk, app=app).terminal()
    his = deaf.by_document(deaf.visit(), demo.WANG_WEI, "369258").customer
    assert no(deaf, "send_code", {**asked, "customer": his}) == "unavailable"
    with pytest.raises(CodeNotSent):
        Nobody().send("1", "2", "3", "zh")


def formal(visit: str, card: str, customer: str, number: int = 1) -> care.LossReport:
    order = care.LossOrder(card=card, card_masked="", until=None, customer=customer)
    key = f"{visit}/{number:03d}-loss-report"
    return care.LossReport(key=key, trace=number, code="LOSS-FORMAL", operator="VTM", order=order)


def test_a_formal_loss_report_needs_a_step_up_in_its_own_visit_and_may_be_repeated_after_it(
    made: World, terminal: Terminal
) -> None:
    visit = terminal.visit()
    customer = terminal.by_document(visit).customer
    found = terminal.ask("loss_cards", {"visit": visit, "who": customer})
    for number, who in enumerate(("", customer, "nobody"), 1):
        said = terminal.ask("report_loss", formal(visit, found.every, who, number))
        assert (said.status, said.reason) == ("refused", m.Reason.STEP_UP)
    terminal.steps_up(customer, "formal-loss")
    elsewhere = terminal.visit()
    claim = terminal.claim(elsewhere).claim
    other = terminal.ask("loss_cards", {"visit": elsewhere, "who": claim})
    said = terminal.ask("report_loss", formal(elsewhere, other.every, customer))
    assert (said.status, said.reason) == ("refused", m.Reason.STEP_UP), "a claim in another visit"
    terminal.ask("sign_out", {"customer": customer})
    made.clock.minutes(60)
    done = terminal.ask("report_loss", formal(visit, found.every, customer, 4))
    assert done.status == "done"
    (card, _) = made.branch.core.card(demo.CARDS[0].pan) or (None, None)
    assert card is not None
    assert (card.state, card.lost_until) == ("lost", None)


def test_a_code_and_its_day_must_fit_each_other(terminal: Terminal) -> None:
    visit = terminal.visit()
    customer = terminal.by_document(visit).customer
    found = terminal.ask("loss_cards", {"visit": visit, "who": customer})
    body = formal(visit, found.every, customer).model_copy(update={"code": "LOSS-TEMPORARY"})
    said = terminal.ask("report_loss", body)
    assert (said.status, said.reason) == ("refused", m.Reason.CONFLICT)


def test_what_needs_a_step_up_is_a_dated_rule() -> None:
    for what in ("new-payee", "limit-change", "formal-loss"):
        assert RULES.needs_step_up(what, DAY)
    assert not RULES.needs_step_up("balance", DAY)


def test_the_demo_reads_the_last_codes_by_a_command(
    made: World, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    asks(terminal, terminal.by_document(terminal.visit()).customer)
    config = made.settings.state / "branch.toml"
    config.write_text(f'[branch]\nstate = "{made.settings.state}"\n')
    assert branch_program.main(["codes", "--config", str(config)]) == 0
    assert terminal.last_code() in capsys.readouterr().out


def test_the_file_of_codes_keeps_the_last_twenty(tmp_path: Path) -> None:
    sender = FileSender(tmp_path / CODES, lambda: 1)
    for number in range(30):
        sender.send("13800005678", f"{number:06d}", "new-payee", "zh")
    assert [json.loads(line)["code"] for line in sent(tmp_path / CODES)] == [f"{n:06d}" for n in range(10, 30)]
