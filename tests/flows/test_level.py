"""No flow runs for somebody whom it does not know well enough, and nothing moves without her own yes to exactly it."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from flows import screens as s
from flows.journal import Intent
from flows.menu import FLOWS, Flow, Now, page, run_flow
from flows.orders import about, order_facts
from flows.ports import Back, Chrome, Leave
from flows.session import Level, Session
from protocol import messages as m
from protocol.money import Money
from tests.flows.guest import Guest, menus_seen, with_guest
from tests.storm.machine import Machine

ORDER = m.TransferOrder(
    source="from",
    source_masked="6229 **** 0018",
    target="to",
    target_masked="6229 **** 0059",
    target_name="*敏",
    amount=12_345,
    fee=0,
)
BELOW = [(flow, level) for flow in FLOWS for level in Level if level < flow.level]


def session_of(machine: Machine, level: Level) -> Session:
    session = Session(machine.terminal, "VTM001-" + "0" * 32, level=level)
    machine.sessions.append(session)
    return session


@pytest.mark.parametrize(("flow", "level"), BELOW, ids=lambda one: one.id if isinstance(one, Flow) else one.name)
def test_no_flow_runs_below_its_level(tmp_path: Path, flow: Flow, level: Level) -> None:
    """Neither is it offered, nor does it ask anything of her or of the bank when it is run all the same."""

    async def story(machine: Machine, guest: Guest) -> None:
        session = session_of(machine, level)
        (offered,) = (one for one in page(session, Now(page=flow.group)).options if one.id == flow.id)
        assert offered.disabled
        with pytest.raises(AssertionError, match=flow.level.name):
            await run_flow(session, flow)
        assert not guest.met
        assert not machine.too_low

    with_guest(tmp_path, story)


def test_every_flow_on_the_menu_needs_somebody_who_is_known() -> None:
    """What a claim alone may do is named here first."""
    assert {flow.id for flow in FLOWS if flow.level < Level.CUSTOMER} == {"information", "loss", "scan"}


def test_a_document_alone_is_a_claim_and_opens_nothing(tmp_path: Path) -> None:
    """Somebody whom the bank does not know lays her card down: of the menu, only what is for anybody is open to her."""

    class Stranger(Guest):
        async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
            if isinstance(screen, s.Choose) and screen.key == "menu":
                assert machine_level() is Level.CLAIMED
                raise Leave
            if isinstance(screen, s.Prompt) and screen.picture is s.Picture.ID_CARD_LAY:
                await self.id_reader.act("lay", "smith")
                return await self._never()
            return await super().show(screen, chrome)

    held: list[Machine] = []

    def machine_level() -> Level:
        return held[0].sessions[-1].level

    async def story(machine: Machine, guest: Guest) -> None:
        held.append(machine)
        guest.__class__, guest.prefers = Stranger, "id-card"
        with menus_seen() as menus:
            await machine.visits(1)
        assert machine.endings == ["farewell"]
        assert menus
        assert {option.id for option in menus[0].options if not option.disabled} == {"information", "loss"}
        assert not machine.too_low

    with_guest(tmp_path, story)


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "source_masked": st.sampled_from(["6229 **** 0018", "6229 **** 0026"]),
        "target_masked": st.sampled_from(["6229 **** 0059", "6229 **** 0067"]),
        "target_name": st.sampled_from(["*敏", "*洋"]),
        "amount": st.integers(12_344, 12_346),
        "fee": st.integers(0, 1),
    },
)


@given(CHANGES)
def test_a_yes_fits_no_order_that_differs_in_anything_she_saw(change: dict[str, Any]) -> None:
    other = ORDER.model_copy(update=change)
    assert (order_facts(other) == order_facts(ORDER)) == (other == ORDER)


async def refuses(machine: Machine, consent: s.Confirmed) -> None:
    """Neither an intent nor a call comes of it."""

    async def act(intent: Intent) -> m.Posted:
        raise NotImplementedError(intent.key)

    session = session_of(machine, Level.CUSTOMER)
    with pytest.raises(AssertionError, match="did not confirm"):
        await session.effect("transfer", ORDER, consent, act)
    assert not await machine.journal.open_intents()
    assert not machine.journal.in_flight


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 12_346},
        {"fee": 1},
        {"target_name": "*洋"},
        {"target_masked": "x"},
        {"source_masked": "x"},
        {"target": "another who looks the same when masked"},
    ],
)
def test_a_yes_to_one_order_moves_no_other(tmp_path: Path, change: dict[str, Any]) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        other = ORDER.model_copy(update=change)
        await refuses(machine, s.Confirmed(order_facts(other), about(other)))
        await refuses(machine, s.Confirmed(()))

    with_guest(tmp_path, story)


def test_one_yes_moves_money_once(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        session, yes = session_of(machine, Level.CUSTOMER), s.Confirmed(order_facts(ORDER), about(ORDER))
        calls = 0

        async def act(intent: Intent) -> m.Posted:
            nonlocal calls
            calls += 1
            return m.Posted(key=intent.key, status="done", reference="R1", accounting_date=date(2031, 3, 14))

        await session.effect("transfer", ORDER, yes, act)
        with pytest.raises(AssertionError, match="used before"):
            await session.effect("transfer", ORDER, yes, act)
        assert calls == 1

    with_guest(tmp_path, story)


def stopped(folder: Path, answers: Callable[[Intent], Coroutine[Any, Any, m.Posted]]) -> list[str]:
    """Stop the program in mid-effect; the states of the key afterwards."""
    states: list[str] = []

    async def story(machine: Machine, guest: Guest) -> None:
        session = session_of(machine, Level.CUSTOMER)
        effect = asyncio.ensure_future(
            session.effect("transfer", ORDER, s.Confirmed(order_facts(ORDER), about(ORDER)), answers)
        )
        await asyncio.sleep(0.5)
        effect.cancel()
        await asyncio.gather(effect, return_exceptions=True)
        assert effect.cancelled()
        states.extend(await machine.journal.states(f"{session.visit}/001-transfer"))
        assert not machine.journal.in_flight

    with_guest(folder, story)
    return states


def test_an_effect_whose_visit_is_stopped_still_writes_its_ending(tmp_path: Path) -> None:
    async def slow(intent: Intent) -> m.Posted:
        await asyncio.sleep(10)
        return m.Posted.model_validate({"key": intent.key, "status": "done", "accounting_date": "2031-03-14"})

    assert stopped(tmp_path, slow) == ["intent", "done"]


def test_an_effect_whose_visit_is_stopped_and_that_is_never_answered_is_left_to_settle(tmp_path: Path) -> None:
    async def never(intent: Intent) -> m.Posted:
        await asyncio.sleep(10_000)
        raise AssertionError(intent.key)

    assert stopped(tmp_path, never) == ["intent"]


def test_going_back_asks_again_but_repeats_no_effect(tmp_path: Path) -> None:
    """She changes the amount twice before she says yes; after that there is no way back."""

    class Wavers(Guest):
        wavered = 0
        ways: list[tuple[str, str]] = []  # noqa: RUF012  one test, one guest

        async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
            self.ways.append((screen.key, chrome.back))
            if screen.key == "transfer.confirm" and self.wavered < 2:
                self.wavered += 1
                self.amount = Money(1000 + self.wavered)
                raise Back
            return await super().show(screen, chrome)

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__, guest.prefers, guest.amount = Wavers, "bank-card", Money(1000)
        before = machine.world.balances()
        await machine.visits(1)
        assert [key for key, _ in Wavers.ways].count("transfer.confirm") == 3
        assert guest.met.count("transfer.from") == 1, "what was answered before is not asked again"
        moved = [before[number] - now for number, now in machine.world.balances().items() if now < before[number]]
        assert moved == [1002], "only what she said yes to, once"
        after = Wavers.ways[[key for key, _ in Wavers.ways].index("transfer.done") :]
        assert not [key for key, back in after if back == "back" and key.startswith(("transfer", "receipt"))]

    with_guest(tmp_path, story)


@pytest.mark.parametrize("at", ["transfer.done", "receipt.how", "receipt.take"])
def test_a_way_back_after_the_effect_leads_to_the_menu_and_repeats_nothing(tmp_path: Path, at: str) -> None:
    """Even if a stage should offer one: the first effect ends "back"."""

    class Insists(Guest):
        insisted = False

        async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
            if screen.key == at and "transfer.done" in (*self.met, at) and not self.insisted:
                self.insisted = True
                raise Back
            return await super().show(screen, chrome)

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__, guest.prefers, guest.amount = Insists, "bank-card", Money(1000)
        before = machine.world.balances()
        await machine.visits(1)
        assert guest.met.count("transfer.confirm") == 1
        moved = [before[number] - now for number, now in machine.world.balances().items() if now < before[number]]
        assert moved == [1000]
        assert machine.endings == ["farewell"]

    with_guest(tmp_path, story)
