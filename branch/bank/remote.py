"""RemoteCore: a bank's adapter, spoken to over HTTP, as the Core of this branch."""

from dataclasses import asdict
from datetime import date
from typing import TypeVar

import httpx
from pydantic import ValidationError

from branch.bank import carewire as c, corewire as w
from branch.bank.core import (
    CoreAccount,
    CoreCard,
    CoreCustomer,
    CoreDone,
    CoreLimit,
    CoreLoss,
    CoreMovement,
    CoreOrder,
    CorePayee,
    CorePhone,
    CorePosted,
    CoreRates,
    CoreRefused,
    CoreReversed,
    CoreSpan,
    CoreUnavailable,
)
from protocol.messages import KeyState, Message, Problem, Reason

R = TypeVar("R", bound=Message)


class RemoteCore:
    """`branch.bank.core.Core` at the other end of `/core/v1`. Nothing is ever sent twice by itself.

    `client` carries the base address and the patience; whatever it cannot bring back is CoreUnavailable.
    """

    def __init__(self, client: httpx.Client, token: str, *, can_reverse: bool = True) -> None:
        self._client, self._headers, self.can_reverse = client, {"authorization": f"Bearer {token}"}, can_reverse

    def about(self) -> w.AboutReply:
        """What the core at the other end says it is able to do."""
        return self._ask("about", w.NoBody(), w.AboutReply)

    def accounting_date(self) -> date:
        return self._ask("accounting-date", w.NoBody(), w.DayReply).accounting_date

    def customer(self, id_number: str) -> CoreCustomer | None:
        found = self._ask("customer", w.IdNumber(id_number=id_number), w.CustomerReply).customer
        return found.value() if found else None

    def customer_by_id(self, customer: str) -> CoreCustomer | None:
        found = self._ask("customer-by-id", w.CustomerId(customer=customer), w.CustomerReply).customer
        return found.value() if found else None

    def cards(self, customer: str) -> list[CoreCard]:
        found = self._ask("cards", w.CustomerId(customer=customer), w.CardsReply).cards
        return [card.value() for card in found]

    def card(self, pan: str) -> tuple[CoreCard, CoreCustomer] | None:
        found = self._ask("card", w.PanAsked(pan=pan), w.CardReply)
        return (found.card.value(), found.customer.value()) if found.card and found.customer else None

    def accounts(self, customer: str) -> list[CoreAccount]:
        found = self._ask("accounts", w.CustomerId(customer=customer), w.AccountsReply).accounts
        return [account.value() for account in found]

    def account(self, number: str) -> CoreAccount | None:
        found = self._ask("account", w.NumberAsked(number=number), w.AccountReply).account
        return found.value() if found else None

    def movements(self, account: str, span: CoreSpan) -> list[CoreMovement]:
        asked = w.MovementsAsked.model_validate({"account": account, **asdict(span)})
        return [one.value() for one in self._ask("movements", asked, w.MovementsReply).movements]

    def recent_payees(self, customer: str, most: int) -> list[CorePayee]:
        asked = w.PayeesAsked(customer=customer, most=most)
        return [one.value() for one in self._ask("recent-payees", asked, w.PayeesReply).payees]

    def rates(self) -> CoreRates:
        return self._ask("rates", w.NoBody(), w.RatesReply).value()

    def fee(self, source: str, target: str, amount: int) -> int:
        return self._ask("fee", w.FeeAsked(source=source, target=target, amount=amount), w.FeeReply).fee

    def post(self, key: str, order: CoreOrder, *, pending: bool) -> CorePosted:
        sent = w.Order.model_validate(order, from_attributes=True)
        return self._ask("post", w.PostAsked(key=key, order=sent, pending=pending), w.PostedReply).value()

    def confirm(self, key: str) -> CorePosted:
        return self._ask("confirm", w.OfKey(key=key), w.PostedReply).value()

    def void(self, key: str) -> CoreReversed:
        return self._ask("void", w.OfKey(key=key), w.ReversedReply).value()

    def reverse(self, key: str) -> CoreReversed:
        return self._ask("reverse", w.OfKey(key=key), w.ReversedReply).value()

    def state(self, key: str) -> KeyState:
        return self._ask("state", w.OfKey(key=key), KeyState)

    def report_loss(self, key: str, loss: CoreLoss) -> CoreDone:
        sent = c.Loss.model_validate(loss, from_attributes=True)
        return self._ask("report-loss", c.LossAsked(key=key, loss=sent), c.DoneReply).value()

    def lower_limit(self, key: str, limit: CoreLimit) -> CoreDone:
        sent = c.Limit.model_validate(limit, from_attributes=True)
        return self._ask("lower-limit", c.LimitAsked(key=key, limit=sent), c.DoneReply).value()

    def change_phone(self, key: str, phone: CorePhone) -> CoreDone:
        sent = c.Phone.model_validate(phone, from_attributes=True)
        return self._ask("change-phone", c.PhoneAsked(key=key, phone=sent), c.DoneReply).value()

    def lift_loss(self, reference: str) -> int:
        return self._ask("lift-loss", c.LiftAsked(reference=reference), c.LiftedReply).cards

    def specimen(self) -> w.Specimen:
        """The accounts that the contract suite may use."""
        return self._ask("specimen", w.NoBody(), w.Specimen)

    def _ask(self, call: str, body: Message, reply: type[R]) -> R:
        try:
            answer = self._client.post(
                f"{w.PREFIX}/{call}",
                content=body.model_dump_json(),
                headers={**self._headers, "content-type": "application/json"},
            )
            if answer.status_code == 200:
                return reply.model_validate_json(answer.content)
            problem = Problem.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError) as why:
            raise CoreUnavailable(f"{call}: the core's adapter gave no answer") from why
        if answer.status_code == 409 and problem.reason in set(Reason):
            raise CoreRefused(Reason(problem.reason), problem.detail)
        raise CoreUnavailable(f"{call}: status {answer.status_code}, {problem.reason}")
