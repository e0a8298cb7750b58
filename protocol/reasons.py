"""Closed lists that terminal and branch share: who mends, why the bank says no, what can be switched off and why."""

import enum
from typing import Literal


class Mend(enum.StrEnum):
    """Who can mend a failure."""

    CUSTOMER = "customer"
    ENGINEER = "engineer"
    BANK = "bank"
    US = "us"


class Reason(enum.StrEnum):
    """Why the bank said no. Each has words for the customer under `refused.<reason>`."""

    FUNDS = "funds"
    LIMIT = "limit"
    ACCOUNT = "account"
    SAME_ACCOUNT = "same-account"
    PAYEE = "payee"
    FEE_CHANGED = "fee-changed"
    WRONG_PIN = "wrong-pin"
    PIN_BLOCKED = "pin-blocked"
    CARD = "card"
    CARD_EXPIRED = "card-expired"
    CARD_CAPTURE = "card-capture"
    CARD_DECLINED = "card-declined"
    UNKNOWN_CUSTOMER = "unknown-customer"
    SIGNED_OUT = "signed-out"
    BARRED = "barred"
    CONFLICT = "conflict"
    MAC = "mac"
    CLOSED = "closed"
    REPORTED = "already-reported"
    STEP_UP = "step-up"
    TOO_SOON = "too-soon"
    WRONG_CODE = "wrong-code"
    CODE_EXPIRED = "code-expired"
    CODE_OVER = "code-over"
    NO_PHONE = "no-phone"
    LIMIT_UP = "limit-up"
    PIN_WEAK = "pin-weak"
    PIN_SAME = "pin-same"
    PIN_DIFFERS = "pin-differs"


SwitchReason = Literal["maintenance", "hours", "security", "unavailable"]
"""Why the branch has switched a transaction off; each has words for the customer under `hindered.<reason>`."""
TRANSACTIONS = ("accounts", "transfer", "statement", "limit", "pin", "loss", "copies", "information")
"""What a branch can switch off, by the ids of the terminal's menu."""
