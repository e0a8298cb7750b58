"""Every Core keeps the contract: the ledger on both databases, directly and through HTTP, able to reverse or not."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from branch import demo
from branch.bank import contract
from branch.bank.core import Core, CoreOrder, CoreRefused, CoreUnavailable
from branch.bank.ledger import ReferenceLedger
from branch.bank.promise import Broken
from branch.bank.remote import RemoteCore
from protocol.messages import Reason
from tests.branch.real import ServedCore
from tests.branch.support import Clock, world

MakeCore = Callable[[bool], ReferenceLedger]
SUITE = tuple(dict.fromkeys(contract.ALWAYS + contract.WITH_REVERSALS + contract.WITHOUT_REVERSALS))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeCore]:
    folder: Path = tmp_path_factory.mktemp("core")
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
    engine = world(folder, url).db.engine
    yield lambda can_reverse: ReferenceLedger(engine, Clock(), can_reverse=can_reverse)
    engine.dispose()


@pytest.fixture(scope="module", params=["direct", "http"])
def reach(request: pytest.FixtureRequest) -> Iterator[Callable[[Core], Core]]:
    servers: list[ServedCore] = []

    def through_http(core: Core) -> Core:
        servers.append(ServedCore(core))
        return servers[-1].client

    yield through_http if request.param == "http" else lambda core: core
    for one in servers:
        one.stop()


@pytest.fixture(scope="module", params=[True, False], ids=["reverses", "cannot-reverse"])
def core(request: pytest.FixtureRequest, make: MakeCore, reach: Callable[[Core], Core]) -> Core:
    return reach(make(request.param))


@pytest.mark.parametrize("check", SUITE, ids=lambda check: check.__name__)
def test_the_core_keeps(check: contract.Check, core: Core) -> None:
    """Each sentence of the contract holds; of the two on reversals, the one that fits the core."""
    if check not in contract.checks(core):
        check = contract.an_unknown_key_is_barred
    check(contract.Bench(core, demo.SPECIMEN, lambda: f"CHECK-{uuid4().hex}/001-transfer"))


def test_the_books_balance_after_the_suite(make: MakeCore) -> None:
    assert make(True).balance_check() == []


def test_the_days_limit_cannot_be_used_twice_at_once(make: MakeCore) -> None:
    """Of four transfers at the same moment, each of more than half of what is left, exactly one goes through."""
    core = make(True)
    account = core.account(demo.SPECIMEN.source)
    assert account
    amount = account.limit_today // 2 + 1
    assert 2 * amount <= account.available, "it is the limit that must say no, not the balance"
    fee = core.fee(demo.SPECIMEN.source, demo.SPECIMEN.target, amount)
    order = CoreOrder(demo.SPECIMEN.source, demo.SPECIMEN.target, amount, fee, "TRF", "0001", "VTM001", "VTM", 1)
    keys = [f"CHECK-{uuid4().hex}/001-transfer" for _ in range(4)]
    gate = threading.Barrier(len(keys))

    def post(key: str) -> str:
        gate.wait(10)
        try:
            return core.post(key, order, pending=False).status
        except CoreRefused as no:
            return no.reason

    with ThreadPoolExecutor(len(keys)) as threads:
        said = list(threads.map(post, keys))
    assert sorted(said) == sorted(["done", *[Reason.LIMIT] * 3])
    core.reverse(keys[said.index("done")])
    assert core.account(demo.SPECIMEN.source) == account
    assert core.balance_check() == []


def test_without_the_right_token_the_core_does_not_answer(make: MakeCore) -> None:
    served = ServedCore(make(True), token="another one")
    try:
        with pytest.raises(CoreUnavailable):
            served.client.accounting_date()
    finally:
        served.stop()


def test_an_adapter_that_is_gone_is_unavailable_and_not_a_refusal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=2) as client, pytest.raises(CoreUnavailable):
        RemoteCore(client, "").reverse(f"CHECK-{uuid4().hex}/001-transfer")


def test_the_suite_finds_a_core_that_posts_twice(make: MakeCore) -> None:
    """The suite itself is worth something: a core that forgets its keys breaks it."""

    class Forgetful(ReferenceLedger):
        def post(self, key, order, *, pending):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return super().post(f"CHECK-{uuid4().hex}/001-transfer", order, pending=pending)

    core = Forgetful(make(True)._db.engine, Clock())
    with pytest.raises(Broken):
        contract.post_moves_once(contract.Bench(core, demo.SPECIMEN, lambda: f"CHECK-{uuid4().hex}/001-transfer"))
