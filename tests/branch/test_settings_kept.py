"""Settings that follow a customer: kept by her session alone, brought back at any terminal, erased on request."""

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from branch.__main__ import _opened, main
from branch.store import outbox, preferences
from tests.branch.support import Said, Terminal, World, world

LIKES = {"language": "ar", "large": True, "elder": True}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
    found = world(tmp_path_factory.mktemp("settings"), url)
    yield found
    found.db.engine.dispose()


@pytest.fixture
def vtm(made: World) -> Iterator[Terminal]:
    yield made.terminal()
    with made.db.write() as tx:
        tx.execute(preferences.preferences.delete())


def events(made: World, visit: str) -> list[tuple[str, Mapping[str, Any]]]:
    with made.db.read() as tx:
        return [(row.kind, row.body) for row in outbox.events_after(tx, 0, 100_000) if row.visit == visit]


def kept(made: World) -> list[Any]:
    with made.db.read() as tx:
        return [(row.customer, dict(row.body)) for row in tx.execute(preferences.preferences.select())]


def test_what_she_keeps_comes_back_with_the_next_proof_of_who_she_is(made: World, vtm: Terminal) -> None:
    known = vtm.by_document(vtm.visit())
    assert known.preferences is None
    vtm.ask("keep_preferences", {"customer": known.customer, "preferences": LIKES})
    again = vtm.by_document(vtm.visit())
    assert json.loads(again.preferences.model_dump_json()) == LIKES
    vtm.ask("keep_preferences", {"customer": again.customer, "preferences": {**LIKES, "language": "en"}})
    assert vtm.by_document(vtm.visit()).preferences.language == "en"
    assert len(kept(made)) == 1, "the newest stands"


def test_keeping_none_erases_what_was_kept_and_the_log_knows_no_name(made: World, vtm: Terminal) -> None:
    visit = vtm.visit()
    customer = vtm.by_document(visit).customer
    for likes in (LIKES, None):
        vtm.ask("keep_preferences", {"customer": customer, "preferences": likes})
    assert not kept(made)
    assert events(made, visit)[-2:] == [("preferences.kept", {}), ("preferences.erased", {})]


def test_a_session_that_is_over_keeps_nothing(made: World, vtm: Terminal) -> None:
    customer = vtm.by_document(vtm.visit()).customer
    vtm.ask("sign_out", {"customer": customer})
    with pytest.raises(Said) as said:
        vtm.ask("keep_preferences", {"customer": customer, "preferences": LIKES})
    assert said.value.problem.reason == "signed-out"
    assert not kept(made)


def test_a_member_of_staff_erases_them_by_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "branch"
    config = ["--config", str(state / "branch.toml")]
    assert main(["init", "--state", str(state)]) == 0
    capsys.readouterr()
    assert main(["forget-preferences", "C000001", *config]) == 1
    assert capsys.readouterr().out == "nothing was kept of this customer\n"
    _, db = _opened(argparse.Namespace(config=state / "branch.toml"))
    with db.write() as tx:
        preferences.keep(tx, "C000001", LIKES, 1)
    assert main(["forget-preferences", "C000001", *config]) == 0
    assert capsys.readouterr().out == "erased\n"
    with db.read() as tx:
        assert preferences.of(tx, "C000001") is None
    db.engine.dispose()
