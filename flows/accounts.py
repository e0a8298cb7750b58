"""Accounts and balances: look, and take it home on paper."""

from drivers.api import Line
from flows.paper import Paper
from flows.ports import Words
from flows.receipt import receipt
from flows.screens import Choose, Fact, Option, Review, Where
from flows.session import Session
from protocol import messages as m
from protocol.money import Money

WHERE = "accounts.name"


def account_options(accounts: tuple[m.Account, ...]) -> tuple[Option, ...]:
    """One large card an account: its kind, its masked number, what can be used."""
    return tuple(
        Option(one.handle, f"accounts.{one.kind}", one.masked, amount=Money(one.available)) for one in accounts[:6]
    )


async def accounts(session: Session) -> None:
    """Show what is there; print it on request."""
    found = await session.look("accounts", lambda: session.bank.accounts(session.customer))
    handle = await session.ask(Choose("accounts.choose", options=account_options(found), where=Where(WHERE, 1, 2)))
    account = next(one for one in found if one.handle == handle)
    facts = (
        Fact("fact.account", account.masked, number=True),
        Fact("fact.balance", Money(account.balance), strong=True),
        Fact("fact.available", Money(account.available)),
        Fact("fact.limit-today", Money(account.limit_today)),
    )
    options = (Option("print", "accounts.print", "accounts.print.line"), Option("done", "accounts.done"))
    wish = await session.ask(Review("accounts.one", facts=facts, options=options, where=Where(WHERE, 2, 2)))
    if wish == "print":
        await receipt(session, lambda words: balance_paper(words, account))


def balance_paper(words: Words, account: m.Account) -> Paper:
    """The balance on paper."""
    return Paper(
        words.text("receipt.balance"),
        (
            Line(words.text("fact.account"), account.masked),
            Line(words.text("fact.balance"), words.money(Money(account.balance)), bold=True),
            Line(words.text("fact.available"), words.money(Money(account.available))),
        ),
    )
