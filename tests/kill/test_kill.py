"""kill -9 of running programs at random moments under load: nothing is lost, and no secret is left anywhere."""

import secrets
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from protocol.calls import PATHS
from tests.kill.judge import search
from tests.kill.play import played
from tests.kill.rig import Rig
from tests.postgres import Postgres, postgres  # noqa: F401

ROUNDS = 20


def _judged(rig: Rig, met: Counter[str]) -> None:
    """It was a battle, and not a parade."""
    print(*(f"{count:5d} {what}" for what, count in sorted(met.items())), sep="\n")  # noqa: T201
    assert rig.kills["branch"] == ROUNDS
    assert met["ended done"] >= 5
    assert sum(count for what, count in met.items() if what.startswith("settled ")) >= 5
    assert met["settled manual"] == 0, "nobody is needed for what a restart can mend"


def _only_where_it_must_be(rig: Rig, *logs: Path) -> None:
    """What the search finds is what the protocol and a core must name, so that it does find what is there."""
    calls = {f"{PATHS['authorise_card'].path} pan", f"{PATHS['claim'].path} id_number"}
    assert set(search(rig, *logs)) == calls | {"book_cards.pan", "book_customers.id_number"}


@pytest.mark.timeout(300)
def test_killed_at_any_moment_money_moves_once_iff_told_so_and_every_intent_ends_once(tmp_path: Path) -> None:
    with played(tmp_path, secrets.randbelow(10**6), ROUNDS) as (rig, met):
        _judged(rig, met)
        _only_where_it_must_be(rig)


@pytest.mark.timeout(300)
def test_on_postgresql_too(tmp_path: Path, postgres: Postgres) -> None:  # noqa: F811  the fixture
    url = postgres.new_database()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        (data,) = connection.execute("show data_directory").fetchone() or ("",)
    with played(tmp_path, secrets.randbelow(10**6), ROUNDS, url) as (rig, met):
        _judged(rig, met)
        _only_where_it_must_be(rig, Path(data).parent / "log")
