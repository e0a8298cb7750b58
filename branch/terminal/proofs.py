"""What proves an order that moves money, beside the MAC of the pad: the cryptogram of the card behind her."""

from datetime import date
from typing import Any

from branch.bank.core import CoreCard, CorePosted
from branch.store import visits
from branch.store.intents import Row
from branch.store.visits import Customer
from branch.terminal.context import Branch, Refusal
from protocol import bills, messages as m

Signed = m.Post | bills.BillPost
"""An order that moves money, with its proofs."""


def check_card(branch: Branch, post: Signed, customer: Customer, *, waits: bool = False) -> CoreCard | None:
    """Who came with a card needs its cryptogram for each order, over the amount without the fee.

    Not for one that waits for its day: then no money moves now.
    """
    field55 = post.field55
    if customer.card is None or waits:
        if field55:
            raise Refusal(m.Reason.CARD, "no card stands behind this order")
        return None
    card = branch.card_of(customer.customer, customer.card)
    if card is None or card.state != "active":
        raise Refusal(m.Reason.CARD)
    with branch.db.read() as tx:
        seen = visits.seen_before(tx, customer.card, branch.issuer.transaction_of(field55), post.key)
    if seen or not branch.issuer.verify(card.pan, card.sequence, field55, post.order.amount):
        raise Refusal(m.Reason.CARD_DECLINED)
    return card


def is_tc(branch: Branch, row: Row, field55: str) -> bool:
    """Did the card that signed a pending posting end with its TC?"""
    card = branch.card_of(row.customer, row.card)
    if card is None or branch.issuer.transaction_of(field55) != row.counter:
        return False
    return branch.issuer.verify_tc(card.pan, card.sequence, field55, row.amount)


def posted(done: CorePosted) -> dict[str, Any]:
    """What a core's answer writes into the key's row."""
    day = done.accounting_date.isoformat()
    return {"state": done.status, "reference": done.reference, "accounting_date": day, "balance": done.balance}


def answer(row: Row, today: date | str, proof: str = "") -> m.Posted:
    """The recorded answer. Taken back is refused: nothing has moved in the end."""
    taken_back = row.state in {"reversed", "barred"}
    return m.Posted.model_validate(
        {
            "key": row.key,
            "status": "refused" if taken_back else row.state,
            "reference": row.reference,
            "accounting_date": row.accounting_date or today,
            "reason": (row.reason or m.Reason.BARRED) if taken_back else row.reason,
            "issuer_data": row.issuer_data if row.state == "pending" else "",
            "balance": row.balance,
            "proof": proof,
        }
    )
