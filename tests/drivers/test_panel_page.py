"""The panel and the codes on the device bench's page: what a person does there, and what she sees of it."""

import asyncio
import pathlib

from playwright.async_api import expect

from drivers.api import Colour, Light
from drivers.panel import XfsPanel
from drivers.sim.camera import SPECIMENS, CameraFarEnd
from drivers.sim.panel import DEEDS, PanelFarEnd
from tests.drivers.bench_rig import browser, client_of, opened

PATIENCE = 20_000
"""Milliseconds that the page may take to show what was done: its film is made anew."""


def test_every_deed_at_the_panel_is_done_over_http_and_its_new_state_answered(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with client_of(tmp_path, PanelFarEnd()) as (client, ends):
            for verb, choice in DEEDS:
                answer = await client.post("/act", json={"device": "panel", "verb": verb, "choice": choice})
                assert answer.status_code == 200, (verb, choice)
                assert answer.json()["state"] == ends["panel"].state()
            answer = await client.post("/act", json={"device": "panel", "verb": "power", "choice": "sun"})
            assert answer.status_code == 400

    asyncio.run(run())


def test_a_person_lifts_the_handset_opens_the_door_and_sees_it_and_the_light_that_comes_on(
    tmp_path: pathlib.Path,
) -> None:
    async def run() -> None:
        far = PanelFarEnd()
        async with opened(tmp_path, far) as (url, _), browser(url) as page:
            panel = XfsPanel(far.url)
            card = page.locator("#panel")
            await expect(card.locator(".seen")).to_have_text("Nobody there")
            await card.get_by_role("button", name="Lift the handset").click()
            await card.get_by_role("button", name="Open the cabinet").click()
            await expect(card.locator(".seen")).to_have_text("Handset lifted · cabinet open")
            assert (await panel.state()).handset_lifted
            assert (await panel.state()).door_open
            await panel.light(Light.CARD_READER, Colour.GREEN)
            await expect(card.locator(".seen")).to_have_text("Handset lifted · cabinet open · card light lit")
            await card.get_by_role("button", name="Battery, nearly empty").click()
            await expect(card.locator("[data-choice=battery-low]")).to_have_attribute("aria-pressed", "true")
            await expect(card.locator("[data-choice=mains]")).to_have_attribute("aria-pressed", "false")
            await panel.close()

    asyncio.run(run())


def test_every_fault_of_the_panel_is_picked_shown_in_words_and_mended(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        far = PanelFarEnd()
        async with opened(tmp_path, far) as (url, _), browser(url) as page:
            card = page.locator("#panel")
            for fault in far.faults:
                await card.get_by_label("Fault").select_option(fault)
                await expect(card.locator(".seen")).to_have_text(fault.capitalize())
                await expect(card.locator(".why")).not_to_have_text(f"{fault.capitalize()}.")
                assert far.fault == fault
                await card.get_by_role("button", name="Mend").click()
                await expect(card).not_to_have_attribute("data-tone", "bad")

    asyncio.run(run())


def test_a_code_is_held_before_the_camera_and_taken_away_and_the_page_fits_a_phone(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        camera = CameraFarEnd(tmp_path / "film", seconds=0.5)
        async with opened(tmp_path, camera, PanelFarEnd()) as (url, _), browser(url) as page:
            card = page.locator("#camera")
            await expect(card.locator("[data-verb=show]")).to_have_count(len(SPECIMENS), timeout=PATIENCE)
            await card.get_by_role("button", name="Water bill").click()
            await expect(card.locator(".seen")).to_have_text("Sees: water bill", timeout=PATIENCE)
            assert camera.state()["shows"] == "payment"
            await card.get_by_role("button", name="Take it away").click()
            await expect(card.locator(".seen")).to_have_text("Sees moving colour bars", timeout=PATIENCE)
            for width in (1280, 390):
                await page.set_viewport_size({"width": width, "height": 800})
                await page.wait_for_function(f"document.documentElement.scrollWidth == {width}", timeout=PATIENCE)

    asyncio.run(run())
