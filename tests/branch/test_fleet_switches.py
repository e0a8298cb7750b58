"""What is switched off in the database: for a fleet, a branch or a terminal, always or at some hours, and at once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import websockets

from branch import demo
from branch.__main__ import main
from branch.build import utc_ms
from branch.rules import RULES
from branch.server import configured
from branch.service import ServiceHours
from branch.settings import BadConfig, load
from branch.switches import Board, Switch
from protocol import messages as m
from tests.branch.real import RealBranch, _until_it_answers, running
from tests.branch.support import Said, World, world

HIS = demo.WANG_WEI.accounts[0][0]
NOON = datetime(2031, 3, 14, 12, 0, tzinfo=UTC)


def command(made: World, *words: str) -> int:
    """`branch WORDS…` on this world's database."""
    config = made.settings.state / "branch.toml"
    if not config.exists():
        url = f'\n[database]\nurl = "{made.settings.database}"\n' if made.settings.database else ""
        config.write_text(f'[branch]\nstate = "{made.settings.state}"\n{url}')
    return main([*words, "--config", str(config)])


@pytest.fixture
def made(tmp_path: Path) -> World:
    return world(tmp_path)


@pytest.mark.parametrize(
    ("place", "off"),
    [
        (("--fleet",), True),
        (("--branch", "0001"), True),
        (("--branch", "0002"), False),
        (("--terminal", "VTM001"), True),
        (("--terminal", "VTM002"), False),
    ],
)
def test_a_switch_holds_where_it_was_set_and_the_branch_itself_refuses(
    made: World, place: tuple[str, ...], *, off: bool
) -> None:
    vtm = made.terminal()
    assert command(made, "switch", "off", "transfer", *place, "--why", "security") == 0
    assert made.branch.board("VTM001") == ({"transfer": "security"} if off else {})
    visit = vtm.visit()
    customer = vtm.by_document(visit).customer
    said = vtm.ask("transfer", vtm.post(visit, customer, vtm.order(customer, demo.LI_NA.accounts[1][0], 100)))
    assert said.reason == (m.Reason.CLOSED if off else None)


def test_a_statement_is_refused_at_the_one_terminal_where_it_is_off(made: World) -> None:
    assert command(made, "switch", "off", "statement", "--terminal", "VTM002", "--why", "maintenance") == 0
    for name, refused in (("VTM001", False), ("VTM002", True)):
        vtm = made.terminal(name)
        customer = vtm.by_document(vtm.visit()).customer
        asked = {"customer": customer, "account": vtm.ask("accounts", {"customer": customer}).accounts[0].handle}
        if refused:
            with pytest.raises(Said):
                vtm.ask("movements", {**asked, "period": "month"})
        else:
            vtm.ask("movements", {**asked, "period": "month"})


def test_it_is_listed_with_place_hours_and_reason_until_it_is_taken_back(
    made: World, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("switch", "off", "pin", "--branch", "0001", "--from", "22:00", "--to", "06:00", "--why", "hours")
    assert command(made, *words) == 0
    assert command(made, *words[:-1], "maintenance") == 0, "the newest reason stands"
    assert command(made, "switch", "off", "pin", "--fleet", "--why", "security") == 0
    capsys.readouterr()
    assert command(made, "switches") == 0
    lines = [line.split("\t")[:3] for line in capsys.readouterr().out.splitlines()]
    assert lines == [["pin", "fleet", "security"], ["pin", "branch 0001 22:00-06:00", "maintenance"]]
    assert command(made, "switch", "on", "pin", "--branch", "0001") == 0
    assert command(made, "switch", "on", "pin", "--branch", "0001") == 1
    assert made.branch.board("VTM001") == {"pin": "security"}


@pytest.mark.parametrize(
    "words",
    [
        ("pin", "--why", "security"),
        ("nothing", "--fleet", "--why", "security"),
        ("pin", "--fleet"),
        ("pin", "--fleet", "--terminal", "VTM001", "--why", "security"),
        ("pin", "--fleet", "--why", "because"),
        ("pin", "--fleet", "--why", "hours", "--from", "25:00", "--to", "06:00"),
    ],
)
def test_what_is_no_switch_is_refused_by_the_command_line(made: World, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit):
        command(made, "switch", "off", *words)
    assert made.branch.board("VTM001") == {}


def test_half_a_window_is_refused(made: World) -> None:
    assert command(made, "switch", "off", "pin", "--fleet", "--why", "hours", "--from", "22:00") == 2
    assert made.branch.board("VTM001") == {}


def test_at_its_hours_it_is_off_and_else_not(made: World) -> None:
    row = Switch("pin", "fleet", "", "11:00", "13:00", "hours")
    for hours, off in ((-2, False), (0, True), (1, False)):
        moment = NOON + timedelta(hours=hours)
        board = Board(made.db, "0001", lambda _, moment=moment: moment)  # type: ignore[misc]
        assert bool(board.off([row], "VTM001")) is off, moment


@pytest.fixture(params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RealBranch]:
    """The real server over its WebSocket, on either database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
    made = world(tmp_path, url, start=utc_ms())
    with running(configured(made.settings)) as port:
        branch = RealBranch(made, port)
        _until_it_answers(branch)
        yield branch


def test_a_switch_in_the_database_is_in_force_at_a_terminal_within_a_minute_and_so_is_its_end(
    served: RealBranch,
) -> None:
    made = served.world

    async def heard(link: websockets.ClientConnection) -> list[dict[str, str]]:
        found = [m.Hello.model_validate_json(await link.recv()).switched_off]
        for words in (
            ("off", "transfer", "--fleet", "--why", "security"),
            ("off", "pin", "--terminal", "SWITCH1", "--why", "unavailable"),
            ("on", "transfer", "--fleet"),
        ):
            assert command(made, "switch", *words) == 0
            found.append(m.Hello.model_validate_json(await link.recv()).switched_off)
        return [dict(one) for one in found]

    expected: list[dict[str, Any]] = [
        {},
        {"transfer": "security"},
        {"transfer": "security", "pin": "unavailable"},
        {"pin": "unavailable"},
    ]
    assert served.on_link(served.enrol("SWITCH1"), heard) == expected  # at most ten seconds in all


def test_each_terminal_hears_its_own_hours_and_the_next_cut_over(tmp_path: Path) -> None:
    made = world(tmp_path)
    hours = ServiceHours(
        made.clock, RULES, ("mon-fri 09:00-17:00",), {"VTM007": ("mon-sun 06:00-23:00",)}, "22:30", lambda _: NOON
    )
    assert hours.of("VTM001") == {"hours": ("mon-fri 09:00-17:00",)}
    assert hours.of("VTM007") == {"hours": ("mon-sun 06:00-23:00",)}
    said = hours.stillness(NOON.date())
    assert said["cut_over_at"] == int(NOON.replace(hour=22, minute=30).timestamp() * 1000)
    assert said["cut_over_still"] >= 60
    assert ServiceHours(made.clock, RULES).stillness(NOON.date()) == {}


def test_hours_and_cut_over_of_the_configuration_reach_the_terminal(tmp_path: Path) -> None:
    made = world(tmp_path, start=utc_ms())
    settings = replace(made.settings, service_hours=("mon 09:00-10:00",), cut_over="22:30", terminal_hours={"OWN1": ()})

    async def hello(link: websockets.ClientConnection) -> m.Hello:
        return m.Hello.model_validate_json(await link.recv())

    with running(configured(settings)) as port:
        branch = RealBranch(made, port)
        _until_it_answers(branch)
        first, own = (branch.on_link(branch.enrol(name), hello) for name in ("FIRST1", "OWN1"))
    assert (first.hours, own.hours) == (("mon 09:00-10:00",), ())
    assert first.cut_over_at is not None
    assert first.cut_over_at > utc_ms()


@pytest.mark.parametrize(
    "bad",
    [
        '[service]\nhours = ["mon-fri 17:00-09:00"]',
        '[service]\ncut_over = "25:00"',
        '[terminals]\nVTM001 = ["always"]',
        '[terminals]\nVTM001 = "mon-fri 09:00-17:00"',
        "[terminals]\nVTM-001 = []",
    ],
)
def test_hours_that_cannot_be_are_named_with_their_line(tmp_path: Path, bad: str) -> None:
    path = tmp_path / "branch.toml"
    path.write_text(f'[branch]\nstate = "{tmp_path}"\n{bad}\n')
    with pytest.raises(BadConfig, match=r"branch\.toml:4: "):
        load(path)


def test_a_terminal_may_have_hours_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "branch.toml"
    path.write_text(f'[branch]\nstate = "{tmp_path}"\n[terminals]\nVTM001 = ["sat-sun 10:00-12:00"]\n')
    assert load(path).terminal_hours == {"VTM001": ("sat-sun 10:00-12:00",)}
