"""The day's limit of an account: lowered here at once, raised only by a person."""

from flows.accounts import account_options
from flows.ending import Ends, told
from flows.journal import Intent, Undo
from flows.orders import about, order_facts
from flows.screens import Choose, Confirm, EnterAmount, Fact, Tell, Wait, Where
from flows.session import Session
from flows.step_up import step_up
from protocol import care, messages as m
from protocol.money import Money

WHERE = "limit.name"
STEP = "limit"
ENDS = Ends(Tell("limit.done"), Tell("limit.refused"), Tell("limit.unsure"), lambda words: words.text("limit.paper"))
MOST = Money(99_999_999_999)
"""Any amount may be typed; one that is no lower gets words of its own."""


@order_facts.register
def _(order: care.LimitOrder) -> tuple[Fact, ...]:
    return (
        Fact("fact.account", order.account_masked, number=True),
        Fact("fact.limit-before", Money(order.before)),
        Fact("fact.limit-after", Money(order.after), strong=True),
    )


async def limit(session: Session) -> None:
    """Which account, how much a day, yes."""
    accounts = await session.look("accounts", lambda: session.bank.accounts(session.customer))
    chosen = await session.ask(Choose("limit.which", options=account_options(accounts), where=Where(WHERE, 1, 3)))
    account = next(one for one in accounts if one.handle == chosen)
    now = Money(account.limit_day)
    after = await session.ask(EnterAmount("limit.amount", limit=MOST, available=MOST, where=Where(WHERE, 2, 3)))
    if after.fen >= now.fen:
        return await session.tell(Tell("limit.up", facts=(Fact("fact.limit-before", now),)))
    await step_up(session, "limit-change")
    order = care.LimitOrder(account=chosen, account_masked=account.masked, before=now.fen, after=after.fen)
    facts = order_facts(order)
    consent = await session.ask(
        Confirm("limit.confirm", facts=facts, about=about(order), amount=after, where=Where(WHERE, 3, 3))
    )
    wait = Wait("wait.limit")
    act = session.effect(STEP, order, consent, lambda intent: _send(session, intent, order), Undo.ASK, wait)
    await told(session, order, ENDS, act)
    return None


async def _send(session: Session, intent: Intent, order: care.LimitOrder) -> m.Outcome:
    stamped = await session.stamp(intent, "LIMIT-DOWN", order)
    change = care.LimitChange.model_validate({**stamped, "customer": session.customer, "order": order})
    return await session.bank.lower_limit(change)
