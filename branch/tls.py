"""Mutual TLS: a small certificate authority, and who is at the other end of a connection.

The authority (EC P-256) is made at set-up and signs the branch's own certificate and one for each terminal. A terminal
is known by the SHA-256 of its certificate in the database, so that revoking it needs no list: its next request is
refused.
uvicorn gives an application no peer certificate; the two protocol classes here put its fingerprint into the ASGI scope.
"""

import hashlib
import ipaddress
import os
import ssl
from asyncio import BaseTransport, Transport
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

AUTHORITY_DAYS, SERVER_DAYS, TERMINAL_DAYS = 3650, 397, 825
RENEW_DAYS = 30
FIRST_SECONDS = 20.0
"""A new connection brings its first request within this time."""
PEER = "tls_peer"
"""Under `scope["extensions"]`: `{"fingerprint": hex}` of the client certificate that the handshake has verified."""


class BadRequest(Exception):
    """A certificate signing request that this authority does not sign."""


@dataclass(frozen=True)
class Authority:
    """The key that both sides trust."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """What terminals pin."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def sign_terminal(self, csr_pem: str, terminal: str, now: datetime) -> tuple[str, str]:
        """A client certificate for a terminal, and its fingerprint. The name comes from us, never from the request."""
        try:
            request = x509.load_pem_x509_csr(csr_pem.encode())
            proven = request.is_signature_valid
            key = request.public_key()
        except (ValueError, InvalidSignature, UnsupportedAlgorithm) as why:
            raise BadRequest("not a certificate signing request in PEM") from why
        if not proven or not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
            raise BadRequest("the request must be for an EC P-256 key, and signed with it")
        made = self._sign(key, terminal, now, TERMINAL_DAYS, ExtendedKeyUsageOID.CLIENT_AUTH, [])
        return made.public_bytes(serialization.Encoding.PEM).decode(), fingerprint(_der(made))

    def sign_server(self, key: ec.EllipticCurvePublicKey, names: list[str], now: datetime) -> x509.Certificate:
        """The branch's own certificate."""
        return self._sign(key, "branch", now, SERVER_DAYS, ExtendedKeyUsageOID.SERVER_AUTH, names)

    def _sign(
        self, key: ec.EllipticCurvePublicKey, name: str, now: datetime, days: int, use: Any, names: list[str]
    ) -> x509.Certificate:
        builder = _builder(name, self.certificate.subject, key, now, days)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_san(one) for one in names]), critical=False)
        return builder.sign(self.key, hashes.SHA256())


def new_authority(now: datetime) -> Authority:
    """A fresh key that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "branch authority")])
    builder = _builder("branch authority", name, key.public_key(), now, AUTHORITY_DAYS)
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return Authority(key, builder.sign(key, hashes.SHA256()))


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(minutes=5))
    return builder.not_valid_after(now + timedelta(days=days))


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate, hex."""
    return hashlib.sha256(der).hexdigest()


# --- on disk


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123  needs a mode
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    kind = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())


def create_authority(state: Path, now: datetime) -> Authority:
    """Make the authority in `state` (authority.key, 0600; authority.pem), or take the one that is there."""
    if not (state / "authority.pem").exists():
        made = new_authority(now)
        write_private(state / "authority.key", _key_pem(made.key))
        (state / "authority.pem").write_text(made.pem)
    return load_authority(state)


def load_authority(state: Path) -> Authority:
    """The authority in `state`; OSError or ValueError when there is none."""
    key = serialization.load_pem_private_key((state / "authority.key").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{state / 'authority.key'}: not an EC key")  # noqa: TRY004  the file is wrong, not a type
    return Authority(key, x509.load_pem_x509_certificate((state / "authority.pem").read_bytes()))


def server_certificate(state: Path, names: list[str], now: datetime) -> tuple[Path, Path]:
    """Paths of the branch's certificate and key; made anew when missing, near its end, or for other names."""
    certificate, key_file = state / "server.pem", state / "server.key"
    wanted = sorted({"127.0.0.1", "localhost", *names})
    authority = load_authority(state)
    if not _is_good(certificate, key_file, authority, wanted, now):
        key = ec.generate_private_key(ec.SECP256R1())
        made = authority.sign_server(key.public_key(), wanted, now)
        write_private(key_file, _key_pem(key))
        write_private(certificate, made.public_bytes(serialization.Encoding.PEM))
    return certificate, key_file


def _is_good(path: Path, key_file: Path, authority: Authority, names: list[str], now: datetime) -> bool:
    """Does the certificate fit its key, this authority and these names, and last?"""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
        found.verify_directly_issued_by(authority.certificate)
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        san = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    has = sorted(str(one.value) for one in san)
    fits = has == names and key.public_key() == found.public_key()
    return fits and found.not_valid_after_utc > now + timedelta(days=RENEW_DAYS)


def server_context(certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer; a client certificate is verified when there is one (enrolment has none)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


# --- in the server


def peer_fingerprint(scope: Mapping[str, Any]) -> str:
    """The fingerprint of the client certificate behind a request; "" without one."""
    return str(scope.get("extensions", {}).get(PEER, {}).get("fingerprint", ""))


class _Known:
    """The application, as one connection sees it: each scope says whose connection it is."""

    def __init__(self, app: Any, transport: BaseTransport) -> None:
        self._app = app
        tls = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(True) if tls is not None else None
        self._peer = {"fingerprint": fingerprint(der)} if der else {}

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        scope["extensions"] = {**scope.get("extensions", {}), PEER: self._peer}
        await self._app(scope, receive, send)


class PeerHttp(H11Protocol):
    """HTTP/1.1 that knows its peer's certificate."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app = _Known(self.app, transport)
        self.loop.call_later(FIRST_SECONDS, self._hang_up_unless_used)

    def _hang_up_unless_used(self) -> None:
        """A connection that has brought no request by now is somebody's who only wants to hold it."""
        if self.cycle is None and self.transport.get_protocol() is self:
            self.transport.close()


class PeerWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that knows its peer's certificate."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.app = _Known(self.app, transport)
