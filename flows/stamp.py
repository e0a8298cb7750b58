"""What every act that moves no money carries beside its order: key, trace, code, operator and the pad's MAC."""

from drivers.api import DeviceError, PinPad
from flows.journal import Intent
from flows.level import NotSent
from protocol import messages as m


async def stamp(pad: PinPad, intent: Intent, code: str, order: m.Order, operator: str) -> dict[str, str | int]:
    """Have the pad authenticate the order under its key; NotSent when it cannot: then nothing was asked."""
    try:
        mac = await pad.mac(m.authenticated(intent.key, intent.trace, code, order))
    except DeviceError as why:
        raise NotSent(why.device) from why
    return {"key": intent.key, "trace": intent.trace, "code": code, "operator": operator, "mac": mac.hex()}
