"""Every screen that the program itself asks for: kinds and keys read from its source, words from the catalogues."""

import ast
import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from glass_samples import ACCOUNTS, BACK, BARE, ENTRIES, FACTS, LEAVE, LONG_FACTS

from flows.information import LIST
from flows.menu import FLOWS
from flows.ports import Chrome
from flows.screens import (
    KINDS,
    Attract,
    Choose,
    Confirm,
    EnterAmount,
    EnterNumber,
    Fact,
    Option,
    OutOfService,
    Picture,
    Rate,
    Screen,
    Tell,
    Tone,
    Wait,
    Where,
)
from flows.statement import WAYS
from protocol.messages import Reason
from protocol.money import Money, chinese_capitals
from tools.messagekeys import FAMILIES, WORDS, _learn, _Module
from tools.messages import Entry, catalogues, entries

ROOT = Path(__file__).parents[2]
SOURCES = (*sorted((ROOT / "flows").glob("*.py")), ROOT / "kiosk/terminal.py")
NAMES = {kind.__name__: kind for kind in KINDS}
OWN = {"limit", "available", "amount", "reference", "masked", "seconds", "since", "until"}
"""Places that a kind fills by itself."""
PLACED = {"surname": "欧阳", "number": "A-1024", "phone": "138****5678"}
SINCE, UNTIL, THIRD = date(2026, 10, 25), date(2026, 11, 23), Where("statement.name", 3, 3)
PUBLIC: dict[str, tuple[Fact, ...]] = {
    "information.shown-rates": tuple(
        Fact(f"rate.{one}.{way}", Money(71_171)) for one in FAMILIES["rate."] for way in ("buy", "sell")
    ),
    "information.shown-hours": (
        *(Fact(f"day.{one}", "09:00-12:00, 13:30-17:00") for one in FAMILIES["day."]),
        Fact("day.sun", "information.closed", message=True),
    ),
    "information.shown-services": tuple(
        Fact(f"service.{one}", f"service.{one}.line", message=True) for one in FAMILIES["service."]
    ),
}
"""Facts of pages that anybody may read."""
NOT_REAL = {"fact.when"}


@cache
def sentences(language: str) -> dict[str, Entry]:
    """The catalogue of a language."""
    return next(entries(path, ROOT) for path in catalogues(ROOT) if path.parent.parent.name == language)


def asked() -> Iterator[tuple[type[Screen[Any]], str]]:
    """Each kind with a key that the source gives it."""
    found = set()
    for path in SOURCES:
        tree, module = ast.parse(path.read_text("utf-8")), _Module(path.name)
        for node in ast.walk(tree):
            _learn(module, node)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORDS and node.args:
                found |= {(node.func.id, key) for key in module.strings(node.args[0])}
    for name, key in sorted(found):
        yield NAMES[name], key


def _params(kind: type[Screen[Any]], key: str) -> tuple[tuple[str, str], ...]:
    """A value for each place of its sentences that the kind does not fill."""
    places = {place for suffix in kind.words for place in sentences("zh")[key + suffix].places}
    return tuple((place, PLACED.get(place, "0042")) for place in sorted(places - OWN))


def filled() -> dict[str, tuple[Screen[Any], Chrome]]:
    """Each of those screens, as full as it can be."""
    made: dict[str, tuple[Screen[Any], Chrome]] = {}
    for kind, key in asked():
        menus = _menus(key) if key == "menu" else ()
        for number, screen in enumerate((*_fillings(kind, key), *menus)):
            made[f"{kind.__name__}-{key}{f'-{number}' if number else ''}"] = (screen, _chrome(screen))
    return made


def _chrome(screen: Screen[Any]) -> Chrome:
    """What flows offer beside it."""
    match screen:
        case Attract() | OutOfService() | Wait():
            return BARE
        case Tell():
            return Chrome("")
        case Rate() | Choose(key="menu"):
            return LEAVE
        case _:
            return BACK


def _fillings(kind: type[Screen[Any]], key: str) -> Iterator[Screen[Any]]:
    real = tuple(fact for fact in FACTS if fact.label not in NOT_REAL)
    where = Where("transfer.name", 3, 4)
    options = _options(key)
    match kind.__name__:
        case "Choose":
            yield replace(kind(key), options=options, params=_params(kind, key), where=where)  # type: ignore[call-arg]
        case "Prompt":
            yield replace(
                kind(key), picture=Picture.CARD_IN, options=options[:3], params=_params(kind, key), where=where
            )  # type: ignore[call-arg]
        case "Review":
            facts, acts = (PUBLIC[key], LIST) if key in PUBLIC else (real[:4], options)
            yield replace(kind(key), facts=facts, options=acts, where=where)  # type: ignore[call-arg]
        case "Statement":
            yield from _statements(kind(key))
        case "Confirm":
            long = tuple(fact for fact in LONG_FACTS if fact.label not in NOT_REAL)
            amount = Money(9_999_999_999)
            yield Confirm(key, facts=real, chinese=real, amount=real[3].value, capitals="伍佰元整", where=where)  # type: ignore[arg-type]
            yield Confirm(key, facts=long, chinese=long, amount=amount, capitals=chinese_capitals(amount), where=where)
        case "Tell":
            yield replace(kind(key), tone=_tone(key), facts=real, params=_params(kind, key), where=where)  # type: ignore[call-arg]
            for reason in Reason if key == "transfer.refused" else ():
                told = replace(kind(key), tone=Tone.REFUSED, why=f"refused.{reason}", params=_params(kind, key))  # type: ignore[call-arg]
                yield replace(told, reference="VTM001-9F0A77C1-014")  # type: ignore[call-arg]
            yield replace(kind(key), tone=Tone.UNSURE, reference="VTM001-9F0A77C1-014", params=_params(kind, key))  # type: ignore[call-arg]
        case "EnterAmount":
            yield EnterAmount(key, limit=Money(5_000_000), available=Money(123_456_789), where=where)
        case "EnterNumber":
            code = {"shortest": 6, "longest": 6, "group": 3} if key == "step-up.code" else {}
            wrong = f"{key}.expired" if code else f"{key}.unknown"
            yield EnterNumber(key, params=_params(kind, key), where=where, **code)
            yield EnterNumber(key, problem=wrong, params=_params(kind, key), where=where, **code)
        case "OutOfService":
            for why in ("broken", "revoked", "branch", "pin-pad"):
                yield OutOfService(key, why=f"out-of-service.{why}", code="journal: OperationalError")
        case _:
            yield kind(key)


def _tone(key: str) -> Tone:
    """A green tick for good news alone."""
    if key.endswith((".done", ".done-good", "please-take")):
        return Tone.DONE
    if key.endswith((".unsure", ".manual")):
        return Tone.UNSURE
    bad = "refused", "wrong-pin", "reversed", "retained", "stopped", "unreachable"
    return Tone.REFUSED if any(word in key for word in bad) else Tell(key).tone


def _menus(key: str) -> Iterator[Screen[Any]]:
    """With every reason for which something cannot be done now."""
    for why in FAMILIES["hindered."]:
        options = tuple(
            Option(flow.id, f"menu.{flow.id}", "menu.without-paper", disabled=f"hindered.{why}" * (place % 2))
            for place, flow in enumerate(FLOWS)
        )
        yield Choose(key, options=options, params=_params(Choose, key))


def _statements(empty: Any) -> Iterator[Screen[Any]]:
    """With entries of every kind, and with none."""
    entries = tuple(
        replace(one, kind=kind)
        for one, kind in zip(ENTRIES, itertools.cycle(f"movement.{kind}" for kind in FAMILIES["movement."]))
    )
    bare = replace(empty, ways=WAYS, way="in", masked="6229 **** 0018", since=SINCE, until=UNTIL, where=THIRD)
    yield replace(
        bare, entries=entries, options=(Option("print", "statement.print"), Option("older", "statement.older"))
    )
    yield bare


def _options(key: str) -> tuple[Option, ...]:
    """What its source offers beneath it, as far as the catalogue tells by the names of its keys."""
    words, stem = sentences("zh"), key.partition(".")[0]
    named = [name for name in words if name.endswith(".line") and name.count(".") == 2 and name.startswith(f"{stem}.")]
    titles = [name.removesuffix(".line") for name in named if f"{name.removesuffix('.line')}.next" not in words]
    made = [Option(name, name, f"{name}.line") for name in titles if name != key][:4]
    accounts = [
        replace(one, title=f"accounts.{kind}") for one, kind in zip(ACCOUNTS, ("current", "savings"), strict=True)
    ]
    return (*made, *(replace(one, literal=False, line="") for one in accounts))[:6]
