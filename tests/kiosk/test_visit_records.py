"""What is kept of a visit: nobody's data, readable by its owner alone, bounded, and never in the visit's way."""

import json
import sqlite3
import stat
from pathlib import Path

import pytest

from branch import demo
from drivers.api import IdCard, Offline
from flows.menu import FLOWS
from kiosk.replay.specimens import Specimens, check_sign
from kiosk.replay.values import Unreadable, Writer, read
from kiosk.store import Record, VisitStore, listed, load
from protocol import messages as m
from protocol.mask import luhn, mask_account, mask_name, mask_pan, mask_phone
from tests.flows.memory import secrets_of
from tests.kiosk.replay_rig import Seat, gone_through, recorded

VISIT = "VTM001-0123456789abcdef0123456789abcdef"
BUSINESS = (
    "accounts", "transfer", "statement", "bills", "interbank", "pending", "standing", "copies", "limit", "pin",
    "phone", "loss",
)  # fmt: skip
PAN, DOCUMENT, PHONE = "6229990100000001239", "11010519491231002X", "13812345678"


def specimens() -> Specimens:
    return Specimens(VISIT)


def personal() -> list[str]:
    """Every name, number, telephone number and PIN of the bank's people."""
    known = [text for who in demo.PEOPLE for text in secrets_of(who)[0]]
    phones = [who.phone for who in demo.PEOPLE if who.phone]
    masks = [mask for pan in known if pan.isdecimal() for mask in (mask_pan(pan), mask_account(pan))]
    names = [mask_name(who.name) for who in demo.PEOPLE if len(who.name) > 2]
    return [*known, *phones, *masks, *names, *(card.pin for card in demo.CARDS), "258036"]


@pytest.mark.parametrize("card", ["id-card", "bank-card"])
@pytest.mark.parametrize("fails", [False, True])
def test_nothing_of_a_person_stands_in_the_record(tmp_path: Path, card: str, fails: bool) -> None:
    codes: list[str] = []

    async def story(seat: Seat) -> None:
        async def then() -> None:
            seat.machine.weather.holds_next = True
            await seat.machine.id_end.act("lay", "smith")

        seat.guest.prefers, seat.guest.wishes = card, BUSINESS
        seat.guest.phone = lambda: codes.append(seat.machine.peer.last_code()) or codes[-1]
        if fails:
            seat.guest.at, seat.guest.then = "transfer.confirm", then
        await seat.visit()

    (record,) = recorded(tmp_path, story)
    file = (tmp_path / "visits.db").read_bytes() + b"".join(one.read_bytes() for one in tmp_path.glob("visits.db-*"))
    text = file.decode("utf-8", "ignore")
    assert len(record.rows) > 40
    for secret in [*personal(), *codes]:
        assert secret not in text, secret
    surnames = {who.name[:1] for who in demo.PEOPLE if not who.name.isascii()}
    assert gone_through(record).same
    assert not surnames & {row["="] for row in record.rows if isinstance(row.get("="), str)}


def test_two_visits_of_one_person_have_nothing_in_common(tmp_path: Path) -> None:
    async def story(seat: Seat) -> None:
        seat.guest.wishes = ("transfer",)
        for _ in range(2):
            await seat.visit()

    def tokens(record: Record) -> set[str]:
        texts = json.dumps(record.rows).replace(record.visit, "").split('"')
        return {one for one in texts if len(one) > 8 and any(sign.isdigit() for sign in one) and one[0] not in ",: "}

    first, second = recorded(tmp_path, story)
    in_common = {one for one in tokens(first) & tokens(second) if "flows." not in one and "identify" not in one}
    assert {one for one in in_common if sum(sign.isdigit() for sign in one.strip("0")) > 8} == set()


# --- specimens


def test_a_card_number_keeps_length_issuer_and_check_digit_and_is_another() -> None:
    for pan in (PAN, "4111111111111111", "379999999999995"[:15]):
        found = specimens().text(pan)
        assert (len(found), found[:6]) == (len(pan), pan[:6])
        assert found != pan
        assert luhn(found) == luhn(pan)


def test_a_document_number_has_a_check_sign_that_fits() -> None:
    found = specimens().text(DOCUMENT)
    assert found != DOCUMENT
    assert found[17] == check_sign(found[:17])


def test_what_the_program_derives_of_a_number_is_derived_of_its_specimen() -> None:
    one = specimens()
    for mask, number in (
        (mask_pan, PAN),
        (mask_account, PAN),
        (mask_phone, PHONE),
        (mask_account, "6229990900000000018"),
    ):
        assert one.text(mask(number)) == mask(one.text(number))
        assert one.text(mask(number)) != mask(number)


@pytest.mark.parametrize("name", ["李娜", "欧阳娜娜", "John Smith", "فاطمة علي", "阿依古丽·买买提"])
def test_a_name_is_another_of_the_same_script_and_length(name: str) -> None:
    one = specimens()
    found = one.name(name)
    assert len(found) == len(name)
    assert all(a != b for a, b in zip(found, name, strict=True) if a.isalpha())
    assert found.isascii() == name.isascii()
    assert one.text(mask_name(name)) == mask_name(found)
    assert one.text(f"{name}*") == f"{found}*"


def test_the_same_input_has_one_specimen_in_a_visit_and_another_in_the_next() -> None:
    one, other = specimens(), specimens()
    for text in (PAN, DOCUMENT, "fab0" * 8, "李娜娜"):
        assert one.text(text) == one.text(text) != other.text(text)


def test_keys_words_and_the_visits_own_number_stay_as_they_are() -> None:
    for text in (
        "transfer.confirm",
        "receipt.how",
        VISIT,
        f"{VISIT}/001-transfer",
        "89ABCDEF-001",
        "2031-03-14",
        "09:30",
    ):
        assert specimens().text(text) == text


def test_values_come_back_as_what_they_were_and_bytes_as_their_length() -> None:
    write = Writer(specimens()).write
    assert read(json.loads(json.dumps(write((b"abc", True, None, 5))))) == (bytes(3), True, None, 5)
    card = read(write(IdCard("resident", "李娜", DOCUMENT, address="北京市", photo=b"x" * 9)))
    assert (card.kind, card.address, card.photo, len(card.name)) == ("resident", "", b"", 2)
    assert isinstance(read(write(Offline("printer", "gone"))), Offline)
    check = m.PinCheck(block="0123456789abcdef", format="iso0")
    assert read(write(check)).block == "0" * 16


@pytest.mark.parametrize("kind", ["os:system", "kiosk.store:VisitStore", "flows.screens:nothing", "builtins:eval"])
def test_a_record_makes_nothing_but_values(kind: str) -> None:
    with pytest.raises(Unreadable):
        read({"!": kind, "=": {}})


# --- the store


def store(folder: Path, **bounds: float) -> VisitStore:
    return VisitStore(folder / "visits.db", **{"keep": 5, "days": 30, **bounds})  # type: ignore[arg-type]


def test_only_its_owner_can_read_it_and_the_oldest_visits_go(tmp_path: Path) -> None:
    kept = store(tmp_path)
    for number in range(8):
        row = kept.begins(f"V-{number}", number)
        row({"t": 0, "e": "visit", "record": 1})
        kept.ends(f"V-{number}", "farewell")
    kept.close()
    assert [one.visit for one in listed(tmp_path / "visits.db")] == [f"V-{number}" for number in range(3, 8)]
    with sqlite3.connect(tmp_path / "visits.db") as db:
        assert db.execute("select count(*) from entry").fetchone() == (5,)
    for file in tmp_path.glob("visits.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_visits_that_are_too_old_go(tmp_path: Path) -> None:
    kept = store(tmp_path, days=2)
    day = 24 * 3600 * 1000
    for at in (0, day, 3 * day):
        kept.begins(f"V-{at}", at)
    kept.close()
    assert [one.at for one in listed(tmp_path / "visits.db")] == [day, 3 * day]


def test_a_disk_that_takes_nothing_costs_the_record_and_not_the_visit(tmp_path: Path) -> None:
    async def story(seat: Seat) -> None:
        seat.recorder.store._path = tmp_path / "nowhere" / "visits.db"
        seat.guest.wishes = ("transfer",)
        await seat.visit()
        assert seat.endings == ["farewell"]
        seat.recorder.store._path = tmp_path / "visits.db"
        await seat.visit()
        seat.visits.pop(0)

    (record,) = recorded(tmp_path, story)
    assert gone_through(record).same


def test_a_visit_of_which_a_row_was_lost_is_not_kept_by_halves(tmp_path: Path) -> None:
    kept = store(tmp_path)
    row = kept.begins("V-1", 1)
    row({"t": 0, "e": "visit", "record": 1})
    kept._later("V-1", lambda db: db.execute("insert into nothing values (1)"))
    row({"t": 1, "e": "touched", "=": 1})
    kept.begins("V-2", 2)
    kept.close()
    assert [one.visit for one in listed(tmp_path / "visits.db")] in ([], ["V-2"])


def test_a_value_that_cannot_be_kept_costs_the_record_and_not_the_visit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Writer, value: object) -> object:
        raise Unreadable

    async def story(seat: Seat) -> None:
        seat.guest.wishes = ("transfer",)
        monkeypatch.setattr(Writer, "write", fails)
        await seat.visit()
        assert seat.endings == ["farewell"]
        seat.visits.clear()

    assert recorded(tmp_path, story) == []


def test_the_end_of_a_visits_number_finds_it(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.begins(VISIT, 1)({"t": 0, "e": "visit", "record": 1})
    kept.close()
    assert load(tmp_path / "visits.db", VISIT[-8:].upper()).visit == VISIT


def test_every_flow_of_a_customer_is_in_a_recorded_visit() -> None:
    assert {flow.id for flow in FLOWS} - {"information", "scan"} <= {*BUSINESS}, "add the new flow to BUSINESS above"
