"""The branch server's application: every call of `protocol.calls`, the link, and on request the core at /core/v1."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, WebSocket

from branch import standing as standing_orders, tls, upkeep
from branch.bank.corewire import Specimen
from branch.bank.served import serve_core
from branch.build import open_branch
from branch.link import LINES, Hub
from branch.serving import FAILURES, Pool, Run, Trouble, describe_failures, guard
from branch.settings import Settings
from branch.store import terminals
from branch.terminal import (
    appointments,
    bills,
    day,
    enquiries,
    identify,
    limit,
    loss,
    money,
    pending,
    people,
    phone,
    pin_change,
    preferences,
    remit,
    settle,
    standing,
    step_up,
    takeaway,
    transfer,
)  # fmt: skip
from branch.terminal.context import Branch
from protocol import messages as m
from protocol.calls import LINK, PATHS, Call

Identify = Callable[[Mapping[str, Any]], str]
"""From an ASGI scope to the fingerprint of the client's certificate; "" without one."""
HUB_WORKERS = 3
"""Threads for links and watchdog: one may wait for the core, the others look at the database. Calls that wait for a
slow core keep neither a revocation nor the watchdog waiting."""
Known = Callable[[Request], Awaitable[str]]
"""From a request to the terminal whose certificate it shows; Trouble when there is none."""
Work = Callable[[], Coroutine[Any, Any, None]]
Handler = Callable[[Branch, str, Any], m.Message]

HANDLERS: dict[str, Handler] = {
    "pad_keys": identify.pad_keys,
    "claim": identify.claim,
    "authorise_card": identify.authorise_card,
    "authorise_document": identify.authorise_document,
    "confirm_customer": identify.confirm_customer,
    "sign_out": identify.sign_out,
    "accounts": money.accounts,
    "movements": enquiries.movements,
    "take_statement": takeaway.take_statement,
    "recent_payees": money.recent_payees,
    "rates": enquiries.rates,
    "information": enquiries.information,
    "payee": money.payee,
    "quote": money.quote,
    "transfer": transfer.transfer,
    "card_said": bills.card_said,
    "payee_banks": remit.banks,
    "outside_payee": remit.payee,
    "price": remit.price,
    "remit": transfer.transfer,
    "pending": pending.listed,
    "cancel_transfer": pending.cancel,
    "reverse": settle.reverse,
    "state": settle.state,
    "manual_case": people.manual_case,
    "report_untold": people.report_untold,
    "untold": people.untold,
    "told": people.told,
    "call_help": people.call_help,
    "incident": people.incident,
    "rate": people.rate,
    "keep_preferences": preferences.keep,
    "loss_cards": loss.cards,
    "send_code": step_up.send,
    "check_code": step_up.check,
    "lower_limit": limit.lower,
    "pin_cards": pin_change.cards,
    "change_pin": pin_change.change,
    "billers": bills.billers,
    "bill": bills.bill,
    "bill_fee": bills.fee,
    "pay_bill": bills.pay,
    "appointment": appointments.appointment,
    "standing_orders": standing.running,
    "new_standing": standing.create,
    "end_standing": standing.end,
    "report_loss": loss.report,
    "phone_now": phone.now,
    "show_document": phone.show_document,
    "ask_person": phone.ask_person,
    "send_new_phone_code": phone.send_code,
    "check_new_phone_code": phone.check_code,
    "change_phone": phone.change,
    "clock": day.clock,
    "day_totals": day.day_totals,
}


def create_app(
    settings: Settings,
    *,
    branch: Branch | None = None,
    run: Run | None = None,
    identify_peer: Identify = tls.peer_fingerprint,
    specimen: Specimen | None = None,
) -> FastAPI:
    """The whole branch as one ASGI application.

    `branch`: what `open_branch(settings)` would make, unless handed in. `run`: where blocking work is done (threads of
    the application's own; `branch.serving.inline` in tests). `identify_peer`: whose certificate a scope shows.
    """
    desk = branch or open_branch(settings)
    pools = [] if run else [Pool(), Pool(HUB_WORKERS, LINES)]
    runner: Run = run or pools[0]
    beside: Run = run or pools[-1]
    hub = Hub(desk, beside)
    tidy = partial(upkeep.every, upkeep.FORGET_SECONDS, partial(upkeep.forget, desk, runner))
    notify = partial(upkeep.every, upkeep.FORGET_SECONDS, partial(upkeep.notify, desk, runner))
    pays = partial(upkeep.every, standing_orders.SECONDS, partial(standing_orders.pay, desk, runner))
    onward = partial(upkeep.every, upkeep.ONWARD_SECONDS, partial(upkeep.onward, desk, runner))
    life = _beside((hub.watch, tidy, notify, pays, onward), pools)
    app = FastAPI(title="Branch", version="1", lifespan=life, docs_url=None, redoc_url=None)
    app.state.branch, app.state.hub, app.state.run = desk, hub, beside
    describe_failures(app)
    guard(app)

    async def known(request: Request) -> str:
        fingerprint = identify_peer(request.scope)
        return await runner(lambda: _terminal(desk, fingerprint))

    for name, handler in HANDLERS.items():
        _add(app, PATHS[name], name, desk, runner, known, handler)
    _add_enrolment(app, settings, desk, runner)

    @app.websocket(LINK)
    async def link(socket: WebSocket) -> None:
        await hub.serve(socket, identify_peer(socket.scope))

    if settings.core_expose:
        token = (settings.state / "core.token").read_text().strip()
        serve_core(app, desk.core, runner, token, specimen)
    return app


def _beside(works: tuple[Work, ...], pools: list[Pool]) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What runs as long as the application does; its threads end with it."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work()) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for pool in pools:
                pool.close()

    return life


def _add(app: FastAPI, call: Call, name: str, branch: Branch, run: Run, known: Known, handler: Handler) -> None:
    """One call: whose certificate is it, before its body is looked at; then do it, beside the event loop."""

    async def endpoint(terminal: Any, body: Any) -> m.Message:
        return await run(lambda: handler(branch, terminal, _clean(body)))

    endpoint.__annotations__ |= {"terminal": Annotated[str, Depends(known)], "body": call.request}
    app.post(call.path, response_model=call.reply, name=name, tags=["terminal"], responses=FAILURES)(endpoint)


def _clean(body: m.Message) -> m.Message:
    """The body, if every database can keep it: PostgreSQL has no text with a zero character."""
    if "\\u0000" in body.model_dump_json():
        raise Trouble(422, "invalid", m.Mend.US, "a text holds a zero character")
    return body


def _terminal(branch: Branch, fingerprint: str) -> str:
    """The active terminal behind a certificate; asked anew at each request."""
    with branch.db.read() as tx:
        found = terminals.by_fingerprints(tx, {fingerprint}) if fingerprint else {}
    if fingerprint not in found:
        raise Trouble(403, "certificate", m.Mend.ENGINEER, "this branch knows no such terminal: enrol it")
    return found[fingerprint]


def _add_enrolment(app: FastAPI, settings: Settings, branch: Branch, run: Run) -> None:
    call = PATHS["enrol"]

    def enrol(body: m.Enrol) -> m.Enrolled:
        authority = tls.load_authority(settings.state)
        now = datetime.fromtimestamp(branch.now / 1000, UTC)
        try:
            pem, fingerprint = authority.sign_terminal(body.csr_pem, body.terminal, now)
        except tls.BadRequest as why:
            raise Trouble(422, "csr", m.Mend.US, str(why)) from why
        with branch.db.write() as tx:
            if not terminals.redeem(tx, body.terminal, body.code, branch.now):
                raise Trouble(403, "code", m.Mend.ENGINEER, "the code is wrong, used or too old: ask for a new one")
            terminals.enrolled(tx, body.terminal, fingerprint)
        return m.Enrolled(certificate_pem=pem, authority_pem=authority.pem)

    @app.post(call.path, response_model=call.reply, name="enrol", tags=["terminal"], responses=FAILURES)
    async def endpoint(body: m.Enrol) -> m.Message:
        return await run(lambda: enrol(body))
