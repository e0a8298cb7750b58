"""A screen of every kind, as full as real ones."""

from datetime import date

from flows.ports import Chrome
from flows.screens import (
    Attract,
    Choose,
    Confirm,
    EnterAmount,
    EnterNumber,
    EnterPin,
    Fact,
    Option,
    OutOfService,
    Picture,
    Prompt,
    Rate,
    Review,
    Screen,
    Tell,
    Tone,
    Wait,
    Where,
)
from protocol.money import Money, chinese_capitals

OPTIONS = tuple(
    Option(f"o{n}", f"option.{n}", f"option.{n}.line", disabled="needs" if n == 4 else "") for n in range(8)
)
ACCOUNTS = (
    Option("a", "option.1", "6228 **** 0018", amount=Money(5_000_000)),
    Option("b", "option.4", "6228 **** 7712", amount=Money(123_456_789)),
)
AMOUNT = Money(50_000)
FACTS = (
    Fact("fact.from", "6228 48** **** 0018", number=True),
    Fact("fact.to", "6228 48** **** 0217", number=True),
    Fact("fact.payee", "李*明", strong=True),
    Fact("fact.amount", AMOUNT, strong=True),
    Fact("fact.fee", Money(0)),
    Fact("fact.when", "fact.when.now", message=True),
    Fact("fact.date", date(2026, 11, 23)),
)
ACTS = (Option("print", "print"), Option("none", "none"))
WHERE = Where("transfer.name", 3, 4)
CAPITALS = chinese_capitals(AMOUNT)

BACK, LEAVE, BARE = Chrome("back"), Chrome("leave"), Chrome("", help=False)

SAMPLES: dict[str, tuple[Screen[object], Chrome]] = {
    "attract": (Attract("attract"), Chrome("", help=True)),
    "choose": (Choose("menu", options=OPTIONS[:6], params=(("surname", "王"),)), LEAVE),
    "choose-many": (Choose("menu", options=OPTIONS, params=(("surname", "王"),)), LEAVE),
    "choose-two": (Choose("menu", options=OPTIONS[:2], params=(("surname", "王"),), where=WHERE), BACK),
    "accounts": (Choose("menu", options=ACCOUNTS, params=(("surname", "王"),), where=WHERE), BACK),
    "amount": (EnterAmount("transfer.amount", limit=Money(5_000_000), available=Money(1_234_567), where=WHERE), BACK),
    "number": (EnterNumber("transfer.number", where=WHERE), BACK),
    "number-wrong": (EnterNumber("transfer.number", problem="transfer.number.unknown", where=WHERE), BACK),
    "confirm": (
        Confirm("transfer.confirm", facts=FACTS, chinese=FACTS, amount=AMOUNT, capitals=CAPITALS, where=WHERE),
        BACK,
    ),
    "done": (Tell("done", tone=Tone.DONE, facts=FACTS, reference="T07-1123-0042", where=WHERE), Chrome("")),
    "unsure": (Tell("unsure", tone=Tone.UNSURE, reference="9F0A77C1-014", where=WHERE), Chrome("")),
    "refused": (Tell("refused", tone=Tone.REFUSED, why="why", where=WHERE), Chrome("")),
    "review": (Review("review", facts=FACTS[:5], options=ACTS, where=WHERE), BACK),
    "review-bare": (Review("review", options=ACTS), Chrome("")),
    "prompt": (Prompt("insert", picture=Picture.CARD_IN, where=WHERE), BACK),
    "prompt-ways": (
        Prompt("insert", picture=Picture.ID_CARD_LAY, options=(Option("id", "other-way"), Option("no", "no-card"))),
        BACK,
    ),
    "prompt-paper": (Prompt("insert", picture=Picture.PAPER_TAKE), BARE),
    "pin": (EnterPin("pin.enter", masked="6228 48** **** 0018", private=True), BACK),
    "wait": (Wait("wait.bank"), BARE),
    "rate": (Rate("rate"), LEAVE),
    "out": (OutOfService("out", why="out.why", code="E-204 printer"), BARE),
}
