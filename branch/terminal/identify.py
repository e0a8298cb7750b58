"""Who is she? A document claims; a card or a document, with a PIN, proves."""

from branch.bank.core import CoreCard, CoreCustomer
from branch.bank.hsm import HsmRefused
from branch.store import pins, visits
from branch.store.outbox import event
from branch.store.visits import Customer
from branch.terminal import preferences
from branch.terminal.context import Branch, Refusal, Trouble, own
from protocol import calls, messages as m
from protocol.mask import PinBlock, mask_pan

CARDS = 6
"""At most so many cards are offered to a claim."""


def pad_keys(branch: Branch, terminal: str, _: calls.Nothing) -> m.PadKeys:
    """A fresh set of working keys for the terminal's pad."""
    return branch.hsm.working_keys(terminal)


def claim(branch: Branch, terminal: str, body: m.Claim) -> m.Claimed:
    """Note who says she is here, and offer the cards that she could prove it with.

    An expired document, or one whose name is not the customer's, is a claim without cards.
    """
    own(terminal, body.visit)
    document = body.document
    customer = branch.core.customer(document.id_number)
    if customer is not None and not fits(branch, document, customer):
        customer = None
    cards = _cards_on_file(branch, customer) if customer else []
    handle = branch.handle()
    offered = tuple(
        m.CardOnFile(handle=branch.handle(), masked=mask_pan(card.pan), pin_number=surrogate(branch)) for card in cards
    )
    with branch.db.write() as tx:
        visits.begin(tx, body.visit, terminal, branch.now)
        row = {"handle": handle, "visit": body.visit, "terminal": terminal}
        kept = [
            {"handle": one.handle, "claim": handle, "card": branch.mark(card.pan), "pin_number": one.pin_number}
            for one, card in zip(offered, cards, strict=True)
        ]
        whose = customer.id if customer else None
        visits.claim(tx, {**row, "customer": whose, "expires": branch.minutes(branch.patience.claim)}, kept)
        event(tx, branch.now, "visit.claimed", body.visit, {"document": document.kind, "cards": len(cards)})
    withheld = branch.rules.withheld(document.kind, branch.core.accounting_date())
    return m.Claimed(claim=handle, surname=surname(document.name), cards=offered, withheld=withheld)


def fits(branch: Branch, document: m.Document, customer: CoreCustomer) -> bool:
    """Her name, and in force: else the document claims nothing for her."""
    expired = document.valid_to is not None and document.valid_to < branch.core.accounting_date()
    return document.name.strip() == customer.name and not expired


def _cards_on_file(branch: Branch, customer: CoreCustomer) -> list[CoreCard]:
    today = branch.core.accounting_date()
    usable = [card for card in branch.core.cards(customer.id) if card.state == "active" and card.expiry >= today]
    return usable[:CARDS]


def surrogate(branch: Branch) -> str:
    """Sixteen digits that stand for a card number in a PIN block; 9 at the front is no international card's."""
    return f"9{int.from_bytes(branch.random(8)) % 10**15:015d}"


def authorise_card(branch: Branch, terminal: str, proof: m.CardProof) -> m.Authorised:
    """Card + PIN: the chip's cryptogram over the amount 0, then the PIN. Waits for the chip's last word."""
    own(terminal, proof.visit)
    found = branch.core.card(proof.pan)
    if found is None or found[0].sequence != proof.sequence:
        raise Refusal(m.Reason.CARD)
    card, holder = found
    usable(branch, card)
    mark, counter = branch.mark(card.pan), branch.issuer.transaction_of(proof.field55)
    with branch.db.read() as tx:
        seen = visits.seen_before(tx, mark, counter)
    if seen or not branch.issuer.verify(card.pan, card.sequence, proof.field55, 0):
        raise Refusal(m.Reason.CARD_DECLINED)
    _check_pin(branch, proof.visit, mark, card.pan, proof.pin)
    opened = Customer(branch.handle(), proof.visit, terminal, holder.id, mark, counter, "waiting")
    _open(branch, opened)
    answer = branch.issuer.answer(card.pan, card.sequence, proof.field55)
    return m.Authorised(
        customer=opened.handle,
        surname=surname(holder.name),
        issuer_data=answer,
        confirmed=False,
        preferences=preferences.of(branch, holder.id),
    )


def usable(branch: Branch, card: CoreCard) -> None:
    """Raise Refusal unless the card may be used today."""
    if card.state == "capture":
        raise Refusal(m.Reason.CARD_CAPTURE)
    if card.state != "active":
        raise Refusal(m.Reason.CARD)
    if card.expiry < branch.core.accounting_date():
        raise Refusal(m.Reason.CARD_EXPIRED)


def authorise_document(branch: Branch, terminal: str, proof: m.DocumentProof) -> m.Authorised:
    """ID card + PIN of a card on file; the PIN block is bound to this claim's own number."""
    own(terminal, proof.visit)
    with branch.db.read() as tx:
        offered = visits.claimed_card(tx, proof.claim, proof.card, branch.now)
    if offered is None or offered.visit != proof.visit or offered.customer is None:
        raise Refusal(m.Reason.UNKNOWN_CUSTOMER)
    card, holder = branch.card_of(offered.customer, offered.card), branch.core.customer_by_id(offered.customer)
    if card is None or holder is None:
        raise Refusal(m.Reason.CARD)
    usable(branch, card)
    _check_pin(branch, proof.visit, offered.card, offered.pin_number, proof.pin)
    opened = Customer(branch.handle(), proof.visit, terminal, holder.id, None, None, "confirmed")
    _open(branch, opened)
    return m.Authorised(
        customer=opened.handle,
        surname=surname(holder.name),
        confirmed=True,
        preferences=preferences.of(branch, holder.id),
    )


def _check_pin(branch: Branch, visit: str, mark: str, number: str, pin: m.PinCheck) -> None:
    """Right, or a Refusal. A try is counted before the module looks, and given back when it cannot."""
    with branch.db.write() as tx:
        visits.begin(tx, visit, visit.partition("-")[0], branch.now)
        verifier = pins.take_a_try(tx, mark)
    if verifier is None:
        raise Refusal(m.Reason.PIN_BLOCKED)
    try:
        block = PinBlock(bytes.fromhex(pin.block), pin.format, bytes.fromhex(pin.ksn))
        right = branch.hsm.verify_pin(visit.partition("-")[0], number, block, verifier)
    except HsmRefused as why:
        with branch.db.write() as tx:
            pins.was_not_looked_at(tx, mark)
        raise Trouble(503, "hsm", m.Mend.ENGINEER, "the security module cannot check PINs of this pad") from why
    with branch.db.write() as tx:
        if right:
            pins.was_right(tx, mark)
            return
        over = pins.blocked(tx, mark)
        event(tx, branch.now, "pin.blocked" if over else "pin.wrong", visit)
    raise Refusal(m.Reason.PIN_BLOCKED if over else m.Reason.WRONG_PIN)


def _open(branch: Branch, customer: Customer) -> None:
    """Let her in; a visit has one customer and no second."""
    with branch.db.write() as tx:
        before = visits.customer_of(tx, customer.visit)
        mine = before in {None, customer.customer}
        if mine and customer.state == "confirmed":
            mine = visits.bind(tx, customer.visit, customer.customer)
        if mine:
            if not visits.open_session(tx, customer, branch.minutes(branch.patience.session)):
                raise Refusal(m.Reason.CARD_DECLINED)  # another call with the same cryptogram was faster
            event(tx, branch.now, f"customer.{customer.state}", customer.visit)
    if not mine:
        raise Refusal(m.Reason.SIGNED_OUT, "the visit is another customer's")


def confirm_customer(branch: Branch, terminal: str, body: calls.ConfirmCustomer) -> calls.Nothing:
    """The chip's last word: with its TC she is a customer, without it the session is over."""
    with branch.db.read() as tx:
        customer = visits.session(tx, body.customer, branch.now)
    if customer is None or customer.terminal != terminal or customer.card is None:
        raise Refusal(m.Reason.SIGNED_OUT)
    if customer.state == "confirmed":
        return calls.Nothing()
    good = body.verdict.approved and _is_tc(branch, customer, body.verdict.field55)
    with branch.db.write() as tx:
        visits.customer_of(tx, customer.visit)  # locks in one order everywhere: the visit, then its sessions
        waited = visits.confirm_session(tx, customer.handle)
        good = good and waited and visits.bind(tx, customer.visit, customer.customer)
        if waited and not good:
            visits.end_session(tx, customer.handle)
        if waited:
            event(tx, branch.now, f"customer.{'confirmed' if good else 'over'}", customer.visit)
    if not waited:
        raise Refusal(m.Reason.SIGNED_OUT)
    if body.verdict.approved and not good:
        raise Refusal(m.Reason.CARD_DECLINED)
    return calls.Nothing()


def _is_tc(branch: Branch, customer: Customer, field55: str) -> bool:
    card = branch.card_of(customer.customer, customer.card or "")
    if card is None or branch.issuer.transaction_of(field55) != customer.counter:
        return False
    return branch.issuer.verify_tc(card.pan, card.sequence, field55, 0)


def sign_out(branch: Branch, terminal: str, body: calls.OfCustomer) -> calls.Nothing:
    """She has left; harmless to repeat."""
    with branch.db.write() as tx:
        customer = visits.session(tx, body.customer, branch.now)
        if customer is not None and customer.terminal == terminal:
            visits.end_session(tx, customer.handle)
            event(tx, branch.now, "customer.over", customer.visit)
    return calls.Nothing()


COMPOUND = frozenset(
    (
        "欧阳",
        "上官",
        "司马",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "令狐",
        "慕容",
        "司徒",
        "夏侯",
        "长孙",
        "宇文",
        "端木",
    )
)
"""Surnames of two characters that are common enough to greet people by."""


def surname(name: str) -> str:
    """What to greet her by: the family name of a Chinese name, the first word of any other."""
    words = name.split()
    if not words:
        return ""
    if name.isascii():
        return words[0]
    return name[:2] if name[:2] in COMPOUND else name[:1]
