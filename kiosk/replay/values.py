"""What passes between a flow and the world, as JSON without secrets, and back again.

Bytes (cryptograms, PIN blocks, photographs) keep nothing but their length, in both directions. What the program says in
sentences is kept by its message key. A value of ours is written with the name of its type, and read back only if that
type stands in a module of values.
"""

import dataclasses
import enum
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from drivers.api import CardDialogue, DeviceError, IdCard, Slip
from flows.journal import AlreadyWritten, JournalFailed
from flows.ports import Away, Back, CallHelp, Leave, Refused, Unreachable
from flows.screens import Confirmed, Screen
from kiosk.replay.specimens import Specimens
from protocol import messages as m
from protocol.mask import Pan, PinBlock
from protocol.money import Money

Json = Any
KIND, BODY = "!", "="
HOMES = ("flows.screens", "flows.arrive", "flows.ports", "drivers.api", "drivers.errors", "protocol.")
"""Modules whose types may stand in a record."""
BLANK = frozenset({"field55", "block", "ksn", "mac", "issuer_data", "scripts", "cryptogram", "kcv"})
"""Fields of messages that are bytes in hex: only their length is kept."""
DROPPED = frozenset({"about", "capitals", "address", "detail", "trace", "photo"})
"""Fields that follow from others, differ from run to run, or are free text: kept empty."""
HARMLESS = re.compile(r"\d{1,3}|20\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
"""What may be kept of what was typed: a count, and a day of this century."""
GOOD, EXPIRED = date(2049, 12, 31), date(2001, 12, 31)
PLAIN: dict[str, Callable[[], Exception]] = {
    "back": Back,
    "help": CallHelp,
    "leave": Leave,
    "away": Away,
    "unreachable": Unreachable,
    "already-written": AlreadyWritten,
    "journal-failed": JournalFailed,
    "timeout": TimeoutError,
}
"""Exceptions of which nothing but the kind matters."""


class Crashed(Exception):
    """Something failed that no flow foresees; only the name of its kind was kept."""


@dataclasses.dataclass(frozen=True)
class Yes:
    """What is read of a `Confirmed`: to whatever stood on the screen."""


class Unreadable(Exception):
    """Not a value that a record may hold."""


@dataclasses.dataclass
class Writer:
    """Writes values of one visit, with its specimens.

    `said` are sentences by their message keys, for what is never read back: the arguments of calls.
    """

    specimens: Specimens
    said: dict[str, str] = dataclasses.field(default_factory=dict)

    def write(self, value: object) -> Json:  # noqa: PLR0911  one line a kind
        """Any value as JSON."""
        match value:
            case enum.Enum():
                return {KIND: _type(value), BODY: value.value}
            case None | bool() | int() | float():
                return value
            case str():
                return self._text(value)
            case bytes() | Money() | date() | Pan() | PinBlock():
                return self._small(value)
            case list() | tuple():
                return [self.write(one) for one in value]
            case m.Message():
                return {KIND: _type(value), BODY: self._message(value.model_dump(mode="json"))}
            case Confirmed():
                return {KIND: "yes"}
            case Mapping():
                return {KIND: "map", BODY: {str(key): self.field(str(key), one) for key, one in value.items()}}
        return self._record(value)

    def answer(self, screen: Screen[Any], value: object) -> Json:
        """What was answered to a screen: an option's id stays what it is, what was typed is replaced."""
        if isinstance(value, str) and type(screen).__name__.startswith("Enter"):
            return value if HARMLESS.fullmatch(value) else self.specimens.typed(value)
        return self.write(value)

    def _text(self, text: str) -> str:
        return f"‹{self.said[text]}›" if text in self.said else self.specimens.text(text)

    def _small(self, value: bytes | Money | date | Pan | PinBlock) -> Json:
        match value:
            case bytes():
                return {KIND: "bytes", BODY: len(value)}
            case Money():
                return {KIND: "money", BODY: value.fen}
            case Pan():
                return {KIND: "pan", BODY: self.specimens.text(value.digits)}
            case PinBlock():
                return {KIND: "pin-block", BODY: [len(value.block), value.format, len(value.ksn)]}
            case datetime():
                return {KIND: "moment", BODY: value.astimezone(UTC).isoformat()}
        return {KIND: "date", BODY: value.isoformat()}

    def _record(self, value: object) -> Json:
        match value:
            case BaseException():
                return self.failure(value)
            case IdCard():  # no more than a flow looks at
                number, name = self.specimens.text(value.id_number), self.specimens.name(value.name)
                valid = value.id_number_valid, self.write(value.valid_to)
                return {KIND: "id-card", BODY: [value.kind, name, number, *valid]}
            case CardDialogue():
                value = dataclasses.replace(value, expiry=EXPIRED if value.expired else GOOD)
            case Slip():
                return {KIND: "slip", BODY: [len(value.lines), bool(value.qr), value.rtl]}
        if not dataclasses.is_dataclass(value) or isinstance(value, type):
            raise Unreadable(type(value).__name__)
        named = {one.name: one for one in dataclasses.fields(value)}
        return {KIND: _type(value), BODY: {name: self.field(name, vars(value)[name]) for name in named}}

    def field(self, name: str, value: object) -> Json:
        """A member of a record, a mapping or a message, by its name."""
        if name in DROPPED and isinstance(value, str | int):
            return type(value)()
        if name in BLANK and isinstance(value, str):
            return "0" * len(value)
        if isinstance(value, str) and name.endswith("name"):
            return self.specimens.name(value)
        return self.write(value)

    def _message(self, body: Json, name: str = "") -> Json:
        """The JSON of a message, with its secrets replaced."""
        match body:
            case dict():
                return {key: self._message(one, key) for key, one in body.items()}
            case list():
                return [self._message(one, name) for one in body]
        return self.specimens.text(body) if isinstance(body, str) and plain(name) else self.field(name, body)

    def failure(self, why: BaseException) -> Json:
        """What was raised, without its words where they may be about a person."""
        if isinstance(why, DeviceError):
            return {KIND: _type(why), BODY: [self.write(one) for one in (why.device, why.what, why.remedy)]}
        if isinstance(why, Refused):
            return {KIND: "refused", BODY: str(why.reason)}
        for name, kind in PLAIN.items():
            if type(why) is kind:
                return {KIND: name}
        return {KIND: "crash", BODY: str(why) if isinstance(why, Crashed) else type(why).__name__}


def plain(name: str) -> bool:
    """A member that is kept as any text is."""
    return name not in DROPPED | BLANK and not name.endswith("name")


def _type(value: object) -> str:
    return f"{type(value).__module__}:{type(value).__name__}"


def read(body: Json) -> Any:
    """The value again; Unreadable when it is none. Sequences come back as tuples."""
    match body:
        case list():
            return tuple(read(one) for one in body)
        case {"!": str(kind)}:
            return _tagged(kind, body.get(BODY))
        case dict():
            raise Unreadable("a value without its kind")
    return body


def _tagged(kind: str, body: Json) -> Any:
    simple: dict[str, Callable[[Json], Any]] = {
        "bytes": bytes,
        "money": Money,
        "pan": Pan,
        "moment": datetime.fromisoformat,
        "date": date.fromisoformat,
        "pin-block": lambda body: PinBlock(bytes(body[0]), body[1], bytes(body[2])),
        "id-card": lambda body: IdCard(body[0], body[1], body[2], id_number_valid=body[3], valid_to=read(body[4])),
        "map": lambda body: {key: read(one) for key, one in body.items()},
        "yes": lambda _: Yes(),
        "refused": lambda body: Refused(m.Reason(body)),
        "crash": Crashed,
    }
    try:
        if kind in simple:
            return simple[kind](body)
        return PLAIN[kind]() if kind in PLAIN else _ours(kind, body)
    except (TypeError, ValueError, LookupError) as why:
        raise Unreadable(f"{kind}: {why}") from why


def _ours(kind: str, body: Json) -> Any:
    module, _, name = kind.partition(":")
    if not module.startswith(HOMES) or module not in sys.modules:
        raise Unreadable(kind)
    type_: Any = vars(sys.modules[module])[name]
    if issubclass(type_, m.Message):
        return type_.model_validate(body)
    if issubclass(type_, enum.Enum):
        return type_(body)
    if issubclass(type_, DeviceError):
        return type_(*body)
    return type_(**{key: read(one) for key, one in body.items()})
