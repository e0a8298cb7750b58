"""One device from the command line, through the same driver that the terminal uses.

    kiosk device id-reader read --at serial:/dev/ttyUSB0 --json
    kiosk device printer print receipt.txt --at serial:/dev/ttyS1?baud=19200

Stdout gets one answer, with --json as one JSON object. Exit codes: 0 done, 2 wrong usage, 3 no card or paper, cover
open, or nobody came in time, 4 device offline or broken, 5 the device's answer made no sense. What fails is answered
with `error`, `device`, `mend` (who can mend it) and `remedy`; so is a `status` that tells of trouble, beside its facts
(an empty card reader is none, an empty printer is). Card numbers are masked, and no PIN can be asked here.
"""

import argparse
import asyncio
import json
import pathlib
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, Protocol, TypeVar

from PIL import Image

from drivers.api import Code, Colour, Device, DeviceError, Light, NoMedia, PanelState, TooLate
from drivers.barcode import Scanner
from drivers.camera import OpenCvCamera
from drivers.emv import PcscCardReader
from drivers.escpos import SerialPrinter, text_slip
from drivers.idcard import SerialIdReader, as_json
from drivers.panel import XfsPanel
from drivers.pinpad import XfsPinPad
from protocol.mask import mask_pan
from protocol.messages import Mend

D = TypeVar("D", bound=Device)
Facts = dict[str, Any]
USAGE, STOPPED = 2, 130
PATIENCE = 30.0
MOST_TEXT = 64 * 1024
"""Bytes of a file to print: some twenty metres of paper."""
ADDRESSES = {
    "id-reader": "serial:/dev/ttyUSB0?baud=115200, tcp:HOST:PORT or sim:id-reader",
    "card-reader": "pcsc:READER NAME or sim:card-reader",
    "pin-pad": "xfs:HOST, ws://HOST:PORT/xfs4iot/v1.0 or sim:pin-pad",
    "printer": "serial:/dev/ttyS1?baud=19200, tcp:HOST:PORT or sim:printer",
    "camera": "v4l2:/dev/video0, rtsp://…, file:FILM or sim:camera",
    "panel": "xfs:HOST, ws://HOST:PORT/xfs4iot/v1.0 or sim:panel",
}
LIGHT: Mapping[str, bool | Colour] = {"on": True, "off": False, **{str(colour): colour for colour in Colour}}
"""How a light can be."""


class WrongUsage(Exception):
    """The command line makes no sense; the words say why, `remedy` what would."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


class _Parser(argparse.ArgumentParser):
    """Raises what argparse would print, so that --json gets JSON for it, too."""

    def error(self, message: str) -> NoReturn:
        raise WrongUsage(message, f"see {self.prog} --help")


@dataclass(frozen=True)
class Said:
    """What goes to stdout, and the exit code beside it."""

    facts: Facts
    code: int = 0


class _Action(Protocol):
    def __call__(self, args: argparse.Namespace, /) -> Awaitable[Said]: ...


async def _using(device: D, act: Callable[[D], Awaitable[Facts]]) -> Said:
    try:
        return Said(await act(device))
    finally:
        await device.close()


# --- what can be done


def _opened(args: argparse.Namespace) -> Device:
    """The driver of the device meant; nothing is on the wire yet."""
    drivers: Mapping[str, Callable[[], Device]] = {
        "id-reader": lambda: SerialIdReader(args.at),
        "card-reader": lambda: PcscCardReader(args.at, today=_today),
        "pin-pad": lambda: XfsPinPad(args.at),
        "printer": lambda: SerialPrinter(args.at),
        "camera": lambda: OpenCvCamera(args.at),
        "panel": lambda: XfsPanel(args.at),
    }
    return drivers[args.device]()


async def status(args: argparse.Namespace) -> Said:
    """What the device says of itself, and of what stands in its way."""
    device = _opened(args)
    try:
        said = await device.status()
    finally:
        await device.close()
    facts: Facts = {
        "device": args.device,
        "health": str(said.health),
        "identity": said.identity,
        "simulated": said.simulated,
        "media": said.media,
        "detail": said.detail,
        "facts": dict(said.facts),
    }
    if said.why is None:
        return Said(facts)
    return Said(facts | _failure(said.why), said.why.exit_code)


def _failure(why: DeviceError) -> Facts:
    return {"error": why.what, "mend": str(why.mend), "remedy": why.remedy}


async def read_identity(args: argparse.Namespace) -> Said:
    """Everything on an identity card but its pictures."""

    async def act(reader: SerialIdReader) -> Facts:
        return as_json(await reader.read_card(args.patience, fingerprint=args.fingerprint))

    return await _using(SerialIdReader(args.at), act)


async def read_bank_card(args: argparse.Namespace) -> Said:
    """The first half of a chip transaction: the card's applications, and what it would send to its issuer."""

    async def act(reader: PcscCardReader) -> Facts:
        applications = await reader.wait_card(args.patience)
        if not applications:
            raise NoMedia("card reader", "no application on this card can be used here", "use another card")
        chosen = args.aid.upper() or applications[0].aid
        if chosen not in {application.aid for application in applications}:
            raise WrongUsage(f"the card has no application {chosen}", "leave --aid out to see what it has")
        said = await reader.begin(chosen, args.amount)
        return {
            "candidates": [{"aid": one.aid, "label": one.label, "priority": one.priority} for one in applications],
            "chosen": {"aid": said.application.aid, "label": said.application.label},
            "pan": mask_pan(said.pan.digits),
            "expiry": said.expiry.isoformat(),
            "expired": said.expired,
            "cryptogram_type": said.cryptogram_type,
            "cryptogram": said.cryptogram.hex().upper(),
        }

    return await _using(PcscCardReader(args.at, today=_today), act)


async def count_keys(args: argparse.Namespace) -> Said:
    """Try the keys in the pad's clear mode, until enter. Which keys they were is nobody's business."""

    async def act(pad: XfsPinPad) -> Facts:
        return {"keys": len(await pad.enter_digits(lambda _: None, args.patience))}

    return await _using(XfsPinPad(args.at), act)


async def print_file(args: argparse.Namespace) -> Said:
    """Print a text. `printed` is true on the printer's own word alone."""
    text = _text(args.file)

    async def act(printer: SerialPrinter) -> Facts:
        said = await printer.print_slip(text_slip(text))
        return {"printed": said.printed, "proof": said.proof, "paper_low": said.paper_low}

    return await _using(SerialPrinter(args.at), act)


def _text(name: str) -> str:
    try:
        with sys.stdin.buffer if name == "-" else pathlib.Path(name).open("rb") as file:
            data = file.read(MOST_TEXT + 1)
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as why:
        raise WrongUsage(f"{name}: cannot be read as UTF-8 text: {why}", "name a UTF-8 text file") from why
    if len(data) > MOST_TEXT:
        raise WrongUsage(f"{name}: longer than {MOST_TEXT} bytes", "print it in parts")
    return text


async def snap(args: argparse.Namespace) -> Said:
    """Put one picture into a PNG file."""

    async def act(camera: OpenCvCamera) -> Facts:
        frame = await camera.frame(args.patience)
        try:
            Image.frombytes("RGB", (frame.width, frame.height), frame.rgb).save(args.out, "PNG")
        except OSError as why:
            raise WrongUsage(f"{args.out}: {why.strerror}", "name a file that can be written") from why
        return {"out": str(args.out), "width": frame.width, "height": frame.height}

    return await _using(OpenCvCamera(args.at), act)


async def scan(args: argparse.Namespace) -> Said:
    """Wait for a QR code before the camera: of an invoice, a payment, an appointment, or any other."""

    async def act(camera: OpenCvCamera) -> Facts:
        scanner = Scanner(camera)
        try:
            return _of_code(await scanner.wait_code(args.patience, lambda _: True))
        finally:
            await scanner.close()

    return await _using(OpenCvCamera(args.at), act)


def _of_code(code: Code) -> Facts:
    said = {name: str(value) if isinstance(value, date | time) else value for name, value in vars(code.content).items()}
    corners = [list(corner) for corner in code.corners]
    return {"kind": type(code.content).__name__.lower(), "content": said, "corners": corners}


async def light(args: argparse.Namespace) -> Said:
    """Have one light lit or dark."""

    async def act(panel: XfsPanel) -> Facts:
        await panel.light(Light(args.where), LIGHT[args.how])
        return {"light": args.where, "is": args.how}

    return await _using(XfsPanel(args.at), act)


async def watch(args: argparse.Namespace) -> Said:
    """What the panel's sensors say, and then the first change of it."""

    async def act(panel: XfsPanel) -> Facts:
        changes = panel.changes()
        before: PanelState | None = None
        try:
            async with asyncio.timeout(args.patience):
                before = await anext(changes)
                return {"before": asdict(before), "after": asdict(await anext(changes))}
        except TimeoutError as why:
            if before is None or not before.reachable:
                await panel.state()
            raise TooLate("panel", "nothing changed", "lift the handset, or open a door") from why

    return await _using(XfsPanel(args.at), act)


# --- the command line


def parser() -> argparse.ArgumentParser:
    """Device, action, options: `--help` works at each step."""
    top = _Parser(prog="kiosk device", description="Ask one device, through the terminal's own driver")
    devices = top.add_subparsers(dest="device", required=True, metavar="DEVICE")
    groups = {}
    for name, address in ADDRESSES.items():
        device = devices.add_parser(name, help=f"at {address}")
        groups[name] = device.add_subparsers(dest="action", required=True, metavar="ACTION")
        _action(groups[name], "status", status, "ask the device how it is", address)
    _identity_and_cards(groups)
    keys = _action(groups["pin-pad"], "keys", count_keys, "count keys pressed until enter", ADDRESSES["pin-pad"])
    _patience(keys)
    paper = _action(groups["printer"], "print", print_file, "print a UTF-8 text and cut", ADDRESSES["printer"])
    paper.add_argument("file", metavar="FILE", help="the text; - for stdin")
    picture = _action(groups["camera"], "snap", snap, "take one picture", ADDRESSES["camera"])
    picture.add_argument("--out", type=pathlib.Path, required=True, metavar="PNG", help="the file to write")
    _patience(picture, 5.0)
    words = "wait for a QR code and say what it is"
    _patience(_action(groups["camera"], "scan", scan, words, ADDRESSES["camera"]))
    _panel(groups["panel"])
    return top


def _panel(group: Any) -> None:
    lit = _action(group, "light", light, "have a light lit or dark", ADDRESSES["panel"])
    lit.add_argument("where", choices=[str(one) for one in Light], metavar="LIGHT", help=", ".join(Light))
    lit.add_argument("how", choices=list(LIGHT), metavar="HOW", help=", ".join(LIGHT))
    _patience(_action(group, "watch", watch, "wait until a sensor changes", ADDRESSES["panel"]))


def _identity_and_cards(groups: Mapping[str, Any]) -> None:
    words = "wait for an identity card and read it"
    identity = _action(groups["id-reader"], "read", read_identity, words, ADDRESSES["id-reader"])
    identity.add_argument("--fingerprint", action="store_true", help="read the fingerprints, too")
    _patience(identity)
    words = "wait for a bank card and let it sign an amount"
    card = _action(groups["card-reader"], "read", read_bank_card, words, ADDRESSES["card-reader"])
    card.add_argument("--amount", type=_fen, default=100, metavar="YUAN", help="the amount to sign (1.00)")
    card.add_argument("--aid", default="", metavar="HEX", help="the application to use (the card's first)")
    _patience(card)


def _action(group: Any, name: str, run: _Action, words: str, address: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = group.add_parser(name, help=words, description=words.capitalize())
    made.add_argument("--at", required=True, metavar="URL", help=f"where it is: {address}".replace("%", "%%"))
    made.add_argument("--json", action="store_true", help="answer with one JSON object")
    made.set_defaults(run=run)
    return made


def _patience(made: argparse.ArgumentParser, seconds: float = PATIENCE) -> None:
    made.add_argument("--patience", type=_seconds, default=seconds, metavar="S", help=f"seconds to wait ({seconds:g})")


def _fen(text: str) -> int:
    try:
        fen = Decimal(text) * 100
    except InvalidOperation:
        fen = Decimal(-1)
    if not fen.is_finite() or fen != int(fen) or not 0 <= fen < 10**12:
        raise argparse.ArgumentTypeError(f"{text}: an amount is yuan with at most two decimals, such as 1.00")
    return int(fen)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text}: between 0 and 3600 seconds")
    return seconds


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


# --- the answer


def _say(facts: Facts, *, as_json_text: bool) -> None:
    if as_json_text:
        sys.stdout.write(json.dumps(facts, ensure_ascii=False, default=str) + "\n")
        return
    for name, value in facts.items():
        shown = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool | None) else value
        sys.stdout.write(f"{name.replace('_', ' ')}: {shown}\n")


def _complain(facts: Facts) -> None:
    mend, remedy = facts["mend"], facts["remedy"]
    sys.stderr.write(f"{facts['device']}: {facts['error']}\n" + (f"{mend}: {remedy}\n" if remedy else ""))


def _run(argv: Sequence[str], device: str) -> tuple[Said, bool]:
    """What to say, and whether it was done at all."""
    usage = {"device": device, "mend": str(Mend.ENGINEER)}
    try:
        args = parser().parse_args(argv)
        said: Said = asyncio.run(args.run(args))
    except DeviceError as why:
        return Said({"device": device, **_failure(why)}, why.exit_code), False
    except WrongUsage as why:
        return Said({**usage, "error": str(why), "remedy": why.remedy}, USAGE), False
    except ValueError as why:
        return Said({**usage, "error": str(why), "remedy": f"--at takes {ADDRESSES[device]}"}, USAGE), False
    return said, True


def main(argv: Sequence[str] | None = None) -> int:
    """Run one action; answers the exit code. Raises SystemExit(0) after --help."""
    words = sys.argv[1:] if argv is None else list(argv)
    device, as_json_text = (words[0] if words and words[0] in ADDRESSES else "kiosk device"), "--json" in words
    try:
        said, done = _run(words, device)
    except KeyboardInterrupt:
        return STOPPED
    if done or as_json_text:
        _say(said.facts, as_json_text=as_json_text)
    else:
        _complain(said.facts)
    return said.code


if __name__ == "__main__":
    sys.exit(main())
