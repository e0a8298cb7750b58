"""`kiosk device`: real drivers against the far ends' own process, over real wires; what it says of each failure."""

import asyncio
import json
import os
import pathlib
import signal
import threading
from typing import Any

import httpx
import pytest
from PIL import Image

from drivers.sim import __main__ as sim
from drivers.wire import RENDEZVOUS
from kiosk import device
from tests.kiosk.device_rig import DEVICES, FAR_ENDS, PAN, Rig, start, stop, write_inputs


def _kiosk(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the one JSON object on stdout."""
    code = device.main([*words, "--at", f"sim:{words[0]}", "--json"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    said: dict[str, Any] = json.loads(lines[0])
    return code, said


def _is_error(said: dict[str, Any], name: str, mend: str) -> bool:
    return set(said) == {"error", "device", "mend", "remedy"} and (said["device"], said["mend"]) == (name, mend)


# --- the process


def test_the_rendezvous_names_all_of_them_and_is_gone_after_a_clean_end(tmp_path: pathlib.Path) -> None:
    rig = start(tmp_path)
    place = rig.state / "sim.json"
    assert set(json.loads(place.read_text())) == set(FAR_ENDS)
    assert stop(rig) == 0
    assert not place.exists()


def test_an_interrupt_ends_it_as_cleanly_and_pacing_and_port_are_taken(tmp_path: pathlib.Path) -> None:
    rig = start(tmp_path, "--baud-pacing")
    assert rig.seen("printer")["paper"] == "ok"
    assert stop(rig, signal.SIGINT) == 0


def test_a_taken_port_and_bad_files_end_it_with_a_word_and_no_far_end_left(
    tmp_path: pathlib.Path, rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    cards, pad = write_inputs(tmp_path)
    words = ["--state", str(tmp_path), "--cards", str(cards), "--no-pcscd", "--pad-keys"]
    assert sim.main([*words, str(pad), "--port", str(httpx.URL(rig.page).port)]) == 4
    assert "in use" in capsys.readouterr().err
    assert not (tmp_path / "sim.json").exists()
    pad.write_text('{"tmk": "0011secret"}')
    assert sim.main([*words, str(pad)]) == 2
    assert sim.main([*words, str(tmp_path / "absent")]) == 2
    said = capsys.readouterr().err
    assert "not a pad-keys file" in said
    assert "0011" not in said
    write_inputs(tmp_path)
    cards.write_text("[{}]")
    assert sim.main([*words, str(pad)]) == 2
    assert "not a cards file" in capsys.readouterr().err


def test_the_daemon_runs_before_the_far_ends_and_ends_after_them(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []

    class Daemon:
        def start(self) -> None:
            log.append("start")

        def stop(self) -> None:
            log.append("stop")

    async def serve(args: object) -> None:
        await asyncio.sleep(0)
        log.append("serve")
        raise OSError("port taken")

    monkeypatch.setattr(sim, "PcscDaemon", Daemon)
    monkeypatch.setattr(sim, "serve", serve)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    cards, pad = write_inputs(tmp_path)
    assert sim.main(["--state", str(tmp_path), "--cards", str(cards), "--pad-keys", str(pad)]) == 4
    assert log == ["start", "serve", "stop"]


# --- what goes well


@pytest.mark.parametrize("name", DEVICES)
def test_every_far_end_answers_its_status_and_says_that_it_is_simulated(
    rig: Rig, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    code, said = _kiosk(capsys, name, "status")
    assert code == 0
    assert said["simulated"] is True
    assert said["health"] in ("ok", "degraded")


def test_an_identity_card_is_read_as_json(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.act("id-reader", "lay", "li-na")
    code, said = _kiosk(capsys, "id-reader", "read", "--fingerprint")
    assert code == 0
    assert (said["kind"], said["name"], said["id_number"]) == ("resident", "李娜", "11010519491231002X")
    assert (said["id_number_valid"], said["valid_to"], said["photo_length"]) == (True, None, 1024)


def test_a_bank_card_signs_an_amount_and_its_number_stays_masked(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.act("card-reader", "insert", "li-na-debit")
    code, said = _kiosk(capsys, "card-reader", "read", "--amount", "1.00")
    assert code == 0
    assert said["candidates"] == [{"aid": "A000000333010101", "label": "UnionPay Debit", "priority": 1}]
    assert said["chosen"]["aid"] == "A000000333010101"
    assert (said["pan"], said["expiry"], said["expired"]) == ("622999*********1239", "2031-12-31", False)
    assert (said["cryptogram_type"], len(said["cryptogram"])) == ("ARQC", 16)
    assert PAN not in json.dumps(said)


def test_a_text_is_printed_and_counts_only_on_the_printers_word(
    rig: Rig, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Receipt 凭条\n¥1.00\n", "utf-8")
    code, said = _kiosk(capsys, "printer", "print", str(text))
    assert (code, said["printed"], said["proof"]) == (0, True, "process-id")
    newest = max((rig.state / "receipts").glob("receipt-*.txt"))
    assert "凭条" in newest.read_text("utf-8")
    assert httpx.get(f"{rig.page}state").json()["receipt"] == newest.with_suffix(".png").name


def test_a_picture_is_put_into_a_png(rig: Rig, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "snap.png"
    code, said = _kiosk(capsys, "camera", "snap", "--out", str(out))
    assert code == 0
    with Image.open(out) as picture:
        assert (picture.format, *picture.size) == ("PNG", said["width"], said["height"])


def _press_when_open(rig: Rig, *keys: str) -> threading.Thread:
    """Fingers that wait for the pad to be open for keys."""

    def press() -> None:
        for _ in range(400):
            if rig.seen("pin-pad")["mode"]:
                break
            threading.Event().wait(0.02)
        for key in keys:
            rig.act("pin-pad", "key", key)

    fingers = threading.Thread(target=press)
    fingers.start()
    return fingers


def test_keys_are_counted_and_never_named(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    fingers = _press_when_open(rig, "4", "7", "backspace", "1", "enter")
    code, said = _kiosk(capsys, "pin-pad", "keys")
    fingers.join()
    assert (code, said) == (0, {"keys": 2})


def test_without_json_the_answer_is_plain_words(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    assert device.main(["printer", "status", "--at", "sim:printer"]) == 0
    assert "health: ok\n" in capsys.readouterr().out
    rig.fault("printer", "unplugged")
    assert device.main(["printer", "print", os.devnull, "--at", "sim:printer"]) == 4
    heard = capsys.readouterr()
    assert heard.out == ""
    assert heard.err.startswith("printer: ")
    assert "engineer: " in heard.err


# --- what does not


@pytest.mark.parametrize("name", ["id-reader", "card-reader"])
def test_nobody_came_in_time_is_no_media(rig: Rig, capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, said = _kiosk(capsys, name, "read", "--patience", "0.5")
    assert code == 3
    assert _is_error(said, name, "customer")


def test_no_paper_is_no_media_and_the_next_roll_prints(
    rig: Rig, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("once")
    rig.fault("printer", "paper-out")
    code, said = _kiosk(capsys, "printer", "print", str(text))
    assert code == 3
    assert _is_error(said, "printer", "customer")
    rig.fault("printer", "")
    assert _kiosk(capsys, "printer", "print", str(text))[1]["printed"] is True


@pytest.mark.parametrize("name", ["id-reader", "pin-pad", "printer", "camera", "panel"])
def test_an_unplugged_device_is_offline_and_back_again_once_plugged_in(
    rig: Rig, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    rig.fault(name, "unplugged")
    code, said = _kiosk(capsys, name, "status")
    assert (code, said["health"], said["mend"]) == (4, "offline", "engineer")
    assert said["error"]
    assert said["remedy"]
    rig.fault(name, "")
    assert _kiosk(capsys, name, "status")[0] == 0


@pytest.mark.parametrize(
    ("name", "fault", "code"),
    [
        *((name, "garbled", 5) for name in ("id-reader", "pin-pad", "printer", "camera", "panel")),
        *((name, "deaf", 4) for name in ("id-reader", "pin-pad", "printer", "panel")),
        ("panel", "broken", 4),
        ("id-reader", "sam-broken", 4),
        ("pin-pad", "tampered", 4),
        ("printer", "jam", 4),
        ("printer", "paper-out", 3),
        ("printer", "cover-open", 3),
    ],
)
def test_a_status_that_tells_of_trouble_says_who_can_mend_it_and_ends_with_its_code(
    rig: Rig, capsys: pytest.CaptureFixture[str], name: str, fault: str, code: int
) -> None:
    rig.fault(name, fault)
    ended, said = _kiosk(capsys, name, "status")
    assert (ended, said["health"] in ("offline", "degraded")) == (code, True)
    assert said["mend"] == ("customer" if code == 3 else "engineer")
    assert said["error"]
    assert said["remedy"]


@pytest.mark.parametrize(("fault", "code"), [("garbled", 5), ("deaf", 4), ("jam", 4), ("paper-out", 3)])
def test_a_printer_that_did_not_print_never_says_printed(
    rig: Rig, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], fault: str, code: int
) -> None:
    (tmp_path / "text.txt").write_text("never")
    rig.fault("printer", fault)
    ended, said = _kiosk(capsys, "printer", "print", str(tmp_path / "text.txt"))
    assert (ended, "printed" in said) == (code, False)
    assert _is_error(said, "printer", "customer" if code == 3 else "engineer")


def test_a_light_is_lit_and_dark_again_and_one_that_there_is_not_is_wrong_usage(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _kiosk(capsys, "panel", "light", "cardReader", "green") == (0, {"light": "cardReader", "is": "green"})
    assert rig.seen("panel")["lights"] == {"cardReader": "green"}
    assert _kiosk(capsys, "panel", "light", "cardReader", "off")[0] == 0
    assert rig.seen("panel")["lights"] == {}
    assert _kiosk(capsys, "panel", "light", "moon", "on")[0] == 2
    assert _kiosk(capsys, "panel", "light", "cardReader", "blinking")[0] == 2


def test_watching_the_panel_tells_the_first_change(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    ended = threading.Event()

    def lift_and_hang() -> None:
        """A hand that does not know when somebody looks."""
        while not ended.wait(0.2):
            rig.act("panel", "lift")
            rig.act("panel", "hang")

    hand = threading.Thread(target=lift_and_hang)
    hand.start()
    try:
        code, said = _kiosk(capsys, "panel", "watch", "--patience", "20")
    finally:
        ended.set()
        hand.join()
    assert code == 0
    assert said["before"]["handset_lifted"] is not said["after"]["handset_lifted"]
    assert (said["after"]["reachable"], said["after"]["staff_key"]) == (True, "run")


def test_a_panel_where_nothing_happens_is_3_and_one_that_is_away_4(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = _kiosk(capsys, "panel", "watch", "--patience", "1")
    assert code == 3
    assert _is_error(said, "panel", "customer")
    rig.fault("panel", "unplugged")
    code, said = _kiosk(capsys, "panel", "watch", "--patience", "1")
    assert code == 4
    assert _is_error(said, "panel", "engineer")


def test_a_code_before_the_camera_is_told_by_its_kind_and_none_is_3(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.act("camera", "show", "payment")
    code, said = _kiosk(capsys, "camera", "scan", "--patience", "20")
    assert (code, said["kind"], len(said["corners"])) == (0, "payment", 4)
    bill = {"biller": "WATER-0755", "number": "00123456789", "amount": 12_050, "due": "2031-03-31"}
    assert said["content"] == bill
    rig.act("camera", "show", "advertisement")
    assert _kiosk(capsys, "camera", "scan", "--patience", "20")[1]["kind"] == "unknown"
    rig.act("camera", "hide")
    code, said = _kiosk(capsys, "camera", "scan", "--patience", "1")
    assert code == 3
    assert said["mend"] == "customer"
    rig.fault("camera", "unplugged")
    assert _kiosk(capsys, "camera", "scan", "--patience", "1")[0] == 4


@pytest.mark.parametrize("name", ["id-reader", "card-reader"])
def test_a_garbled_answer_is_garbled(rig: Rig, capsys: pytest.CaptureFixture[str], name: str) -> None:
    rig.fault(name, "garbled")
    rig.act("id-reader", "lay", "li-na")
    rig.act("card-reader", "insert", "li-na-debit")
    code, said = _kiosk(capsys, name, "read", "--patience", "5")
    assert code == 5
    assert _is_error(said, name, "engineer")


def test_no_far_ends_at_all_is_offline_with_the_way_to_start_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(RENDEZVOUS, raising=False)
    code, said = _kiosk(capsys, "id-reader", "read")
    assert code == 4
    assert "python -m drivers.sim" in said["remedy"]


@pytest.mark.parametrize(
    "words",
    [
        ["toaster", "status", "--at", "x"],
        ["printer"],
        ["printer", "status"],
        ["printer", "status", "--at", "nonsense"],
        ["printer", "print", "/absent.txt", "--at", "sim:printer"],
        ["card-reader", "read", "--at", "sim:card-reader", "--amount", "1.001"],
        ["card-reader", "read", "--at", "sim:card-reader", "--amount", "-1"],
        ["card-reader", "read", "--at", "sim:card-reader", "--amount", "NaN"],
        ["card-reader", "read", "--at", "tcp:127.0.0.1:1"],
        ["id-reader", "read", "--at", "sim:id-reader", "--patience", "inf"],
        ["camera", "snap", "--at", "gif:x", "--out", "x.png"],
    ],
)
def test_wrong_usage_is_two_with_a_remedy_in_json_too(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert device.main([*words, "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert set(said) == {"error", "device", "mend", "remedy"}
    assert said["error"]
    assert said["remedy"]


def test_help_names_every_device_and_where_it_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        device.main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(name in said for name in DEVICES)
    assert "pcsc:READER NAME" in said
