"""The tables of the branch itself. Times are UTC integer milliseconds, amounts integer fen, states plain words."""

import sqlalchemy as sa
from sqlalchemy.schema import SchemaItem

VERSION = 3
"""Of the schema, the ledger's tables included: a database of another version is refused."""
METADATA = sa.MetaData()


def _text(name: str, *extra: SchemaItem, null: bool = False, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, *extra, nullable=null, primary_key=key)


def _number(name: str, *extra: SchemaItem, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, *extra, nullable=null)


def _counter(name: str) -> sa.Column[int]:
    """A number that the database hands out (SQLite counts only in a plain INTEGER)."""
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True)


version = sa.Table("schema_version", METADATA, _number("version"))

terminals = sa.Table(
    "terminals",
    METADATA,
    _text("id", key=True),
    _text("state"),  # new: waits for its code; active; revoked
    sa.Column("fingerprint", sa.Text, unique=True),  # SHA-256 of the client certificate
    _text("code_hash", null=True),
    _number("code_expires", null=True),
    _number("created"),
    _number("seen", null=True),
    _text("said", null=True),  # what its last heartbeat said
)

keys = sa.Table(
    "hsm_keys",
    METADATA,
    _text("name", key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),  # enciphered by the module itself
)

pins = sa.Table(
    "pins",
    METADATA,
    _text("card", key=True),  # a card's mark: HMAC of its number
    _text("verifier"),
    sa.Column("wrong", sa.Integer, nullable=False),
)

visits = sa.Table(
    "visits",
    METADATA,
    _text("id", key=True),
    _text("terminal"),
    _text("customer", null=True),  # the core's number, once she has proved who she is
    _number("began"),
    sa.Index("visits_of_customer", "customer"),
)

claims = sa.Table(
    "claims",
    METADATA,
    _text("handle", key=True),
    _text("visit", sa.ForeignKey("visits.id")),
    _text("terminal"),
    _text("customer", null=True),  # None: nobody the bank knows
    _number("expires"),
)

claim_cards = sa.Table(
    "claim_cards",
    METADATA,
    _text("handle", key=True),
    _text("claim", sa.ForeignKey("claims.handle")),
    _text("card"),
    _text("pin_number"),
)

loss_handles = sa.Table(
    "loss_handles",
    METADATA,
    _text("handle", key=True),
    _text("visit", sa.ForeignKey("visits.id")),
    _text("customer"),
    _text("card", null=True),  # a card's mark; None: all of them
    _number("expires"),
)
"""A report is repeated until it is heard, also when claim and session are long over: so these live longer."""

sessions = sa.Table(
    "sessions",
    METADATA,
    _text("handle", key=True),
    _text("visit", sa.ForeignKey("visits.id")),
    _text("terminal"),
    _text("customer"),
    _text("card", null=True),  # the card in the reader; None when she came with a document
    _text("counter", null=True),  # the chip's counter (ATC) in the cryptogram that opened it
    _text("state"),  # waiting: for the chip's last word; confirmed; over
    _number("stepped_up", null=True),  # when a one-time code was right
    _number("document", null=True),  # when her own identity card was read
    _number("expires"),
    sa.Index("sessions_of_visit", "visit"),
    sa.UniqueConstraint("card", "counter"),  # a cryptogram lets in once
)

pin_handles = sa.Table(
    "pin_handles",
    METADATA,
    _text("handle", key=True),
    _text("session", sa.ForeignKey("sessions.handle")),
    _text("card"),  # its mark
    _text("pin_number"),
)

codes = sa.Table(
    "codes",
    METADATA,
    _text("session", sa.ForeignKey("sessions.handle"), key=True),
    _text("tag"),  # HMAC of session and code
    sa.Column("sends", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    _number("sent"),
    _number("expires"),
)
"""The one-time code of a session: sends and tries are counted over all of its codes."""

new_phones = sa.Table(
    "new_phones",
    METADATA,
    _text("session", sa.ForeignKey("sessions.handle"), key=True),
    _text("handle"),
    _text("before"),
    _text("number"),
    _text("tag"),  # HMAC of session, number and code
    sa.Column("sends", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    _number("sent"),
    _number("expires"),
    _number("proved", null=True),  # when a code to it was right
)
"""The phone that is to be hers: sends and tries are counted over all numbers of the session."""

phone_requests = sa.Table(
    "phone_requests",
    METADATA,
    _text("reference", key=True),
    _text("session", sa.ForeignKey("sessions.handle")),
    _text("terminal"),
    _text("state"),  # waiting, approved, refused
    _text("by", null=True),  # number of the member of staff
    _number("at"),
    _number("changed"),
    sa.UniqueConstraint("session"),
)
"""A person is asked to look at a customer whose old phone cannot speak for her."""

notices = sa.Table(
    "notices",
    METADATA,
    _text("key", key=True),  # of the act that it tells of
    _text("phone"),  # whom it is for; empty once it was sent
    _text("what"),
    _text("language"),
    _text("state"),  # due, sent, void
    _number("at"),
)
"""What a phone must be told once an act is done: written before the act, so that no crash forgets it."""

downloads = sa.Table(
    "downloads",
    METADATA,
    _text("name", key=True),  # hash of the link's word
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # under that word: nobody here can read it
    _number("expires"),
)
"""Papers that wait for a customer's phone."""

preferences = sa.Table(
    "preferences",
    METADATA,
    _text("customer", key=True),
    sa.Column("body", sa.JSON, nullable=False),
    _number("since"),
)
"""How customers who agreed to it like the glass; erased on request."""

known_payees = sa.Table(
    "known_payees",
    METADATA,
    _text("customer", key=True),
    _text("number", key=True),
    _number("since"),
)
"""Accounts to which a customer has sent money before."""

handles = sa.Table(
    "handles",
    METADATA,
    _text("handle", key=True),
    _text("session", sa.ForeignKey("sessions.handle")),
    _text("kind"),  # account: her own; payee: anybody's
    _text("number"),
    _text("name"),
    sa.UniqueConstraint("session", "kind", "number"),
)

intents = sa.Table(
    "intents",
    METADATA,
    _text("key", key=True),
    _text("visit"),
    _text("terminal"),
    _text("body", null=True),  # hash of what was asked; None for a key that came only to be barred
    _text("state"),  # asked, pending, posted (a bill), done, refused, reversed, barred
    _text("customer", null=True),
    _text("card", null=True),
    _text("counter", null=True),
    _text("source", null=True),
    _text("target", null=True),
    _number("amount", null=True),
    _number("fee", null=True),
    _number("trace", null=True),
    _text("code", null=True),
    _text("operator", null=True),
    _text("channel", null=True),
    _text("reference"),
    _text("accounting_date", null=True),
    _text("reason", null=True),
    _text("issuer_data"),
    _number("balance", null=True),
    _number("at"),
    _number("changed"),
    sa.Index("intents_by_day", "accounting_date", "terminal", "code"),
    sa.Index("intents_by_card", "card", "counter"),
)

untold = sa.Table(
    "untold",
    METADATA,
    _text("key", key=True),
    _text("visit"),
    _text("ending"),
    sa.Column("facts", sa.JSON, nullable=False),
    _number("at"),
    _number("told", null=True),
    sa.Index("untold_by_visit", "visit"),
)

cases = sa.Table(
    "cases",
    METADATA,
    _text("key", key=True),
    _text("terminal"),
    sa.Column("facts", sa.JSON, nullable=False),
    _text("note"),
    _text("state"),
    _number("at"),
)

help_calls = sa.Table(
    "help_calls",
    METADATA,
    _counter("number"),
    _text("visit"),
    _text("terminal"),
    _text("screen"),
    _text("language"),
    _text("state"),
    _number("at"),
)
sa.Index(
    "one_waiting_call_a_visit",
    help_calls.c.visit,
    unique=True,
    sqlite_where=help_calls.c.state == "waiting",
    postgresql_where=help_calls.c.state == "waiting",
)

incidents = sa.Table(
    "incidents",
    METADATA,
    _counter("number"),
    _text("visit"),
    _text("terminal"),
    _text("kind"),
    _text("detail"),
    _number("at"),
)

ratings = sa.Table(
    "ratings",
    METADATA,
    _text("visit", key=True),
    _text("terminal"),
    sa.Column("stars", sa.Integer, nullable=False),
    _number("at"),
)

bill_payments = sa.Table(
    "bill_payments",
    METADATA,
    _text("key", key=True),
    _text("biller"),
    _text("number"),  # the customer's, with that biller
    _text("proof"),  # the biller's; empty until it has taken the money
)
"""What a key with the code BILL-PAY pays: written with its row in `intents`, before the core is asked."""

appointments = sa.Table(
    "appointments",
    METADATA,
    _text("number", key=True),
    _text("branch"),
    _text("day"),
    _text("at"),  # HH:MM, the branch's own time
    _text("topic"),
)

biller_bills = sa.Table(
    "biller_bills",
    METADATA,
    _text("biller", key=True),
    _text("number", key=True),
    _text("period", key=True),
    _text("name"),
    _number("amount"),
    _number("paid"),
    _number("least"),  # the least of one payment; the whole rest when less is due
    _text("until"),
    sa.CheckConstraint("paid >= 0 and paid <= amount", name="never_paid_twice"),
)

biller_notices = sa.Table(
    "biller_notices",
    METADATA,
    _text("key", key=True),
    _text("biller"),
    _text("number"),
    _number("amount"),
    _text("status"),  # new, taken, refused, withdrawn
    _text("reason"),
    _text("proof"),
    _number("at"),
)
"""The reference billers' own books: another system, in the same database for development."""

standing_orders = sa.Table(
    "standing_orders",
    METADATA,
    _text("id", key=True),
    _text("customer"),
    _text("source"),
    _text("target"),
    _text("target_name"),  # masked
    _number("amount"),
    _text("every"),  # month, week
    _text("first"),
    _text("last"),  # empty: no last day
    _number("times"),  # 0: no fixed number
    _text("next"),
    _number("past"),  # paydays that are over, paid or not
    _number("tries"),  # of the next payday, so far
    _number("retry_at"),
    _text("state"),  # active, ended (by her), over
    _number("at"),
    sa.Index("standing_orders_due", "state", "next"),
    sa.Index("standing_orders_of", "customer"),
)

standing_runs = sa.Table(
    "standing_runs",
    METADATA,
    _text("key", key=True),
    _text("order", sa.ForeignKey("standing_orders.id")),
    _text("due"),
    _number("fee"),
    _text("state"),  # asked, done, refused
    _text("reference"),
    _text("reason"),
    _number("at"),
)
"""Each try of each payday, written before the core is asked."""

outbox = sa.Table(
    "outbox",
    METADATA,
    _counter("seq"),
    _number("at"),
    _text("kind"),
    _text("terminal"),
    _text("visit"),
    sa.Column("body", sa.JSON, nullable=False),
)
"""The event log: only ever added to, in the very transaction that the event tells of."""
