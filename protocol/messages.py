"""Everything that crosses the wire between terminal and branch.

Amounts are integer fen, times are UTC integer milliseconds, bytes are lower-case hex. Each message is frozen, refuses
unknown fields, and the branch publishes the same models as its OpenAPI description.
"""

import enum
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from protocol.chain import canonical
from protocol.hours import SPAN
from protocol.reasons import TRANSACTIONS as TRANSACTIONS, Mend as Mend, Reason as Reason, SwitchReason as SwitchReason

VISIT = r"^[A-Za-z0-9]{1,16}-[0-9a-f]{32}$"
KEY = r"^[A-Za-z0-9]{1,16}-[0-9a-f]{32}/[0-9]{3,}-[a-z][a-z-]*$"
Hex = Annotated[str, Field(pattern=r"^([0-9a-f]{2})*$", max_length=2048)]
Fen = Annotated[int, Field(ge=0, lt=10**15)]
Handle = Annotated[str, Field(min_length=1, max_length=64)]


class Message(BaseModel):
    """A frozen value on the wire."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Problem(Message):
    """The body of every reply that is not a 2xx: the words are for the engineer, the reason for the program."""

    reason: str
    mend: Mend
    detail: str


class Enrol(Message):
    """A new terminal shows its one-time code and asks for a certificate."""

    terminal: str = Field(pattern=r"^[A-Za-z0-9]{1,16}$")
    code: str
    csr_pem: str


class Enrolled(Message):
    """The terminal's client certificate, and the authority that both sides trust."""

    certificate_pem: str
    authority_pem: str


class PadKey(Message):
    """A working key under the pad's master key: nobody but pad and HSM can open it."""

    name: Literal["TPK", "TAK", "TPKAES", "TAKSM4", "IK", "IKAES"]
    """`IK` and `IKAES` are initial keys of DUKPT, `TAKSM4` a MAC key for SM4."""
    wrapping: Literal["ecb", "tr31"] = "ecb"
    """How `cryptogram` is to be read: enciphered blocks, or the characters of a TR-31 key block."""
    cryptogram: Hex
    kcv: Hex
    """Key check value, 3 bytes: the pad's own answer must equal it."""


class PadKeys(Message):
    """A fresh set of working keys."""

    keys: tuple[PadKey, ...]


class Hello(Message):
    """First message of the branch on the link's WebSocket, and again at every change of state."""

    bank: str
    branch: str
    terminal: str
    accounting_date: date
    in_service: bool
    switched_off: dict[str, SwitchReason] = {}
    """Transactions, by their id on the menu, that are not offered now."""
    hours: tuple[Annotated[str, Field(pattern=SPAN)], ...] = ()
    """When this terminal serves, in local time; empty: always."""
    cut_over_at: int | None = None
    """UTC milliseconds of the next cut-over of the accounting date, where the branch knows it."""
    cut_over_still: Annotated[int, Field(ge=0, le=3600)] = 0
    """Seconds before it in which no new visit begins."""


class Heartbeat(Message):
    """The terminal's sign of life on the link's WebSocket."""

    state: Literal["ready", "visit", "out-of-service"]
    devices: dict[str, str] = {}


# --- who is she?


class Document(Message):
    """What an identity card says of its holder. Personal data: never logged."""

    kind: Literal["resident", "foreign2017", "hmt", "foreign2023"]
    id_number: str
    name: str
    valid_to: date | None = None


class Claim(Message):
    """A document lies on the reader: this person may be here."""

    visit: str = Field(pattern=VISIT)
    document: Document


class CardOnFile(Message):
    """A card that the claimed person could prove herself with."""

    handle: Handle
    masked: str
    pin_number: str
    """A number of this visit only that stands for the PAN in the PIN block, so that the PAN stays at the branch."""


class Claimed(Message):
    """A claim, not yet a customer."""

    claim: Handle
    surname: str
    cards: tuple[CardOnFile, ...] = ()
    withheld: tuple[str, ...] = ()
    """Transactions that this kind of document does not open at a terminal."""


class PinCheck(Message):
    """A PIN in its enciphered block."""

    block: Hex
    format: Literal["iso0", "iso3", "iso4"]
    ksn: Hex = ""
    """Key serial number, when the block is under a DUKPT key."""


class CardProof(Message):
    """Card + PIN: the chip's ARQC and the block."""

    visit: str = Field(pattern=VISIT)
    pan: str = Field(pattern=r"^[0-9]{12,19}$")
    sequence: str = Field(pattern=r"^[0-9]{2}$", default="00")
    field55: Hex
    pin: PinCheck


class DocumentProof(Message):
    """ID card + PIN of a card on file."""

    visit: str = Field(pattern=VISIT)
    claim: Handle
    card: Handle
    pin: PinCheck


class Preferences(Message):
    """How a customer likes the glass; kept only because she said yes to it."""

    language: Literal["zh", "en", "ar"]
    large: bool = False
    elder: bool = False


class Authorised(Message):
    """The branch knows this customer for the rest of the visit."""

    customer: Handle
    surname: str
    issuer_data: Hex = ""
    """Tag 91 (ARPC and response code); empty without a card."""
    scripts: tuple[Hex, ...] = ()
    confirmed: bool
    """False until the card's TC has been reported."""
    preferences: Preferences | None = None


class CardVerdict(Message):
    """What the chip said last: it confirms what waits for it, or voids it."""

    approved: bool
    field55: Hex = ""


# --- money


class Account(Message):
    """One account of the customer."""

    handle: Handle
    kind: Literal["current", "savings"]
    masked: str
    balance: int
    available: Fen
    limit_today: Fen
    """What may still be moved away from this account today by this channel."""
    limit_day: Fen = 0
    """What may be moved away in a whole day."""
    card_masked: str | None = None


class Payee(Message):
    """Somebody to whom money may go; the name comes from the bank, masked."""

    handle: Handle
    masked_name: str
    masked_number: str


class Risk(Message):
    """What the bank's watch over fraud says of an order before it is made."""

    verdict: Literal["ok", "warn", "person", "refuse"] = "ok"
    """`warn`: she must first read why, for `pause` seconds; `person`: then somebody must speak with her."""
    reason: Literal["", "new-payee", "many-payees", "listed"] = ""
    pause: int = Field(default=0, ge=0, le=120)


class Quote(Message):
    """What a transfer would cost and when it would arrive."""

    fee: Fen
    arrival: Literal["immediate"]
    accounting_date: date
    step_up: bool = False
    """True when she must step up before it is done: a payee to whom she has never sent anything."""
    risk: Risk = Risk()


class Order(Message):
    """What the customer confirmed; journaled as it stands, so it holds handles and masked numbers only."""


class TransferOrder(Order):
    """Move money within the bank."""

    source: Handle
    source_masked: str
    target: Handle
    target_masked: str
    target_name: str
    amount: Annotated[int, Field(gt=0, lt=10**15)]
    fee: Fen
    currency: Literal["CNY"] = "CNY"


class Post(Message):
    """Do it, under a key born on the terminal."""

    key: str = Field(pattern=KEY)
    trace: int = Field(gt=0)
    code: str
    """Transaction code, e.g. `TRF-OWN-BANK`."""
    operator: str
    channel: Literal["VTM"] = "VTM"
    customer: Handle
    order: TransferOrder
    field55: Hex = ""
    """The chip's ARQC for this amount; empty when no card stands behind the order."""
    mac: Hex
    """Made by the pad over `authenticated(post)`."""


def authenticated(key: str, trace: int, code: str, order: Order) -> bytes:
    """The bytes that the pad's MAC protects: what is to be done, all of the order, under which key."""
    return canonical({"key": key, "trace": trace, "code": code, "order": order.model_dump(mode="json")})


class Outcome(Message):
    """The bank's recorded answer under a key. Only `status="refused"` in this body means refused."""

    key: str
    status: Literal["done", "pending", "refused"]
    reference: str = ""
    """The host's own reference, on journal and receipt."""
    accounting_date: date
    reason: Reason | None = None


class Posted(Outcome):
    """What became of a posting."""

    issuer_data: Hex = ""
    scripts: tuple[Hex, ...] = ()
    balance: int | None = None
    proof: str = ""
    """Of a paid bill: the number by which its biller has taken the money."""


class Ending(enum.StrEnum):
    """What a reversal found. `barred`: the key was unknown and can never post from now on."""

    REVERSED = "reversed"
    BARRED = "barred"
    STANDS = "stands"
    LATER = "later"


class Reversal(Message):
    """Take it back, or bar it if it never came."""

    key: str = Field(pattern=KEY)
    reason: Literal["timeout", "customer", "card", "settle"]


class Reversed(Message):
    """How the key ended."""

    key: str
    ending: Ending
    reference: str = ""


class KeyState(Message):
    """What is recorded under a key; `unknown` promises nothing about later."""

    key: str
    status: Literal["unknown", "pending", "done", "refused", "reversed", "barred"]
    reference: str = ""
    accounting_date: date | None = None


class ManualCase(Message):
    """An intent that no program could end: a person at the branch must look."""

    key: str = Field(pattern=KEY)
    order: dict[str, str | int | None]
    note: str


# --- people


class UntoldEnding(Message):
    """An ending that its customer has not seen; told after the next identification at any terminal."""

    key: str = Field(pattern=KEY)
    ending: Literal["done", "reversed", "refused", "manual"]
    order: dict[str, str | int | None]


class UntoldEndings(Message):
    """All that waits for this customer."""

    endings: tuple[UntoldEnding, ...] = ()


class HelpCall(Message):
    """Somebody at a terminal wants a person."""

    visit: str = Field(pattern=VISIT)
    screen: str
    language: str
    wants: Literal["voice", "text"] = "voice"
    """`text`: she does not hear or speak, and whoever comes shall write."""


class HelpCalled(Message):
    """The call is in the branch's list under this number."""

    number: int


class Incident(Message):
    """Something that staff at the branch should know: a card left behind, a visit that broke off."""

    visit: str = Field(pattern=VISIT)
    kind: str = Field(max_length=40)
    detail: str = Field(max_length=200, default="")


class Rating(Message):
    """One touch at the end."""

    visit: str = Field(pattern=VISIT)
    stars: int = Field(ge=1, le=5)
