"""An encrypting PIN pad over XFS4IoT: PIN blocks and MACs leave it, PIN digits never do.

While a PIN is typed the service sends `Keyboard.KeyEvent` with a null digit for each key; this driver counts them and
knows no more. The clear mode (`Keyboard.DataEntry`) is another command, and neither can be open beside the other.

The pad keeps a 3DES master key under the name TMK, an AES one under TMKAES and perhaps one for SM4 under TMKSM4, all
loaded by a custodian. Keys come enciphered under them, in ECB or as TR-31 key blocks: TPK (formats 0 and 3), TPKAES
(format 4), TAK (MAC, ISO/IEC 9797-1 algorithm 3) or TAKSM4 (algorithm 1), and the initial keys of DUKPT, IK and IKAES,
in place of TPK and TPKAES. What was brought last is what serves: the host decides how this terminal works. Key usages
are those of X9.143: P0 PIN encryption, B1 initial DUKPT key, M3 and M1 MAC; SM4 has no letter there and is a digit.
"""

import base64
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from drivers.api import Abandoned, DeviceError, Faulty, Garbled, Health, Offline, Status
from drivers.xfs import Dial, Payload, XfsClient, dial
from protocol.mask import Pan, PinBlock

NAME = "pin-pad"
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
"""XFS4IoT's names of the digit keys, in the order of their values."""
DATA_LIMIT = 32
KCV_BYTES = 3
RESET_S = 1.0
WORKING_KEYS = {
    "TPK": ("P0", "T", "E", "TMK"),
    "TPKAES": ("P0", "A", "E", "TMKAES"),
    "TAK": ("M3", "T", "G", "TMK"),
    "TAKSM4": ("M1", "4", "G", "TMKSM4"),
    "IK": ("B1", "T", "X", "TMK"),
    "IKAES": ("B1", "A", "X", "TMKAES"),
}
"""Name: keyUsage, algorithm, modeOfUse, and the master key it comes under."""
PIN_KEYS = {"iso0": ("TPK", 8), "iso3": ("TPK", 8), "iso4": ("TPKAES", 16)}
"""PIN block format: the working key and the length of the block."""
MAC_KEYS = {"TAK": 8, "TAKSM4": 16}
"""MAC key: the length of its algorithm's blocks."""
MAC_BYTES = 8
KSN_BYTES = {"IK": 10, "IKAES": 12}
"""Initial key of DUKPT: the length of its key serial numbers."""
_IN_PLACE_OF = {"TPK": "TPK", "IK": "TPK", "TPKAES": "TPKAES", "IKAES": "TPKAES", "TAK": "TAK", "TAKSM4": "TAK"}

_TERMINATE = ("enter", "cancel")
_ACTIVE = {key: {"terminate": key in _TERMINATE} for key in (*DIGITS, *_TERMINATE, "clear", "backspace")}
_DATA_REFUSED = "drop this terminal's link and fetch working keys again; if it stays, load the master key anew"
_LEAK = "take the pad out of service at once: it sends PIN digits in clear"


class XfsPinPad:
    """A PIN pad behind an XFS4IoT service."""

    def __init__(self, url: str, *, pin_length: tuple[int, int] = (4, 12), dial: Dial = dial) -> None:
        """`pin_length`: shortest and longest PIN. Where both are equal the pad ends the entry by itself."""
        self._xfs = XfsClient(url, "PinPad", NAME, dial=dial)
        self._shortest, self._longest = pin_length
        self._mode = ""
        self._serving: dict[str, str] = {}

    async def status(self) -> Status:
        try:
            about = await self._xfs.command("Common.Capabilities", {})
            now = await self._xfs.command("Common.Status", {})
        except DeviceError as why:
            return Status(NAME, Health.OFFLINE, detail=why.what, why=why)
        identity = _identity(about)
        device, keys = _text(now, "common", "device"), _text(now, "keyManagement", "encryptionState")
        facts = {"device": device, "encryptionState": keys, "pinFormats": " ".join(_formats(about))}
        simulated = "SIM" in identity.split()
        return Status(
            NAME, _health(device, keys), identity, simulated, detail=device, facts=facts, why=_trouble(device)
        )

    async def close(self) -> None:
        await self._xfs.close()

    async def import_key(self, name: str, cryptogram: bytes, kcv: bytes, wrapping: str = "ecb") -> None:
        """See `drivers.api.PinPad`. `wrapping`: `ecb`, or `tr31` for the characters of a key block."""
        usage, algorithm, mode, master = WORKING_KEYS[name]
        order: dict[str, object] = {
            "key": name,
            "keyAttributes": {"keyUsage": usage, "algorithm": algorithm, "modeOfUse": mode},
            "value": _base64(cryptogram),
            "constructing": False,
            "decryptKey": master,
        }
        if wrapping != "tr31":  # CWA 17852: a key block says by itself how it is opened
            order["decryptMethod"] = wrapping
        await self._xfs.command("KeyManagement.ImportKey", order)
        said = await self._xfs.command("KeyManagement.GenerateKCV", {"key": name, "keyCheckMode": "zero"})
        if len(kcv) != KCV_BYTES or _bytes(said, "kcv")[:KCV_BYTES] != kcv:
            await self._xfs.command("KeyManagement.DeleteKey", {"key": name})
            raise Faulty(NAME, f"{name}: the pad's check value differs from the host's", _DATA_REFUSED)
        self._serving[_IN_PLACE_OF[name]] = name

    async def enter_pin(self, number: Pan, format: str, on_count: Callable[[int], None], patience: float) -> PinBlock:
        """See `drivers.api.PinPad`. `number` has 13 to 19 digits; ValueError otherwise, and for an unknown format."""
        if format not in PIN_KEYS or not (number.digits.isdigit() and 13 <= len(number.digits) <= 19):
            raise ValueError("a PIN block is iso0, iso3 or iso4, over a number of 13 to 19 digits")
        entry = {
            "minLen": self._shortest,
            "maxLen": self._longest,
            "autoEnd": self._shortest == self._longest,
            "activeKeys": _ACTIVE,
        }
        with self._only("PIN entry"):
            answer = await self._xfs.command("Keyboard.PinEntry", entry, patience, _Stars(on_count, self._longest).hear)
            _ended(answer)
            try:
                return await self._pin_block(number.digits, format)
            except BaseException:
                with contextlib.suppress(DeviceError):  # a PIN that nobody fetches must not lie in the pad
                    await self._xfs.command("PinPad.Reset", {}, RESET_S)
                raise

    async def _pin_block(self, digits: str, format: str) -> PinBlock:
        """CWA 17852, PinPad.GetPinBlock: the check digit stays away, only for format 4 the number is whole."""
        usual, length = PIN_KEYS[format]
        key = self._serving.get(usual, usual)
        order: dict[str, object] = {"format": format, "key": key, "cryptoMethod": "ecb", "customerData": digits}
        if format != "iso4":
            order |= {"customerData": digits[-13:-1], "padding": 15}
        serial = _Serial(key)
        answer = await self._xfs.command("PinPad.GetPinBlock", order, hear=serial.hear)
        block = _bytes(answer, "pinBlock")
        if len(block) != length:
            raise Garbled(NAME, f"a PIN block of {len(block)} bytes", _DATA_REFUSED)
        if len(serial.ksn) != KSN_BYTES.get(key, 0):
            raise Garbled(NAME, f"a key serial number of {len(serial.ksn)} bytes", _DATA_REFUSED)
        return PinBlock(block, format, serial.ksn)

    async def enter_digits(
        self, on_digits: Callable[[str], None], patience: float, on_function: Callable[[str], None] | None = None
    ) -> str:
        """See `drivers.api.PinPad`. Answers what `on_digits` heard last: what the customer saw is what counts."""
        entry = {"maxLen": DATA_LIMIT, "autoEnd": False, "activeKeys": _ACTIVE}
        typed = _Typed(on_digits, on_function)
        with self._only("clear entry"):
            _ended(await self._xfs.command("Keyboard.DataEntry", entry, patience, typed.hear))
        return typed.digits

    async def mac(self, data: bytes) -> bytes:
        """See `drivers.api.PinPad`. ISO/IEC 9797-1 padding method 2, the first eight bytes.

        The padding is done here: the pad itself only fills up with a fixed byte, and whole blocks need none.
        """
        key = self._serving.get("TAK", "TAK")
        padded = data + b"\x80" + bytes(-(len(data) + 1) % MAC_KEYS[key])
        order = {"key": key, "data": _base64(padded), "padding": 0}
        mac = _bytes(await self._xfs.command("Crypto.GenerateAuthentication", order), "authenticationData")
        if len(mac) != MAC_KEYS[key]:
            raise Garbled(NAME, f"a MAC of {len(mac)} bytes", _DATA_REFUSED)
        return mac[:MAC_BYTES]

    @contextlib.contextmanager
    def _only(self, mode: str) -> Iterator[None]:
        """One mode at a time. Opening a second is a mistake of ours, and must never reach the pad."""
        if self._mode:
            raise RuntimeError(f"{mode} asked while {self._mode} is open")
        self._mode = mode
        try:
            yield
        finally:
            self._mode = ""


class _Stars:
    """Counts keys of which nobody knows which they were."""

    def __init__(self, on_count: Callable[[int], None], longest: int) -> None:
        self._on_count, self._longest, self._count = on_count, longest, 0

    def hear(self, name: str, payload: Payload) -> None:
        if name != "Keyboard.KeyEvent":
            return
        if payload.get("digit") in DIGITS or str(payload.get("digit")).isdigit():
            raise Faulty(NAME, "a digit in clear during PIN entry", _LEAK)
        match payload.get("completion"):
            case "continue" | "auto":
                self._count = min(self._count + 1, self._longest)
            case "backspace":
                self._count = max(self._count - 1, 0)
            case "clear":
                self._count = 0
            case _:
                return
        self._on_count(self._count)


class _Serial:
    """Listens for the serial number of a DUKPT key, which is told before the block that it belongs to."""

    def __init__(self, key: str) -> None:
        self._key, self.ksn = key, b""

    def hear(self, name: str, payload: Payload) -> None:
        if name == "KeyManagement.DUKPTKSNEvent" and self._key in KSN_BYTES and payload.get("key") == self._key:
            self.ksn = _bytes(payload, "ksn")


class _Typed:
    """Follows the keys of the clear mode."""

    def __init__(self, on_digits: Callable[[str], None], on_function: Callable[[str], None] | None) -> None:
        self._on_digits, self._on_function, self.digits = on_digits, on_function, ""

    def hear(self, name: str, payload: Payload) -> None:
        if name != "Keyboard.KeyEvent":
            return
        if self._on_function and payload.get("completion") in ("clear", "backspace"):
            self._on_function(str(payload["completion"]))
        match payload.get("completion"), payload.get("digit"):
            case "continue" | "auto", str(key) if key in DIGITS and len(self.digits) < DATA_LIMIT:
                self.digits += str(DIGITS.index(key))
            case "backspace", _:
                self.digits = self.digits[:-1]
            case "clear", _:
                self.digits = ""
            case _:
                return
        self._on_digits(self.digits)


def _ended(answer: Payload) -> None:
    how = answer.get("completion")
    if how == "cancel":
        raise Abandoned(NAME, "the customer pressed cancel", "begin again")
    if how not in ("enter", "auto"):
        raise Garbled(NAME, "an entry that ended in no known way", "update the device's service")


def _health(device: str, keys: str) -> Health:
    if _trouble(device):
        return Health.OFFLINE
    return Health.OK if keys == "ready" else Health.DEGRADED


def _trouble(device: str) -> DeviceError | None:
    """What the service's word for its device means; None for one that works."""
    if device in ("online", "deviceBusy"):
        return None
    if device in ("fraudAttempt", "potentialFraud"):
        return Faulty(NAME, f"the service reports {device}", "take the pad out of service: it must be inspected")
    kind = Faulty if device in ("hardwareError", "userError") else Offline
    return kind(NAME, f"the service reports {device or 'no state'}", "check the pad's power and cable")


def _identity(about: Payload) -> str:
    """Model and serial number of the first device behind the service."""
    common = about.get("common")
    devices = common.get("deviceInformation") if isinstance(common, dict) else None
    first = devices[0] if isinstance(devices, list) and devices and isinstance(devices[0], dict) else {}
    return " ".join(word for word in (first.get("modelName"), first.get("serialNumber")) if isinstance(word, str))


def _formats(about: Payload) -> list[str]:
    """Those PIN block formats of ours that the service says it can make."""
    pad = about.get("pinPad")
    formats = pad.get("pinFormats") if isinstance(pad, dict) else None
    return [name for name in PIN_KEYS if isinstance(formats, dict) and formats.get(name) is True]


def _text(payload: Mapping[str, Any], part: str, name: str) -> str:
    inner = payload.get(part)
    value = inner.get(name) if isinstance(inner, dict) else None
    return value if isinstance(value, str) else ""


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(payload: Payload, name: str) -> bytes:
    value = payload.get(name)
    try:
        return base64.b64decode(value if isinstance(value, str) else "?", validate=True)
    except ValueError as why:
        raise Garbled(NAME, f"{name} is no base64", "update the device's service") from why
