"""The reference ledger at `/core/v1`: what an adapter of a bank's core looks like from outside."""

import hmac
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request

from branch.bank import carewire as c, corewire as w
from branch.bank.core import Core
from branch.serving import FAILURES, Run, Trouble
from protocol.messages import KeyState, Mend, Message

Answer = Callable[[Core, Any], Message]


def _card(core: Core, asked: w.PanAsked) -> w.CardReply:
    found = core.card(asked.pan)
    card, customer = found or (None, None)
    return w.CardReply.model_validate({"card": card, "customer": customer}, from_attributes=True)


def _customer(found: object) -> w.CustomerReply:
    return w.CustomerReply.model_validate({"customer": found}, from_attributes=True)


def _posted(found: object) -> w.PostedReply:
    return w.PostedReply.model_validate(found, from_attributes=True)


def _reversed(found: object) -> w.ReversedReply:
    return w.ReversedReply.model_validate(found, from_attributes=True)


def _done(found: object) -> c.DoneReply:
    return c.DoneReply.model_validate(found, from_attributes=True)


def _list(reply: type[Message], name: str, found: object) -> Message:
    return reply.model_validate({name: found}, from_attributes=True)


CALLS: dict[str, tuple[type[Message], type[Message], Answer]] = {
    "about": (w.NoBody, w.AboutReply, lambda core, _: w.AboutReply(can_reverse=core.can_reverse)),
    "accounting-date": (w.NoBody, w.DayReply, lambda core, _: w.DayReply(accounting_date=core.accounting_date())),
    "customer": (w.IdNumber, w.CustomerReply, lambda core, a: _customer(core.customer(a.id_number))),
    "customer-by-id": (w.CustomerId, w.CustomerReply, lambda core, a: _customer(core.customer_by_id(a.customer))),
    "cards": (w.CustomerId, w.CardsReply, lambda core, a: _list(w.CardsReply, "cards", core.cards(a.customer))),
    "card": (w.PanAsked, w.CardReply, _card),
    "accounts": (
        w.CustomerId,
        w.AccountsReply,
        lambda core, a: _list(w.AccountsReply, "accounts", core.accounts(a.customer)),
    ),
    "account": (
        w.NumberAsked,
        w.AccountReply,
        lambda core, a: _list(w.AccountReply, "account", core.account(a.number)),
    ),
    "movements": (
        w.MovementsAsked,
        w.MovementsReply,
        lambda core, a: _list(w.MovementsReply, "movements", core.movements(a.account, a.span())),
    ),
    "recent-payees": (
        w.PayeesAsked,
        w.PayeesReply,
        lambda core, a: _list(w.PayeesReply, "payees", core.recent_payees(a.customer, a.most)),
    ),
    "rates": (
        w.NoBody,
        w.RatesReply,
        lambda core, _: w.RatesReply.model_validate(core.rates(), from_attributes=True),
    ),
    "fee": (w.FeeAsked, w.FeeReply, lambda core, a: w.FeeReply(fee=core.fee(a.source, a.target, a.amount))),
    "post": (
        w.PostAsked,
        w.PostedReply,
        lambda core, a: _posted(core.post(a.key, a.order.value(), pending=a.pending)),
    ),
    "confirm": (w.OfKey, w.PostedReply, lambda core, a: _posted(core.confirm(a.key))),
    "void": (w.OfKey, w.ReversedReply, lambda core, a: _reversed(core.void(a.key))),
    "reverse": (w.OfKey, w.ReversedReply, lambda core, a: _reversed(core.reverse(a.key))),
    "report-loss": (c.LossAsked, c.DoneReply, lambda core, a: _done(core.report_loss(a.key, a.loss.value()))),
    "lower-limit": (c.LimitAsked, c.DoneReply, lambda core, a: _done(core.lower_limit(a.key, a.limit.value()))),
    "change-phone": (c.PhoneAsked, c.DoneReply, lambda core, a: _done(core.change_phone(a.key, a.phone.value()))),
    "lift-loss": (c.LiftAsked, c.LiftedReply, lambda core, a: c.LiftedReply(cards=core.lift_loss(a.reference))),
    "state": (w.OfKey, KeyState, lambda core, a: core.state(a.key)),
}


def serve_core(app: FastAPI, core: Core, run: Run, token: str, specimen: w.Specimen | None) -> None:
    """Add the routes. Without the token (a non-empty one) every call is 401."""

    def guard(request: Request) -> None:
        sent = request.headers.get("authorization", "").encode()
        if not token or not hmac.compare_digest(sent, f"Bearer {token}".encode()):
            raise Trouble(401, "token", Mend.US, "the bearer token is missing or wrong")

    def add(name: str, request_type: type[Message], reply: type[Message], answer: Answer) -> None:
        async def call(request: Request, body: Any) -> Message:
            guard(request)
            return await run(lambda: answer(core, body))

        call.__annotations__["body"] = request_type
        responses = {**FAILURES, 401: FAILURES[403]}
        app.post(f"{w.PREFIX}/{name}", response_model=reply, name=f"core {name}", tags=["core"], responses=responses)(
            call
        )

    for name, (request_type, reply, answer) in CALLS.items():
        add(name, request_type, reply, answer)

    def lend(_core: Core, _body: object) -> Message:
        if specimen is None:
            raise Trouble(404, "specimen", Mend.US, "this core lends no accounts to the contract suite")
        return specimen

    add("specimen", w.NoBody, w.Specimen, lend)
