"""`make demo`: with a display a terminal to use, without one a scripted visit and what it leaves in `build/demo`.

`HEADLESS=1` plays the script though there is a display; `DEMO=landscape` turns the panel.
"""

import argparse
import asyncio
import logging
import os
import shutil
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drivers.sim.pcscd import LOCK
from kiosk.__main__ import Kiosk, build, prepare_kivy, serve
from kiosk.demo import size
from kiosk.demo.parts import PartFailed, Parts, in_use, running
from kiosk.record import broken_at, export

if TYPE_CHECKING:
    from kiosk.demo.script import Customer

HERE = Path(__file__).resolve().parent.parent.parent
OUT = HERE / "build/demo"
LONGEST = 165.0
"""Seconds that the scripted demo may take from its start; the parts then get a little time to end."""
ENDING = 15.0
"""Seconds that the terminal gets to end a visit whose window was closed."""
STATE_FOLDER, LOG = "state", "terminal.log"
INTERRUPTED = 130
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Order:
    """What the command line and the environment ask for."""

    out: Path
    shape: str
    pcscd: bool
    alone: bool
    """Nobody looks: play the script."""


def say(text: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def order(argv: Sequence[str], environ: Mapping[str, str]) -> Order:
    """Read the arguments; argparse ends the program with 2 when they make no sense."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.demo", description="A kiosk, its devices and a branch")
    add = parser.add_argument
    add("--out", type=_folder, default=OUT, metavar="DIR", help="emptied, then filled (default: build/demo)")
    add("--shape", type=_shape, default=environ.get("DEMO") or "portrait", help="portrait or landscape; also DEMO=…")
    add("--no-pcscd", action="store_true", help="use the PC/SC daemon that runs already; start and stop none")
    found = parser.parse_args(argv)
    alone = environ.get("HEADLESS", "") not in ("", "0") or not (
        environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")
    )
    return Order(found.out, found.shape, not found.no_pcscd, alone)


def _shape(text: str) -> str:
    if text not in size.SIDES:
        raise argparse.ArgumentTypeError(f"{text!r}: choose {' or '.join(size.SIDES)}")
    return text


def _folder(text: str) -> Path:
    """A folder that may be emptied: one that a demo filled before, or one that has nothing in it."""
    path = Path(text).absolute()
    if path.exists() and not (path / LOG).exists() and (not path.is_dir() or any(path.iterdir())):
        raise argparse.ArgumentTypeError(f"{text} holds something else; name an empty folder, or one of a demo before")
    return path


def main(argv: Sequence[str]) -> int:
    """Answers the exit code: 0 it went as it should, 1 it did not, and says why, 130 the script was interrupted."""
    at = order(argv, os.environ)
    shutil.rmtree(at.out, ignore_errors=True)
    (at.out / "languages").mkdir(parents=True)
    if at.alone:
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            os.environ.pop(name, None)
    prepare_kivy(at.out / STATE_FOLDER)
    logging.basicConfig(
        filename=at.out / LOG, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        asyncio.run(_stoppable(_scripted(at) if at.alone else _by_hand(at)))
    except asyncio.CancelledError:
        say("demo: interrupted; branch and devices have ended")
        return INTERRUPTED if at.alone else 0
    except (size.NoDisplay, SystemExit):  # the latter is Kivy's word for a window that cannot be had
        shown = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        return _complain(at, f"no window can be opened on display {shown}; HEADLESS=1 make demo needs none")
    except Exception as why:  # whatever it was, who started it hears where to look
        logging.getLogger(__name__).critical("the demo failed", exc_info=why)
        known = isinstance(why, PartFailed)
        return _complain(at, str(why) if known else f"{type(why).__name__}: {why}")
    return 0


def _complain(at: Order, what: str) -> int:
    say(f"demo FAILED: {what}")
    say(f"More is in {_short(at.out / LOG)} and {_short(at.out / STATE_FOLDER)}/logs/")
    return 1


async def _stoppable(story: Coroutine[Any, Any, None]) -> None:
    """Let SIGINT, SIGTERM and SIGHUP unwind the story, so that no part is left behind."""
    task = asyncio.ensure_future(story)
    for number in STOPPING:
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await task


def _say_starting(at: Order) -> None:
    say("starting branch and devices …")
    if at.pcscd and in_use():
        say(f"another demo or test uses this machine's PC/SC daemon, and holds {LOCK}; waiting for it")


async def _by_hand(at: Order) -> None:
    """A window and the device bench, until the window is closed."""
    shown = size.screen(at.shape, size.room())
    _say_starting(at)
    async with running(at.out / STATE_FOLDER, pcscd=at.pcscd, screen=shown) as parts:
        os.environ["KIOSK_SIM"] = parts.rendezvous
        say(f"""
    The kiosk is the window. Touch it with the mouse.
    Its devices are a page:  {parts.page}
    There you lay down ID cards, insert bank cards, press PIN keys, take paper and pick faults.
    PIN of Li Na's cards 147258, of Wang Wei's 369258. Close the window, or press Ctrl-C here, to end.
""")
        serving = asyncio.ensure_future(
            serve(parts.config, windowed=True, beside=lambda _: _watch(parts, serving.cancel))
        )
        await serving
    say("demo: ended")


async def _watch(parts: Parts, end: Callable[[], object]) -> None:
    """Notice a part that ends. When the terminal ends instead, clear its devices: it waits for cards to be taken."""
    try:
        await parts.broken()
    except asyncio.CancelledError:
        asyncio.get_running_loop().call_later(ENDING, end)
        await parts.bench.clear()
        raise


async def _scripted(at: Order) -> None:
    _say_starting(at)
    panel = {**size.panel(at.shape), "fullscreen": False}
    try:
        async with asyncio.timeout(LONGEST) as limit:
            async with (
                running(at.out / STATE_FOLDER, pcscd=at.pcscd, screen=panel) as parts,
                AsyncExitStack() as stack,
            ):
                os.environ["KIOSK_SIM"] = parts.rendezvous
                kiosk = await build(parts.config, stack, windowed=True)
                await parts.meanwhile(_film(at, parts, kiosk))
                await _leave(at, parts)
    except TimeoutError as why:
        if limit.expired():
            raise PartFailed(f"not finished after {LONGEST:g} s") from why
        raise
    say((at.out / "README.txt").read_text())


async def _film(at: Order, parts: Parts, kiosk: Kiosk) -> None:
    """Open the window, serve, and let two customers come; then draw the main screens in every language."""
    from kiosk.demo.album import Album, Film  # noqa: PLC0415
    from kiosk.demo.script import Customer  # noqa: PLC0415
    from kiosk.ui.hand import Hand  # noqa: PLC0415

    window = asyncio.ensure_future(kiosk.stage.run())
    await kiosk.stage.ready()
    hand, album = Hand(kiosk.stage, hold=0.15), Album(kiosk.stage, at.out)
    service = asyncio.ensure_future(kiosk.service.run())
    film = asyncio.ensure_future(Film(kiosk.stage, hand, at.out / "visit.mp4").run())
    visits = asyncio.ensure_future(_visits(Customer(kiosk.stage, hand, parts.bench)))
    say("the visits run …")
    try:
        await asyncio.wait((visits, film, service, window), return_when=asyncio.FIRST_COMPLETED)
        for ended in (film, service, window):
            if ended.done():
                raise PartFailed("the terminal ended in mid-visit") from ended.exception()
        await visits
    finally:
        for task in (visits, film, service):
            task.cancel()
        await asyncio.gather(visits, film, service, return_exceptions=True)
    await album.likenesses()
    await album.languages(at.out / "languages")
    kiosk.stage.stop()
    await window


async def _visits(customer: "Customer") -> None:
    from kiosk.demo.script import with_bank_card, with_id_card  # noqa: PLC0415

    await with_bank_card(customer)
    await with_id_card(customer)


async def _leave(at: Order, parts: Parts) -> None:
    """What the visits left behind: paper, the journal with its proof, and a list of it all."""
    for path in sorted((parts.folder / "devices/receipts").glob("receipt-*")):
        shutil.copy(path, at.out / path.name)
    journal = parts.config.state / "journal.db"
    lines, broken = export(journal, at.out / "journal.jsonl"), broken_at(journal)
    books = (await parts.branch("balance")).strip()
    pictures = len(list(at.out.glob("[0-9]*.png")))
    chain = "whole" if broken is None else "BROKEN, see `kiosk journal verify`"
    found = [
        f"{pictures} screens that two visits met:  {_short(at.out)}/01-….png and on",
        f"the main screens in every language:  {_short(at.out)}/languages/",
        f"receipts, picture and text:  {_short(at.out)}/receipt-….png, .txt",
        f"the film:  {_short(at.out)}/visit.mp4",
        f"the journal, {lines} records, {chain}:  {_short(at.out)}/journal.jsonl",
        f"the branch's ledger: {books}",
    ]
    (at.out / "README.txt").write_text("\n".join(found) + "\n")
    if broken is not None or books != "the books balance":
        raise PartFailed("the visits left a journal or books that do not hold")


def _short(path: Path) -> str:
    """As it would be typed here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
