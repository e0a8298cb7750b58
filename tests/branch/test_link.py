"""The link: Hello first and at every change, one line a terminal, nonsense ends it."""

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
import websockets

from branch import link as hub_module
from branch.bank.core import CoreUnavailable
from branch.link import NONSENSE, SUPERSEDED, Hub
from branch.serving import inline
from branch.store import terminals
from protocol.calls import LINK
from protocol.messages import Hello
from tests.branch.real import RealBranch, code_of, real_branch
from tests.branch.support import DAY, World, world

Link = websockets.ClientConnection


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBranch]:
    with real_branch(tmp_path_factory.mktemp("branch")) as one:
        yield one


async def hello(link: Link) -> Hello:
    return Hello.model_validate_json(await link.recv())


def test_the_first_word_of_the_branch_is_who_it_is_and_which_day_it_has(branch: RealBranch) -> None:
    said = branch.on_link(branch.enrol("HELLO1"), hello)
    today = branch.world.ledger.accounting_date()
    expected = Hello(bank="Demo Bank", branch="0001", terminal="HELLO1", accounting_date=today, in_service=True)
    assert said == expected


def test_a_cut_over_is_told_on_every_link_that_stands(branch: RealBranch) -> None:
    async def cut_over(link: Link) -> tuple[date, date]:
        before = await hello(link)
        await asyncio.to_thread(branch.world.ledger.advance_accounting_date)
        return before.accounting_date, (await hello(link)).accounting_date

    before, after = branch.on_link(branch.enrol("CUT1"), cut_over)
    assert (after - before).days == 1


def test_a_sign_of_life_is_kept(branch: RealBranch) -> None:
    async def beat(link: Link) -> str | None:
        await hello(link)
        await link.send(json.dumps({"state": "visit", "devices": {"printer": "ok"}}))
        for _ in range(100):
            await asyncio.sleep(0.02)
            with branch.world.db.read() as tx:
                said = {row.id: row.said for row in terminals.every(tx)}["BEAT1"]
            if said is not None:
                return str(said)
        return None

    assert branch.on_link(branch.enrol("BEAT1"), beat) == "visit"


@pytest.mark.parametrize(
    "sent", ["", "{}", '{"state": "asleep"}', '{"state": "ready", "pan": "6229990100000001239"}', b"ready"]
)
def test_nonsense_ends_the_link(branch: RealBranch, sent: str | bytes) -> None:
    async def talk(link: Link) -> int | None:
        await hello(link)
        await link.send(sent)
        return await code_of(link)

    assert branch.on_link(branch.enrol("TALK1"), talk) == NONSENSE


def test_a_message_of_more_than_16_kib_ends_the_link(branch: RealBranch) -> None:
    async def talk(link: Link) -> int | None:
        await hello(link)
        await link.send(json.dumps({"state": "ready", "devices": {"x": "y" * 20_000}}))
        return await code_of(link)

    assert branch.on_link(branch.enrol("BIG1"), talk) == 1009


def test_a_terminals_second_link_takes_the_place_of_its_first(branch: RealBranch) -> None:
    context = branch.enrol("TWICE1")

    async def again(first: Link) -> int | None:
        await hello(first)
        async with websockets.connect(f"wss://127.0.0.1:{branch.port}{LINK}", ssl=context) as second:
            await hello(second)
            code = await code_of(first)
            await second.send('{"state": "ready"}')
            await (await second.ping())
            return code

    assert branch.on_link(context, again) == SUPERSEDED


# --- the hub by itself


class Wire:
    """A socket in memory: what was said on it, and whether it is closed. `deaf`: closing it takes for ever."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.said: list[Hello] = []
        self.code: int | None = None
        self.closing, self.ended, self._deaf = asyncio.Event(), asyncio.Event(), deaf

    async def accept(self) -> None:
        return None

    async def send_text(self, text: str) -> None:
        self.said.append(Hello.model_validate_json(text))

    async def close(self, code: int) -> None:
        self.closing.set()
        if self._deaf:
            await asyncio.Event().wait()
        self.code = code
        self.ended.set()

    async def receive_text(self) -> str:
        await self.ended.wait()
        raise RuntimeError("not connected")


class Away:
    """A core that is there or not, or does not come to an answer."""

    def __init__(self, world_: World) -> None:
        self._core, self.here = world_.ledger, True

    def accounting_date(self) -> date:
        if not self.here:
            raise CoreUnavailable("away")
        return self._core.accounting_date()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("hub"))


def hub_over(made: World) -> tuple[Hub, Away]:
    core = Away(made)
    return Hub(replace(made.branch, core=core), inline), core  # type: ignore[arg-type]


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_while_the_core_is_away_the_branch_says_that_it_is_out_of_service_and_later_that_it_is_back(
    made: World,
) -> None:
    fingerprint = made.terminal("AWAY1").fingerprint

    async def go() -> list[tuple[bool, date]]:
        (hub, core), wire = hub_over(made), Wire()
        line = asyncio.create_task(hub.serve(wire, fingerprint))  # type: ignore[arg-type]
        await settled()
        for here in (False, False, True, True):
            core.here = here
            await hub.tell()
        await wire.close(1000)
        await line
        return [(one.in_service, one.accounting_date) for one in wire.said]

    assert asyncio.run(go()) == [(True, DAY), (False, DAY), (True, DAY)]


def test_nothing_is_said_before_the_core_has_told_its_date(made: World) -> None:
    fingerprint = made.terminal("MUTE1").fingerprint

    async def go() -> tuple[int, int]:
        (hub, core), wire = hub_over(made), Wire()
        core.here = False
        line = asyncio.create_task(hub.serve(wire, fingerprint))  # type: ignore[arg-type]
        await settled()
        before = len(wire.said)
        core.here = True
        await hub.tell()
        await wire.close(1000)
        await line
        return before, len(wire.said)

    assert asyncio.run(go()) == (0, 1)


def test_two_links_of_one_terminal_that_come_at_once_leave_one_and_none_escapes_revocation(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the link before them does not let itself be closed."""
    fingerprint = made.terminal("RACE1").fingerprint
    monkeypatch.setattr(hub_module, "SEND_SECONDS", 0.05)

    async def go() -> list[int | None]:
        hub, _ = hub_over(made)
        deaf, one, two = Wire(deaf=True), Wire(), Wire()
        lines = [asyncio.create_task(hub.serve(deaf, fingerprint))]  # type: ignore[arg-type]
        await settled()
        lines += [asyncio.create_task(hub.serve(wire, fingerprint)) for wire in (one, two)]  # type: ignore[arg-type]
        await asyncio.wait_for(deaf.closing.wait(), 5)
        await settled()
        with made.db.write() as tx:
            terminals.revoke(tx, "RACE1")
        await hub.expel()
        deaf.ended.set()
        await asyncio.wait_for(asyncio.gather(*lines), 5)
        return [one.code, two.code]

    codes = asyncio.run(go())
    assert sorted(codes, key=str) == [4403, 4409]


def test_a_core_that_does_not_come_to_an_answer_delays_no_revocation(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprint = made.terminal("SLOW1").fingerprint
    monkeypatch.setattr(hub_module, "LOOK_SECONDS", 0.01)
    answer = threading.Event()

    async def go() -> int | None:
        (hub, core), wire = hub_over(made), Wire()
        line = asyncio.create_task(hub.serve(wire, fingerprint))  # type: ignore[arg-type]
        await settled()
        assert len(wire.said) == 1

        async def in_threads(work):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return await asyncio.to_thread(work)

        hub._run = in_threads
        monkeypatch.setattr(core, "accounting_date", lambda: answer.wait(10) and DAY)
        watch = asyncio.create_task(hub.watch())
        await asyncio.sleep(0.1)
        with made.db.write() as tx:
            terminals.revoke(tx, "SLOW1")
        await asyncio.wait_for(wire.ended.wait(), 5)
        watch.cancel()
        answer.set()
        await asyncio.gather(watch, line, return_exceptions=True)
        return wire.code

    assert asyncio.run(go()) == 4403
