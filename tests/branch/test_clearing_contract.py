"""The clearing's contract: the reference keeps it on both databases, one that breaks it is found, the command tells."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from branch.__main__ import main
from branch.bank import clearinghouse
from branch.bank.clearing import ClearingOrder, ClearingState, NameCheck, Named, NoClearing
from branch.bank.clearing_contract import CHECKS, Bench, Check, Lent
from branch.bank.clearinghouse import ReferenceClearing
from branch.bank.promise import Broken
from branch.build import open_clearing
from branch.plugins import Given
from branch.settings import BadConfig, load
from tests.branch.outside import HERS, ZHAO
from tests.branch.support import Said, World, world

LENT = Lent(ZHAO[0], ZHAO[1], "ZHAO MIN", "6230580000000009999", HERS)
NUMBERS = count(1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
    found = world(tmp_path_factory.mktemp("clearing"), url)
    yield found
    found.db.engine.dispose()


def bench(made: World, clearing: ReferenceClearing) -> Bench:
    return Bench(clearing, LENT, lambda: f"CHECK-{next(NUMBERS):032x}/001-interbank", lambda: made.clock.minutes(5))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_reference_clearing_keeps_it(made: World, check: Check) -> None:
    check(bench(made, ReferenceClearing(made.db)))


class Twice(ReferenceClearing):
    """It sends a repeat as another order."""

    def send(self, key: str, order: ClearingOrder) -> None:
        super().send(f"{key}x{next(NUMBERS)}", order)


class Forgets(ReferenceClearing):
    def state(self, key: str) -> ClearingState:
        return ClearingState("sent")


class Tells(ReferenceClearing):
    """It tells a name to who guesses."""

    def check(self, bank: str, number: str, name: str) -> Named:
        return Named(NameCheck.NONE, "赵敏")


class Keeps(ReferenceClearing):
    """What nobody takes is credited all the same."""

    def state(self, key: str) -> ClearingState:
        found = super().state(key)
        return ClearingState("credited") if found.status == "returned" else found


@pytest.mark.parametrize("kind", [Twice, Forgets, Tells, Keeps])
def test_a_clearing_that_breaks_it_is_found(made: World, kind: Callable[..., ReferenceClearing]) -> None:
    broken = 0
    for check in CHECKS:
        try:
            check(bench(made, kind(made.db)))
        except Broken:
            broken += 1
    assert broken


def adapter(given: Given) -> ReferenceClearing:
    """A bank's own clearing, as a configuration names it."""
    assert given.name == "0001"
    return Keeps(WORLDS[-1].db)


WORLDS: list[World] = []


def test_branch_toml_chooses_it_and_the_command_checks_it(
    made: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    WORLDS.append(made)
    monkeypatch.setattr(clearinghouse, "WAY_MS", 0)
    monkeypatch.setattr("branch.__main__.open_database", lambda _: made.db)
    config = tmp_path / "branch.toml"
    for named, code, words in (("reference", 0, "all kept"), (f"{__name__}:adapter", 1, "1 broken")):
        config.write_text(f'[branch]\nstate = "{tmp_path}"\n[ports]\nclearing = "{named}"\n')
        assert main(["clearing", "check", "--wait", "0", "--config", str(config)]) == code
        assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("no.such:thing", "no.such:thing"),
        ("branch.build:nothing", "nothing"),
        ("unheard", "unheard"),
        ("branch.build:utc_ms", "utc_ms"),
    ],
)
def test_an_adapter_that_is_not_there_or_is_none_is_named(tmp_path: Path, named: str, says: str, made: World) -> None:
    config = tmp_path / "branch.toml"
    config.write_text(f'[branch]\nstate = "{tmp_path}"\n[ports]\nclearing = "{named}"\n')
    with pytest.raises(BadConfig, match=says):
        open_clearing(load(config), made.db)


def test_a_bank_that_sends_nothing_to_others_says_so(tmp_path: Path) -> None:
    made = world(tmp_path)
    object.__setattr__(made.branch, "clearing", NoClearing())
    vtm = made.terminal()
    known = vtm.by_document(vtm.visit())
    with pytest.raises(Said) as no:
        vtm.ask("payee_banks", {"customer": known.customer, "number": "6230580000000000016"})
    assert no.value.problem.reason == "closed"
