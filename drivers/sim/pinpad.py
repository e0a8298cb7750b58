"""The far end of the PIN pad: a person's fingers, a keypad, a vault with keys, and an XFS4IoT service in front of them.

This is the only place of the terminal's programs where PIN digits exist. The rules that it keeps:

- One entry at a time. A second one, and any PIN block while one is open, is a sequenceError.
- While a PIN lies in the pad, not yet fetched, the clear mode is refused with sequenceError, so that one question for a
  PIN cannot turn into a field that shows digits. (What a screen asks for, no pad can see.)
- One PIN, one block: GetPinBlock forgets it. So do PinPad.Reset, a new PIN entry, a lost connection and tampering.
- A key serves its own usage and algorithm only, and no key ever leaves.
- Under a DUKPT key each block has a key of its own; its KSN is told by KeyManagement.DUKPTKSNEvent before the block.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from drivers.pinpad import DIGITS, WORKING_KEYS
from drivers.sim.base import Verb, known
from drivers.sim.vault import FORMATS, MASTERS, SLOTS, Vault
from drivers.sim.xfs import FAULTS, Call, Refuse, XfsFarEnd, no
from drivers.xfs import Payload

SPECIMEN_PINS = ("123456", "654321")
FUNCTION_KEYS = ("enter", "cancel", "backspace", "clear")
KEYS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", *FUNCTION_KEYS)
LONGEST = {"pin": 12, "data": 32}
ABOUT = {
    "modelName": "SIM-PINPAD",
    "serialNumber": "SIM 000001",
    "revisionNumber": "1",
    "modelDescription": "simulated encrypting PIN pad",
}
COMMANDS = {
    "Common": ("Capabilities", "Status", "Cancel"),
    "Keyboard": ("PinEntry", "DataEntry", "Reset"),
    "PinPad": ("GetPinBlock", "Reset"),
    "KeyManagement": ("ImportKey", "GenerateKCV", "DeleteKey"),
    "Crypto": ("GenerateAuthentication",),
}


def _of(usage: str, masters: Sequence[str]) -> dict[str, Any]:
    """Which keys the pad takes for a usage: usage -> algorithm -> modeOfUse, in the letters of X9.143."""
    taken = [kind for kind in WORKING_KEYS.values() if kind[3] in masters]
    kinds = [(algorithm, mode) for use, algorithm, mode, _ in taken if use == usage]
    modes: dict[str, Any] = {algorithm: {mode: {} for one, mode in kinds if one == algorithm} for algorithm, _ in kinds}
    return {usage: modes} if modes else {}


def capabilities(masters: Sequence[str]) -> dict[str, Any]:
    """What each interface says of itself in Common.Capabilities (CWA 17852), as far as these masters go."""
    pins, macs = _of("P0", masters) | _of("B1", masters), _of("M3", masters) | _of("M1", masters)
    return {
        "keyboard": {"autoBeep": {"activeAvailable": False, "inactiveAvailable": False}},
        "pinPad": {"pinFormats": dict.fromkeys(FORMATS, True), "pinBlockAttributes": pins},
        "keyManagement": {
            "keyNum": SLOTS,
            "keyCheckModes": {"self": False, "zero": True},
            "keyAttributes": pins | macs,
            "decryptAttributes": {MASTERS[name]: {"decryptMethod": {"ecb": True}} for name in masters},
        },
        "crypto": {"authenticationAttributes": macs},
    }


@dataclass
class _Entry:
    """An entry under way."""

    mode: Literal["pin", "data"]
    call: Call = field(repr=False)
    shortest: int
    longest: int
    auto_end: bool
    active: frozenset[str]
    done: asyncio.Future[str]
    digits: str = field(default="", repr=False)
    pressed: list[str] = field(default_factory=list, repr=False)


class PinPadService:
    """Keyboard, PinPad, KeyManagement and Crypto over one vault."""

    path = "PinPad"

    def __init__(self, vault: Vault) -> None:
        self.vault, self.tampered = vault, False
        self.entry: _Entry | None = None
        self.opened = asyncio.Event()
        """Set while somebody may type."""
        self._pin, self._owner = "", 0
        self._verbs: dict[str, Callable[[Call], Awaitable[Payload]]] = {
            "Common.Capabilities": self._capabilities,
            "Common.Status": self._status,
            "Keyboard.PinEntry": self._pin_entry,
            "Keyboard.DataEntry": self._data_entry,
            "Keyboard.Reset": self._reset,
            "PinPad.Reset": self._reset,
            "PinPad.GetPinBlock": self._pin_block,
            "KeyManagement.ImportKey": self._keys(vault.import_key),
            "KeyManagement.GenerateKCV": self._keys(vault.generate_kcv),
            "KeyManagement.DeleteKey": self._keys(vault.delete),
            "Crypto.GenerateAuthentication": self._keys(vault.authenticate),
        }

    async def handle(self, call: Call) -> Payload:
        if call.name not in self._verbs:
            raise Refuse("unsupportedCommand")
        if self.tampered and not call.name.startswith("Common."):
            raise Refuse("fraudAttempt")
        return await self._verbs[call.name](call)

    def left(self, client: int) -> None:
        if client == self._owner:
            self._pin = ""

    def _keys(self, act: Callable[[Payload], Payload]) -> Callable[[Call], Awaitable[Payload]]:
        async def verb(call: Call) -> Payload:
            return act(call.payload)

        return verb

    async def _capabilities(self, _call: Call) -> Payload:
        interfaces = [
            {"name": name, "commands": {f"{name}.{verb}": {"versions": ["2.0"]} for verb in verbs}}
            for name, verbs in COMMANDS.items()
        ]
        return {
            "interfaces": interfaces,
            "common": {"serviceVersion": "2.0", "deviceInformation": [ABOUT]},
            **capabilities(self.vault.masters),
        }

    async def _status(self, _call: Call) -> Payload:
        return {
            "common": {"device": "fraudAttempt" if self.tampered else "online"},
            "keyManagement": {"encryptionState": self.vault.state()},
        }

    async def _reset(self, _call: Call) -> Payload:
        if self.entry is not None:
            raise Refuse("sequenceError")
        self._pin = ""
        return {}

    # --- entries

    async def _pin_entry(self, call: Call) -> Payload:
        self._pin = ""
        entry = self._open("pin", call)
        how = await self._typed(entry)
        if how in ("enter", "auto"):
            self._pin, self._owner = entry.digits, call.client
        return {"digits": len(entry.digits) if self._pin else 0, "completion": how}

    async def _data_entry(self, call: Call) -> Payload:
        if self._pin:
            raise Refuse("sequenceError")
        entry = self._open("data", call)
        how = await self._typed(entry)
        keys = [{"completion": "continue", "digit": key} for key in entry.pressed]
        return {"keys": len(keys), "pinKeys": keys, "completion": how}

    def _open(self, mode: Literal["pin", "data"], call: Call) -> _Entry:
        if self.entry is not None:
            raise Refuse("sequenceError")
        shortest, longest, active = call.payload.get("minLen", 0), call.payload.get("maxLen"), _active(call.payload)
        if type(shortest) is not int or type(longest) is not int or not 0 <= shortest <= longest <= LONGEST[mode]:
            raise Refuse("invalidData") if mode == "data" else no("minimumLength")
        if "enter" not in active:
            raise no("noTerminatekeys") if mode == "pin" else no("noActivekeys")
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        auto_end = call.payload.get("autoEnd") is True
        self.entry = _Entry(
            mode, call, max(shortest, 4) if mode == "pin" else shortest, longest, auto_end, active, done
        )
        return self.entry

    async def _typed(self, entry: _Entry) -> str:
        try:
            await entry.call.event("Keyboard.EnterDataEvent", {})
            self.opened.set()
            how = await entry.done
        finally:
            self.entry = None
            self.opened.clear()
        if how == "tampered":
            raise Refuse("fraudAttempt")
        return how

    async def press(self, key: str) -> None:
        """A finger on a key: nothing happens unless an entry is open and the key is active in it."""
        entry, name = self.entry, DIGITS[int(key)] if key.isdigit() else key
        if entry is None or entry.done.done() or name not in entry.active:
            return
        how = self._take(entry, key, name)
        if how:
            shown = None if entry.mode == "pin" and key.isdigit() else name
            await entry.call.event("Keyboard.KeyEvent", {"completion": how, "digit": shown})
        if how in ("enter", "cancel", "auto"):
            self._end(entry, how)

    def _end(self, entry: _Entry, how: str) -> None:
        self.opened.clear()
        if not entry.done.done():
            entry.done.set_result(how)

    def _take(self, entry: _Entry, key: str, name: str) -> str:
        """What the key did, in the standard's words; "" when nothing."""
        if key.isdigit():
            if len(entry.digits) >= entry.longest:
                return ""
            entry.digits += key
            entry.pressed.append(name)
            return "auto" if entry.auto_end and len(entry.digits) == entry.longest else "continue"
        if name == "enter" and len(entry.digits) < entry.shortest:
            return ""
        if name == "cancel":
            entry.digits = ""
        if name in ("backspace", "clear"):
            keep = len(entry.digits) - 1 if name == "backspace" else 0
            entry.digits, entry.pressed = entry.digits[: max(keep, 0)], entry.pressed[: max(keep, 0)]
        return name

    async def _pin_block(self, call: Call) -> Payload:
        if self.entry is not None:
            raise Refuse("sequenceError")
        if not self._pin or call.client != self._owner:
            raise no("noPin")
        answer, ksn = self.vault.pin_block(call.payload, self._pin)
        self._pin = ""
        if ksn:
            told = {"key": call.payload["key"], "ksn": base64.b64encode(ksn).decode()}
            await call.event("KeyManagement.DUKPTKSNEvent", told)
        return answer

    def tamper(self) -> None:
        """The case was opened: keys, PIN and trust are gone."""
        self.tampered, self._pin = True, ""
        self.vault.wipe()
        if self.entry is not None:
            self._end(self.entry, "tampered")


def _active(payload: Payload) -> frozenset[str]:
    keys = payload.get("activeKeys")
    return frozenset(keys) & {*DIGITS, *FUNCTION_KEYS} if isinstance(keys, dict) else frozenset()


class PinPadFarEnd(XfsFarEnd):
    """The PIN pad as the device bench sees it."""

    service: PinPadService
    name = "pin-pad"
    verbs = (
        Verb("key", "Press a key", KEYS),
        Verb("type", "Type digits and press enter", SPECIMEN_PINS),
    )
    faults = (*FAULTS, "tampered")

    def __init__(self, tmk: bytes, tmk_aes: bytes, port: int = 0, *, tmk_sm4: bytes = b"") -> None:
        """`tmk`: 16 or 24 bytes for 3DES; `tmk_aes`: 16, 24 or 32 bytes; `tmk_sm4`: 16, or none for a pad without SM4.

        `port` 0: a free one, from 5846 on.
        """
        super().__init__(PinPadService(Vault(tmk, tmk_aes, tmk_sm4)), port)

    async def act(self, verb: str, choice: str = "") -> None:
        """`key` with one of its choices; `type` with any 1 to 32 digits, enter follows."""
        if verb == "key" and choice in KEYS:
            await self.service.press(choice)
        elif verb == "type" and choice.isascii() and choice.isdigit() and len(choice) <= LONGEST["data"]:
            for key in (*choice, "enter"):
                await self.service.press(key)
        else:
            raise ValueError("unknown verb, or no such key")

    async def asked(self, patience: float) -> None:
        """Wait until the pad lets somebody type; TimeoutError after `patience` seconds."""
        async with asyncio.timeout(patience):
            await self.service.opened.wait()

    async def set_fault(self, fault: str) -> None:
        self.fault = known(self, fault)
        await self.publisher.set_fault("" if fault == "tampered" else fault)
        if fault == "tampered":
            self.service.tamper()
        elif self.service.tampered:
            self.service.tampered = False
            self.service.vault.load_masters()
        else:
            return
        device = "fraudAttempt" if self.service.tampered else "online"
        await self.publisher.tell("Common.StatusChangedEvent", {"common": {"device": device}})

    def state(self) -> Mapping[str, Any]:
        entry = self.service.entry
        return {
            "url": self.url,
            "mode": entry.mode if entry else "",
            "count": len(entry.digits) if entry else 0,
            "keys": self.service.vault.check_values(),
            "tampered": self.service.tampered,
            "fault": self.fault,
        }
