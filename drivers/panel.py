"""The panel around the customer over XFS4IoT (CWA 17852): one service with the interfaces Auxiliaries and Lights.

Sensors are registered for (`Auxiliaries.Register`), and the service then tells each change by an unsolicited
`Common.StatusChangedEvent`, in which what did not change is null or left out. Every two seconds all of it is asked
anew and registered anew: so the state is told afresh after the panel was away, and a lost event is made good. Words
that the standard does not have count as not known.

The names differ between the parts of the standard: a door is `cabinetFront` to register, `cabinetFrontDoor` in the
status and `frontCabinet` in the capabilities; the battery is `ups`, `UPS` and `ups`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from drivers.api import (
    Colour,
    DeviceError,
    Faulty,
    Health,
    Light,
    Offline,
    PanelState,
    Power,
    StaffKey,
    Status,
)
from drivers.xfs import Dial, Payload, XfsClient, XfsRefused, dial

NAME = "panel"
EVERY_S = 2.0
BACKLOG = 64
"""Changes that may wait for one listener; beyond them the oldest are dropped."""
PAUSE_S = 0.1
"""The least time between two looks, whatever the panel tells."""
DEPTH = 4
"""How deep a status is believed: what is nested deeper is left out."""
TRIES = 3
"""How often the sensors are asked again when they changed while they answered."""
DOORS = ("cabinetDoor", "cabinetFrontDoor", "cabinetRearDoor", "cabinetLeftDoor", "cabinetRightDoor", "safeDoor")
JACKS = ("enhancedAudioSensor", "headsetMicrophoneSensor")
"""The jack for ears, and the one for a microphone, which may be the same."""
SENSORS = {
    "operatorSwitch": "operatorSwitch",
    "proximitySensor": "proximitySensor",
    "enhancedAudioSensor": "enhancedAudioSensor",
    "headsetMicrophoneSensor": "headsetMicrophoneSensor",
    "handsetSensor": "handsetSensor",
    "cabinetDoor": "cabinetDoor",
    "frontCabinet": "cabinetFront",
    "rearCabinet": "cabinetRear",
    "leftCabinet": "cabinetLeft",
    "rightCabinet": "cabinetRight",
    "safeDoor": "safeDoor",
    "ups": "ups",
}
"""Auxiliaries: the name in the capabilities, and the one to register."""
_OPEN, _SHUT = frozenset({"open", "tampered"}), frozenset({"closed", "locked", "bolted"})
_REMEDY = "check the panel's power and cable"


class XfsPanel:
    """A `drivers.api.Panel` behind an XFS4IoT service."""

    def __init__(self, url: str, *, every: float = EVERY_S, dial: Dial = dial) -> None:
        """`every`: seconds between two looks, beside the events. ValueError for a URL that is none."""
        self._xfs = XfsClient(url, "Auxiliaries", NAME, dial=dial, unsolicited=self._heard)
        self._every = every
        self._raw: dict[str, Any] = {}
        """Common.Status as it was told last; empty while the panel is away."""
        self._told = 0
        self._now: PanelState | None = None
        self._listeners: set[asyncio.Queue[PanelState | None]] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._soon = asyncio.Event()
        self._lit: dict[Light, bool | Colour] = {}

    async def status(self) -> Status:
        try:
            about = await self._xfs.command("Common.Capabilities", {})
            now = await self._xfs.command("Common.Status", {})
        except DeviceError as why:
            return Status(NAME, Health.OFFLINE, detail=why.what, why=why)
        device, identity, seen = _text(now, "common", "device"), _identity(about), read_state(now)
        trouble = _trouble(device)
        facts = {
            "device": device,
            "handset": _word(seen.handset_lifted, "lifted", "on the hook"),
            "headset": _word(seen.headset_plugged, "plugged", "none"),
            "person": _word(seen.person_near, "near", "none"),
            "door": _word(seen.door_open, "open", "closed"),
            "staffKey": str(seen.staff_key),
            "power": str(seen.power),
        }
        health = Health.OFFLINE if trouble else Health.OK
        return Status(NAME, health, identity, "SIM" in identity.split(), detail=device, facts=facts, why=trouble)

    async def close(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            await asyncio.wait([watcher])
        await self._xfs.close()

    # --- lights

    async def light(self, where: Light, on: bool | Colour) -> None:
        """See `drivers.api.Panel`. XfsRefused when the panel has no such light, or not in this colour."""
        self._lit[where] = on
        try:
            await self._xfs.command("Lights.SetLight", _order(where, on))
        except XfsRefused:
            self._lit.pop(where, None)
            raise

    async def _relight(self) -> None:
        """Light again what the panel does not show as it was told to: it has been off meanwhile."""
        for where, on in tuple(self._lit.items()):
            if _rate(self._raw, where) not in ("", _flash(on)):
                try:
                    await self._xfs.command("Lights.SetLight", _order(where, on))
                except XfsRefused:
                    self._lit.pop(where, None)

    # --- sensors

    async def state(self) -> PanelState:
        return self._publish(await self._look())

    async def changes(self) -> AsyncIterator[PanelState]:
        """See `drivers.api.Panel`. A listener that is slow misses the oldest changes once 64 wait for it."""
        queue = asyncio.Queue[PanelState | None](BACKLOG)
        self._listeners.add(queue)
        try:
            if self._watcher is None:
                self._now, self._watcher = None, asyncio.create_task(self._watch())
            elif self._now is not None:
                queue.put_nowait(self._now)
            while (state := await queue.get()) is not None:
                yield state
        finally:
            self._listeners.discard(queue)

    async def _watch(self) -> None:
        """Until cancelled: look, tell what changed, wait for the next time or for news that need a look."""
        try:
            while True:
                self._soon.clear()
                await self._look_and_tell()
                await asyncio.sleep(min(self._every, PAUSE_S))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._every):
                        await self._soon.wait()
        finally:
            self._tell(None)

    async def _look_and_tell(self) -> None:
        try:
            await self._register()
            self._publish(await self._look())
            await self._relight()
        except DeviceError:
            self._raw = {}
            self._publish(PanelState(reachable=False))

    async def _register(self) -> None:
        """Ask to be told of every sensor that there is. A panel that tells nothing by itself is still looked at."""
        about = await self._xfs.command("Common.Capabilities", {})
        fitted = _inner(about, "auxiliaries")
        wanted = {name: "register" for known, name in SENSORS.items() if fitted.get(known) not in (None, False)}
        if wanted:
            try:
                await self._xfs.command("Auxiliaries.Register", wanted)
            except XfsRefused:
                return

    async def _look(self) -> PanelState:
        """Ask for everything. What is told meanwhile is newer than the answer, so it is asked again."""
        for _ in range(TRIES):
            told = self._told
            self._raw = _merged({}, await self._xfs.command("Common.Status", {}))
            if told == self._told:
                break
        why = _trouble(_text(self._raw, "common", "device"))
        if why is not None:
            self._raw = {}
            raise why
        return read_state(self._raw)

    def _heard(self, name: str, payload: Payload) -> None:
        if name != "Common.StatusChangedEvent":
            return
        self._told += 1
        if not self._raw or payload.get("common") is not None:
            self._soon.set()
        if self._raw:
            self._raw = _merged(self._raw, payload)
            self._publish(read_state(self._raw))

    def _publish(self, state: PanelState) -> PanelState:
        if state != self._now:
            self._now = state
            self._tell(state)
        return state

    def _tell(self, state: PanelState | None) -> None:
        """To everybody who listens; None is the end."""
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(state)


def read_state(payload: Payload) -> PanelState:
    """What a Common.Status means; anything may be missing or wrong in it."""
    said = _inner(payload, "auxiliaries")
    jacks = [_yes(said.get(jack), "present", "notPresent") for jack in JACKS]
    key = said.get("operatorSwitch")
    return PanelState(
        handset_lifted=_yes(said.get("handsetSensor"), "offTheHook", "onTheHook"),
        headset_plugged=True if True in jacks else jacks[0] if jacks[0] is not None else jacks[1],
        person_near=_yes(said.get("proximitySensor"), "present", "notPresent"),
        door_open=_doors([said[door] for door in DOORS if said.get(door) is not None]),
        staff_key=StaffKey(key) if key in ("run", "maintenance", "supervisor") else StaffKey.UNKNOWN,
        power=_power(_inner(said, "UPS")),
    )


def _yes(said: object, yes: str, no: str) -> bool | None:
    return {yes: True, no: False}.get(said) if isinstance(said, str) else None


def _doors(said: list[object]) -> bool | None:
    """One open door is enough; closed are they only when all of them say so."""
    words = {word for word in said if isinstance(word, str)} - {"notAvailable"}
    if words & _OPEN:
        return True
    return False if words and words <= _SHUT and all(isinstance(word, str) for word in said) else None


def _power(ups: Mapping[str, Any]) -> Power:
    match ups.get("powering"), ups.get("low"):
        case True, True:
            return Power.LOW
        case True, _:
            return Power.BATTERY
        case False, _:
            return Power.MAINS
        case _:
            return Power.UNKNOWN


def _flash(on: bool | Colour) -> str:
    return "off" if on is False else "continuous"


def _order(where: Light, on: bool | Colour) -> dict[str, Any]:
    """Lights.SetLight for one light, at its default position. Nothing here flashes."""
    colour = {"color": str(on)} if isinstance(on, Colour) else {}
    return {str(where): {"default": {"flashRate": _flash(on), **colour}}}


def _rate(payload: Payload, where: Light) -> str:
    """How the panel says that a light is; "" when it does not say."""
    return _text(_inner(_inner(payload, "lights"), str(where)), "default", "flashRate")


def _trouble(device: str) -> DeviceError | None:
    """What the service's word for its device means; None for one that works."""
    if device in ("online", "deviceBusy"):
        return None
    kind = Faulty if device in ("hardwareError", "userError", "fraudAttempt", "potentialFraud") else Offline
    return kind(NAME, f"the service reports {device or 'no state'}", _REMEDY)


def _identity(about: Payload) -> str:
    """Model and serial number of the first device behind the service."""
    devices = _inner(about, "common").get("deviceInformation")
    first = devices[0] if isinstance(devices, list) and devices and isinstance(devices[0], dict) else {}
    return " ".join(word for word in (first.get("modelName"), first.get("serialNumber")) if isinstance(word, str))


def _merged(old: Mapping[str, Any], new: Mapping[str, Any], depth: int = DEPTH) -> dict[str, Any]:
    """`old` with what `new` says; null says nothing, and neither does what is nested too deep."""
    both = dict(old)
    for name, value in new.items():
        if isinstance(value, dict):
            before = both.get(name)
            if depth:
                both[name] = _merged(before if isinstance(before, dict) else {}, value, depth - 1)
        elif value is not None:
            both[name] = value
    return both


def _inner(payload: Mapping[str, Any], part: str) -> Mapping[str, Any]:
    value = payload.get(part)
    return value if isinstance(value, dict) else {}


def _text(payload: Mapping[str, Any], part: str, name: str) -> str:
    value = _inner(payload, part).get(name)
    return value if isinstance(value, str) else ""


def _word(value: bool | None, yes: str, no: str) -> str:
    return "unknown" if value is None else yes if value else no
