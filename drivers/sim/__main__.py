"""Run the simulated devices and their bench page: `python -m drivers.sim --state DIR --cards FILE --pad-keys FILE`.

DIR/sim.json tells drivers where each far end is (`sim:NAME`, through the variable KIOSK_SIM); DIR/receipts gets the
paper. When everything can be used the page's address is printed. SIGTERM or SIGINT ends it cleanly.
"""

import argparse
import asyncio
import contextlib
import json
import pathlib
import signal
import sys
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence

from drivers.api import DeviceError
from drivers.sim.base import FarEnd
from drivers.sim.bench import Bench
from drivers.sim.camera import CameraFarEnd
from drivers.sim.card import CardReaderFarEnd
from drivers.sim.idcard import IdReaderFarEnd
from drivers.sim.panel import PanelFarEnd
from drivers.sim.pcscd import PcscDaemon
from drivers.sim.pinpad import PinPadFarEnd
from drivers.sim.printer import PrinterFarEnd
from drivers.sim.sound import SoundFarEnd

BAUD = 115_200
"""The line speed of an identity reader, when its bytes are paced."""
LINES_A_SECOND = 45
"""Of a receipt printer, when it is paced: about 170 mm."""
STOP_PATIENCE = 5.0
"""Seconds that a far end gets to stop."""


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The command line; argparse ends the program with 2 when it makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m drivers.sim", description="Simulated devices and their bench page")
    add = parser.add_argument
    add("--state", type=pathlib.Path, required=True, metavar="DIR", help="where sim.json, receipts and films go")
    add("--cards", type=pathlib.Path, required=True, metavar="FILE", help="bank cards, as `branch seed` writes them")
    add("--pad-keys", type=pathlib.Path, required=True, metavar="FILE", help='JSON {"tmk": hex, "tmk_aes": hex}')
    add("--port", type=int, default=0, help="of the bench page; a free one when not given")
    add("--baud-pacing", action="store_true", help="let bytes take as long as on real lines")
    add("--no-pcscd", action="store_true", help="neither start nor look for a PC/SC daemon")
    return parser.parse_args(argv)


def pad_keys(path: pathlib.Path) -> tuple[bytes, bytes, bytes]:
    """The pad's master keys: 3DES, AES, and the one for SM4, empty where there is none.

    ValueError says what is wrong with the file, never what stands in it.
    """
    try:
        keys = json.loads(path.read_text("utf-8"))
        return bytes.fromhex(keys["tmk"]), bytes.fromhex(keys["tmk_aes"]), bytes.fromhex(keys.get("tmk_sm4", ""))
    except OSError as why:
        raise ValueError(f"{path}: {why.strerror}; write it with `branch terminal add --tmk-out`") from None
    except (KeyError, TypeError, ValueError):
        raise ValueError(f'{path}: not a pad-keys file; it holds JSON {{"tmk": hex, "tmk_aes": hex}}') from None


def far_ends(args: argparse.Namespace) -> tuple[FarEnd, ...]:
    """The eight devices, not started yet. ValueError when a file handed in is not what it should be."""
    tdes, aes, sm4 = pad_keys(args.pad_keys)
    return (
        IdReaderFarEnd(baud=BAUD if args.baud_pacing else 0),
        CardReaderFarEnd(args.cards, paced=args.baud_pacing),
        PinPadFarEnd(tdes, aes, tmk_sm4=sm4),
        PrinterFarEnd(args.state / "receipts", presenter=True, speed=LINES_A_SECOND if args.baud_pacing else 0),
        CameraFarEnd(args.state / "film"),
        PanelFarEnd(),
        SoundFarEnd("headset", args.state / "sound", paced=args.baud_pacing),
        SoundFarEnd("speaker", args.state / "sound", paced=args.baud_pacing),
    )


@contextlib.asynccontextmanager
async def running(ends: Sequence[FarEnd]) -> AsyncIterator[dict[str, str]]:
    """Start all far ends and answer their addresses; stop in reverse whatever has been started."""
    async with contextlib.AsyncExitStack() as stack:
        urls = {}
        for end in ends:
            stack.push_async_callback(_stop, end)
            urls[end.name] = await end.start()
        yield urls


async def _stop(end: FarEnd) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_PATIENCE):
            await end.stop()


@contextlib.contextmanager
def written(path: pathlib.Path, urls: dict[str, str]) -> Iterator[None]:
    """Have the rendezvous file there, whole at every moment, for as long as the far ends are."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(urls, indent=2) + "\n", "utf-8")
    new.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


async def serve(args: argparse.Namespace) -> None:
    """Everything between the first device's start and the last one's stop."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    args.state.mkdir(parents=True, exist_ok=True)
    ends = far_ends(args)
    async with running(ends) as urls:
        bench = Bench(ends, args.state / "receipts", port=args.port)
        page = await bench.start()
        try:
            with written(args.state / "sim.json", urls):
                sys.stdout.write(f"device bench: {page}\n")
                sys.stdout.flush()
                await ended.wait()
        finally:
            await bench.stop()


def main(argv: Sequence[str]) -> int:
    """Answers the exit code: 0 ended as asked, 2 a wrong argument, 4 a device or port could not be opened."""
    args = arguments(argv)
    warnings.filterwarnings("ignore", module="pyemv")  # the cards' 3DES is old, and meant to be
    daemon = None if args.no_pcscd else PcscDaemon()
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the loop listens: no daemon may outlive us
    try:
        pad_keys(args.pad_keys)
        if daemon is not None:
            daemon.start()
        asyncio.run(serve(args))
    except (DeviceError, OSError) as why:
        return _complain(str(why), 4)
    except ValueError as why:
        return _complain(str(why), 2)
    except KeyboardInterrupt:
        return 130
    finally:
        if daemon is not None:
            daemon.stop()
        signal.signal(signal.SIGTERM, before)
    return 0


def _complain(what: str, code: int) -> int:
    sys.stderr.write(f"drivers.sim: {what}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
