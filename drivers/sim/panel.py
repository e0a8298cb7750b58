"""The far end of the panel: a handset, a jack, doors, a key switch and a battery behind an XFS4IoT service.

It keeps the standard's rules for what it tells: a sensor's changes go out as unsolicited events once a client that is
connected has registered for that sensor, and what did not change is left out. A registration ends with its connection;
lights go out when the panel is unplugged.
"""

from collections.abc import Mapping
from typing import Any

from drivers.api import Colour, Light
from drivers.sim.base import Verb, known
from drivers.sim.xfs import FAULTS, Call, Refuse, XfsFarEnd, no
from drivers.xfs import Payload

ABOUT = {
    "modelName": "SIM-PANEL",
    "serialNumber": "SIM 000002",
    "revisionNumber": "1",
    "modelDescription": "simulated guide lights and sensors",
}
COMMANDS = {
    "Common": ("Capabilities", "Status", "Cancel"),
    "Auxiliaries": ("Register",),
    "Lights": ("SetLight",),
}
DOOR = {"closed": True, "open": True, "locked": False, "bolted": False, "tampered": False}
CAPABILITIES: Mapping[str, Any] = {
    "auxiliaries": {
        "operatorSwitch": {"run": True, "maintenance": True, "supervisor": True},
        "proximitySensor": True,
        "enhancedAudioSensor": {"manual": True, "auto": False, "semiAuto": False, "bidirectional": True},
        "handsetSensor": {"manual": True, "auto": False, "semiAuto": False, "microphone": True},
        "frontCabinet": DOOR,
        "ups": {"low": True, "engaged": True, "powering": True, "recovered": False},
    },
    "lights": {
        "individualLights": {
            light: {
                "default": {
                    "flashRate": {"off": True, "continuous": True},
                    "color": dict.fromkeys(map(str, Colour), True),
                }
            }
            for light in map(str, Light)
        }
    },
}
"""What each interface says of itself in Common.Capabilities (CWA 17852), as far as this panel has it."""
REST: Mapping[str, Any] = {
    "operatorSwitch": "run",
    "proximitySensor": "notPresent",
    "enhancedAudioSensor": "notPresent",
    "handsetSensor": "onTheHook",
    "cabinetFrontDoor": "closed",
    "UPS": {"low": False, "engaged": True, "powering": False, "recovered": False},
}
"""Every sensor as it is when nobody is there."""
TOLD_AS = {"cabinetFrontDoor": "cabinetFront", "UPS": "ups"}
"""Sensors that are registered for by another name than they are told by."""
UNHEARD_OF = {
    "operatorSwitch": "sideways",
    "proximitySensor": ["near"],
    "enhancedAudioSensor": 1,
    "handsetSensor": {"state": "lost"},
    "cabinetFrontDoor": "ajar",
    "UPS": "yes",
}
"""What the fault `strange` says in place of the sensors."""
DEEDS: Mapping[tuple[str, str], tuple[str, Any]] = {
    ("lift", ""): ("handsetSensor", "offTheHook"),
    ("hang", ""): ("handsetSensor", "onTheHook"),
    ("plug", ""): ("enhancedAudioSensor", "present"),
    ("pull", ""): ("enhancedAudioSensor", "notPresent"),
    ("come", ""): ("proximitySensor", "present"),
    ("leave", ""): ("proximitySensor", "notPresent"),
    ("open-door", ""): ("cabinetFrontDoor", "open"),
    ("close-door", ""): ("cabinetFrontDoor", "closed"),
    ("turn-key", "run"): ("operatorSwitch", "run"),
    ("turn-key", "maintenance"): ("operatorSwitch", "maintenance"),
    ("turn-key", "supervisor"): ("operatorSwitch", "supervisor"),
    ("power", "mains"): ("UPS", {"powering": False, "low": False}),
    ("power", "battery"): ("UPS", {"powering": True, "low": False}),
    ("power", "battery-low"): ("UPS", {"powering": True, "low": True}),
}
"""Verb and choice: the sensor, and what it then says."""


class PanelService:
    """Auxiliaries and Lights."""

    path = "Panel"

    def __init__(self) -> None:
        self.sensors: dict[str, Any] = {name: _copy(value) for name, value in REST.items()}
        self.lights: dict[str, dict[str, Any]] = {}
        self.registered: dict[int, set[str]] = {}
        """Each client, and the sensors that it wants to hear of."""
        self.device, self.strange = "online", False

    async def handle(self, call: Call) -> Payload:
        if call.name == "Common.Capabilities":
            return self._capabilities()
        if call.name == "Common.Status":
            return self._status()
        if self.device != "online":
            raise Refuse("hardwareError")
        if call.name == "Auxiliaries.Register":
            return self._register(call)
        if call.name == "Lights.SetLight":
            return self._set_light(call.payload)
        raise Refuse("unsupportedCommand")

    def left(self, client: int) -> None:
        self.registered.pop(client, None)

    def _capabilities(self) -> Payload:
        interfaces = [
            {"name": name, "commands": {f"{name}.{verb}": {"versions": ["2.0"]} for verb in verbs}}
            for name, verbs in COMMANDS.items()
        ]
        return {
            "interfaces": interfaces,
            "common": {"serviceVersion": "2.0", "deviceInformation": [ABOUT]},
            **CAPABILITIES,
        }

    def _status(self) -> Payload:
        lights = {str(light): {"default": self.lights.get(light, {"flashRate": "off"})} for light in Light}
        sensors = UNHEARD_OF if self.strange else self.sensors
        return {"common": {"device": self.device}, "auxiliaries": sensors, "lights": lights}

    def _register(self, call: Call) -> Payload:
        names = {TOLD_AS.get(name, name) for name in REST}
        if not call.payload.keys() <= names:
            raise no("invalidAuxiliary")
        mine = self.registered.setdefault(call.client, set())
        for name, what in call.payload.items():
            (mine.add if what == "register" else mine.discard)(name)
        return {}

    def _set_light(self, payload: Payload) -> Payload:
        for light, positions in payload.items():
            if light not in set(Light) or not isinstance(positions, dict) or set(positions) != {"default"}:
                raise no("invalidLight")
            asked = positions["default"]
            if not isinstance(asked, dict) or asked.get("flashRate") not in ("off", "continuous"):
                raise Refuse("invalidData")
            if asked.get("color", "white") not in set(Colour):
                raise Refuse("invalidData")
        for light, positions in payload.items():
            self.lights[light] = positions["default"]
        return {}


def _copy(value: Any) -> Any:
    return dict(value) if isinstance(value, dict) else value


class PanelFarEnd(XfsFarEnd):
    """The panel as the device bench sees it."""

    service: PanelService
    name = "panel"
    verbs = (
        Verb("lift", "Lift the handset"),
        Verb("hang", "Hang it up"),
        Verb("plug", "Plug a headset in"),
        Verb("pull", "Pull it out"),
        Verb("come", "Come near"),
        Verb("leave", "Walk away"),
        Verb("open-door", "Open the cabinet"),
        Verb("close-door", "Close the cabinet"),
        Verb("turn-key", "Turn the staff key to", ("run", "maintenance", "supervisor")),
        Verb("power", "Run on", ("mains", "battery", "battery-low")),
    )
    faults = (*FAULTS, "broken", "strange")

    def __init__(self, port: int = 0) -> None:
        """`port` 0: a free one, from 5846 on."""
        super().__init__(PanelService(), port)

    async def act(self, verb: str, choice: str = "") -> None:
        if (verb, choice) not in DEEDS:
            raise ValueError("unknown verb, or no such choice")
        sensor, value = DEEDS[verb, choice]
        before = self.service.sensors[sensor]
        self.service.sensors[sensor] = {**before, **value} if isinstance(value, dict) else value
        if self.service.sensors[sensor] != before:
            await self._tell(TOLD_AS.get(sensor, sensor), {sensor: value})

    async def _tell(self, registered_as: str, sensors: Mapping[str, Any]) -> None:
        """An event, if anybody connected has registered for this sensor."""
        if any(registered_as in names for names in self.service.registered.values()):
            await self.publisher.tell("Common.StatusChangedEvent", {"common": None, "auxiliaries": sensors})

    async def set_fault(self, fault: str) -> None:
        self.fault = known(self, fault)
        service = self.service
        before = service.device, service.strange
        service.device, service.strange = "hardwareError" if fault == "broken" else "online", fault == "strange"
        if fault == "unplugged":
            service.lights.clear()
        await self.publisher.set_fault("" if fault in ("broken", "strange") else fault)
        if before != (service.device, service.strange):
            sensors = UNHEARD_OF if service.strange else service.sensors
            told = {"common": {"device": service.device}, "auxiliaries": sensors}
            await self.publisher.tell("Common.StatusChangedEvent", told)

    def state(self) -> Mapping[str, Any]:
        sensors = self.service.sensors
        ups = sensors["UPS"]
        return {
            "url": self.url,
            "handset": "lifted" if sensors["handsetSensor"] == "offTheHook" else "on the hook",
            "headset": sensors["enhancedAudioSensor"] == "present",
            "near": sensors["proximitySensor"] == "present",
            "door": sensors["cabinetFrontDoor"],
            "key": sensors["operatorSwitch"],
            "power": ("battery-low" if ups["low"] else "battery") if ups["powering"] else "mains",
            "lights": {
                light: str(set_to.get("color", "on"))
                for light, set_to in self.service.lights.items()
                if set_to["flashRate"] != "off"
            },
            "fault": self.fault,
        }
