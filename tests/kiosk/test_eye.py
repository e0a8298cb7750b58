"""Codes through the real media process and the real decoder, as the terminal puts them together."""

import asyncio
from pathlib import Path

import pytest

from drivers.api import DeviceError
from drivers.barcode import Scanner
from drivers.sim.camera import CameraFarEnd
from kiosk.media.client import MediaProcess
from protocol.qr import Appointment, Content, Payment


def test_a_shut_eye_reads_no_code_an_open_one_does_and_the_next_customer_may_hold_the_same(tmp_path: Path) -> None:
    async def story() -> None:
        far = CameraFarEnd(tmp_path, seconds=1)
        process = MediaProcess(await far.start(), tmp_path)
        running = asyncio.ensure_future(process.run())
        scanner = Scanner(process)
        try:
            await process.frame(30)
            await far.act("show", "payment")
            assert await process.blind()
            asked: list[Content] = []
            with pytest.raises((DeviceError, TimeoutError)):
                await scanner.wait_code(1.5, lambda one: bool(asked.append(one)) or True)
            assert asked == []
            await process.see()
            read = await scanner.wait_code(30, lambda _: True)
            assert isinstance(read.content, Payment)
            assert read.content.biller == "WATER-0755"
            scanner.forget()
            again = await scanner.wait_code(30, lambda _: True)
            assert again.content == read.content
            await far.act("show", "appointment")
            other = await scanner.wait_code(30, lambda one: isinstance(one, Appointment))
            assert isinstance(other.content, Appointment)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await scanner.close()
            await far.stop()

    asyncio.run(story())
