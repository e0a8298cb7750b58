"""The driver and a printer at the far end of a real pseudo terminal or TCP port."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from drivers.api import DeviceError, Faulty, Health, Line, NoMedia, Offline, Printed, Slip
from drivers.escpos import SerialPrinter
from drivers.escpos.printer import Patience
from drivers.sim.paper import MARGIN, TABLE
from drivers.sim.printer import PrinterFarEnd

HASTY = Patience(status=0.4, identity=0.2, job=4.0, look=0.1, retract=1.0)
SLIP = Slip(
    (Line("工商 Receipt", bold=True, centre=True), Line(rule=True), Line("金额", "¥100.00"), *[Line("row")] * 6)
)
Story = Callable[[PrinterFarEnd, SerialPrinter], Awaitable[None]]


def play(folder: Path, story: Story, *, wire: str = "serial", presenter: bool = False, proof: str = "") -> None:
    """Run one story with a printer and its driver."""

    async def run() -> None:
        far = PrinterFarEnd(folder, wire=wire, presenter=presenter, chance=random.Random(3))
        url = await far.start()
        url += (("&" if "?" in url else "?") + f"proof={proof}") if proof else ""
        driver = SerialPrinter(url, chance=random.Random(4), patience=HASTY)
        try:
            await story(far, driver)
        finally:
            await driver.close()
            await far.stop()

    asyncio.run(run())


@pytest.mark.parametrize("wire", ["serial", "tcp"])
def test_a_slip_comes_out_and_the_printer_proves_it(tmp_path: Path, wire: str) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        assert await driver.print_slip(SLIP) == Printed(printed=True, proof="process-id")
        rows = (tmp_path / "receipt-001.txt").read_text().split("\n")
        assert rows[0].strip() == "工商 Receipt"
        assert rows[1] == "-" * 48
        assert rows[2].endswith("￥100.00")
        with Image.open(tmp_path / "receipt-001.png") as image:
            assert image.width == 576 + 2 * (MARGIN + TABLE)
            assert image.height > 9 * 38

    play(tmp_path, story, wire=wire)


def test_a_picture_and_a_qr_code_are_on_the_paper(tmp_path: Path) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        await driver.print_slip(Slip((Line("الرصيد", "¥5"), Line("中")), qr="https://example.org/张", rtl=True))
        rows = (tmp_path / "receipt-001.txt").read_text()
        assert "[raster 576x40]" in rows
        assert "[qr https://example.org/张]" in rows

    play(tmp_path, story)


@pytest.mark.parametrize("rtl", [False, True])
def test_the_code_on_the_paper_can_be_read_by_a_camera_and_the_ink_keeps_off_the_edges(
    tmp_path: Path, rtl: bool
) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        slip = Slip((Line("إيصال", "*伟", bold=True), Line("金额", "¥25,000.00")), qr="202611240000000011", rtl=rtl)
        assert (await driver.print_slip(slip)).printed
        picture = cv2.imread(str(tmp_path / "receipt-001.png"), cv2.IMREAD_GRAYSCALE)
        assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == "202611240000000011"
        columns = np.flatnonzero((picture < 64).any(axis=0))
        assert columns[0] >= TABLE + MARGIN
        assert columns[-1] < picture.shape[1] - TABLE - MARGIN

    play(tmp_path, story)


def test_a_status_names_the_trouble_and_who_can_mend_it(tmp_path: Path) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        for fault, kind in (("cover-open", NoMedia), ("paper-out", NoMedia), ("jam", Faulty), ("deaf", Offline)):
            await far.set_fault(fault)
            why = (await driver.status()).why
            assert isinstance(why, kind)
            assert why.remedy
        await far.set_fault("")
        assert (await driver.status()).why is None

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("proof", "told"),
    [("in-order", Printed(printed=True, proof="in-order-status")), ("none", Printed(printed=False))],
)
def test_only_what_the_model_can_prove_is_called_printed(tmp_path: Path, proof: str, told: Printed) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        assert await driver.print_slip(SLIP) == told

    play(tmp_path, story, proof=proof)


@pytest.mark.parametrize(("fault", "error"), [("paper-out", NoMedia), ("cover-open", NoMedia), ("jam", Faulty)])
def test_a_printer_in_trouble_gets_no_job(tmp_path: Path, fault: str, error: type[DeviceError]) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        await far.set_fault(fault)
        with pytest.raises(error):
            await driver.print_slip(SLIP)
        await far.set_fault("")
        assert (await driver.print_slip(SLIP)).printed
        assert far.slips == ["receipt-001"]

    play(tmp_path, story)


@pytest.mark.parametrize("wire", ["serial", "tcp"])
@pytest.mark.parametrize("fault", ["deaf", "garbled", "unplugged"])
def test_a_printer_that_cannot_be_understood_leaves_it_in_doubt_and_is_used_again_when_mended(
    tmp_path: Path, fault: str, wire: str
) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        assert (await driver.status()).health is Health.OK
        await far.set_fault(fault)
        with pytest.raises(DeviceError) as caught:
            await driver.print_slip(SLIP)
        assert not isinstance(caught.value, NoMedia)
        assert (await driver.status()).health is Health.OFFLINE
        await far.set_fault("")
        assert (await driver.print_slip(SLIP)).printed

    play(tmp_path, story, wire=wire)


def test_a_slow_printer_prints(tmp_path: Path) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        await far.set_fault("slow")
        patient = SerialPrinter(f"serial:{tmp_path}/printer.tty")
        assert (await patient.print_slip(SLIP)).printed
        await patient.close()

    play(tmp_path, story)


async def until(true: Callable[[], bool]) -> None:
    """Wait for it, five seconds at most."""
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")


async def during(far: PrinterFarEnd, driver: SerialPrinter) -> "asyncio.Task[Printed]":
    """A job of which some lines are printed."""
    far.speed = 20.0
    job = asyncio.create_task(driver.print_slip(SLIP))
    await until(lambda: far.state()["lines_left"] <= 1998)
    return job


@pytest.mark.parametrize("proof", ["process-id", "in-order"])
@pytest.mark.parametrize("fault", ["jam", "cover-open", "paper-out"])
def test_trouble_in_the_middle_is_doubt_and_the_rest_never_comes_out(tmp_path: Path, fault: str, proof: str) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        job = await during(far, driver)
        await far.set_fault(fault)
        with pytest.raises(Faulty, match="while printing"):
            await job
        assert far.state()["waiting_orders"] == 0
        assert far.slips == []
        await far.set_fault("")
        far.speed = 0.0
        assert (await driver.print_slip(Slip((Line("next customer"),)))).printed
        rows = (tmp_path / "receipt-001.txt").read_text()
        assert rows.count("row") < 6
        assert rows.rstrip().endswith("next customer")

    play(tmp_path, story, proof=proof)


@pytest.mark.parametrize("wire", ["serial", "tcp"])
def test_a_printer_without_power_in_the_middle_is_in_doubt_and_the_next_slip_holds_nothing_of_the_rest(
    tmp_path: Path, wire: str
) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        job = await during(far, driver)
        await far.set_fault("power-off")
        with pytest.raises(Offline):
            await job
        assert (await driver.status()).health is Health.OFFLINE
        await far.set_fault("")
        far.speed = 0.0
        assert (await driver.print_slip(Slip((Line("next customer"),)))).printed
        rows = (tmp_path / "receipt-001.txt").read_text()
        assert rows.count("row") < 6
        assert rows.rstrip().endswith("next customer")

    play(tmp_path, story, wire=wire)


@pytest.mark.parametrize("wire", ["serial", "tcp"])
def test_a_cable_pulled_in_the_middle_is_in_doubt_even_if_the_slip_came_out_and_the_next_one_is_its_own(
    tmp_path: Path, wire: str
) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        job = await during(far, driver)
        await far.set_fault("unplugged")
        with pytest.raises(Offline):
            await job
        far.speed = 0.0
        await until(lambda: far.slips == ["receipt-001"])
        await far.set_fault("")
        assert (await driver.print_slip(Slip((Line("next customer"),)))).printed
        assert (tmp_path / "receipt-002.txt").read_text().strip() == "next customer"

    play(tmp_path, story, wire=wire)


def test_a_printer_that_goes_deaf_in_the_middle_is_not_believed_to_have_printed(tmp_path: Path) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        far.speed = 2.0
        hasty = SerialPrinter(f"serial:{tmp_path}/printer.tty", patience=Patience(status=0.1, job=0.5, look=0.1))
        job = asyncio.create_task(hasty.print_slip(SLIP))
        await until(lambda: far.state()["waiting_orders"] > 0)
        await far.set_fault("deaf")
        with pytest.raises(Offline, match="silent"):
            await job
        await hasty.close()

    play(tmp_path, story)


def test_a_job_cancelled_in_the_middle_is_forgotten_by_the_printer_too(tmp_path: Path) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        job = await during(far, driver)
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        far.speed = 0.0
        await driver.status()
        assert far.state()["waiting_orders"] == 0
        assert far.slips == []

    play(tmp_path, story)


def test_the_end_of_the_roll_is_announced_before_it_comes(tmp_path: Path) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        await far.act("load-paper", "low")
        assert (await driver.status()).media == "low"
        assert (await driver.print_slip(SLIP)).paper_low
        await far.act("load-paper", "few")
        with pytest.raises(Faulty, match="paper end"):
            await driver.print_slip(SLIP)
        status = await driver.status()
        assert (status.media, status.health) == ("absent", Health.DEGRADED)

    play(tmp_path, story)


def test_the_printer_says_itself_that_it_is_simulated(tmp_path: Path) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        status = await driver.status()
        assert status.simulated
        assert status.identity == "SIM SIM-TP80 1.0"
        assert status.media == "present"

    play(tmp_path, story)


def test_the_state_asked_during_a_job_sends_nothing_and_returns_at_once(tmp_path: Path) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        await driver.status()
        job = await during(far, driver)
        assert (await driver.status()).detail == "at work"
        assert not job.done()
        far.speed = 0.0
        assert (await job).printed

    play(tmp_path, story)


def test_a_presenter_knows_whether_the_slip_was_taken_and_can_draw_it_in(tmp_path: Path) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        assert await driver.print_slip(SLIP)
        assert await driver.paper_taken() is False
        await far.act("take")
        assert await driver.paper_taken() is True
        assert not await driver.retract()
        await driver.print_slip(SLIP)
        assert await driver.retract()
        assert far.state()["in_presenter"] == ""
        await far.set_fault("deaf")
        assert await driver.paper_taken() is None
        assert not await driver.retract()

    play(tmp_path, story, presenter=True)


def test_a_plain_printer_has_no_sensor_for_what_was_taken(tmp_path: Path) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        await driver.print_slip(SLIP)
        assert await driver.paper_taken() is None
        assert not await driver.retract()

    play(tmp_path, story)


def test_the_name_of_a_far_end_leads_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        (tmp_path / "sims.json").write_text(json.dumps({"printer": f"serial:{tmp_path}/printer.tty?presenter=custom"}))
        monkeypatch.setenv("KIOSK_SIM", str(tmp_path / "sims.json"))
        named = SerialPrinter("sim:printer", patience=HASTY)
        await named.print_slip(SLIP)
        assert await named.paper_taken() is False
        await named.close()

    play(tmp_path, story, presenter=True)


def test_a_url_with_an_unknown_proof_is_refused() -> None:
    with pytest.raises(ValueError, match="proof is one of"):
        SerialPrinter("tcp:127.0.0.1:9100?proof=hope")


def test_an_unknown_act_or_fault_is_refused(tmp_path: Path) -> None:
    async def story(far: PrinterFarEnd, driver: SerialPrinter) -> None:
        for act in (far.act("sing"), far.act("load-paper", "gold"), far.set_fault("tired")):
            with pytest.raises(ValueError, match="no such"):
                await act

    play(tmp_path, story)
