"""`kiosk`: the terminal program. It puts configuration, devices, link and glass together."""

import argparse
import asyncio
import fcntl
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import sdnotify

from kiosk.config import BadConfig, Config, load
from protocol.messages import Hello

if TYPE_CHECKING:
    from drivers.audio import AudioOut
    from flows.terminal import Devices
    from kiosk.app import KivyStage
    from kiosk.media.client import MediaProcess
    from kiosk.terminal import Service
    from kiosk.voice.companion import Companion

D = TypeVar("D")
HERE = Path(__file__).resolve().parent.parent
DEFAULT = Path("/etc/kiosk/kiosk.toml")
WRONG = 2
BEAT = 5.0
"""Seconds between two signs of life to the watchdog."""


@dataclass
class Kiosk:
    """A terminal put together."""

    stage: "KivyStage"
    service: "Service"
    media: "MediaProcess"


Beside = Callable[[Kiosk], Coroutine[Any, Any, None]]
"""Something that runs beside a terminal, such as a hand that touches its glass."""


def main(argv: Sequence[str] | None = None) -> int:
    """Answers the exit code: 0 ended as asked, 2 a configuration or argument to correct."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args[:1] == ["device"]:
        from kiosk.device import main as device  # noqa: PLC0415  a device needs no window

        return device(args[1:])
    if args[:1] == ["journal"]:
        from kiosk.record import main as journal  # noqa: PLC0415

        return journal(args[1:])
    if args[:1] == ["replay"]:
        from kiosk.replay.command import main as replay  # noqa: PLC0415

        return replay(args[1:])
    return _commands(args)


def _commands(args: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="kiosk",
        description="The terminal program; see also `kiosk device`, `kiosk journal`, `kiosk replay`, each with --help.",
    )
    parser.add_argument("--config", type=Path, default=DEFAULT)
    parser.add_argument("--windowed", action="store_true", help="a window instead of the whole screen")
    enrol = parser.add_subparsers(dest="command").add_parser("enrol", help="get this terminal's certificate")
    enrol.add_argument("--code", required=True, help="as `branch terminal add` printed it")
    enrol.add_argument("--authority", type=Path, required=True, help="the branch's authority.pem, brought by hand")
    found = parser.parse_args(args)
    try:
        config = load(found.config)
        if found.command == "enrol":
            return _enrol(config, found.code, found.authority)
        return _run(config, windowed=found.windowed)
    except BadConfig as why:
        sys.stderr.write(f"kiosk: {why}\n")
        return WRONG


def _enrol(config: Config, code: str, authority: Path) -> int:
    from kiosk.enrol import NotEnrolled, enrol  # noqa: PLC0415

    try:
        asyncio.run(enrol(config, code, authority))
    except NotEnrolled as why:
        sys.stderr.write(f"kiosk: {why}\n")
        return WRONG
    sys.stdout.write(f"{config.id} is enrolled; its certificate is {config.certificate}\n")
    return 0


def _run(config: Config, *, windowed: bool) -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if not config.certificate.exists():
        raise BadConfig(config.state, 0, "this terminal has no certificate", "run `kiosk enrol` first")
    find_display(config.state)
    prepare_kivy(config.state)
    asyncio.run(serve(config, windowed=windowed))
    return 0


def find_display(state: Path, graphics: Path = Path("/dev/dri")) -> None:
    """An X server or Wayland compositor if there is one, else the panel itself through the kernel (DRM)."""
    if any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")):
        return
    if not any(graphics.glob("card*")):
        remedy = "set DISPLAY, or let this user reach /dev/dri; SDL_VIDEODRIVER=offscreen runs without a picture"
        raise BadConfig(state, 0, "there is no display to draw on", remedy)
    os.environ.update(SDL_VIDEODRIVER="KMSDRM", KIVY_GL_BACKEND="sdl2")


def prepare_kivy(state: Path) -> None:
    """Set what Kivy reads when it is imported."""
    os.environ.setdefault("KIVY_HOME", str(state / "kivy"))
    os.environ.update(
        KIVY_NO_ARGS="1", KIVY_NO_CONSOLELOG="1", KIVY_NO_FILELOG="1", KIVY_TEXT="pil", KIVY_WINDOW="sdl2"
    )
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ.setdefault("SDL_VIDEODRIVER", "offscreen")
        os.environ.setdefault("KIVY_GL_BACKEND", "sdl2")


async def serve(config: Config, *, windowed: bool = False, beside: Beside | None = None) -> None:
    """Run until SIGTERM or SIGINT, until the window is closed, or until what runs beside it has ended."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with AsyncExitStack() as stack:
        kiosk = await build(config, stack, windowed=windowed)
        window = asyncio.ensure_future(kiosk.stage.run())
        await kiosk.stage.ready()
        works = [asyncio.ensure_future(work) for work in (kiosk.service.run(), ended.wait(), _beat())]
        if beside:
            works.append(asyncio.ensure_future(beside(kiosk)))
        done, rest = await asyncio.wait((window, *works), return_when=asyncio.FIRST_COMPLETED)
        for task in rest - {window}:
            task.cancel()
        await asyncio.gather(*(rest - {window}), return_exceptions=True)
        kiosk.stage.stop()
        await window
        for task in done:
            task.result()


async def _beat() -> None:
    """Tell systemd that it is up, and that the loop turns."""
    notifier = sdnotify.SystemdNotifier()
    notifier.notify("READY=1")
    while True:
        notifier.notify("WATCHDOG=1")
        await asyncio.sleep(BEAT)


async def build(config: Config, stack: AsyncExitStack, *, windowed: bool) -> Kiosk:
    """Put a terminal together; everything opened is closed with the stack."""
    from flows.around import Around  # noqa: PLC0415
    from flows.lights import LitStage  # noqa: PLC0415
    from kiosk.app import Fonts, KivyStage  # noqa: PLC0415  Kivy reads its environment at import
    from kiosk.link import Line, Link, open_client, trust  # noqa: PLC0415
    from kiosk.media.client import MediaProcess  # noqa: PLC0415
    from kiosk.terminal import Service  # noqa: PLC0415
    from kiosk.ui.tokens import Panel  # noqa: PLC0415
    from kiosk.words import Catalogue  # noqa: PLC0415

    _only_one(config, stack)
    fonts = Fonts(HERE / "build/fonts/kiosk.ttf", HERE / "build/fonts/kiosk-bold.ttf")
    words = Catalogue(HERE / "i18n", lambda: stage.language)
    screen = config.screen
    panel = Panel(screen.width, screen.height, screen.diagonal_inches)
    full = screen.fullscreen and not windowed and os.environ.get("SDL_VIDEODRIVER") != "offscreen"
    ours = any(url.startswith("sim:") for url in config.devices.values())
    stage = KivyStage(
        words, fonts, panel=panel, language=config.language, simulated=ours, still=screen.still, fullscreen=full,
        high_contrast=screen.high_contrast,
    )  # fmt: skip
    context = trust(str(config.authority), str(config.certificate), str(config.key))
    client = await stack.enter_async_context(open_client(config.branch, context))
    link = Link(client)
    media = MediaProcess(config.devices["camera"])
    terminal = _terminal(config, stack, stage, words, link, media)

    def told(hello: Hello) -> None:
        stage.name = f"{hello.bank} · {hello.branch}"

    line: Line = Line(config.branch, context, lambda: service.state, told)
    around = Around(terminal.devices.panel)
    lit = LitStage(stage, around.panel, around) if around.panel else stage
    terminal = replace(terminal, stage=lit, around=around, standing=lambda: service.standing())  # noqa: PLW0108  service comes later
    clock, record = asyncio.get_running_loop().time, _recorder(config, stack, client)
    service: Service = Service(terminal, line, link, clock, certificate=config.certificate, record=record)
    sound = audio(config)
    voice = companion(config, stage, words, terminal.devices, sound)
    for background in (line.run(), media.run(), voice.run(), _simulated(stage, terminal.devices, media, sound, ours)):
        _beside(stack, background)
    return Kiosk(stage, service, media)


def _terminal(config: Config, stack: AsyncExitStack, stage: Any, words: Any, link: Any, media: Any) -> Any:
    from drivers.barcode import Scanner  # noqa: PLC0415
    from flows.journal import Journal  # noqa: PLC0415
    from flows.terminal import Terminal  # noqa: PLC0415

    scanner = Scanner(media)
    stack.push_async_callback(scanner.close)
    devices = replace(drivers(config, stack), scanner=scanner)
    journal = Journal(str(config.state / "journal.db"), lambda: time.time_ns() // 1_000_000)
    stack.callback(journal.close)
    return Terminal(config.id, stage, link, words, journal, devices, (media,), config.rules)


def _recorder(config: Config, stack: AsyncExitStack, client: Any) -> Any:
    """Keeps the visits, beside the journal."""
    from kiosk.replay.recorder import Recorder  # noqa: PLC0415
    from kiosk.store import VisitStore  # noqa: PLC0415

    store = VisitStore(config.records, keep=config.keep_visits, days=config.keep_days)
    stack.callback(store.close)
    return Recorder(store, client)


def drivers(config: Config, stack: AsyncExitStack) -> "Devices":
    """A driver for each device, closed with the stack; BadConfig when one cannot use its URL."""
    from drivers.emv import PcscCardReader  # noqa: PLC0415
    from drivers.escpos import SerialPrinter  # noqa: PLC0415
    from drivers.idcard import SerialIdReader  # noqa: PLC0415
    from drivers.panel import XfsPanel  # noqa: PLC0415
    from drivers.pinpad import XfsPinPad  # noqa: PLC0415
    from flows.terminal import Devices  # noqa: PLC0415
    from kiosk.voice.pad import YieldingPad  # noqa: PLC0415

    made = Devices(
        _driver(config, "id_reader", SerialIdReader),
        _driver(config, "card_reader", lambda url: PcscCardReader(url, today=_today)),
        YieldingPad(_driver(config, "pin_pad", XfsPinPad)),
        _driver(config, "printer", SerialPrinter),
        _driver(config, "panel", XfsPanel) if "panel" in config.devices else None,
    )
    for device in (made.id_reader, made.card_reader, made.pin_pad, made.printer, made.panel):
        if device:
            stack.push_async_callback(device.close)
    return made


def audio(config: Config) -> "AudioOut":
    """The outlets that the terminal has, if any."""
    from drivers.audio import AudioOut  # noqa: PLC0415

    for name in ("headset", "speaker"):
        if name in config.devices:
            _driver(config, name, AudioOut)
    return AudioOut(config.devices.get("headset", ""), config.devices.get("speaker", ""))


def companion(config: Config, stage: Any, words: Any, devices: "Devices", sound: "AudioOut") -> "Companion":
    """What says the screens, with the voices that the configuration names."""
    from kiosk.voice.companion import Companion  # noqa: PLC0415
    from kiosk.voice.pad import YieldingPad  # noqa: PLC0415
    from kiosk.voice.speech import COMMAND, VOICES, CommandSpeech  # noqa: PLC0415

    voice, pad = config.voice, devices.pin_pad
    named = {"zh": voice.zh, "en": voice.en, "ar": voice.ar}
    speech = CommandSpeech(voice.command or COMMAND, {name: named[name] or usual for name, usual in VOICES.items()})
    assert isinstance(pad, YieldingPad)  # noqa: S101  `drivers` made it
    return Companion(stage, words, speech, sound, pad, devices.panel)


def _driver(config: Config, name: str, make: Callable[[str], D]) -> D:
    try:
        return make(config.devices[name])
    except ValueError as why:
        raise config.bad_device(name, str(why)) from why


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def _only_one(config: Config, stack: AsyncExitStack) -> None:
    """One process per journal."""
    lock = stack.enter_context((config.state / "journal.lock").open("w"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as why:
        raise BadConfig(config.state, 0, "another terminal program has this journal", "stop that one first") from why


async def _simulated(stage: Any, devices: Any, camera: Any, sound: Any, ours: bool) -> None:
    """Say SIMULATED on the glass for as long as any far end is ours, by its address or by its own word."""
    all_ = (devices.id_reader, devices.card_reader, devices.pin_pad, devices.printer, devices.panel, camera, sound)
    while True:
        found = [await one.status() for one in all_ if one]
        stage.simulated = ours or any(status.simulated for status in found)
        await asyncio.sleep(BEAT * 6)


def _beside(stack: AsyncExitStack, work: Any) -> None:
    """Run something until the stack unwinds."""
    task = asyncio.ensure_future(work)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)


if __name__ == "__main__":
    sys.exit(main())
