"""Money to another bank: to whom, how much, when; then what was accepted, and never a word that it has arrived."""

from datetime import timedelta
from functools import partial

from drivers.api import DeviceError, Line
from flows.accounts import account_options
from flows.chip import cryptogram
from flows.journal import Undo
from flows.orders import about, order_facts, short
from flows.paper import Paper
from flows.ports import Refused, Unsure, Words
from flows.posting import post
from flows.receipt import receipt
from flows.risk import heed
from flows.screens import Choose, Confirm, EnterAmount, EnterNumber, EnterText, Fact, Option, Review, Tell, Tone, Where
from flows.session import Session
from flows.step_up import step_up
from protocol import messages as m, remit as r
from protocol.money import Money, chinese_capitals

WHERE = "interbank.name"
STEP = "interbank"
TRIES = 5
"""Names that do not fit before the flow gives up."""
BANKS = 5
"""Of one page, beside "more"."""


@order_facts.register
def _(order: r.RemittanceOrder) -> tuple[Fact, ...]:
    # messages: arrival.*
    when = Fact("fact.on", order.on) if order.on else Fact("fact.arrival", f"arrival.{order.arrival}", message=True)
    return (
        Fact("fact.from", order.source_masked, number=True),
        Fact("fact.bank", order.bank),
        Fact("fact.to", order.target_masked, number=True),
        Fact("fact.payee", order.target_name, strong=True),
        Fact("fact.amount", Money(order.amount), strong=True),
        Fact("fact.fee", Money(order.fee)),
        when,
    )


async def interbank(session: Session) -> None:
    """From where, to whom, how much, when, yes."""
    accounts = await session.look("accounts", lambda: session.bank.accounts(session.customer))
    chosen = await session.ask(Choose("transfer.from", options=account_options(accounts), where=Where(WHERE, 1, 5)))
    source = next(one for one in accounts if one.handle == chosen)
    payee = await _payee(session)
    limit, available = Money(source.limit_today), Money(source.available)
    amount = await session.ask(
        EnterAmount("transfer.amount", limit=limit, available=available, where=Where(WHERE, 3, 5))
    )
    asked = r.PriceAsked(customer=session.customer, source=source.handle, target=payee.handle, amount=amount.fen)
    price = await session.look(f"price {amount}", lambda: session.bank.price(asked))
    order = await _order(session, source, payee, amount, price)

    async def again(turn: int) -> m.Risk:
        return (await session.look(f"price {amount} {turn}", lambda: session.bank.price(asked))).risk

    if not await heed(session, price.risk, again):
        return
    if price.step_up:
        await step_up(session, "new-payee")
    await _made(session, order)


async def _payee(session: Session) -> r.Outside:
    """Number, bank and name; the other bank says whether they belong together."""
    where = Where(WHERE, 2, 5)
    number = await session.ask(EnterNumber("interbank.number", where=where))
    found = await session.look(f"banks {number}", lambda: session.bank.payee_banks(session.customer, number))
    bank = await _bank(session, found, where)
    problem = ""
    for _ in range(TRIES):
        typed = await session.ask(EnterText("interbank.payee", problem=problem, where=where))
        asked = r.OutsideAsked(customer=session.customer, bank=bank, number=number, name=typed)
        try:
            payee = await session.look(f"payee {typed}", partial(session.bank.outside_payee, asked))
        except Refused as no:
            if no.reason is not m.Reason.PAYEE:
                raise
            problem = "interbank.payee.wrong"
            continue
        if payee.check == "match" or await _meant(session, payee, where):
            return payee
        problem = "interbank.payee.again"
    raise Refused(m.Reason.PAYEE)


async def _bank(session: Session, found: r.PayeeBanks, where: Where) -> str:
    """The bank whose number it seems to be comes first; the others by pages."""
    banks = sorted(found.banks, key=lambda one: one.code != found.likely)
    pages = [banks[at : at + BANKS] for at in range(0, len(banks), BANKS)]
    if not pages:
        raise Refused(m.Reason.CLOSED)
    page = 0
    while True:  # a person's own touch
        more = (Option("more", "interbank.bank.more"),) if len(pages) > 1 else ()
        options = (*(Option(one.code, one.name, one.latin, literal=True) for one in pages[page]), *more)
        chosen = await session.ask(Choose("interbank.bank", options=options, where=where))
        if chosen != "more":
            return chosen
        page = (page + 1) % len(pages)


async def _meant(session: Session, payee: r.Outside, where: Where) -> bool:
    """The name fits only nearly, or its bank does not say: she looks once more."""
    facts = (
        Fact("fact.payee", payee.masked_name, strong=True),
        Fact("fact.bank", payee.bank),
        Fact("fact.to", payee.masked_number, number=True),
    )
    options = (Option("yes", "interbank.meant"), Option("no", "interbank.not-meant"))
    key = "interbank.close" if payee.check == "close" else "interbank.unnamed"
    return await session.ask(Review(key, facts=facts, options=options, where=where)) == "yes"


async def _order(
    session: Session, source: m.Account, payee: r.Outside, amount: Money, price: r.Price
) -> r.RemittanceOrder:
    """When it is to be sent, of what the rule offers now."""
    where = Where(WHERE, 4, 5)
    options = tuple(Option(one, f"arrival.{one}", f"arrival.{one}.line") for one in price.arrivals)
    arrival = await session.ask(Choose("interbank.when", options=options, where=where))
    on = None
    if arrival == "later":
        days = tuple(Option(str(one), f"interbank.day.{one}") for one in price.days)
        day = await session.ask(Choose("interbank.day", options=days, where=where))
        on = price.accounting_date + timedelta(days=int(day))
    return r.RemittanceOrder.model_validate(
        {
            "source": source.handle,
            "source_masked": source.masked,
            "target": payee.handle,
            "target_masked": payee.masked_number,
            "target_name": payee.masked_name,
            "amount": amount.fen,
            "fee": price.fee,
            "bank": payee.bank,
            "arrival": arrival,
            "on": on,
        }
    )


async def _made(session: Session, order: r.RemittanceOrder) -> None:
    facts, amount = order_facts(order), Money(order.amount)
    consent = await session.ask(
        Confirm(
            "interbank.confirm",
            facts=facts,
            chinese=facts,
            about=about(order),
            amount=amount,
            capitals=chinese_capitals(amount),
            where=Where(WHERE, 5, 5),
        )
    )
    try:
        # on a later day nothing moves now: no card stands behind it
        dialogue = None if order.on else await cryptogram(session, order.amount)
        act = session.effect(STEP, order, consent, lambda intent: post(session, intent, order, dialogue), Undo.ASK)
        key, posted = await act
    except (Refused, DeviceError) as why:
        reason = why.reason if isinstance(why, Refused) else m.Reason.CARD_DECLINED
        refused = Tell("interbank.refused", tone=Tone.REFUSED, why=f"refused.{reason}")
        if isinstance(why, Refused) and why.key:
            await session.tell_ending(why.key, refused)
        else:
            await session.tell(refused)
    except Unsure as doubt:
        await session.tell(Tell("interbank.unsure", tone=Tone.UNSURE, reference=short(doubt.key)))
        if not session.broken:
            await _paper(session, order, short(doubt.key), None)
    else:
        told = (*facts, Fact("fact.date", posted.accounting_date))
        screen = Tell("interbank.later" if order.on else "interbank.done", tone=Tone.CALM, facts=told)
        await session.tell_ending(key, _numbered(screen, posted.reference))
        await _paper(session, order, posted.reference, posted)


def _numbered(screen: Tell, reference: str) -> Tell:
    return Tell(screen.key, tone=screen.tone, facts=screen.facts, reference=reference)


async def _paper(session: Session, order: r.RemittanceOrder, number: str, posted: m.Posted | None) -> None:
    options = (Option("print", "receipt.print", "receipt.print.line"), Option("none", "receipt.none"))
    key = "receipt.how" if posted else "receipt.number"
    if await session.ask(Review(key, options=options), back=False) == "print":
        await receipt(session, lambda words: slip(words, order, number, posted))


def slip(words: Words, order: r.RemittanceOrder, number: str, posted: m.Posted | None) -> Paper:
    """What was accepted, or of which nobody knows yet whether it was; never that it has arrived."""
    when = words.day(order.on) if order.on else words.text(f"arrival.{order.arrival}")
    lines = (
        Line(words.text("fact.from"), order.source_masked),
        Line(words.text("fact.bank"), order.bank),
        Line(words.text("fact.to"), order.target_masked),
        Line(words.text("fact.payee"), order.target_name),
        Line(words.text("fact.amount"), words.money(Money(order.amount)), bold=True),
        Line(words.text("fact.fee"), words.money(Money(order.fee))),
        Line(words.text("fact.on" if order.on else "fact.arrival"), when),
    )
    if posted is None:
        note = (Line(rule=True), Line(words.text("interbank.unsure.line")))
        keep = Line(words.text("glass.keep-number"), number, bold=True)
        return Paper(words.text("receipt.unknown"), (*lines, keep, *note), qr=number)
    said = words.text("interbank.later.line") if order.on else words.text("interbank.done.line")
    day = Line(words.text("fact.date"), words.day(posted.accounting_date))
    end = (day, Line(words.text("fact.reference"), number), Line(rule=True), Line(said))
    return Paper(words.text("receipt.interbank"), (*lines, *end), qr=number)
