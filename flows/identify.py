"""Who is she? A bank card and its PIN, or an ID card and the PIN of a card on file, make a customer."""

import asyncio
from functools import partial

from drivers.api import Application, CardDialogue, DeviceError, IdCard, MediaRefused
from flows.arrive import Arrival, BankCard, IdentityCard, arrival
from flows.information import information
from flows.person import FORGOT, forgot_pin
from flows.ports import Back, Refused
from flows.preferences import restore
from flows.scan import offered, scan
from flows.screens import Choose, EnterPin, Option, Picture, Prompt, Tell, Tone, Wait, Where
from flows.session import Level, Session, VisitOver
from protocol import messages as m
from protocol.mask import Pan, PinBlock, mask_pan

WHERE = "identify.name"
POLL = 1.0
"""Seconds between two looks at a reader while a visit runs."""
LIFTED = 0.25
"""Seconds between two looks whether the ID card was taken: she waits for what comes after it."""


async def identify(session: Session) -> None:
    """Let the customer show who she is, as she likes, and believe her as far as that carries."""
    came, session.arrived = session.arrived, None
    if came is not None:
        try:
            return await _by(session, came)
        except Back:
            pass  # another way, then
    await _by(session, await _how(session))
    return None


async def _how(session: Session) -> str | Arrival:
    """A touch says it, and so does the card itself; who only wants to know something comes back to it afterwards."""
    devices = session.devices
    down = session.terminal.standing().down
    no_card = "identify.card-reader-down" if "card-reader" in down else ""
    no_document = "identify.id-reader-down" if "id-reader" in down else ""
    while True:  # each round is a person's own touch
        await session.start_over()
        codes = (Option("scan", "identify.scan", "identify.scan.line"),) if offered(session) else ()
        how = await session.ask_or(
            Choose(
                "identify.how",
                where=Where(WHERE, 1, 3),
                options=(
                    Option("bank-card", "identify.bank-card", "identify.bank-card.line", disabled=no_card),
                    Option("id-card", "identify.id-card", "identify.id-card.line", disabled=no_document),
                    Option("card-lost", "identify.card-lost", "identify.card-lost.line", disabled=no_document),
                    Option("information", "identify.information", "identify.information.line"),
                    *codes,
                ),
            ),
            lambda: arrival(devices.id_reader, devices.card_reader, stale=session.asked_in),
        )
        if how == "information":
            await information(session)
        elif how == "scan":
            await scan(session)
        else:
            return how
        session.tape.forget()


async def _by(session: Session, how: str | Arrival) -> None:
    match how:
        case BankCard(applications):
            await by_bank_card(session, applications)
        case IdentityCard(card):
            await by_id_card(session, card)
        case "bank-card":
            await by_bank_card(session)
        case "card-lost":  # who has lost it need not prove herself to stop it
            await by_id_card(session, prove=False)
        case _:
            await by_id_card(session)


async def by_bank_card(session: Session, applications: tuple[Application, ...] | None = None) -> None:
    """Card + PIN: the chip asks its issuer, the pad encloses the PIN, and the chip hears the answer."""
    reader = session.devices.card_reader
    session.asked_in.add("card")
    if applications is None:
        prompt = Prompt("identify.insert", picture=Picture.CARD_IN, where=Where(WHERE, 2, 3))
        applications = await session.during(prompt, lambda: reader.wait_card(session.terminal.rules.device))
    await session.note("card-in")
    session.card_aid = await _application(session, applications)
    session.watch(_card_pulled(session))
    for _ in range(session.terminal.rules.pin_tries):
        try:
            return await _card_and_pin(session)
        except Refused as why:
            if why.reason is not m.Reason.WRONG_PIN:
                await _card_refused(session, why, inside=True)
            await _wrong_pin(session)
    raise VisitOver("pin")


async def _wrong_pin(session: Session) -> None:
    """Once more; or she does not know it any more, and hears who can help."""
    options = (Option("again", "identify.try-again"), FORGOT)
    begun = session.tape.at
    wish = await session.ask(Choose("identify.wrong-pin", options=options), back=False)
    session.tape.forget(begun)  # "back" must not answer it for a PIN that is wrong again
    if wish == FORGOT.id:
        await forgot_pin(session)


async def _application(session: Session, applications: tuple[Application, ...]) -> str:
    if not applications:
        raise MediaRefused("card-reader", "no application on this card", "use another card")
    if len(applications) == 1:
        return applications[0].aid
    options = tuple(Option(one.aid, one.label, literal=True) for one in applications[:6])
    return await session.ask(Choose("identify.application", options=options, where=Where(WHERE, 2, 3)))


async def _card_and_pin(session: Session) -> None:
    reader = session.devices.card_reader
    dialogue = await session.busy(Wait("wait.card"), lambda: reader.begin(session.card_aid, 0))
    if dialogue.expired:
        raise Refused(m.Reason.CARD_EXPIRED)
    if dialogue.cryptogram_type != "ARQC":
        raise Refused(m.Reason.CARD_DECLINED)
    pin = await session.enter_pin(dialogue.pan, _enter(mask_pan(dialogue.pan.digits)))
    proof = _card_proof(session.visit, dialogue, pin)
    known = await session.busy(Wait("wait.bank"), lambda: session.bank.authorise_card(proof))
    answer = bytes.fromhex(known.issuer_data), tuple(bytes.fromhex(script) for script in known.scripts)
    approved, field55 = await session.busy(Wait("wait.card"), lambda: reader.finish(*answer))
    verdict = m.CardVerdict(approved=approved, field55=field55.hex())
    await session.busy(Wait("wait.bank"), lambda: session.bank.confirm_customer(known.customer, verdict))
    if not approved:
        raise Refused(m.Reason.CARD_DECLINED)
    _is_customer(session, known)


def _enter(masked: str) -> EnterPin:
    return EnterPin("pin.enter", masked=masked, private=True)


def _card_proof(visit: str, dialogue: CardDialogue, pin: PinBlock) -> m.CardProof:
    return m.CardProof(
        visit=visit,
        pan=dialogue.pan.digits,
        sequence=dialogue.sequence,
        field55=dialogue.field55.hex(),
        pin=m.PinCheck.model_validate({"block": pin.block.hex(), "format": pin.format, "ksn": pin.ksn.hex()}),
    )


async def _card_refused(session: Session, why: Refused, *, inside: bool) -> None:
    """The card cannot be used here: say why, keep it if the bank orders so and the reader can, and end."""
    await session.stop_watching()  # a card that is kept was not pulled
    if inside and why.reason is m.Reason.CARD_CAPTURE and await session.devices.card_reader.retain():
        await session.note("card-retained", why="bank")
        await session.tell(Tell("identify.card-retained", tone=Tone.REFUSED))
    else:
        await session.tell(Tell("identify.card-refused", tone=Tone.REFUSED, why=f"refused.{why.reason}"))
    raise VisitOver(f"card: {why.reason}")


async def by_id_card(session: Session, card: IdCard | None = None, *, prove: bool = True) -> None:
    """ID card + PIN of a card on file; without one, or unless she is to `prove` herself, she stays a claim."""
    reader = session.devices.id_reader
    session.asked_in.add("id-card")
    if card is None:
        prompt = Prompt("identify.lay", picture=Picture.ID_CARD_LAY, where=Where(WHERE, 2, 3))
        card = await session.during(prompt, lambda: reader.read_card(session.terminal.rules.device))
    document = m.Document.model_validate(
        {"kind": card.kind, "id_number": card.id_number, "name": card.name, "valid_to": card.valid_to}
    )
    noted = asyncio.ensure_future(session.note("id-card", kind=card.kind))  # she need not wait for the disk
    try:
        await take_it_back(session, Prompt("identify.take", picture=Picture.ID_CARD_TAKE, where=Where(WHERE, 2, 3)))
    finally:
        await noted
    claim = m.Claim(visit=session.visit, document=document)
    session.claim = await session.busy(Wait("wait.bank"), lambda: session.bank.claim(claim))
    session.level, session.id_number, session.surname = Level.CLAIMED, card.id_number, session.claim.surname
    session.watch(_second_id_card(session))
    if session.claim.cards and prove:
        await _prove_claim(session, session.claim)


async def take_it_back(session: Session, prompt: Prompt) -> None:
    """Ask for the ID card to be taken, so that it cannot stay behind."""
    try:
        async with asyncio.timeout(session.terminal.rules.take):
            await session.during(prompt, lambda: _lifted(session), back=False)
    except TimeoutError:
        await session.note("id-card-lying")


async def _lifted(session: Session) -> None:
    while await session.devices.id_reader.card_present():
        await asyncio.sleep(LIFTED)


async def _prove_claim(session: Session, claimed: m.Claimed) -> None:
    card = await _card_on_file(session, claimed)
    for _ in range(session.terminal.rules.pin_tries):
        pin = await session.enter_pin(Pan(card.pin_number), _enter(card.masked))
        check = m.PinCheck.model_validate({"block": pin.block.hex(), "format": pin.format, "ksn": pin.ksn.hex()})
        proof = m.DocumentProof(visit=session.visit, claim=claimed.claim, card=card.handle, pin=check)
        try:
            known = await session.busy(Wait("wait.bank"), partial(session.bank.authorise_document, proof))
        except Refused as why:
            if why.reason is not m.Reason.WRONG_PIN:
                await _card_refused(session, why, inside=False)
            await _wrong_pin(session)
        else:
            return _is_customer(session, known)
    raise VisitOver("pin")


async def _card_on_file(session: Session, claimed: m.Claimed) -> m.CardOnFile:
    if len(claimed.cards) == 1:
        return claimed.cards[0]
    options = tuple(Option(card.handle, card.masked, literal=True) for card in claimed.cards[:6])
    chosen = await session.ask(Choose("identify.which-card", options=options, where=Where(WHERE, 3, 3)))
    return next(card for card in claimed.cards if card.handle == chosen)


def _is_customer(session: Session, known: m.Authorised) -> None:
    session.customer, session.surname, session.level = known.customer, known.surname, Level.CUSTOMER
    restore(session, known.preferences, language=not session.touched_in)


async def _card_pulled(session: Session) -> None:
    """A card that leaves in mid-visit takes its owner with it, and so does a reader that can no longer say."""
    while True:
        try:
            if not await session.devices.card_reader.card_present():
                return session.interrupt("card-pulled")
        except DeviceError:
            return session.interrupt("card-reader")
        await asyncio.sleep(POLL)


async def _second_id_card(session: Session) -> None:
    """Another person's card on the reader: whoever stands there now must not see what is on the glass."""
    reader, number = session.devices.id_reader, session.id_number
    while True:
        try:
            card = await reader.read_card(session.terminal.rules.device)
        except DeviceError:
            await asyncio.sleep(POLL)
            continue
        if card.id_number != number:
            return session.interrupt("second-id-card")
