"""Cards for tests, with keys from a test issuer's published example keys."""

from dataclasses import replace
from datetime import date

from branch.bank.issuer import TestIssuer, derive_card_keys
from drivers.sim.card import CardData, VirtualCard

IMK_AC = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
IMK_MAC = bytes.fromhex("FEDCBA98765432100123456789ABCDEF")
PAN = "6229990100000001239"
SHORT_PAN = "6229990200004566"
DEBIT = "A000000333010101"
TODAY = date(2026, 3, 2)


def issuer() -> TestIssuer:
    return TestIssuer(IMK_AC, IMK_MAC)


def card(profile: str = "plain", pan: str = PAN, **changes: object) -> VirtualCard:
    keys = derive_card_keys(IMK_AC, IMK_MAC, pan, "01")
    data = CardData("li-na-debit", pan, "01", date(2031, 12, 31), "LI NA", "UnionPay Debit", DEBIT, keys.ac, keys.mac)
    return VirtualCard(replace(data, profile=profile, **changes))  # type: ignore[arg-type]
