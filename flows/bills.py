"""Pay a bill: whose, what is due, how much of it, yes; and the biller's own proof."""

from functools import partial

from drivers.api import CardDialogue, DeviceError
from flows.accounts import account_options
from flows.chip import cryptogram, last_word
from flows.ending import Ends, told
from flows.hold import held
from flows.journal import Intent
from flows.orders import about, order_facts
from flows.ports import Refused
from flows.screens import (
    Choose,
    Confirm,
    EnterAmount,
    EnterNumber,
    Fact,
    Option,
    Picture,
    Prompt,
    Review,
    Tell,
    Tone,
    Wait,
    Where,
)
from flows.session import NotSent, Session
from protocol import bills as b, messages as m
from protocol.money import Money
from protocol.qr import Content, Payment

WHERE = "bills.name"
STEP = "bill"
TRIES = 5
"""Wrong numbers, other regions, and amounts out of range, before the flow gives up."""
MOST = Money(99_999_999_999)
"""Any amount may be typed; one that the biller does not take gets words of its own."""
ENDS = Ends(Tell("bills.done"), Tell("bills.refused"), Tell("bills.unsure"), lambda words: words.text("bills.paper"))


@order_facts.register
def _(order: b.BillOrder) -> tuple[Fact, ...]:
    return (
        Fact("fact.biller", order.biller, strong=True),
        Fact("fact.bill-number", order.number_masked, number=True),
        Fact("fact.payer", order.payer_masked),
        Fact("fact.period", order.period, number=True),
        Fact("fact.from", order.source_masked, number=True),
        Fact("fact.amount", Money(order.amount), strong=True),
        Fact("fact.fee", Money(order.fee)),
    )


async def pay_bill(session: Session, code: Payment | None = None) -> None:
    """Which bill, how much, from where, yes. `code`: what a code says that she has held before the camera already."""
    bill = await _due(session, code)
    if bill is None:
        return await session.tell(Tell("bills.paid"))
    amount = await _amount(session, bill)
    accounts = await session.look("accounts", lambda: session.bank.accounts(session.customer))
    chosen = await session.ask(Choose("bills.from", options=account_options(accounts), where=Where(WHERE, 3, 4)))
    source = next(one for one in accounts if one.handle == chosen)
    order = await _priced(session, source, bill, amount)
    facts = order_facts(order)
    screen = Confirm("bills.confirm", facts=facts, about=about(order), amount=amount, where=Where(WHERE, 4, 4))
    consent = await session.ask(screen)
    try:
        dialogue = await cryptogram(session, order.amount)
    except (Refused, DeviceError):
        return await session.tell(Tell("bills.refused", tone=Tone.REFUSED, why="refused.card-declined"))
    act = session.effect(
        STEP, order, consent, lambda intent: _pay(session, intent, order, dialogue), wait=Wait("wait.bill", usually=4)
    )
    await told(session, order, ENDS, act)
    return None


async def _due(session: Session, code: Payment | None) -> b.Bill | None:
    """What the biller says is due; None when it is paid already."""
    biller = None if code else await _biller(session)
    code, problem = code or await _by_code(session), ""
    for _ in range(TRIES):
        number = code.number if code else await _number(session, biller, problem)
        whose = code.biller if code else biller.id if biller else ""
        asked = b.BillAsked(customer=session.customer, biller=whose, number=number, language=_language(session))
        try:
            return await session.look(f"bill {whose} {number}", partial(session.bank.bill, asked))
        except Refused as no:
            if no.reason is m.Reason.BILL_PAID:
                return None
            if no.reason is not m.Reason.NO_BILL or biller is None:
                raise
            code = None
            problem = "bills.number.unknown"
    raise Refused(m.Reason.NO_BILL)


def _language(session: Session) -> str:
    return session.terminal.stage.language


async def _biller(session: Session) -> b.Biller:
    """Kind, then whose, in the branch's own region or another."""
    region = ""
    for _ in range(TRIES):
        asked = b.BillersAsked(region=region, language=_language(session))
        found = await session.look(f"billers {region} {asked.language}", partial(session.bank.billers, asked))
        kinds = tuple(dict.fromkeys(one.kind for one in found.billers))
        elsewhere = (Option("region", "bills.elsewhere", "bills.elsewhere.line"),) if found.others else ()
        options = (*(Option(kind, f"bill-kind.{kind}") for kind in kinds), *elsewhere)
        screen = Choose(
            "bills.kind", options=options, params=(("region", found.region.name),), where=Where(WHERE, 1, 4)
        )
        kind = await session.ask(screen)
        if kind == "region":
            region = await _region(session, found)
            continue
        of_kind = [one for one in found.billers if one.kind == kind]
        if len(of_kind) == 1:
            return of_kind[0]
        named = tuple(Option(one.id, one.name, literal=True) for one in of_kind)
        chosen = await session.ask(Choose("bills.biller", options=named, where=Where(WHERE, 1, 4)))
        return next(one for one in of_kind if one.id == chosen)
    raise Refused(m.Reason.NO_BILL)


async def _region(session: Session, found: b.Billers) -> str:
    options = tuple(Option(one.id, one.name, literal=True) for one in found.others)
    return await session.ask(Choose("bills.region", options=options, where=Where(WHERE, 1, 4)))


async def _by_code(session: Session) -> Payment | None:
    """Her bill's code, if she likes and there is a camera; whichever biller it is of."""
    other = (Option("type", "bills.type"),)
    prompt = Prompt("bills.hold", picture=Picture.CODE, options=other, where=Where(WHERE, 2, 4))
    found = await held(session, prompt, _is_payment)
    return found if isinstance(found, Payment) else None


def _is_payment(content: Content) -> bool:
    return isinstance(content, Payment)


async def _number(session: Session, biller: b.Biller | None, problem: str) -> str:
    if biller is None:
        raise AssertionError("no biller, and no code of one")
    screen = EnterNumber(
        "bills.number",
        shortest=biller.shortest,
        longest=biller.longest,
        problem=problem,
        params=(("biller", biller.name),),
        where=Where(WHERE, 2, 4),
    )
    return await session.ask(screen)


async def _amount(session: Session, bill: b.Bill) -> Money:
    """All that is due, or a part where the biller takes one."""
    due, least = Money(bill.amount), Money(bill.least)
    part = (Option("part", "bills.part"),) if bill.least < bill.amount else ()
    facts = (*_of(bill), *((Fact("fact.least", least),) if part else ()))
    options = (Option("whole", "bills.whole"), *part)
    if await session.ask(Review("bills.due", facts=facts, options=options, where=Where(WHERE, 3, 4))) == "whole":
        return due
    for _ in range(TRIES):
        amount = await session.ask(EnterAmount("bills.amount", limit=MOST, available=MOST, where=Where(WHERE, 3, 4)))
        if least.fen <= amount.fen <= due.fen:
            return amount
        await session.tell(Tell("bills.out-of-range", facts=(Fact("fact.least", least), Fact("fact.due", due))))
    raise Refused(m.Reason.BILL_AMOUNT)


def _of(bill: b.Bill) -> tuple[Fact, ...]:
    until = (Fact("fact.due-on", bill.until),) if bill.until else ()
    return (
        Fact("fact.biller", bill.biller),
        Fact("fact.payer", bill.masked_name),
        Fact("fact.bill-number", bill.masked_number, number=True),
        Fact("fact.period", bill.period, number=True),
        *until,
        Fact("fact.due", Money(bill.amount), strong=True),
    )


async def _priced(session: Session, source: m.Account, bill: b.Bill, amount: Money) -> b.BillOrder:
    asked = b.FeeAsked(customer=session.customer, source=source.handle, bill=bill.handle, amount=amount.fen)
    fee = await session.look(f"bill fee {amount} {source.handle}", lambda: session.bank.bill_fee(asked))
    return b.BillOrder(
        source=source.handle,
        source_masked=source.masked,
        bill=bill.handle,
        biller=bill.biller,
        number_masked=bill.masked_number,
        payer_masked=bill.masked_name,
        period=bill.period,
        amount=amount.fen,
        fee=fee.fee,
    )


async def _pay(session: Session, intent: Intent, order: b.BillOrder, dialogue: CardDialogue | None) -> m.Posted:
    """MAC in the pad, pay at the bank, and with a card: its last word confirms or voids."""
    try:
        mac = await session.devices.pin_pad.mac(m.authenticated(intent.key, intent.trace, b.CODE, order))
    except DeviceError as why:
        raise NotSent(str(why.device)) from why
    stamp = {"key": intent.key, "trace": intent.trace, "operator": session.terminal.rules.operator}
    proofs = {"field55": dialogue.field55.hex() if dialogue else "", "mac": mac.hex()}
    post = b.BillPost.model_validate({**stamp, **proofs, "customer": session.customer, "order": order})
    return await last_word(session, await session.bank.pay_bill(post))
