"""A chip card as physics has it: files, a counter, keys, and a mind of its own about what it signs.

Cryptograms are real (EMV Book 2 section 8, through pyemv): the common session key from the ATC, a MAC with padding
method 2 over 9F02 9F03 9F1A 95 5F2A 9A 9C 9F37 82 9F36 9F10, ARPC by method 1. UnionPay's own way differs; a card
and its issuer only have to agree. Its ATR says SIM.
"""

import hmac
import json
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import xor
from typing import Any

from pyemv import ac, kd, sm

from drivers.emv import tlv

IDENTITY = b"SIM-EMV"
PSE, PPSE = b"1PAY.SYS.DDF01", b"2PAY.SYS.DDF01"
SIGNED = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36", "9F10")
COMMON_DOL = bytes.fromhex("9F02069F03069F1A0295055F2A029A039C019F3704")
CDOL1 = COMMON_DOL
CDOL2_WITH_ARPC = bytes.fromhex("8A02910A") + COMMON_DOL
CDOL2 = bytes.fromhex("8A02") + COMMON_DOL
PDOL = bytes.fromhex("9F02065F2A029F1A02")
YES = (b"00", b"10", b"11")
ARQC, TC, AAC = 0x80, 0x40, 0x00


@dataclass(frozen=True)
class Profile:
    """How a card behaves where EMV leaves it a choice."""

    t0: bool = False
    """Speaks T=0: 61xx and 6Cxx, and no Le after data."""
    gpo80: bool = False
    """Bare answers (template 80) and no PDOL, instead of template 77."""
    long_form: bool = False
    """Spends a length byte more than needed."""
    external: bool = False
    """Wants the ARPC by EXTERNAL AUTHENTICATE."""
    declines: bool = False
    """Answers AAC where an ARQC was asked."""
    directory: str = "pse"
    """`pse`, `ppse` or `none`."""
    second_aid: str = ""
    """Another application, of higher priority, with the same number behind it."""


PROFILES: Mapping[str, Profile] = {
    "plain": Profile(),
    "t0": Profile(t0=True),
    "gpo-80": Profile(gpo80=True),
    "long-form": Profile(long_form=True),
    "external-auth": Profile(external=True),
    "decline": Profile(declines=True),
    "ppse": Profile(directory="ppse"),
    "no-directory": Profile(directory="none"),
    "two-apps": Profile(second_aid="A000000333010102"),
    "sisters": Profile(directory="none", second_aid="A00000033301010102"),
    "t0-long-80": Profile(t0=True, gpo80=True, long_form=True, external=True),
}


@dataclass(frozen=True)
class CardData:
    """What was written to a card at its making. Prints no number and no key."""

    name: str
    pan: str
    sequence: str
    expiry: date
    cardholder: str
    label: str
    aid: str
    udk_ac: bytes
    udk_mac: bytes
    profile: str = "plain"

    def __repr__(self) -> str:
        return f"CardData({self.name})"


def load_cards(path: pathlib.Path) -> dict[str, CardData]:
    """The cards of a JSON file, by name; none when there is no file yet. ValueError names what is wrong with it."""
    try:
        entries: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))
        cards = [_card(entry) for entry in entries]
    except FileNotFoundError:
        return {}
    except (KeyError, TypeError, ValueError) as why:
        raise ValueError(f"{path}: not a cards file: {type(why).__name__} {why}") from why
    return {card.name: card for card in cards}


def _card(entry: Mapping[str, Any]) -> CardData:
    profile = str(entry.get("profile", "plain"))
    if profile not in PROFILES:
        raise ValueError(f"no profile {profile!r}; there are {', '.join(PROFILES)}")
    return CardData(
        name=str(entry["name"]),
        pan=str(entry["pan"]),
        sequence=str(entry.get("sequence", "00")),
        expiry=date.fromisoformat(entry["expiry"]),
        cardholder=str(entry["cardholder"]),
        label=str(entry["label"]),
        aid=str(entry["aid"]),
        udk_ac=bytes.fromhex(entry["udk_ac"]),
        udk_mac=bytes.fromhex(entry["udk_mac"]),
        profile=profile,
    )


class VirtualCard:
    """One card. `apdu` is its contact: bytes in, bytes with status word out. The ATC outlives being pulled."""

    def __init__(self, data: CardData) -> None:
        self.data, self.profile = data, PROFILES[data.profile]
        self.counter = 0
        self.blocked = False
        self._pending = b""
        self._records = self._write_records()
        self.reset()

    @property
    def atr(self) -> bytes:
        """Answer to reset (ISO/IEC 7816-3 section 8): EMV basic, T=0 or T=1, historical bytes `SIM-EMV`."""
        if self.profile.t0:
            return bytes((0x3B, 0x60 | len(IDENTITY), 0x00, 0x00)) + IDENTITY
        body = bytes((0xE0 | len(IDENTITY), 0x00, 0x00, 0x81, 0x31, 0xFE, 0x45)) + IDENTITY
        return b"\x3b" + body + bytes((reduce(xor, body),))

    def reset(self) -> None:
        """Power on: what was under way is forgotten."""
        self._selected, self._phase, self._authenticated = "", "", False
        self._terms: dict[str, bytes] = {}
        self._arqc, self._pending = b"", b""

    def apdu(self, command: bytes) -> bytes:
        """One command, short form. On T=0 it is a TPDU: answers to commands with data wait for GET RESPONSE."""
        if len(command) < 4:
            return b"\x67\x00"
        return self._tpdu(command) if self.profile.t0 else b"".join(self._answer(command))

    def _tpdu(self, command: bytes) -> bytes:
        if command[:2] == b"\x00\xc0":
            return self._fetch(command[4] if len(command) > 4 else 0, self._pending)
        self._pending = b""
        if len(command) > 5 and len(command) != 5 + command[4]:
            return b"\x67\x00"
        data, sw = self._answer(command)
        if not data:
            return sw
        if len(command) == 5:
            return self._fetch(command[4], data, sw)
        self._pending = data
        return bytes((0x61, len(data) & 0xFF)) if sw == b"\x90\x00" else sw

    def _fetch(self, wanted: int, data: bytes, sw: bytes = b"\x90\x00") -> bytes:
        if not data:
            return b"\x69\x85"
        return data + sw if (wanted or 256) == len(data) else bytes((0x6C, len(data) & 0xFF))

    def _answer(self, command: bytes) -> tuple[bytes, bytes]:
        act = {
            b"\x00\xa4": self._select,
            b"\x00\xb2": self._read,
            b"\x80\xa8": self._begin,
            b"\x80\xae": self._sign,
            b"\x00\x82": self._authenticate,
            b"\x84\x1e": self._script,
            b"\x84\x18": self._script,
        }.get(command[:2])
        if act is None:
            return b"", b"\x6d\x00"
        body = command[5 : 5 + command[4]] if len(command) > 5 else b""
        data, sw = act(command[:4], body)
        return data, sw.to_bytes(2, "big")

    # --- files

    def _t(self, tag: str, value: bytes) -> bytes:
        return tlv.build(tag, value, long_form=self.profile.long_form)

    def _write_records(self) -> dict[tuple[int, int], bytes]:
        card, t = self.data, self._t
        track = f"{card.pan}D{card.expiry:%y%m}2010000000"
        holder = card.cardholder.encode("ascii", "replace")
        dol2 = CDOL2 if self.profile.external else CDOL2_WITH_ARPC
        return {
            (1, 1): t("70", t("57", _cn(track)) + t("5F20", holder[:26].ljust(2))),
            (2, 1): t(
                "70",
                t("5A", _cn(card.pan))
                + t("5F24", bytes.fromhex(f"{card.expiry:%y%m%d}"))
                + t("5F34", bytes.fromhex(card.sequence))
                + t("5F28", bytes.fromhex("0156"))
                + t("9F63", bytes.fromhex("30303031303030300000000000000000")),
            ),
            (2, 2): t("70", t("8C", CDOL1) + t("8D", dol2) + t("8E", bytes.fromhex("000000000000000042031F03"))),
        }

    def _apps(self) -> list[tuple[str, str, int]]:
        own = (self.data.aid.upper(), self.data.label, 2 if self.profile.second_aid else 1)
        second = (self.profile.second_aid, "UnionPay Credit", 1)
        return [own, second] if self.profile.second_aid else [own]

    def _entry(self, aid: str, label: str, priority: int) -> bytes:
        t = self._t
        return t("61", t("4F", bytes.fromhex(aid)) + t("50", label.encode("ascii")) + t("87", bytes((priority,))))

    def _select(self, header: bytes, name: bytes) -> tuple[bytes, int]:
        before = self._selected if header[3] & 0x02 else ""
        self.reset()
        t, entries = self._t, b"".join(self._entry(*app) for app in self._apps())
        if name == PSE and self.profile.directory == "pse":
            self._selected = "pse"
            return t("6F", t("84", PSE) + t("A5", t("88", b"\x01") + t("5F2D", b"zhen"))), 0x9000
        if name == PPSE and self.profile.directory == "ppse":
            return t("6F", t("84", PPSE) + t("A5", t("BF0C", entries))), 0x9000
        found = self._fitting(name.hex().upper(), before)
        if found is None:
            return b"", 0x6A82
        self._selected, label, priority = found
        inner = t("50", label.encode("ascii")) + t("87", bytes((priority,))) + t("5F2D", b"zhen")
        inner += b"" if self.profile.gpo80 else t("9F38", PDOL)
        return t("6F", t("84", bytes.fromhex(self._selected)) + t("A5", inner)), 0x6283 if self.blocked else 0x9000

    def _fitting(self, name: str, after: str) -> tuple[str, str, int] | None:
        """The first application whose AID begins with `name`, or the one that follows the AID `after`."""
        fitting = [app for app in self._apps() if name and app[0].startswith(name)]
        aids = [app[0] for app in fitting]
        at = aids.index(after) + 1 if after in aids else 0
        return fitting[at] if at < len(fitting) else None

    def _read(self, header: bytes, _: bytes) -> tuple[bytes, int]:
        record, sfi = header[2], header[3] >> 3
        if self._selected == "pse":
            apps = self._apps()
            if sfi != 1 or not 1 <= record <= len(apps):
                return b"", 0x6A83
            return self._t("70", self._entry(*apps[record - 1])), 0x9000
        if not self._phase or (sfi, record) not in self._records:
            return b"", 0x6A83
        return self._records[sfi, record], 0x9000

    # --- the transaction

    @property
    def _aip(self) -> bytes:
        return bytes.fromhex("1C00" if self.profile.external else "1800")

    def _begin(self, _: bytes, body: bytes) -> tuple[bytes, int]:
        pdol = b"" if self.profile.gpo80 else PDOL
        size = sum(length for _, length in tlv.dol(pdol))
        if self._selected in {"", "pse"} or self._phase or self.blocked or self.counter >= 0xFFFF:
            return b"", 0x6985
        if body[:2] != bytes((0x83, size)) or len(body) != 2 + size:
            return b"", 0x6700
        self.counter += 1
        self._phase = "ready"
        locator = bytes.fromhex("0801010010010200")
        t = self._t
        if self.profile.gpo80:
            return t("80", self._aip + locator), 0x9000
        return t("77", t("82", self._aip) + t("94", locator)), 0x9000

    def _sign(self, header: bytes, body: bytes) -> tuple[bytes, int]:
        wanted = header[2] & 0xC0
        dol2 = CDOL2 if self.profile.external else CDOL2_WITH_ARPC
        dol = {"ready": CDOL1, "asked": dol2}.get(self._phase)
        if dol is None or wanted == 0xC0:
            return b"", 0x6985
        if len(body) != sum(length for _, length in tlv.dol(dol)):
            return b"", 0x6700
        self._terms.update(_split(dol, body))
        kind = self._first(wanted) if self._phase == "ready" else self._last(wanted)
        first = self._phase == "ready"
        self._phase = "asked" if kind == ARQC else "over"
        return self._cryptogram(kind, first=first), 0x9000

    def _first(self, wanted: int) -> int:
        """Every card of ours goes online: a TC that is asked for at once becomes an ARQC."""
        return AAC if self.profile.declines or wanted == AAC else ARQC

    def _last(self, wanted: int) -> int:
        if not self.profile.external:
            self._authenticated = self._genuine(self._terms["91"])
        return TC if wanted == TC and self._authenticated and self._terms["8A"] in YES else AAC

    def _genuine(self, issuer_data: bytes) -> bool:
        """Did our issuer make this ARPC (8 bytes) and response code (2) for the ARQC that we gave?"""
        arpc, code = issuer_data[:8], issuer_data[8:10]
        return len(code) == 2 and hmac.compare_digest(arpc, ac.generate_arpc_1(self._key(), self._arqc, code))

    def _authenticate(self, _: bytes, body: bytes) -> tuple[bytes, int]:
        if self._phase != "asked" or not self.profile.external:
            return b"", 0x6985
        self._authenticated = self._genuine(body)
        return b"", 0x9000 if self._authenticated else 0x6300

    def _key(self) -> bytes:
        return bytes(kd.derive_common_sk(self.data.udk_ac, self.counter.to_bytes(2, "big") + bytes(6)))

    def _cryptogram(self, kind: int, *, first: bool) -> bytes:
        """The answer to GENERATE AC. 9F10 is length, key index 1, CVN 18, then 4 bytes of what the card found (CVR)."""
        result = (0x80 if first else {TC: 0x40, AAC: 0x00}[kind]) | (0x20 if not first or kind == ARQC else 0x00)
        terms = self._terms | {
            "82": self._aip,
            "9F36": self.counter.to_bytes(2, "big"),
            "9F10": bytes((0x07, 0x01, 0x12, 0x03, result, 0x00, 0x00, 0x00)),
        }
        mac: bytes = ac.generate_ac(self._key(), b"".join(terms[tag] for tag in SIGNED), ac.PaddingType.EMV, 8)
        if first:
            self._arqc = mac
        parts = {"9F27": bytes((kind,)), "9F36": terms["9F36"], "9F26": mac, "9F10": terms["9F10"]}
        if self.profile.gpo80:
            return self._t("80", b"".join(parts.values()))
        return self._t("77", b"".join(self._t(tag, value) for tag, value in parts.items()))

    def _script(self, header: bytes, body: bytes) -> tuple[bytes, int]:
        """Application block (1E) and unblock (18), believed only with the issuer's MAC over header, ATC and ARQC."""
        counter = self.counter.to_bytes(2, "big")
        key = kd.derive_common_sk(self.data.udk_mac, counter + bytes(6))
        mac = sm.generate_command_mac(key, header + b"\x08" + counter + self._arqc, 8)
        if not self._arqc or not hmac.compare_digest(mac, body):
            return b"", 0x6988
        self.blocked = header[1] == 0x1E
        return b"", 0x9000


def _cn(text: str) -> bytes:
    return bytes.fromhex(text + "F" * (len(text) % 2))


def _split(dol: bytes, body: bytes) -> dict[str, bytes]:
    found, at = {}, 0
    for tag, length in tlv.dol(dol):
        found[tag] = body[at : at + length]
        at += length
    return found
