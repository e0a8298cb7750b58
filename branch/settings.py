"""The branch's configuration: one TOML file, read into a frozen value; mistakes name file, line and remedy."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from branch.bank.hsm import PinFormat, Scheme
from branch.store.db import is_url
from protocol.enquiries import Hours, Service
from protocol.hours import CLOCK, is_span
from protocol.messages import TRANSACTIONS, SwitchReason


class BadConfig(Exception):
    """The file cannot be used as it stands."""

    def __init__(self, path: Path, line: int, problem: str, remedy: str) -> None:
        super().__init__(f"{path}:{line}: {problem}; {remedy}")


@dataclass(frozen=True)
class Settings:
    """How this branch server runs."""

    state: Path
    """Folder of authority, keys and (with SQLite) database; only the server's user may read it."""
    bank: str = "Demo Bank"
    name: str = "0001"
    """The branch's number."""
    host: str = "127.0.0.1"
    port: int = 8443
    names: tuple[str, ...] = ()
    """More host names or addresses by which terminals reach it; they go into its certificate."""
    database: str = ""
    """`sqlite:///PATH` or `postgresql+psycopg://…`; empty: branch.db in `state`."""
    core: str = "reference"
    """`reference`, or the https address of an adapter that serves /core/v1."""
    core_token_file: Path | None = None
    """With an adapter: the file that holds its bearer token."""
    core_expose: bool = False
    """Serve the reference ledger at /core/v1, guarded by the token in `state`/core.token."""

    customers: str = ""
    """The https address, without a path, at which customers' phones reach the customers' port; empty: there is none."""
    customers_host: str = "127.0.0.1"
    customers_port: int = 8444
    customers_certificate: Path | None = None
    """Certificate (with its chain) that phones believe in, and its key; without, the branch's own: they will warn."""
    customers_key: Path | None = None
    clearing: str = "reference"
    """The way to other banks: `reference`, `none`, or as `hsm`, of the group `branch.clearing`."""

    telephone: str = ""
    """Of the branch, as anybody may read it at a terminal."""
    hours: tuple[str, ...] = ("mon-fri 09:00-17:00",)
    """When it is open: `DAY[-DAY] HH:MM-HH:MM`."""
    services: tuple[str, ...] = ("cash", "cards", "loans", "wealth", "exchange")
    """What its counters do."""

    production: bool = False
    """Real customers: nothing that is for tests and development may stand behind the branch."""
    scheme: Scheme = Scheme()
    """How the pads are keyed, and what the security module opens."""
    hsm: str = "test"
    """The security module: `test`, `MODULE:FACTORY`, or the name of an entry point of the group `branch.hsm`."""
    issuer: str = "test"
    """Who stands behind chip cards; as `hsm`, of the group `branch.issuer`."""
    codes: str = "file"
    """What sends one-time codes and notices: `file`, or as `hsm`, of the group `branch.codes`."""

    billers: str = "reference"
    """Who sends bills: `reference`, `none`, or as `hsm`, of the group `branch.billers`."""
    billers_region: str = ""
    """The region whose billers are shown first; empty: the first there is."""
    service_hours: tuple[str, ...] = ()
    """When its terminals serve, local time; empty: always."""
    cut_over: str = ""
    """At what time of day the core goes to the next accounting date, `HH:MM`; empty: not known."""
    terminal_hours: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Terminals with hours of service of their own."""

    switches: Mapping[str, SwitchReason] = field(default_factory=dict)
    """Transactions that are not offered, and why."""
    file: Path | None = None
    """Where this was read."""

    @property
    def opening(self) -> tuple[Hours, ...]:
        """The hours as terminals are told."""
        return tuple(_hours(text) for text in self.hours)

    @property
    def offered(self) -> tuple[Service, ...]:
        """The services, each one that terminals have words for."""
        return tuple(one for one in get_args(Service) if one in self.services)

    @property
    def database_url(self) -> str:
        """The database to open."""
        return self.database or f"sqlite:///{self.state / 'branch.db'}"


KEYS: dict[str, dict[str, type]] = {
    "branch": {"bank": str, "name": str, "state": str, "production": bool},
    "serve": {"host": str, "port": int, "names": list},
    "database": {"url": str},
    "core": {"url": str, "token_file": str, "expose": bool},
    "pads": {"wrapping": str, "pins": str, "mac": str, "formats": list},
    "ports": dict.fromkeys(("hsm", "issuer", "codes", "billers", "clearing"), str),
    "customers": {"url": str, "host": str, "port": int, "certificate": str, "key": str},
    "information": {"telephone": str, "hours": list, "services": list},
    "billers": {"region": str},
    "service": {"hours": list, "cut_over": str},
    "terminals": {},
    "switches": dict.fromkeys(TRANSACTIONS, str),
}
"""Sections and their keys; a key of `[terminals]` is any terminal's name, its value a list of hours."""
FIELDS = {
    ("branch", "bank"): "bank",
    ("branch", "name"): "name",
    ("branch", "state"): "state",
    ("branch", "production"): "production",
    ("ports", "hsm"): "hsm",
    ("ports", "issuer"): "issuer",
    ("ports", "codes"): "codes",
    ("ports", "billers"): "billers",
    ("ports", "clearing"): "clearing",
    ("serve", "host"): "host",
    ("serve", "port"): "port",
    ("serve", "names"): "names",
    ("database", "url"): "database",
    ("core", "url"): "core",
    ("core", "token_file"): "core_token_file",
    ("core", "expose"): "core_expose",
    ("customers", "url"): "customers",
    ("customers", "host"): "customers_host",
    ("customers", "port"): "customers_port",
    ("customers", "certificate"): "customers_certificate",
    ("customers", "key"): "customers_key",
    ("billers", "region"): "billers_region",
    ("information", "telephone"): "telephone",
    ("information", "hours"): "hours",
    ("information", "services"): "services",
    ("service", "hours"): "service_hours",
    ("service", "cut_over"): "cut_over",
}


def load(path: Path) -> Settings:
    """Read the file; raises BadConfig."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as why:
        raise BadConfig(
            path, 1, f"cannot be read ({why.strerror})", "run `branch init`, or name it by --config"
        ) from why
    except UnicodeDecodeError as why:
        line = path.read_bytes()[: why.start].count(b"\n") + 1
        raise BadConfig(path, line, "is not UTF-8", "save it as UTF-8") from why
    try:
        found = tomllib.loads(text)
    except RecursionError as why:
        raise BadConfig(path, 1, "is not TOML", "it nests without end") from why
    except tomllib.TOMLDecodeError as why:
        at = re.search(r"line (\d+)", str(why))
        raise BadConfig(path, int(at[1]) if at else 1, "is not TOML", str(why)) from why
    values = _values(path, text, found)
    _check(path, text, values)
    scheme = _scheme(path, text, values.pop("pads", {}))
    if "state" not in values:
        raise BadConfig(path, 1, "[branch] state is missing", 'add state = "/var/lib/branch"')
    return Settings(**values, scheme=scheme, file=path)


def _values(path: Path, text: str, found: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for section, body in found.items():
        if section not in KEYS or not isinstance(body, dict):
            known = ", ".join(f"[{one}]" for one in KEYS)
            raise BadConfig(path, line_of(text, section), f"unknown section or key {section!r}", f"there are {known}")
        for key, value in body.items():
            kind = list if section == "terminals" and is_terminal(key) else KEYS[section].get(key)
            if kind is None:
                known = ", ".join(KEYS[section])
                raise BadConfig(path, line_of(text, key, section), f"unknown key {key!r}", f"[{section}] has {known}")
            if not _is_a(kind, value):
                line, (words, like) = line_of(text, key, section), WORDS[kind]
                raise BadConfig(path, line, f"{key} must be {words}", f"write it like {key} = {like}")
            if section in {"switches", "pads"}:
                values.setdefault(section, {})[key] = value
            elif section == "terminals":
                values.setdefault("terminal_hours", {})[key] = tuple(value)
            else:
                values[FIELDS[section, key]] = _shaped(key, value)
    return values


def is_terminal(text: str) -> bool:
    """Can it be a terminal's name?"""
    return text.isascii() and text.isalnum() and len(text) <= 16


WORDS = {
    str: ("a text", '"…"'),
    int: ("a whole number", "8443"),
    bool: ("true or false", "false"),
    list: ("a list of texts", '["branch.example"]'),
}


def _is_a(kind: type, value: Any) -> bool:
    if kind is list:
        return isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def _shaped(key: str, value: Any) -> Any:
    if key in {"state", "token_file", "certificate", "key"}:
        return Path(value)
    return tuple(value) if isinstance(value, list) else value


def _check(path: Path, text: str, values: dict[str, Any]) -> None:
    database, core, port = values.get("database", ""), values.get("core", "reference"), values.get("port", 8443)
    if database and not is_url(database):
        line = line_of(text, "url", "database")
        raise BadConfig(path, line, "not a database URL", "write sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME")
    if core != "reference" and not is_safe(core):
        line = line_of(text, "url", "core")
        raise BadConfig(path, line, "not an address of a core", 'write "reference" or https://HOST[:PORT]')
    if core != "reference" and "core_token_file" not in values:
        line = line_of(text, "url", "core")
        raise BadConfig(path, line, "an adapter needs a token", "add token_file under [core]")
    if not 0 < port < 65536:
        raise BadConfig(path, line_of(text, "port", "serve"), f"{port} is no port", "write one of 1 to 65535")
    if not re.fullmatch(r"[A-Za-z0-9]{1,16}", values.get("name", "0001")):
        line = line_of(text, "name", "branch")
        raise BadConfig(path, line, "not a branch number", "write up to 16 letters and digits")
    _check_customers(path, text, values)
    _check_information(path, text, values)
    _check_service(path, text, values)


def _check_service(path: Path, text: str, values: dict[str, Any]) -> None:
    places = [("service", "hours", values.get("service_hours", ()))]
    places += [("terminals", name, spans) for name, spans in values.get("terminal_hours", {}).items()]
    for section, key, spans in places:
        for one in spans:
            if not is_span(one):
                line = line_of(text, key, section)
                raise BadConfig(path, line, f"{one!r} are no hours", 'write them like "mon-fri 09:00-17:00"')
    cut_over = values.get("cut_over", "")
    if cut_over and not re.fullmatch(CLOCK, cut_over):
        line = line_of(text, "cut_over", "service")
        raise BadConfig(path, line, f"{cut_over!r} is no time of day", 'write it like "22:30"')


def _check_customers(path: Path, text: str, values: dict[str, Any]) -> None:
    url, port = values.get("customers", ""), values.get("customers_port", 8444)
    if url and not re.fullmatch(r"https://[A-Za-z0-9.:\[\]-]+/?", url):
        line = line_of(text, "url", "customers")
        raise BadConfig(path, line, "not an address for phones", "write https://HOST[:PORT], without a path")
    if not 0 < port < 65536:
        raise BadConfig(path, line_of(text, "port", "customers"), f"{port} is no port", "write one of 1 to 65535")
    if ("customers_certificate" in values) != ("customers_key" in values):
        line = line_of(text, "", "customers")
        raise BadConfig(path, line, "certificate and key belong together", "give both under [customers], or neither")


PADS: dict[str, dict[str, str]] = {
    "wrapping": {"ecb": "ecb", "tr31": "tr31"},
    "pins": {"session": "session", "dukpt": "dukpt"},
    "mac": {"tdes": "TAK", "sm4": "TAKSM4"},
}
"""What `[pads]` may say of a scheme, in the words of a bank -> in those of `branch.bank.hsm.Scheme`."""


def _scheme(path: Path, text: str, said: dict[str, Any]) -> Scheme:
    """How the pads are keyed; raises BadConfig."""
    for key, value in said.items():
        known = tuple(PADS.get(key, get_args(PinFormat)))
        given = value if key == "formats" else [value]
        if not given or any(one not in known for one in given):
            raise BadConfig(path, line_of(text, key, "pads"), f"{key} has no {value!r}", f"use {', '.join(known)}")
    if said.get("pins") == "dukpt" and said.get("wrapping", "tr31") != "tr31":
        line = line_of(text, "wrapping", "pads")
        raise BadConfig(path, line, "keys of DUKPT need their serial number", 'write wrapping = "tr31" with "dukpt"')
    chosen = {key: PADS[key][value] for key, value in said.items() if key in PADS}
    formats = {"formats": tuple(dict.fromkeys(said["formats"]))} if "formats" in said else {}
    return Scheme(**chosen, **formats)  # type: ignore[arg-type]


def _check_information(path: Path, text: str, values: dict[str, Any]) -> None:
    for one in values.get("hours", ()):
        try:
            _hours(one)
        except ValueError as why:
            line = line_of(text, "hours", "information")
            raise BadConfig(path, line, f"{one!r} are no hours", 'write them like "mon-fri 09:00-17:00"') from why
    for one in values.get("services", ()):
        if one not in get_args(Service):
            known = ", ".join(get_args(Service))
            raise BadConfig(path, line_of(text, "services", "information"), f"unknown service {one!r}", f"use {known}")
    for one, reason in values.get("switches", {}).items():
        if reason not in get_args(SwitchReason):
            known = ", ".join(get_args(SwitchReason))
            raise BadConfig(path, line_of(text, one, "switches"), f"unknown reason {reason!r}", f"use {known}")


def _hours(text: str) -> Hours:
    """Read `mon-fri 09:00-17:00` or `sat 10:00-15:00`; raises ValueError."""
    found = re.fullmatch(r"(\w{3})(?:-(\w{3}))? ([\d:]+)-([\d:]+)", text)
    if not found:
        raise ValueError(text)
    first, last, opens, closes = found.groups()
    return Hours.model_validate({"first": first, "last": last or first, "opens": opens, "closes": closes})


def is_safe(url: str) -> bool:
    """Https anywhere, http only to this very machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and local))


def line_of(text: str, key: str, section: str = "") -> int:
    """Where a key stands, as well as can be told: its first place after its section's heading."""
    inside = not section
    for number, line in enumerate(text.splitlines(), 1):
        inside = inside or line.partition("#")[0].strip() == f"[{section}]"
        if inside and re.match(rf"\s*\[?\s*{re.escape(key)}\b", line):
            return number
    return 1
