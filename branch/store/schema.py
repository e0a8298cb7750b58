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
    sa.Column("parts", sa.JSON, nullable=True),  # and how its parts are, each by its name
)

switches = sa.Table(
    "switches",
    METADATA,
    _counter("number"),
    _text("transaction_id"),
    _text("scope"),  # fleet, branch, terminal
    _text("place"),  # which branch or terminal; "" for the fleet
    _text("since"),  # HH:MM local time, "" for always
    _text("until"),
    _text("reason"),
    _number("at"),
    sa.UniqueConstraint("transaction_id", "scope", "place", "since", "until"),
)
"""What is not offered, beside the configuration file of each branch."""

day_totals = sa.Table(
    "day_totals",
    METADATA,
    _text("terminal", key=True),
    _text("day", key=True),
    sa.Column("said", sa.JSON, nullable=False),  # what the terminal counted
    _number("at"),
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
    _text("state"),  # asked, pending, done, refused, reversed, barred
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
