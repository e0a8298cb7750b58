"""The keys of the simulated PIN pad: what each may do, how one comes out of a key block, and the arithmetic with them.

Schemes: check value = first three bytes of a zero block under the key; MAC = ISO/IEC 9797-1 algorithm 3 for 3DES and
algorithm 1 (CBC-MAC) for SM4; key blocks = TR-31 (X9.143) version B under a 3DES master key, D under an AES one;
DUKPT = X9.24, with the future keys that a pad keeps in place of its initial key.
"""

from dataclasses import dataclass, field

import psec
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes

from drivers.sim.xfs import no
from protocol.dukpt import FAMILIES, EndOfLife, Family

MASTER_USAGE, PIN_USAGE, MAC_USAGE, CBC_MAC_USAGE, DUKPT_USAGE = "K0", "P0", "M3", "M1", "B1"
SM4 = "4"
"""X9.143 and XFS4IoT leave the digits to makers, and have no letter for SM4."""
MODES = {PIN_USAGE: "E", MAC_USAGE: "G", CBC_MAC_USAGE: "G", DUKPT_USAGE: "X"}
USES = {PIN_USAGE: "TA", MAC_USAGE: "T", CBC_MAC_USAGE: SM4, DUKPT_USAGE: "TA"}
"""Which algorithms a usage has."""
LENGTHS = {"T": (16, 24), "A": (16, 24, 32), SM4: (16,)}
DUKPT_LENGTHS = {"T": (16,), "A": (16, 24, 32)}
BLOCKS = {"T": 8, "A": 16, SM4: 16}
KEY_BLOCK_VERSIONS = {"T": "B", "A": "D"}
NOT_EXPORTABLE = "N"


class FutureKeys:
    """What a DUKPT pad keeps: a key for each counter ahead of it that has a single bit more, and never one behind it.

    X9.24-1 annex A.2 and X9.24-3, 6.5: taking a key apart tells nothing about any block that has left the pad.
    """

    def __init__(self, family: Family, initial_key: bytes, ksn: bytes) -> None:
        """`ksn`: its counter at 0. The initial key itself is not kept."""
        self._family, self._counter = family, 1
        self._initial, counter = family.split(ksn)
        if counter:
            raise ValueError("an initial key comes with a counter at 0")
        self._keys = {
            1 << bit: family.step(initial_key, family.ksn(self._initial, 1 << bit))
            for bit in range(family.counter_bits)
        }

    def spend(self) -> tuple[bytes, bytes]:
        """The next PIN key and its KSN; both are gone after this. EndOfLife when there is none left."""
        family, counter = self._family, self._counter
        lowest = counter & -counter
        if not self._keys:
            raise EndOfLife("every counter of this initial key has been used")
        current, ksn = self._keys.pop(lowest), family.ksn(self._initial, counter)
        if counter.bit_count() < family.most_ones:
            for bit in range(lowest.bit_length() - 1):
                self._keys[1 << bit] = family.step(current, family.ksn(self._initial, counter | 1 << bit))
        if self._keys:
            self._counter = family.after(counter)
        return family.pin_key(current, ksn), ksn


@dataclass(frozen=True)
class Key:
    """A key and what it may be used for; it prints no value."""

    usage: str
    algorithm: str
    """`T` 3DES, `A` AES or SM4."""
    value: bytes = field(repr=False)
    """Empty for an initial key of DUKPT: only its future keys are kept."""
    bits: int
    check: bytes
    """Three bytes that tell two keys apart."""
    future: FutureKeys | None = field(default=None, repr=False)


def plain_key(usage: str, algorithm: str, value: bytes) -> Key:
    """A key that is used as it is."""
    return Key(usage, algorithm, value, len(value) * 8, _check(algorithm, value))


def initial_key(algorithm: str, value: bytes, ksn: bytes) -> Key:
    """A key from which one is derived for each PIN block."""
    future = FutureKeys(FAMILIES[algorithm], value, ksn)
    return Key(DUKPT_USAGE, algorithm, b"", len(value) * 8, _check(algorithm, value), future)


def cipher(algorithm: str, value: bytes) -> Cipher[modes.ECB]:
    """ECB under a key."""
    if algorithm == "T":
        return _ecb(TripleDES((value + value[:8])[:24]))
    return _ecb(algorithms.SM4(value) if algorithm == SM4 else algorithms.AES(value))


def from_key_block(master: Key, block: str, usage: str, algorithm: str, mode: str) -> Key:
    """The key in a TR-31 block, or Refuse.

    The block's MAC comes first: nothing in its header is believed before. The header must then say exactly what the
    command asks for, and that the key may not be exported again.
    """
    if master.algorithm not in KEY_BLOCK_VERSIONS or block[:1] != KEY_BLOCK_VERSIONS[master.algorithm]:
        raise no("formatNotSupported")
    opened = psec.tr31.KeyBlock(master.value)
    try:
        value: bytes = opened.unwrap(block)
    except ValueError as why:
        raise no("contentInvalid") from why
    header = opened.header
    if (header.key_usage, header.mode_of_use, header.exportability) != (usage, mode, NOT_EXPORTABLE):
        raise no("useViolation")
    if header.algorithm != algorithm:
        raise no("algorithmNotSupported")
    lengths = DUKPT_LENGTHS if usage == DUKPT_USAGE else LENGTHS
    if len(value) not in lengths[algorithm] or len(value) > len(master.value):
        raise no("invalidKeyLength")
    if usage != DUKPT_USAGE:
        return plain_key(usage, algorithm, value)
    try:
        return initial_key(algorithm, value, _ksn(algorithm, dict(header.blocks)))
    except ValueError as why:
        raise no("contentInvalid") from why


def _ksn(algorithm: str, blocks: dict[str, str]) -> bytes:
    """X9.143, optional blocks: KS is the whole KSN of TDES DUKPT, IK the initial key ID of AES DUKPT."""
    return bytes.fromhex(blocks.get("KS", "") if algorithm == "T" else blocks.get("IK", "") + "00" * 4)


def retail_mac(key: bytes, padded: bytes) -> bytes:
    """ISO/IEC 9797-1 algorithm 3 over whole blocks, with the first 16 bytes of `key`."""
    first, second = key[:8] * 3, key[8:16] * 3  # three equal keys make 3DES a single DES
    chained = Cipher(TripleDES(first), modes.CBC(bytes(8))).encryptor().update(padded)[-8:]
    return _ecb(TripleDES(first)).encryptor().update(_ecb(TripleDES(second)).decryptor().update(chained))


def sm4_mac(key: bytes, padded: bytes) -> bytes:
    """ISO/IEC 9797-1 algorithm 1 (GB/T 15852.1) over whole blocks, with SM4 (GB/T 32907): sixteen bytes."""
    return Cipher(algorithms.SM4(key), modes.CBC(bytes(16))).encryptor().update(padded)[-16:]


MACS = {MAC_USAGE: retail_mac, CBC_MAC_USAGE: sm4_mac}


def _check(algorithm: str, value: bytes) -> bytes:
    return cipher(algorithm, value).encryptor().update(bytes(BLOCKS[algorithm]))[:3]


def _ecb(algorithm: CipherAlgorithm) -> Cipher[modes.ECB]:
    return Cipher(algorithm, modes.ECB())  # noqa: S305  keys and PIN blocks are single blocks: the standards say ECB
