"""The key store of the simulated PIN pad: keys by name, and the commands that use them.

Working keys come under the master key of their kind, as plain ECB cryptograms or as TR-31 key blocks. A master key
that has once opened a key block takes no plain cryptogram any more, until a custodian loads the master keys anew:
otherwise whoever can speak to the pad could go round what the blocks bind. PIN blocks are formats 0, 3 and 4 of
ISO 9564-1, under a working key or, with DUKPT, under a key of their own.
"""

import base64
import binascii
from collections.abc import Callable

import psec

from drivers.sim.keys import (
    BLOCKS,
    DUKPT_USAGE,
    LENGTHS,
    MACS,
    MASTER_USAGE,
    MODES,
    PIN_USAGE,
    SM4,
    USES,
    Key,
    cipher,
    from_key_block,
    plain_key,
)
from drivers.sim.xfs import Refuse, no
from drivers.xfs import Payload
from protocol.dukpt import EndOfLife

MASTERS = {"TMK": "T", "TMKAES": "A", "TMKSM4": SM4}
FORMATS = {"iso0": "T", "iso3": "T", "iso4": "A"}
SLOTS = 16
DATA_LIMIT = 1 << 16

_ENCODE: dict[str, Callable[[str, str], bytes]] = {
    "iso0": psec.pinblock.encode_pinblock_iso_0,
    "iso3": psec.pinblock.encode_pinblock_iso_3,
}


class Vault:
    """Keys by name. Each call takes a command's payload and answers its completion's, or raises Refuse."""

    def __init__(self, tmk: bytes, tmk_aes: bytes, tmk_sm4: bytes = b"") -> None:
        """Master keys as a custodian loads them; without one for SM4 the pad has no SM4."""
        if len(tmk) not in LENGTHS["T"] or len(tmk_aes) not in LENGTHS["A"] or len(tmk_sm4) not in (0, *LENGTHS[SM4]):
            raise ValueError("a TMK has 16 or 24 bytes, an AES TMK 16, 24 or 32, one for SM4 16")
        loaded = zip(MASTERS.items(), (tmk, tmk_aes, tmk_sm4), strict=True)
        self._masters = {name: plain_key(MASTER_USAGE, kind, value) for (name, kind), value in loaded if value}
        self._keys: dict[str, Key] = {}
        self._blocks_only: set[str] = set()
        self.load_masters()

    @property
    def masters(self) -> tuple[str, ...]:
        """The names of the master keys that were loaded, whether or not they are still there."""
        return tuple(self._masters)

    def wipe(self) -> None:
        """Forget every key."""
        self._keys.clear()

    def load_masters(self) -> None:
        """What a custodian does after a repair; working keys come from the host again."""
        self._keys = dict(self._masters)
        self._blocks_only = set()

    def state(self) -> str:
        """The standard's encryptionState: ready, initialized (masters only) or notInitialized."""
        if not self._keys:
            return "notInitialized"
        return "ready" if len(self._keys) > len(self._masters) else "initialized"

    def check_values(self) -> dict[str, str]:
        """Each key's check value in hex."""
        return {name: key.check.hex() for name, key in self._keys.items()}

    def import_key(self, payload: Payload) -> Payload:
        """KeyManagement.ImportKey. Without a decryptMethod the value is a key block (CWA 17852)."""
        name, master = text(payload, "key"), self._key(payload, (MASTER_USAGE,), "decryptKey")
        attributes = payload.get("keyAttributes")
        if not isinstance(attributes, dict) or payload.get("constructing") is True:
            raise Refuse("invalidData")
        usage, algorithm = text(attributes, "keyUsage"), text(attributes, "algorithm")
        if name in MASTERS:
            raise no("accessDenied")
        if usage not in MODES or attributes.get("modeOfUse") != MODES[usage]:
            raise no("useViolation")
        if algorithm != master.algorithm or algorithm not in USES[usage]:
            raise no("algorithmNotSupported")
        if len(self._keys) >= SLOTS and name not in self._keys:
            raise no("noKeyRam")
        key = self._keys[name] = self._opened(payload, master, usage, algorithm)
        return {
            "verificationData": _base64(key.check),
            "verifyAttributes": {"cryptoMethod": "kcvZero"},
            "keyLength": key.bits,
        }

    def _opened(self, payload: Payload, master: Key, usage: str, algorithm: str) -> Key:
        sealed, method, name = data(payload, "value"), payload.get("decryptMethod"), text(payload, "decryptKey")
        if method is None:
            key = from_key_block(master, sealed.decode("ascii", "replace"), usage, algorithm, MODES[usage])
            self._blocks_only.add(name)
            return key
        if method != "ecb":
            raise no("cryptoMethodNotSupported")
        if name in self._blocks_only:
            raise no("useViolation")
        if usage == DUKPT_USAGE:  # only a key block brings the KSN that belongs to it
            raise no("formatNotSupported")
        if len(sealed) not in LENGTHS[algorithm] or len(sealed) > len(master.value):
            raise no("invalidKeyLength")
        return plain_key(usage, algorithm, cipher(algorithm, master.value).decryptor().update(sealed))

    def generate_kcv(self, payload: Payload) -> Payload:
        """KeyManagement.GenerateKCV."""
        if payload.get("keyCheckMode") != "zero":
            raise no("modeNotSupported")
        return {"kcv": _base64(self._key(payload).check)}

    def delete(self, payload: Payload) -> Payload:
        """KeyManagement.DeleteKey; master keys stay."""
        self._key(payload)
        if text(payload, "key") in MASTERS:
            raise no("accessDenied")
        del self._keys[text(payload, "key")]
        return {}

    def authenticate(self, payload: Payload) -> Payload:
        """Crypto.GenerateAuthentication: one block of the key's algorithm."""
        key, plain, fill = self._key(payload, tuple(MACS)), data(payload, "data"), payload.get("padding", 0)
        if not plain or len(plain) > DATA_LIMIT or type(fill) is not int or not 0 <= fill <= 255:
            raise Refuse("invalidData")
        padded = plain + bytes([fill]) * (-len(plain) % BLOCKS[key.algorithm])
        return {"authenticationData": _base64(MACS[key.usage](key.value, padded))}

    def pin_block(self, payload: Payload, pin: str) -> tuple[Payload, bytes]:
        """PinPad.GetPinBlock over `pin`, and the KSN when its key came by DUKPT.

        For formats 0 and 3 customerData is the 12 digits that the block needs.
        """
        key, kind = self._key(payload, (PIN_USAGE, DUKPT_USAGE)), text(payload, "format")
        number = text(payload, "customerData")
        if kind not in FORMATS:
            raise no("formatNotSupported")
        if FORMATS[kind] != key.algorithm:
            raise no("algorithmNotSupported")
        if not (number.isascii() and number.isdigit() and (len(number) == 12 or kind == "iso4")):
            raise Refuse("invalidData")
        value, ksn = _for_one_block(key)
        try:
            if kind == "iso4":
                return {"pinBlock": _base64(psec.pinblock.encipher_pinblock_iso_4(value, pin, number))}, ksn
            clear = _ENCODE[kind](pin, number + "0")
        except ValueError as why:
            raise Refuse("invalidData") from why
        return {"pinBlock": _base64(cipher(key.algorithm, value).encryptor().update(clear))}, ksn

    def _key(self, payload: Payload, usages: tuple[str, ...] = (), member: str = "key") -> Key:
        key = self._keys.get(text(payload, member))
        if key is None:
            raise no("keyNotFound")
        if usages and key.usage not in usages:
            raise no("useViolation")
        return key


def _for_one_block(key: Key) -> tuple[bytes, bytes]:
    """What enciphers the next PIN block, and its KSN (empty for a working key)."""
    if key.future is None:
        return key.value, b""
    try:
        return key.future.spend()
    except EndOfLife as why:
        raise no("dukptOverflow") from why


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


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
