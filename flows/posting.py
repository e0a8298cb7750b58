"""A transfer on its way: the pad's MAC, the bank, and the card's last word."""

from drivers.api import CardDialogue, DeviceError
from flows.chip import last_word
from flows.journal import Intent
from flows.level import NotSent
from flows.session import Session
from protocol import messages as m, remit as r

OWN_BANK = "TRF-OWN-BANK"


async def post(session: Session, intent: Intent, order: m.TransferOrder, dialogue: CardDialogue | None) -> m.Posted:
    """MAC in the pad, post at the bank, and with a card: its last word confirms or voids."""
    outside = isinstance(order, r.RemittanceOrder)
    code = r.CODE if outside else OWN_BANK
    try:
        mac = await session.devices.pin_pad.mac(m.authenticated(intent.key, intent.trace, code, order))
    except DeviceError as why:
        raise NotSent(str(why.device)) from why
    facts = {
        "key": intent.key,
        "trace": intent.trace,
        "code": code,
        "operator": session.terminal.rules.operator,
        "customer": session.customer,
        "order": order,
        "field55": dialogue.field55.hex() if dialogue else "",
        "mac": mac.hex(),
    }
    if outside:
        posted = await session.bank.remit(r.Remit.model_validate(facts))
    else:
        posted = await session.bank.transfer(m.Post.model_validate(facts))
    return await last_word(session, posted)
