"""One chip transaction, from the card's directory to its last cryptogram (EMV 4.3 Books 1 and 3).

Plain functions over a `Chip`: they know neither threads nor readers, so the whole of `begin` or `finish` runs in one
hop to a reader's thread. Offline data authentication and offline PIN are left out on purpose: this terminal is always
online, and a PIN in clear never goes to a card.
"""

import calendar
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from drivers.api import Application, MediaRefused
from drivers.emv import apdu, terminal as t, tlv
from drivers.emv.tlv import garbled

PSE = b"1PAY.SYS.DDF01"
PPSE = b"2PAY.SYS.DDF01"
MAX_RECORDS = 10
"""Records that a payment directory may have before we stop believing it."""
MAX_AFL_RECORDS = 32
MAX_SISTERS = 8
"""Applications of one card whose names begin alike."""
CARD_BLOCKED = 0x6A81
"""SW: function not supported, which a SELECT answers from a blocked card."""
MAX_SCRIPTS = 16
"""Commands of one issuer's answer."""

ARQC, TC, AAC = 0x80, 0x40, 0x00
KINDS = {ARQC: "ARQC", TC: "TC", AAC: "AAC"}
EXTERNAL_AUTHENTICATION = 0x04
"""Bit of the first AIP byte: issuer authentication by its own command."""
APPROVED = (b"00", b"10", b"11")
"""Authorisation response codes (tag 8A) that mean yes (EMV Book 4 annex A6)."""
NOT_ONLINE = b"Z3"
"""Unable to go online, declined offline."""


def refused(what: str, remedy: str = "use another card") -> MediaRefused:
    """A card, but not one for this terminal."""
    return MediaRefused(tlv.DEVICE, what, remedy)


# --- which applications?


def candidates(chip: apdu.Chip, aids: Sequence[str]) -> tuple[Application, ...]:
    """The applications that card and terminal share, best first. Asks PSE, then PPSE, then for each AID in turn."""
    found = _pse(chip) or _ppse(chip) or _by_name(chip, aids)
    shared = {app.aid: app for app in found if app.aid.startswith(tuple(aids))}
    if not shared:
        raise refused("no application on this card is known here")
    return tuple(sorted(shared.values(), key=lambda app: app.priority or 16))


def _pse(chip: apdu.Chip) -> list[Application]:
    answer = chip.send(apdu.select(PSE))
    if not answer.ok:
        return []
    sfi = tlv.flatten(answer.data).get("88", b"")
    if len(sfi) != 1 or not 1 <= sfi[0] <= 10:
        raise garbled("a payment directory without a file")
    found: list[Application] = []
    for record in range(1, MAX_RECORDS + 1):
        answer = chip.send(apdu.read_record(sfi[0], record))
        if not answer.ok:
            break
        found += _entries(answer.data)
    return found


def _ppse(chip: apdu.Chip) -> list[Application]:
    answer = chip.send(apdu.select(PPSE))
    return _entries(answer.data) if answer.ok else []


def _entries(data: bytes) -> list[Application]:
    entries = [tlv.flatten(entry) for entry in tlv.templates(data, "61")]
    return [_application(entry["4F"], entry) for entry in entries if 5 <= len(entry.get("4F", b"")) <= 16]


def _by_name(chip: apdu.Chip, aids: Sequence[str]) -> list[Application]:
    """Each AID in turn. A name longer than the AID asked for may have sisters: EMV Book 1 section 12.3.3."""
    found: list[Application] = []
    for aid in aids:
        name, following = bytes.fromhex(aid), False
        for _ in range(MAX_SISTERS):
            answer = chip.send(apdu.select(name, following=following))
            if answer.sw == CARD_BLOCKED and not following:
                raise refused("the card is blocked")
            if not answer.ok and answer.sw >> 8 not in {0x62, 0x63}:
                break
            fci = tlv.flatten(answer.data)
            full = fci.get("84", name)
            if answer.ok:
                found.append(_application(full, fci))
            if len(full) == len(name):
                break
            following = True
    return found


def _application(aid: bytes, entry: dict[str, bytes]) -> Application:
    """Name and priority of a directory entry. The preferred name counts only in ISO 8859-1, which needs no table."""
    preferred = entry.get("9F12", b"") if entry.get("9F11") == b"\x01" else b""
    label = (preferred or entry.get("50", b"")).decode("latin-1").strip()
    priority = entry.get("87", b"\x00")[:1]
    return Application(
        aid.hex().upper(), "".join(filter(str.isprintable, label)), (priority[0] if priority else 0) & 15
    )


# --- from SELECT to the first cryptogram


@dataclass
class Transaction:
    """A dialogue under way. `known` holds card data in clear: it never leaves the driver and never prints."""

    application: Application
    kind: int = AAC
    known: dict[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def number(self) -> str:
        """The PAN, from tag 5A or else from track 2."""
        if "5A" in self.known:
            return tlv.digits(self.known["5A"])
        return _track2(self.known)[0]

    @property
    def sequence(self) -> str:
        """PAN sequence number, two digits."""
        return self.known.get("5F34", b"\x00")[:1].hex()

    @property
    def expiry(self) -> date:
        """The last day on which the card is good."""
        try:
            return _day(self.known["5F24"].hex()) if "5F24" in self.known else _day(_track2(self.known)[1])
        except ValueError as why:
            raise garbled("an expiry date that is none") from why

    def field55(self) -> bytes:
        """What the issuer is told, in UnionPay's order."""
        return b"".join(tlv.build(tag, value) for tag, value in t.chosen(self.known).items())


def _track2(known: dict[str, bytes]) -> tuple[str, str]:
    """Number and YYMM from the track 2 equivalent (tag 57)."""
    number, mark, rest = known.get("57", b"").hex().upper().partition("D")
    if not mark or not number.isdigit() or not rest[:4].isdigit():
        raise garbled("neither a card number nor a track 2")
    return number, rest[:4]


def _day(text: str) -> date:
    """YYMMDD or YYMM. A day beyond the month's end, or none, is the month's last (cards do that)."""
    year, month = 2000 + int(text[:2]), int(text[2:4])
    last = calendar.monthrange(year, month)[1]
    return date(year, month, min(int(text[4:6] or last) or last, last))


def begin(chip: apdu.Chip, aid: str, terminal: t.Terminal, ask: t.Ask) -> Transaction:
    """SELECT, GPO, all records, first GENERATE AC: the fewest commands that EMV allows, none of them twice."""
    known = t.elements(terminal, ask)
    fci = _select(chip, aid)
    name = fci.get("84", bytes.fromhex(aid))
    _learn(known, fci)
    known["84"] = name
    transaction = Transaction(_application(name, fci), known=known)
    aip, locator = _processing_options(chip, fci.get("9F38", b""), known)
    known["82"] = aip
    for record in _records(chip, locator):
        _learn(known, record)
    if not 12 <= len(transaction.number) <= 19:
        raise garbled(f"a card number of {len(transaction.number)} digits")
    known["95"] = t.tvr(_findings(transaction, ask.today))
    if "8C" not in known or "8D" not in known:
        raise garbled("the card does not say what its cryptograms are made of")
    transaction.kind = _cryptogram(chip, ARQC, known["8C"], known)
    return transaction


def _select(chip: apdu.Chip, aid: str) -> dict[str, bytes]:
    answer = chip.send(apdu.select(bytes.fromhex(aid)))
    if answer.sw in {0x6283, 0x6A81}:
        raise refused("the card or its application is blocked", "ask the bank that issued it")
    if not answer.ok:
        raise refused(f"the card does not have this application (SW {answer.sw:04X})")
    return tlv.flatten(answer.data)


def _processing_options(chip: apdu.Chip, pdol: bytes, known: dict[str, bytes]) -> tuple[bytes, bytes]:
    """AIP and AFL, whichever of the two formats the card answers in (EMV Book 3 section 6.5.8.4)."""
    answer = chip.send(apdu.processing_options(tlv.fill(pdol, known)))
    if not answer.ok:
        raise refused(f"the card will not begin a transaction (SW {answer.sw:04X})")
    found = tlv.flatten(answer.data)
    plain = found.get("80")
    aip, locator = (plain[:2], plain[2:]) if plain is not None else (found.get("82", b""), found.get("94", b""))
    if len(aip) != 2 or not locator or len(locator) % 4:
        raise garbled("processing options without AIP or AFL")
    return aip, locator


def _records(chip: apdu.Chip, locator: bytes) -> Iterator[dict[str, bytes]]:
    wanted: list[tuple[int, int]] = []
    for at in range(0, len(locator), 4):
        sfi, first, last = locator[at] >> 3, locator[at + 1], locator[at + 2]
        if not 1 <= sfi <= 30 or not 1 <= first <= last:
            raise garbled("an AFL entry that points nowhere")
        wanted += itertools.product([sfi], range(first, last + 1))
    if len(wanted) > MAX_AFL_RECORDS:
        raise garbled(f"{len(wanted)} records are more than a card has")
    for sfi, number in wanted:
        answer = chip.send(apdu.read_record(sfi, number))
        if not answer.ok:
            raise garbled(f"record {number} of file {sfi} is announced and missing (SW {answer.sw:04X})")
        if sfi <= 10:
            yield tlv.flatten(answer.data)


TERMINAL_OWN = frozenset(
    {"95", "9F02", "9F03", "9F1A", "5F2A", "9A", "9C", "9F37", "9F33", "9F34", "9F35", "9F1E", "9F41", "81"}
)
"""What only the terminal says: a card that puts these into a record is not listened to."""


def _learn(known: dict[str, bytes], found: dict[str, bytes]) -> None:
    known.update({tag: value for tag, value in found.items() if tag not in TERMINAL_OWN})


def _findings(transaction: Transaction, today: date) -> int:
    bits = t.ODA_NOT_PERFORMED | t.FLOOR_LIMIT_EXCEEDED
    if transaction.expiry < today:
        bits |= t.EXPIRED
    start = transaction.known.get("5F25", b"")
    if start and start.hex() > today.strftime("%y%m%d"):
        bits |= t.NOT_YET_EFFECTIVE
    return bits


def _cryptogram(chip: apdu.Chip, wanted: int, dol: bytes, known: dict[str, bytes]) -> int:
    """GENERATE AC; puts 9F27, 9F36, 9F26 and 9F10 into `known`. A card may lower what was asked, never raise it."""
    answer = chip.send(apdu.generate_ac(wanted, tlv.fill(dol, known)))
    if not answer.ok:
        raise refused(f"the card makes no cryptogram (SW {answer.sw:04X})")
    found = tlv.flatten(answer.data)
    plain = found.get("80")
    if plain is not None:
        found = {"9F27": plain[:1], "9F36": plain[1:3], "9F26": plain[3:11], "9F10": plain[11:]}
    sizes = [len(found.get(tag, b"")) for tag in ("9F27", "9F36", "9F26")]
    if sizes != [1, 2, 8] or len(found.get("9F10", b"")) > 32:
        raise garbled("a cryptogram with parts missing")
    kind = found["9F27"][0] & 0xC0
    if kind not in {AAC, wanted}:
        raise garbled(f"the card was asked for {KINDS[wanted]} and answered 9F27={kind:02X}")
    known.update({tag: found[tag] for tag in ("9F27", "9F36", "9F26", "9F10") if found.get(tag)})
    return kind


# --- the issuer's answer


def finish(chip: apdu.Chip, transaction: Transaction, issuer_data: bytes, scripts: Sequence[bytes]) -> bool:
    """Hand over the issuer's answer; True when the card ends with a TC. `known` then holds the last cryptogram.

    `issuer_data` is the value of tag 91: ARPC (8 bytes) and response code (2); empty means that no issuer answered.
    Each script is a whole template, tag 71 (run before the last cryptogram) or 72 (after it).
    """
    if transaction.kind != ARQC:
        return False
    known = transaction.known
    code = issuer_data[-2:] if len(issuer_data) >= 10 else NOT_ONLINE
    known["8A"], known["91"] = code, issuer_data
    bits = int.from_bytes(known["95"], "big")
    if issuer_data and known["82"][0] & EXTERNAL_AUTHENTICATION and not _authenticate(chip, issuer_data):
        bits |= t.ISSUER_AUTHENTICATION_FAILED
    if not _run(chip, scripts, "71"):
        bits |= t.SCRIPT_FAILED_BEFORE
    known["95"] = t.tvr(bits)
    wanted = TC if code in APPROVED else AAC
    transaction.kind = _cryptogram(chip, wanted, known["8D"], known)
    if not _run(chip, scripts, "72"):
        known["95"] = t.tvr(bits | t.SCRIPT_FAILED_AFTER)
    return transaction.kind == TC


def _authenticate(chip: apdu.Chip, issuer_data: bytes) -> bool:
    return chip.send(apdu.external_authenticate(issuer_data[:16])).ok


def _run(chip: apdu.Chip, scripts: Sequence[bytes], wanted: str) -> bool:
    """The commands (tag 86) of all templates `wanted`; the first that fails ends them (EMV Book 4 section 6.3.9)."""
    commands = [
        command
        for script in scripts
        for body in tlv.templates(script, wanted)
        for tag, command in tlv.objects(body)
        if tag == "86"
    ]
    if len(commands) > MAX_SCRIPTS or any(not 5 <= len(command) <= 260 for command in commands):
        return False
    return all(_warned_at_most(chip.send(command).sw) for command in commands)


def _warned_at_most(sw: int) -> bool:
    """Normal and warning endings do not stop a script (EMV Book 4 section 6.3.9)."""
    return sw == apdu.OK or sw >> 8 in {0x62, 0x63}
