"""DUKPT: one key for each PIN block, derived alike by the pad and by the host from what was loaded once.

Two families, both ANSI X9.24: TDES (part 1, annex A) and AES (part 3). A base derivation key (BDK) stays with the host;
a pad gets an initial key (IK) and a key serial number (KSN) whose counter stands at 0. The KSN travels with each block,
is no secret, and says which key the block is under. A counter with too many ones is skipped, so that no key is more
than a few derivations away from the initial one; past the last counter a pad needs a new initial key.

Only derivation is here: whoever holds a key decides what it is for.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes

PIN_ENCRYPTION = 0x1000
"""Key usage indicators of X9.24-3, table 2, as far as they are used here and in its published vectors."""
MAC_GENERATION = 0x2000
DATA_ENCRYPTION = 0x3000
KEY_DERIVATION = 0x8000
INITIAL_KEY = 0x8001

_AES_TYPES = {128: 2, 192: 3, 256: 4}
_TDES_MASK = bytes.fromhex("C0C0C0C000000000") * 2
_TDES_PIN_VARIANT = bytes.fromhex("00000000000000FF") * 2
_AES_VERSION = 1


class EndOfLife(ValueError):
    """The last counter has been used: the pad needs a new initial key."""


@dataclass(frozen=True)
class Family:
    """What tells the two families apart. A KSN ends in the counter; what stands before it names pad and BDK."""

    algorithm: str
    """As X9.143 writes it: `T` or `A`."""
    ksn_bytes: int
    counter_bits: int
    most_ones: int
    initial_key: Callable[[bytes, bytes], bytes]
    """(BDK, KSN) -> IK of the BDK's own length; the counter in the KSN does not matter."""
    step: Callable[[bytes, bytes], bytes]
    """(key, KSN with the counter that is derived) -> that counter's key, one bit further."""
    pin_key: Callable[[bytes, bytes], bytes]
    """(the counter's key, its KSN) -> the key for a PIN block, of the same length."""

    def split(self, ksn: bytes) -> tuple[int, int]:
        """The KSN with its counter at 0, and the counter; ValueError for a wrong length."""
        if len(ksn) != self.ksn_bytes:
            raise ValueError(f"a KSN of this family has {self.ksn_bytes} bytes")
        number, mask = int.from_bytes(ksn), (1 << self.counter_bits) - 1
        return number & ~mask, number & mask

    def ksn(self, initial: int, counter: int) -> bytes:
        """The two put together again."""
        return (initial | counter).to_bytes(self.ksn_bytes)

    def start(self, ksn: bytes) -> bytes:
        """The same KSN with its counter at 0: what an initial key is loaded with."""
        return self.ksn(self.split(ksn)[0], 0)

    def current_key(self, initial_key: bytes, ksn: bytes) -> bytes:
        """The host's way to a counter's key. ValueError for a counter that no pad can reach."""
        initial, counter = self.split(ksn)
        if not 0 < counter.bit_count() <= self.most_ones:
            raise ValueError(f"a counter has 1 to {self.most_ones} ones")
        key, reached = initial_key, 0
        for bit in reversed(range(self.counter_bits)):
            if counter >> bit & 1:
                reached |= 1 << bit
                key = self.step(key, self.ksn(initial, reached))
        return key

    def after(self, counter: int) -> int:
        """The next counter that a pad uses; EndOfLife after the last one."""
        full = counter.bit_count() >= self.most_ones
        following = counter + (counter & -counter if full else 1)
        if following >> self.counter_bits:
            raise EndOfLife("every counter of this initial key has been used")
        return following


def aes_derive(key: bytes, usage: int, bits: int, context: bytes) -> bytes:
    """X9.24-3, 6.2: a key of `bits` (128, 192 or 256) for `usage`. `context`: its eight last bytes of derivation data.

    For an initial key they are the initial key ID; later, its last four bytes and the counter.
    """
    if bits not in _AES_TYPES or len(context) != 8:
        raise ValueError("an AES key has 128, 192 or 256 bits, and eight bytes of context")
    tail = usage.to_bytes(2) + _AES_TYPES[bits].to_bytes(2) + bits.to_bytes(2) + context
    blocks = (bytes([_AES_VERSION, at + 1]) + tail for at in range(-(-bits // 128)))
    return b"".join(_encrypted(algorithms.AES(key), block) for block in blocks)[: bits // 8]


def _aes_initial_key(bdk: bytes, ksn: bytes) -> bytes:
    return aes_derive(bdk, INITIAL_KEY, len(bdk) * 8, ksn[:8])


def _aes_step(key: bytes, ksn: bytes) -> bytes:
    return aes_derive(key, KEY_DERIVATION, len(key) * 8, ksn[4:])


def _aes_pin_key(key: bytes, ksn: bytes) -> bytes:
    return aes_derive(key, PIN_ENCRYPTION, len(key) * 8, ksn[4:])


def _tdes_initial_key(bdk: bytes, ksn: bytes) -> bytes:
    """X9.24-1, A.6: both halves encipher the first eight bytes of the KSN, the counter's bits among them cleared."""
    start = TDES.start(ksn)[:8]
    return b"".join(_encrypted(_double(key), start) for key in (bdk, _xor(bdk, _TDES_MASK)))


def _tdes_step(key: bytes, ksn: bytes) -> bytes:
    """X9.24-1, A.2: the non-reversible key generation process."""
    return _tdes_half(_xor(key, _TDES_MASK), ksn[2:]) + _tdes_half(key, ksn[2:])


def _tdes_half(key: bytes, data: bytes) -> bytes:
    left, right = key[:8], key[8:]
    return _xor(_encrypted(TripleDES(left * 3), _xor(data, right)), right)  # three equal keys make a single DES


def _tdes_pin_key(key: bytes, ksn: bytes) -> bytes:  # noqa: ARG001  the variant does not depend on the counter
    return _xor(key, _TDES_PIN_VARIANT)


def _double(key: bytes) -> TripleDES:
    return TripleDES(key + key[:8])


def _encrypted(algorithm: CipherAlgorithm, block: bytes) -> bytes:
    return Cipher(algorithm, modes.ECB()).encryptor().update(block)  # noqa: S305  single blocks: X9.24 says ECB


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


TDES = Family("T", 10, 21, 10, _tdes_initial_key, _tdes_step, _tdes_pin_key)
"""X9.24-1: double-length keys, a KSN of 59 bits of name and 21 of counter."""
AES = Family("A", 12, 32, 16, _aes_initial_key, _aes_step, _aes_pin_key)
"""X9.24-3: keys of 128, 192 or 256 bits, a KSN of an initial key ID of 64 bits and a counter of 32."""
FAMILIES = {family.algorithm: family for family in (TDES, AES)}
