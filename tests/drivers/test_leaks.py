"""A terminal runs for months: a device that comes and goes costs no file, no thread and no task each time."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from drivers.api import Device, Health, Line, Slip
from drivers.camera import OpenCvCamera
from drivers.emv import PcscCardReader
from drivers.escpos import SerialPrinter
from drivers.escpos.printer import Patience
from drivers.idcard import SerialIdReader
from drivers.pinpad import XfsPinPad
from drivers.sim.base import FarEnd
from drivers.sim.camera import CameraFarEnd
from drivers.sim.idcard import IdReaderFarEnd
from drivers.sim.pcscd import PcscDaemon
from drivers.sim.pinpad import PinPadFarEnd
from drivers.sim.printer import PrinterFarEnd
from tests.emv_cards import TODAY

WARM = 2
"""Rounds before the count: what is made once, at first use, is no leak."""
HASTY = Patience(status=0.3, identity=0.2, job=1.0, look=0.1)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def held() -> tuple[int, int, int]:
    """Open files, threads and tasks, once whatever was let go has had its turn."""
    for _ in range(20):
        await asyncio.sleep(0.01)
    return open_files(), threading.active_count(), len(asyncio.all_tasks())


async def seen(device: Device, *, there: bool) -> None:
    """Wait until the device itself says that it is there, or gone; five seconds at most."""
    for _ in range(100):
        if ((await device.status()).health is not Health.OFFLINE) == there:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never {'there' if there else 'gone'}")


Switch = Callable[[], Awaitable[None]]


async def come_and_go(device: Device, off: Switch, on: Switch, rounds: int = 8) -> None:
    await seen(device, there=True)
    before = (0, 0, 0)
    for number in range(rounds + WARM):
        if number == WARM:
            before = await held()
        await off()
        await seen(device, there=False)
        await on()
        await seen(device, there=True)
    assert await held() == before


def unplug_and_plug(make: Callable[[], FarEnd], drive: Callable[[str], Device], rounds: int = 8) -> None:
    async def run() -> None:
        far = make()
        device = drive(await far.start())
        await come_and_go(device, lambda: far.set_fault("unplugged"), lambda: far.set_fault(""), rounds)
        await device.close()
        await far.stop()

    asyncio.run(run())


@pytest.mark.parametrize("wire", ["serial", "tcp"])
def test_an_id_reader_that_comes_and_goes_costs_nothing(wire: str) -> None:
    unplug_and_plug(lambda: IdReaderFarEnd(wire), SerialIdReader)


@pytest.mark.parametrize("wire", ["serial", "tcp"])
def test_a_printer_that_comes_and_goes_costs_nothing(tmp_path: Path, wire: str) -> None:
    unplug_and_plug(lambda: PrinterFarEnd(tmp_path, wire=wire), lambda url: SerialPrinter(url, patience=HASTY))


def test_a_pin_pad_that_comes_and_goes_costs_nothing() -> None:
    unplug_and_plug(lambda: PinPadFarEnd(bytes(range(16)), bytes(16)), XfsPinPad)


def test_a_camera_that_comes_and_goes_costs_nothing(tmp_path: Path) -> None:
    unplug_and_plug(lambda: CameraFarEnd(tmp_path, seconds=0.4, size=(160, 120)), OpenCvCamera, 3)


def test_a_card_service_that_dies_and_returns_costs_nothing(pcscd: PcscDaemon) -> None:
    async def off() -> None:
        pcscd.kill()

    async def on() -> None:
        pcscd.start()

    async def run() -> None:
        device = PcscCardReader("pcsc:Virtual PCD 00 00", today=lambda: TODAY)
        await come_and_go(device, off, on, 4)
        await device.close()

    asyncio.run(run())


def test_a_driver_that_is_closed_leaves_nothing_behind(tmp_path: Path) -> None:
    async def run() -> None:
        far, paper = IdReaderFarEnd(), PrinterFarEnd(tmp_path)
        at, at_printer = await far.start(), await paper.start()
        sizes = []
        for _ in range(6):
            for device in (SerialIdReader(at), SerialPrinter(at_printer, patience=HASTY)):
                assert (await device.status()).health is Health.OK
                await device.close()
            sizes.append(await held())
        assert sizes[2] == sizes[-1]
        await far.stop()
        await paper.stop()

    asyncio.run(run())


def test_a_reading_or_a_job_that_is_cut_off_costs_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        far, paper = IdReaderFarEnd(baud=57600), PrinterFarEnd(tmp_path, speed=20.0)
        reader, printer = SerialIdReader(await far.start()), SerialPrinter(await paper.start(), patience=HASTY)
        sizes = []
        for _ in range(6):
            await far.act("lay", "li-na")
            works = [asyncio.ensure_future(reader.read_card(5))]
            works += [asyncio.ensure_future(printer.print_slip(Slip((Line("row"),) * 9)))]
            await asyncio.sleep(0.1)
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
            await seen(reader, there=True)
            await seen(printer, there=True)
            sizes.append(await held())
        assert sizes[2] == sizes[-1]
        await reader.close()
        await printer.close()
        await far.stop()
        await paper.stop()

    asyncio.run(run())
