"""The branch as a real server: uvicorn on 127.0.0.1 with mutual TLS, and terminals that enrol as a new one does."""

import asyncio
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID
from fastapi import FastAPI

from branch import demo
from branch.bank.core import Core
from branch.bank.remote import RemoteCore
from branch.bank.served import serve_core
from branch.build import utc_ms
from branch.server import configured
from branch.serving import Pool, describe_failures
from branch.store import terminals
from protocol.calls import LINK, PATHS
from tests.branch.support import Terminal, World, world

PATIENCE = 10.0
TOKEN = "open sesame"


def listener() -> socket.socket:
    """A listening socket on a free port; of TCP by name, or else asyncio leaves Nagle's delay on."""
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    one.bind(("127.0.0.1", 0))
    one.listen()
    return one


@contextmanager
def running(server: uvicorn.Server) -> Iterator[int]:
    """Serve in a thread for the length of the block; gives the port."""
    with listener() as at:
        thread = threading.Thread(target=server.run, args=([at],))
        thread.start()
        try:
            yield int(at.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive(), "the server does not stop"


def request_for(key: CertificateIssuerPrivateKeyTypes, name: str) -> str:
    """A certificate signing request, PEM."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())


@dataclass
class RealBranch:
    """A running branch, and the world it was made from (same database, wall clock)."""

    world: World
    port: int

    @property
    def folder(self) -> Path:
        return self.world.settings.state

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def trust(self, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
        """Believe in the branch's authority; show a certificate, if any."""
        context = ssl.create_default_context(cafile=str(self.folder / "authority.pem"))
        if certificate is not None:
            context.load_cert_chain(certificate, key)
        return context

    def client(self, context: ssl.SSLContext | None = None) -> httpx.Client:
        return httpx.Client(base_url=self.address, verify=context or self.trust(), timeout=PATIENCE)

    def invite(self, name: str, code: str, minutes: float = 10) -> None:
        with self.world.db.write() as tx:
            terminals.invite(tx, name, code, utc_ms() + int(minutes * 60_000), utc_ms())

    def revoke(self, name: str) -> None:
        with self.world.db.write() as tx:
            assert terminals.revoke(tx, name)

    def ask_to_enrol(self, name: str, code: str, csr: str) -> httpx.Response:
        with self.client() as client:
            return client.post(PATHS["enrol"].path, json={"terminal": name, "code": code, "csr_pem": csr})

    def enrol(self, name: str, code: str = "one time", *, invite: bool = True) -> ssl.SSLContext:
        """A certificate for a terminal, by its one-time code, as a TLS context that shows it."""
        if invite:
            self.invite(name, code)
        key = ec.generate_private_key(ec.SECP256R1())
        answer = self.ask_to_enrol(name, code, request_for(key, name))
        assert answer.status_code == 200, answer.text
        certificate, file = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        certificate.write_text(answer.json()["certificate_pem"])
        file.write_bytes(key_pem(key))
        return self.trust(certificate, file)

    @contextmanager
    def terminal(self, name: str) -> Iterator["RealTerminal"]:
        """An enrolled terminal that speaks over TLS."""
        with self.client(self.enrol(name)) as client:
            yield RealTerminal(self.world, name, "", client=client)

    def on_link(
        self, context: ssl.SSLContext, act: Callable[[websockets.ClientConnection], Coroutine[Any, Any, Any]]
    ) -> Any:
        """Run `act` on a fresh link."""

        async def go() -> Any:
            async with (
                asyncio.timeout(PATIENCE),
                websockets.connect(f"wss://127.0.0.1:{self.port}{LINK}", ssl=context) as link,
            ):
                return await act(link)

        return asyncio.run(go())


@dataclass
class RealTerminal(Terminal):
    """A terminal whose calls cross a real socket."""

    client: httpx.Client | None = None

    def raw(self, path: str, content: bytes) -> tuple[int, bytes]:
        assert self.client is not None
        answer = self.client.post(path, content=content, headers={"content-type": "application/json"})
        return answer.status_code, answer.content


@contextmanager
def real_branch(folder: Path, url: str = "", *, expose: bool = False) -> Iterator[RealBranch]:
    """A seeded branch that serves; `expose`: its ledger too, at /core/v1."""
    made = world(folder, url, expose=expose, start=utc_ms())
    with running(configured(made.settings)) as port:
        branch = RealBranch(made, port)
        _until_it_answers(branch)
        yield branch


def _until_it_answers(branch: RealBranch) -> None:
    deadline = time.monotonic() + PATIENCE
    with branch.client() as client:
        while True:
            try:
                client.get("/openapi.json")
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the branch does not come up"
                time.sleep(0.02)
            else:
                return


async def code_of(link: websockets.ClientConnection) -> int | None:
    """Wait until the branch closes; with which code."""
    await link.wait_closed()
    return link.close_code


class ServedCore:
    """A core at /core/v1 on a real socket."""

    def __init__(self, core: Core, token: str = TOKEN) -> None:
        app = FastAPI()
        describe_failures(app)
        self._pool = Pool(2, 8)
        serve_core(app, core, self._pool, token, demo.SPECIMEN)
        self._socket = listener()
        config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],))
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._http = httpx.Client(base_url=self.address, timeout=10)
        self.client = RemoteCore(self._http, TOKEN)
        self.client.can_reverse = self.client.about().can_reverse if token == TOKEN else True

    def stop(self) -> None:
        self._http.close()
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
        self._pool.close()


def wrong_body() -> bytes:
    """A body that fits no call."""
    return json.dumps({"nothing": "of the kind"}).encode()
