"""A posting on its way: the chip's cryptogram over the amount, the pad's MAC, and the card's last word."""

from drivers.api import CardDialogue, DeviceError
from flows.journal import Intent
from flows.level import NotSent
from flows.ports import Refused
from flows.screens import Wait
from flows.session import Session
from protocol import messages as m, remit as r

OWN_BANK = "TRF-OWN-BANK"


async def chip(session: Session, order: m.TransferOrder) -> CardDialogue | None:
    """Ask the chip for a cryptogram over this amount, when a card stands behind the visit."""
    if not session.card_aid:
        return None
    reader = session.devices.card_reader
    dialogue = await session.busy(Wait("wait.card"), lambda: reader.begin(session.card_aid, order.amount))
    if dialogue.cryptogram_type != "ARQC":
        raise Refused(m.Reason.CARD_DECLINED)
    return dialogue


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
    if posted.status != "pending":
        return posted
    answer = bytes.fromhex(posted.issuer_data), tuple(bytes.fromhex(script) for script in posted.scripts)
    approved, field55 = await _last_word(session, *answer)
    return await session.bank.card_said(intent.key, m.CardVerdict(approved=approved, field55=field55.hex()))


async def _last_word(session: Session, issuer_data: bytes, scripts: tuple[bytes, ...]) -> tuple[bool, bytes]:
    """A card that is pulled now has said no."""
    try:
        return await session.devices.card_reader.finish(issuer_data, scripts)
    except DeviceError:
        return False, b""
