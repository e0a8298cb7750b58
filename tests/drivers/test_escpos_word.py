"""What counts as the printer's own word, and what never does."""

import asyncio
import contextlib
import itertools
import os
import tty
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from drivers.api import DeviceError, Line, Offline, Slip
from drivers.escpos import SerialPrinter
from drivers.escpos.printer import Patience
from drivers.sim.printer import PrinterFarEnd
from drivers.wire import Wire, pair

SLIP = Slip((Line("one"), Line("two")))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=6))
def test_no_noise_from_a_printer_is_ever_taken_for_its_word(noise: list[bytes]) -> None:
    """Whatever it answers in place of what was asked: never printed, and never anything but a plain error."""

    async def talk(far: Wire) -> None:
        said = itertools.cycle(noise)
        with contextlib.suppress(Offline):
            while await far.read():
                await far.write(next(said))

    async def run() -> None:
        talks: list[asyncio.Task[None]] = []

        async def opener() -> Wire:
            near, far = pair()
            talks.append(asyncio.ensure_future(talk(far)))
            return near

        patience = Patience(status=0.05, identity=0.02, job=0.05, look=0.02)
        printer = SerialPrinter("", opener=opener, patience=patience)
        for _ in range(2):
            with pytest.raises(DeviceError):
                await printer.print_slip(SLIP)
        await printer.close()
        for one in talks:
            one.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    asyncio.run(run())


def test_a_long_slip_gets_the_time_that_its_bytes_take(tmp_path: Path) -> None:
    async def run() -> None:
        far = PrinterFarEnd(tmp_path, speed=100.0)
        printer = SerialPrinter(await far.start(), patience=Patience(job=0.2, look=0.1))
        assert (await printer.print_slip(Slip((Line("a line of a long text " * 2),) * 120))).printed
        await printer.close()
        await far.stop()

    asyncio.run(run())


def test_a_printer_that_takes_no_more_bytes_is_offline_after_a_bounded_wait(tmp_path: Path) -> None:
    """A pseudo terminal that answers four times, then is never emptied again."""

    async def run() -> None:
        near, far = os.openpty()
        tty.setraw(near)
        tty.setraw(far)
        patience = Patience(status=0.5, stall=0.2, job=0.2, look=0.1)
        printer = SerialPrinter(f"serial:{os.ttyname(far)}", patience=patience)
        job = asyncio.ensure_future(printer.print_slip(Slip((Line("row" * 15),) * 2000)))
        loop = asyncio.get_running_loop()
        for _ in range(4):
            asked = loop.create_future()
            loop.add_reader(near, lambda: asked.done() or asked.set_result(None))  # noqa: B023
            await asked
            loop.remove_reader(near)
            os.read(near, 3)
            os.write(near, b"\x12")
        with pytest.raises(Offline, match="takes no more"):
            await job
        await printer.close()
        os.close(near)
        os.close(far)

    asyncio.run(run())
