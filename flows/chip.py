"""The card that stands behind a visit, and its part in an order that moves money."""

from drivers.api import CardDialogue, DeviceError
from flows.ports import Refused
from flows.screens import Wait
from flows.session import Session
from protocol import messages as m


async def cryptogram(session: Session, amount: int) -> CardDialogue | None:
    """Ask the chip for a cryptogram over this amount (fen), when a card stands behind the visit."""
    if not session.card_aid:
        return None
    reader = session.devices.card_reader
    dialogue = await session.busy(Wait("wait.card"), lambda: reader.begin(session.card_aid, amount))
    if dialogue.cryptogram_type != "ARQC":
        raise Refused(m.Reason.CARD_DECLINED)
    return dialogue


async def last_word(session: Session, posted: m.Posted) -> m.Posted:
    """Of what is pending: hand the issuer's answer to the chip, and its last word to the branch."""
    if posted.status != "pending":
        return posted
    answer = bytes.fromhex(posted.issuer_data), tuple(bytes.fromhex(script) for script in posted.scripts)
    try:
        approved, field55 = await session.devices.card_reader.finish(*answer)
    except DeviceError:  # a card that is pulled now has said no
        approved, field55 = False, b""
    return await session.bank.card_said(posted.key, m.CardVerdict(approved=approved, field55=field55.hex()))
