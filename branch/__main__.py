"""`branch`: set up, serve, and look after a branch server. `branch COMMAND --help` tells the rest."""

import argparse
import json
import secrets
import ssl
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import httpx

from branch import clearing_cli, commands as commands_, demo, settings, staff, tls
from branch.bank import contract
from branch.bank.codes import sent
from branch.bank.core import CoreRefused, CoreUnavailable
from branch.bank.ledger import ReferenceLedger
from branch.bank.promise import Broken
from branch.bank.remote import RemoteCore
from branch.build import CODES, create_secrets, load_secrets, open_core, open_database, test_hsm, utc_ms
from branch.plugins import check_production
from branch.settings import BadConfig, Settings
from branch.standing import OURS
from branch.store import bookkeeping, people, preferences, terminals
from branch.store.db import Database, Failed, SchemaMismatch, create_schema, in_a_line, open_engine
from branch.store.outbox import event

CODE_HOURS = 24
WRONG = 2
"""Exit code when configuration or arguments must be corrected."""


def say(text: str) -> None:
    """A line on standard output."""
    sys.stdout.write(f"{text}\n")


def init(args: argparse.Namespace) -> int:
    """Make authority, secrets, configuration and database; what is there already stays."""
    state: Path = args.state
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    state.chmod(0o700)
    now = datetime.now(UTC)
    tls.create_authority(state, now)
    create_secrets(state)
    config = state / "branch.toml"
    if not config.exists():
        template = (Path(__file__).parent / "branch.toml").read_text()
        config.write_text(template.replace('"/var/lib/branch"', f'"{state.resolve()}"'))
    found = settings.load(config)
    engine = open_engine(found.database_url)
    create_schema(engine)
    with engine.begin() as tx:
        bookkeeping.open_books(tx, now.astimezone().date().isoformat())
    engine.dispose()
    say(f"ready: branch serve --config {config}")
    return 0


def serve(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from branch.server import run  # noqa: PLC0415  the other commands need no web server

    run(settings.load(args.config))
    return 0


def terminal_add(args: argparse.Namespace) -> int:
    """Invite a terminal: its one-time code, and on request the master keys for its pad."""
    found, db = _opened(args)
    code = "-".join(secrets.token_hex(4) for _ in range(4))
    now = utc_ms()
    with db.write() as tx:
        terminals.invite(tx, args.id, code, now + CODE_HOURS * 3_600_000, now)
    if args.tmk_out is not None:
        _only_for_tests(args, found)
        keys = test_hsm(found, db, load_secrets(found.state)).master_keys(args.id)
        sm4 = {"tmk_sm4": keys.sm4.hex()} if keys.sm4 else {}
        text = json.dumps({"tmk": keys.tdes.hex(), "tmk_aes": keys.aes.hex(), **sm4})
        tls.write_private(args.tmk_out, f"{text}\n".encode())
    say(code)
    return 0


def _only_for_tests(args: argparse.Namespace, found: Settings) -> None:
    """Raise BadConfig where the keys lie in a bank's own security module, or real customers are served."""
    if found.hsm != "test":
        line = settings.line_of(args.config.read_text(), "hsm", "ports")
        raise BadConfig(args.config, line, "keys and PINs lie in the bank's own HSM", "use its own tools")
    check_production(found)


def terminal_revoke(args: argparse.Namespace) -> int:
    """Know a terminal no more: its requests are refused at once, its link is closed."""
    _, db = _opened(args)
    with db.write() as tx:
        done = terminals.revoke(tx, args.id)
    say(f"{args.id} is revoked" if done else f"there is no terminal {args.id}")
    return 0 if done else 1


def day_next(args: argparse.Namespace) -> int:
    """Cut over to the next accounting date, also in mid-visit."""
    say(_ledger(args).advance_accounting_date().isoformat())
    return 0


def seed(args: argparse.Namespace) -> int:
    """Fill the reference ledger with demo people, and write their chips' keys."""
    found, db = _opened(args)
    _only_for_tests(args, found)
    held = load_secrets(found.state)
    demo.seed(db, held, datetime.now().astimezone().date())
    if args.cards_out is not None:
        demo.write_cards(args.cards_out, held)
    say(f"{len(demo.PEOPLE)} demo customers")
    return 0


def balance(args: argparse.Namespace) -> int:
    """Prove that the books of the reference ledger balance."""
    found = _ledger(args).balance_check()
    for line in found:
        say(line)
    say("the books do not balance" if found else "the books balance")
    return 1 if found else 0


def codes(args: argparse.Namespace) -> int:
    """The one-time codes that the development sender has sent last: for the demo, there is no phone."""
    for line in sent(settings.load(args.config).state / CODES):
        say(line)
    return 0


def loss_lift(args: argparse.Namespace) -> int:
    """A person at the bank takes a loss report back, after seeing card and holder: its cards work again."""
    found, db = _opened(args)
    cards = open_core(found, db).lift_loss(args.reference)
    if cards:
        with db.write() as tx:
            event(tx, db.clock(), "loss.lifted", "", {"reference": args.reference, "by": args.by})
    say(f"{cards} cards work again" if cards else f"no report {args.reference} stops a card")
    return 0 if cards else 1


def phone_list(args: argparse.Namespace) -> int:
    """Customers whose change of phone waits for a person: number, terminal, since when."""
    return staff.phone_list(_opened(args)[1], say)


def phone_approve(args: argparse.Namespace) -> int:
    """A person has seen the customer, her identity card and her card: her phone may be changed in this visit."""
    return staff.phone_answer(_opened(args)[1], say, args, "approved")


def phone_refuse(args: argparse.Namespace) -> int:
    """A person refuses a change of phone: nothing is changed in this visit."""
    return staff.phone_answer(_opened(args)[1], say, args, "refused")


def help_release(args: argparse.Namespace) -> int:
    """A person has spoken with who called under this number: in her visit she may go on where that was asked for."""
    _, db = _opened(args)
    with db.write() as tx:
        visit = people.release(tx, args.number, db.clock())
        if visit is not None:
            event(tx, db.clock(), "help.released", visit, {"number": args.number, "by": args.by})
    say("she may go on" if visit else f"nobody waits under {args.number}")
    return 0 if visit else 1


def clearing_check(args: argparse.Namespace) -> int:
    """Run the contract suite against the clearing that the file names: 0 when all is kept, 1 when not."""
    return clearing_cli.check(args, *_opened(args), say)


def forget_preferences(args: argparse.Namespace) -> int:
    """Erase how a customer likes the glass, as she asked; her accounts and what must be kept are not touched."""
    _, db = _opened(args)
    with db.write() as tx:
        found = preferences.forget(tx, args.customer)
        if found:
            event(tx, db.clock(), "preferences.erased", "", {})
    say("erased" if found else "nothing was kept of this customer")
    return 0 if found else 1


def core_check(args: argparse.Namespace) -> int:
    """Run the contract suite against a core's adapter: 0 when all is kept, 1 when not, 2 when it does not answer."""
    token = args.token_file.read_text().strip() if args.token_file else ""
    trust = ssl.create_default_context()
    if args.authority is not None:
        trust.load_verify_locations(cadata=args.authority.read_text())
    with httpx.Client(base_url=args.at, timeout=10, verify=trust) as client:
        core = RemoteCore(client, token)
        try:
            core.can_reverse = core.about().can_reverse
            specimen = core.specimen()
        except (CoreUnavailable, CoreRefused) as why:
            remedy = "look at --at, --token-file and --authority, and whether it lends accounts (`specimen`)"
            sys.stderr.write(f"{args.at}: {why}; {remedy}\n")
            return WRONG
        bench = contract.Bench(core, specimen, lambda: f"CHECK-{uuid4().hex}/001-transfer")
        failed = sum(not _kept(check, bench) for check in contract.checks(core))
    say(f"{failed} broken" if failed else "all kept")
    return 1 if failed else 0


def _kept(check: contract.Check, bench: contract.Bench) -> bool:
    words = f"{check.__name__}: {(check.__doc__ or '').partition(chr(10))[0]}"
    try:
        check(bench)
    except (Broken, CoreRefused, CoreUnavailable) as why:
        say(f"broken  {words}\n        {why}")
        return False
    say(f"kept    {words}")
    return True


def _ledger(args: argparse.Namespace) -> ReferenceLedger:
    found, db = _opened(args)
    if found.core != "reference":
        raise BadConfig(args.config, 1, "the books are kept by [core] url", "ask the core-banking system itself")
    return ReferenceLedger(db.engine, db.clock)


def _opened(args: argparse.Namespace) -> tuple[Settings, Database]:
    found = settings.load(args.config)
    return found, open_database(found)


Act = Callable[[argparse.Namespace], int]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  argparse names its type so


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser("branch", description="The server of a bank's branch.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(parent: Commands, name: str, act: Act, *, config: bool = True) -> argparse.ArgumentParser:
        made = parent.add_parser(name, help=act.__doc__, description=act.__doc__)
        made.set_defaults(act=act)
        if config:
            made.add_argument("--config", type=Path, default=Path("/var/lib/branch/branch.toml"), help="the TOML file")
        return made

    def group(name: str, words: str) -> Commands:
        return commands.add_parser(name, help=words).add_subparsers(required=True, metavar="WHAT")

    command(commands, "init", init, config=False).add_argument("--state", type=Path, required=True)
    command(commands, "serve", serve)
    command(commands, "balance", balance)
    command(commands, "seed", seed).add_argument("--cards-out", type=Path, help="write the chips' keys there (0600)")
    ours = group("terminal", "the terminals of this branch")
    add = command(ours, "add", terminal_add)
    add.add_argument("id", type=_terminal_id)
    add.add_argument("--tmk-out", type=Path, help="write the pad's master keys there (0600), for the key ceremony")
    command(ours, "revoke", terminal_revoke).add_argument("id", type=_terminal_id)
    command(ours, "list", commands_.terminal_list)
    commands_.add_switches(command, group, commands)
    commands_.add_totals(command, commands)
    command(commands, "codes", codes)
    command(group("day", "the accounting date"), "next", day_next)
    lift = command(group("loss", "cards that were reported lost"), "lift", loss_lift)
    lift.add_argument("reference", help="the report's number, as on its paper")
    lift.add_argument("--by", required=True, help="number of the member of staff who does it")
    phone = group("phone", "customers whose change of phone needs a person")
    command(phone, "list", phone_list)
    for name, act in (("approve", phone_approve), ("refuse", phone_refuse)):
        answer = command(phone, name, act)
        answer.add_argument("reference", help="the number on the customer's screen")
        answer.add_argument("--by", required=True, help="number of the member of staff who does it")
    release = command(group("help", "calls for a person"), "release", help_release)
    release.add_argument("number", type=int, help="the call's number, as it stands on the glass")
    release.add_argument("--by", required=True, help="number of the member of staff who has spoken with her")
    clearing_cli.arguments(command(group("clearing", "the way to other banks"), "check", clearing_check))
    command(commands, "forget-preferences", forget_preferences).add_argument(
        "customer", help="the core's number of her"
    )
    check = command(group("core", "core-banking systems"), "check", core_check, config=False)
    check.add_argument("--at", required=True, type=_address, help="the adapter's address, e.g. https://core.example")
    check.add_argument("--token-file", type=Path, help="its bearer token")
    check.add_argument("--authority", type=Path, help="the certificate authority to trust (PEM)")
    return top


def _address(text: str) -> str:
    if not settings.is_safe(text):
        raise argparse.ArgumentTypeError("an address like https://HOST[:PORT], or http:// of this machine")
    return text


def _terminal_id(text: str) -> str:
    if not (text.isascii() and text.isalnum() and len(text) <= 16):
        raise argparse.ArgumentTypeError("up to 16 letters and digits")
    if text == OURS:
        raise argparse.ArgumentTypeError(f"{OURS} is the branch's own name for its standing orders")
    return text


def main(arguments: list[str] | None = None) -> int:
    """Run one command; answers the exit code."""
    args = parser().parse_args(arguments)
    try:
        code: int = args.act(args)
    except (BadConfig, SchemaMismatch) as why:
        sys.stderr.write(f"{why}\n")
        return WRONG
    except CoreUnavailable as why:
        sys.stderr.write(f"the core does not answer: {why}\n")
        return WRONG
    except Failed as why:
        sys.stderr.write(f"the database does not answer: {in_a_line(why)}; look at [database] url in the file\n")
        return WRONG
    except OSError as why:
        sys.stderr.write(f"{why}; has `branch init` run, and may this user read its folder?\n")
        return WRONG
    return code


if __name__ == "__main__":
    sys.exit(main())
