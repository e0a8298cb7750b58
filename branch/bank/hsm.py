"""The host security module: master and working keys of every terminal, PIN blocks and MACs.

`Hsm` is the port that a bank's own module answers; `TestHsm` is software with the same answers, and no more than that:
its keys lie in this process' memory while it works. Schemes, all of them public:

- **Master keys**: per terminal a TMK (double-length 3DES), an AES TMK (128 bit) and, where SM4 is wanted, one for SM4.
  They reach the pad by a custodian.
- **Wrapping**: a key goes out under the master key of its own kind, in ECB or as a TR-31 key block (see `Scheme`).
- **Check value**: first three bytes of a zero block enciphered under the key, for each algorithm alike.
- **PIN blocks**: ISO 9564-1 formats 0 and 3 in ECB under TPK, and format 4 under TPKAES; with DUKPT (X9.24) each under
  a key of its own, which is derived here from a base derivation key (BDK) and the block's KSN.
- **MAC**: ISO/IEC 9797-1 algorithm 3 (retail MAC) under TAK, or algorithm 1 with SM4 (GB/T 32907) under TAKSM4; padding
  method 2, the first eight bytes. PIN blocks under SM4 are each bank's own and are not made.
- **PIN verifier**: salt and HMAC-SHA256 over salt and PIN under a key of the module. The salt alone would protect
  nothing (a PIN has a million values); the key does.

A new set of working keys leaves the one before it valid, because the pad may not have taken the new one yet. An initial
key of DUKPT is never issued twice: a pad that got it again would begin to count anew and use its keys a second time.
"""

import enum
import hashlib
import hmac
import itertools
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from branch.bank.ciphers import MAC_BYTES, MACS, SM4_KIND, check_value, cipher, odd_parity, opened, shaped
from branch.bank.keyblocks import HEADERS, key_block
from protocol import dukpt
from protocol.mask import PinBlock
from protocol.messages import PadKey, PadKeys

NONCE_BYTES = 12
SALT_BYTES = 16
KEY_BYTES = 16
KEY_SETS = {"IK": bytes.fromhex("FFFF000001"), "IKAES": bytes.fromhex("00000001")}
"""What a KSN begins with, and names the BDK by; the number of the initial key follows, and then the counter."""
INITIAL_KEYS = 1 << 19
"""So many numbers has the KSN of TDES DUKPT room for."""

PinFormat = Literal["iso0", "iso3", "iso4"]
PadKeyName = Literal["TPK", "TAK", "TPKAES", "TAKSM4", "IK", "IKAES"]


class HsmRefused(Exception):
    """The module cannot do it: no such key, or its key store was tampered with. Says nothing about a PIN."""


class KeyStore(Protocol):
    """Where the module keeps its keys, enciphered under its own master key: opaque bytes by name."""

    def get(self, name: str) -> bytes | None:
        """What was last put under `name`, or None."""
        ...

    def put(self, name: str, value: bytes) -> None:
        """Keep `value` under `name`, in place of what stood there."""
        ...


class MemoryKeyStore:
    """A key store for tests and for a branch that forgets."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self._values.get(name)

    def put(self, name: str, value: bytes) -> None:
        self._values[name] = value


@dataclass(frozen=True)
class MasterKeys:
    """What a custodian carries into a terminal's pad, in clear; it prints nothing."""

    tdes: bytes = field(repr=False)
    """16 bytes, odd parity."""
    aes: bytes = field(repr=False)
    """16 bytes."""
    sm4: bytes = field(default=b"", repr=False)
    """16 bytes, or none for a pad without SM4."""

    def of(self, kind: str) -> bytes:
        """The one under which keys of this algorithm come."""
        return {"T": self.tdes, "A": self.aes, SM4_KIND: self.sm4}[kind]


@dataclass(frozen=True)
class Scheme:
    """How the pads of a bank are keyed. What each needs goes out with `working_keys`; the pad follows what it gets."""

    wrapping: Literal["ecb", "tr31"] = "ecb"
    """`ecb` for older pads. With DUKPT, whose keys need their KSN, it is always `tr31`; for a key of SM4 never."""
    pins: Literal["session", "dukpt"] = "session"
    mac: Literal["TAK", "TAKSM4"] = "TAK"
    formats: tuple[PinFormat, ...] = ("iso0", "iso3", "iso4")
    """Formats of PIN blocks that are opened: 0 and 3 under 3DES, 4 under AES. A pad gets no key for any other."""

    @property
    def blocks(self) -> bool:
        """Are keys wrapped as key blocks? A pad that has had one takes no other under the same master key."""
        return self.wrapping == "tr31" or self.pins == "dukpt"

    def names(self) -> tuple[PadKeyName, ...]:
        """The keys that a pad is given."""
        tdes: PadKeyName = "IK" if self.pins == "dukpt" else "TPK"
        aes: PadKeyName = "IKAES" if self.pins == "dukpt" else "TPKAES"
        first = (tdes,) if {"iso0", "iso3"} & set(self.formats) else ()
        return (*first, self.mac, *((aes,) if "iso4" in self.formats else ()))


@dataclass(frozen=True)
class PinBlocks:
    """The PIN of now, and the new one twice."""

    old: PinBlock
    new: PinBlock
    again: PinBlock


class PinVerdict(enum.Enum):
    """What the module thinks of three PINs; the first that applies."""

    WRONG = "the old one is not the card's"
    DIFFERS = "the new one was not repeated"
    SAME = "the new one is the old one"
    WEAK = "the new one is easily guessed"
    GOOD = "good"


@dataclass(frozen=True)
class Changed:
    """A verdict, and the new PIN's verifier when it is GOOD."""

    verdict: PinVerdict
    verifier: str = field(default="", repr=False)


@runtime_checkable
class Hsm(Protocol):
    """A host security module, as the branch needs it. Every call may raise HsmRefused."""

    def working_keys(self, terminal: str) -> PadKeys:
        """Fresh keys for PIN blocks and MACs under the terminal's master keys; the set before stays valid."""
        ...

    def verify_pin(self, terminal: str, number: str, block: PinBlock, verifier: str) -> bool:
        """Does the block hold the PIN behind `verifier`? `number`: the digits that the pad bound into it (13 to 19).

        A block that cannot be opened is a wrong PIN: telling the two apart would help somebody who guesses.
        Counting wrong tries is the caller's.
        """
        ...

    def change_pin(
        self, terminal: str, number: str, blocks: PinBlocks, verifier: str, told: tuple[str, ...]
    ) -> Changed:
        """Compare the three PINs inside the module: what it thinks of them, and the verifier of the new one when good.

        `told`: numbers that others know of her (birthday, document, telephone); a PIN that one of them ends with is
        weak, and so are one digit repeated, a sequence, and fewer than six digits.
        """
        ...

    def verify_mac(self, terminal: str, data: bytes, mac: bytes) -> bool:
        """Did this terminal's pad make `mac` over exactly `data`?"""
        ...


class TestHsm:
    """A host security module in software, for development and tests; never for a real customer's PIN."""

    __test__ = False

    def __init__(
        self,
        store: KeyStore,
        local_master_key: bytes,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
        scheme: Scheme = Scheme(),
    ) -> None:
        """`local_master_key`: 16 or 32 bytes; all that lies in `store` is enciphered under it (AES-GCM)."""
        self._store, self._vault, self._random = store, AESGCM(local_master_key), random_bytes
        self._lock, self._scheme = threading.Lock(), scheme

    def master_keys(self, terminal: str) -> MasterKeys:
        """The terminal's master keys, made when first asked for; the same ones ever after."""
        with self._lock:
            sm4 = self._made(f"TMKSM4/{terminal}", bytes) if self._scheme.mac == "TAKSM4" else b""
            return MasterKeys(self._made(f"TMK/{terminal}", odd_parity), self._made(f"TMKAES/{terminal}", bytes), sm4)

    def working_keys(self, terminal: str) -> PadKeys:
        masters, names = self.master_keys(terminal), self._scheme.names()
        with self._lock:
            return PadKeys(keys=tuple(self._pad_key(name, terminal, masters) for name in names))

    def _pad_key(self, name: PadKeyName, terminal: str, masters: MasterKeys) -> PadKey:
        kind, ksn = _KINDS[name], b""
        if name in KEY_SETS:
            key, ksn = self._new_initial_key(name, terminal)
        else:
            key = self._renew(f"{name}/{terminal}", shaped(kind, self._random(KEY_BYTES)))
        master, kcv = masters.of(kind), check_value(kind, key).hex()
        if self._scheme.blocks and name in HEADERS:
            block = key_block(name, master, key, ksn).encode()
            return PadKey(name=name, wrapping="tr31", cryptogram=block.hex(), kcv=kcv)
        return PadKey(name=name, cryptogram=cipher(kind, master).encryptor().update(key).hex(), kcv=kcv)

    def _new_initial_key(self, name: str, terminal: str) -> tuple[bytes, bytes]:
        """An initial key that nobody ever had, and its KSN, by which the terminal is known from now on."""
        family, key_set = dukpt.FAMILIES[_KINDS[name]], KEY_SETS[name]
        number = int.from_bytes(self._get(f"ISSUED/{name}") or b"") + 1
        if number >= INITIAL_KEYS:
            raise HsmRefused(f"every {name} of this base derivation key has been issued")
        self._put(f"ISSUED/{name}", number.to_bytes(4))
        initial = int.from_bytes(key_set) << 8 * (family.ksn_bytes - len(key_set)) | number << family.counter_bits
        ksn = self._renew(f"{name}/{terminal}", family.ksn(initial, 0))
        return family.initial_key(self._bdk(family), ksn), ksn

    def _bdk(self, family: dukpt.Family) -> bytes:
        return self._made(f"BDK/{family.algorithm}", lambda raw: shaped(family.algorithm, raw))

    def make_pin_verifier(self, pin: str) -> str:
        """What the bank stores instead of a PIN of 4 to 12 digits: `salt:tag` in hex."""
        if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 12):
            raise ValueError("a PIN has 4 to 12 digits")
        salt = self._random(SALT_BYTES)
        return f"{salt.hex()}:{self._tag(salt, pin).hex()}"

    def verify_pin(self, terminal: str, number: str, block: PinBlock, verifier: str) -> bool:
        salt, tag = (bytes.fromhex(part) for part in verifier.split(":"))
        pins = (opened(key, number, block) for key in self._pin_keys(terminal, block))
        return any(pin is not None and hmac.compare_digest(self._tag(salt, pin), tag) for pin in pins)

    def _pin_keys(self, terminal: str, block: PinBlock) -> list[bytes]:
        """What the block may be under: working keys, or the one key that its KSN says."""
        if block.format not in self._scheme.formats:
            raise HsmRefused(f"this bank opens no PIN block of format {block.format}")
        session, initial = _PIN_KEYS[block.format]
        if not block.ksn:
            return self._in_force(session, terminal)
        family = dukpt.FAMILIES[_KINDS[initial]]
        try:
            start = family.start(block.ksn)
            if start not in self._in_force(initial, terminal):
                raise HsmRefused(f"terminal {terminal} has no initial key of this serial number")
            with self._lock:
                first = family.initial_key(self._bdk(family), start)
            return [family.pin_key(family.current_key(first, block.ksn), block.ksn)]
        except ValueError as why:
            raise HsmRefused(f"terminal {terminal}: {why}") from why

    def change_pin(
        self, terminal: str, number: str, blocks: PinBlocks, verifier: str, told: tuple[str, ...]
    ) -> Changed:
        if not self.verify_pin(terminal, number, blocks.old, verifier):
            return Changed(PinVerdict.WRONG)
        old, new, again = (self._clear(terminal, number, one) for one in (blocks.old, blocks.new, blocks.again))
        if new is None or again is None or not hmac.compare_digest(new, again):
            return Changed(PinVerdict.DIFFERS)
        if new == old:
            return Changed(PinVerdict.SAME)
        if weak(new, told):
            return Changed(PinVerdict.WEAK)
        return Changed(PinVerdict.GOOD, self.make_pin_verifier(new))

    def _clear(self, terminal: str, number: str, block: PinBlock) -> str | None:
        """The clear PIN, which must not leave this module."""
        keys = self._pin_keys(terminal, block)
        return next((pin for key in keys if (pin := opened(key, number, block)) is not None), None)

    def verify_mac(self, terminal: str, data: bytes, mac: bytes) -> bool:
        keys, make = self._in_force(self._scheme.mac, terminal), MACS[self._scheme.mac]
        return len(mac) == MAC_BYTES and any(hmac.compare_digest(make(key, data), mac) for key in keys)

    def _tag(self, salt: bytes, pin: str) -> bytes:
        with self._lock:
            key = self._made("PVK", bytes)
        return hmac.digest(key, salt + pin.encode(), hashlib.sha256)

    def _made(self, name: str, shape: Callable[[bytes], bytes]) -> bytes:
        return self._get(name) or self._put(name, shape(self._random(KEY_BYTES)))

    def _renew(self, name: str, value: bytes) -> bytes:
        if (current := self._get(name)) is not None:
            self._put(f"{name}/before", current)
        return self._put(name, value)

    def _in_force(self, kind: str, terminal: str) -> list[bytes]:
        """The current key, and the one before it; HsmRefused when the terminal never had any."""
        names = (f"{kind}/{terminal}", f"{kind}/{terminal}/before")
        keys = [key for name in names if (key := self._get(name)) is not None]
        if not keys:
            raise HsmRefused(f"terminal {terminal} has no {kind}")
        return keys

    def _get(self, name: str) -> bytes | None:
        sealed = self._store.get(name)
        if sealed is None:
            return None
        try:
            return self._vault.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError) as why:
            raise HsmRefused(f"{name}: the stored key is not one of this module's") from why

    def _put(self, name: str, key: bytes) -> bytes:
        nonce = self._random(NONCE_BYTES)
        self._store.put(name, nonce + self._vault.encrypt(nonce, key, name.encode()))
        return key


_PIN_KEYS = {"iso0": ("TPK", "IK"), "iso3": ("TPK", "IK"), "iso4": ("TPKAES", "IKAES")}
_KINDS = {"TPK": "T", "TAK": "T", "IK": "T", "TPKAES": "A", "IKAES": "A", "TAKSM4": SM4_KIND}
"""Each key's algorithm, in the letters of X9.143."""
LEAST = 6
"""Digits of a new PIN."""


def weak(pin: str, told: tuple[str, ...]) -> bool:
    """Is it short, one digit repeated, a sequence up or down, or the end of a number that others know of her?"""
    steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(pin)}
    return len(pin) < LEAST or steps in ({0}, {1}, {9}) or any(number.endswith(pin) for number in told)
