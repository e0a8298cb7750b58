"""Which message keys does the source ask for? Read from its syntax, so that nothing needs to run.

A key is: the first argument of a kind of screen, with each suffix in the kind's `words`; the label of a Fact, and its
value when it is a message; an Option's title, line and `disabled`; a Where's flow; every `why=` and `problem=`; and
what is given to `words.text(…)` or `page.plain(…)`. A name stands for the strings that its module assigns to it. A key
made at run time, as in `f"refused.{reason}"`, stands for the members that FAMILIES lists under its beginning.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from flows.menu import FLOWS
from flows.screens import KINDS
from protocol.bills import BillKind, Topic
from protocol.care import LossCard
from protocol.enquiries import Currency, MovementKind, Service, Weekday
from protocol.messages import Account, Reason, SwitchReason, UntoldEnding
from protocol.remit import Arrival, State
from protocol.standing import Every

WORDS = {kind.__name__: kind.words for kind in KINDS}
PARAMS = {
    "EnterAmount": {"limit", "available", "amount"},
    "Confirm": {"amount"},
    "Tell": {"reference"},
    "EnterPin": {"masked"},
    "Wait": {"seconds"},
    "Statement": {"masked", "since", "until"},
}
"""What the glass fills into a kind's sentences by itself, beside the screen's own `params`."""
FAMILIES: dict[str, tuple[str, ...]] = {
    "out-of-service.": ("broken", "revoked", "branch", "pin-pad", "serviced", "power", "readers"),
    "closed.": ("unknown", "today", "tomorrow", *get_args(Weekday)),
    "refused.": tuple(Reason),
    "untold.": get_args(UntoldEnding.model_fields["ending"].annotation),
    "untold.bill.": get_args(UntoldEnding.model_fields["ending"].annotation),
    "bill-kind.": get_args(BillKind),
    "topic.": get_args(Topic),
    "standing.every-": get_args(Every),
    "untold.care.": get_args(UntoldEnding.model_fields["ending"].annotation),
    "untold.interbank.": get_args(UntoldEnding.model_fields["ending"].annotation),
    "untold.cancel.": get_args(UntoldEnding.model_fields["ending"].annotation),
    "arrival.": get_args(Arrival),
    "pending.state.": get_args(State),
    "interbank.day.": ("1", "3", "7", "14", "30"),
    "risk.": ("new-payee", "many-payees"),
    "loss.card.": get_args(LossCard.model_fields["state"].annotation),
    "accounts.": get_args(Account.model_fields["kind"].annotation),
    "movement.": ("transfer-in", "transfer-out", *get_args(MovementKind)[1:]),
    "rate.": get_args(Currency),
    "day.": get_args(Weekday),
    "service.": get_args(Service),
    "hindered.": (
        "no-receipts",
        "no-paper",
        "no-camera",
        "needs-card",
        "bank",
        "no-account",
        "document",
        *get_args(SwitchReason),
    ),
    "menu.group.": ("cards", "more"),
    "menu.": tuple(flow.id for flow in FLOWS),
}
"""Beginning of a key that is made at run time -> what may follow."""


@dataclass(frozen=True)
class Use:
    """One place that asks for a key; `params` are the names it fills, None when that cannot be read."""

    key: str
    where: str
    params: frozenset[str] | None = frozenset()


@dataclass
class _Module:
    path: str
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def where(self, node: ast.AST) -> str:
        return f"{self.path}:{node.lineno}" if isinstance(node, ast.expr | ast.keyword) else self.path

    def strings(self, node: ast.expr | None) -> Iterator[str]:
        """Every string that an expression can be, as far as the module's text tells."""
        match node:
            case ast.Constant(value=str(text)) if text:
                yield text
            case ast.IfExp(body=body, orelse=orelse):
                yield from self.strings(body)
                yield from self.strings(orelse)
            case ast.BoolOp(values=values):
                for value in values:
                    yield from self.strings(value)
            case ast.Name(id=name):
                yield from self.names.get(name, ())
            case ast.JoinedStr():
                yield from self.family(node)

    def family(self, node: ast.JoinedStr) -> Iterator[str]:
        """The members of a key that is made at run time."""
        first, last = node.values[0], node.values[-1]
        start = str(first.value) if isinstance(first, ast.Constant) else ""
        end = str(last.value) if isinstance(last, ast.Constant) and len(node.values) == 3 else ""
        if start not in FAMILIES:
            raise ValueError(f"{self.where(node)}: tools/messagekeys.py has no family {start!r}")
        for member in FAMILIES[start]:
            yield f"{start}{member}{end}"


def uses(room: Path, root: Path) -> Iterator[Use]:
    """All keys that the Python files below a folder ask for."""
    for path in sorted(room.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"), str(path))
        module = _Module(str(path.relative_to(root)))
        for node in ast.walk(tree):
            _learn(module, node)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from _call(module, node)


def _learn(module: _Module, node: ast.AST) -> None:
    """Remember the strings that are assigned to a name."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant | ast.IfExp):
                module.names[target.id].update(module.strings(node.value))


def _call(module: _Module, call: ast.Call) -> Iterator[Use]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    if name in WORDS:
        yield from _screen(module, call, name)
    elif name == "Fact":
        yield from _plain(module, _argument(call, 0, "label"))
        if _is_true(call, "message"):
            yield from _plain(module, _argument(call, 1, "value"))
    elif name == "Option":
        if not _is_true(call, "literal"):
            yield from _plain(module, _argument(call, 1, "title"))
            yield from _plain(module, _argument(call, 2, "line"))
        yield from _plain(module, _argument(call, 99, "disabled"))
    elif name == "Entry":
        yield from _plain(module, _argument(call, 1, "kind"))
    elif name == "Where":
        yield from _plain(module, _argument(call, 0, "flow"))
    elif isinstance(call.func, ast.Attribute):
        yield from _method(module, call, call.func)


def _screen(module: _Module, call: ast.Call, kind: str) -> Iterator[Use]:
    params = frozenset(PARAMS.get(kind, ())) | _params(call)
    for key in module.strings(_argument(call, 0, "key")):
        for suffix in WORDS[kind]:
            yield Use(key + suffix, module.where(call), params)
    for name in ("why", "problem"):
        fills = _params(call) if kind == "OutOfService" and name == "why" else frozenset()
        yield from _plain(module, _argument(call, 99, name), fills)


def _method(module: _Module, call: ast.Call, method: ast.Attribute) -> Iterator[Use]:
    """`words.text(key, …)` and `page.plain(key)`."""
    owner = method.value
    owner_name = owner.id if isinstance(owner, ast.Name) else owner.attr if isinstance(owner, ast.Attribute) else ""
    if method.attr == "plain" or (method.attr == "text" and owner_name.lstrip("_") == "words"):
        names = [keyword.arg for keyword in call.keywords]
        params = None if None in names else frozenset(str(name) for name in names)
        for key in module.strings(_argument(call, 0, "key")):
            yield Use(key, module.where(call), params)


def _plain(module: _Module, node: ast.expr | None, params: frozenset[str] = frozenset()) -> Iterator[Use]:
    """A key whose sentence has no places but `params`: Fact, Option, Where and problem fill none."""
    if node is not None:
        for key in module.strings(node):
            yield Use(key, module.where(node), params)


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    named = [keyword.value for keyword in call.keywords if keyword.arg == name]
    return named[0] if named else call.args[place] if place < len(call.args) else None


def _is_true(call: ast.Call, name: str) -> bool:
    value = _argument(call, 99, name)
    return isinstance(value, ast.Constant) and value.value is True


def _params(call: ast.Call) -> frozenset[str]:
    """The names in `params=(("surname", …), …)`."""
    value = _argument(call, 99, "params")
    pairs = value.elts if isinstance(value, ast.Tuple) else []
    firsts = [pair.elts[0] for pair in pairs if isinstance(pair, ast.Tuple) and pair.elts]
    return frozenset(str(first.value) for first in firsts if isinstance(first, ast.Constant))
