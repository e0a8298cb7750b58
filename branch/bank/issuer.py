"""The test issuer: what stands behind a chip card when there is no real one.

It makes and checks cryptograms in the manner of CVN 18: card keys by option A (EMV Book 2 annex A1.4.1), the common
session key from the ATC (annex A1.3.1), a MAC of ISO/IEC 9797-1 algorithm 3 with padding method 2 over

    9F02 9F03 9F1A 95 5F2A 9A 9C 9F37 82 9F36 9F10

and an ARPC by method 1 (annex A1.5: section 8.2.1). UnionPay's own session key and data (PBOC 3.0) differ: a bank's
adapter brings its own. Never use these keys for anything real.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from pyemv import ac, kd, sm, tlv

SIGNED = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36", "9F10")
ARQC, TC, AAC = 0x80, 0x40, 0x00
CNY = bytes.fromhex("0156")
YES = b"00"
NO = b"05"
"""Authorisation response codes, ISO 8583 field 39."""


@dataclass(frozen=True)
class CardKeys:
    """A card's own keys; 16 bytes each, hidden in its chip."""

    ac: bytes
    mac: bytes

    def __repr__(self) -> str:
        return "CardKeys(***)"


def derive_card_key(imk: bytes, pan: str, sequence: str) -> bytes:
    """A card's key from an issuer's, option A: the last 16 digits of PAN and sequence number."""
    return cast("bytes", kd.derive_icc_mk_a(imk, pan, sequence))


def derive_card_keys(imk_ac: bytes, imk_mac: bytes, pan: str, sequence: str) -> CardKeys:
    """Both keys of a card: `udk_ac` and `udk_mac` of the cards file."""
    return CardKeys(derive_card_key(imk_ac, pan, sequence), derive_card_key(imk_mac, pan, sequence))


def session_key(card_key: bytes, counter: bytes) -> bytes:
    """The key of one transaction, from the ATC (2 bytes)."""
    return cast("bytes", kd.derive_common_sk(card_key, counter + bytes(6)))


class TestIssuer:
    """Says whether a cryptogram is the card's own, and answers it."""

    __test__ = False

    def __init__(self, imk_ac: bytes, imk_mac: bytes) -> None:
        self._imk_ac, self._imk_mac = imk_ac, imk_mac

    def verify(self, pan: str, sequence: str, field55: str, amount: int) -> bool:
        """Is this an ARQC of this card, for `amount` fen exactly? Nonsense in `field55` (hex) is False."""
        return self._is(ARQC, pan, sequence, field55, amount)

    def verify_tc(self, pan: str, sequence: str, field55: str, amount: int) -> bool:
        """Did this card end with a TC for `amount` fen? An AAC is False."""
        return self._is(TC, pan, sequence, field55, amount)

    def counter(self, field55: str) -> int:
        """The card's ATC in a field 55, -1 without one.

        This issuer remembers nothing: its caller keeps the highest ATC of each card and takes only a higher one, or
        else a cryptogram could be played again.
        """
        found = objects(field55).get("9F36", b"")
        return int.from_bytes(found, "big") if len(found) == 2 else -1

    def same_transaction(self, first: str, last: str) -> bool:
        """Do a first and a last field 55 belong together: one ATC, one unpredictable number?"""
        one, two = objects(first), objects(last)
        return all(one.get(tag, b"") and one.get(tag) == two.get(tag) for tag in ("9F36", "9F37"))

    def answer(self, pan: str, sequence: str, field55: str, *, approve: bool = True) -> str:
        """The value of tag 91 in hex: ARPC (8 bytes) and response code (2). ValueError without a cryptogram."""
        found = objects(field55)
        if len(found.get("9F26", b"")) != 8 or len(found.get("9F36", b"")) != 2:
            raise ValueError("field 55 holds no cryptogram to answer")
        code = YES if approve else NO
        key = session_key(derive_card_key(self._imk_ac, pan, sequence), found["9F36"])
        return str((ac.generate_arpc_1(key, found["9F26"], code) + code).hex())

    def script(self, pan: str, sequence: str, field55: str, header: bytes, *, after: bool = True) -> str:
        """A script template (72, or 71 when it must run before the last cryptogram) with one MACed command, in hex.

        `header` is the command's CLA INS P1 P2, e.g. `841E0000` to block the application. The MAC (8 bytes) covers
        header, length, ATC and ARQC (EMV Book 2 section 9.2.1.2, format 2).
        """
        found = objects(field55)
        command = header + b"\x08"
        key = session_key(derive_card_key(self._imk_mac, pan, sequence), found["9F36"])
        command += sm.generate_command_mac(key, command + found["9F36"] + found["9F26"], 8)
        body = bytes((0x86, len(command))) + command
        return bytes((0x72 if after else 0x71, len(body), *body)).hex()

    def _is(self, kind: int, pan: str, sequence: str, field55: str, amount: int) -> bool:
        found = objects(field55)
        if any(tag not in found for tag in (*SIGNED, "9F26")) or found.get("9F27", b"")[:1] != bytes((kind,)):
            return False
        if found["9F02"].hex() != f"{amount:012d}" or found["5F2A"] != CNY or len(found["9F36"]) != 2:
            return False
        key = session_key(derive_card_key(self._imk_ac, pan, sequence), found["9F36"])
        return hmac.compare_digest(cryptogram(key, found), found["9F26"])


def cryptogram(key: bytes, found: Mapping[str, bytes]) -> bytes:
    """The MAC over the signed elements, 8 bytes."""
    data = b"".join(found[tag] for tag in SIGNED)
    return cast("bytes", ac.generate_ac(key, data, ac.PaddingType.EMV, 8))


def objects(field55: str) -> dict[str, bytes]:
    """The data elements of a field 55 in hex; nothing when it is not BER-TLV."""
    try:
        return dict(tlv.decode(bytes.fromhex(field55), flatten=True))
    except (ValueError, tlv.DecodeError):
        return {}
