"""Statement: what has moved on an account, on the glass and on paper."""

from datetime import UTC, datetime
from functools import partial

from drivers.api import Line
from flows.accounts import account_options
from flows.paper import Kept, Paper
from flows.ports import Words
from flows.receipt import copy, receipt
from flows.screens import Choose, Entry, Fact, Option, Review, Statement, Wait, Where
from flows.session import Session
from protocol import enquiries as e, messages as m
from protocol.money import Money

WHERE = "statement.name"
TURNS = 200
"""Looks in one statement."""
PERIODS = (
    Option("month", "statement.month", "statement.month.line"),
    Option("days-30", "statement.days-30"),
    Option("days-90", "statement.days-90"),
)
WAYS = (Option("all", "statement.all"), Option("in", "statement.in"), Option("out", "statement.out"))


async def statement(session: Session) -> None:
    """Choose an account and a period; look, narrow, open a line, print."""
    accounts = await session.look("accounts", lambda: session.bank.accounts(session.customer))
    options = account_options(accounts)
    handle = await session.ask(Choose("statement.account", options=options, where=Where(WHERE, 1, 3)))
    account = next(one for one in accounts if one.handle == handle)
    period = await session.ask(Choose("statement.period", options=PERIODS, where=Where(WHERE, 2, 3)))
    asked = e.MovementsAsked.model_validate(
        {"customer": session.customer, "account": account.handle, "period": period},
    )
    for _ in range(TURNS):
        shown = await _movements(session, asked)
        wish = await session.ask(_screen(account, shown, asked))
        match wish:
            case "done":
                return
            case "print":
                await receipt(session, partial(statement_paper, account, shown))
                return
            case "take":
                if await _take(session, account, shown, asked):
                    return
            case "older":
                asked = asked.model_copy(update={"before": shown.movements[-1].id})
            case "all" | "in" | "out":
                asked = asked.model_copy(update={"way": wish, "before": ""})
            case _:
                one = next(one for one in shown.movements if one.id == wish)
                if await _one(session, account, one):
                    return


async def _movements(session: Session, asked: e.MovementsAsked) -> e.Movements:
    name = f"movements {asked.period} {asked.way} {asked.before}"
    return await session.look(name, lambda: session.bank.movements(asked))


def _screen(account: m.Account, shown: e.Movements, asked: e.MovementsAsked) -> Statement:
    paper = (Option("print", "statement.print"),) if shown.movements else ()
    take = (Option("take", "statement.take"),) if shown.movements and shown.take else ()
    older = (Option("older", "statement.older"),) if shown.more else ()
    return Statement(
        "statement.shown",
        entries=tuple(_entry(one) for one in shown.movements),
        ways=WAYS,
        way=asked.way,
        options=(*paper, *take, *older),
        masked=account.masked,
        since=shown.since,
        until=shown.until,
        where=Where(WHERE, 3, 3),
    )


def _entry(one: e.Movement) -> Entry:
    return Entry(one.id, f"movement.{_kind(one)}", Money(one.amount), Money(one.balance), one.day, one.party_name)


def _kind(one: e.Movement) -> str:
    """What it was, a member of the messages `movement.*`."""
    if one.kind == "transfer":
        return "transfer-in" if one.amount > 0 else "transfer-out"
    return one.kind


async def _one(session: Session, account: m.Account, one: e.Movement) -> bool:
    """All that is known of a line, and a copy of the receipt of what she has sent; True when it was printed."""
    sent = one.kind == "transfer" and one.amount < 0 and one.reference
    paper = (Option("copy", "statement.copy"),) if sent else ()
    options = (*paper, Option("list", "statement.list"))
    facts, where = movement_facts(one), Where(WHERE, 3, 3)
    wish = await session.ask(Review("statement.one", facts=facts, options=options, where=where))
    if wish == "copy":
        await copy(session, Kept(partial(transfer_paper, account, one), one.at))
    return wish == "copy"


async def _take(session: Session, account: m.Account, shown: e.Movements, asked: e.MovementsAsked) -> bool:
    """The whole period for her phone, by a link on the glass; or on paper all the same: True when it was printed.

    The link opens the paper by itself: it stands on this screen and nowhere else.
    """
    facts = {"customer": asked.customer, "account": asked.account, "period": asked.period, "way": asked.way}
    wanted = e.StatementAsked.model_validate({**facts, "language": session.terminal.stage.language})
    link = await session.busy(Wait("wait.paper", usually=3), lambda: session.bank.take_statement(wanted))
    await session.note("statement-link")
    options = (Option("list", "statement.list"), Option("print", "statement.print"))
    until = (Fact("fact.link-until", datetime.fromtimestamp(link.until / 1000, UTC).astimezone()),)
    where = Where(WHERE, 3, 3)
    screen = Review("statement.link", facts=until, options=options, qr=link.url, where=where, private=True)
    wish = await session.ask_untaped(screen)
    if wish == "print":
        await receipt(session, partial(statement_paper, account, shown))
    return wish == "print"


def movement_facts(one: e.Movement) -> tuple[Fact, ...]:
    """What it was, with whom, and what stood there afterwards."""
    facts = (
        Fact("fact.kind", f"movement.{_kind(one)}", message=True),
        Fact("fact.moved", Money(abs(one.amount)), strong=True),
        Fact("fact.party", one.party_masked, number=True),
        Fact("fact.party-name", one.party_name),
        Fact("fact.balance-after", Money(one.balance)),
        Fact("fact.date", one.day),
        Fact("fact.reference", one.reference, number=True),
    )
    return tuple(fact for fact in facts if fact.value != "")


def statement_paper(account: m.Account, shown: e.Movements, words: Words) -> Paper:
    """The movements of one look, on one slip; older ones of the period are said to be missing."""
    lines = [
        Line(words.text("fact.account"), account.masked),
        Line(words.text("statement.since"), words.day(shown.since)),
        Line(words.text("statement.until"), words.day(shown.until)),
        Line(rule=True),
    ]
    for one in shown.movements:
        lines += [
            Line(words.day(one.day), words.signed(Money(one.amount)), bold=True),
            Line(words.text(f"movement.{_kind(one)}"), words.money(Money(one.balance))),
            *((Line(one.party_name, one.party_masked),) if one.party_masked else ()),
        ]
    lines += [Line(rule=True), Line(words.text("statement.count", count=len(shown.movements)))]
    return Paper(words.text("receipt.statement"), (*lines, *((Line(words.text("statement.more")),) * shown.more)))


def transfer_paper(account: m.Account, one: e.Movement, words: Words) -> Paper:
    """What she sent earlier, as the bank has booked it."""
    lines = (
        Line(words.text("fact.from"), account.masked),
        Line(words.text("fact.to"), one.party_masked),
        Line(words.text("fact.payee"), one.party_name),
        Line(words.text("fact.moved"), words.money(Money(-one.amount)), bold=True),
        Line(words.text("fact.date"), words.day(one.day)),
        Line(words.text("fact.reference"), one.reference),
    )
    return Paper(words.text("receipt.transfer"), lines, qr=one.reference)
