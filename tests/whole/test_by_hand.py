"""`python -m kiosk.demo` as a person uses it: a window on a real display, and the device bench in a real browser."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from drivers.sim.pcscd import PcscDaemon, answers
from flows.journal import read_records
from tests.whole.demo_rig import PATIENCE, below, demo, ended, said
from tests.whole.person import Person

CHROMIUM = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


@asynccontextmanager
async def _display() -> AsyncIterator[str]:
    """A display that nobody else uses; answers its name, `:` alone if it did not come up."""
    told, tell = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            "Xvfb", "-displayfd", str(tell), "-screen", "0", "1280x1100x24", "-nolisten", "tcp",
            pass_fds=(tell,), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    finally:
        os.close(tell)
    try:
        with os.fdopen(told) as number:
            yield f":{(await asyncio.to_thread(number.readline)).strip()}"
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def _page(url: str) -> AsyncIterator[Page]:
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        try:
            page = await browser.new_page(viewport={"width": 1280, "height": 800})
            await page.goto(url)
            yield page
        finally:
            await browser.close()


async def _pays_a_visit(person: Person, page: Page) -> None:
    """By bank card, key by key; her current account on paper; then she takes her card and goes."""
    await person.touches("English")
    await person.touches("Bank", "card")
    await person.sees("Insert")
    slot, pad, printer = (page.locator(f"#{name}") for name in ("card-reader", "pin-pad", "printer"))
    await slot.get_by_role("button", name="Li Na debit").click()
    await expect(slot.locator(".seen")).to_have_text("Li Na’s card is in the slot")
    await expect(pad.locator(".seen")).to_have_text("Asks for the PIN · 0 digits", timeout=PATIENCE * 1000)
    for key in ("1", "4", "7", "2", "5", "8", "Enter"):
        await pad.get_by_role("group").get_by_role("button", name=key, exact=True).click()
    await person.touches("Accounts")
    await person.touches("Current", "account")
    await person.touches("Print")
    await expect(printer.locator(".seen")).to_have_text("A slip is waiting", timeout=PATIENCE * 1000)
    await printer.get_by_role("button", name="Take the slip").click()
    await expect(printer.locator(".seen")).to_have_text("Ready")
    await expect(printer.get_by_alt_text("The printed paper receipt")).to_be_visible()
    await person.touches("Finish")
    await person.touches("Very", "good")
    await person.sees("Take")
    await slot.get_by_role("button", name="Pull card").click()
    await expect(slot.locator(".seen")).to_have_text("The slot is empty")


async def _until_ended(journal: Path) -> None:
    """Wait until the visit's end is written down."""
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while "visit-ends" not in {record["state"] for record, _ in read_records(journal)}:
        assert loop.time() < until, "the visit does not end"
        await asyncio.sleep(0.2)


def test_a_visit_by_touch_and_by_page_is_in_the_journal_and_the_closed_window_leaves_nothing_running(
    pcscd: PcscDaemon, tmp_path: Path
) -> None:
    async def story() -> None:
        async with AsyncExitStack() as stack:
            display = await stack.enter_async_context(_display())
            process = await stack.enter_async_context(demo(tmp_path / "demo", DISPLAY=display))
            url = re.search(r"http://127\.0\.0\.1:\d+/", await said(process, "http://"))
            assert url
            page = await stack.enter_async_context(_page(url[0]))
            person = Person(display)
            await _pays_a_visit(person, page)
            await _until_ended(tmp_path / "demo/state/terminal/journal.db")
            await person.sees("English")
            parts = below(process.pid)
            assert len(parts) >= 3, "branch, devices and media are programs of their own"
            await person.closes_window(process.pid)
            assert "demo: ended" in await ended(process, parts)
            assert process.returncode == 0

    asyncio.run(story())
    records = [record for record, _ in read_records(tmp_path / "demo/state/terminal/journal.db")]
    assert [record["body"]["how"] for record in records if record["state"] == "visit-ends"] == ["farewell"]
    assert answers(), "a daemon that was there before stays"
