"""Screens of bills, codes and standing orders, with facts of their own: as many as there can be."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from flows import bills, standing
from flows.orders import order_facts
from flows.screens import Confirm, Fact, Option, Picture, Prompt, Review, Screen, Tell, Tone, Where
from protocol.bills import BillOrder
from protocol.money import Money
from protocol.standing import StandingStop, StandingTerms

SINCE, UNTIL = date(2026, 10, 25), date(2026, 11, 23)
_BILL = order_facts(
    BillOrder(
        source="a",
        source_masked="6229 **** 0018",
        bill="b",
        biller="Foothill Heating",
        number_masked="**** 0400",
        payer_masked="J*** S****",
        period="2030-2031",
        amount=19_600_000,
        fee=500,
    )
)
_PAYS = {"source_masked": "6229 **** 0018", "target_masked": "6229 **** 0034", "target_name": "J*** S****"}
_TERMS = order_facts(
    StandingTerms.model_validate(
        {**_PAYS, "source": "a", "target": "b", "amount": 19_600_000, "every": "month", "first": SINCE, "times": 120}
    )
)
_STOP = order_facts(StandingStop.model_validate({**_PAYS, "standing": "a", "amount": 19_600_000}))
_PROOF = (Fact("fact.proof", "H20310314000012", number=True, strong=True), Fact("fact.date", UNTIL))
_DUE = (
    *(Fact(f"fact.{one.label.partition('.')[2]}", one.value, number=one.number) for one in _BILL[:4]),
    Fact("fact.due-on", UNTIL),
    Fact("fact.due", Money(19_600_000), strong=True),
    Fact("fact.least", Money(5_000_000)),
)
_INVOICE = (
    Fact("fact.invoice-code", "044031900111", number=True),
    Fact("fact.invoice-number", "12345678901234567890", number=True),
    Fact("fact.invoice-day", UNTIL),
    Fact("fact.amount", Money(-1_999_128_050), strong=True),
)
_BOOKED = (
    Fact("fact.appointment", datetime(2031, 3, 14, 9, 30, tzinfo=UTC), strong=True),
    Fact("fact.topic", "topic.wealth", message=True),
)
REAL: dict[str, tuple[Fact, ...]] = {
    "bills.due": _DUE,
    "bills.confirm": _BILL,
    "bills.done": (*_BILL, *_PROOF),
    "bills.out-of-range": (_DUE[-1], _DUE[-2]),
    "scan.invoice": _INVOICE,
    "scan.expected": _BOOKED,
    "scan.past": _BOOKED,
    "standing.confirm": _TERMS,
    "standing.done": (*_TERMS, Fact("fact.date", UNTIL)),
    "standing.end-it": _STOP,
    "standing.one": (*_STOP, _TERMS[4], Fact("fact.next", UNTIL), Fact("fact.last", UNTIL)),
}
"""Facts of the flow's own, as many as there can be."""
ACTS = {
    "bills.due": (Option("whole", "bills.whole"), Option("part", "bills.part")),
    "standing.one": (Option("keep", "standing.keep"), Option("end", "standing.end")),
}
HOLDS = {"bills.hold": Option("type", "bills.type"), "scan.hold": Option("stop", "scan.stop")}
"""Prompts before the camera, and their other way."""


def own(screen: Screen[Any]) -> Iterator[Screen[Any]]:
    """The screen filled with its own facts; nothing for one that has none."""
    key = screen.key
    where = Where(standing.WHERE if key.startswith("standing") else bills.WHERE, 3, 4)
    match screen:
        case Prompt() if key in HOLDS:
            yield replace(screen, picture=Picture.CODE, options=(HOLDS[key],), where=where)
        case Review() if key in REAL:
            yield replace(screen, facts=REAL[key], options=ACTS[key], where=where)
        case Confirm() if key in REAL:
            yield replace(screen, facts=REAL[key], amount=Money(19_600_000), where=where)
        case Tell() if key in REAL:
            yield replace(screen, tone=Tone.DONE, facts=REAL[key], reference="20310314000000012", where=where)
