"""The key store of the simulated PIN pad, and all arithmetic that is done with its keys.

Schemes: working keys in ECB under the master key of their kind; check value = first three bytes of a zero block under
the key; PIN block formats 0 and 4 of ISO 9564-1; MAC = ISO/IEC 9797-1 algorithm 3, filled up with one fixed byte.
"""

import base64
import binascii
from dataclasses import dataclass, field

import psec
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from drivers.sim.xfs import Refuse, no
from drivers.xfs import Payload

MASTER_USAGE, PIN_USAGE, MAC_USAGE = "K0", "P0", "M3"
MASTERS = ("TMK", "TMKAES")
MODES = {PIN_USAGE: "E", MAC_USAGE: "G"}
LENGTHS = {"T": (16, 24), "A": (16, 24, 32)}
FORMATS = {"iso0": "T", "iso4": "A"}
SLOTS = 16
DATA_LIMIT = 1 << 16


@dataclass(frozen=True)
class Key:
    """A key and what it may be used for; it prints no value."""

    usage: str
    algorithm: str
    """`T` 3DES or `A` AES."""
    value: bytes = field(repr=False)

    def cipher(self) -> Cipher[modes.ECB]:
        """ECB under this key."""
        return _ecb(AES(self.value) if self.algorithm == "A" else TripleDES((self.value + self.value[:8])[:24]))

    def kcv(self) -> bytes:
        """Three bytes that tell two keys apart."""
        return self.cipher().encryptor().update(bytes(16 if self.algorithm == "A" else 8))[:3]


class Vault:
    """Keys by name. Each call takes a command's payload and answers its completion's, or raises Refuse."""

    def __init__(self, tmk: bytes, tmk_aes: bytes) -> None:
        if len(tmk) not in LENGTHS["T"] or len(tmk_aes) not in LENGTHS["A"]:
            raise ValueError("a TMK has 16 or 24 bytes, an AES TMK 16, 24 or 32")
        self._masters = {"TMK": Key(MASTER_USAGE, "T", tmk), "TMKAES": Key(MASTER_USAGE, "A", tmk_aes)}
        self._keys: dict[str, Key] = dict(self._masters)

    def wipe(self) -> None:
        """Forget every key."""
        self._keys.clear()

    def load_masters(self) -> None:
        """What a custodian does after a repair; working keys come from the host again."""
        self._keys = dict(self._masters)

    def state(self) -> str:
        """The standard's encryptionState: ready, initialized (masters only) or notInitialized."""
        if not self._keys:
            return "notInitialized"
        return "ready" if len(self._keys) > len(self._masters) else "initialized"

    def check_values(self) -> dict[str, str]:
        """Each key's check value in hex."""
        return {name: key.kcv().hex() for name, key in self._keys.items()}

    def import_key(self, payload: Payload) -> Payload:
        """KeyManagement.ImportKey."""
        name, master = text(payload, "key"), self._key(payload, MASTER_USAGE, "decryptKey")
        attributes = payload.get("keyAttributes")
        if not isinstance(attributes, dict) or payload.get("constructing") is True:
            raise Refuse("invalidData")
        usage, algorithm = text(attributes, "keyUsage"), text(attributes, "algorithm")
        if name in MASTERS:
            raise no("accessDenied")
        if usage not in MODES or attributes.get("modeOfUse") != MODES[usage]:
            raise no("useViolation")
        if algorithm != master.algorithm or (usage == MAC_USAGE and algorithm != "T"):
            raise no("algorithmNotSupported")
        if payload.get("decryptMethod") != "ecb":
            raise no("cryptoMethodNotSupported")
        sealed = data(payload, "value")
        if len(sealed) not in LENGTHS[algorithm] or len(sealed) > len(master.value):
            raise no("invalidKeyLength")
        if len(self._keys) >= SLOTS and name not in self._keys:
            raise no("noKeyRam")
        key = self._keys[name] = Key(usage, algorithm, master.cipher().decryptor().update(sealed))
        return {
            "verificationData": _base64(key.kcv()),
            "verifyAttributes": {"cryptoMethod": "kcvZero"},
            "keyLength": len(sealed) * 8,
        }

    def generate_kcv(self, payload: Payload) -> Payload:
        """KeyManagement.GenerateKCV."""
        if payload.get("keyCheckMode") != "zero":
            raise no("modeNotSupported")
        return {"kcv": _base64(self._key(payload).kcv())}

    def delete(self, payload: Payload) -> Payload:
        """KeyManagement.DeleteKey; master keys stay."""
        self._key(payload)
        if text(payload, "key") in MASTERS:
            raise no("accessDenied")
        del self._keys[text(payload, "key")]
        return {}

    def authenticate(self, payload: Payload) -> Payload:
        """Crypto.GenerateAuthentication: eight bytes."""
        key, plain, fill = self._key(payload, MAC_USAGE), data(payload, "data"), payload.get("padding", 0)
        if not plain or len(plain) > DATA_LIMIT or type(fill) is not int or not 0 <= fill <= 255:
            raise Refuse("invalidData")
        return {"authenticationData": _base64(retail_mac(key.value, plain + bytes([fill]) * (-len(plain) % 8)))}

    def pin_block(self, payload: Payload, pin: str) -> Payload:
        """PinPad.GetPinBlock over `pin`. For format 0 customerData is the 12 digits that the block needs."""
        key, kind, number = self._key(payload, PIN_USAGE), text(payload, "format"), text(payload, "customerData")
        if kind not in FORMATS:
            raise no("formatNotSupported")
        if FORMATS[kind] != key.algorithm:
            raise no("algorithmNotSupported")
        if not (number.isascii() and number.isdigit() and (len(number) == 12 or kind == "iso4")):
            raise Refuse("invalidData")
        try:
            if kind == "iso4":
                return {"pinBlock": _base64(psec.pinblock.encipher_pinblock_iso_4(key.value, pin, number))}
            clear = psec.pinblock.encode_pinblock_iso_0(pin, number + "0")
        except ValueError as why:
            raise Refuse("invalidData") from why
        return {"pinBlock": _base64(key.cipher().encryptor().update(clear))}

    def _key(self, payload: Payload, usage: str = "", member: str = "key") -> Key:
        key = self._keys.get(text(payload, member))
        if key is None:
            raise no("keyNotFound")
        if usage and key.usage != usage:
            raise no("useViolation")
        return key


def retail_mac(key: bytes, padded: bytes) -> bytes:
    """ISO/IEC 9797-1 algorithm 3 over whole blocks, with the first 16 bytes of `key`."""
    first, second = key[:8] * 3, key[8:16] * 3  # three equal keys make 3DES a single DES
    chained = Cipher(TripleDES(first), modes.CBC(bytes(8))).encryptor().update(padded)[-8:]
    return _ecb(TripleDES(first)).encryptor().update(_ecb(TripleDES(second)).decryptor().update(chained))


def text(payload: Payload, name: str) -> str:
    """A non-empty string of at most 64 characters; invalidData otherwise."""
    value = payload.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= 64:
        raise Refuse("invalidData")
    return value


def data(payload: Payload, name: str) -> bytes:
    """Base64; invalidData otherwise."""
    try:
        return base64.b64decode(str(payload.get(name)), validate=True)
    except (binascii.Error, ValueError) as why:
        raise Refuse("invalidData") from why


def _ecb(algorithm: CipherAlgorithm) -> Cipher[modes.ECB]:
    return Cipher(algorithm, modes.ECB())  # noqa: S305  keys and PIN blocks are single blocks: the standards say ECB


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
