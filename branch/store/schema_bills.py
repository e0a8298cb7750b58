"""Tables of bills, appointments and standing orders."""

import sqlalchemy as sa

from branch.store.columns import METADATA, number, text

bill_payments = sa.Table(
    "bill_payments",
    METADATA,
    text("key", key=True),
    text("biller"),
    text("number"),  # the customer's, with that biller
    text("proof"),  # the biller's; empty until it has taken the money
)
"""What a key with the code BILL-PAY pays: written with its row in `intents`, before the core is asked."""

appointments = sa.Table(
    "appointments",
    METADATA,
    text("number", key=True),
    text("branch"),
    text("day"),
    text("at"),  # HH:MM, the branch's own time
    text("topic"),
)

biller_bills = sa.Table(
    "biller_bills",
    METADATA,
    text("biller", key=True),
    text("number", key=True),
    text("period", key=True),
    text("name"),
    number("amount"),
    number("paid"),
    number("least"),  # the least of one payment; the whole rest when less is due
    text("until"),
    sa.CheckConstraint("paid >= 0 and paid <= amount", name="never_paid_twice"),
)

biller_notices = sa.Table(
    "biller_notices",
    METADATA,
    text("key", key=True),
    text("biller"),
    text("number"),
    number("amount"),
    text("status"),  # new, taken, refused, withdrawn
    text("reason"),
    text("proof"),
    number("at"),
)
"""The reference billers' own books: another system, in the same database for development."""

standing_orders = sa.Table(
    "standing_orders",
    METADATA,
    text("id", key=True),
    text("customer"),
    text("source"),
    text("target"),
    text("target_name"),  # masked
    number("amount"),
    text("every"),  # month, week
    text("first"),
    text("last"),  # empty: no last day
    number("times"),  # 0: no fixed number
    text("next"),
    number("past"),  # paydays that are over, paid or not
    number("tries"),  # of the next payday, so far
    number("retry_at"),
    text("state"),  # active, ended (by her), over
    number("at"),
    sa.Index("standing_orders_due", "state", "next"),
    sa.Index("standing_orders_of", "customer"),
)

standing_runs = sa.Table(
    "standing_runs",
    METADATA,
    text("key", key=True),
    text("order", sa.ForeignKey("standing_orders.id")),
    text("due"),
    number("fee"),
    text("state"),  # asked, done, refused
    text("reference"),
    text("reason"),
    number("at"),
)
"""Each try of each payday, written before the core is asked."""
