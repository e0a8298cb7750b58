"""Every error says who can mend it, and how: looked for in the drivers' own source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers import api
from drivers.api import DeviceError
from drivers.xfs.client import XfsRefused
from protocol.messages import Mend

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for path in (ROOT / "drivers").rglob("*.py") if "sim" not in path.parts)
ERRORS = [kind for kind in vars(api).values() if isinstance(kind, type) and issubclass(kind, DeviceError)]
REMEDY_AT = {kind.__name__: 2 for kind in ERRORS} | {XfsRefused.__name__: 3}


def without_remedy(path: Path) -> Iterator[str]:
    """Where an error is made with its device and words, and no remedy."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in REMEDY_AT:
            continue
        at = REMEDY_AT[node.func.id]
        given = node.args[at] if len(node.args) > at else None
        if given is None or (isinstance(given, ast.Constant) and not given.value):
            yield f"{path.name}:{node.lineno} {node.func.id}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_error_is_made_without_a_remedy(path: Path) -> None:
    assert list(without_remedy(path)) == []


def test_an_error_without_a_remedy_would_be_found(tmp_path: Path) -> None:
    for words in ('Offline("x", "gone")', 'Garbled("x", "y", "")', 'XfsRefused("x", "y", "code")'):
        (tmp_path / "bad.py").write_text(f"raise {words}\n")
        assert len(list(without_remedy(tmp_path / "bad.py"))) == 1


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_each_kind_of_error_names_a_mender_and_an_exit_code_of_the_command_line(kind: type[DeviceError]) -> None:
    assert kind.mend in Mend
    assert kind.exit_code in {3, 4, 5}
    assert (kind.mend is Mend.CUSTOMER) or kind.exit_code != 3
    assert f"{kind.mend}: do this" in str(kind("device", "what", "do this"))
