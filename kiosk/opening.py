"""The opening self-test: each device, the journal and its chain, the clock, the certificate.

Every part has one word: `ok`, or what is wrong with it. A part that fails turns off what needs it, no more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from drivers.api import Device, DeviceError, Health, Status
from flows.journal import SELF_TEST
from flows.ports import Refused, Unreachable
from flows.terminal import Devices, Terminal
from kiosk.clocks import wall

PATIENCE = 10.0
"""Seconds that a device, or the branch, has to answer."""
OFF = 60.0
"""Seconds by which the terminal's clock may differ from the branch's."""
RENEW = timedelta(days=30)
"""A certificate that ends within so many days should be renewed."""
READERS = frozenset({"card-reader", "id-reader"})
LONGEST = 80
Clock = Callable[[], Awaitable[int]]
"""Asks the branch for its clock, UTC milliseconds."""


async def look(devices: Devices) -> dict[str, str]:
    """How each device says it is, by its name."""
    all_: tuple[Device | None, ...] = (
        devices.id_reader, devices.card_reader, devices.pin_pad, devices.printer, devices.panel,
    )  # fmt: skip
    names = ("id-reader", "card-reader", "pin-pad", "printer", "panel")
    return {name: await _device(one) for name, one in zip(names, all_, strict=True) if one is not None}


async def _device(device: Device) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            return word(await device.status())
    except (DeviceError, TimeoutError) as why:
        return f"offline: {why}"[:LONGEST]


def word(status: Status) -> str:
    """`ok`, or what a device says is wrong with it; paper that runs low is worth a word before it is out."""
    if status.why is not None:
        return f"{status.health}: {status.why.what}"[:LONGEST]
    return "low" if status.media == "low" else "ok" if status.health is Health.OK else str(status.health)


async def self_test(
    terminal: Terminal, clock: Clock, certificate: Path | None = None, now: Callable[[], datetime] = wall
) -> dict[str, str]:
    """Try every part, and write what was found into the journal; JournalFailed when that cannot be."""
    found = await look(terminal.devices)
    found["clock"] = await _clock(terminal, clock)
    if certificate is not None:
        found["certificate"] = certificate_word(certificate, now())
    broken = await terminal.journal.verify_new()
    found["journal"] = "ok" if broken is None else f"broken at row {broken}"
    await terminal.journal.note(terminal.id, SELF_TEST if broken is None else "self-test-failed", found)
    return found


async def _clock(terminal: Terminal, clock: Clock) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            theirs = await clock()
    except (Refused, Unreachable, TimeoutError):
        return "unknown"
    apart = abs(theirs - terminal.journal.now()) / 1000
    return "ok" if apart <= OFF else f"{apart:.0f} s apart from the branch"


def certificate_word(path: Path, now: datetime) -> str:
    """How long the terminal's certificate still holds."""
    try:
        ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as why:
        return f"cannot be read: {type(why).__name__}"
    left = ends - now.astimezone(UTC)
    if left > RENEW:
        return "ok"
    return f"ends in {left.days} days" if left > timedelta(0) else "has ended"


def down(parts: Mapping[str, str]) -> frozenset[str]:
    """The readers that do not work: what they alone open is not offered."""
    return frozenset(name for name in READERS if parts.get(name, "").startswith("offline"))
