"""`branch clearing check`: the contract, run against the clearing that the configuration names."""

import argparse
import time
from collections.abc import Callable
from uuid import uuid4

from branch.bank.clearing import ClearingRefused, ClearingUnavailable
from branch.bank.clearing_contract import CHECKS, Bench, Lent
from branch.bank.clearinghouse import ReferenceClearing
from branch.bank.promise import Broken
from branch.build import open_clearing
from branch.settings import Settings
from branch.store.db import Database


def arguments(parser: argparse.ArgumentParser) -> None:
    """What it must be lent: a bank of the directory, and two numbers there."""
    parser.add_argument("--bank", default="901", help="code of a bank in the directory")
    parser.add_argument("--good", default="6230580000000000016", help="an open account there")
    parser.add_argument("--holder", default="ZHAO MIN", help="its holder, in Latin letters")
    parser.add_argument("--bad", default="6230580000000009999", help="a number there that takes nothing")
    parser.add_argument("--payer", default="6229990900000000018", help="an account of this bank")
    parser.add_argument("--wait", type=float, default=25, help="seconds after which every order has ended there")


def check(args: argparse.Namespace, settings: Settings, db: Database, say: Callable[[str], None]) -> int:
    """0 when all is kept, 1 when not."""
    clearing = open_clearing(settings, db)
    if isinstance(clearing, ReferenceClearing):
        clearing.seed()
    lent = Lent(args.bank, args.good, args.holder, args.bad, args.payer)
    bench = Bench(clearing, lent, lambda: f"CHECK-{uuid4().hex}/001-interbank", lambda: time.sleep(args.wait))
    broken = 0
    for one in CHECKS:
        words = f"{one.__name__}: {(one.__doc__ or '').partition(chr(10))[0]}"
        try:
            one(bench)
        except (Broken, ClearingRefused, ClearingUnavailable) as why:
            broken += 1
            say(f"broken  {words}\n        {why}")
        else:
            say(f"kept    {words}")
    say(f"{broken} broken" if broken else "all kept")
    return 1 if broken else 0
