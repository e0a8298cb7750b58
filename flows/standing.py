"""Standing orders: look at them, begin one, end one. The branch makes the payments; no money moves here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from drivers.api import DeviceError
from flows.accounts import account_options
from flows.ending import Ends, told
from flows.journal import Intent, Undo
from flows.orders import about, order_facts
from flows.ports import Refused
from flows.screens import Choose, Confirm, EnterAmount, EnterNumber, Fact, Option, Review, Tell, Wait, Where
from flows.session import NotSent, Session
from flows.step_up import step_up
from flows.transfer import choose_payee, priced
from protocol import messages as m, standing as s
from protocol.money import Money

WHERE = "standing.name"
BEGIN, END = "standing-new", "standing-end"
TRIES = 5
"""Wrong dates before the flow gives up."""
MOST = Money(99_999_999_999)
NEW = Ends(
    Tell("standing.done"),
    Tell("standing.refused"),
    Tell("standing.unsure"),
    lambda words: words.text("standing.paper"),
)
OVER = replace(NEW, done=Tell("standing.ended"), refused=Tell("standing.kept"))


def _who(order: s.StandingTerms | s.StandingStop) -> tuple[Fact, ...]:
    return (
        Fact("fact.from", order.source_masked, number=True),
        Fact("fact.to", order.target_masked, number=True),
        Fact("fact.payee", order.target_name, strong=True),
        Fact("fact.amount", Money(order.amount), strong=True),
    )


@order_facts.register
def _(order: s.StandingTerms) -> tuple[Fact, ...]:
    last = (Fact("fact.last", order.last),) if order.last else ()
    times = (Fact("fact.times", str(order.times), number=True),) if order.times else ()
    every = Fact("fact.every", f"standing.every-{order.every}", message=True)
    return (*_who(order), every, Fact("fact.first", order.first), *last, *times)


@order_facts.register
def _(order: s.StandingStop) -> tuple[Fact, ...]:
    return _who(order)


async def standing(session: Session) -> None:
    """Which one, or a new one."""
    found = await session.look("standing orders", lambda: session.bank.standing_orders(session.customer))
    shown = tuple(
        Option(one.handle, one.target_name, one.target_masked, literal=True, amount=Money(one.amount))
        for one in found.orders
    )
    new = Option("new", "standing.new", "standing.new.line")
    chosen = await session.ask(Choose("standing.which", options=(new, *shown), where=Where(WHERE, 1, 2)))
    known = next((one for one in found.orders if one.handle == chosen), None)
    await (_begin(session) if known is None else _look(session, known))


async def _look(session: Session, one: s.StandingOrder) -> None:
    """What it pays and when; end it on request."""
    left = (Fact("fact.times", str(one.left), number=True),) if one.left is not None else ()
    last = (Fact("fact.last", one.last),) if one.last else ()
    every = Fact("fact.every", f"standing.every-{one.every}", message=True)
    order = s.StandingStop(
        standing=one.handle,
        source_masked=one.source_masked,
        target_masked=one.target_masked,
        target_name=one.target_name,
        amount=one.amount,
    )
    facts = (*_who(order), every, Fact("fact.next", one.next), *last, *left)
    options = (Option("keep", "standing.keep"), Option("end", "standing.end"))
    if await session.ask(Review("standing.one", facts=facts, options=options, where=Where(WHERE, 2, 2))) == "keep":
        return
    screen = Confirm("standing.end-it", facts=order_facts(order), about=about(order), where=Where(WHERE, 2, 2))
    consent = await session.ask(screen)

    async def send(intent: Intent) -> m.Outcome:
        body = await _signed(session, intent, order, "STANDING-END")
        return await session.bank.end_standing(s.EndStanding.model_validate(body))

    act = session.effect(END, order, consent, send, Undo.ASK, Wait("wait.standing"))
    await told(session, order, OVER, act)


async def _begin(session: Session) -> None:
    """From where, to whom, how much, when; yes."""
    accounts = await session.look("accounts", lambda: session.bank.accounts(session.customer))
    chosen = await session.ask(Choose("standing.from", options=account_options(accounts), where=Where(WHERE, 1, 5)))
    source = next(one for one in accounts if one.handle == chosen)
    payee = await choose_payee(session, source, accounts, Where(WHERE, 2, 5))
    screen = EnterAmount("standing.amount", limit=MOST, available=MOST, where=Where(WHERE, 3, 5))
    amount = await session.ask(screen)
    priced_order, quote = await priced(session, source, payee, amount)
    when = await _when(session, quote.accounting_date)
    if quote.step_up:
        await step_up(session, "new-payee")
    names = ("source", "source_masked", "target", "target_masked", "target_name", "amount")
    known = priced_order.model_dump(include=set(names))
    order = s.StandingTerms.model_validate({**known, **when})
    facts = order_facts(order)
    consent = await session.ask(
        Confirm("standing.confirm", facts=facts, about=about(order), amount=amount, where=Where(WHERE, 5, 5))
    )

    async def send(intent: Intent) -> m.Outcome:
        body = await _signed(session, intent, order, "STANDING-NEW")
        return await session.bank.new_standing(s.NewStanding.model_validate(body))

    act = session.effect(BEGIN, order, consent, send, Undo.ASK, Wait("wait.standing"))
    await told(session, order, NEW, act)


async def _when(session: Session, today: date) -> dict[str, object]:
    """How often, from when, and until when."""
    rhythms = (Option("month", "standing.every-month"), Option("week", "standing.every-week"))
    every = await session.ask(Choose("standing.every", options=rhythms, where=Where(WHERE, 4, 5)))
    first = await _day(session, lambda day: 0 < (day - today).days <= s.AHEAD)
    ends = (
        Option("open", "standing.open", "standing.open.line"),
        Option("times", "standing.some", "standing.some.line"),
        Option("last", "standing.until", "standing.until.line"),
    )
    end = await session.ask(Choose("standing.ends", options=ends, where=Where(WHERE, 4, 5)))
    found: dict[str, object] = {"every": every, "first": first}
    if end == "times":
        number = await session.ask(
            EnterNumber("standing.times", shortest=1, longest=3, group=3, where=Where(WHERE, 4, 5))
        )
        found["times"] = max(1, int(number))
    if end == "last":
        found["last"] = await _last(session, lambda day: day >= first)
    return found


async def _day(session: Session, good: Callable[[date], bool]) -> date:
    """The first payday, as eight digits: it also says on which day of the month or week the others are."""
    problem = ""
    for _ in range(TRIES):
        where = Where(WHERE, 4, 5)
        screen = EnterNumber("standing.first", shortest=8, longest=8, problem=problem, where=where)
        day = _read(await session.ask(screen))
        if day is not None and good(day):
            return day
        problem = "standing.first.unknown"
    raise Refused(m.Reason.STANDING_DATES)


async def _last(session: Session, good: Callable[[date], bool]) -> date:
    """After this day nothing is paid any more."""
    problem = ""
    for _ in range(TRIES):
        where = Where(WHERE, 4, 5)
        screen = EnterNumber("standing.last", shortest=8, longest=8, problem=problem, where=where)
        day = _read(await session.ask(screen))
        if day is not None and good(day):
            return day
        problem = "standing.last.unknown"
    raise Refused(m.Reason.STANDING_DATES)


def _read(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


async def _signed(
    session: Session, intent: Intent, order: s.StandingTerms | s.StandingStop, code: str
) -> dict[str, object]:
    """The act with the pad's MAC over it."""
    try:
        mac = await session.devices.pin_pad.mac(m.authenticated(intent.key, intent.trace, code, order))
    except DeviceError as why:
        raise NotSent(str(why.device)) from why
    stamp = {"key": intent.key, "trace": intent.trace, "operator": session.terminal.rules.operator}
    return {**stamp, "code": code, "customer": session.customer, "order": order, "mac": mac.hex()}
