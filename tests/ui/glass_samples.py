"""A screen of every kind, as full as real ones."""

from dataclasses import replace
from datetime import date

from flows.ports import Chrome
from flows.screens import (
    Attract,
    Choose,
    Confirm,
    EnterAmount,
    EnterNumber,
    EnterPin,
    EnterText,
    Entry,
    Fact,
    Option,
    OutOfService,
    Picture,
    Prompt,
    Rate,
    Review,
    Screen,
    Statement,
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
MANY_ACCOUNTS = tuple(
    Option(f"a{n}", f"option.{n}", f"6228 **** 00{n}8", amount=Money(99_999_999_999 // 10 ** (2 * n))) for n in range(6)
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
LARGEST = Money(99_999_999_999)
LONG_FACTS = (
    Fact("fact.from", "6228 48** **** **** 018", number=True),
    Fact("fact.to", "6228 48** **** **** 217", number=True),
    Fact("fact.payee", "阿*****·买买提·克孜勒苏柯尔克孜国际贸易（集团）有限公司", strong=True),
    Fact("fact.amount", LARGEST, strong=True),
    Fact("fact.fee", Money(12_345_678)),
    Fact("fact.when", "fact.when.now", message=True),
    Fact("fact.date", date(2026, 11, 23)),
)
LATIN_FACTS = (Fact("fact.payee", "Alexandria K*************-Featherstonehaugh-Cholmondeley", strong=True), *FACTS[3:])
NEEDY = tuple(Option(f"o{n}", f"option.{n}", f"option.{n}.line", disabled="needs" * (n > 2)) for n in range(6))
ENTRIES = tuple(
    Entry(
        f"m{n}",
        "movement.out" if n % 2 else "movement.in",
        Money((-1) ** n * 99_999_999_999 // 10 ** (n % 8)),
        Money(99_999_999_999 // 10 ** (n % 5)),
        date(2026, 11, 23),
        "" if n % 7 == 6 else "李*明" if n % 3 else "A********* K*************-F*************",
    )
    for n in range(40)
)
WAYS = tuple(Option(one, f"statement.{one}") for one in ("all", "in", "out"))
ACTS = (Option("print", "print"), Option("none", "none"))
WHERE = Where("transfer.name", 3, 4)
CAPITALS = chinese_capitals(AMOUNT)

BACK, LEAVE, BARE = Chrome("back"), Chrome("leave"), Chrome("", help=False)

SAMPLES: dict[str, tuple[Screen[object], Chrome]] = {
    "attract": (Attract("attract"), Chrome("", help=True)),
    "choose": (Choose("menu", options=OPTIONS[:6], params=(("surname", "王"),)), LEAVE),
    "choose-needy": (Choose("menu", options=NEEDY, params=(("surname", "欧阳"),), where=WHERE), LEAVE),
    "choose-many": (Choose("menu", options=OPTIONS, params=(("surname", "王"),)), LEAVE),
    "choose-two": (Choose("menu", options=OPTIONS[:2], params=(("surname", "王"),), where=WHERE), BACK),
    "accounts": (Choose("menu", options=ACCOUNTS, params=(("surname", "王"),), where=WHERE), BACK),
    "accounts-many": (Choose("menu", options=MANY_ACCOUNTS, params=(("surname", "王"),), where=WHERE), BACK),
    "amount-largest": (EnterAmount("transfer.amount", limit=LARGEST, available=LARGEST, where=WHERE), BACK),
    "amount": (EnterAmount("transfer.amount", limit=Money(5_000_000), available=Money(1_234_567), where=WHERE), BACK),
    "number": (EnterNumber("transfer.number", where=WHERE), BACK),
    "number-wrong": (EnterNumber("transfer.number", problem="transfer.number.unknown", where=WHERE), BACK),
    "text": (EnterText("transfer.typed", where=WHERE), BACK),
    "text-wrong": (EnterText("transfer.typed", problem="transfer.number.unknown", where=WHERE), BACK),
    "confirm": (
        Confirm("transfer.confirm", facts=FACTS, chinese=FACTS, amount=AMOUNT, capitals=CAPITALS, where=WHERE),
        BACK,
    ),
    "confirm-long": (
        Confirm(
            "transfer.confirm",
            facts=LONG_FACTS,
            chinese=LONG_FACTS,
            amount=LARGEST,
            capitals=chinese_capitals(Money(99_876_543_299)),
            where=WHERE,
        ),
        BACK,
    ),
    "confirm-latin": (Confirm("transfer.confirm", facts=LATIN_FACTS, amount=AMOUNT, where=WHERE), BACK),
    "done": (Tell("done", tone=Tone.DONE, facts=FACTS, reference="T07-1123-0042", where=WHERE), Chrome("")),
    "unsure": (Tell("unsure", tone=Tone.UNSURE, reference="9F0A77C1-014", where=WHERE), Chrome("")),
    "refused": (Tell("refused", tone=Tone.REFUSED, why="why", where=WHERE), Chrome("")),
    "refused-numbered": (
        Tell("refused", tone=Tone.REFUSED, why="why", reference="VTM001-9F0A77C1B2D3-014", where=WHERE),
        Chrome(""),
    ),
    "unsure-why": (Tell("unsure", tone=Tone.UNSURE, why="why", reference="9F0A77C1-014", where=WHERE), Chrome("")),
    "calm": (Tell("refused", why="why"), Chrome("")),
    "review": (Review("review", facts=FACTS[:5], options=ACTS, where=WHERE), BACK),
    "statement": (
        Statement(
            "statement",
            entries=ENTRIES,
            ways=WAYS,
            way="all",
            options=ACTS,
            masked="6228 48** **** 0018",
            since=date(2026, 10, 25),
            until=date(2026, 11, 23),
            where=WHERE,
        ),
        BACK,
    ),
    "statement-short": (
        Statement("statement", entries=ENTRIES[:2], ways=WAYS, way="in", options=ACTS[:1], masked="6228 **** 0018"),
        BACK,
    ),
    "statement-none": (Statement("statement", ways=WAYS, way="out", masked="6228 **** 0018", where=WHERE), BACK),
    "review-bare": (Review("review", options=ACTS), Chrome("")),
    "prompt": (Prompt("insert", picture=Picture.CARD_IN, where=WHERE), BACK),
    "prompt-ways": (
        Prompt("insert", picture=Picture.ID_CARD_LAY, options=(Option("id", "other-way"), Option("no", "no-card"))),
        BACK,
    ),
    "prompt-many-ways": (
        Prompt("insert", picture=Picture.CARD_IN, options=tuple(replace(one, disabled="") for one in OPTIONS[:5])),
        BACK,
    ),
    **{
        f"prompt-{picture.name.lower()}": (Prompt("insert", picture=picture), LEAVE)
        for picture in Picture
        if picture not in (Picture.CARD_IN, Picture.PAPER_TAKE)
    },
    "prompt-paper": (Prompt("insert", picture=Picture.PAPER_TAKE), BARE),
    "pin": (EnterPin("pin.enter", masked="6228 48** **** 0018", private=True), BACK),
    "wait": (Wait("wait.bank"), BARE),
    "wait-offering": (Wait("wait.bank", usually=30, where=WHERE), BACK),
    "rate": (Rate("rate"), LEAVE),
    "out": (OutOfService("out", why="out.why", code="E-204 printer"), BARE),
}
