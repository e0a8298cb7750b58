"""Every reply that is not 2xx is a Problem; neither it nor the log repeats what was sent."""

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic.json_schema import JsonSchemaMode

from branch import serving
from branch.bank.core import CoreUnavailable
from branch.serving import BODY, Pool, Trouble
from branch.terminal import money
from protocol.calls import OPENAPI, PATHS
from protocol.messages import Message, Problem
from tests.branch.real import RealBranch, real_branch
from tests.branch.support import Terminal, World, world

PAN, NAME = "6229990100000001239", "李娜"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("problems"))


@pytest.fixture(scope="module")
def vtm(made: World) -> Terminal:
    return made.terminal()


def is_silent(content: bytes, log: pytest.LogCaptureFixture) -> Problem:
    """The Problem, in which nothing of what was sent stands; nor does it in the log."""
    problem = Problem.model_validate_json(content)
    for words in (content.decode(), log.text, *(str(one.args) for one in log.records)):
        assert PAN not in words
        assert NAME not in words
        assert NAME.encode("unicode_escape").decode() not in words
    return problem


def nested(depth: int) -> Any:
    return PAN if depth == 0 else [nested(depth - 1)]


WRONG: dict[str, Any] = {
    "in a field that is none": {PAN: PAN, NAME: NAME},
    "in every field": None,
    "nested": {"visit": {PAN: NAME}, "order": {PAN: [PAN]}, "document": {"id_number": {NAME: PAN}}, "key": nested(40)},
    "as the whole body": PAN,
    "in a list": [PAN, NAME],
}


@pytest.mark.parametrize("how", WRONG)
@pytest.mark.parametrize("name", PATHS)
def test_a_number_or_name_in_the_wrong_place_comes_back_nowhere(
    vtm: Terminal, caplog: pytest.LogCaptureFixture, name: str, how: str
) -> None:
    caplog.set_level(logging.DEBUG)
    fields = PATHS[name].request.model_fields
    body = {field: [PAN, NAME] for field in fields} | {"extra": PAN} if how == "in every field" else WRONG[how]
    status, content = vtm.raw(PATHS[name].path, json.dumps(body).encode())
    assert status == 422
    assert is_silent(content, caplog).reason == "invalid"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b"\xff\xfe", PAN.encode(), f'{{"visit": "{PAN}'.encode(), b'"\\ud800"', b"[" * 5_000]
)
def test_a_body_that_is_no_json_is_a_problem(vtm: Terminal, caplog: pytest.LogCaptureFixture, body: bytes) -> None:
    caplog.set_level(logging.DEBUG)
    status, content = vtm.raw(PATHS["claim"].path, body)
    assert status in {400, 422}
    is_silent(content, caplog)


def claim(vtm: Terminal, **changes: Any) -> bytes:
    document = {"kind": "resident", "id_number": PAN, "name": NAME, **changes}
    return json.dumps({"visit": vtm.visit(), "document": document}).encode()


def test_a_fault_of_ours_is_told_by_kind_and_place_and_without_a_word_of_the_customers(
    made: World, vtm: Terminal, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(number: str) -> None:
        raise KeyError(f"{number} {NAME}")

    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(made.ledger, "customer", faulty)
    status, content = vtm.raw(PATHS["claim"].path, claim(vtm))
    problem = is_silent(content, caplog)
    assert (status, problem.reason, problem.detail) == (500, "fault", "a fault of ours: KeyError")
    assert "KeyError at test_problems.py" in caplog.text


def test_a_reply_of_ours_that_is_not_the_protocols_is_a_fault_and_not_sent(
    made: World, vtm: Terminal, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    customer = vtm.by_document(vtm.visit()).customer
    monkeypatch.setattr(money, "mask_account", lambda _: {PAN: NAME})
    status, content = vtm.raw(PATHS["accounts"].path, json.dumps({"customer": customer}).encode())
    assert (status, is_silent(content, caplog).reason) == (500, "fault")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_value_that_no_database_can_keep_is_the_senders_mistake_and_no_outage(
    request: pytest.FixtureRequest, tmp_path: Any, caplog: pytest.LogCaptureFixture, database: str
) -> None:
    """A zero character, a number beyond 64 bits: 422, on either database."""
    caplog.set_level(logging.DEBUG)
    url = "" if database == "sqlite" else request.getfixturevalue("postgres").new_database()
    vtm = world(tmp_path, url).terminal()
    for changes in ({"name": f"{NAME}\x00"}, {"id_number": f"{PAN}\x00"}):
        status, content = vtm.raw(PATHS["claim"].path, claim(vtm, **changes))
        assert (status, is_silent(content, caplog).reason) == (422, "invalid")
    visit = vtm.visit()
    customer = vtm.by_document(visit).customer
    post = vtm.post(visit, customer, vtm.order(customer, "6229990900000000034", 100)).model_dump(mode="json")
    for more in ({"trace": 2**63}, {"trace": 10**400}, {"customer": "\x00"}):
        status, content = vtm.raw(PATHS["transfer"].path, json.dumps({**post, **more}).encode())
        assert (status, is_silent(content, caplog).reason) == (422, "invalid"), more
    vtm.world.db.engine.dispose()


def test_a_core_or_database_that_is_away_is_503_and_says_who_can_mend_it(
    made: World, vtm: Terminal, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    caplog.set_level(logging.DEBUG)

    def away(_: str) -> None:
        raise CoreUnavailable(f"{PAN} {NAME}")

    with monkeypatch.context() as patch:
        patch.setattr(made.ledger, "customer", away)
        status, content = vtm.raw(PATHS["claim"].path, claim(vtm))
        assert (status, is_silent(content, caplog).reason) == (503, "unavailable")
    other = world(tmp_path)
    lone = other.terminal()
    with other.db.write() as tx:
        tx.exec_driver_sql("alter table claims rename to gone")
    status, content = lone.raw(PATHS["claim"].path, claim(lone))
    assert (status, is_silent(content, caplog).reason) == (503, "database")
    assert "OperationalError" in caplog.text


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/v1/claim", 405), ("POST", f"/v1/{PAN}", 404)])
def test_what_is_no_call_is_a_problem_too(
    made: World, caplog: pytest.LogCaptureFixture, method: str, path: str, status: int
) -> None:
    caplog.set_level(logging.DEBUG, "branch")

    async def go() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(made.app), base_url="http://branch") as client:
            return await client.request(method, path)

    answer = asyncio.run(go())
    assert answer.status_code == status
    assert PAN not in answer.text
    assert Problem.model_validate_json(answer.content).detail == "no such call"


def test_one_call_too_many_is_turned_away_at_once() -> None:
    async def go() -> str:
        pool = Pool(1, 0)
        gate = asyncio.Event()
        loop = asyncio.get_running_loop()
        first = asyncio.create_task(pool(lambda: asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(10)))
        await asyncio.sleep(0)
        with pytest.raises(Trouble) as why:
            await pool(lambda: None)
        gate.set()
        await first
        await pool(lambda: None)
        pool.close()
        return why.value.reason

    assert asyncio.run(go()) == "busy"


# --- large and slow bodies, over the real server


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBranch]:
    with real_branch(tmp_path_factory.mktemp("branch")) as one:
        yield one


@pytest.fixture(scope="module")
def line(branch: RealBranch) -> Iterator[httpx.Client]:
    with branch.client(branch.enrol("LARGE1")) as client:
        yield client


@pytest.mark.parametrize("chunked", [False, True], ids=["with-length", "chunked"])
@pytest.mark.parametrize(("size", "status"), [(BODY, 422), (BODY + 1, 413), (BODY * 12, 413)])
def test_a_body_over_64_kib_is_turned_away_with_a_problem(
    line: httpx.Client, size: int, status: int, *, chunked: bool
) -> None:
    body = b'{"x": "' + b"y" * (size - 9) + b'"}'
    assert len(body) == size
    content = iter([body[: size // 2], body[size // 2 :]]) if chunked else body
    answer = line.post(PATHS["rate"].path, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert Problem.model_validate_json(answer.content).reason == ("too-large" if status == 413 else "invalid")
    assert line.post(PATHS["pad_keys"].path, json={}).status_code == 200


def test_a_body_that_does_not_come_is_waited_for_only_so_long(
    branch: RealBranch, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    monkeypatch.setattr(serving, "BODY_SECONDS", 0.2)
    with (
        socket.create_connection(("127.0.0.1", branch.port), timeout=10) as raw,
        branch.trust().wrap_socket(raw, server_hostname="127.0.0.1") as tls,
    ):
        tls.sendall(b"POST /v1/enrol HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{")
        assert tls.recv(4096).startswith(b"HTTP/1.1 408 ")


# --- the description


@pytest.fixture(scope="module")
def described(made: World) -> dict[str, Any]:
    async def go() -> dict[str, Any]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(made.app), base_url="http://branch") as client:
            found: dict[str, Any] = (await client.get(OPENAPI)).json()
            return found

    return asyncio.run(go())


def schema_of(described: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """A message's schema, with what it refers to."""
    return {**content["content"]["application/json"]["schema"], "components": described["components"]}


@pytest.mark.parametrize("name", PATHS)
def test_the_description_lists_every_call_and_what_it_can_answer(described: dict[str, Any], name: str) -> None:
    """Its message, its reply, and a Problem for everything else: no other shape is ever promised."""
    call = PATHS[name]
    post = described["paths"][call.path]["post"]
    assert post["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith(f"/{call.reply.__name__}")
    assert schema_of(described, post["requestBody"])["$ref"].endswith(f"/{call.request.__name__}")
    others = {status: one for status, one in post["responses"].items() if status != "200"}
    assert {"403", "409", "413", "422", "503"} <= set(others)
    assert all(schema_of(described, one)["$ref"].endswith("/Problem") for one in others.values())


def without_nulls(shape: Any) -> Any:
    """A schema without defaults that are null, as FastAPI writes it."""
    if isinstance(shape, dict):
        return {name: without_nulls(value) for name, value in shape.items() if value is not None}
    return [without_nulls(one) for one in shape] if isinstance(shape, list) else shape


@pytest.mark.parametrize("name", PATHS)
def test_the_description_gives_each_message_the_shape_that_the_protocol_gives_it(
    described: dict[str, Any], name: str
) -> None:
    """With all that it refers to; and every message refuses fields that it does not know."""
    call = PATHS[name]
    shapes: tuple[tuple[type[Message], JsonSchemaMode], ...] = (
        (call.request, "validation"),
        (call.reply, "serialization"),
        (Problem, "serialization"),
    )
    for message, mode in shapes:
        own = message.model_json_schema(ref_template="#/components/schemas/{model}", mode=mode)
        for part, shape in {message.__name__: own, **own.pop("$defs", {})}.items():
            assert described["components"]["schemas"][part] == without_nulls(shape)
            if shape["type"] == "object":
                assert shape["additionalProperties"] is False
