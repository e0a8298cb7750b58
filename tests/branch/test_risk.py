"""The watch over fraud: a warning with a pause, a person first for some, and nothing at all for a listed account."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from branch import demo
from branch.__main__ import main
from branch.bank.risk import RiskOrder, RuleRisk, Sent, age
from branch.rules import RULES, Rules
from branch.store.outbox import events_after
from branch.terminal import transfer
from protocol import messages as m
from protocol.messages import Reason
from tests.branch.outside import MUTE, ZHAO, Sender
from tests.branch.support import DAY, Terminal, World, world

NOW = 10**12
ORDER = RiskOrder("C", 40, "901:1", 500_000, True, DAY, NOW)
"""Somebody of forty, and a large amount for somebody new."""


@pytest.mark.parametrize(
    ("change", "verdict", "reason"),
    [
        ({}, "warn", "new-payee"),
        ({"amount": 499_999}, "ok", ""),
        ({"new_payee": False}, "ok", ""),
        ({"age": 64}, "warn", "new-payee"),
        ({"age": 65}, "person", "new-payee"),
        ({"age": 65, "new_payee": False}, "ok", ""),
        ({"age": None}, "warn", "new-payee"),
        ({"payee": "bad", "amount": 1}, "refuse", "listed"),
    ],
)
def test_the_verdict_follows_the_rule_of_the_day(change: dict[str, Any], verdict: str, reason: str) -> None:
    listed = Rules({"risk": [{**RULES.on("risk", DAY), "listed": ["bad"]}]})
    said = RuleRisk(listed).judge(replace(ORDER, **change))
    assert (said.verdict, said.reason) == (verdict, reason)
    assert said.pause == (RULES.on("risk", DAY)["pause_seconds"] if verdict in {"warn", "person"} else 0)


@pytest.mark.parametrize(("minutes", "others", "verdict"), [(59, 3, "warn"), (61, 3, "ok"), (59, 2, "ok")])
def test_several_payees_in_a_short_time_are_a_warning(minutes: int, others: int, verdict: str) -> None:
    before = tuple(Sent(f"p{n}", NOW - minutes * 60_000) for n in range(others))
    order = replace(ORDER, new_payee=False, amount=100_000, before=before)
    assert RuleRisk().judge(order).verdict == verdict
    assert RuleRisk().judge(replace(order, payee="p1")).verdict == "ok"
    assert RuleRisk().judge(replace(order, amount=99_999)).verdict == "ok"


def test_the_age_is_whole_years_on_the_day_and_none_where_no_birthday_stands() -> None:
    born = "110105194912310023"
    assert [age(born, day) for day in (date(2014, 12, 30), date(2014, 12, 31), date(2015, 1, 1))] == [64, 65, 65]
    assert age("911840", DAY) is None
    assert age("91184019800199X", DAY) is None


@pytest.fixture
def made(tmp_path: Path) -> World:
    return world(tmp_path)


@pytest.fixture
def vtm(made: World) -> Terminal:
    return made.terminal()


def spoken(made: World, vtm: Terminal, visit: str) -> None:
    """Somebody at the branch has spoken with her, by the command."""
    called = vtm.ask("call_help", {"visit": visit, "screen": "risk", "language": "zh"})
    config = made.settings.state / "branch.toml"
    config.write_text(f'[branch]\nstate = "{made.settings.state}"\n')
    number = str(called.number)
    assert main(["help", "release", "999", "--by", "S1", "--config", str(config)]) == 1
    assert main(["help", "release", number, "--by", "S1", "--config", str(config)]) == 0
    with made.db.read() as tx:
        (told,) = [row for row in events_after(tx, 0, 1_000) if row.kind == "help.released"]
    assert (told.visit, told.body) == (visit, {"number": called.number, "by": "S1"})


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, made: World) -> None:
    """The command's clock is the world's."""
    monkeypatch.setattr("branch.build.utc_ms", made.clock)


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("outside", [True, False])
def test_who_is_old_speaks_with_a_person_before_it_goes_on_and_the_branch_sees_to_that(
    made: World, vtm: Terminal, monkeypatch: pytest.MonkeyPatch, *, outside: bool
) -> None:
    monkeypatch.setattr("branch.__main__.open_database", lambda _: made.db)
    li = Sender(vtm)
    li.steps_up()
    to = demo.PEOPLE[3].accounts[0][0]

    def ends() -> m.Posted:
        if outside:
            return li.sends(500_000)[1]
        posted: m.Posted = vtm.ask("transfer", vtm.post(li.visit, li.customer, vtm.order(li.customer, to, 500_000)))
        return posted

    def verdict() -> m.Risk:
        if outside:
            return li.price(li.payee(), 500_000).risk
        order = vtm.order(li.customer, to, 500_000).model_dump(mode="json")
        quote: m.Quote = vtm.ask("quote", {"customer": li.customer, "order": order})
        return quote.risk

    assert (verdict().verdict, verdict().reason) == ("person", "new-payee")
    said = ends()
    assert (said.status, said.reason) == ("refused", Reason.PERSON)
    spoken(made, vtm, li.visit)
    assert (verdict().verdict, verdict().pause > 0) == ("warn", True)
    assert ends().status == "done"
    other = Sender(vtm)
    other.steps_up()
    assert other.price(other.payee(MUTE), 500_000).risk.verdict == "person"


def test_a_listed_account_gets_nothing_and_nobody_can_talk_it_through(made: World, vtm: Terminal) -> None:
    rule = {**RULES.on("risk", DAY), "listed": [f"{ZHAO[0]}:{ZHAO[1]}"]}
    branch = replace(made.branch, risk=RuleRisk(Rules({"risk": [rule]})))
    li = Sender(vtm)
    li.steps_up()
    post = li.remit(li.order(100))
    said = transfer.transfer(branch, vtm.name, post)
    assert (said.status, said.reason) == ("refused", Reason.RISK)


def test_her_own_account_and_small_sums_meet_no_warning(made: World, vtm: Terminal) -> None:
    li = Sender(vtm)
    own = vtm.order(li.customer, demo.LI_NA.accounts[1][0], 3_000_000).model_dump(mode="json")
    assert vtm.ask("quote", {"customer": li.customer, "order": own}).risk == m.Risk()
    assert li.price(li.payee(), 1_000).risk == m.Risk()
