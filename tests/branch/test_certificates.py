"""Mutual TLS: whoever has no certificate, a foreign one, or a revoked one is refused at once, on every call."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from branch import demo, tls
from protocol.calls import LINK, PATHS, REVOKED
from protocol.messages import Problem
from tests.branch.real import PATIENCE, RealBranch, code_of, key_pem, real_branch, request_for, wrong_body
from tests.branch.support import Said

CALLS = [name for name in PATHS if name != "enrol"]


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBranch]:
    with real_branch(tmp_path_factory.mktemp("branch")) as one:
        yield one


@pytest.fixture(scope="module")
def stranger(branch: RealBranch) -> Iterator[httpx.Client]:
    """Somebody without a certificate."""
    with branch.client() as client:
        yield client


@pytest.fixture(scope="module")
def revoked(branch: RealBranch) -> Iterator[httpx.Client]:
    """A terminal whose connection stood open when it was revoked."""
    with branch.client(branch.enrol("GONE1")) as client:
        assert client.post(PATHS["pad_keys"].path, json={}).status_code == 200
        branch.revoke("GONE1")
        yield client


def signed_by(folder: Path, authority: tls.Authority, days: int = 1) -> tuple[Path, Path]:
    """A client certificate for VTM001 of some authority, on disk; `days` before now for one that is over."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC) - timedelta(days=0 if days > 0 else tls.TERMINAL_DAYS + 1)
    pem, _ = authority.sign_terminal(request_for(key, "VTM001"), "VTM001", now)
    certificate, file = folder / "foreign.pem", folder / "foreign.key"
    certificate.write_text(pem)
    file.write_bytes(key_pem(key))
    return certificate, file


@pytest.mark.parametrize("name", CALLS)
def test_without_a_certificate_every_call_is_refused(stranger: httpx.Client, name: str) -> None:
    """Whatever the body is: nobody unknown learns what a call looks like."""
    for body in (b"{}", wrong_body()):
        answer = stranger.post(PATHS[name].path, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, Problem.model_validate_json(answer.content).reason) == (403, "certificate")


@pytest.mark.parametrize("name", CALLS)
def test_a_revoked_terminal_is_refused_on_every_call_of_a_connection_that_stood_open(
    revoked: httpx.Client, name: str
) -> None:
    answer = revoked.post(PATHS[name].path, content=b"{}", headers={"content-type": "application/json"})
    assert (answer.status_code, Problem.model_validate_json(answer.content).reason) == (403, "certificate")


@pytest.mark.parametrize("name", [*CALLS, "enrol"])
def test_a_certificate_of_another_authority_gets_no_further_than_the_handshake(
    branch: RealBranch, tmp_path: Path, name: str
) -> None:
    """Also when it carries a known terminal's name."""
    context = branch.trust(*signed_by(tmp_path, tls.new_authority(datetime.now(UTC))))
    with branch.client(context) as client, pytest.raises(httpx.TransportError):
        client.post(PATHS[name].path, json={})


def test_a_certificate_of_our_authority_that_the_branch_did_not_give_out_is_refused(
    branch: RealBranch, tmp_path: Path
) -> None:
    """The fingerprint counts, not the name in it."""
    branch.enrol("VTM001")
    forged = branch.trust(*signed_by(tmp_path, tls.load_authority(branch.folder)))
    with branch.client(forged) as client:
        assert client.post(PATHS["pad_keys"].path, json={}).status_code == 403


def test_a_certificate_that_is_over_gets_no_further_than_the_handshake(branch: RealBranch, tmp_path: Path) -> None:
    context = branch.trust(*signed_by(tmp_path, tls.load_authority(branch.folder), days=-1))
    with branch.client(context) as client, pytest.raises(httpx.TransportError):
        client.post(PATHS["pad_keys"].path, json={})


def test_the_branchs_own_certificate_makes_no_terminal(branch: RealBranch) -> None:
    context = branch.trust(branch.folder / "server.pem", branch.folder / "server.key")
    with branch.client(context) as client, pytest.raises(httpx.TransportError):
        client.post(PATHS["pad_keys"].path, json={})


def test_a_terminal_does_not_speak_to_a_branch_of_another_authority(branch: RealBranch, tmp_path: Path) -> None:
    pem = tmp_path / "other.pem"
    pem.write_text(tls.new_authority(datetime.now(UTC)).pem)
    context = ssl.create_default_context(cafile=str(pem))
    with branch.client(context) as client, pytest.raises(httpx.ConnectError):
        client.post(PATHS["pad_keys"].path, json={})


def test_a_header_with_a_fingerprint_opens_nothing(branch: RealBranch, stranger: httpx.Client) -> None:
    """Only the handshake says whose connection it is."""
    certificate = branch.folder / "HEAD1.pem"
    branch.enrol("HEAD1")
    print_ = tls.fingerprint(
        x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(serialization.Encoding.DER)
    )
    sent = {"x-fingerprint": print_, "x-client-cert": print_, tls.PEER: print_}
    assert stranger.post(PATHS["pad_keys"].path, json={}, headers=sent).status_code == 403


def test_the_link_of_who_is_unknown_is_closed_as_revoked(branch: RealBranch, tmp_path: Path) -> None:
    branch.enrol("LINK0")
    unknown = branch.trust(*signed_by(tmp_path, tls.load_authority(branch.folder)))
    assert branch.on_link(branch.trust(), code_of) == REVOKED
    assert branch.on_link(unknown, code_of) == REVOKED


def test_a_link_with_a_foreign_certificate_does_not_open(branch: RealBranch, tmp_path: Path) -> None:
    context = branch.trust(*signed_by(tmp_path, tls.new_authority(datetime.now(UTC))))

    async def go() -> None:
        async with asyncio.timeout(PATIENCE):
            await websockets.connect(f"wss://127.0.0.1:{branch.port}{LINK}", ssl=context)

    with pytest.raises((OSError, websockets.WebSocketException, EOFError)):
        asyncio.run(go())


def test_a_link_that_stands_is_closed_when_its_terminal_is_revoked_and_others_stay(branch: RealBranch) -> None:
    gone, stays = branch.enrol("LINK1"), branch.enrol("LINK2")

    async def revoke(link: websockets.ClientConnection) -> int | None:
        async with websockets.connect(f"wss://127.0.0.1:{branch.port}{LINK}", ssl=stays) as other:
            await link.recv()
            await other.recv()
            await asyncio.to_thread(branch.revoke, "LINK1")
            code = await code_of(link)
            await other.send('{"state": "ready"}')
            await (await other.ping())
            return code

    assert branch.on_link(gone, revoke) == REVOKED
    assert branch.on_link(gone, code_of) == REVOKED


def test_enrolling_again_closes_the_link_of_the_old_certificate(branch: RealBranch) -> None:
    old = branch.enrol("LINK3", "first")

    async def renew(link: websockets.ClientConnection) -> int | None:
        await link.recv()
        await asyncio.to_thread(branch.enrol, "LINK3", "second")
        return await code_of(link)

    assert branch.on_link(old, renew) == REVOKED


def test_a_server_certificate_is_made_anew_when_it_fits_no_more(tmp_path: Path) -> None:
    """Not its key, not the authority, not the names, or half written: a branch must come up again."""
    now = datetime.now(UTC)
    tls.create_authority(tmp_path, now)
    certificate, key = tls.server_certificate(tmp_path, [], now)
    good = certificate.read_bytes()
    assert tls.server_certificate(tmp_path, [], now)[0].read_bytes() == good
    assert tls.server_certificate(tmp_path, [], now + timedelta(days=tls.SERVER_DAYS - 1))[0].read_bytes() != good

    def is_whole() -> None:
        before = certificate.read_bytes()
        tls.server_certificate(tmp_path, ["branch.example"], now)
        assert certificate.read_bytes() != before
        tls.server_context(certificate, key, tmp_path / "authority.pem")
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        found.verify_directly_issued_by(tls.load_authority(tmp_path).certificate)
        assert found.signature_hash_algorithm is not None
        assert isinstance(found.signature_hash_algorithm, hashes.SHA256)

    is_whole()
    key.write_bytes(key_pem(ec.generate_private_key(ec.SECP256R1())))
    is_whole()
    certificate.write_bytes(certificate.read_bytes()[:100])
    is_whole()
    (tmp_path / "authority.pem").unlink()
    tls.create_authority(tmp_path, now)
    is_whole()
    assert key.stat().st_mode & 0o077 == 0


def test_a_visit_over_real_tls_moves_money_until_the_terminal_is_revoked_in_the_midst_of_it(
    branch: RealBranch,
) -> None:
    """What was done stays done; what comes after is refused and has moved nothing."""
    with branch.terminal("VISIT1") as vtm:
        visit = vtm.visit()
        customer = vtm.by_document(visit).customer
        his = demo.WANG_WEI.accounts[0][0]
        done, late = (vtm.post(visit, customer, vtm.order(customer, his, 100)) for _ in range(2))
        assert vtm.ask("transfer", done).status == "done"
        before = branch.world.balances()
        branch.revoke("VISIT1")
        for call, body in (("transfer", late), ("reverse", {"key": done.key, "reason": "settle"})):
            with pytest.raises(Said) as why:
                vtm.ask(call, body)
            assert (why.value.status, why.value.problem.reason) == (403, "certificate")
        assert branch.world.balances() == before
        assert branch.world.ledger.balance_check() == []


def test_a_connection_that_brings_no_request_is_not_held_for_ever(
    branch: RealBranch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has brought a request is."""
    monkeypatch.setattr(tls, "FIRST_SECONDS", 0.1)
    context = branch.enrol("HOLD1")
    with branch.client(context) as used:
        assert used.post(PATHS["pad_keys"].path, json={}).status_code == 200
        with (
            socket.create_connection(("127.0.0.1", branch.port), timeout=PATIENCE) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1") as silent,
        ):
            assert silent.recv(1) == b""
        assert used.post(PATHS["pad_keys"].path, json={}).status_code == 200
