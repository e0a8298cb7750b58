"""Accounts, payees and prices: what can be looked at before any money moves."""

from branch.store import visits
from branch.store.db import Tx
from branch.store.visits import Customer
from branch.terminal import risk, step_up
from branch.terminal.context import Branch, Refusal, live
from protocol import calls, enquiries as e, messages as m
from protocol.mask import mask_account, mask_name, mask_pan


def accounts(branch: Branch, terminal: str, body: calls.OfCustomer) -> calls.Accounts:
    """Her accounts; a handle stays the same however often she looks."""
    customer = live(branch, terminal, body.customer)
    found = branch.core.accounts(customer.customer)
    cards = branch.core.cards(customer.customer)
    masked = {card.account: mask_pan(card.pan) for card in cards if card.state == "active"}
    with branch.db.write() as tx:
        rows = [{"session": customer.handle, "kind": "account", "number": one.number, "name": ""} for one in found]
        handles = [visits.handle_for(tx, branch.handle(), row) for row in rows]
    return calls.Accounts.model_validate(
        {
            "accounts": [
                {
                    "handle": handle,
                    "kind": one.kind,
                    "masked": mask_account(one.number),
                    "balance": one.balance,
                    "available": max(0, one.available),
                    "limit_today": one.limit_today,
                    "limit_day": one.limit_day,
                    "card_masked": masked.get(one.number),
                }
                for handle, one in zip(handles, found, strict=True)
            ]
        }
    )


def payee(branch: Branch, terminal: str, body: calls.PayeeAsked) -> m.Payee:
    """Whose account it is, masked: enough to notice a wrong digit, too little to learn a name."""
    customer = live(branch, terminal, body.customer)
    account = branch.core.account(body.number)
    if account is None:
        raise Refusal(m.Reason.PAYEE)
    with branch.db.write() as tx:
        return _as_payee(branch, tx, customer, account.number, account.name)


def recent_payees(branch: Branch, terminal: str, body: calls.OfCustomer) -> e.Payees:
    """The last people she sent money to, from wherever she did."""
    customer = live(branch, terminal, body.customer)
    paid = branch.core.recent_payees(customer.customer, 2 * e.PAYEES)
    found = [one for one in paid if not branch.billers.collects(one.number)][: e.PAYEES]
    with branch.db.write() as tx:
        return e.Payees(payees=tuple(_as_payee(branch, tx, customer, one.number, one.name) for one in found))


def _as_payee(branch: Branch, tx: Tx, customer: Customer, number: str, name: str) -> m.Payee:
    """Somebody by a handle of this session, masked."""
    masked = mask_name(name)
    row = {"session": customer.handle, "kind": "payee", "number": number, "name": masked}
    handle = visits.handle_for(tx, branch.handle(), row)
    return m.Payee(handle=handle, masked_name=masked, masked_number=mask_account(number))


def quote(branch: Branch, terminal: str, body: calls.QuoteAsked) -> m.Quote:
    """What it would cost now."""
    customer = live(branch, terminal, body.customer)
    source, target = numbers(branch, customer, body.order)
    if source is None or target is None:
        raise Refusal(m.Reason.ACCOUNT if source is None else m.Reason.PAYEE)
    fee = branch.core.fee(source, target, body.order.amount)
    today, new = branch.core.accounting_date(), step_up.is_new(branch, customer, target)
    ask = new and step_up.needed(branch, "new-payee")
    said = m.Risk()
    if not step_up.is_hers(branch, customer, target):
        said = risk.judged(branch, customer, target, body.order.amount, new=new)
    return m.Quote(fee=fee, arrival="immediate", accounting_date=today, step_up=ask, risk=said)


def numbers(branch: Branch, customer: Customer, order: m.TransferOrder) -> tuple[str | None, str | None]:
    """The account numbers behind source and target; None where a handle is not of this session."""
    with branch.db.read() as tx:
        source = visits.number_behind(tx, customer.handle, order.source, "account")
        return source, visits.number_behind(tx, customer.handle, order.target, "account", "payee")
