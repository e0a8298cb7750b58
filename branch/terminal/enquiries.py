"""Statements: what can be looked at of the past."""

from datetime import date, timedelta

from branch.bank.core import CoreMovement, CoreSpan
from branch.store import visits
from branch.terminal.context import Branch, Refusal, live, offered
from protocol import calls, enquiries as e
from protocol.mask import mask_account, mask_name
from protocol.messages import Reason

DAYS = {"days-30": 30, "days-90": 90}


def movements(branch: Branch, terminal: str, body: e.MovementsAsked) -> e.Movements:
    """The newest movements of a period, the other side of each masked."""
    offered(branch, "statement", terminal)
    customer = live(branch, terminal, body.customer)
    with branch.db.read() as tx:
        number = visits.number_behind(tx, customer.handle, body.account, "account")
    if number is None:
        raise Refusal(Reason.ACCOUNT)
    today = branch.core.accounting_date()
    since = since_of(today, body.period)
    found = branch.core.movements(number, CoreSpan(since, today, body.way, body.before, e.MOST + 1))
    shown = tuple(masked(one) for one in found[: e.MOST])
    return e.Movements(since=since, until=today, movements=shown, more=len(found) > e.MOST, take=bool(branch.papers))


def since_of(today: date, period: e.Period) -> date:
    """The first day of a period that ends today: of 30 days, today is the thirtieth."""
    return today.replace(day=1) if period == "month" else today - timedelta(days=DAYS[period] - 1)


def masked(one: CoreMovement) -> e.Movement:
    """A line as the customer sees it."""
    return e.Movement.model_validate(
        {
            "id": one.id,
            "at": one.at,
            "day": one.day,
            "kind": one.kind,
            "amount": one.amount,
            "balance": one.balance,
            "party_masked": mask_account(one.party) if one.party else "",
            "party_name": mask_name(one.party_name) if one.party_name else "",
            "reference": one.reference,
        }
    )


def rates(branch: Branch, _terminal: str, _: calls.Nothing) -> e.ExchangeRates:
    """Those currencies for which terminals have words, priced by the unit that the words name."""
    found = branch.core.rates()
    known = [one for one in found.rates if one.unit == e.UNITS.get(one.currency)]
    prices = [{"currency": one.currency, "buy": one.buy, "sell": one.sell} for one in known]
    return e.ExchangeRates.model_validate({"at": found.at, "rates": prices})


def information(branch: Branch, _terminal: str, _: calls.Nothing) -> e.BranchInformation:
    """What the branch's configuration says of it."""
    said = branch.information
    facts = {"telephone": said.telephone, "hours": said.hours, "services": said.services}
    return e.BranchInformation.model_validate({"branch": branch.name, **facts})
