"""A branch that sends to other banks, on both databases; a module with a branch of its own has its own `made`."""

from collections.abc import Iterator

import pytest

from branch import demo
from branch.store import payees
from tests.branch.outside import CLOSED, ZHAO, Sender, balanced
from tests.branch.support import Terminal, World, world


@pytest.fixture(params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
    found = world(tmp_path_factory.mktemp("remit"), url)
    yield found
    balanced(found)
    found.db.engine.dispose()


@pytest.fixture
def vtm(made: World) -> Terminal:
    return made.terminal()


@pytest.fixture
def li(made: World, vtm: Terminal) -> Sender:
    """Li Na, who has stepped up, and has sent something to these two before."""
    with made.db.write() as tx:
        for bank, number, *_ in (ZHAO, CLOSED):
            payees.keep(tx, demo.LI_NA.id, f"{bank}:{number}", made.clock())
    one = Sender(vtm)
    one.steps_up()
    return one
