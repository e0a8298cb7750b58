"""A recorded visit goes through the flows again: the same way when they are the same, and not when they are not."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from branch import demo
from flows import information, menu, transfer
from flows.ports import Back, CallHelp, Leave
from flows.screens import Tell
from flows.session import Session
from kiosk.store import Record
from tests.kiosk.replay_rig import Seat, gone_through, recorded

DAILY = ("accounts", "transfer", "statement", "copies", "limit", "pin", "loss")
Happening = Callable[[Seat], None]


def raises(why: Exception) -> Happening:
    def happen(_: Seat) -> None:
        raise why

    return happen


def goes_away(seat: Seat) -> None:
    seat.guest.gone = True


def remembers(seat: Seat) -> None:
    seat.guest.pins = {}


def changes_language(seat: Seat) -> None:
    seat.guest.language, seat.guest.large = "ar", True


def no_reply(seat: Seat) -> None:
    seat.machine.weather.holds_next = True


def no_line(seat: Seat) -> None:
    seat.machine.weather.down_until = asyncio.get_running_loop().time() + 40


def pulls_card(seat: Seat) -> None:
    seat.machine.slot.pull()


def breaks_reader(seat: Seat) -> None:
    seat.machine.slot.fault = "mute"


def another(seat: Seat) -> None:
    asyncio.ensure_future(seat.machine.id_end.act("lay", "smith"))  # noqa: RUF006  a stranger's hand


def one_visit(
    folder: Path, *, card: str = "id-card", wishes: tuple[str, ...] = ("transfer",), at: str = "",
    happens: Happening = lambda _: None, pins: dict[str, str] | None = None,
) -> tuple[Record, str]:  # fmt: skip
    """The record of a visit, and how it ended."""
    endings: list[str] = []

    async def story(seat: Seat) -> None:
        async def then() -> None:
            happens(seat)

        guest = seat.guest
        guest.prefers, guest.wishes, guest.at, guest.then = card, wishes, at, then
        guest.pins = pins or {}
        await seat.visit()
        endings.extend(seat.endings)

    (record,) = recorded(folder, story)
    return record, endings[0]


WRONG = {one.pan: "000001" for one in demo.CARDS}
KINDS: dict[str, tuple[dict[str, object], str]] = {
    "all of a day's business, by ID card": ({"wishes": DAILY}, "farewell"),
    "all of a day's business, by bank card": ({"wishes": DAILY, "card": "bank-card"}, "farewell"),
    "a wrong PIN three times": ({"pins": WRONG}, "card: pin-blocked"),
    "a wrong PIN three times, by bank card": ({"pins": WRONG, "card": "bank-card"}, "card: pin-blocked"),
    "a wrong PIN, then the right one": ({"pins": WRONG, "at": "identify.wrong-pin", "happens": remembers}, "farewell"),
    "a reply that does not come": ({"at": "transfer.confirm", "happens": no_reply}, "farewell"),
    "a line that is down": ({"at": "transfer.amount", "happens": no_line}, "farewell"),
    "a card that is pulled": ({"at": "transfer.amount", "happens": pulls_card, "card": "bank-card"}, "card-pulled"),
    "a card pulled at the yes": ({"at": "transfer.confirm", "happens": pulls_card, "card": "bank-card"}, "card-pulled"),
    "a reader that falls silent": ({"at": "identify.insert", "happens": breaks_reader, "card": "bank-card"}, "nobody"),
    "another's ID card": ({"at": "transfer.amount", "happens": another}, "second-id-card"),
    "nobody is there any more": ({"at": "transfer.amount", "happens": goes_away}, "idle"),
    "help": ({"at": "transfer.amount", "happens": raises(CallHelp())}, "farewell"),
    "back from the yes": ({"at": "transfer.confirm", "happens": raises(Back())}, "farewell"),
    "back from the payee": ({"at": "transfer.number", "happens": raises(Back())}, "farewell"),
    "finish": ({"at": "menu", "happens": raises(Leave())}, "farewell"),
    "another language, in large type": ({"at": "transfer.amount", "happens": changes_language}, "farewell"),
    "back from who she is": ({"at": "identify.lay", "happens": raises(Back())}, "farewell"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_visit_goes_again_as_it_went(tmp_path: Path, kind: str) -> None:
    how, expected = KINDS[kind]
    record, ending = one_visit(tmp_path, **how)  # type: ignore[arg-type]
    course = gone_through(record)
    assert course.same, course.words
    assert ending == expected
    assert f"it ended: {ending}" in course.words
    assert course.steps > 3


async def _asks_more(session: Session) -> None:
    await session.tell(Tell("help.unreachable"))
    await transfer.transfer(session)


def test_a_flow_that_asks_something_else_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record, _ = one_visit(tmp_path)
    changed = tuple(replace(one, run=_asks_more) if one.id == "transfer" else one for one in menu.FLOWS)
    monkeypatch.setattr(menu, "FLOWS", changed)
    course = gone_through(record)
    assert not course.same
    assert course.words.startswith("at step ")
    assert "the record says: Wait wait.bank is shown" in course.words or "the bank is asked accounts" in course.words
    assert "Tell help.unreachable is shown" in course.words


def test_the_same_screen_with_other_words_names_what_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record, _ = one_visit(tmp_path)
    monkeypatch.setattr(transfer, "WHERE", "limit.name")
    course = gone_through(record)
    assert not course.same
    assert 'where.flow was "transfer.name" and is "limit.name"' in course.words


def test_a_program_that_does_less_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(session: Session) -> None:
        """No page at all."""

    record, _ = one_visit(tmp_path, wishes=("information",))
    changed = tuple(replace(one, run=nothing) if one.id == "information" else one for one in menu.FLOWS)
    monkeypatch.setattr(menu, "FLOWS", changed)
    monkeypatch.setattr(information, "TURNS", 1)
    course = gone_through(record)
    assert not course.same


def test_a_bank_that_is_asked_for_another_amount_is_noticed(tmp_path: Path) -> None:
    record, _ = one_visit(tmp_path)
    text = json.dumps(record.rows)
    typed = next(row["="]["="] for row in record.rows if row["e"] == "ends" and isinstance(row.get("="), dict)
                 and row["="].get("!") == "money")  # fmt: skip
    other = text.replace(f'"!": "money", "=": {typed}}}, "n"', "")
    assert other == text  # the answer stands once, as a row of its own
    rows = [dict(row) for row in record.rows]
    for row in rows:
        if row.get("=") == {"!": "money", "=": typed}:
            row["="] = {"!": "money", "=": typed + 1}
    course = gone_through(Record(record.visit, tuple(rows)))
    assert not course.same
    assert "the bank is asked quote" in course.words or "amount" in course.words


@pytest.mark.parametrize("at", ["pin.enter", "transfer.confirm", "wait.transfer", "transfer.done", "receipt.take"])
def test_a_visit_in_which_the_program_died_goes_again_up_to_there(tmp_path: Path, at: str) -> None:
    async def story(seat: Seat) -> None:
        seat.guest.wishes = ("transfer",)
        await seat.visit(dies=lambda: seat.guest.met[-1:] == [at])

    (record,) = recorded(tmp_path, story)
    assert record.rows[-1]["e"] != "over"
    course = gone_through(record)
    assert course.same, course.words
    assert "broken off" in course.words


def test_a_crash_of_ours_is_a_way_of_ending_that_is_gone_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(session: Session) -> None:
        raise ValueError(session.visit)

    def broken() -> None:
        changed = tuple(replace(one, run=fails) if one.id == "transfer" else one for one in menu.FLOWS)
        monkeypatch.setattr(menu, "FLOWS", changed)

    broken()

    async def story(seat: Seat) -> None:
        seat.guest.wishes = ("transfer",)
        with pytest.raises(ValueError, match="VTM001"):
            await seat.visit()

    (record,) = recorded(tmp_path, story)
    course = gone_through(record)
    assert course.same, course.words
    assert "ValueError" in course.words
    monkeypatch.undo()
    assert not gone_through(record).same
