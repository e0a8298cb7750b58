"""`python -m kiosk device` as an integrator runs it: a program, an address, one JSON object, an exit code."""

import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from PIL import Image

from drivers.sim.idcard import CARDS
from tests.kiosk.device_rig import PAN, ROOT, Rig

CARD_SLOT = "pcsc:Virtual PCD 00 00"


def kiosk(*words: str) -> tuple[int, dict[str, Any]]:
    """Exit code, and all that stdout holds: one JSON object on one line."""
    run = [sys.executable, "-m", "kiosk", "device", *words, "--json"]
    ended = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout.count("\n") == 1, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    said: dict[str, Any] = json.loads(ended.stdout)
    return ended.returncode, said


RESIDENT = {
    "kind", "name", "english_name", "sex", "ethnicity", "ethnicity_code", "birth", "address", "id_number",
    "id_number_valid", "issuer", "valid_from", "valid_to", "photo_length", "fingerprint_length",
}  # fmt: skip
OF_ITS_KIND = {
    "resident": set[str](),
    "hmt": {"travel_permit", "issue_count"},
    "foreign2017": {"nationality", "version", "authority"},
    "foreign2023": {"nationality", "reissue_count", "old_number_link"},
}
"""What each kind of card has beside the fields of a resident's."""


@pytest.mark.parametrize(
    ("lying", "kind", "fingerprint"),
    [
        ("li-na", "resident", 1024),
        ("wang-wei", "resident", 512),
        ("chan", "hmt", 0),
        ("smith", "foreign2017", 0),
        ("john", "foreign2023", 0),
    ],
)
def test_every_kind_of_identity_card_is_told_in_full_over_a_serial_port(
    rig: Rig, lying: str, kind: str, fingerprint: int
) -> None:
    rig.act("id-reader", "lay", lying)
    at = rig.url("id-reader")
    assert at.startswith("serial:")
    code, said = kiosk("id-reader", "read", "--at", at, "--fingerprint")
    assert (code, set(said)) == (0, RESIDENT | OF_ITS_KIND[kind])
    assert (said["kind"], said["photo_length"], said["fingerprint_length"]) == (kind, 1024, fingerprint)
    made = CARDS[lying].card
    end = made.valid_to.isoformat() if made.valid_to else None
    assert (said["name"], said["id_number"], said["valid_to"]) == (made.name, made.id_number, end)


def test_an_identity_reader_without_a_card_is_3_unplugged_4_garbled_5(rig: Rig) -> None:
    words = ("id-reader", "read", "--at", rig.url("id-reader"), "--patience", "0.5")
    assert kiosk(*words)[0] == 3
    rig.act("id-reader", "lay", "li-na")
    rig.fault("id-reader", "garbled")
    assert kiosk(*words)[0] == 5
    rig.fault("id-reader", "unplugged")
    code, said = kiosk(*words)
    assert (code, said["device"], said["mend"]) == (4, "id-reader", "engineer")
    assert said["remedy"]


def test_a_bank_card_is_told_with_its_number_masked_and_its_absence_is_3(rig: Rig) -> None:
    rig.act("card-reader", "insert", "li-na-debit")
    code, said = kiosk("card-reader", "read", "--at", CARD_SLOT, "--amount", "1.00")
    assert code == 0
    assert said["candidates"] == [{"aid": "A000000333010101", "label": "UnionPay Debit", "priority": 1}]
    assert said["chosen"] == {"aid": "A000000333010101", "label": "UnionPay Debit"}
    assert (said["pan"], said["expiry"], said["expired"]) == ("622999*********1239", "2031-12-31", False)
    assert (said["cryptogram_type"], len(bytes.fromhex(said["cryptogram"]))) == ("ARQC", 8)
    assert PAN not in json.dumps(said)
    rig.act("card-reader", "pull")
    code, said = kiosk("card-reader", "read", "--at", CARD_SLOT, "--patience", "0.5")
    assert (code, said["mend"]) == (3, "customer")
    code, said = kiosk("card-reader", "read", "--at", "pcsc:Acme Slot")
    assert (code, "Virtual PCD 00 00" in said["error"]) == (4, True)


def test_a_printer_prints_with_the_cover_open_3_unplugged_4_garbled_5(rig: Rig, tmp_path: pathlib.Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("凭条 Receipt إيصال ¥1.00\n", "utf-8")
    words = ("printer", "print", str(text), "--at", rig.url("printer"))
    assert kiosk(*words) == (0, {"printed": True, "proof": "process-id", "paper_low": False})
    rig.act("printer", "open-cover")
    code, said = kiosk(*words)
    assert (code, said["error"], said["mend"]) == (3, "cover open", "customer")
    assert kiosk("printer", "status", "--at", rig.url("printer"))[0] == 3
    rig.act("printer", "close-cover")
    rig.fault("printer", "garbled")
    assert kiosk(*words)[0] == 5
    rig.fault("printer", "unplugged")
    assert kiosk(*words)[0] == 4


def test_a_camera_gives_a_png_unplugged_4_garbled_5(rig: Rig, tmp_path: pathlib.Path) -> None:
    out = tmp_path / "picture.png"
    words = ("camera", "snap", "--at", rig.url("camera"), "--out", str(out), "--patience", "2")
    code, said = kiosk(*words)
    with Image.open(out) as picture:
        assert (code, picture.format, picture.size) == (0, "PNG", (said["width"], said["height"]))
    rig.fault("camera", "garbled")
    assert kiosk(*words)[0] == 5
    rig.fault("camera", "unplugged")
    assert kiosk(*words)[0] == 4


def test_a_pin_pad_tells_its_state_and_has_no_way_to_ask_a_pin(rig: Rig) -> None:
    code, said = kiosk("pin-pad", "status", "--at", rig.url("pin-pad"))
    assert (code, said["simulated"]) == (0, True)
    assert kiosk("pin-pad", "pin", "--at", rig.url("pin-pad"))[0] == 2
    rig.fault("pin-pad", "unplugged")
    assert kiosk("pin-pad", "status", "--at", rig.url("pin-pad"))[0] == 4


def test_wrong_usage_is_2_and_still_one_json_object(rig: Rig) -> None:
    for words in (("toaster",), ("printer", "print"), ("id-reader", "read", "--at", "gif:x")):
        code, said = kiosk(*words)
        assert (code, set(said)) == (2, {"error", "device", "mend", "remedy"})
