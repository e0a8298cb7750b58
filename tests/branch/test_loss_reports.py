"""Loss reports at the branch: who may make one, what stops, for how long, and who sets the card free again."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from branch import __main__ as branch_program, demo
from branch.rules import RULES, NoRule, Rules, load
from branch.serving import inline
from branch.store.outbox import events_after
from branch.store.schema import loss_handles
from branch.upkeep import forget
from protocol import care, messages as m
from tests.branch.support import DAY, Chip, Said, Terminal, World, world

UNTIL = DAY + timedelta(days=5)


@pytest.fixture
def made(tmp_path: Path) -> World:
    return world(tmp_path)


@pytest.fixture
def terminal(made: World) -> Terminal:
    return made.terminal()


def cards(terminal: Terminal, visit: str, who: str) -> care.LossCards:
    found: care.LossCards = terminal.ask("loss_cards", {"visit": visit, "who": who})
    return found


def report(visit: str, card: str, *, number: int = 1, masked: str = "", until: date = UNTIL) -> care.LossReport:
    order = care.LossOrder(card=card, card_masked=masked, until=until)
    return care.LossReport(
        key=f"{visit}/{number:03d}-loss-report", trace=number, code="LOSS-TEMPORARY", operator="VTM", order=order
    )


def claimed(terminal: Terminal) -> tuple[str, care.LossCards]:
    visit = terminal.visit()
    return visit, cards(terminal, visit, terminal.claim(visit).claim)


def states(made: World) -> dict[str, str]:
    return {card.pan: card.state for card in made.branch.core.cards(demo.LI_NA.id)}


def test_a_claim_alone_stops_a_card_which_is_then_refused_everywhere(made: World, terminal: Terminal) -> None:
    visit, found = claimed(terminal)
    (active,) = (one for one in found.cards if one.state == "active")
    assert (found.until, len(found.cards)) == (UNTIL, 2), "also one that the bank has stopped is shown"
    done = terminal.ask("report_loss", report(visit, active.handle, masked=active.masked))
    assert (done.status, done.accounting_date) == ("done", DAY)
    assert done.reference
    other = terminal.visit()
    with pytest.raises(Said) as no:
        terminal.by_card(other, Chip(demo.CARDS[0], made.secrets))
    assert no.value.problem.reason == m.Reason.CARD
    assert terminal.claim(other).cards == (), "nor can anybody prove herself with it"
    again = cards(terminal, other, terminal.claim(other).claim)
    assert [(one.state, one.until) for one in again.cards if one.masked == active.masked] == [("lost", UNTIL)]


def test_a_card_that_is_lost_in_mid_visit_moves_no_more_money(made: World, terminal: Terminal) -> None:
    visit, chip = terminal.visit(), Chip(demo.CARDS[0], made.secrets)
    customer = terminal.by_card(visit, chip).customer
    order = terminal.order(customer, demo.WANG_WEI.accounts[0][0], 100)
    found = cards(terminal, visit, customer)
    terminal.ask("report_loss", report(visit, found.every, number=7))
    posted = terminal.ask("transfer", terminal.post(visit, customer, order, chip.says("ARQC", 100)))
    assert (posted.status, posted.reason) == ("refused", m.Reason.CARD)


def test_repeated_it_answers_the_same_and_another_order_under_its_key_is_a_conflict(
    made: World, terminal: Terminal
) -> None:
    visit, found = claimed(terminal)
    body = report(visit, found.every)
    first = terminal.ask("report_loss", body)
    assert terminal.ask("report_loss", body) == first
    with pytest.raises(Said) as no:
        terminal.ask("report_loss", report(visit, found.cards[0].handle))
    assert no.value.problem.reason == m.Reason.CONFLICT
    second = terminal.ask("report_loss", report(visit, found.every, number=2))
    assert (second.status, second.reason) == ("refused", m.Reason.REPORTED)
    assert terminal.ask("state", {"key": body.key}).status == "done"


def test_it_can_be_repeated_a_day_after_claim_and_session_are_over(made: World, terminal: Terminal) -> None:
    """The first call never came: the terminal says it again until somebody hears."""
    visit, found = claimed(terminal)
    made.clock.minutes(24 * 60)
    made.ledger.advance_accounting_date()
    asyncio.run(forget(made.branch, inline))
    assert terminal.ask("report_loss", report(visit, found.every)).status == "done"
    assert "active" not in states(made).values()


def test_handles_are_deleted_when_nobody_can_repeat_any_more(made: World, terminal: Terminal) -> None:
    visit, found = claimed(terminal)
    made.clock.minutes(3 * 24 * 60 + 1)
    no = terminal.ask("report_loss", report(visit, found.every))
    assert (no.status, no.reason) == ("refused", m.Reason.UNKNOWN_CUSTOMER)
    asyncio.run(forget(made.branch, inline))
    with made.db.read() as tx:
        assert tx.execute(sa.select(loss_handles)).first() is None


def test_a_day_that_is_not_the_rules_is_refused(made: World, terminal: Terminal) -> None:
    visit, found = claimed(terminal)
    for number, days in enumerate((6, 1, 400), 1):
        said = terminal.ask("report_loss", report(visit, found.every, number=number, until=DAY + timedelta(days=days)))
        assert (said.status, said.reason) == ("refused", m.Reason.CONFLICT), days
    assert "lost" not in states(made).values()


@pytest.mark.parametrize("changes", [{"name": "李四"}, {"valid_to": "2031-03-13"}, {"id_number": "0" * 18}])
def test_a_document_that_claims_nothing_stops_nothing(terminal: Terminal, changes: dict[str, Any]) -> None:
    visit = terminal.visit()
    with pytest.raises(Said) as no:
        cards(terminal, visit, terminal.claim(visit, **changes).claim)
    assert no.value.problem.reason == m.Reason.UNKNOWN_CUSTOMER


def test_a_handle_is_good_in_its_own_visit_and_terminal_only(made: World, terminal: Terminal) -> None:
    visit, found = claimed(terminal)
    other = terminal.visit()
    terminal.claim(other, demo.WANG_WEI)
    said = terminal.ask("report_loss", report(other, found.every))
    assert (said.status, said.reason) == ("refused", m.Reason.UNKNOWN_CUSTOMER)
    claim = terminal.claim(visit).claim
    with pytest.raises(Said) as no:
        cards(terminal, other, claim)
    assert no.value.problem.reason == m.Reason.UNKNOWN_CUSTOMER
    with pytest.raises(Said) as foreign:
        made.terminal("VTM002").ask("report_loss", report(visit, found.every))
    assert foreign.value.problem.reason == "foreign"
    assert "lost" not in states(made).values()


def test_it_ends_after_its_last_day_and_not_before(made: World, terminal: Terminal) -> None:
    visit, found = claimed(terminal)
    terminal.ask("report_loss", report(visit, found.every))
    for _ in range(5):
        made.ledger.advance_accounting_date()
    assert "lost" in states(made).values()
    made.ledger.advance_accounting_date()
    assert "lost" not in states(made).values()
    assert states(made)[demo.CARDS[3].pan] == "blocked", "what the bank has stopped stays so"


def test_a_person_lifts_it_by_its_number_and_the_event_says_who(
    made: World, terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    visit, found = claimed(terminal)
    done = terminal.ask("report_loss", report(visit, found.every))
    config = made.settings.state / "branch.toml"
    config.write_text(f'[branch]\nstate = "{made.settings.state}"\n')
    words = ["loss", "lift", done.reference, "--by", "T0042", "--config", str(config)]
    assert branch_program.main(words) == 0
    assert "lost" not in states(made).values()
    assert branch_program.main(words) == 1, "there is nothing left to lift"
    assert "1 cards work again" in capsys.readouterr().out
    assert "T0042" in kinds(made)["loss.lifted"]["by"]


def kinds(made: World) -> dict[str, Any]:
    with made.db.read() as tx:
        return {row.kind: row.body for row in events_after(tx, 0)}


def test_its_event_names_nobody(made: World, terminal: Terminal) -> None:
    visit, found = claimed(terminal)
    terminal.ask("report_loss", report(visit, found.every))
    assert kinds(made)["loss-report.done"] == {
        "key": f"{visit}/001-loss-report",
        "code": "LOSS-TEMPORARY",
        "reason": None,
    }


def test_of_dated_rules_the_one_that_began_last_is_in_force(tmp_path: Path) -> None:
    one = {"from": date(2030, 1, 1), "days": 5, "source": "a"}
    two = {"from": date(2031, 1, 1), "days": 7, "source": "b"}
    rules = Rules({"temporary-loss-days": [two, one]})
    assert [rules.temporary_loss_days(date(year, 6, 1)) for year in (2030, 2031, 2032)] == [5, 7, 7]
    with pytest.raises(NoRule):
        rules.temporary_loss_days(date(2029, 12, 31))
    assert RULES.temporary_loss_days(DAY) == 5
    bad = tmp_path / "rules.toml"
    bad.write_text("[[temporary-loss-days]]\nfrom = 2030-01-01\ndays = 5\n")
    with pytest.raises(ValueError, match="source"):
        load(bad)
