"""The device bench in a real browser: what a person does on the page reaches the far ends, and she sees it."""

import asyncio
import pathlib

from PIL import Image
from playwright.async_api import expect

from branch.demo import CARDS
from drivers.sim.base import FarEnd
from drivers.sim.bench import Bench
from drivers.sim.pinpad import KEYS, PinPadFarEnd
from tests.drivers.bench_rig import Stubborn, browser, five_ends, opened


def test_a_person_lays_a_card_presses_keys_and_picks_a_fault_on_the_page(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        wrong: list[str] = []
        async with opened(tmp_path) as (url, ends), browser(url) as page:
            page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
            reader = page.locator("#id-reader")
            await reader.get_by_role("button", name="Li Na").click()
            await expect(reader.get_by_role("button", name="Li Na")).to_have_attribute("aria-pressed", "true")
            await expect(reader.locator(".seen")).to_have_text("李娜’s card lies on it")
            await reader.get_by_label("Fault").select_option("deaf")
            await expect(reader).to_have_attribute("data-tone", "bad")
            assert ends["id-reader"].fault == "deaf"
            await page.locator("#card-reader").get_by_role("button", name="Li Na debit").click()
            await expect(page.locator("#card-reader [data-fact=inserted]")).to_have_text("li-na-debit")
            await page.locator("#card-reader").get_by_role("button", name="Pull card").click()
            await expect(page.locator("#card-reader .seen")).to_have_text("The slot is empty")
            assert await page.locator("#pin-pad .keypad button").count() == 14
            assert wrong == []

    asyncio.run(run())


def test_the_page_follows_what_happens_elsewhere_and_shows_the_paper(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as (url, ends), browser(url) as page:
            await expect(page.locator("#no-receipt")).to_be_visible()
            Image.new("1", (576, 200), 1).save(tmp_path / "receipt-001.png")
            await ends["id-reader"].act("lay", "wang-wei")
            await expect(page.locator("#id-reader [data-fact=card]")).to_have_text("wang-wei")
            await expect(page.locator("#receipt-picture")).to_be_visible()
            assert await page.locator("#receipt-picture").evaluate("picture => picture.decode().then(() => 1)") == 1

    asyncio.run(run())


def _listened(pad: FarEnd) -> list[str]:
    """The keys that reach a pad from now on."""
    assert isinstance(pad, PinPadFarEnd)
    pressed: list[str] = []
    press = pad.service.press

    async def listen(key: str) -> None:
        pressed.append(key)
        await press(key)

    pad.service.press = listen  # type: ignore[method-assign]
    return pressed


def test_a_key_on_the_page_is_a_key_of_the_pad(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as (url, ends), browser(url) as page:
            pressed = _listened(ends["pin-pad"])
            keypad = page.get_by_role("group", name="Press a key")
            for name in ("7", "0", "Correct", "Clear", "Cancel", "Enter"):
                async with page.expect_response("**/act"):
                    await keypad.get_by_role("button", name=name, exact=True).click()
            assert pressed == ["7", "0", "backspace", "clear", "cancel", "enter"]

    asyncio.run(run())


def test_a_number_is_typed_by_one_press_or_written_out_or_by_the_keyboard(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as (url, ends), browser(url) as page:
            pressed = _listened(ends["pin-pad"])
            pad = page.locator("#pin-pad")
            for act in (
                pad.get_by_role("button", name="Wang Wei 369258").click(),
                pad.get_by_label("Digits to type").fill("42"),
                pad.get_by_label("Digits to type").press("Enter"),
                pad.get_by_role("button", name="5", exact=True).press("8"),
                page.keyboard.press("Backspace"),
            ):
                await act
                await page.wait_for_timeout(100)
            await expect(pad.get_by_label("Digits to type")).to_have_value("")
            await expect(pad.get_by_role("button", name="Correct")).to_be_focused()
            assert pressed == [*"369258", "enter", *"42", "enter", "8", "backspace"]

    asyncio.run(run())


def test_the_pins_on_the_page_are_those_of_the_seeded_cards_and_one_wrong_one(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with opened(tmp_path) as (url, _), browser(url) as page:
            tiles = page.locator("#pin-pad .tile")
            await expect(tiles.first).to_be_visible()
            shown = [str(await tile.get_attribute("data-choice")) for tile in await tiles.all()]
            assert set(shown[:-1]) == {card.pin for card in CARDS}
            assert shown[-1] not in shown[:-1]

    asyncio.run(run())


def test_every_fault_of_every_device_is_picked_shown_in_words_and_mended(tmp_path: pathlib.Path) -> None:
    async def run() -> None:
        async with opened(tmp_path, *five_ends(tmp_path)) as (url, ends), browser(url) as page:
            for name, end in ends.items():
                card = page.locator(f"#{name}")
                for fault in end.faults:
                    await card.get_by_label("Fault").select_option(fault)
                    await expect(card.locator(".seen")).to_have_text(fault.replace("-", " ").capitalize())
                    await expect(card.locator(".why")).not_to_be_empty()
                    assert end.fault == fault
                    await card.get_by_role("button", name="Mend").click()
                    await expect(card).not_to_have_attribute("data-tone", "bad")
                    assert end.fault == ""

    asyncio.run(run())


def test_devices_stand_in_the_order_of_a_visit_and_fit_a_phone_and_nothing_comes_from_elsewhere(
    tmp_path: pathlib.Path,
) -> None:
    asked: list[str] = []

    async def run() -> None:
        async with opened(tmp_path, *five_ends(tmp_path)) as (url, _), browser("about:blank") as page:
            page.on("request", lambda request: asked.append(request.url))
            for width in (1280, 390):
                await page.set_viewport_size({"width": width, "height": 800})
                await page.goto(url)
                await expect(page.locator("article")).to_have_count(5)
                assert await page.evaluate("document.documentElement.scrollWidth") == width
            order = await page.locator("article").evaluate_all("all => all.map(one => one.id)")
            assert order == ["id-reader", "card-reader", "pin-pad", "camera", "printer"]
            assert await page.locator(".keypad button").count() == len(KEYS)
            assert all(address.startswith(url) for address in asked)

    asyncio.run(run())


def test_a_refusal_is_shown_beside_the_device_and_a_lost_server_at_the_top(tmp_path: pathlib.Path) -> None:
    async def refuse() -> None:
        raise ValueError("the paper is stuck")

    async def run() -> None:
        ends = Stubborn(refuse)
        bench = Bench([ends], tmp_path)
        async with browser(await bench.start()) as page:
            await page.get_by_role("button", name="Take the paper").click()
            await expect(page.get_by_role("alert")).to_contain_text("The paper is stuck.")
            await bench.stop()
            await expect(page.locator("#link")).to_have_text("devices not running")

    asyncio.run(run())
