"""`make demo`: with a display a terminal to use, without one a scripted visit and what it leaves in `build/demo`."""

import asyncio
import logging
import os
import shutil
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from kiosk.__main__ import Kiosk, build, prepare_kivy, serve
from kiosk.demo.parts import DidNotStart, Parts, running
from kiosk.record import broken_at, export

HERE = Path(__file__).resolve().parent.parent.parent
OUT = HERE / "build/demo"
PANEL = {"fullscreen": False}
SMALL = {"width": 540, "height": 960, "fullscreen": False}
"""For a person's own display, which seldom is as tall as a kiosk's."""
LONGEST = 170.0
"""Seconds that the scripted visits may take."""
STATE_FOLDER = "state"


def say(text: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Answers the exit code: 0 it went as it should, 1 it did not, and says why."""
    alone = bool(os.environ.get("HEADLESS")) or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "languages").mkdir(parents=True)
    if alone:
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            os.environ.pop(name, None)
    prepare_kivy(OUT / STATE_FOLDER)
    logging.basicConfig(
        filename=OUT / "terminal.log", level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        asyncio.run(_scripted() if alone else _by_hand())
    except (DidNotStart, TimeoutError) as why:
        what = why or f"not finished after {LONGEST:g} s"
        say(f"demo: {what}; what the parts said is in {_short(OUT)}/{STATE_FOLDER}/logs")
        return 1
    return 0


async def _by_hand() -> None:
    """A window and the device bench, until the window is closed."""
    say("starting branch and devices …")
    async with running(OUT / STATE_FOLDER, screen=SMALL) as parts:
        os.environ["KIOSK_SIM"] = parts.rendezvous
        say(f"device bench: {parts.page}")
        say("there you lay down ID cards, insert bank cards, press PIN keys, take paper and pick faults")
        say("PIN of the cards li-na-debit: 147258, wang-wei-debit: 369258. Close the window to end.")
        await serve(parts.config, windowed=True)


async def _scripted() -> None:
    from kiosk.demo.script import DidNotCome  # noqa: PLC0415  Kivy reads its environment at import

    say("starting branch and devices …")
    async with running(OUT / STATE_FOLDER, screen=PANEL) as parts, AsyncExitStack() as stack:
        os.environ["KIOSK_SIM"] = parts.rendezvous
        kiosk = await build(parts.config, stack, windowed=True)
        try:
            async with asyncio.timeout(LONGEST):
                await _film(parts, kiosk)
        except DidNotCome as why:
            raise DidNotStart(str(why)) from why
        await _leave(parts)
    say((OUT / "README.txt").read_text())


async def _film(parts: Parts, kiosk: Kiosk) -> None:
    """Open the window, serve, and let two customers come; then draw the main screens in every language."""
    from kiosk.demo.album import Album, Film  # noqa: PLC0415
    from kiosk.demo.script import Customer, with_bank_card, with_id_card  # noqa: PLC0415
    from kiosk.ui.hand import Hand  # noqa: PLC0415

    window = asyncio.ensure_future(kiosk.stage.run())
    await kiosk.stage.ready()
    hand, album = Hand(kiosk.stage, hold=0.15), Album(kiosk.stage, OUT)
    service = asyncio.ensure_future(kiosk.service.run())
    film = asyncio.ensure_future(Film(kiosk.stage, hand, OUT / "visit.mp4").run())
    customer = Customer(kiosk.stage, hand, parts.bench)
    say("the visits run …")
    try:
        await with_bank_card(customer)
        await with_id_card(customer)
    finally:
        for task in (film, service):
            task.cancel()
        await asyncio.gather(film, service, return_exceptions=True)
    await album.likenesses()
    await album.languages(OUT / "languages")
    kiosk.stage.stop()
    await window


async def _leave(parts: Parts) -> None:
    """What the visits left behind: paper, the journal with its proof, and a list of it all."""
    for path in sorted((parts.folder / "devices/receipts").glob("receipt-*")):
        shutil.copy(path, OUT / path.name)
    journal = parts.config.state / "journal.db"
    lines, broken = export(journal, OUT / "journal.jsonl"), broken_at(journal)
    books = (await parts.branch("balance")).strip()
    pictures = len(list(OUT.glob("[0-9]*.png")))
    chain = "whole" if broken is None else "BROKEN, see `kiosk journal verify`"
    found = [
        f"{pictures} screens that two visits met:  {_short(OUT)}/01-….png and on",
        f"the main screens in every language:  {_short(OUT)}/languages/",
        f"receipts, picture and text:  {_short(OUT)}/receipt-….png, .txt",
        f"the film:  {_short(OUT)}/visit.mp4",
        f"the journal, {lines} records, {chain}:  {_short(OUT)}/journal.jsonl",
        f"the branch's ledger: {books}",
    ]
    (OUT / "README.txt").write_text("\n".join(found) + "\n")
    if broken is not None or books != "the books balance":
        raise DidNotStart("the visits left a journal or books that do not hold")


def _short(path: Path) -> str:
    return os.path.relpath(path)


if __name__ == "__main__":
    sys.exit(main())
