"""TR-31 (X9.143) key blocks: a key whose use is bound to it, so that nobody on the way can change what it is for.

Version B under a 3DES master key, version D under an AES one; the deprecated A and C are never made. The header names
usage, algorithm and mode, and says that the key may not be exported again. An initial key of DUKPT carries the serial
number that belongs to it: the whole KSN for TDES (block KS), the initial key ID for AES (block IK).
"""

import psec

HEADERS = {
    "TPK": ("B", "P0", "T", "E"),
    "TPKAES": ("D", "P0", "A", "E"),
    "TAK": ("B", "M3", "T", "G"),
    "IK": ("B", "B1", "T", "X"),
    "IKAES": ("D", "B1", "A", "X"),
}
"""Name: version, key usage, algorithm, mode of use. SM4 has no letter in X9.143, and so no key block."""
FIRST_VERSION = "00"
NOT_EXPORTABLE = "N"
INITIAL_KEY_ID_BYTES = 8


def key_block(name: str, master: bytes, key: bytes, ksn: bytes = b"") -> str:
    """The key under the master key of its kind; `ksn`: with its counter at 0, for an initial key of DUKPT."""
    version, usage, algorithm, mode = HEADERS[name]
    header = psec.tr31.Header(version, usage, algorithm, mode, FIRST_VERSION, NOT_EXPORTABLE)
    if name == "IK":
        header.blocks["KS"] = ksn.hex().upper()
    elif name == "IKAES":
        header.blocks["IK"] = ksn[:INITIAL_KEY_ID_BYTES].hex().upper()
    block: str = psec.tr31.KeyBlock(master, header).wrap(key)
    return block
