"""`branch core check --at URL` as a command: 0 when the contract is kept, 1 with the broken check's name, 2 else."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from branch.__main__ import main
from branch.bank import contract
from branch.bank.core import CoreOrder, CorePosted, CoreReversed, CoreUnavailable
from branch.bank.ledger import ReferenceLedger
from branch.bank.remote import RemoteCore
from protocol.messages import Ending
from tests.branch.real import TOKEN, ServedCore, real_branch
from tests.branch.support import Clock, World, world

ROOT = Path(__file__).parents[2]


class PostsTwice(ReferenceLedger):
    """A core that forgets its keys."""

    def post(self, key: str, order: CoreOrder, *, pending: bool) -> CorePosted:
        return super().post(f"CHECK-{uuid4().hex}/001-transfer", order, pending=pending)


class OnlySaysReversed(ReferenceLedger):
    """A core that answers `reversed` and gives nothing back."""

    def reverse(self, key: str) -> CoreReversed:
        if self.state(key).status == "done":
            return CoreReversed(Ending.REVERSED, "R1")
        return super().reverse(key)


class KeepsNoTombstone(ReferenceLedger):
    """A core that forgets a reversal which came before its post."""

    def reverse(self, key: str) -> CoreReversed:
        if self.state(key).status == "unknown":
            return CoreReversed(Ending.BARRED)
        return super().reverse(key)


class MovesWhatIsPending(ReferenceLedger):
    """A core that does not hold but moves at once."""

    def post(self, key: str, order: CoreOrder, *, pending: bool) -> CorePosted:
        return super().post(key, order, pending=False)


class KnowsNoConflict(ReferenceLedger):
    """A core that answers whatever stands under a key."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._said: dict[str, CorePosted] = {}

    def post(self, key: str, order: CoreOrder, *, pending: bool) -> CorePosted:
        if key not in self._said:
            self._said[key] = super().post(key, order, pending=pending)
        return self._said[key]


BROKEN: dict[str, tuple[type[ReferenceLedger], str]] = {
    "posts-twice": (PostsTwice, "post_moves_once"),
    "only-says-reversed": (OnlySaysReversed, "reverse_takes_back"),
    "keeps-no-tombstone": (KeepsNoTombstone, "an_unknown_key_is_barred"),
    "moves-what-is-pending": (MovesWhatIsPending, "pending_holds_until_confirmed"),
    "knows-no-conflict": (KnowsNoConflict, "another_body_is_a_conflict"),
}


@pytest.fixture
def made(tmp_path: Path) -> World:
    return world(tmp_path)


@contextmanager
def served(core: ReferenceLedger) -> Iterator[str]:
    one = ServedCore(core)
    try:
        yield one.address
    finally:
        one.stop()


def command(address: str, token: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    """The command as an integrator types it."""
    line = [sys.executable, "-m", "branch", "core", "check", "--at", address, "--token-file", str(token), *more]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


@pytest.mark.parametrize("can_reverse", [True, False], ids=["reverses", "cannot-reverse"])
def test_a_core_that_keeps_the_contract_passes_with_every_check_told(
    made: World, token: Path, can_reverse: bool
) -> None:
    core = ReferenceLedger(made.db.engine, Clock(), can_reverse=can_reverse)
    with served(core) as address:
        done = command(address, token)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    names = [check.__name__ for check in contract.checks(core)]
    assert [line.split(":")[0] for line in lines] == [*(f"kept    {name}" for name in names), "all kept"]


def test_a_broken_core_fails_by_the_command_and_the_broken_check_is_named(made: World, token: Path) -> None:
    kind, name = BROKEN["posts-twice"]
    with served(kind(made.db.engine, Clock())) as address:
        done = command(address, token)
    assert done.returncode == 1
    assert f"broken  {name}: " in done.stdout
    assert "kept    enquiries_agree: " in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" broken")


@pytest.mark.parametrize("which", BROKEN)
def test_every_kind_of_broken_core_is_found_by_the_check_that_is_about_it(
    made: World, token: Path, which: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, name = BROKEN[which]
    with served(kind(made.db.engine, Clock())) as address:
        assert main(["core", "check", "--at", address, "--token-file", str(token)]) == 1
    assert f"broken  {name}: " in capsys.readouterr().out


def test_a_served_branch_on_postgresql_is_checked_over_tls_with_its_own_authority(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = request.getfixturevalue("postgres").new_database()
    with real_branch(tmp_path, url, expose=True) as branch:
        token = tmp_path / "core.token"
        done = command(branch.address, token, "--authority", str(tmp_path / "authority.pem"))
        untrusted = command(branch.address, token)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "all kept")
    assert untrusted.returncode == 2
    assert branch.world.ledger.balance_check() == []
    branch.world.db.engine.dispose()


@pytest.mark.parametrize("at", ["nonsense", "ftp://127.0.0.1", "http://core.example", "https://", "https://[::1"])
def test_an_address_that_is_none_is_a_usage_error(at: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Plain http is for this very machine only: a token goes with each call."""
    with pytest.raises(SystemExit) as end:
        main(["core", "check", "--at", at])
    assert end.value.code == 2
    assert "https://HOST" in capsys.readouterr().err


def test_an_adapter_that_does_not_answer_or_wants_another_token_is_named_with_a_remedy(
    made: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not the token")
    with served(made.ledger) as address:
        assert main(["core", "check", "--at", address, "--token-file", str(wrong)]) == 2
    said = capsys.readouterr().err
    assert address in said
    assert "--token-file" in said
    assert main(["core", "check", "--at", address]) == 2
    said = capsys.readouterr().err
    assert address in said
    assert "branch init" not in said


POSTED = {"reference": "R1", "accounting_date": "2031-03-14", "status": "done", "balance": 1}
REPLIES: dict[str, tuple[int, Any]] = {
    "a status of its own": (200, {**POSTED, "status": "accepted"}),
    "too little": (200, {"status": "done"}),
    "too much": (200, {**POSTED, "extra": 1}),
    "no JSON": (200, "fine"),
    "a redirection": (302, POSTED),
    "a refusal without a reason of ours": (409, {"reason": "because", "mend": "bank", "detail": ""}),
    "a refusal that is not a conflict": (400, {"reason": "funds", "mend": "bank", "detail": ""}),
    "an error page": (502, "<html>"),
}


@pytest.mark.parametrize("what", REPLIES)
def test_an_adapter_that_answers_in_other_words_is_unavailable_and_nothing_is_taken_for_done(what: str) -> None:
    status, body = REPLIES[what]
    order = CoreOrder("1", "2", 1, 0, "TRF", "0001", "VTM001", "VTM", 1)
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    with httpx.Client(base_url="https://core.example", transport=transport) as client:
        core = RemoteCore(client, "")
        with pytest.raises(CoreUnavailable):
            core.post(f"CHECK-{uuid4().hex}/001-transfer", order, pending=False)
