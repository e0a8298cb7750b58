"""`kiosk journal`: prove that the terminal's journal is whole, and hand it to those who must read it."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from flows.journal import JournalFailed, read_records
from protocol.chain import first_break

BROKEN, UNREADABLE, USAGE = 1, 4, 2


def export(journal: Path, out: Path) -> int:
    """Write every record as a line of JSON with its hash (see `protocol.chain`); answers how many there are."""
    records = read_records(journal)
    lines = [json.dumps({**record, "hash": hash_}, ensure_ascii=False) + "\n" for record, hash_ in records]
    out.write_text("".join(lines))
    return len(records)


def broken_at(journal: Path) -> int | None:
    """The number of the first record that does not follow from the one before; None when the chain holds."""
    records = read_records(journal)
    at = first_break(records)
    return None if at is None else int(records[at][0]["seq"])


def main(argv: Sequence[str]) -> int:
    """Answers the exit code: 0 whole, 1 the chain is broken, 2 usage, 4 the file cannot be read."""
    parser = argparse.ArgumentParser(prog="kiosk journal", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (("verify", "look whether a record was altered, moved or taken out"), ("export", "as JSON")):
        command = commands.add_parser(name, help=words)
        command.add_argument("--file", type=Path, required=True, help="journal.db in the terminal's state folder")
        if name == "export":
            command.add_argument("--out", type=Path, required=True, help="one record a line")
    found = parser.parse_args(argv)
    try:
        if found.command == "export":
            sys.stdout.write(f"{export(found.file, found.out)} records: {found.out}\n")
        at = broken_at(found.file)
    except (JournalFailed, OSError) as why:
        sys.stderr.write(f"kiosk: {found.file} cannot be read as a journal ({why}); keep it, and call us\n")
        return UNREADABLE
    if at is not None:
        sys.stderr.write(f"kiosk: record {at} was altered, or one before it is gone; keep the file, tell the bank\n")
        return BROKEN
    sys.stdout.write("the chain holds\n")
    return 0
