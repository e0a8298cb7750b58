"""A one-time code to the registered phone makes more sure who she is; dated rules say what needs it."""

import hmac
from datetime import timedelta
from hashlib import sha256

from branch.bank.codes import CodeNotSent
from branch.store import codes, payees
from branch.store.codes import Verdict
from branch.store.outbox import event
from branch.store.visits import Customer
from branch.terminal.context import Branch, Refusal, Trouble, live
from protocol import calls, care, messages as m
from protocol.mask import mask_phone

DIGITS = 6
NO = {
    Verdict.TOO_SOON: m.Reason.TOO_SOON,
    Verdict.WRONG: m.Reason.WRONG_CODE,
    Verdict.EXPIRED: m.Reason.CODE_EXPIRED,
    Verdict.OVER: m.Reason.CODE_OVER,
}


def send(branch: Branch, terminal: str, body: care.CodeAsked) -> care.CodeSent:
    """A fresh code to her phone; the one before is good no more."""
    customer = live(branch, terminal, body.customer)
    known = branch.core.customer_by_id(customer.customer)
    if known is None or not known.phone:
        raise Refusal(m.Reason.NO_PHONE)
    settled_phone(branch, customer.customer, body.why)
    code = fresh(branch)
    with branch.db.write() as tx:
        verdict = codes.prepare(tx, customer.handle, _tag(branch, customer, code), branch.now)
        event(tx, branch.now, f"code.{'sent' if verdict is Verdict.GOOD else verdict.value}", customer.visit)
    if verdict is not Verdict.GOOD:
        raise Refusal(NO[verdict])
    try:
        branch.sender.send(known.phone, code, body.why, body.language)
    except (CodeNotSent, OSError) as why:
        raise Trouble(503, "unavailable", m.Mend.BANK, "the message service does not take the code") from why
    return care.CodeSent(phone=mask_phone(known.phone), digits=DIGITS, minutes=codes.GOOD_MS // 60_000)


def fresh(branch: Branch) -> str:
    """A code nobody knows yet."""
    return f"{int.from_bytes(branch.random(8)) % 10**DIGITS:0{DIGITS}d}"


def check(branch: Branch, terminal: str, body: care.CodeTyped) -> calls.Nothing:
    """Right, or a Refusal; right once more for who asks again after it was."""
    customer = live(branch, terminal, body.customer)
    with branch.db.write() as tx:
        if codes.stepped_up(tx, customer.handle):
            return calls.Nothing()
        verdict = codes.attempt(tx, customer.handle, _tag(branch, customer, body.code), branch.now)
        event(tx, branch.now, f"code.{verdict.value}", customer.visit)
    if verdict is not Verdict.GOOD:
        raise Refusal(NO[verdict])
    return calls.Nothing()


def _tag(branch: Branch, customer: Customer, code: str) -> str:
    return hmac.digest(branch.mark_key, f"{customer.handle}:{code}".encode(), sha256).hex()


def needed(branch: Branch, why: str) -> bool:
    """Does the rule of today ask for it?"""
    return branch.rules.needs_step_up(why, branch.core.accounting_date())


def new_payee(branch: Branch, customer: Customer, target: str) -> bool:
    """Must she step up before money goes there?"""
    return needed(branch, "new-payee") and is_new(branch, customer, target)


def is_hers(branch: Branch, customer: Customer, target: str) -> bool:
    """Is it an account of her own, or nobody's?"""
    account = branch.core.account(target)
    return account is None or account.customer == customer.customer


def is_new(branch: Branch, customer: Customer, target: str) -> bool:
    """Somebody else's, to whom she never sent anything?"""
    if is_hers(branch, customer, target):
        return False
    with branch.db.read() as tx:
        return not payees.known(tx, customer.customer, target)


def demand(branch: Branch, session: str, customer: str, visit: str, why: str) -> None:
    """Raise Refusal unless a code was right in her session of this visit, which may be over by now.

    Nor is a code to a phone enough that is too new to speak for her in this.
    """
    with branch.db.read() as tx:
        if not (codes.stepped_up(tx, session) and codes.of_visit(tx, session, visit)):
            raise Refusal(m.Reason.STEP_UP)
    settled_phone(branch, customer, why)


def settled_phone(branch: Branch, customer: str, why: str) -> None:
    """Raise Refusal(NEW_PHONE) while her phone is too new to speak for her in this."""
    known = branch.core.customer_by_id(customer)
    if known is None or known.phone_since is None:
        return
    today = branch.core.accounting_date()
    days, acts = branch.rules.phone_waiting(today)
    if why in acts and today < known.phone_since + timedelta(days=days):
        raise Refusal(m.Reason.NEW_PHONE)
