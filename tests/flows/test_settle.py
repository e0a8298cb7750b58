"""settle(): the ending that each kind of intent gets when its own is missing, and when it is tried again."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from flows.journal import AlreadyWritten, Intent, Journal, Undo
from flows.ports import Away, Bank, Facts, Unreachable
from flows.settle import BACK_OFF, OUTAGE, ROUNDS, Settler
from kiosk.link import Link
from protocol import messages as m

VISIT = "VTM001-" + "0" * 32
ORDER: Facts = {"source": "handle", "amount": 100}


class Script(Link):
    """A bank that answers as written, and counts what it is asked."""

    def __init__(self) -> None:
        super().__init__(httpx.AsyncClient())
        self.endings: dict[str, m.Ending | Exception] = {}
        self.states: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.deaf_to: set[str] = set()
        self.cases: list[m.ManualCase] = []
        self.reports: list[m.UntoldEnding] = []
        self.meanwhile: Callable[[str], Coroutine[Any, Any, None]] | None = None

    async def reverse(self, key: str, reason: Literal["timeout", "customer", "card", "settle"]) -> m.Reversed:
        self.asked[f"reverse {key}"] += 1
        assert reason == "settle"
        if self.meanwhile:
            await self.meanwhile(key)
        said = self.endings.get(key, m.Ending.LATER)
        if isinstance(said, Exception):
            raise said
        return m.Reversed(key=key, ending=said)

    async def state(self, key: str) -> m.KeyState:
        self.asked[f"state {key}"] += 1
        return m.KeyState.model_validate({"key": key, "status": self.states[key]})

    async def manual_case(self, case: m.ManualCase) -> None:
        self.asked[f"case {case.key}"] += 1
        if case.key in self.deaf_to:
            raise Unreachable("case")
        self.cases.append(case)

    async def report_untold(self, ending: m.UntoldEnding) -> None:
        self.asked[f"report {ending.key}"] += 1
        if ending.key in self.deaf_to:
            raise Unreachable("report")
        self.reports.append(ending)


@dataclass
class Desk:
    """A journal, a scripted bank, and a clock in hand."""

    journal: Journal
    bank: Script = field(default_factory=Script)
    now: float = 1000.0
    settler: Settler = field(init=False)

    def __post_init__(self) -> None:
        self.settler = Settler(self.journal, self.bank, lambda: self.now)

    async def lost(self, step: str, undo: Undo = Undo.REVERSE) -> str:
        """An intent whose program has died."""
        made = await self.journal.intent(VISIT, step, undo, ORDER)
        self.journal.in_flight.clear()
        return made.key


def desk(path: Path, story: Callable[[Desk], Coroutine[Any, Any, None]]) -> None:
    """Run a story over a fresh journal."""

    async def inline(work: Callable[[], Any]) -> Any:
        return work()

    async def whole() -> None:
        d = Desk(Journal(str(path / "journal.db"), lambda: 1, inline))
        await story(d)
        d.journal.close()

    asyncio.run(whole())


@pytest.mark.parametrize(
    ("said", "ending"),
    [(m.Ending.REVERSED, "reversed"), (m.Ending.BARRED, "reversed"), (m.Ending.STANDS, "done")],
)
def test_a_posting_ends_as_its_reversal_found_it(tmp_path: Path, said: m.Ending, ending: str) -> None:
    async def story(d: Desk) -> None:
        key = await d.lost("transfer")
        d.bank.endings[key] = said
        await d.settler.settle()
        assert await d.journal.states(key) == ["intent", ending, "handed"]
        assert [(one.key, one.ending) for one in d.bank.reports] == [(key, ending)]
        assert not d.bank.cases, "no person is needed"
        await d.settler.settle()
        assert d.bank.asked[f"reverse {key}"] == 1, "what has ended is not asked for again"
        assert d.bank.asked[f"report {key}"] == 1

    desk(tmp_path, story)


@pytest.mark.parametrize("trouble", [m.Ending.LATER, Unreachable("down"), RuntimeError("anything at all")])
def test_six_rounds_that_wait_longer_and_longer_and_then_a_manual_case(
    tmp_path: Path, trouble: m.Ending | Exception
) -> None:
    """The waits are those of BACK_OFF: one moment earlier nothing is asked."""

    async def story(d: Desk) -> None:
        key = await d.lost("transfer")
        d.bank.endings[key] = trouble
        for done in range(1, ROUNDS + 1):
            await d.settler.settle()
            assert d.bank.asked[f"reverse {key}"] == done
            if done == ROUNDS:
                break
            assert await d.journal.states(key) == ["intent"], "not given up before the sixth round"
            d.now += BACK_OFF[done] - 0.01
            await d.settler.settle()
            assert d.bank.asked[f"reverse {key}"] == done, "asked before its time"
            d.now += 0.01
        assert await d.journal.states(key) == ["intent", "manual", "handed"]
        (case,) = d.bank.cases
        assert (case.key, case.order) == (key, ORDER)
        assert [one.ending for one in d.bank.reports] == ["manual"]
        d.now += 10_000
        await d.settler.settle()
        assert d.bank.asked[f"reverse {key}"] == ROUNDS, "a person has it now"

    desk(tmp_path, story)


def test_an_outage_makes_no_manual_case_until_it_has_lasted_a_day(tmp_path: Path) -> None:
    async def story(d: Desk) -> None:
        key = await d.lost("transfer")
        d.bank.endings[key] = Away("no line")
        begun, rounds = d.now, 0
        while d.now - begun < OUTAGE - BACK_OFF[-1]:
            await d.settler.settle()
            d.now += BACK_OFF[-1]
            rounds += 1
        assert rounds > 1000
        assert await d.journal.states(key) == ["intent"]
        d.bank.endings[key] = m.Ending.REVERSED
        await d.settler.settle()
        assert await d.journal.states(key) == ["intent", "reversed", "handed"]
        other = await d.lost("transfer")
        d.bank.endings[other] = Away("no line")
        await d.settler.settle()
        d.now += OUTAGE
        await d.settler.settle()
        assert await d.journal.states(other) == ["intent", "manual", "handed"]

    desk(tmp_path, story)


def test_the_six_rounds_are_those_of_the_house() -> None:
    """Each wait is longer than the one before."""
    assert ROUNDS == len(BACK_OFF) == 6
    assert list(BACK_OFF) == sorted(set(BACK_OFF))


def test_a_manual_case_is_handed_over_only_when_the_branch_has_it(tmp_path: Path) -> None:
    async def story(d: Desk) -> None:
        key = await d.lost("card-out", Undo.PERSON)
        d.bank.deaf_to.add(key)
        await d.settler.settle()
        assert await d.journal.states(key) == ["intent", "manual"], "nobody but a person knows: no round is tried"
        assert not d.bank.asked[f"reverse {key}"]
        await d.settler.settle()
        assert d.bank.asked[f"case {key}"] == 2, "not heard yet"
        d.bank.deaf_to.clear()
        await d.settler.settle()
        assert await d.journal.states(key) == ["intent", "manual", "handed"]
        assert [case.key for case in d.bank.cases] == [key]

    desk(tmp_path, story)


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        ("done", "done"),
        ("refused", "refused"),
        ("pending", "reversed"),
        ("unknown", "reversed"),
        ("barred", "reversed"),
    ],
)
def test_one_to_be_asked_about_keeps_a_known_ending_and_is_taken_back_else(
    tmp_path: Path, status: str, ending: str
) -> None:
    async def story(d: Desk) -> None:
        key = await d.lost("bill", Undo.ASK)
        d.bank.states[key], d.bank.endings[key] = status, m.Ending.BARRED
        await d.settler.settle()
        assert (await d.journal.states(key))[1] == ending
        assert bool(d.bank.asked[f"reverse {key}"]) == (status not in {"done", "refused"})

    desk(tmp_path, story)


def test_what_is_harmless_is_repeated_under_its_own_key_until_it_is_done(tmp_path: Path) -> None:
    said = ["later", "done"]
    repeated: list[tuple[str, Facts, int]] = []

    async def again(bank: Bank, intent: Intent) -> str:
        assert bank is not None
        repeated.append((intent.key, intent.order, intent.trace))
        return said.pop(0)

    async def story(d: Desk) -> None:
        d.settler.repeats = {"loss-report": again}
        key = await d.lost("loss-report", Undo.FINISH)
        await d.settler.settle()
        d.now += 5
        await d.settler.settle()
        assert repeated == [(key, ORDER, 1)] * 2
        assert (await d.journal.states(key))[1] == "done"
        assert not d.bank.asked[f"reverse {key}"]

    desk(tmp_path, story)


def test_one_failing_key_never_stops_the_next(tmp_path: Path) -> None:
    """Neither its ending nor its report."""

    async def story(d: Desk) -> None:
        first, second, third = [await d.lost("transfer") for _ in range(3)]
        d.bank.endings |= {first: RuntimeError("no"), second: m.Ending.BARRED, third: m.Ending.STANDS}
        d.bank.deaf_to.add(second)
        await d.settler.settle()
        assert await d.journal.states(first) == ["intent"]
        assert await d.journal.states(second) == ["intent", "reversed"]
        assert await d.journal.states(third) == ["intent", "done", "handed"]

    desk(tmp_path, story)


def test_a_key_in_flight_is_left_to_its_flow(tmp_path: Path) -> None:
    async def story(d: Desk) -> None:
        intent = await d.journal.intent(VISIT, "transfer", Undo.REVERSE, ORDER)
        d.bank.endings[intent.key] = m.Ending.BARRED
        await d.settler.settle()
        assert not d.bank.asked
        d.journal.in_flight.discard(intent.key)
        await d.settler.settle()
        assert (await d.journal.states(intent.key))[1] == "reversed"

    desk(tmp_path, story)


def test_an_ending_that_the_flow_wrote_meanwhile_stands(tmp_path: Path) -> None:
    """No lock is held across the call, so it may happen; the first ending is the ending."""

    async def story(d: Desk) -> None:
        key = await d.lost("transfer")
        d.bank.endings[key] = m.Ending.BARRED

        async def meanwhile(asked: str) -> None:
            await d.journal.write(asked, "refused", {})

        d.bank.meanwhile = meanwhile
        await d.settler.settle()
        assert await d.journal.states(key) == ["intent", "refused", "handed"]

    desk(tmp_path, story)


def test_who_still_stands_there_is_told_by_her_own_flow(tmp_path: Path) -> None:
    async def story(d: Desk) -> None:
        d.journal.present.add(VISIT)
        key = await d.lost("transfer")
        d.bank.endings[key] = m.Ending.BARRED
        await d.settler.settle()
        assert await d.journal.states(key) == ["intent", "reversed"], "she may be told yet"
        d.journal.present.clear()
        await d.settler.settle()
        assert await d.journal.states(key) == ["intent", "reversed", "handed"]

    desk(tmp_path, story)


def test_what_she_was_told_is_not_handed_over(tmp_path: Path) -> None:
    async def story(d: Desk) -> None:
        key = await d.lost("transfer")
        await d.journal.write(key, "done", {})
        await d.journal.write(key, "told", {})
        await d.settler.settle()
        assert not d.bank.asked
        with pytest.raises(AlreadyWritten):
            await d.journal.write(key, "reversed", {})

    desk(tmp_path, story)


def test_a_restart_begins_its_rounds_anew(tmp_path: Path) -> None:
    """Nothing but the journal outlives the program; the key is asked for again at once."""

    async def story(d: Desk) -> None:
        key = await d.lost("transfer")
        for _ in range(ROUNDS - 1):
            await d.settler.settle()
            d.now += 100
        reborn = Settler(d.journal, d.bank, lambda: d.now)
        await reborn.settle()
        assert await d.journal.states(key) == ["intent"]
        assert d.bank.asked[f"reverse {key}"] == ROUNDS

    desk(tmp_path, story)
