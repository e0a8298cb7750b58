"""A bank's own parts behind the branch: security module, issuer, messages, billers, clearing; `[ports]` in branch.toml.

A part is named `MODULE:FACTORY`, or by an entry point of its group (`branch.hsm`, `branch.billers` and so on) that an
installed package declares. Its factory is called once, with a `Given`, and answers the part.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from branch.bank.billers import Billers, NoBillers
from branch.bank.clearing import Clearing, NoClearing
from branch.bank.clearinghouse import ReferenceClearing
from branch.bank.codes import CodeSender, FileSender, Nobody
from branch.bank.hsm import Hsm, KeyStore, Scheme, TestHsm
from branch.bank.issuer import TestIssuer
from branch.bank.refbillers import ReferenceBillers
from branch.settings import BadConfig, Settings, line_of
from branch.store.db import Clock
from branch.terminal.context import Issuer

T = TypeVar("T")
FOR_TESTS = (TestHsm, TestIssuer, FileSender, Nobody, ReferenceBillers, ReferenceClearing)
"""What no real customer may meet."""
OWN = {"hsm": "test", "issuer": "test", "codes": "file", "billers": "reference", "clearing": "reference"}
"""What stands behind each port unless a bank chooses: for tests and development."""


@dataclass(frozen=True)
class Given:
    """What a factory may use of the branch."""

    bank: str
    name: str
    """The branch's number."""
    state: Path
    """Its folder, readable by the server's user alone: a place for a part's own configuration."""
    scheme: Scheme
    """How `[pads]` wants the pads keyed."""
    store: KeyStore = field(repr=False)
    """A place in the branch's database for opaque values by name, for what the part has enciphered itself."""
    clock: Clock = field(repr=False)


def check_production(settings: Settings) -> None:
    """Raise BadConfig when real customers would meet what is for tests."""
    if not settings.production:
        return
    for port, own in OWN.items():
        if _chosen(settings, port) == own:
            what = f"the {port} for tests must not serve real customers ([branch] production = true)"
            raise BadConfig(*_place(settings, port), what, f'name the bank\'s own: {port} = "MODULE:FACTORY"')
    if settings.core == "reference":
        what = "the reference ledger is no bank's books ([branch] production = true)"
        raise BadConfig(*_place(settings, "url", "core"), what, 'write the adapter: url = "https://HOST"')


def _chosen(settings: Settings, port: str) -> str:
    return {
        "hsm": settings.hsm,
        "issuer": settings.issuer,
        "codes": settings.codes,
        "billers": settings.billers,
        "clearing": settings.clearing,
    }[port]


def _place(settings: Settings, key: str, section: str = "ports") -> tuple[Path, int]:
    """Where the file says it."""
    file = settings.file or settings.state / "branch.toml"
    text = file.read_text("utf-8") if file.is_file() else ""
    return file, line_of(text, key, section)


def hsm(settings: Settings, given: Given, own: Callable[[], Hsm]) -> Hsm:
    """The security module of these settings; `own` makes the one for tests."""
    return _part(settings, "hsm", Hsm, given, own)  # type: ignore[type-abstract]


def issuer(settings: Settings, given: Given, own: Callable[[], Issuer]) -> Issuer:
    """Who stands behind chip cards."""
    return _part(settings, "issuer", Issuer, given, own)  # type: ignore[type-abstract]


def sender(settings: Settings, given: Given, own: Callable[[], CodeSender]) -> CodeSender:
    """What sends codes and notices."""
    return _part(settings, "codes", CodeSender, given, own)  # type: ignore[type-abstract]


def billers(settings: Settings, given: Given, own: Callable[[], Billers]) -> Billers:
    """Who sends the bills that are paid here; `none` for nobody."""
    return NoBillers() if settings.billers == "none" else _part(settings, "billers", Billers, given, own)  # type: ignore[type-abstract]


def clearing(settings: Settings, given: Given, own: Callable[[], Clearing]) -> Clearing:
    """The way to other banks; `none` for a bank without one."""
    return NoClearing() if settings.clearing == "none" else _part(settings, "clearing", Clearing, given, own)  # type: ignore[type-abstract]


def _part(settings: Settings, port: str, kind: type[T], given: Given, own: Callable[[], T]) -> T:
    name = _chosen(settings, port)
    if name == OWN[port]:
        return own()
    factory = _found(settings, port, name)
    try:
        made = factory(given)
    except Exception as why:
        problem = f"{name} could not be made ({type(why).__name__}: {why})"
        raise BadConfig(*_place(settings, port), problem, "look into that part's own configuration") from why
    if not isinstance(made, kind):
        problem = f"{name} made a {type(made).__name__}, which is no {kind.__name__}"
        raise BadConfig(*_place(settings, port), problem, f"it needs the methods of {kind.__module__}.{kind.__name__}")
    if settings.production and isinstance(made, FOR_TESTS):
        problem = f"{name} made a {type(made).__name__}, which is for tests ([branch] production = true)"
        raise BadConfig(*_place(settings, port), problem, "name the bank's own part")
    return made


def _found(settings: Settings, port: str, name: str) -> Callable[[Given], Any]:
    module, colon, attribute = name.partition(":")
    try:
        if colon:
            found = vars(importlib.import_module(module))[attribute]
        else:
            found = entry_points(group=f"branch.{port}")[name].load()
    except KeyError as why:
        where = f"the module {module} has no {attribute}" if colon else f"no package declares {name} in branch.{port}"
        remedy = f'write "{OWN[port]}", "MODULE:FACTORY", or an entry point of the group branch.{port}'
        raise BadConfig(*_place(settings, port), where, remedy) from why
    except (ImportError, AttributeError, ValueError) as why:
        problem = f"{name} cannot be loaded ({type(why).__name__}: {why})"
        remedy = "install its package where the branch runs, or put its folder on PYTHONPATH"
        raise BadConfig(*_place(settings, port), problem, remedy) from why
    if not callable(found):
        raise BadConfig(
            *_place(settings, port), f"{name} is no factory", "name a function or class that makes the part"
        )
    made: Callable[[Given], Any] = found
    return made
