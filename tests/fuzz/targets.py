"""A target per codec: bytes as a stranger may send them, and what may come of them. Anything else is a find."""

import atexit
import base64
import functools
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import branch.settings
import kiosk.config
from branch.bank.keyblocks import key_block
from drivers.api import DeviceError
from drivers.emv import tlv
from drivers.emv.apdu import Chip, processing_options, select
from drivers.escpos.codec import Answers
from drivers.idcard.card import as_json, pack_read, parse_address, parse_read
from drivers.idcard.frames import Decoder, Frame, parse_answer, refusal
from drivers.sim.idcard import CARDS
from drivers.sim.vault import Vault
from drivers.sim.xfs import Refuse
from drivers.xfs.talk import Broken, Message, Stray, XfsConversation, unpack
from protocol import calls, chain, dukpt, messages as m, qr

HERE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Target:
    """`run` takes any bytes at all, and raises nothing but `says_no`."""

    run: Callable[[bytes], None]
    says_no: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...] = ()
    """What a mutation may put in: the codec's own marks."""


def id_frames(data: bytes) -> None:
    """Frames in any pieces are the same frames; what was found can be packed again; a status has a meaning."""
    whole, drip = Decoder(), Decoder()
    found = whole.feed(data)
    assert found == [one for at in range(len(data)) for one in drip.feed(data[at : at + 1])]
    assert whole.pending <= 7 + 3 + 6 + 256 + 1024 + 1024 + 1
    for one in found + whole.flush():
        if isinstance(one, Frame):
            assert Decoder().feed(one.pack()) == [one]
            assert refusal(parse_answer(one.body).sw)


def id_text(data: bytes) -> None:
    """What a card says of a person becomes an IdCard that can be written down as JSON, or an error."""
    json.dumps(as_json(parse_read(data[1:], fingerprint=bool(data[:1] and data[0] & 1))))


def id_address(data: bytes) -> None:
    """The newest address."""
    assert isinstance(parse_address(data), str)


def emv_objects(data: bytes) -> None:
    """Objects, their templates, and what a list of objects asks for."""
    found = tlv.flatten(data)
    assert sum(map(len, found.values())) <= len(data)
    tlv.templates(data, "61")
    for value in found.values():
        assert tlv.flatten(tlv.build("DF01", value)) == {"DF01": value}


def emv_list(data: bytes) -> None:
    """A DOL is filled to exactly the length that it asks for."""
    asked = tlv.dol(data)
    assert len(tlv.fill(data, {"9F02": b"\x00" * 6, "9F37": b"1234"})) == sum(length for _, length in asked)


def emv_answers(data: bytes) -> None:
    """Whatever a chip answers, the conversation ends."""
    pieces = iter(data[at + 1 : at + 1 + data[at] % 64] for at in range(0, len(data), 8))
    chip = Chip(lambda _: next(pieces, b"\x6f\x00"), t0=bool(len(data) % 2))
    for command in (select(b"1PAY.SYS.DDF01"), processing_options(b"\x83\x00")):
        answer = chip.send(command)
        assert 0 <= answer.sw <= 0xFFFF


def printer(data: bytes) -> None:
    """A printer's answers in any pieces are the same answers."""
    whole, drip = Answers(), Answers()
    assert list(whole.feed(data)) == [one for at in range(len(data)) for one in drip.feed(data[at : at + 1])]


def xfs(data: bytes) -> None:
    """A text is a message, a stray or broken, and a message survives the way."""
    text = data.decode(errors="replace")
    talk = XfsConversation()
    talk.command("PinPad.GetPinBlock", {}, 1)
    assert isinstance(talk.feed(text), Message | Broken | Stray)
    message = unpack(text)
    again = unpack(message.pack())
    assert (again.kind, again.name, again.request) == (message.kind, message.name, message.request)


EVERY = sorted(
    {call.reply for call in calls.PATHS.values()} | set(m.Message.__subclasses__()), key=lambda one: one.__name__
)


def messages(data: bytes) -> None:
    """A message that is taken is the same when it is sent on."""
    taken = 0
    for kind in EVERY:
        try:
            message = kind.model_validate_json(data)
        except ValidationError:
            continue
        taken += 1
        assert kind.model_validate_json(message.model_dump_json()) == message
    if not taken:
        kind.model_validate_json(data)


def qr_text(data: bytes) -> None:
    """Whatever a code says has a meaning, also "unknown"; and what is ours is written again as it was read."""
    content = qr.read(data.decode(errors="replace"))
    if isinstance(content, qr.Payment | qr.Appointment):
        assert qr.read(qr.write(content)) == content


def key_blocks(data: bytes) -> None:
    """A pad takes a block that its master key made, or refuses it; no other key comes into it."""
    vault = Vault(TMK, TMK_AES)
    block = data.decode("latin-1")
    attributes = {"keyUsage": "P0", "algorithm": "T", "modeOfUse": "E"}
    told = {"key": "TPK", "value": base64.b64encode(block.encode("latin-1")).decode(), "decryptKey": "TMK"}
    before = vault.check_values()
    try:
        vault.import_key(told | {"keyAttributes": attributes})
    except Refuse:
        assert vault.check_values() == before
        raise
    assert len(data) >= 48, "nothing that short holds a key"


def dukpt_numbers(data: bytes) -> None:
    """A serial number leads to one key, or to none."""
    for family, key in ((dukpt.TDES, TMK), (dukpt.AES, TMK_AES)):
        ksn = data[: family.ksn_bytes]
        initial, counter = family.split(ksn)
        assert family.ksn(initial, counter) == ksn
        if 0 < counter.bit_count() <= family.most_ones:
            assert len(family.current_key(key, ksn)) == len(key)
            family.after(counter)
        data = data[1:]


def chained(data: bytes) -> None:
    """Records of any shape have an unbroken chain, until a byte of one is another."""
    records, before = [], chain.START
    for number, line in enumerate(data.splitlines()[:8]):
        record = {"seq": number, "body": json.loads(line)}
        before = chain.link(before, record)
        records.append((record, before))
    assert chain.first_break(records) is None
    if records:
        records[0] = ({**records[0][0], "seq": -1}, records[0][1])
        assert chain.first_break(records) is not None


@functools.cache
def _folder() -> Path:
    made = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, made)
    return made


def _config(load: Callable[[Path], Any], data: bytes) -> None:
    path = _folder() / "some.toml"
    path.write_bytes(data)
    load(path)


def _order() -> m.TransferOrder:
    return m.TransferOrder(
        source="a" * 22, source_masked="**** 0018", target="b" * 22, target_masked="**** 0034", target_name="王*",
        amount=100, fee=0,
    )  # fmt: skip


def _examples() -> tuple[bytes, ...]:
    visit = "VTM001-" + "0" * 32
    key = f"{visit}/001-transfer"
    post = m.Post(
        key=key, trace=1, code="TRF-OWN-BANK", operator="VTM001", customer="c" * 22, order=_order(), field55="",
        mac="00" * 8,
    )  # fmt: skip
    every = (
        post, m.Reversal(key=key, reason="settle"), m.Reversed(key=key, ending=m.Ending.BARRED), calls.OfKey(key=key),
        m.Problem(reason="core", mend=m.Mend.BANK, detail="x"), m.Heartbeat(state="ready"),
        m.Rating(visit=visit, stars=5),
        m.UntoldEnding.model_validate({"key": key, "ending": "done", "order": _order().model_dump()}),
        m.Claim.model_validate({"visit": visit, "document": {"kind": "resident", "id_number": "1", "name": "n"}}),
    )  # fmt: skip
    return tuple(one.model_dump_json().encode() for one in every)


_XFS = (
    b'{"header":{"name":"PinPad.GetPinBlock","type":"completion","requestId":1,"completionCode":"success"},"payload":{}}',
    b'{"header":{"name":"Keyboard.KeyEvent","type":"event","requestId":1},"payload":{"digit":"one"}}',
    b'{"header":{"name":"Common.StatusChangedEvent","type":"unsolicited"},"payload":{"common":{"device":"online"}}}',
    b'{"header":{"name":"PinPad.GetPinBlock","type":"acknowledge","requestId":1,"status":null}}',
)
_JSON = (b"null", b"true", b"-1", b"1e999", b"[", b"{", b'""', b"\\ud800", b"99999999999999999999", b"NaN")
_CARDS = tuple(b"\0" + pack_read(one.card) for one in CARDS.values())
_TOML = (
    b"[",
    b"]",
    b"=",
    b'"',
    b"https://[",
    b"\xff",
    b"[[",
    b"''",
    b"1e400",
    b"inf",
    b"[devices]\n",
    b"true",
    b"a.b.c",
)


def _file(name: str) -> bytes:
    return (HERE / name).read_bytes()


TMK, TMK_AES = bytes(range(16)), bytes(range(32))
_BLOCK = key_block("TPK", TMK, bytes(range(16, 32))).encode()

TARGETS = {
    "qr": Target(
        qr_text,
        (),
        (
            b"VTM1:PAY:WATER-0755:00123456789:12050:20310331",
            b"VTM1:APT:0001:A1B2C3:20310314:0930",
            b"01,10,044031900111,12345678,1280.50,20310314,12345678901234567890,",
        ),
        (b"VTM1:", b":", b",", b"0231"),
    ),
    "key-block": Target(key_blocks, (Refuse,), (_BLOCK, _BLOCK[:40]), (b"B0", b"P0TE", b"KS", b"00")),
    "dukpt": Target(
        dukpt_numbers,
        (ValueError,),
        (bytes.fromhex("FFFF9876543210E00001") + bytes(3), bytes.fromhex("00123456789012345600000001")),
        (b"\xff", b"\x00\x00"),
    ),
    "chain": Target(
        chained,
        (ValueError, RecursionError),
        (b'{"a": 1}\n{"b": [1.5, null, "x"]}', b'"\xe6\x9d\x8e"'),
        _JSON,
    ),
    "id-frames": Target(
        id_frames,
        (DeviceError,),
        (bytes.fromhex("AAAAAA96690004000090946F"), b"\xaa\xaa\xaa\x96\x69\x00\x03\x00\x00\x03"),
        (b"\xaa\xaa\xaa\x96\x69", b"\x00\x03", b"\x09\x0a"),
    ),
    "id-text": Target(id_text, (DeviceError,), _CARDS, (b"I\x00", b"J\x00", b"\x00\xd8")),
    "id-address": Target(id_address, (DeviceError,), ("北京市".encode("utf-16-le"),), (b"\x00\xd8", b"\x00\x00")),
    "emv-objects": Target(
        emv_objects,
        (DeviceError,),
        (
            bytes.fromhex("6F1A840E315041592E5359532E4444463031A5088801025F2D027A68"),
            bytes.fromhex("70085A0662299901000000"),
        ),
        (b"\x70", b"\x61\x81", b"\x9f\x38", b"\x82\xff\xff", b"\x84"),
    ),
    "emv-list": Target(emv_list, (DeviceError,), (bytes.fromhex("9F02069F37045F2A02"),), (b"\x9f\x37", b"\xff")),
    "emv-answers": Target(
        emv_answers, (DeviceError,), (b"\x03abc\x90\x00", b"\x02\x61\x10\x00\x00\x00\x00\x00" * 40), (b"\x02\x6c\x05",)
    ),
    "printer": Target(
        printer, (), (b"\x12\x14", b"7\x221234\x00", b"_TM\x00", b"\x10\x0f\x20\0\0\0", b"7%\x00"), (b"_", b"7\x22")
    ),
    "xfs": Target(xfs, (ValueError,), _XFS, _JSON),
    "messages": Target(messages, (ValidationError,), _examples(), _JSON),
    "config-kiosk": Target(
        functools.partial(_config, kiosk.config.load), (kiosk.config.BadConfig,), (_file("kiosk/kiosk.toml"),), _TOML
    ),
    "config-branch": Target(
        functools.partial(_config, branch.settings.load),
        (branch.settings.BadConfig,),
        (_file("branch/branch.toml"),),
        _TOML,
    ),
}
