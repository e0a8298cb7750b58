"""DUKPT at the pad: a key of its own for each block, its serial number beside it, and an end."""

import asyncio
import base64

import pytest

from branch.bank.hsm import Scheme
from drivers.api import Faulty, Garbled
from drivers.pinpad import XfsPinPad
from drivers.sim.keys import FutureKeys
from drivers.sim.xfs import Call, Publisher
from drivers.xfs import Payload
from protocol.dukpt import AES, TDES, EndOfLife, Family
from protocol.mask import PinBlock
from tests.drivers.pinpad_rig import FORMATS, NUMBER, Scene, scene

DUKPT = Scheme(pins="dukpt")
IK, KSN = bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A"), bytes.fromhex("FFFF9876543210E00000")
FAMILIES = pytest.mark.parametrize("family", [TDES, AES], ids=["TDES", "AES"])


def start(family: Family) -> bytes:
    return family.start(KSN.rjust(family.ksn_bytes, b"\x11"))


def counter(family: Family, ksn: bytes) -> int:
    return family.split(ksn)[1]


# --- the keys ahead


@FAMILIES
def test_the_pads_keys_are_the_hosts_for_each_counter(family: Family) -> None:
    """The pad goes forward from key to key and the host straight there: two ways, the same keys."""
    keys = FutureKeys(family, IK, start(family))
    last = 0
    for _ in range(2100):
        pin_key, ksn = keys.spend()
        assert pin_key == family.pin_key(family.current_key(IK, ksn), ksn)
        assert last < counter(family, ksn)
        last = counter(family, ksn)
    assert last >= 2100


def test_a_counter_with_too_many_ones_is_skipped_and_so_is_every_key_below_it() -> None:
    """2047 has eleven ones: TDES goes from 2046 to 2048, and AES does not."""
    for family, following in ((TDES, 2048), (AES, 2047)):
        keys = FutureKeys(family, IK, start(family))
        used = [counter(family, keys.spend()[1]) for _ in range(2047)]
        assert used[2045:] == [2046, following]


@FAMILIES
def test_past_the_last_counter_nothing_is_given(family: Family) -> None:
    """Set to its last counter, which has all its ones on top, and the one key that belongs there."""
    keys = FutureKeys(family, IK, start(family))
    last = ((1 << family.most_ones) - 1) << family.counter_bits - family.most_ones
    ksn = family.ksn(family.split(start(family))[0], last)
    keys._counter, keys._keys = last, {last & -last: family.current_key(IK, ksn)}
    assert keys.spend() == (family.pin_key(family.current_key(IK, ksn), ksn), ksn)
    for _ in range(2):
        with pytest.raises(EndOfLife):
            keys.spend()


def test_a_whole_life_uses_each_counter_that_may_be_used_once_and_in_order() -> None:
    """Walked to its end in a family of 6 bits and at most 3 ones, whose keys spell the way they were made."""

    def step(key: bytes, ksn: bytes) -> bytes:
        return key + ksn

    small = Family("T", 1, 6, 3, step, step, step)
    keys, lived = FutureKeys(small, b"", b"\0"), list[tuple[bytes, bytes]]()
    with pytest.raises(EndOfLife):
        lived.extend(keys.spend() for _ in range(65))
    assert [ksn[0] for _, ksn in lived] == [number for number in range(1, 64) if number.bit_count() <= 3]
    assert all(key == small.current_key(b"", ksn) + ksn for key, ksn in lived)


@FAMILIES
def test_what_lies_in_the_pad_tells_nothing_of_a_block_that_has_left(family: Family) -> None:
    """Neither the initial key nor any key that was spent is kept."""
    keys, spent = FutureKeys(family, IK, start(family)), set[bytes]()
    for _ in range(70):
        _, ksn = keys.spend()
        spent.add(family.current_key(IK, ksn))
        held = set(keys._keys.values())
        assert not held & (spent | {IK})


# --- over the wire


async def typed(it: Scene, format: str, pin: str = "135790") -> PinBlock:
    task = asyncio.create_task(it.pad.enter_pin(NUMBER, format, it.counts.append, 5))
    await it.far.asked(5)
    await it.far.act("type", pin)
    return await task


@pytest.mark.parametrize("format", FORMATS)
def test_each_block_has_its_serial_number_and_opens_by_it_alone(format: str) -> None:
    """The same PIN twice makes two blocks under two counters; neither opens under the other's."""

    async def act(it: Scene) -> None:
        verifier = it.hsm.make_pin_verifier("135790")
        first, second = await typed(it, format), await typed(it, format)
        wrong = await typed(it, format, "135791")
        number = NUMBER.digits
        assert it.hsm.verify_pin("T1", number, first, verifier)
        assert it.hsm.verify_pin("T1", number, second, verifier)
        assert not it.hsm.verify_pin("T1", number, wrong, verifier)
        assert first.ksn < second.ksn < wrong.ksn
        assert first.block != second.block
        assert not it.hsm.verify_pin("T1", number, PinBlock(first.block, format, second.ksn), verifier)

    scene(act, DUKPT)


def test_the_standards_event_tells_the_serial_number_before_the_block() -> None:
    async def act(it: Scene) -> None:
        block = await typed(it, "iso4")
        told = [frame for frame in it.tap.frames if "DUKPTKSNEvent" in frame]
        assert len(told) == 1
        assert f'"{base64.b64encode(block.ksn).decode()}"' in told[0]
        assert '"IKAES"' in told[0]
        answer = next(frame for frame in it.tap.frames if '"pinBlock":' in frame)
        assert it.tap.frames.index(told[0]) < it.tap.frames.index(answer)

    scene(act, DUKPT)


def test_a_block_under_a_working_key_has_no_serial_number() -> None:
    async def act(it: Scene) -> None:
        assert (await typed(it, "iso0")).ksn == b""
        assert not any("DUKPTKSNEvent" in frame for frame in it.tap.frames)

    scene(act)


def test_what_the_host_brought_last_is_what_serves() -> None:
    """A terminal that goes back to working keys makes plain blocks again."""

    async def act(it: Scene) -> None:
        assert (await typed(it, "iso4")).ksn
        await it.pad.import_key("TPKAES", *sealed(it), wrapping="tr31")
        assert (await typed(it, "iso4")).ksn == b""
        assert (await typed(it, "iso0")).ksn

    def sealed(it: Scene) -> tuple[bytes, bytes]:
        it.hsm._scheme = Scheme(wrapping="tr31")
        key = it.hsm.working_keys("T1").keys[2]
        return bytes.fromhex(key.cryptogram), bytes.fromhex(key.kcv)

    scene(act, DUKPT)


def test_a_pad_at_its_end_refuses_and_a_new_initial_key_mends_it() -> None:
    async def act(it: Scene) -> None:
        future = it.far.service.vault._keys["IK"].future
        assert future is not None
        future._keys.clear()
        with pytest.raises(Faulty, match="dukptOverflow"):
            await typed(it, "iso0")
        await it.load()
        assert it.hsm.verify_pin("T1", NUMBER.digits, await typed(it, "iso0"), it.hsm.make_pin_verifier("135790"))

    scene(act, DUKPT)


class Mute:
    """A service that takes every key and makes blocks, and tells of serial numbers only what it was given."""

    path = "PinPad"

    def __init__(self, *told: Payload) -> None:
        self._told = told

    async def handle(self, call: Call) -> Payload:
        if call.name == "PinPad.GetPinBlock":
            for payload in self._told:
                await call.event("KeyManagement.DUKPTKSNEvent", payload)
        return {
            "interfaces": [{"name": "PinPad"}],
            "completion": "enter",
            "kcv": "AAAA",
            "pinBlock": base64.b64encode(bytes(8)).decode(),
        }

    def left(self, client: int) -> None:
        """Nothing belongs to anybody."""


@pytest.mark.parametrize(
    "told", [(), ({"key": "IK", "ksn": "AAAA"},), ({"key": "OTHER", "ksn": "//+YdlQyEOAAAQ=="},), ({"key": "IK"},)]
)
def test_a_block_without_its_own_whole_serial_number_is_garbled(told: tuple[Payload, ...]) -> None:
    """Nobody could ever open it."""

    async def run() -> None:
        publisher = Publisher(Mute(*told), "SIM")
        pad = XfsPinPad(publisher.url, dial=publisher.dial)
        await pad.import_key("IK", b"", bytes(3), "tr31")
        with pytest.raises(Garbled, match=r"serial number|base64"):
            await pad.enter_pin(NUMBER, "iso0", lambda _: None, 1)
        await pad.close()
        await publisher.stop()

    asyncio.run(run())
