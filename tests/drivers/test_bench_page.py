"""The device bench over HTTP: what is asked reaches the far ends, and nobody from elsewhere can ask."""

import asyncio
import pathlib
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from drivers.api import Offline
from drivers.idcard import SerialIdReader
from drivers.sim import bench as bench_module
from drivers.sim.bench import BODY_LIMIT, Bench, newest_receipt
from drivers.wire import Wire, open_wire
from tests.drivers.bench_rig import Stubborn, client_of, opened

JSON = {"Content-Type": "application/json"}


# --- JSON


def test_state_names_every_device_with_verbs_faults_and_what_one_sees(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with client_of(tmp_path) as (client, _):
            state = (await client.get("/state")).json()
        assert [device["name"] for device in state["devices"]] == ["id-reader", "card-reader", "pin-pad", "printer"]
        reader = state["devices"][1]
        assert reader["verbs"][0] == {"name": "insert", "label": "Insert card", "choices": ["li-na-debit"]}
        assert reader["fault"] == ""
        assert "unplugged" in reader["faults"]
        assert reader["state"]["inserted"] == ""
        assert state["receipt"] == ""

    asyncio.run(run())


def test_an_act_reaches_the_far_end_and_answers_its_new_state(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with client_of(tmp_path) as (client, ends):
            answer = await client.post("/act", json={"device": "id-reader", "verb": "lay", "choice": "li-na"})
            assert answer.status_code == 200
            assert answer.json()["state"]["card"] == "li-na"
            assert ends["id-reader"].state()["card"] == "li-na"

    asyncio.run(run())


def test_a_fault_is_put_in_force_and_mended(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with client_of(tmp_path) as (client, ends):
            for fault in ("deaf", ""):
                answer = await client.post("/fault", json={"device": "id-reader", "fault": fault})
                assert answer.json()["fault"] == ends["id-reader"].fault == fault

    asyncio.run(run())


def test_a_card_laid_on_the_page_is_read_by_the_real_driver(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with client_of(tmp_path) as (client, ends):
            url = ends["id-reader"].state()["url"]

            async def opener() -> Wire:
                return await open_wire(url)

            reader = SerialIdReader(url, opener=opener)
            await client.post("/act", json={"device": "id-reader", "verb": "lay", "choice": "li-na"})
            card = await reader.read_card(10)
            await reader.close()
        assert card.name == "李娜"

    asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/act", {"device": "toaster", "verb": "lay"}, 404),
        ("/act", {"device": "id-reader", "verb": "eat"}, 400),
        ("/act", {"device": "id-reader", "verb": "lay", "choice": "nobody"}, 400),
        ("/act", {"device": "id-reader", "verb": ["lay"]}, 400),
        ("/act", {"device": "id-reader", "verb": "lay", "choice": "x" * 65}, 400),
        ("/act", [], 400),
        ("/act", {}, 404),
        ("/fault", {"device": "id-reader", "fault": "on fire"}, 400),
        ("/fault", {"device": 5}, 400),
        ("/nowhere", {}, 404),
        ("/state", {}, 405),
    ],
)
def test_a_wrong_order_is_refused_in_json_with_a_remedy(
    tmp_path: pathlib.Path, path: str, body: Any, code: int
) -> None:
    async def run() -> None:
        async with client_of(tmp_path) as (client, _):
            answer = await client.post(path, json=body)
        assert answer.status_code == code
        assert set(answer.json()) == {"error", "remedy"}
        assert all(answer.json().values())

    asyncio.run(run())


def test_a_body_that_is_no_json_or_too_long_or_not_declared_is_refused(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with client_of(tmp_path) as (client, _):
            assert (await client.post("/act", content=b"{", headers=JSON)).status_code == 400
            assert (await client.post("/act", content=b" " * (BODY_LIMIT + 1), headers=JSON)).status_code == 413
            assert (await client.post("/act", content=b"{}", headers={"Content-Type": "text/plain"})).status_code == 415

    asyncio.run(run())


def test_digits_that_the_pad_refuses_are_not_repeated(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with client_of(tmp_path) as (client, _):
            answer = await client.post("/act", json={"device": "pin-pad", "verb": "key", "choice": "147258"})
        assert answer.status_code == 400
        assert "147258" not in answer.text

    asyncio.run(run())


def test_a_far_end_that_hangs_or_is_gone_gets_an_answer_all_the_same(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_module, "PATIENCE", 0.2)

    async def hang() -> None:
        await asyncio.Event().wait()

    async def gone() -> None:
        raise Offline("printer", "gone", "plug it in")

    async def run(deed: Callable[[], Awaitable[None]]) -> httpx.Response:
        async with client_of(tmp_path, Stubborn(deed)) as (client, _):
            return await client.post("/act", json={"device": "printer", "verb": "take"})

    assert asyncio.run(run(hang)).status_code == 504
    answer = asyncio.run(run(gone))
    assert (answer.status_code, answer.json()) == (503, {"error": "gone", "remedy": "plug it in"})


# --- who may ask


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "http://evil.example"},
        {"Origin": "https://127.0.0.1"},
        {"Origin": "null"},
    ],
)
def test_another_host_or_origin_is_turned_away(tmp_path: pathlib.Path, headers: dict[str, str]) -> None:
    async def run() -> None:
        async with client_of(tmp_path) as (client, ends):
            order = {"device": "id-reader", "verb": "lay", "choice": "li-na"}
            answer = await client.post("/act", json=order, headers=headers)
            assert answer.status_code == 403
            assert ends["id-reader"].state()["card"] == ""
            assert (await client.get("/state", headers=headers)).status_code == 403

    asyncio.run(run())


def test_every_answer_carries_the_strict_policy(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with client_of(tmp_path) as (client, _):
            for path in ("/", "/bench.css", "/bench.js", "/bench.svg", "/state", "/nowhere"):
                headers = (await client.get(path)).headers
                assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
                assert headers["cache-control"] == "no-store"

    asyncio.run(run())


def test_only_the_loopback_address_is_served(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as (url, _):
            port = int(url.rstrip("/").rpartition(":")[2])
            with socket.socket() as other:
                other.settimeout(2)
                assert other.connect_ex(("127.0.0.2", port)) != 0

    asyncio.run(run())


def test_a_taken_port_is_an_error_and_stop_may_come_twice(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as (url, _):
            other = Bench([], tmp_path, port=int(url.rstrip("/").rpartition(":")[2]))
            with pytest.raises(OSError, match="in use"):
                await other.start()
            await other.stop()
            await other.stop()

    asyncio.run(run())


# --- paper


def test_the_newest_receipt_is_the_one_with_the_highest_number(tmp_path: pathlib.Path) -> None:
    for name in ("receipt-9.png", "receipt-010.png", "receipt-11.txt", "receipt-x.png"):
        (tmp_path / name).touch()
    assert newest_receipt(tmp_path) == "receipt-010.png"
    assert newest_receipt(tmp_path / "absent") == ""


def test_only_receipts_are_handed_out(tmp_path: pathlib.Path) -> None:
    (tmp_path / "receipt-001.png").write_bytes(b"paper")
    (tmp_path / "secret.png").write_bytes(b"no")

    async def run() -> None:
        async with client_of(tmp_path) as (client, _):
            assert (await client.get("/receipts/receipt-001.png")).content == b"paper"
            for path in ("/receipts/secret.png", "/receipts/..%2fsecret.png", "/receipts/receipt-002.png"):
                assert (await client.get(path)).status_code == 404

    asyncio.run(run())
