"""Every call a terminal makes on its branch: name, path, what is sent, what comes back.

All are POST with a JSON body over mutual TLS. 2xx carries the reply type; anything else carries `Problem`. An enquiry
that the bank turns down is 409 with `Problem.reason` a `Reason`. A turned-down transfer is 200 with
`Posted(status="refused")`: that body alone is recorded under the key. Any other status on an act says nothing about
whether it happened.
"""

from dataclasses import dataclass

from pydantic import Field

from protocol import bills, care, enquiries as e, messages as m, remit, standing, totals as t

LINK = "/v1/link"
"""The WebSocket: the branch sends `Hello`, and again at each change; the terminal sends `Heartbeat`."""
REVOKED = 4403
"""The branch closes the link with this code when the terminal is, or becomes, unknown to it."""
OPENAPI = "/openapi.json"


class Nothing(m.Message):
    """An empty object: nothing to say beyond that it was heard."""


class OfCustomer(m.Message):
    """An enquiry about the customer behind this handle."""

    customer: m.Handle


class ConfirmCustomer(m.Message):
    """What the chip said last in an identification."""

    customer: m.Handle
    verdict: m.CardVerdict


class Accounts(m.Message):
    """The customer's accounts, in a stable order."""

    accounts: tuple[m.Account, ...]


class PayeeAsked(m.Message):
    """To whom does this account number belong?"""

    customer: m.Handle
    number: str = Field(pattern=r"^[0-9]{8,32}$")


class QuoteAsked(m.Message):
    """What would this order cost? `order.fee` is not looked at."""

    customer: m.Handle
    order: m.TransferOrder


class CardSaid(m.Message):
    """What the chip said last over a pending posting."""

    key: str = Field(pattern=m.KEY)
    verdict: m.CardVerdict


class KeepPreferences(m.Message):
    """She wants her settings to follow her; without any, they are forgotten."""

    customer: m.Handle
    preferences: m.Preferences | None = None


class OfKey(m.Message):
    """An enquiry about one key."""

    key: str = Field(pattern=m.KEY)


class Told(m.Message):
    """The customer has now seen how this key ended."""

    customer: m.Handle
    key: str = Field(pattern=m.KEY)


@dataclass(frozen=True)
class Call:
    """One call: where it goes, what it carries, what it brings back."""

    path: str
    request: type[m.Message]
    reply: type[m.Message]


PATHS: dict[str, Call] = {
    "enrol": Call("/v1/enrol", m.Enrol, m.Enrolled),
    "pad_keys": Call("/v1/pad-keys", Nothing, m.PadKeys),
    "claim": Call("/v1/claim", m.Claim, m.Claimed),
    "authorise_card": Call("/v1/authorise-card", m.CardProof, m.Authorised),
    "authorise_document": Call("/v1/authorise-document", m.DocumentProof, m.Authorised),
    "confirm_customer": Call("/v1/confirm-customer", ConfirmCustomer, Nothing),
    "sign_out": Call("/v1/sign-out", OfCustomer, Nothing),
    "accounts": Call("/v1/accounts", OfCustomer, Accounts),
    "movements": Call("/v1/movements", e.MovementsAsked, e.Movements),
    "take_statement": Call("/v1/statement/take", e.StatementAsked, e.PaperLink),
    "recent_payees": Call("/v1/recent-payees", OfCustomer, e.Payees),
    "rates": Call("/v1/rates", Nothing, e.ExchangeRates),
    "information": Call("/v1/information", Nothing, e.BranchInformation),
    "payee": Call("/v1/payee", PayeeAsked, m.Payee),
    "quote": Call("/v1/quote", QuoteAsked, m.Quote),
    "transfer": Call("/v1/transfer", m.Post, m.Posted),
    "card_said": Call("/v1/card-said", CardSaid, m.Posted),
    "payee_banks": Call("/v1/remit/banks", remit.BanksAsked, remit.PayeeBanks),
    "outside_payee": Call("/v1/remit/payee", remit.OutsideAsked, remit.Outside),
    "price": Call("/v1/remit/price", remit.PriceAsked, remit.Price),
    "remit": Call("/v1/remit", remit.Remit, m.Posted),
    "pending": Call("/v1/remit/pending", OfCustomer, remit.PendingTransfers),
    "cancel_transfer": Call("/v1/remit/cancel", remit.Cancel, m.Outcome),
    "reverse": Call("/v1/reverse", m.Reversal, m.Reversed),
    "state": Call("/v1/state", OfKey, m.KeyState),
    "manual_case": Call("/v1/manual-case", m.ManualCase, Nothing),
    "report_untold": Call("/v1/untold/report", m.UntoldEnding, Nothing),
    "untold": Call("/v1/untold", OfCustomer, m.UntoldEndings),
    "told": Call("/v1/told", Told, Nothing),
    "call_help": Call("/v1/help", m.HelpCall, m.HelpCalled),
    "incident": Call("/v1/incident", m.Incident, Nothing),
    "rate": Call("/v1/rate", m.Rating, Nothing),
    "keep_preferences": Call("/v1/preferences", KeepPreferences, Nothing),
    "clock": Call("/v1/clock", Nothing, t.Clock),
    "day_totals": Call("/v1/day-totals", t.DayTotals, t.DayCompared),
    "loss_cards": Call("/v1/loss/cards", care.LossAsked, care.LossCards),
    "send_code": Call("/v1/code/send", care.CodeAsked, care.CodeSent),
    "check_code": Call("/v1/code/check", care.CodeTyped, Nothing),
    "lower_limit": Call("/v1/limit/lower", care.LimitChange, m.Outcome),
    "pin_cards": Call("/v1/pin/cards", OfCustomer, care.PinCards),
    "change_pin": Call("/v1/pin/change", care.PinChange, m.Outcome),
    "billers": Call("/v1/bills/billers", bills.BillersAsked, bills.Billers),
    "bill": Call("/v1/bills/enquiry", bills.BillAsked, bills.Bill),
    "bill_fee": Call("/v1/bills/fee", bills.FeeAsked, bills.BillFee),
    "pay_bill": Call("/v1/bills/pay", bills.BillPost, m.Posted),
    "appointment": Call("/v1/appointment", bills.AppointmentAsked, bills.Appointment),
    "standing_orders": Call("/v1/standing/orders", OfCustomer, standing.StandingOrders),
    "new_standing": Call("/v1/standing/new", standing.NewStanding, m.Outcome),
    "end_standing": Call("/v1/standing/end", standing.EndStanding, m.Outcome),
    "report_loss": Call("/v1/loss/report", care.LossReport, m.Outcome),
    "phone_now": Call("/v1/phone/now", OfCustomer, care.PhoneNow),
    "show_document": Call("/v1/phone/document", care.DocumentShown, Nothing),
    "ask_person": Call("/v1/phone/person", OfCustomer, care.Approval),
    "send_new_phone_code": Call("/v1/phone/code", care.NewPhoneAsked, care.CodeSent),
    "check_new_phone_code": Call("/v1/phone/check", care.CodeTyped, care.NewPhone),
    "change_phone": Call("/v1/phone/change", care.PhoneChange, m.Outcome),
}
"""By the name of the method of the terminal's `Bank` port; `enrol`, `pad_keys`, `clock` and `day_totals` are the
terminal's own.

`enrol` alone needs no client certificate.
"""
