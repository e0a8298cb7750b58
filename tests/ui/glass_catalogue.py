"""Every screen that the program itself asks for: kinds and keys read from its source, words from the catalogues."""

import ast
import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from glass_bills import own
from glass_samples import ACCOUNTS, BACK, BARE, ENTRIES, FACTS, LEAVE, LONG_FACTS

from flows.information import LIST
from flows.menu import FLOWS, GROUPS
from flows.ports import Chrome
from flows.screens import (
    KINDS,
    Attract,
    Choose,
    Confirm,
    EnterAmount,
    EnterNumber,
    EnterText,
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
SOURCES = (*sorted((ROOT / "flows").glob("*.py")), ROOT / "kiosk/terminal.py", ROOT / "kiosk/moments.py")
NAMES = {kind.__name__: kind for kind in KINDS}
OWN = {"limit", "available", "amount", "reference", "masked", "seconds", "since", "until"}
"""Places that a kind fills by itself."""
PLACED = {
    "biller": "Foothill Heating",
    "region": "Foothill City",
    "surname": "欧阳",
    "number": "A-1024",
    "phone": "138****5678",
}
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
LINK = f"https://phones.bank.example:8444/p/{'Aa0_-' * 8}xyz"
NOT_REAL = {"fact.when"}
REASONS = {
    "out-of-service": [f"out-of-service.{one}" for one in FAMILIES["out-of-service."]],
    "closed": [f"closed.{one}" for one in FAMILIES["closed."]],
    "cut-over": ["cut-over.again"],
}
"""Why it cannot serve, by the screen that says so."""


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
        menus = _menus(key) if key.startswith("menu") else ()
        made_so = tuple(own(kind(key))) or tuple(_fillings(kind, key))
        for number, screen in enumerate((*made_so, *menus)):
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


def _fillings(kind: type[Screen[Any]], key: str) -> Iterator[Screen[Any]]:  # noqa: PLR0912  one case a kind
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
            code = LINK if key == "statement.link" else ""
            facts = facts[-1:] if code else facts
            yield replace(kind(key), facts=facts, options=acts[:2] if code else acts, qr=code, where=where)  # type: ignore[call-arg]
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
            code = {"shortest": 6, "longest": 6, "group": 3} if key in {"step-up.code", "phone.code"} else {}
            wrong = f"{key}.expired" if code else f"{key}.unknown"
            yield EnterNumber(key, params=_params(kind, key), where=where, **code)
            problem = wrong if wrong in sentences("zh") else ""
            yield EnterNumber(key, problem=problem, params=_params(kind, key), where=where, **code)
        case "EnterText":
            for problem in ("", f"{key}.wrong", f"{key}.again"):
                yield EnterText(key, problem=problem, params=_params(kind, key), where=where)
        case "OutOfService":
            code = "journal: OperationalError" if key == "out-of-service" else ""
            for why in REASONS[key]:
                params = tuple((place, "22:30") for place in sentences("zh")[why].places)
                yield OutOfService(key, why=why, code=code, params=params)
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
    """A page of the menu, with every reason for which something cannot be done now."""
    group = key.removeprefix("menu.group.") if key != "menu" else "front"
    doors = tuple(Option(one, one, f"{one}.line") for one in GROUPS) if group == "front" else ()
    flows = tuple(flow for flow in FLOWS if flow.group == group)
    plain = tuple(Option(flow.id, f"menu.{flow.id}", f"menu.{flow.id}.line") for flow in flows)
    yield Choose(key, options=(*plain, *doors), params=_params(Choose, key))
    for why in FAMILIES["hindered."]:
        options = tuple(
            replace(one, line="menu.without-paper", disabled=f"hindered.{why}" * (place % 2))
            for place, one in enumerate(plain)
        )
        yield Choose(key, options=(*options, *doors), params=_params(Choose, key))


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
    named = [name for name in named if not words[name].places]
    titles = [name.removesuffix(".line") for name in named if f"{name.removesuffix('.line')}.next" not in words]
    made = [Option(name, name, f"{name}.line") for name in titles if name != key][:4]
    accounts = [
        replace(one, title=f"accounts.{kind}") for one, kind in zip(ACCOUNTS, ("current", "savings"), strict=True)
    ]
    return (*made, *(replace(one, literal=False, line="") for one in accounts))[:6]
