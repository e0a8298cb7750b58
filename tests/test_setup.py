"""The set-up tools: silent when nothing is missing, and clear about what to do when something is."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
BASH = "/bin/bash"


def _run(*words: str, path: str | None = None, cwd: pathlib.Path = ROOT, **more: str) -> tuple[int, str]:
    """Exit code and all output; `path` replaces PATH."""
    env = {**os.environ, **more, **({"PATH": path} if path is not None else {})}
    done = subprocess.run(
        words, check=False, cwd=cwd, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60
    )
    return done.returncode, done.stdout


def _tools(folder: pathlib.Path, **scripts: str) -> str:
    """A PATH with the few programs that the scripts need, and stand-ins for those that would change this machine."""
    for name in ("dirname", "echo", "sed", "grep", "env", "mktemp", "rm", "cat", "cp", "git"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    for name, body in scripts.items():
        script = folder / name.replace("_", "-")
        script.write_text(f"#!{BASH}\n{body}\n")
        script.chmod(0o755)
    return str(folder)


NOTHING = "exit 1"
LOGGED = 'echo "$0 $@" >>"$LOG"'


def test_nothing_is_said_or_done_when_no_package_is_missing(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "log"
    all_there = 'shift 2; for package in "$@"; do echo "installed $package"; done'
    path = _tools(tmp_path, dpkg_query=all_there, apt_get=LOGGED, id="echo 0")
    assert _run(BASH, "tools/debian.sh", "kiosk", "tests", path=path, LOG=str(log)) == (0, "")
    assert not log.exists()


def test_a_half_removed_package_counts_as_missing_and_only_missing_ones_are_installed(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "log"
    one_gone = (
        'shift 2; for p in "$@"; do if [ $p = swig ]; then echo "config-files swig"; else echo "installed $p"; fi; done'
    )
    path = _tools(tmp_path, dpkg_query=one_gone, apt_get=LOGGED, id="echo 0")
    code, _ = _run(BASH, "tools/debian.sh", "kiosk", path=path, LOG=str(log))
    update, install = log.read_text().splitlines()
    assert code == 0
    assert update.endswith(" update")
    assert install.endswith(" install -y --no-install-recommends swig")


def test_without_root_the_exact_command_is_printed_and_nothing_is_tried(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "log"
    path = _tools(tmp_path, dpkg_query=NOTHING, apt_get=LOGGED, id="echo 1000", sudo=NOTHING)
    code, said = _run(BASH, "tools/debian.sh", "tests", path=path, LOG=str(log))
    assert code == 1
    assert "sudo apt-get update && sudo apt-get install -y --no-install-recommends xvfb xdotool chromium" in said
    assert not log.exists()


def test_a_command_without_sudo_is_printed_where_there_is_none(tmp_path: pathlib.Path) -> None:
    path = _tools(tmp_path, dpkg_query=NOTHING, apt_get=NOTHING, id="echo 1000")
    code, said = _run(BASH, "tools/debian.sh", "tests", path=path)
    assert code == 1
    assert "Run this as root" in said
    assert "\n    apt-get update && apt-get install -y --no-install-recommends xvfb" in said
    assert "sudo" not in said


def test_sudo_is_used_when_it_asks_for_nothing(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "log"
    sudo = 'echo "sudo $*" >>"$LOG"'
    path = _tools(tmp_path, dpkg_query=NOTHING, apt_get=NOTHING, id="echo 1000", sudo=sudo)
    code, _ = _run(BASH, "tools/debian.sh", "tests", path=path, LOG=str(log))
    assert code == 0
    assert log.read_text().splitlines()[1].startswith("sudo -n env DEBIAN_FRONTEND=noninteractive apt-get")


def test_an_apt_that_fails_leads_to_a_remedy(tmp_path: pathlib.Path) -> None:
    path = _tools(tmp_path, dpkg_query=NOTHING, apt_get="exit 100", id="echo 0")
    code, said = _run(BASH, "tools/debian.sh", "kiosk", path=path)
    assert code == 1
    assert "Is this machine online" in said
    assert "could not be installed: make gcc" in said


def test_a_machine_without_dpkg_hears_what_to_install_and_may_go_on(tmp_path: pathlib.Path) -> None:
    path = _tools(tmp_path, id="echo 0")
    code, said = _run(BASH, "tools/debian.sh", "kiosk", path=path)
    assert code == 1
    assert "vsmartcard-vpcd" in said
    assert _run(BASH, "tools/debian.sh", "kiosk", path=path, DEBIAN="skip")[0] == 0


def test_an_unknown_group_is_wrong_usage(tmp_path: pathlib.Path) -> None:
    code, said = _run(BASH, "tools/debian.sh", "toys", path=_tools(tmp_path))
    assert (code, "kiosk and tests" in said) == (2, True)


def _checkout(folder: pathlib.Path) -> pathlib.Path:
    """What the Python set-up needs of the tree, and nothing more."""
    for name in ("tools/setup.sh", "tools/lock.sh", "requirements/lock.txt", "requirements/in.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_a_python_that_is_too_old_is_named_with_the_remedy(tmp_path: pathlib.Path) -> None:
    tree = _checkout(tmp_path / "tree")
    (tmp_path / "bin").mkdir()
    path = _tools(tmp_path / "bin", python3='[ "$1" = -V ] && echo "Python 3.9.2"; exit 1')
    code, said = _run(BASH, "tools/setup.sh", path=path, cwd=tree)
    assert code == 1
    assert "python3 is Python 3.9.2" in said
    assert "make setup PYTHON=" in said


def test_a_broken_venv_is_made_anew_and_pip_without_a_network_leads_to_a_remedy(tmp_path: pathlib.Path) -> None:
    tree = _checkout(tmp_path)
    (tree / ".venv/bin").mkdir(parents=True)
    (tree / ".venv/bin/python").symlink_to("/nowhere/python3.11")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}
    code, said = _run(BASH, "tools/setup.sh", cwd=tree, PYTHON=sys.executable, **offline)
    assert code == 1
    assert "Making .venv with Python 3" in said
    assert "Offline?" in said
    assert (tree / ".venv/bin/python").resolve().exists()


@pytest.mark.parametrize("address", ["--index-url https://mirror.example/simple", "x @ https://a.example/x.whl"])
def test_a_lock_that_names_an_address_is_not_taken(tmp_path: pathlib.Path, address: str) -> None:
    tree = _checkout(tmp_path)
    before = (tree / "requirements/lock.txt").read_text()
    (tree / ".venv/bin").mkdir(parents=True)
    uv = tree / ".venv/bin/uv"
    uv.write_text(f'#!{BASH}\nwhile [ "$1" != -o ]; do shift; done; echo "{address}" >"$2"\n')
    uv.chmod(0o755)
    code, said = _run(BASH, "tools/lock.sh", cwd=tree)
    assert code == 1
    assert "names an address" in said
    assert (tree / "requirements/lock.txt").read_text() == before


def test_the_lock_pins_everything_with_hashes_and_names_no_address() -> None:
    text = (ROOT / "requirements/lock.txt").read_text()
    pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert pins
    assert all("==" in pin and pin.endswith("\\") for pin in pins)
    assert "://" not in text


def test_make_help_lists_the_commands() -> None:
    code, said = _run("make", "help")
    assert code == 0
    assert {"setup", "demo", "test", "check", "bench", "lock", "clean", "help"} <= {
        line.split()[0] for line in said.splitlines()
    }


def _made(folder: pathlib.Path) -> pathlib.Path:
    """A tree with the real Makefile, and tools that only write down that they ran."""
    for name in ("requirements/lock.txt", "pyproject.toml", "tools/fonts.py", "tools/messages.py", "assets/fonts.toml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    shutil.copy(ROOT / "Makefile", folder)
    python = f"printf '#!{BASH}\\necho $1 >>$LOG\\n' >.venv/bin/python; chmod +x .venv/bin/python"
    setup = f"echo setup >>$LOG; mkdir -p .venv/bin; rm -f .venv/bin/python; {python}"
    for name, body in (("setup.sh", setup), ("debian.sh", "exit 0")):
        (folder / "tools" / name).write_text(f"#!{BASH}\n{body}\n")
        (folder / "tools" / name).chmod(0o755)
    return folder


def _make(tree: pathlib.Path, target: str) -> list[str]:
    """Run make, and answer which tools ran; the look at .venv with `python -c` is left out."""
    log = tree / "log"
    log.write_text("")
    code, said = _run("make", target, cwd=tree, LOG=str(log))
    assert code == 0, said
    return [line for line in log.read_text().splitlines() if line != "-c"]


def test_a_second_set_up_does_nothing(tmp_path: pathlib.Path) -> None:
    tree = _made(tmp_path)
    assert _make(tree, "setup") == ["setup", "tools/fonts.py", "tools/messages.py"]
    assert _make(tree, "setup") == []


def test_another_lock_or_a_broken_venv_is_set_up_again(tmp_path: pathlib.Path) -> None:
    tree = _made(tmp_path)
    _make(tree, "setup")
    later = (tree / ".venv/ready").stat().st_mtime + 5
    os.utime(tree / "requirements/lock.txt", (later, later))
    assert _make(tree, "setup") == ["setup"]
    os.utime(tree / "requirements/lock.txt", (0, 0))
    (tree / ".venv/bin/python").unlink()
    (tree / ".venv/bin/python").symlink_to("/nowhere/python3.11")
    assert _make(tree, "setup") == ["setup"]
    assert _make(tree, "setup") == []


def test_clean_removes_what_was_built_and_keeps_the_venv(tmp_path: pathlib.Path) -> None:
    tree = _made(tmp_path)
    _make(tree, "setup")
    rubbish = ("kiosk/__pycache__/a.pyc", "i18n/zh/LC_MESSAGES/kiosk.mo", ".mypy_cache/x", "bank_kiosk.egg-info/x")
    kept = (".venv/lib/__pycache__/a.pyc", "kiosk/a.py", "i18n/zh/LC_MESSAGES/kiosk.po")
    for name in (*rubbish, *kept):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).touch()
    _make(tree, "clean")
    assert not [name for name in (*rubbish, "build") if (tree / name).exists()]
    assert all((tree / name).exists() for name in kept)
    assert _make(tree, "setup") == ["tools/fonts.py", "tools/messages.py"]


def test_a_file_or_function_beyond_its_cap_fails_the_size_check(tmp_path: pathlib.Path) -> None:
    (tmp_path / "flows").mkdir()
    source = tmp_path / "flows/long.py"
    source.write_text("def story():\n" + "    pass\n" * 49)
    words = (sys.executable, str(ROOT / "tools/sizes.py"), str(tmp_path))
    assert _run(*words)[0] == 0
    source.write_text("def story():\n" + "    pass\n" * 50)
    code, said = _run(*words)
    assert (code, "long.py:1 story: 51 lines, the cap is 50" in said) == (1, True)
    source.write_text("x = 1\n" * 401)
    code, said = _run(*words)
    assert (code, "long.py: 401 lines, the cap is 400" in said) == (1, True)
