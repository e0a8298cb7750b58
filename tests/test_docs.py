"""The pages tell the truth: what they name exists, their tables are the code's, and their examples work."""

import importlib.util
import json
import re
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import uvicorn

from branch import __main__ as branch, link as branch_link
from branch.api import create_app
from branch.bank import carewire, corewire, served
from branch.bank.ciphers import retail_mac
from branch.bank.remote import RemoteCore
from branch.serving import inline
from branch.settings import KEYS as BRANCH_KEYS
from drivers.sim import __main__ as sim
from drivers.sim.camera import CameraFarEnd
from drivers.sim.card import CardReaderFarEnd
from drivers.sim.idcard import IdReaderFarEnd
from drivers.sim.panel import PanelFarEnd
from drivers.sim.pinpad import PinPadFarEnd
from drivers.sim.printer import PrinterFarEnd
from drivers.sim.sound import SoundFarEnd
from kiosk import __main__ as kiosk, device, record
from kiosk.config import KEYS as KIOSK_KEYS, BadConfig
from protocol import messages as m
from protocol.calls import PATHS, REVOKED
from protocol.chain import first_break
from tests.branch.support import from_header, world
from tools import licences

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md")])
PAGE_NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
ROOMS = ("protocol", "drivers", "flows", "kiosk", "branch", "docs", "tests", "tools", "bench", "i18n", "requirements")
OTHERS = frozenset(
    shlex.split("apt-get cat cd curl df export install journalctl kill mkdir printf python sed systemctl useradd")
)
"""Programs of other people that the pages may call."""
TEST_KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")


def _blocks(page: Path, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def _prose(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)


def _rows(page: str, head: str) -> list[list[str]]:
    """The rows of the table whose first line begins so, each cell without its backticks at the ends."""
    lines = (DOCS / page).read_text("utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(head))
    rows = []
    for line in lines[at + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


# --- what is named exists


def _anchors(page: Path) -> set[str]:
    """The names that headings get: lower case, blanks to hyphens, other signs gone."""
    headings = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_every_local_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        found = (page.parent / place).resolve() if place else page
        assert found.exists() or "build/" in place, f"{name}: {target}"
        assert not anchor or anchor in _anchors(found), f"{name}: {target}"


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_every_path_named_in_a_page_exists(name: str) -> None:
    for word in re.findall(r"`([\w.-]+(?:/[\w.*-]*)+)`", _prose(ROOT / name)):
        if word.partition("/")[0] in ROOMS:
            assert list(ROOT.glob(word.rstrip("/"))), f"{name}: {word}"


# --- commands


def _commands(page: Path) -> Iterator[list[str]]:
    """Each simple command of the page's shell blocks, as words; here-documents left out."""
    for block in _blocks(page, "sh"):
        text = re.sub(r" << 'END'\n.*?^END$", "", block, flags=re.DOTALL | re.MULTILINE)
        lexer = shlex.shlex(text.replace("\\\n", " ").replace("\n", "\n; "), posix=True, punctuation_chars=";&|<>")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in lexer:
            if set(word) <= set(";&|"):
                yield from [words] if words else []
                words = []
            else:
                words.append(word)
        yield from [words] if words else []


def _bare(words: list[str]) -> list[str]:
    """Without variables and `sudo` in front, and without redirections behind."""
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    if words[:1] == ["sudo"]:
        words = words[3:]
    at = next((number for number, word in enumerate(words) if set(word) <= set("<>")), len(words))
    return words[:at]


def _parse(words: list[str]) -> None:
    """Let our own command line read the words; SystemExit or WrongUsage when it cannot."""
    program, arguments = Path(words[0]).name, words[1:]
    if program == "branch":
        branch.parser().parse_args(arguments)
    elif program == "kiosk" and arguments[:1] == ["device"]:
        device.parser().parse_args(arguments[1:])
    elif program == "kiosk":
        kiosk.main(arguments)
    elif program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        assert set(arguments) <= set(targets)
    elif program == "python" and arguments[:2] == ["-m", "drivers.sim"]:
        sim.arguments(arguments[2:])
    elif program == "python" and arguments[:1] == ["-m"]:
        assert importlib.util.find_spec(arguments[1])
    else:
        assert program in OTHERS


@pytest.mark.parametrize("name", PAGE_NAMES)
def test_every_command_of_a_page_is_one_that_there_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def only_parsed(path: Path) -> None:
        raise BadConfig(path, 1, "not read in this test", "")

    monkeypatch.setattr(kiosk, "load", only_parsed)
    monkeypatch.setattr(record, "export", lambda *_: 0)
    monkeypatch.setattr(record, "broken_at", lambda _: None)
    for words in map(_bare, _commands(ROOT / name)):
        try:
            _parse(words) if words else None
        except (SystemExit, AssertionError, device.WrongUsage) as why:
            pytest.fail(f"{name}: {shlex.join(words)}: {why}")


@pytest.mark.parametrize(
    "words", ["branch sevre", "kiosk device toaster status --at x", "kiosk enrol", "make tea", "rm x"]
)
def test_a_command_that_there_is_not_would_be_noticed(words: str) -> None:
    with pytest.raises((SystemExit, AssertionError, device.WrongUsage)):
        _parse(words.split())


# --- tables


def test_the_table_of_calls_is_the_protocols_own() -> None:
    rows = [row[:4] for row in _rows("wires.md", "| call |")]
    assert rows == [[name, call.path, call.request.__name__, call.reply.__name__] for name, call in PATHS.items()]


def test_the_table_of_the_core_is_what_is_served() -> None:
    calls = {name: (asked.__name__, reply.__name__) for name, (asked, reply, _) in served.CALLS.items()}
    calls["specimen"] = ("NoBody", "Specimen")
    assert _rows("wires.md", "| path | request |") == [[f"/core/v1/{name}", *both] for name, both in calls.items()]


def test_every_reason_is_explained_and_no_other() -> None:
    assert [row[0] for row in _rows("wires.md", "| reason | meaning")] == list(m.Reason)


def test_the_close_codes_are_the_links_own() -> None:
    codes = {int(row[0]) for row in _rows("wires.md", "| close code")}
    assert codes == {REVOKED, branch_link.SUPERSEDED, branch_link.NONSENSE, branch_link.FULL, 1011}


def test_the_faults_of_the_far_ends_are_those_that_they_have() -> None:
    ends = (IdReaderFarEnd, CardReaderFarEnd, PinPadFarEnd, PrinterFarEnd, CameraFarEnd, PanelFarEnd)
    ends += tuple(SoundFarEnd(name, ROOT) for name in ("headset", "speaker"))
    assert {row[0]: row[3] for row in _rows("wires.md", "| far end |")} == {
        end.name: ", ".join(end.faults) for end in ends
    }


@pytest.mark.parametrize(("which", "known"), [(0, KIOSK_KEYS), (1, BRANCH_KEYS)], ids=["kiosk", "branch"])
def test_every_configuration_key_is_explained_and_no_other(which: int, known: dict[str, dict[str, type]]) -> None:
    pages = (DOCS / "operate.md").read_text("utf-8").split("### Branch: ")
    said = re.findall(r"^\| `\[(\w+)\] (\w+)`", pages[which], re.MULTILINE)
    assert sorted(said) == sorted((section, key) for section, keys in known.items() for key in keys)


# --- worked examples


def test_the_bodies_of_the_core_are_valid_and_each_message_has_one() -> None:
    lines = [line.split(maxsplit=1) for line in _blocks(DOCS / "wires.md", "core")[0].splitlines()]
    for name, body in lines:
        model = {**vars(m), **vars(corewire), **vars(carewire)}[name]
        model.model_validate_json(body)
    named = {name for row in _rows("wires.md", "| path | request |") for name in row[1:]}
    assert {name for name, _ in lines} == named | {"Problem"}


def test_the_mac_of_the_page_is_the_protocols() -> None:
    text, mac = _blocks(DOCS / "wires.md", "mac")[0].splitlines()
    said = json.loads(text)
    order = m.TransferOrder.model_validate(said["order"])
    assert m.authenticated(said["key"], said["trace"], said["code"], order) == text.encode()
    assert retail_mac(TEST_KEY, text.encode()).hex() == mac


def _chain_check(lines: str, folder: Path) -> int:
    """Run the page's own ten lines as a program on an export; answers its exit code."""
    page, export = DOCS / "wires.md", folder / "journal.jsonl"
    export.write_text(lines, "utf-8")
    (folder / "check.py").write_text(_blocks(page, "python")[0], "utf-8")
    return subprocess.run([sys.executable, "check.py", "journal.jsonl"], cwd=folder, check=False, timeout=20).returncode


def test_the_worked_journal_holds_for_us_and_for_the_ten_lines_of_the_page(tmp_path: Path) -> None:
    lines = _blocks(DOCS / "wires.md", "journal")[0]
    rows = [json.loads(line) for line in lines.splitlines()]
    assert first_break([({k: v for k, v in row.items() if k != "hash"}, row["hash"]) for row in rows]) is None
    assert _chain_check(lines, tmp_path) == 0
    assert _chain_check(lines.replace("50000", "60000"), tmp_path) == 1


@pytest.fixture
def adapter(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The example adapter, served; its address. Its token is `secret`."""
    monkeypatch.setenv("CORE_TOKEN", "secret")
    spec = importlib.util.spec_from_file_location("core_adapter", DOCS / "examples/core_adapter.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "core_adapter", module)
    spec.loader.exec_module(module)
    door = socket.socket(proto=socket.IPPROTO_TCP)  # else asyncio leaves Nagle on, 40 ms a call
    door.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(module.app, log_level="error"))
    thread = threading.Thread(target=server.run, args=([door],))
    thread.start()
    for _ in range(500):
        if server.started:
            break
        threading.Event().wait(0.02)
    yield f"http://127.0.0.1:{door.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    door.close()


def test_the_example_adapter_keeps_the_whole_contract(
    adapter: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("secret\n")
    assert branch.main(["core", "check", "--at", adapter, "--token-file", str(tmp_path / "token")]) == 0
    assert capsys.readouterr().out.endswith("all kept\n")


def test_a_customer_proves_herself_and_moves_money_on_the_example_adapter(adapter: str, tmp_path: Path) -> None:
    made = world(tmp_path)
    with httpx.Client(base_url=adapter) as client:
        desk = replace(made.branch, core=RemoteCore(client, "secret"))
        app = create_app(made.settings, branch=desk, run=inline, identify_peer=from_header)
        terminal = replace(made, branch=desk, app=app).terminal()
        visit = terminal.visit()
        customer = terminal.by_document(visit).customer
        terminal.steps_up(customer)
        order = terminal.order(customer, "6229990900000000034", 50_000)
        posted = terminal.ask("transfer", terminal.post(visit, customer, order))
        assert (posted.status, posted.balance) == ("done", 4_950_000)
        taken_back = terminal.ask("reverse", {"key": posted.key, "reason": "customer"})
        assert (taken_back.ending, taken_back.reference) == (m.Ending.REVERSED, posted.reference)
        assert terminal.ask("accounts", {"customer": customer}).accounts[0].balance == 5_000_000


def test_without_its_token_the_example_adapter_answers_nobody(adapter: str) -> None:
    assert branch.main(["core", "check", "--at", adapter]) == branch.WRONG


# --- licences


def test_the_page_of_licences_is_that_of_the_lock() -> None:
    assert licences.fresh() == licences.PAGE.read_text("utf-8"), "run python tools/licences.py"


@pytest.mark.parametrize(("was", "now"), [("\npsec==", "\npsec==9."), ("\npsec==", "\n# psec==")])
def test_a_lock_that_changed_without_the_page_is_noticed(
    was: str, now: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "lock.txt"
    changed.write_text(licences.LOCK.read_text("utf-8").replace(was, now), "utf-8")
    monkeypatch.setattr(licences, "LOCK", changed)
    assert licences.main(["check"]) == 1


def test_what_the_page_calls_unused_is_imported_nowhere() -> None:
    modules = {"aiortc": "aiortc", "dlib-bin": "dlib", "face-recognition": "face_recognition"}
    modules |= {"pytesseract": "pytesseract"}
    unused = {row[0].strip("*") for row in _rows("licences.md", "| package | version") if "nothing imports" in row[3]}
    assert unused == set(modules)
    imports = re.compile(rf"^ *(?:import|from) (?:{'|'.join(modules.values())})\b", re.MULTILINE)
    code = (path for room in ROOMS[:5] for path in (ROOT / room).rglob("*.py"))
    assert [str(path) for path in code if imports.search(path.read_text("utf-8"))] == []


def test_debian_states_the_licences_as_the_page_does() -> None:
    wrong = []
    for name, said, _ in _rows("licences.md", "| package | main licence"):
        file = Path("/usr/share/doc", name, "copyright")
        text = file.read_text("utf-8", "replace") if file.exists() else ""
        main = re.search(r"^Files: *\*\n(?:(?!Files:).*\n)*?License: *(\S+)", text, re.MULTILINE)
        if main and not said.startswith(main[1]):
            wrong.append(f"{name}: {main[1]}, the page has {said}")
    assert wrong == []
