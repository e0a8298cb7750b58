"""Commands about switches, terminals and the end of a day, for `branch`."""

import argparse
import re
import sys
from datetime import UTC, date, datetime
from typing import Any, get_args

from branch.build import open_database
from branch.settings import Settings, is_terminal, load
from branch.store import switches, terminals, totals
from branch.store.db import Database, Tx
from branch.store.outbox import event
from branch.switches import local
from branch.terminal.day import differences
from protocol.hours import CLOCK
from protocol.messages import TRANSACTIONS, SwitchReason
from protocol.totals import DayTotals

FINE = frozenset({"ok", "run", "mains"})


def say(text: str) -> None:
    """A line on standard output."""
    sys.stdout.write(f"{text}\n")


def opened(args: argparse.Namespace) -> tuple[Settings, Database]:
    """The settings of a command, and their database."""
    found = load(args.config)
    return found, open_database(found)


# --- switches


def switch_off(args: argparse.Namespace) -> int:
    """Stop offering a transaction: everywhere, at one branch or one terminal, always or at some hours of the day."""
    _, db = opened(args)
    if bool(args.since) != bool(args.until):
        sys.stderr.write("--from and --to belong together\n")
        return 2
    row = {**_place(args), "since": args.since or "", "until": args.until or ""}
    with db.write() as tx:
        switches.off(tx, row, args.why, db.clock())
        event(tx, db.clock(), "switch.off", "", {**row, "reason": args.why})
    say(f"{args.transaction} is switched off: {_where(row)}, {args.why}")
    return 0


def switch_on(args: argparse.Namespace) -> int:
    """Offer a transaction again that was switched off for the same place; 1 when it was not."""
    _, db = opened(args)
    row = _place(args)
    with db.write() as tx:
        found = switches.on(tx, row)
        if found:
            event(tx, db.clock(), "switch.on", "", row)
    if found:
        say(f"{args.transaction} is offered again: {_where(row)}")
    else:
        say(f"{args.transaction} was not switched off there")
    return 0 if found else 1


def switch_list(args: argparse.Namespace) -> int:
    """What is switched off: transaction, where, when, why; the file of this branch last."""
    found, db = opened(args)
    with db.read() as tx:
        rows = [row._mapping for row in switches.every(tx)]  # noqa: SLF001  SQLAlchemy's own name for it
    for row in rows:
        say(f"{row['transaction_id']}\t{_where(row)}\t{row['reason']}\tsince {local(row['at']):%Y-%m-%d %H:%M}")
    for transaction, reason in found.switches.items():
        say(f"{transaction}\t{found.file}\t{reason}")
    return 0


def _place(args: argparse.Namespace) -> dict[str, str]:
    scope = "fleet" if args.fleet else "branch" if args.branch else "terminal"
    return {"transaction_id": args.transaction, "scope": scope, "place": args.branch or args.terminal or ""}


def _where(row: Any) -> str:
    hours = f" {row['since']}-{row['until']}" if row.get("since") else ""
    return f"{row['scope']} {row['place']}".strip() + hours


# --- terminals


def terminal_list(args: argparse.Namespace) -> int:
    """All terminals: id, state, last heartbeat, what it does, and which of its parts are not as they should be."""
    _, db = opened(args)
    with db.read() as tx:
        for row in terminals.every(tx):
            seen = datetime.fromtimestamp(row.seen / 1000, UTC).isoformat(timespec="seconds") if row.seen else "never"
            parts = row.parts or {}
            bad = "; ".join(f"{part} {word}" for part, word in sorted(parts.items()) if word not in FINE)
            words = (row.id, row.state, seen, row.said or "", *((bad or "ok",) if parts else ()))
            say("\t".join(words))
    return 0


# --- the end of a day


def day_totals(args: argparse.Namespace) -> int:
    """Compare an accounting date, terminal by terminal: 0 when all agree, 1 when one differs or has not said."""
    _, db = opened(args)
    day, wrong = args.day.isoformat(), 0
    with db.read() as tx:
        said = totals.said(tx, day)
        for terminal in sorted({*said, *totals.terminals_of(tx, day)}):
            wrong += _compared(tx, terminal, day, said.get(terminal))
    say(f"{wrong} terminals differ" if wrong else "all agree")
    return 1 if wrong else 0


def _compared(tx: Tx, terminal: str, day: str, said: dict[str, Any] | None) -> bool:
    """Say what there is of a terminal's day; True when it is an alarm."""
    theirs = DayTotals.model_validate(said) if said else None
    doubt = theirs.doubt if theirs else ()
    here = totals.of_day(tx, terminal, day, doubt)
    for kind, one in sorted(here.items()):
        say(f"{terminal}\t{kind}\t{one.count}\t{one.total if one.sums else '-'}")
    if theirs is None:
        say(f"{terminal}\thas not told its totals")
        return True
    if doubt:
        say(f"{terminal}\tin doubt\t{len(doubt)}")
    found = differences(theirs, here)
    for other in found:
        say(f"{terminal}\t{other.kind}\t{other.field} is {other.terminal} there, {other.branch} here")
    return bool(found)


# --- the command line


def add_switches(command: Any, group: Any, commands: Any) -> None:
    """`branch switch off|on`, `branch switches`."""
    ours = group("switch", "what is offered")
    for name, act in (("off", switch_off), ("on", switch_on)):
        made = command(ours, name, act)
        made.add_argument("transaction", choices=TRANSACTIONS)
        place = made.add_mutually_exclusive_group(required=True)
        place.add_argument("--fleet", action="store_true", help="at all terminals of this database")
        place.add_argument("--branch", metavar="NAME", help="at the terminals of one branch, by its number")
        place.add_argument("--terminal", metavar="ID", type=_terminal, help="at one terminal")
        if name == "off":
            made.add_argument("--from", dest="since", type=_clock, help="from this time of day, HH:MM")
            made.add_argument("--to", dest="until", type=_clock, help="until this time of day")
            made.add_argument("--why", required=True, choices=get_args(SwitchReason), help="what customers are told")
    command(commands, "switches", switch_list)


def add_totals(command: Any, commands: Any) -> None:
    """`branch totals DATE`."""
    command(commands, "totals", day_totals).add_argument("day", type=_day, help="an accounting date, YYYY-MM-DD")


def _terminal(text: str) -> str:
    if not is_terminal(text):
        raise argparse.ArgumentTypeError("up to 16 letters and digits")
    return text


def _clock(text: str) -> str:
    if not re.fullmatch(CLOCK, text):
        raise argparse.ArgumentTypeError("a time of day like 22:30")
    return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as why:
        raise argparse.ArgumentTypeError("a date like 2031-03-14") from why
