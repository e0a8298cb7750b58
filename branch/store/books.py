"""The tables of the reference ledger. Transfers are only added; balances are kept beside them, and can be proved."""

import sqlalchemy as sa

from branch.store.schema import METADATA

customers = sa.Table(
    "book_customers",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("id_number", sa.Text, nullable=False, unique=True),
    sa.Column("phone", sa.Text, nullable=False),  # digits; empty: none is registered
    sa.Column("phone_since", sa.Text),  # accounting date of its last change; None: none is known
)

accounts = sa.Table(
    "book_accounts",
    METADATA,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("customer", sa.Text, sa.ForeignKey("book_customers.id")),  # None: one of the bank's own
    sa.Column("kind", sa.Text, nullable=False),  # current, savings, internal, or clearing
    sa.Column("state", sa.Text, nullable=False),  # open, closed
    sa.Column("place", sa.Integer, nullable=False),  # order on the screen
    sa.Column("balance", sa.BigInteger, nullable=False),
    sa.Column("held", sa.BigInteger, nullable=False),  # by pending transfers
    sa.Column("day_limit", sa.BigInteger, nullable=False),
    sa.CheckConstraint("kind = 'internal' or (held >= 0 and balance >= held)", name="never_overdrawn"),
)

cards = sa.Table(
    "book_cards",
    METADATA,
    sa.Column("pan", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, sa.ForeignKey("book_accounts.number"), nullable=False),
    sa.Column("sequence", sa.Text, nullable=False),
    sa.Column("expiry", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("lost_by", sa.Text, index=True),  # reference of the report that stops it
    sa.Column("lost_until", sa.Text),  # last day; None: until a person lifts it
)

postings = sa.Table(
    "book_postings",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("act", sa.Text),  # None: a transfer; else what is done that moves no money
    sa.Column("body", sa.Text),  # the order, spelled canonically; None for a tombstone
    sa.Column("status", sa.Text, nullable=False),  # new, pending, done, refused, reversed, barred
    sa.Column("source", sa.Text),
    sa.Column("target", sa.Text),
    sa.Column("amount", sa.BigInteger),
    sa.Column("fee", sa.BigInteger),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("accounting_date", sa.Text),
    sa.Column("used_on", sa.Text),  # the day whose limit it counts towards
    sa.Column("reason", sa.Text),
    sa.Column("at", sa.BigInteger, nullable=False),
)
"""One row a key: post, confirm, void and reverse lock it before they read anything."""

transfers = sa.Table(
    "book_transfers",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),  # posted, hold, release, reversal, opening
    sa.Column("debit", sa.Text, sa.ForeignKey("book_accounts.number"), nullable=False),
    sa.Column("credit", sa.Text, sa.ForeignKey("book_accounts.number"), nullable=False),
    sa.Column("amount", sa.BigInteger, sa.CheckConstraint("amount > 0"), nullable=False),
    sa.Column("accounting_date", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)

used = sa.Table(
    "book_used",
    METADATA,
    sa.Column("account", sa.Text, sa.ForeignKey("book_accounts.number"), primary_key=True),
    sa.Column("accounting_date", sa.Text, primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
)
"""What has been moved away from an account on a day, towards its limit."""

fees = sa.Table(
    "book_fees",
    METADATA,
    sa.Column("above", sa.BigInteger, primary_key=True),  # amounts above this many fen cost …
    sa.Column("fee", sa.BigInteger, nullable=False),
)

day = sa.Table(
    "book_day",
    METADATA,
    sa.Column("one", sa.Integer, sa.CheckConstraint("one = 1"), primary_key=True),
    sa.Column("accounting_date", sa.Text, nullable=False),
)

rates = sa.Table(
    "book_rates",
    METADATA,
    sa.Column("currency", sa.Text, primary_key=True),  # ISO 4217
    sa.Column("place", sa.Integer, nullable=False),  # order on the screen
    sa.Column("unit", sa.Integer, nullable=False),  # so much of it costs …
    sa.Column("buy", sa.BigInteger, nullable=False),  # … when the bank buys it
    sa.Column("sell", sa.BigInteger, nullable=False),  # … when the bank sells it
    sa.Column("at", sa.BigInteger, nullable=False),
)
acts = sa.Table(
    "book_acts",
    METADATA,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("accounting_date", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)
"""What was done that moved no money, numbered for its reference; the order stands under the key."""
