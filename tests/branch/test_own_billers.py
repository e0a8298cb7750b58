"""A bank's own billers: named in branch.toml, found at the start, or refused with what to do."""

import sys
import types
from pathlib import Path

import pytest

from branch.__main__ import main
from branch.bank.billers import Billers, NoBillers
from branch.bank.refbillers import ReferenceBillers
from branch.build import open_branch
from branch.plugins import Given
from branch.settings import BadConfig, Settings, load
from tests.branch.support import Said, world


def written(folder: Path, use: str) -> Settings:
    path = folder / "branch.toml"
    path.write_text(f'[branch]\nstate = "{folder}"\n[ports]\nbillers = "{use}"\n[billers]\nregion = "010"\n')
    return load(path)


def test_the_reference_ones_show_the_branchs_own_region_first(tmp_path: Path) -> None:
    world(tmp_path)
    found = open_branch(written(tmp_path, "reference")).billers
    assert isinstance(found, ReferenceBillers)
    assert [one.id for one in found.regions()] == ["010", "0755"]


def test_a_function_of_the_banks_own_package_is_asked_with_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world(tmp_path)
    given: list[Given] = []
    ours = NoBillers()

    def make(parts: Given) -> Billers:
        given.append(parts)
        return ours

    package = types.ModuleType("our_bank_billers")
    vars(package)["make"] = make
    monkeypatch.setitem(sys.modules, "our_bank_billers", package)
    assert open_branch(written(tmp_path, "our_bank_billers:make")).billers is ours
    assert [one.state for one in given] == [tmp_path]


@pytest.mark.parametrize("use", ["our_bank_billers", "os.path:nothing_here", "no_such_package:make"])
def test_one_that_is_not_there_is_said_with_a_remedy(tmp_path: Path, use: str) -> None:
    world(tmp_path)
    with pytest.raises(BadConfig, match=r"branch\.toml:4: .*; (write|install)"):
        open_branch(written(tmp_path, use))


def test_none_are_none_where_the_file_says_so(tmp_path: Path) -> None:
    world(tmp_path)
    assert isinstance(open_branch(written(tmp_path, "none")).billers, NoBillers)


def test_a_branch_without_billers_says_that_it_has_none(tmp_path: Path) -> None:
    vtm = world(tmp_path, billers=lambda _: NoBillers()).terminal()
    with pytest.raises(Said) as no:
        vtm.ask("billers", {"language": "zh"})
    assert no.value.problem.reason == "closed"


def test_no_terminal_takes_the_branchs_own_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["terminal", "add", "STANDING"])
    assert "standing orders" in capsys.readouterr().err
