"""Hold a code before the camera; another way is always offered."""

from collections.abc import Callable

from drivers.api import DeviceError
from flows.screens import Prompt, Tell
from flows.session import Session
from protocol.qr import Content


async def held(session: Session, prompt: Prompt, accept: Callable[[Content], bool]) -> Content | None:
    """What the first code says that `accept` takes; None when there is no camera, or she would rather not.

    The prompt offers the other way.
    """
    scanner, rules = session.devices.scanner, session.terminal.rules
    if scanner is None:
        return None

    async def seen() -> Content:
        return (await scanner.wait_code(rules.device, accept)).content

    try:
        found = await session.ask_or(prompt, seen)
    except DeviceError as why:
        await session.note("device", device=why.device, kind=type(why).__name__)
        await session.tell(Tell("scan.no-picture"))
        return None
    return None if isinstance(found, str) else found


def no_camera(session: Session) -> str:
    """Why no code can be held before it; a member of the messages `hindered.*`."""
    return "" if session.devices.scanner is not None else "no-camera"
