"""Enrolment over real TLS: a one-time code, and nothing else, makes a terminal known."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from branch.store import terminals
from protocol.calls import PATHS
from protocol.messages import Problem
from tests.branch.real import RealBranch, real_branch, request_for

NOTHING = PATHS["pad_keys"].path


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBranch]:
    with real_branch(tmp_path_factory.mktemp("branch")) as one:
        yield one


def p256(name: str) -> str:
    return request_for(ec.generate_private_key(ec.SECP256R1()), name)


def reason(branch: RealBranch, name: str, code: str, csr: str | None = None) -> tuple[int, str]:
    answer = branch.ask_to_enrol(name, code, csr or p256(name))
    return answer.status_code, Problem.model_validate_json(answer.content).reason


def works(branch: RealBranch, context: ssl.SSLContext) -> int:
    with branch.client(context) as client:
        return client.post(NOTHING, json={}).status_code


def test_the_right_code_makes_a_terminal_known_and_its_certificate_opens_the_door(branch: RealBranch) -> None:
    assert works(branch, branch.enrol("NEW1")) == 200


def test_a_wrong_code_an_unknown_terminal_and_no_code_at_all_are_refused(branch: RealBranch) -> None:
    branch.invite("WRONG1", "right")
    assert reason(branch, "WRONG1", "left") == (403, "code")
    assert reason(branch, "WRONG1", "") == (403, "code")
    assert reason(branch, "NOBODY", "right") == (403, "code")
    assert branch.ask_to_enrol("WRONG1", "right", p256("WRONG1")).status_code == 200


def test_a_used_code_is_refused_and_the_certificate_it_gave_lives_on(branch: RealBranch) -> None:
    context = branch.enrol("USED1", "once")
    assert reason(branch, "USED1", "once") == (403, "code")
    assert works(branch, context) == 200


def test_an_expired_code_is_refused(branch: RealBranch) -> None:
    branch.invite("LATE1", "too late", minutes=-0.1)
    assert reason(branch, "LATE1", "too late") == (403, "code")


def test_another_terminals_code_is_refused_and_stays_good_for_its_own(branch: RealBranch) -> None:
    branch.invite("MINE1", "for mine")
    branch.invite("YOURS1", "for yours")
    assert reason(branch, "MINE1", "for yours") == (403, "code")
    assert branch.ask_to_enrol("YOURS1", "for yours", p256("YOURS1")).status_code == 200


KEYS: dict[str, CertificateIssuerPrivateKeyTypes] = {
    "rsa": rsa.generate_private_key(65537, 2048),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "k1": ec.generate_private_key(ec.SECP256K1()),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_request_for_another_kind_of_key_is_refused_and_uses_no_code_up(branch: RealBranch, kind: str) -> None:
    name = f"KIND{kind}"
    branch.invite(name, "code")
    assert reason(branch, name, "code", request_for(KEYS[kind], name)) == (422, "csr")
    assert branch.ask_to_enrol(name, "code", p256(name)).status_code == 200


def test_a_request_that_is_none_or_was_altered_is_refused(branch: RealBranch) -> None:
    branch.invite("BENT1", "code")
    good = x509.load_pem_x509_csr(p256("BENT1").encode())
    other = x509.load_pem_x509_csr(p256("BENT1").encode())
    from base64 import b64encode

    from cryptography.hazmat.primitives.serialization import Encoding

    der = good.public_bytes(Encoding.DER)
    bent = der.replace(good.signature, other.signature)
    if len(bent) == len(der):  # signatures differ in length now and then: then it is no request at all, and refused too
        assert bent != der
    pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{b64encode(bent).decode()}\n-----END CERTIFICATE REQUEST-----\n"
    for csr in (pem, "", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "\x00"):
        assert reason(branch, "BENT1", "code", csr or " ") == (422, "csr")


def test_a_forged_name_in_the_request_is_not_believed(branch: RealBranch) -> None:
    """The certificate carries the invited name, is for clients only, and makes nobody else known."""
    branch.invite("HONEST1", "code")
    answer = branch.ask_to_enrol("HONEST1", "code", p256("branch authority"))
    made = x509.load_pem_x509_certificate(answer.json()["certificate_pem"].encode())
    assert [one.value for one in made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["HONEST1"]
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    authority = x509.load_pem_x509_certificate(answer.json()["authority_pem"].encode())
    made.verify_directly_issued_by(authority)


def test_enrolling_again_gives_a_new_certificate_and_the_old_one_is_dead(branch: RealBranch) -> None:
    """Until the new code is used the old certificate works on; from then on it is refused at once."""
    old = branch.enrol("AGAIN1", "first")
    with branch.client(old) as connected:
        assert connected.post(NOTHING, json={}).status_code == 200
        branch.invite("AGAIN1", "second")
        assert connected.post(NOTHING, json={}).status_code == 200
        new = branch.enrol("AGAIN1", "second", invite=False)
        assert connected.post(NOTHING, json={}).status_code == 403
    assert (works(branch, old), works(branch, new)) == (403, 200)


def test_a_revoked_terminal_comes_back_with_a_new_code_only(branch: RealBranch) -> None:
    old = branch.enrol("BACK1", "first")
    branch.invite("BACK1", "unused")
    branch.revoke("BACK1")
    assert works(branch, old) == 403
    assert reason(branch, "BACK1", "unused") == (403, "code")
    assert works(branch, branch.enrol("BACK1", "third")) == 200
    assert works(branch, old) == 403


def test_no_code_stands_in_the_database_in_clear(branch: RealBranch, tmp_path: Path) -> None:
    branch.invite("HASH1", "a code that nobody may read")
    with branch.world.db.read() as tx:
        rows = [row._mapping for row in terminals.every(tx)]
    assert "a code that nobody may read" not in str(rows)
