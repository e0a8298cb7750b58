"""The headset on the device bench's page: whoever watches reads what is said into the customer's ear."""

import asyncio
import pathlib

from playwright.async_api import expect

from drivers.api import Clip, Outlet
from drivers.audio import AudioOut
from drivers.sim.sound import SoundFarEnd
from tests.drivers.bench_rig import browser, opened


def test_what_is_said_stands_on_the_page_as_its_caption(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        far = SoundFarEnd("headset", tmp_path)
        async with opened(tmp_path, far) as (url, _), browser(url) as page:
            card = page.locator("#headset")
            await expect(card.locator(".seen")).to_have_text("Silent")
            out = AudioOut(f"tcp:{far.url}")
            await out.play(Clip(b"\x00\x20" * 200, 22050, "请插入银行卡"), Outlet.PRIVATE)
            await expect(card.locator(".seen")).to_have_text("“请插入银行卡”")
            await card.get_by_label("Fault").select_option("unplugged")
            await expect(card.locator(".seen")).to_have_text("Unplugged")

    asyncio.run(run())
