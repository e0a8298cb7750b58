"""Money for another bank at the counter of the terminals: whose account, at what price, and how it is written down."""

from dataclasses import dataclass
from datetime import date, timedelta

from branch.bank.clearing import ClearingBank, ClearingUnavailable, NameCheck, bank_of
from branch.store import payees, remittances, visits
from branch.store.db import Tx, insert_once
from branch.store.visits import Customer
from branch.terminal import risk, step_up
from branch.terminal.context import Branch, Refusal, Trouble, live, offered
from protocol import messages as m, remit as r
from protocol.mask import mask_account, mask_name

HOURS = {"hours-2": 2, "hours-24": 24}
LOOKED_AFTER_MS = 10 * 60_000
"""A row whose answer was never written down is looked at by the branch itself after so long."""


@dataclass(frozen=True)
class Target:
    """What the handle of a payee at another bank stands for."""

    bank: str
    number: str
    typed: str
    named: str
    """The other bank's own spelling, masked; "" where it has not told."""

    @property
    def payee(self) -> str:
        """Account and bank as one, for what is remembered of payees."""
        return f"{self.bank}:{self.number}"


def banks(branch: Branch, terminal: str, body: r.BanksAsked) -> r.PayeeBanks:
    """The directory, and whose number it seems to be."""
    offered(branch, "interbank")
    live(branch, terminal, body.customer)
    found = _directory(branch)
    likely = bank_of(found, body.number)
    shown = tuple(r.PayeeBank(code=one.code, name=one.name, latin=one.latin) for one in found)
    return r.PayeeBanks(banks=shown, likely=likely.code if likely else "")


def _directory(branch: Branch) -> tuple[ClearingBank, ...]:
    try:
        found = branch.clearing.banks()
    except ClearingUnavailable as why:
        raise _away() from why
    if not found:
        raise Refusal(m.Reason.CLOSED)
    return found


def _away() -> Trouble:
    return Trouble(503, "unavailable", m.Mend.BANK, "the clearing does not answer")


def payee(branch: Branch, terminal: str, body: r.OutsideAsked) -> r.Outside:
    """A handle for an account at another bank, if the name that was typed may be its holder's."""
    customer, typed = live(branch, terminal, body.customer), " ".join(body.name.split())
    bank = next((one for one in _directory(branch) if one.code == body.bank), None)
    if bank is None:
        raise Refusal(m.Reason.PAYEE)
    try:
        said = branch.clearing.check(body.bank, body.number, typed)
    except ClearingUnavailable as why:
        raise _away() from why
    if said.check is NameCheck.NONE:
        raise Refusal(m.Reason.PAYEE)
    number = f"{body.bank}:{body.number}:{typed}"
    row = {"session": customer.handle, "kind": "outside", "number": number, "name": said.masked}
    with branch.db.write() as tx:
        handle = visits.handle_for(tx, branch.handle(), row)
    facts = {"handle": handle, "masked_name": said.masked or mask_name(typed), "check": said.check.value}
    return r.Outside.model_validate(
        {**facts, "masked_number": mask_account(body.number), "bank": f"{bank.name} {bank.latin}"}
    )


def price(branch: Branch, terminal: str, body: r.PriceAsked) -> r.Price:
    """What it costs now, when it may be sent, and what the watch over fraud says."""
    offered(branch, "interbank")
    customer = live(branch, terminal, body.customer)
    with branch.db.read() as tx:
        source = visits.number_behind(tx, customer.handle, body.source, "account")
    target = behind(branch, customer, body.target)
    if source is None or target is None:
        raise Refusal(m.Reason.ACCOUNT if source is None else m.Reason.PAYEE)
    today, new = branch.core.accounting_date(), is_new(branch, customer, target.payee)
    arrivals = branch.rules.arrivals(today, named=bool(target.named))
    return r.Price.model_validate(
        {
            "fee": branch.core.fee(source, branch.clearing.account, body.amount),
            "arrivals": arrivals,
            "days": branch.rules.later_days(today) if "later" in arrivals else (),
            "accounting_date": today,
            "step_up": new and step_up.needed(branch, "new-payee"),
            "risk": risk.judged(branch, customer, target.payee, body.amount, new=new),
        }
    )


def is_new(branch: Branch, customer: Customer, payee: str) -> bool:
    """Has she never sent anything there?"""
    with branch.db.read() as tx:
        return not payees.known(tx, customer.customer, payee)


def behind(branch: Branch, customer: Customer, handle: str) -> Target | None:
    """What a handle of this session stands for."""
    with branch.db.read() as tx:
        row = visits.row_behind(tx, customer.handle, handle, "outside")
    if row is None:
        return None
    bank, number, typed = row.number.split(":", 2)
    return Target(bank, number, typed, row.name)


def check(branch: Branch, order: r.RemittanceOrder, target: Target) -> None:
    """Is it sent when the rule of today lets it be? Raises Refusal."""
    today = branch.core.accounting_date()
    days = [today + timedelta(days=one) for one in branch.rules.later_days(today)]
    on = order.on in days if order.arrival == "later" else order.on is None
    if order.arrival not in branch.rules.arrivals(today, named=bool(target.named)) or not on:
        raise Refusal(m.Reason.CONFLICT, "it is not offered so today")


# --- the row


def begin(branch: Branch, tx: Tx, terminal: str, post: r.Remit, parties: tuple[Customer, str, Target]) -> None:
    """Write down what was asked for, before any money is taken."""
    customer, source, target = parties
    order, on = post.order, post.order.on.isoformat() if post.order.on else ""
    row = {
        "key": post.key,
        "customer": customer.customer,
        "source": source,
        "bank": target.bank,
        "number": target.number,
        "name": target.typed,
        "amount": order.amount,
        "fee": order.fee,
        "arrival": order.arrival,
        "day": "" if order.arrival != "later" else on,
        "state": "new",
        "due": branch.now + LOOKED_AFTER_MS,
        "tries": 0,
        "reason": "",
        "order": order.model_dump(mode="json"),
        "terminal": terminal,
        "operator": post.operator,
        "trace": post.trace,
        "at": branch.now,
        "changed": branch.now,
    }
    insert_once(tx, remittances.remittances, row)


def accept(branch: Branch, tx: Tx, key: str, day: date) -> bool:
    """The money is taken, or waits for its day: from here on the branch goes on by itself.

    False while somebody takes it back: then the reversal decides. True also for a key that is no remittance.
    """
    row = remittances.find(tx, key, hold=True)
    if row is None or row.state not in remittances.BEGUN:
        return True
    return remittances.move(tx, key, "new", branch.now, **_first(branch, row, day))


def resume(branch: Branch, tx: Tx, key: str, day: date) -> None:
    """A reversal has found that it stands."""
    if (row := remittances.find(tx, key, hold=True)) is not None:
        remittances.move(tx, key, remittances.BEGUN, branch.now, **_first(branch, row, day))


def _first(branch: Branch, row: remittances.Row, day: date) -> dict[str, str | int]:
    if row.arrival == "later":
        return {"state": "waiting"}
    due = branch.now + HOURS.get(row.arrival, 0) * 3_600_000
    after = {"day": (day + timedelta(days=1)).isoformat()} if row.arrival == "next-day" else {}
    return {"state": "accepted", "due": due, **after}


def barring(branch: Branch, tx: Tx, key: str) -> bool:
    """Hold it for a reversal; False when it stands already, and is on its way."""
    row = remittances.find(tx, key, hold=True)
    return row is None or remittances.move(tx, key, remittances.BEGUN, branch.now, state="reversing")
