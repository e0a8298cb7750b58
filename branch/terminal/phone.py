"""Another phone for a customer: never on the word of the old phone alone, and the new one must speak for itself.

What she needs: her card and its PIN; then a code to the old phone **and** her identity card, or a person at the branch
who has looked at her; then a code to the new phone. The old phone is told when it is done.
"""

import hmac
from datetime import date, timedelta
from hashlib import sha256

from branch.bank.codes import CodeNotSent
from branch.bank.core import CoreDone, CorePhone, CoreUnavailable
from branch.store import codes, people, phones
from branch.store.outbox import event
from branch.store.visits import Customer
from branch.terminal import acts, step_up
from branch.terminal.context import Branch, Refusal, Trouble, live, offered
from branch.terminal.identify import fits
from protocol import calls, care, messages as m
from protocol.mask import mask_phone

LATE_MS = 30_000
"""After so long a notice is owed by upkeep, and no longer by the call that owes it."""
SCREEN = "phone.person"


def now(branch: Branch, terminal: str, body: calls.OfCustomer) -> care.PhoneNow:
    """The phone that the core has of her."""
    known = branch.core.customer_by_id(_with_card(branch, terminal, body.customer).customer)
    return care.PhoneNow(phone=_masked(known.phone if known else ""))


def _with_card(branch: Branch, terminal: str, handle: str, visit: str = "") -> Customer:
    """The customer, who came with her card and its PIN; raises Refusal."""
    offered(branch, "phone")
    customer = live(branch, terminal, handle, visit=visit)
    if customer.card is None:
        raise Refusal(m.Reason.CARD, "this needs the card in the reader")
    return customer


def _masked(phone: str) -> str:
    return mask_phone(phone) if phone else ""


def show_document(branch: Branch, terminal: str, body: care.DocumentShown) -> calls.Nothing:
    """Her identity card: the second thing that speaks for her beside the old phone."""
    customer = _with_card(branch, terminal, body.customer)
    known = branch.core.customer_by_id(customer.customer)
    hers = known is not None and known.id_number == body.document.id_number and fits(branch, body.document, known)
    with branch.db.write() as tx:
        if hers:
            phones.show_document(tx, customer.handle, branch.now)
        event(tx, branch.now, f"document.{'shown' if hers else 'not-hers'}", customer.visit)
    if not hers:
        raise Refusal(m.Reason.DOCUMENT)
    return calls.Nothing()


def ask_person(branch: Branch, terminal: str, body: calls.OfCustomer) -> care.Approval:
    """Ask for a person, or hear what that person said; a session asks once."""
    customer = _with_card(branch, terminal, body.customer)
    with branch.db.write() as tx:
        reference = f"P{int.from_bytes(branch.random(8)) % 10**8:08d}"
        asked = phones.ask(tx, customer.handle, terminal, reference, branch.now)
        if asked.reference == reference:
            people.call_help(tx, customer.visit, terminal, SCREEN, "", branch.now)
            event(tx, branch.now, "phone.person-asked", customer.visit, {"reference": reference})
    return care.Approval.model_validate({"reference": asked.reference, "state": asked.state})


def send_code(branch: Branch, terminal: str, body: care.NewPhoneAsked) -> care.CodeSent:
    """A code to the phone that is to be hers, once somebody or something beside the old phone speaks for her."""
    customer = _with_card(branch, terminal, body.customer)
    _demand(branch, customer)
    known = branch.core.customer_by_id(customer.customer)
    before = known.phone if known else ""
    if before == body.phone:
        raise Refusal(m.Reason.PHONE_SAME)
    code = step_up.fresh(branch)
    row = {"handle": branch.handle(), "before": before, "number": body.phone}
    with branch.db.write() as tx:
        tag = _tag(branch, customer, body.phone, code)
        verdict = phones.prepare(tx, customer.handle, {**row, "tag": tag}, branch.now)
        event(tx, branch.now, f"new-phone.{'sent' if verdict is codes.Verdict.GOOD else verdict.value}", customer.visit)
    if verdict is not codes.Verdict.GOOD:
        raise Refusal(step_up.NO[verdict])
    try:
        branch.sender.send(body.phone, code, "new-phone", body.language)
    except (CodeNotSent, OSError) as why:
        raise Trouble(503, "unavailable", m.Mend.BANK, "the message service does not take the code") from why
    return care.CodeSent(phone=mask_phone(body.phone), digits=step_up.DIGITS, minutes=codes.GOOD_MS // 60_000)


def check_code(branch: Branch, terminal: str, body: care.CodeTyped) -> care.NewPhone:
    """Right: she holds that phone; else a Refusal."""
    customer = _with_card(branch, terminal, body.customer)
    with branch.db.write() as tx:
        tag = _tag(branch, customer, phones.number(tx, customer.handle), body.code)
        verdict = phones.attempt(tx, customer.handle, tag, branch.now)
        event(tx, branch.now, f"new-phone.{verdict.value}", customer.visit)
        found = phones.found(tx, customer.handle)
    if verdict is not codes.Verdict.GOOD or found is None:
        raise Refusal(step_up.NO.get(verdict, m.Reason.CODE_EXPIRED))
    handle, before, number = found
    facts = {"handle": handle, "phone": mask_phone(number), "before": _masked(before), "full_from": _full_from(branch)}
    return care.NewPhone.model_validate(facts)


def _full_from(branch: Branch) -> date:
    """The first day on which a phone that is changed today speaks for her in everything."""
    today = branch.core.accounting_date()
    return today + timedelta(days=branch.rules.phone_waiting(today)[0])


def _tag(branch: Branch, customer: Customer, number: str, code: str) -> str:
    return hmac.digest(branch.mark_key, f"{customer.handle}:{number}:{code}".encode(), sha256).hex()


def _demand(branch: Branch, customer: Customer) -> None:
    """Raise Refusal unless a person, or a code to the old phone and her identity card, speak for her."""
    with branch.db.read() as tx:
        person, document = phones.approved(tx, customer.handle), phones.document_shown(tx, customer.handle)
    if person:
        return
    if not document:
        raise Refusal(m.Reason.STEP_UP, "beside the old phone her identity card, or a person")
    step_up.demand(branch, customer.handle, customer.customer, customer.visit, "phone-change")


def change(branch: Branch, terminal: str, body: care.PhoneChange) -> m.Outcome:
    """Change it once under a key, and tell the old phone."""
    said = acts.once(branch, terminal, body, body.order, lambda: _change(branch, terminal, body))
    if said.status == "done":
        _tell(branch, body.key)
    return said


def _change(branch: Branch, terminal: str, body: care.PhoneChange) -> CoreDone:
    customer = _with_card(branch, terminal, body.customer, body.key.partition("/")[0])
    with branch.db.read() as tx:
        new = phones.proved(tx, customer.handle, body.order.phone)
    if new is None:
        raise Refusal(m.Reason.STEP_UP, "no code to the new phone was right")
    shown = (body.order.before_masked, body.order.after_masked)
    if shown != (_masked(new.before), mask_phone(new.number)) or body.order.full_from != _full_from(branch):
        raise Refusal(m.Reason.CONFLICT, "not what the customer was shown")
    _demand(branch, customer)
    if new.before:
        with branch.db.write() as tx:
            phones.owe(tx, body.key, new.before, "phone-changed", body.language, branch.now)
    stamp = (body.code, branch.name, terminal, body.operator, body.trace)
    return branch.core.change_phone(body.key, CorePhone(customer.customer, new.before, new.number, *stamp))


def _tell(branch: Branch, key: str) -> None:
    """Send the notice that is owed for a key, if one still is; what fails is tried again by upkeep."""
    with branch.db.read() as tx:
        mine = [one for one in phones.due(tx, branch.now) if one[0] == key]
    for _, number, what, language in mine:
        try:
            branch.sender.tell(number, what, language)
        except (CodeNotSent, OSError):
            return
        with branch.db.write() as tx:
            phones.settled(tx, key, "sent")
            event(tx, branch.now, "notice.sent", key.partition("/")[0], {"key": key, "what": what})


def tell_what_is_due(branch: Branch) -> None:
    """Upkeep: each notice whose act is done is sent; one whose act was not done never has to be."""
    with branch.db.read() as tx:
        keys = [key for key, *_ in phones.due(tx, branch.now - LATE_MS)]
    for key in keys:
        try:
            state = branch.core.state(key).status
        except CoreUnavailable:
            return
        if state == "done":
            _tell(branch, key)
        elif state in {"refused", "barred", "reversed"}:
            with branch.db.write() as tx:
                phones.settled(tx, key, "void")
