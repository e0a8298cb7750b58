"""Whole visits in bad weather, judged from outside: by the books, the journal, and what the customer was told."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from protocol.calls import PATHS
from tests.storm.inspector import Written
from tests.storm.loop import StormLoop
from tests.storm.machine import Machine
from tests.storm.storms import KINDS, Result, Storm, blow, blow_all, shrunk
from tests.storm.verdict import judge
from tests.storm.weather import Weather

__all__ = ["judge"]

pytestmark = pytest.mark.timeout(600)
STORMS = 56
VISITS = 2000
NEEDED = (
    "with a fee",
    "torn writes",
    "reversal stands",
    "settled manual",
    "Tell untold.done",
    "Tell untold.manual",
    *(f"weather {fate}" for fate in (*Weather.FATES, "outage", "cut-over", "post-after-reverse")),
    *(f"cut {when}" for when in ("before", "after", "torn")),
    *(f"visit {how}" for how in ("farewell", "left", "idle", "card-pulled", "second-id-card", "nobody", "power-cut")),
    *(f"reversal {found}" for found in ("reversed", "barred")),
    *(f"ended {state}" for state in ("done", "refused")),
    "settled reversed",
    "settled done",
    "settled refused",
    "weather tampered",
    "two terminals at once",
    *(f"undo {undo}" for undo in ("reverse", "ask", "person")),
    *(f"paper {what}" for what in ("original", "in doubt", "copy", "no paper")),
    *(f"Tell transfer.{said}" for said in ("done", "refused", "unsure")),
    "Tell untold.reversed",
    "Choose identify.wrong-pin",
    "Choose help.called",
    *(f"Tell interbank.{said}" for said in ("done", "later", "refused", "unsure")),
    *(f"Tell untold.interbank.{said}" for said in ("done", "reversed", "returned", "due")),
    "Tell cancel.done",
    "Tell risk.stopped",
    *(f"Tell {key}" for key in ("help.unreachable", "stopped.unreachable")),
    *(f"mood {mood}" for mood in ("walks-away", "back", "leave", "help", "language", "pulls-card", "wrong-pin")),
)
"""What the storms of the suite must have met, to have proved anything."""
CALLS = (
    *("claim", "authorise_card", "authorise_document", "confirm_customer", "sign_out", "accounts", "recent_payees"),
    *("payee", "quote", "transfer", "card_said", "reverse", "state", "untold", "told", "report_untold", "manual_case"),
)
"""What a visit with a transfer asks of the branch, and what comes after it."""
BEFORE_MONEY = {"identify.how", "pin.enter", "menu", "transfer.from", "transfer.to", "transfer.amount"}
BEFORE_MONEY |= {"transfer.confirm", "transfer.done", "transfer.unsure"}
FAULTS = {
    "card-reader": ("deaf", "garbled", "mute"),
    "id-reader": ("deaf", "garbled", "slow"),
    "pin-pad": ("deaf", "garbled", "slow"),
}


def test_on_a_calm_day_every_visit_ends_in_farewell_and_every_transfer_is_done(tmp_path: Path) -> None:
    machine = Machine(tmp_path, 1, 0.0, 0.0, moods=False)

    async def story() -> None:
        await machine.power_up()
        await machine.visits(10)
        await machine.calm()
        await judge(machine)

    with asyncio.Runner(loop_factory=StormLoop) as runner:
        runner.run(story())
    assert machine.endings == ["farewell"] * 10
    assert machine.person.seen["Tell transfer.done"] == 10


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """Storms of every kind."""
    return list(blow_all(Storm(seed) for seed in range(2, 2 + STORMS)))


def test_in_a_storm_money_moves_once_iff_told_so_and_every_intent_ends_once(results: list[Result]) -> None:
    broken = [result for result in results if result.broken]
    assert not broken, "\n".join(f"{one.broken}\nrepeat it: {one.storm.command}" for one in broken[:3])
    assert sum(result.visits for result in results) >= VISITS


def test_the_storms_of_the_suite_were_storms(results: list[Result]) -> None:
    """Each is judged by itself, and together they have met what can be met."""
    met: Counter[str] = Counter()
    for result in results:
        met += result.met
    print(*(f"{count:5d} {what}" for what, count in sorted(met.items())), sep="\n")  # noqa: T201  what they were made of
    assert not [needed for needed in NEEDED if not met[needed]], met
    assert met["ended done"] >= 200
    assert {result.storm.kind for result in results} == {kind for kind, _ in KINDS}


def test_every_fault_of_the_line_met_every_call_of_a_visit_and_of_settling(results: list[Result]) -> None:
    met = _pairs(results)
    wanted = [(fate, PATHS[name].path) for fate in Weather.FATES for name in CALLS]
    assert not [pair for pair in wanted if not met[pair]]


def test_every_trouble_at_the_machine_met_many_steps(results: list[Result]) -> None:
    met = _pairs(results)
    for when in ("before", "after", "torn"):
        steps = {step for fault, step in met if fault == f"power cut {when}"}
        assert steps >= {"read", "intent"}, when
        assert len(steps) >= 3, (when, steps)  # around each row there is: test_every_write
    assert {step for fault, step in met if fault == "walks-away"} >= BEFORE_MONEY
    assert {step for fault, step in met if fault == "help"} >= BEFORE_MONEY
    for device, faults in FAULTS.items():
        for fault in faults:
            assert len({step for name, step in met if name == f"{device} {fault}"}) >= 6, (device, fault)


def _pairs(results: list[Result]) -> Counter[tuple[str, str]]:
    met: Counter[tuple[str, str]] = Counter()
    for result in results:
        met += result.pairs
    return met


@pytest.mark.parametrize("seed", [3, 5])
def test_the_same_seed_gives_the_same_storm(seed: int) -> None:
    one, again = blow(Storm(seed, 20)), blow(Storm(seed, 20))
    assert (one.met, one.pairs, one.visits) == (again.met, again.pairs, again.visits)


def test_a_storm_that_breaks_something_is_made_smaller_and_still_breaks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A branch that loses a penny at each fee: found, with no more visits than it takes to see it."""
    whole = Storm(2, 24)
    monkeypatch.setattr("tests.storm.inspector.judge_money", _no_fees)
    found = shrunk(whole)
    assert blow(found).broken
    assert found.visits < whole.visits
    assert not blow(Storm(found.seed, found.visits - 1, found.without)).broken


def _no_fees(core: object, written: Written, before: object, after: object) -> None:
    """A verdict that does not hold as soon as an order has a fee."""
    assert not [body for body in written.intents.values() if body["order"].get("fee")]
