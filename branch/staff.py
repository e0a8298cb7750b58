"""What a member of staff does at the branch's command line for a customer who stands at a terminal."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime

from branch.store import phones
from branch.store.db import Database
from branch.store.outbox import event

Say = Callable[[str], None]


def phone_list(db: Database, say: Say) -> int:
    """Customers whose change of phone waits for a person: number, terminal, since when."""
    with db.read() as tx:
        found = phones.waiting(tx, db.clock())
    for one in found:
        since = datetime.fromtimestamp(one.at / 1000, UTC).isoformat(timespec="seconds")
        say(f"{one.reference}\t{one.terminal}\t{since}")
    return 0


def phone_answer(db: Database, say: Say, args: argparse.Namespace, state: str) -> int:
    """A person's word, after seeing her, her identity card and her card; the event log keeps who gave it."""
    with db.write() as tx:
        visit = phones.answer(tx, args.reference, state, args.by, db.clock())
        if visit is not None:
            event(tx, db.clock(), f"phone.{state}", visit, {"reference": args.reference, "by": args.by})
    say(f"{args.reference} is {state}" if visit else f"nobody waits under {args.reference}: answered, or she has left")
    return 0 if visit else 1
