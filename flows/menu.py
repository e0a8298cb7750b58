"""The menu: which flows, for whom, at which assurance level."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from drivers.api import DeviceError, MediaRefused, MediaRemoved, NoMedia, PinPad
from flows.accounts import accounts
from flows.back import Tape, rewindable
from flows.bills import pay_bill
from flows.copies import copies, no_copies
from flows.hold import no_camera
from flows.information import information
from flows.interbank import interbank
from flows.limit import limit
from flows.loss import STEP as LOSS_STEP, loss, repeat as loss_again
from flows.pending import pending
from flows.phone import needs_card, phone
from flows.pin_change import pin_change
from flows.ports import Back, Chrome, Leave, Refused, Unreachable, Unsure
from flows.scan import scan
from flows.screens import Choose, Option, Tell, Tone
from flows.session import Level, OtherWay, Session, VisitOver
from flows.settle import Repeat
from flows.standing import standing
from flows.statement import statement
from flows.terminal import Rules, Standing
from flows.transfer import transfer

Group = Literal["front", "cards", "more"]

GROUPS: dict[str, Group] = {"menu.group.cards": "cards", "menu.group.more": "more"}
"""The cards of the first page behind which others stand, and the pages that they open."""


@dataclass(frozen=True)
class Flow:
    """A transaction on the menu."""

    id: str
    level: Level
    run: Callable[[Session], Awaitable[None]]
    hindered: Callable[[Session], str] = lambda _: ""
    """Why it cannot be done now, a member of the messages `hindered.*`; "" when it can."""
    bank: bool = True
    """It asks the bank."""
    paper: bool = False
    """It is nothing without paper."""
    prints: bool = False
    """It can be had on paper, and done without."""
    account: bool = False
    """It is nothing without an account at this bank."""
    group: Group = "more"
    """Where it stands: on the first page itself (`front`), or behind a card of that page."""


# messages: menu.*
FLOWS = (
    Flow("accounts", Level.CUSTOMER, accounts, prints=True, account=True, group="front"),
    Flow("transfer", Level.CUSTOMER, transfer, prints=True, account=True, group="front"),
    Flow("statement", Level.CUSTOMER, statement, prints=True, account=True, group="front"),
    Flow("bills", Level.CUSTOMER, pay_bill, prints=True, account=True, group="front"),
    Flow("interbank", Level.CUSTOMER, interbank, prints=True, account=True),
    Flow("pending", Level.CUSTOMER, pending),
    Flow("standing", Level.CUSTOMER, standing, account=True),
    Flow("loss", Level.CLAIMED, loss, group="cards"),
    Flow("limit", Level.CUSTOMER, limit, account=True, group="cards"),
    Flow("pin", Level.CUSTOMER, pin_change, group="cards"),
    Flow("phone", Level.CUSTOMER, phone, needs_card, group="cards"),
    Flow("copies", Level.CUSTOMER, copies, no_copies, bank=False, paper=True),
    Flow("scan", Level.NOBODY, scan, no_camera, bank=False),
    Flow("information", Level.NOBODY, information),
)


def repeats(rules: Rules, pad: PinPad) -> dict[str, Repeat]:
    """What settle() may simply do again, by the step of its key."""
    return {LOSS_STEP: partial(loss_again, pad=pad, operator=rules.operator)}


VISITS_LIMIT = 100
"""Transactions in one visit, and times that the menu may change meanwhile."""
LOOK = 1.0
"""Seconds between two looks whether what can be done has changed."""
ANSWER = 3.0
"""Seconds that printer and bank have to say how it is with them."""


@dataclass
class Now:
    """What the menu is drawn from, beside the person before it."""

    standing: Standing = Standing()
    paper: bool = True
    """The printer can print, as far as was heard."""
    accounts: bool = True
    """She has an account here, as far as was heard."""
    last_call: str = ""
    page: Group = "front"


async def menu(session: Session) -> None:
    """Offer what this person may do until she finishes, or until nothing new may be begun."""
    now = Now(session.terminal.standing())
    asked = _Asked()
    for _ in range(VISITS_LIMIT):
        if session.last_call:
            await session.tell(Tell("stopped.power"))
            raise VisitOver(session.last_call)
        now.standing = session.terminal.standing()
        try:
            chosen = await _chosen(session, now, asked)
        except Leave:
            return
        if chosen:
            await run_flow(session, next(flow for flow in FLOWS if flow.id == chosen))
            now.page = "front"


async def _chosen(session: Session, now: Now, asked: "_Asked") -> str:
    """The flow that she chose; "" when she turned a page, or the page is no longer true."""
    front = now.page == "front"
    chrome = Chrome("leave" if front else "back")
    try:
        chosen = await session.choose_until(page(session, now), partial(_changed, session, now, asked), chrome)
    except Back:
        chosen, now.page = "", "front"
    if chosen in GROUPS:
        chosen, now.page = "", GROUPS[chosen]
    return chosen


async def _has_paper(session: Session) -> bool:
    """Does the printer say that it can print?"""
    try:
        async with asyncio.timeout(ANSWER):
            return (await session.devices.printer.status()).why is None
    except (DeviceError, TimeoutError):
        return False


@dataclass
class _Asked:
    """What has been looked up for the menu in this visit."""

    accounts: bool = False


async def _changed(session: Session, now: Now, asked: _Asked) -> None:
    """Wait until what the menu was drawn from is no longer so; nobody waits for the answers of printer and bank."""
    before = replace(now)
    while now == before:
        now.paper = await _has_paper(session)
        if session.level >= Level.CUSTOMER and not asked.accounts:
            now.accounts = await _has_account(session)
            asked.accounts = True
        now.standing, now.last_call = session.terminal.standing(), session.last_call
        if now == before:
            await asyncio.sleep(LOOK)


async def _has_account(session: Session) -> bool:
    """Does the bank say that she has none? Who cannot be asked is believed to have one: her flow will find out."""
    try:
        async with asyncio.timeout(ANSWER):
            return bool(await session.bank.accounts(session.customer))
    except (Refused, Unreachable, TimeoutError):
        return True


def page(session: Session, now: Now) -> Choose:
    """A page of the menu: the first with at most six cards, or a group's own."""
    cards = tuple(_card(session, flow, now) for flow in FLOWS if flow.group == now.page)
    if now.page != "front":
        return Choose(f"menu.group.{now.page}", options=cards)
    groups = tuple(
        Option(key, f"menu.group.{group}", f"menu.group.{group}.line")
        for key, group in GROUPS.items()
        if any(flow.group == group for flow in FLOWS)
    )
    return Choose("menu", options=(*cards, *groups), params=(("surname", session.surname),))


def _card(session: Session, flow: Flow, now: Now) -> Option:
    """One transaction; where it cannot be done now, its card says why and what to do instead."""
    line = "menu.without-paper" if flow.prints and not now.paper else f"menu.{flow.id}.line"
    if session.level < flow.level:
        return Option(flow.id, f"menu.{flow.id}", line, disabled="menu.needs-customer")
    why = _hindrance(session, flow) or ("no-paper" if flow.paper and not now.paper else "")
    why = why or ("no-account" if flow.account and not now.accounts else "")
    return Option(flow.id, f"menu.{flow.id}", line, disabled=f"hindered.{why}" if why else "")


def _hindrance(session: Session, flow: Flow) -> str:
    """Why it cannot be done now: it is switched off, the bank is away, or there is nothing to do it with."""
    standing = session.terminal.standing()
    away = "bank" if flow.bank and not standing.open else ""
    document = "document" if session.claim and flow.id in session.claim.withheld else ""
    return standing.switched_off.get(flow.id, "") or document or away or flow.hindered(session)


async def run_flow(session: Session, flow: Flow) -> None:
    """Run one transaction; whatever stops it is told, and the menu comes back."""
    if session.level < flow.level:
        raise AssertionError(f"{flow.id} needs {flow.level.name}")
    if why := _hindrance(session, flow):
        return await session.tell(Tell("stopped.hindered", why=f"hindered.{why}"))
    session.tape = Tape()
    await guarded(session, lambda: rewindable(session.tape, lambda: flow.run(session)))
    if session.broken:
        raise VisitOver(session.broken)
    return None


async def guarded(session: Session, story: Callable[[], Awaitable[None]]) -> bool:
    """Run a story and tell what stopped it, if the visit can go on; True when nothing did."""
    try:
        await story()
    except MediaRemoved as why:
        if session.card_aid:
            raise VisitOver("card-pulled") from why
        await _card_trouble(session, why)
    except Unsure as why:
        raise VisitOver(session.broken or "journal") from why
    except Refused as why:
        await session.tell(Tell("stopped.refused", tone=Tone.REFUSED, why=f"refused.{why.reason}"))
    except Unreachable:
        await session.tell(Tell("stopped.unreachable"))
    except (NoMedia, MediaRefused) as why:
        await _card_trouble(session, why)
    except DeviceError as why:
        await session.note("device", device=why.device, kind=type(why).__name__)
        await session.tell(Tell("stopped.device"))
    except OtherWay:
        return True
    else:
        return True
    return False


async def _card_trouble(session: Session, why: DeviceError) -> None:
    """A card, not the machine: she can mend that herself."""
    await session.note("card-trouble", device=why.device, kind=type(why).__name__)
    await session.tell(Tell("stopped.card"))
