"""The tables of the branch itself. Times are UTC integer milliseconds, amounts integer fen, states plain words."""

import sqlalchemy as sa

from branch.store.columns import METADATA as METADATA, counter, number, text
from branch.store.schema_bills import (
    appointments as appointments,
    bill_payments as bill_payments,
    biller_bills as biller_bills,
    biller_notices as biller_notices,
    standing_orders as standing_orders,
    standing_runs as standing_runs,
)

VERSION = 3
"""Of the schema, the ledger's tables included: a database of another version is refused."""
version = sa.Table("schema_version", METADATA, number("version"))

terminals = sa.Table(
    "terminals",
    METADATA,
    text("id", key=True),
    text("state"),  # new: waits for its code; active; revoked
    sa.Column("fingerprint", sa.Text, unique=True),  # SHA-256 of the client certificate
    text("code_hash", null=True),
    number("code_expires", null=True),
    number("created"),
    number("seen", null=True),
    text("said", null=True),  # what its last heartbeat said
    sa.Column("parts", sa.JSON, nullable=True),  # and how its parts are, each by its name
)

switches = sa.Table(
    "switches",
    METADATA,
    counter("number"),
    text("transaction_id"),
    text("scope"),  # fleet, branch, terminal
    text("place"),  # which branch or terminal; "" for the fleet
    text("since"),  # HH:MM local time, "" for always
    text("until"),
    text("reason"),
    number("at"),
    sa.UniqueConstraint("transaction_id", "scope", "place", "since", "until"),
)
"""What is not offered, beside the configuration file of each branch."""

day_totals = sa.Table(
    "day_totals",
    METADATA,
    text("terminal", key=True),
    text("day", key=True),
    sa.Column("said", sa.JSON, nullable=False),  # what the terminal counted
    number("at"),
)

keys = sa.Table(
    "hsm_keys",
    METADATA,
    text("name", key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),  # enciphered by the module itself
)

pins = sa.Table(
    "pins",
    METADATA,
    text("card", key=True),  # a card's mark: HMAC of its number
    text("verifier"),
    sa.Column("wrong", sa.Integer, nullable=False),
)

visits = sa.Table(
    "visits",
    METADATA,
    text("id", key=True),
    text("terminal"),
    text("customer", null=True),  # the core's number, once she has proved who she is
    number("began"),
    sa.Index("visits_of_customer", "customer"),
)

claims = sa.Table(
    "claims",
    METADATA,
    text("handle", key=True),
    text("visit", sa.ForeignKey("visits.id")),
    text("terminal"),
    text("customer", null=True),  # None: nobody the bank knows
    number("expires"),
)

claim_cards = sa.Table(
    "claim_cards",
    METADATA,
    text("handle", key=True),
    text("claim", sa.ForeignKey("claims.handle")),
    text("card"),
    text("pin_number"),
)

loss_handles = sa.Table(
    "loss_handles",
    METADATA,
    text("handle", key=True),
    text("visit", sa.ForeignKey("visits.id")),
    text("customer"),
    text("card", null=True),  # a card's mark; None: all of them
    number("expires"),
)
"""A report is repeated until it is heard, also when claim and session are long over: so these live longer."""

sessions = sa.Table(
    "sessions",
    METADATA,
    text("handle", key=True),
    text("visit", sa.ForeignKey("visits.id")),
    text("terminal"),
    text("customer"),
    text("card", null=True),  # the card in the reader; None when she came with a document
    text("counter", null=True),  # the chip's counter (ATC) in the cryptogram that opened it
    text("state"),  # waiting: for the chip's last word; confirmed; over
    number("stepped_up", null=True),  # when a one-time code was right
    number("document", null=True),  # when her own identity card was read
    number("expires"),
    sa.Index("sessions_of_visit", "visit"),
    sa.UniqueConstraint("card", "counter"),  # a cryptogram lets in once
)

pin_handles = sa.Table(
    "pin_handles",
    METADATA,
    text("handle", key=True),
    text("session", sa.ForeignKey("sessions.handle")),
    text("card"),  # its mark
    text("pin_number"),
)

codes = sa.Table(
    "codes",
    METADATA,
    text("session", sa.ForeignKey("sessions.handle"), key=True),
    text("tag"),  # HMAC of session and code
    sa.Column("sends", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    number("sent"),
    number("expires"),
)
"""The one-time code of a session: sends and tries are counted over all of its codes."""

new_phones = sa.Table(
    "new_phones",
    METADATA,
    text("session", sa.ForeignKey("sessions.handle"), key=True),
    text("handle"),
    text("before"),
    text("number"),
    text("tag"),  # HMAC of session, number and code
    sa.Column("sends", sa.Integer, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    number("sent"),
    number("expires"),
    number("proved", null=True),  # when a code to it was right
)
"""The phone that is to be hers: sends and tries are counted over all numbers of the session."""

phone_requests = sa.Table(
    "phone_requests",
    METADATA,
    text("reference", key=True),
    text("session", sa.ForeignKey("sessions.handle")),
    text("terminal"),
    text("state"),  # waiting, approved, refused
    text("by", null=True),  # number of the member of staff
    number("at"),
    number("changed"),
    sa.UniqueConstraint("session"),
)
"""A person is asked to look at a customer whose old phone cannot speak for her."""

notices = sa.Table(
    "notices",
    METADATA,
    text("key", key=True),  # of the act that it tells of
    text("phone"),  # whom it is for; empty once it was sent
    text("what"),
    text("language"),
    text("state"),  # due, sent, void
    number("at"),
)
"""What a phone must be told once an act is done: written before the act, so that no crash forgets it."""

downloads = sa.Table(
    "downloads",
    METADATA,
    text("name", key=True),  # hash of the link's word
    sa.Column("sealed", sa.LargeBinary, nullable=False),  # under that word: nobody here can read it
    number("expires"),
)
"""Papers that wait for a customer's phone."""

preferences = sa.Table(
    "preferences",
    METADATA,
    text("customer", key=True),
    sa.Column("body", sa.JSON, nullable=False),
    number("since"),
)
"""How customers who agreed to it like the glass; erased on request."""

known_payees = sa.Table(
    "known_payees",
    METADATA,
    text("customer", key=True),
    text("number", key=True),
    number("since"),
)
"""Accounts to which a customer has sent money before."""

handles = sa.Table(
    "handles",
    METADATA,
    text("handle", key=True),
    text("session", sa.ForeignKey("sessions.handle")),
    text("kind"),  # account: her own; payee: anybody's
    text("number"),
    text("name"),
    sa.UniqueConstraint("session", "kind", "number"),
)

intents = sa.Table(
    "intents",
    METADATA,
    text("key", key=True),
    text("visit"),
    text("terminal"),
    text("body", null=True),  # hash of what was asked; None for a key that came only to be barred
    text("state"),  # asked, pending, posted (a bill), done, refused, reversed, barred
    text("customer", null=True),
    text("card", null=True),
    text("counter", null=True),
    text("source", null=True),
    text("target", null=True),
    number("amount", null=True),
    number("fee", null=True),
    number("trace", null=True),
    text("code", null=True),
    text("operator", null=True),
    text("channel", null=True),
    text("reference"),
    text("accounting_date", null=True),
    text("reason", null=True),
    text("issuer_data"),
    number("balance", null=True),
    number("at"),
    number("changed"),
    sa.Index("intents_by_day", "accounting_date", "terminal", "code"),
    sa.Index("intents_by_card", "card", "counter"),
)

untold = sa.Table(
    "untold",
    METADATA,
    text("key", key=True),
    text("visit"),
    text("ending"),
    sa.Column("facts", sa.JSON, nullable=False),
    number("at"),
    number("told", null=True),
    sa.Index("untold_by_visit", "visit"),
)

cases = sa.Table(
    "cases",
    METADATA,
    text("key", key=True),
    text("terminal"),
    sa.Column("facts", sa.JSON, nullable=False),
    text("note"),
    text("state"),
    number("at"),
)

help_calls = sa.Table(
    "help_calls",
    METADATA,
    counter("number"),
    text("visit"),
    text("terminal"),
    text("screen"),
    text("language"),
    text("state"),
    number("at"),
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
    counter("number"),
    text("visit"),
    text("terminal"),
    text("kind"),
    text("detail"),
    number("at"),
)

ratings = sa.Table(
    "ratings",
    METADATA,
    text("visit", key=True),
    text("terminal"),
    sa.Column("stars", sa.Integer, nullable=False),
    number("at"),
)

outbox = sa.Table(
    "outbox",
    METADATA,
    counter("seq"),
    number("at"),
    text("kind"),
    text("terminal"),
    text("visit"),
    sa.Column("body", sa.JSON, nullable=False),
)
"""The event log: only ever added to, in the very transaction that the event tells of."""
