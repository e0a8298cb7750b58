"""The link to the branch: it is the Bank that flows ask, over HTTPS, and a WebSocket that tells of changes.

Both sides show certificates. An enquiry that the bank turns down raises Refused; one that fails in any other way raises
Unreachable. An act that comes back with anything but its own reply raises too, and is then in doubt: only the body of a
`Posted` says "refused".
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import httpx
import websockets
from pydantic import ValidationError

from flows.ports import Away, Refused, Unreachable
from protocol import bills, calls, care, enquiries as e, messages as m, remit as r, standing, totals as t

log = logging.getLogger(__name__)
R = TypeVar("R", bound=m.Message)
ACTS = frozenset(
    {
        "transfer",
        "pay_bill",
        "new_standing",
        "end_standing",
        "card_said",
        "reverse",
        "manual_case",
        "report_untold",
        "report_loss",
        "lower_limit",
        "change_pin",
        "change_phone",
        "remit",
        "cancel_transfer",
    }
)
"""Calls that change something: a 409 is no answer to them."""
HEARTBEAT = 3.0
"""Seconds between two signs of life."""
AGAIN = 3.0
"""Seconds before a lost link is dialled again."""
IDLE = 10.0
"""Seconds that a connection is kept for the next call: well under what the branch keeps it, which might else close it
just as a call leaves, and an act would be in doubt for nothing."""
MOST = 1024 * 1024
"""Bytes of a reply at most."""


class Link:
    """`flows.ports.Bank` over an httpx client whose base URL, certificates and time-outs are set."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def _call(self, name: str, message: m.Message, reply: type[R]) -> R:
        call = calls.PATHS[name]
        try:
            answer = await self._client.post(call.path, json=message.model_dump(mode="json"))
        except httpx.HTTPError as why:
            log.warning("%s: %s", name, type(why).__name__)
            raise Away(f"{name}: {type(why).__name__}") from why
        if answer.status_code == httpx.codes.OK and len(answer.content) <= MOST:
            try:
                return reply.model_validate_json(answer.content)
            except ValidationError as why:
                log.warning("%s: a reply that is not %s", name, reply.__name__)
                raise Unreachable(f"{name}: the branch's reply is not one") from why
        raise _turned_down(name, answer)

    # --- who is she?

    async def claim(self, claim: m.Claim) -> m.Claimed:
        return await self._call("claim", claim, m.Claimed)

    async def authorise_card(self, proof: m.CardProof) -> m.Authorised:
        return await self._call("authorise_card", proof, m.Authorised)

    async def authorise_document(self, proof: m.DocumentProof) -> m.Authorised:
        return await self._call("authorise_document", proof, m.Authorised)

    async def confirm_customer(self, customer: str, verdict: m.CardVerdict) -> None:
        said = calls.ConfirmCustomer(customer=customer, verdict=verdict)
        await self._call("confirm_customer", said, calls.Nothing)

    async def sign_out(self, customer: str) -> None:
        await self._call("sign_out", calls.OfCustomer(customer=customer), calls.Nothing)

    # --- money

    async def accounts(self, customer: str) -> tuple[m.Account, ...]:
        return (await self._call("accounts", calls.OfCustomer(customer=customer), calls.Accounts)).accounts

    async def movements(self, asked: e.MovementsAsked) -> e.Movements:
        return await self._call("movements", asked, e.Movements)

    async def take_statement(self, asked: e.StatementAsked) -> e.PaperLink:
        return await self._call("take_statement", asked, e.PaperLink)

    async def recent_payees(self, customer: str) -> tuple[m.Payee, ...]:
        return (await self._call("recent_payees", calls.OfCustomer(customer=customer), e.Payees)).payees

    async def rates(self) -> e.ExchangeRates:
        return await self._call("rates", calls.Nothing(), e.ExchangeRates)

    async def information(self) -> e.BranchInformation:
        return await self._call("information", calls.Nothing(), e.BranchInformation)

    async def payee(self, customer: str, number: str) -> m.Payee:
        return await self._call("payee", calls.PayeeAsked(customer=customer, number=number), m.Payee)

    async def quote(self, customer: str, order: m.TransferOrder) -> m.Quote:
        return await self._call("quote", calls.QuoteAsked(customer=customer, order=order), m.Quote)

    async def transfer(self, post: m.Post) -> m.Posted:
        return await self._call("transfer", post, m.Posted)

    async def payee_banks(self, customer: str, number: str) -> r.PayeeBanks:
        return await self._call("payee_banks", r.BanksAsked(customer=customer, number=number), r.PayeeBanks)

    async def outside_payee(self, asked: r.OutsideAsked) -> r.Outside:
        return await self._call("outside_payee", asked, r.Outside)

    async def price(self, asked: r.PriceAsked) -> r.Price:
        return await self._call("price", asked, r.Price)

    async def remit(self, post: r.Remit) -> m.Posted:
        return await self._call("remit", post, m.Posted)

    async def pending(self, customer: str) -> r.PendingTransfers:
        return await self._call("pending", calls.OfCustomer(customer=customer), r.PendingTransfers)

    async def cancel_transfer(self, cancel: r.Cancel) -> m.Outcome:
        return await self._call("cancel_transfer", cancel, m.Outcome)

    async def card_said(self, key: str, verdict: m.CardVerdict) -> m.Posted:
        return await self._call("card_said", calls.CardSaid(key=key, verdict=verdict), m.Posted)

    async def reverse(self, key: str, reason: Literal["timeout", "customer", "card", "settle"]) -> m.Reversed:
        return await self._call("reverse", m.Reversal(key=key, reason=reason), m.Reversed)

    async def state(self, key: str) -> m.KeyState:
        return await self._call("state", calls.OfKey(key=key), m.KeyState)

    async def manual_case(self, case: m.ManualCase) -> None:
        await self._call("manual_case", case, calls.Nothing)

    # --- cards

    async def loss_cards(self, visit: str, who: str) -> care.LossCards:
        return await self._call("loss_cards", care.LossAsked(visit=visit, who=who), care.LossCards)

    async def lower_limit(self, change: care.LimitChange) -> m.Outcome:
        return await self._call("lower_limit", change, m.Outcome)

    async def pin_cards(self, customer: str) -> care.PinCards:
        return await self._call("pin_cards", calls.OfCustomer(customer=customer), care.PinCards)

    async def change_pin(self, change: care.PinChange) -> m.Outcome:
        return await self._call("change_pin", change, m.Outcome)

    async def send_code(self, asked: care.CodeAsked) -> care.CodeSent:
        return await self._call("send_code", asked, care.CodeSent)

    async def check_code(self, typed: care.CodeTyped) -> None:
        await self._call("check_code", typed, calls.Nothing)

    async def report_loss(self, report: care.LossReport) -> m.Outcome:
        return await self._call("report_loss", report, m.Outcome)

    async def phone_now(self, customer: str) -> care.PhoneNow:
        return await self._call("phone_now", calls.OfCustomer(customer=customer), care.PhoneNow)

    async def show_document(self, shown: care.DocumentShown) -> None:
        await self._call("show_document", shown, calls.Nothing)

    async def ask_person(self, customer: str) -> care.Approval:
        return await self._call("ask_person", calls.OfCustomer(customer=customer), care.Approval)

    async def send_new_phone_code(self, asked: care.NewPhoneAsked) -> care.CodeSent:
        return await self._call("send_new_phone_code", asked, care.CodeSent)

    async def check_new_phone_code(self, typed: care.CodeTyped) -> care.NewPhone:
        return await self._call("check_new_phone_code", typed, care.NewPhone)

    async def change_phone(self, change: care.PhoneChange) -> m.Outcome:
        return await self._call("change_phone", change, m.Outcome)

    # --- bills and codes

    async def billers(self, asked: bills.BillersAsked) -> bills.Billers:
        return await self._call("billers", asked, bills.Billers)

    async def bill(self, asked: bills.BillAsked) -> bills.Bill:
        return await self._call("bill", asked, bills.Bill)

    async def bill_fee(self, asked: bills.FeeAsked) -> bills.BillFee:
        return await self._call("bill_fee", asked, bills.BillFee)

    async def pay_bill(self, post: bills.BillPost) -> m.Posted:
        return await self._call("pay_bill", post, m.Posted)

    async def appointment(self, asked: bills.AppointmentAsked) -> bills.Appointment:
        return await self._call("appointment", asked, bills.Appointment)

    async def standing_orders(self, customer: str) -> standing.StandingOrders:
        return await self._call("standing_orders", calls.OfCustomer(customer=customer), standing.StandingOrders)

    async def new_standing(self, new: standing.NewStanding) -> m.Outcome:
        return await self._call("new_standing", new, m.Outcome)

    async def end_standing(self, end: standing.EndStanding) -> m.Outcome:
        return await self._call("end_standing", end, m.Outcome)

    # --- people

    async def report_untold(self, ending: m.UntoldEnding) -> None:
        await self._call("report_untold", ending, calls.Nothing)

    async def untold(self, customer: str) -> m.UntoldEndings:
        return await self._call("untold", calls.OfCustomer(customer=customer), m.UntoldEndings)

    async def told(self, customer: str, key: str) -> None:
        await self._call("told", calls.Told(customer=customer, key=key), calls.Nothing)

    async def call_help(self, call: m.HelpCall) -> m.HelpCalled:
        return await self._call("call_help", call, m.HelpCalled)

    async def incident(self, incident: m.Incident) -> None:
        await self._call("incident", incident, calls.Nothing)

    async def rate(self, rating: m.Rating) -> None:
        await self._call("rate", rating, calls.Nothing)

    async def keep_preferences(self, customer: str, preferences: m.Preferences | None) -> None:
        body = calls.KeepPreferences(customer=customer, preferences=preferences)
        await self._call("keep_preferences", body, calls.Nothing)

    async def pad_keys(self) -> m.PadKeys:
        """Fresh working keys for the PIN pad, under its master key."""
        return await self._call("pad_keys", calls.Nothing(), m.PadKeys)

    async def clock(self) -> int:
        """The branch's clock, UTC milliseconds."""
        return (await self._call("clock", calls.Nothing(), t.Clock)).at

    async def day_totals(self, totals: t.DayTotals) -> t.DayCompared:
        """Have a day compared with what the branch has of it."""
        return await self._call("day_totals", totals, t.DayCompared)


def _turned_down(name: str, answer: httpx.Response) -> Exception:
    """What a reply that is not the expected one means."""
    doubt = Unreachable(f"{name}: HTTP {answer.status_code}")
    try:
        problem = m.Problem.model_validate_json(answer.content)
    except ValidationError:
        log.warning("%s: HTTP %d, not by a branch", name, answer.status_code)
        return doubt
    if answer.status_code == httpx.codes.CONFLICT:
        log.info("%s: refused, %s", name, problem.reason)
    else:
        log.warning("%s: HTTP %d, %s; %s can mend it", name, answer.status_code, problem.detail, problem.mend)
    if name in ACTS or answer.status_code != httpx.codes.CONFLICT:
        return doubt
    with suppress(ValueError):
        return Refused(m.Reason(problem.reason), problem.detail)
    return doubt


def trust(authority: str, certificate: str, key: str) -> ssl.SSLContext:
    """Believe in this authority alone, and show this certificate."""
    context = ssl.create_default_context(cafile=authority)
    if certificate:
        context.load_cert_chain(certificate, key)
    return context


def open_client(url: str, context: ssl.SSLContext, patience: float = 20.0) -> httpx.AsyncClient:
    """An HTTPS client for one branch; `patience` seconds for each step of a call."""
    limits = httpx.Limits(keepalive_expiry=IDLE)
    return httpx.AsyncClient(base_url=url, verify=context, timeout=httpx.Timeout(patience, connect=5.0), limits=limits)


class Line:
    """The WebSocket beside the calls: hears whether the branch serves, and says that the terminal lives."""

    def __init__(
        self,
        url: str,
        context: ssl.SSLContext,
        state: Callable[[], m.Heartbeat],
        told: Callable[[m.Hello], None] = lambda _: None,
    ) -> None:
        """`state` is asked for each sign of life; `told` hears each new word of the branch."""
        parts = urlsplit(url)
        self._url = f"wss://{parts.netloc}{calls.LINK}"
        self._context, self._state, self._told = context, state, told
        self.hello: m.Hello | None = None
        """What the branch said last; None while the line is down."""
        self.revoked = False
        """True once the branch has closed the line on a terminal it no longer knows."""
        self.changed = asyncio.Event()
        """Set at each change of the above; whoever waits for it clears it."""

    async def run(self) -> None:
        """Hold the line until cancelled or revoked, dialling again after each loss."""
        while not self.revoked:
            with suppress(OSError, websockets.WebSocketException, ValidationError):
                await self._once()
            self._heard(None)
            await asyncio.sleep(AGAIN)

    async def _once(self) -> None:
        async with websockets.connect(self._url, ssl=self._context, max_size=MOST, open_timeout=5) as socket:
            beating = asyncio.ensure_future(self._beat(socket))
            try:
                async for text in socket:
                    self._heard(m.Hello.model_validate_json(text))
                self.revoked = socket.close_code == calls.REVOKED
            except websockets.ConnectionClosedError:
                self.revoked = socket.close_code == calls.REVOKED
                raise
            finally:
                beating.cancel()
                await asyncio.gather(beating, return_exceptions=True)

    async def _beat(self, socket: Any) -> None:
        while True:
            await socket.send(self._state().model_dump_json())
            await asyncio.sleep(HEARTBEAT)

    def _heard(self, hello: m.Hello | None) -> None:
        if hello != self.hello:
            self.hello = hello
            self.changed.set()
            if hello is not None:
                self._told(hello)
