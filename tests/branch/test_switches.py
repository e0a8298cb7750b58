"""What the branch has switched off: told at once, refused by the branch itself, and a bad file changes nothing."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import websockets

from branch import demo, settings
from branch.api import create_app
from branch.build import utc_ms
from branch.server import configured
from branch.serving import inline
from branch.switches import Switches
from kiosk.terminal import standing
from protocol import messages as m
from protocol.messages import Reason
from tests.branch.real import RealBranch, _until_it_answers, running
from tests.branch.support import DAY, Said, Terminal, World, from_header, world

HIS = demo.WANG_WEI.accounts[0][0]


def written(folder: Path, switches: str = "") -> Path:
    """A configuration; each one is newer than the one before."""
    path = folder / "branch.toml"
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(f'[branch]\nstate = "{folder}"\n\n[switches]\n{switches}')
    os.utime(path, ns=(before + 1_000_000, before + 1_000_000))
    return path


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    switches = Switches(settings.load(written(tmp_path)))
    assert switches() == {}
    written(tmp_path, 'transfer = "security"\n')
    assert switches() == {"transfer": "security"}
    written(tmp_path)
    assert switches() == {}


@pytest.mark.parametrize(
    "bad", ['transfer = "because"\n', 'tranfser = "hours"\n', "transfer = \n", "transfer = true\n"]
)
def test_a_file_that_cannot_be_used_changes_nothing_and_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, bad: str
) -> None:
    switches = Switches(settings.load(written(tmp_path, 'statement = "maintenance"\n')))
    path = written(tmp_path, bad)
    assert switches() == {"statement": "maintenance"}
    assert f"{path}:5: " in caplog.text
    path.unlink()
    assert switches() == {"statement": "maintenance"}


@pytest.fixture
def made(tmp_path: Path) -> World:
    return world(tmp_path)


def with_off(made: World, **off: m.SwitchReason) -> Terminal:
    desk = replace(made.branch, switched_off=lambda: off)
    app = create_app(made.settings, branch=desk, run=inline, identify_peer=from_header)
    return replace(made, branch=desk, app=app).terminal()


def test_a_transfer_that_is_switched_off_is_refused_under_its_key_and_nothing_moves(made: World) -> None:
    vtm, before = with_off(made, transfer="security"), made.balances()
    visit = vtm.visit()
    customer = vtm.by_document(visit).customer
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 100))
    said = vtm.ask("transfer", post)
    assert (said.status, said.reason) == ("refused", Reason.CLOSED)
    assert vtm.ask("state", {"key": post.key}).status == "refused"
    assert made.balances() == before


def ask_statement(vtm: Terminal) -> None:
    customer = vtm.by_document(vtm.visit()).customer
    account = vtm.ask("accounts", {"customer": customer}).accounts[0].handle
    vtm.ask("movements", {"customer": customer, "account": account, "period": "month"})


def test_a_statement_that_is_switched_off_is_refused_to_a_terminal_that_has_not_heard(made: World) -> None:
    with pytest.raises(Said) as no:
        ask_statement(with_off(made, statement="maintenance"))
    assert no.value.problem.reason == Reason.CLOSED
    ask_statement(with_off(made, transfer="maintenance"))


@pytest.mark.parametrize(
    ("hello", "expected"),
    [
        (lambda: None, (False, {})),
        (lambda: said(in_service=False), (False, {})),
        (lambda: said(in_service=True), (True, {})),
        (lambda: said(in_service=True, off={"transfer": "hours"}), (True, {"transfer": "hours"})),
    ],
)
def test_the_terminal_takes_the_branch_at_its_last_word(
    hello: Callable[[], m.Hello | None], expected: tuple[bool, dict[str, str]]
) -> None:
    now = standing(hello())
    assert (now.open, now.switched_off) == expected


def said(*, in_service: bool, off: dict[str, m.SwitchReason] | None = None) -> m.Hello:
    """A word of the branch."""
    facts = {"bank": "b", "branch": "1", "terminal": "VTM001", "accounting_date": DAY, "in_service": in_service}
    return m.Hello.model_validate({**facts, "switched_off": off or {}})


def test_a_change_of_the_file_is_told_on_a_link_that_stands_without_a_restart(tmp_path: Path) -> None:
    made = world(tmp_path, start=utc_ms())
    file = written(tmp_path)

    async def heard(link: websockets.ClientConnection) -> list[dict[str, str]]:
        found = [m.Hello.model_validate_json(await link.recv()).switched_off]
        for switches in ('transfer = "security"\n', ""):
            written(tmp_path, switches)
            found.append(m.Hello.model_validate_json(await link.recv()).switched_off)
        return [dict(one) for one in found]

    with running(configured(replace(made.settings, file=file))) as port:
        branch = RealBranch(made, port)
        _until_it_answers(branch)
        assert branch.on_link(branch.enrol("SWITCH1"), heard) == [{}, {"transfer": "security"}, {}]
