"""Transfer: move money, and tell the customer the truth about whether it moved."""

from functools import partial

from drivers.api import DeviceError, Line
from flows.accounts import account_options
from flows.chip import cryptogram
from flows.orders import about, order_facts, short
from flows.paper import Paper
from flows.ports import Refused, Unreachable, Unsure, Words
from flows.posting import post
from flows.receipt import receipt
from flows.risk import heed
from flows.screens import Choose, Confirm, EnterAmount, EnterNumber, Fact, Option, Review, Tell, Tone, Where
from flows.session import Session
from flows.step_up import step_up
from protocol import messages as m
from protocol.money import Money, chinese_capitals

WHERE = "transfer.name"
CARDS = 6
"""On one page."""
TRIES = 5
"""Wrong payee numbers before the flow gives up."""


async def transfer(session: Session) -> None:
    """Choose, name, amount, confirm, done."""
    accounts = await session.look("accounts", lambda: session.bank.accounts(session.customer))
    options = account_options(accounts)
    source_id = await session.ask(Choose("transfer.from", options=options, where=Where(WHERE, 1, 4)))
    source = next(one for one in accounts if one.handle == source_id)
    payee = await choose_payee(session, source, accounts, Where(WHERE, 2, 4))
    limit, available = Money(source.limit_today), Money(source.available)
    amount = await session.ask(
        EnterAmount("transfer.amount", limit=limit, available=available, where=Where(WHERE, 3, 4))
    )
    order, quote = await priced(session, source, payee, amount)

    async def again(turn: int) -> m.Risk:
        asked = partial(session.bank.quote, session.customer, order)
        return (await session.look(f"quote {amount} {turn}", asked)).risk

    if not await heed(session, quote.risk, again):
        return
    if quote.step_up:
        await step_up(session, "new-payee")
    facts = order_facts(order)
    consent = await session.ask(
        Confirm(
            "transfer.confirm",
            facts=facts,
            chinese=facts,
            about=about(order),
            amount=amount,
            capitals=chinese_capitals(amount),
            where=Where(WHERE, 4, 4),
        )
    )
    try:
        dialogue = await cryptogram(session, order.amount)
        key, posted = await session.effect(
            "transfer", order, consent, lambda intent: post(session, intent, order, dialogue)
        )
    except (Refused, DeviceError) as why:
        reason = why.reason if isinstance(why, Refused) else m.Reason.CARD_DECLINED
        refused = Tell("transfer.refused", tone=Tone.REFUSED, why=f"refused.{reason}")
        if isinstance(why, Refused) and why.key:
            await session.tell_ending(why.key, refused)
        else:
            await session.tell(refused)
    except Unsure as doubt:
        await _unsure(session, doubt.key, order)
    else:
        await _done(session, key, order, posted)


async def choose_payee(session: Session, source: m.Account, accounts: tuple[m.Account, ...], where: Where) -> m.Payee:
    """One of her own accounts, somebody she has paid before, or anybody at this bank."""
    others = tuple(one for one in accounts if one.handle != source.handle)[:5]
    own = tuple(m.Payee(handle=a.handle, masked_name=session.surname + "*", masked_number=a.masked) for a in others)
    recent = await _recent(session)
    options = _payee_options(others, recent)
    to = "someone"
    if len(options) > 1:
        to = await session.ask(Choose("transfer.to", options=options, where=where))
    known = next((one for one in (*own, *recent) if one.handle == to), None)
    return known or await _by_number(session, where)


async def _recent(session: Session) -> tuple[m.Payee, ...]:
    """Whom she has paid before; a bank that does not tell that keeps nobody from typing a number."""
    try:
        return await session.look("recent payees", lambda: session.bank.recent_payees(session.customer))
    except (Refused, Unreachable):
        return ()


def _payee_options(others: tuple[m.Account, ...], recent: tuple[m.Payee, ...]) -> tuple[Option, ...]:
    """Whom she has paid comes before "someone else", and that on the first page; her own accounts first if all fit."""
    own = tuple(Option(one.handle, f"accounts.{one.kind}", one.masked) for one in others)
    paid = tuple(Option(one.handle, one.masked_name, one.masked_number, literal=True) for one in recent)
    someone = Option("someone", "transfer.someone", "transfer.someone.line")
    return (*own, *paid, someone) if len(own) + len(paid) < CARDS else (*paid, someone, *own)


async def _by_number(session: Session, where: Where) -> m.Payee:
    """Anybody at this bank, whose masked name the bank tells."""
    problem = ""
    for _ in range(TRIES):
        number = await session.ask(EnterNumber("transfer.number", problem=problem, where=where))
        try:
            return await session.look(f"payee {number}", partial(session.bank.payee, session.customer, number))
        except Refused:
            problem = "transfer.number.unknown"
    raise Refused(m.Reason.PAYEE)


Priced = tuple[m.TransferOrder, m.Quote]


async def priced(session: Session, source: m.Account, payee: m.Payee, amount: Money) -> Priced:
    """The order with its fee, as the customer will confirm it; and what else the bank says of it."""
    order = m.TransferOrder(
        source=source.handle,
        source_masked=source.masked,
        target=payee.handle,
        target_masked=payee.masked_number,
        target_name=payee.masked_name,
        amount=amount.fen,
        fee=0,
    )
    quote = await session.look(f"quote {amount}", lambda: session.bank.quote(session.customer, order))
    return order.model_copy(update={"fee": quote.fee}), quote


async def _done(session: Session, key: str, order: m.TransferOrder, posted: m.Posted) -> None:
    """Say that it is done, and offer paper."""
    facts = (*order_facts(order), Fact("fact.date", posted.accounting_date))
    await session.tell_ending(key, Tell("transfer.done", tone=Tone.DONE, facts=facts, reference=posted.reference))
    options = (Option("print", "receipt.print", "receipt.print.line"), Option("none", "receipt.none"))
    wish = await session.ask(Review("receipt.how", options=options), back=False)
    if wish == "print":
        await receipt(session, lambda words: done_paper(words, order, posted))


async def _unsure(session: Session, key: str, order: m.TransferOrder) -> None:
    """Say that nobody knows yet, and offer the number on paper by which it can be asked for."""
    number = short(key)
    await session.tell(Tell("transfer.unsure", tone=Tone.UNSURE, reference=number))
    if session.broken:
        return
    options = (Option("print", "receipt.print"), Option("none", "receipt.none"))
    wish = await session.ask(Review("receipt.number", options=options), back=False)
    if wish == "print":
        await receipt(session, lambda words: unsure_paper(words, order, number))


def unsure_paper(words: Words, order: m.TransferOrder, number: str) -> Paper:
    """An order of which nobody knows yet whether it was done: the number to ask for it, and what happens now."""
    return Paper(
        words.text("receipt.unknown"),
        (
            *_order_lines(words, order),
            Line(words.text("glass.keep-number"), number, bold=True),
            Line(rule=True),
            Line(words.text("transfer.unsure.line")),
        ),
        qr=number,
    )


def done_paper(words: Words, order: m.TransferOrder, posted: m.Posted) -> Paper:
    """The transfer on paper."""
    return Paper(
        words.text("receipt.transfer"),
        (
            *_order_lines(words, order),
            Line(words.text("fact.fee"), words.money(Money(order.fee))),
            Line(words.text("fact.date"), words.day(posted.accounting_date)),
            Line(words.text("fact.reference"), posted.reference),
        ),
        qr=posted.reference,
    )


def _order_lines(words: Words, order: m.TransferOrder) -> tuple[Line, ...]:
    return (
        Line(words.text("fact.from"), order.source_masked),
        Line(words.text("fact.to"), order.target_masked),
        Line(words.text("fact.payee"), order.target_name),
        Line(words.text("fact.amount"), words.money(Money(order.amount)), bold=True),
    )
