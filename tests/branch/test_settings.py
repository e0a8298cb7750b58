"""The branch's configuration: a mistake is named with file, line and remedy, and the command ends with 2."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from branch import settings
from branch.__main__ import main
from branch.settings import BadConfig

ROOT = Path(__file__).parents[2]
TEMPLATE = (ROOT / "branch" / "branch.toml").read_text()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A branch that is set up."""
    folder = tmp_path_factory.mktemp("state")
    assert main(["init", "--state", str(folder)]) == 0
    return folder


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


NONE, DB = '[database]\nurl = "" ', "[database]\nurl = "
MISTAKES = {
    "unknown key": ("port = 8443", "prot = 8443", "prot =", "unknown key 'prot'", "[serve] has host, port, names"),
    "unknown section": ("[core]", "[cores]", "[cores]", "'cores'", "there are [branch], [serve], [database], [core]"),
    "key outside": ("[branch]", "loose = 1\n[branch]", "loose", "'loose'", "there are [branch]"),
    "text for a number": ("port = 8443", 'port = "8443"', "port", "port must be a whole number", "port = 8443"),
    "true for a number": ("port = 8443", "port = true", "port", "port must be a whole number", "port = 8443"),
    "number for a text": ('name = "0001"', "name = 1", "name = 1", "name must be a text", 'name = "…"'),
    "text for a truth": ("expose = false", 'expose = "no"', "expose", "expose must be true or false", "expose = false"),
    "numbers in a list": ("names = []", "names = [1, 2]", "names", "names must be a list of texts", "names = ["),
    "no port": ("port = 8443", "port = 70000", "port", "70000 is no port", "1 to 65535"),
    "no branch number": ('name = "0001"', 'name = "main street"', "main street", "not a branch number", "letters"),
    "other database": (NONE, DB + '"mysql://h/x" ', "mysql", "not a database URL", "sqlite:///PATH"),
    "database without name": (NONE, DB + '"postgresql+psycopg://h" ', "psycopg", "not a database", "HOST/NAME"),
    "database with odd port": (NONE, DB + '"postgresql+psycopg://h:x/n" ', "psycopg", "not a database", "HOST"),
    "other driver": (NONE, DB + '"postgresql://h/n" ', "postgresql", "not a database URL", "+psycopg"),
    "sqlite in memory": (NONE, DB + '"sqlite://" ', "sqlite", "not a database URL", "sqlite:///PATH"),
    "core without tls": ('url = "reference"', 'url = "http://c.example"', "c.example", "not an address", "https://"),
    "core with odd host": ('url = "reference"', 'url = "https://[::1"', "[::1", "not an address of a core", "https://"),
    "core with odd port": ('url = "reference"', 'url = "https://c:port"', "c:port", "not an address", "https://"),
    "core without token": ('url = "reference"', 'url = "https://c"', "https://c", "needs a token", "token_file"),
    "no hours": ("mon-fri 09:00-17:00", "always", "hours =", "'always' are no hours", "mon-fri"),
    "no day": ("mon-fri 09:00-17:00", "mon-xyz 09:00-17:00", "hours =", "no hours", "mon-fri"),
    "no service": ('"cash", ', '"magic", ', "services =", "unknown service 'magic'", "cash, cards"),
    "no transaction": ("# transfer =", "tranfser =", "tranfser =", "unknown key 'tranfser'", "[switches] has accounts"),
    "no reason": ('# transfer = "maintenance"', 'transfer = "mood"', "transfer =", "unknown reason 'mood'", "security"),
    "no toml": ("port = 8443", "port = = 8443", "port = =", "is not TOML", "line"),
    "a key twice": ("port = 8443", "port = 8443\nport = 1", "port = 1", "is not TOML", ""),
}  # fmt: skip


@pytest.mark.parametrize("what", MISTAKES)
@pytest.mark.parametrize("command", ["serve", "balance"])
def test_a_mistake_is_named_with_file_line_and_remedy_and_nothing_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str, command: str
) -> None:
    good, bad, at, problem, remedy = MISTAKES[what]
    assert TEMPLATE.count(good) == 1
    text = TEMPLATE.replace(good, bad)
    path = tmp_path / "branch.toml"
    path.write_text(text)
    assert main([command, "--config", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{path}:{line_of(text, at)}: "), said
    assert problem in said
    assert remedy in said
    assert len(said.splitlines()) == 1


def test_the_template_itself_is_good_and_every_key_in_it_is_known(tmp_path: Path) -> None:
    path = tmp_path / "branch.toml"
    path.write_text(TEMPLATE)
    found = settings.load(path)
    assert (found.port, found.core, found.database_url) == (8443, "reference", "sqlite:////var/lib/branch/branch.db")


def test_a_file_that_is_missing_a_folder_or_no_text_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "latin.toml").write_bytes(b'[branch]\n# a\nbank = "B\xe4nk"\n')
    for name, line, remedy in (("none.toml", 1, "--config"), ("", 1, "--config"), ("latin.toml", 3, "UTF-8")):
        path = tmp_path / name
        assert main(["serve", "--config", str(path)]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"{path}:{line}: ")
        assert remedy in said


def test_a_state_folder_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "branch.toml"
    path.write_text('[branch]\nbank = "B"\n')
    with pytest.raises(BadConfig, match=r"state is missing; add state = "):
        settings.load(path)


def serve(config: Path) -> "subprocess.CompletedProcess[str]":
    """The command as systemd runs it."""
    line = [sys.executable, "-m", "branch", "serve", "--config", str(config)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)


def test_as_a_command_it_says_one_line_and_ends_with_2(tmp_path: Path) -> None:
    path = tmp_path / "branch.toml"
    path.write_text(TEMPLATE.replace("port = 8443", "prot = 8443"))
    done = serve(path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{path}:{line_of(TEMPLATE, 'port = ')}: unknown key 'prot'; [serve] has host, port, names\n"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql+psycopg://nobody:hush@127.0.0.1:1/none", "connection"),
        ("sqlite:////proc/nowhere/branch.db", "unable to open database file"),
        ("sqlite:///{state}/secrets.json", "not a database"),
    ],
)
def test_a_database_that_does_not_answer_is_named_without_its_password(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], url: str, words: str
) -> None:
    path = tmp_path / "branch.toml"
    text = TEMPLATE.replace("/var/lib/branch", str(state)).replace(
        '[database]\nurl = "" ', DB + f'"{url.format(state=state)}" '
    )
    path.write_text(text)
    assert main(["terminal", "list", "--config", str(path)]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "[database] url" in said
    assert "hush" not in said


def test_a_database_of_another_release_or_an_empty_one_is_not_touched(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from branch.store.db import create_schema, open_engine

    path, file = tmp_path / "branch.toml", tmp_path / "other.db"
    text = TEMPLATE.replace("/var/lib/branch", str(state)).replace('[database]\nurl = "" ', DB + f'"sqlite:///{file}" ')
    path.write_text(text)
    assert main(["balance", "--config", str(path)]) == 2
    assert "branch init" in capsys.readouterr().err
    engine = open_engine(f"sqlite:///{file}")
    create_schema(engine)
    with engine.begin() as tx:
        tx.exec_driver_sql("update schema_version set version = 99")
    engine.dispose()
    assert main(["balance", "--config", str(path)]) == 2
    assert "install the newer release" in capsys.readouterr().err


def test_secrets_that_are_damaged_or_missing_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--state", str(tmp_path)]) == 0
    secrets, config = tmp_path / "secrets.json", tmp_path / "branch.toml"
    held = json.loads(secrets.read_text())
    for damaged in ("{", "[]", json.dumps({**held, "hsm": "00"}), json.dumps({**held, "mark": "zz"}), "{}"):
        secrets.write_text(damaged)
        assert main(["seed", "--config", str(config)]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"{secrets}:1: is damaged; restore it")
        assert held["mark"] not in said
    secrets.unlink()
    assert main(["seed", "--config", str(config)]) == 2
    assert "branch init" in capsys.readouterr().err


def test_setting_up_twice_changes_nothing_and_secrets_are_the_owners_alone(tmp_path: Path) -> None:
    def files() -> dict[str, bytes]:
        return {one.name: one.read_bytes() for one in tmp_path.iterdir() if not one.name.startswith("branch.db")}

    assert main(["init", "--state", str(tmp_path)]) == 0
    before = files()
    assert main(["init", "--state", str(tmp_path)]) == 0
    assert files() == before
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    for name in ("secrets.json", "core.token", "authority.key"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_the_books_of_another_core_are_not_kept_here(state: Path, tmp_path: Path) -> None:
    """The accounting date of a bank's own core is not ours to move."""
    path, token = tmp_path / "branch.toml", tmp_path / "token"
    token.write_text("x")
    text = TEMPLATE.replace("/var/lib/branch", str(state)).replace('"reference"', '"https://core.example"')
    path.write_text(text.replace("# token_file", "token_file").replace("/etc/branch/core.token", str(token)))
    for words in (["day", "next"], ["balance"]):
        assert main([*words, "--config", str(path)]) == 2


def test_a_terminal_is_invited_listed_and_revoked_by_command(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = ["--config", str(state / "branch.toml")]
    assert main(["terminal", "add", "VTM009", *config]) == 0
    code = capsys.readouterr().out.strip()
    assert len(code) == 35
    assert main(["terminal", "list", *config]) == 0
    assert capsys.readouterr().out == "VTM009\tnew\tnever\t\n"
    assert main(["terminal", "revoke", "VTM009", *config]) == 0
    assert main(["terminal", "revoke", "VTM010", *config]) == 1
    capsys.readouterr()
    for wrong in ("", "VTM-1", "V" * 17, "终端"):
        with pytest.raises(SystemExit) as end:
            main(["terminal", "add", wrong, *config])
        assert end.value.code == 2
