"""The test HSM's arithmetic: check values, MACs, and a PIN block opened. Keys are bytes; nothing is kept here."""

import psec
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4

from protocol.mask import PinBlock

KCV_BYTES = 3
MAC_BYTES = 8
SM4_KIND = "4"
"""X9.143 leaves the digits to makers, and has no letter for SM4."""


def tdes_kcv(key: bytes) -> bytes:
    """Check value of a 3DES key of 16 or 24 bytes."""
    return check_value("T", key)


def aes_kcv(key: bytes) -> bytes:
    """Check value of an AES key."""
    return check_value("A", key)


def retail_mac(key: bytes, data: bytes) -> bytes:
    """ISO/IEC 9797-1 algorithm 3 with a 16-byte key and padding method 2: eight bytes."""
    padded = data + b"\x80" + bytes(-(len(data) + 1) % 8)
    first, second = key[:8] * 3, key[8:16] * 3  # three equal keys make 3DES a single DES
    chained = Cipher(TripleDES(first), modes.CBC(bytes(8))).encryptor().update(padded)[-8:]
    return ecb(TripleDES(first)).encryptor().update(ecb(TripleDES(second)).decryptor().update(chained))


def sm4_mac(key: bytes, data: bytes) -> bytes:
    """ISO/IEC 9797-1 algorithm 1 (GB/T 15852.1) with SM4 and padding method 2: the first eight bytes."""
    padded = data + b"\x80" + bytes(-(len(data) + 1) % 16)
    return Cipher(SM4(key), modes.CBC(bytes(16))).encryptor().update(padded)[-16:][:MAC_BYTES]


MACS = {"TAK": retail_mac, "TAKSM4": sm4_mac}


def shaped(kind: str, raw: bytes) -> bytes:
    """A random key as its algorithm wants it."""
    return odd_parity(raw) if kind == "T" else raw


def check_value(kind: str, key: bytes) -> bytes:
    """First bytes of a zero block under a key of this algorithm."""
    return cipher(kind, key).encryptor().update(bytes(8 if kind == "T" else 16))[:KCV_BYTES]


def cipher(kind: str, key: bytes) -> Cipher[modes.ECB]:
    """A key of this algorithm at work, block by block."""
    if kind == "T":
        return tdes(key)
    return ecb(SM4(key) if kind == SM4_KIND else AES(key))


def tdes(key: bytes) -> Cipher[modes.ECB]:
    """3DES with a key of two or three parts."""
    return ecb(TripleDES((key + key[:8])[:24]))


def ecb(algorithm: CipherAlgorithm) -> Cipher[modes.ECB]:
    """Single blocks."""
    return Cipher(algorithm, modes.ECB())  # noqa: S305  keys and PIN blocks are single blocks: the standards say ECB


def odd_parity(key: bytes) -> bytes:
    """FIPS 46-3: the lowest bit of each byte makes the number of ones odd."""
    return bytes(byte ^ 1 ^ byte.bit_count() % 2 for byte in key)


def opened(key: bytes, number: str, block: PinBlock) -> str | None:
    """The clear PIN, which must not leave this module; None when the block does not open."""
    try:
        if block.format == "iso4":
            pin: str = psec.pinblock.decipher_pinblock_iso_4(key, block.block, number)
            return pin
        clear = tdes(key).decryptor().update(block.block)
        decode = psec.pinblock.decode_pinblock_iso_3 if block.format == "iso3" else psec.pinblock.decode_pinblock_iso_0
        pin = decode(clear, number)
    except ValueError:
        return None
    return pin
