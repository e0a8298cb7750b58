"""Enrolment: a new terminal makes its own key, shows its one-time code, and gets a certificate."""

import os
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk.config import Config
from kiosk.link import open_client, trust
from protocol import calls, messages as m


class NotEnrolled(Exception):
    """The branch did not take this terminal in; the words say why and what to do."""


async def enrol(config: Config, code: str, authority: Path) -> None:
    """Get a certificate from the branch whose authority was handed over; writes key and certificates to `state`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, config.id)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    asked = m.Enrol(terminal=config.id, code=code, csr_pem=request.public_bytes(serialization.Encoding.PEM).decode())
    try:
        async with open_client(config.branch, trust(str(authority), "", "")) as client:
            answer = await client.post(calls.PATHS["enrol"].path, json=asked.model_dump(mode="json"))
    except (httpx.HTTPError, OSError) as why:
        raise NotEnrolled(f"{config.branch} does not answer ({why}); check [branch] url and {authority}") from why
    if answer.status_code != httpx.codes.OK:
        detail = m.Problem.model_validate_json(answer.content).detail
        raise NotEnrolled(f"{detail}; ask the branch for a new code: branch terminal add {config.id}")
    given = m.Enrolled.model_validate_json(answer.content)
    config.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(config.key, pem)
    _write(config.certificate, given.certificate_pem.encode())
    _write(config.authority, given.authority_pem.encode())


def _write(path: Path, data: bytes) -> None:
    """A file that only its owner may read, whole or not at all."""
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
