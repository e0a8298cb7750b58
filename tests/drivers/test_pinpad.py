"""The PIN pad's driver against its far end: what leaves the pad, when it stays shut, and how it fails."""

import asyncio

import pytest

from branch.bank.hsm import Scheme
from drivers.api import Abandoned, Faulty
from drivers.pinpad import XfsPinPad
from drivers.xfs import Payload, XfsClient, XfsRefused
from protocol.mask import Pan
from tests.drivers.pinpad_rig import FORMATS, NUMBER, SESSION, Scene, scene

# --- what leaves the pad


@pytest.mark.parametrize("format", FORMATS)
def test_a_block_from_the_pad_opens_at_the_hsm_and_a_wrong_pin_is_refused(format: str) -> None:
    """Pad and HSM share no code, only the standards."""

    async def act(it: Scene) -> None:
        verifier = it.hsm.make_pin_verifier("135790")
        for typed, right in (("135790", True), ("135791", False), ("1357900", False)):
            task = asyncio.create_task(it.pad.enter_pin(NUMBER, format, it.counts.append, 5))
            await it.far.asked(5)
            await it.far.act("type", typed)
            assert it.hsm.verify_pin("T1", NUMBER.digits, await task, verifier) is right

    scene(act)


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_pin_twice_shows_only_in_format_0(format: str) -> None:
    """Formats 3 and 4 fill up with chance, so that equal PINs of one card cannot be told by their blocks."""

    async def act(it: Scene) -> None:
        blocks = set[bytes]()
        for _ in range(2):
            task = asyncio.create_task(it.pad.enter_pin(NUMBER, format, it.counts.append, 5))
            await it.far.asked(5)
            await it.far.act("type", "135790")
            blocks.add((await task).block)
        assert len(blocks) == (1 if format == "iso0" else 2)

    scene(act)


@pytest.mark.parametrize("scheme", [SESSION, Scheme(mac="TAKSM4")], ids=["3DES", "SM4"])
def test_a_mac_from_the_pad_holds_at_the_hsm_for_exactly_these_bytes(scheme: Scheme) -> None:
    """One byte changed, added or taken away, and it does not."""

    async def act(it: Scene) -> None:
        for data in (b"", b"1234567", b"12345678", b'{"amount":100}', b"x" * 1000, b"ends in zero\0"):
            mac = await it.pad.mac(data)
            assert it.hsm.verify_mac("T1", data, mac)
            assert not it.hsm.verify_mac("T1", data + b"\0", mac)
            assert not it.hsm.verify_mac("T1", data[:-1] + b"!", mac)

    scene(act, scheme)


def test_only_a_count_is_heard_and_corrections_are_followed() -> None:
    """Backspace takes one away, clear all, and neither below none."""

    async def act(it: Scene) -> None:
        task = await it.asked()
        for key in ("backspace", "1", "2", "3", "backspace", "4", "clear", "clear", "9", "8", "7", "6", "enter"):
            await it.far.act("key", key)
        await task
        assert it.counts == [0, 1, 2, 3, 2, 3, 0, 0, 1, 2, 3, 4]

    scene(act)


def test_a_corrected_pin_is_the_one_in_the_block() -> None:
    """And not what stood there before."""

    async def act(it: Scene) -> None:
        task = asyncio.create_task(it.pad.enter_pin(NUMBER, "iso0", it.counts.append, 5))
        await it.far.asked(5)
        await it.far.act("key", "1")
        await it.far.act("key", "backspace")
        await it.far.act("type", "24680")
        assert it.hsm.verify_pin("T1", NUMBER.digits, await task, it.hsm.make_pin_verifier("24680"))

    scene(act)


def test_enter_does_nothing_before_the_shortest_pin_and_digits_nothing_after_the_longest() -> None:
    """Four to twelve, as ISO 9564 has it."""

    async def act(it: Scene) -> None:
        task = await it.asked()
        await it.far.act("type", "123")
        assert not task.done()
        await it.far.act("type", "4567890123456")
        await task
        assert it.counts[-1] == 12

    scene(act)


def test_a_pin_of_fixed_length_ends_by_itself() -> None:
    """Six digits, and no enter."""

    async def act(it: Scene) -> None:
        it.pad = XfsPinPad(it.far.url, pin_length=(6, 6), dial=it.far.dial)
        task = await it.asked()
        for key in "123456":
            await it.far.act("key", key)
        await task
        assert it.counts == [1, 2, 3, 4, 5, 6]

    scene(act)


def test_the_clear_mode_answers_what_the_customer_saw() -> None:
    """Digits are heard one by one."""

    async def act(it: Scene) -> None:
        heard: list[str] = []
        task = asyncio.create_task(it.pad.enter_digits(heard.append, 5))
        await it.far.asked(5)
        for key in ("1", "0", "5", "backspace", "0", "enter"):
            await it.far.act("key", key)
        assert await task == "100"
        assert heard == ["1", "10", "105", "10", "100"]

    scene(act)


# --- rules


def test_one_mode_at_a_time_in_the_driver() -> None:
    """A second entry is our own mistake and never reaches the pad."""

    async def act(it: Scene) -> None:
        task = await it.asked()
        before = len(it.tap.frames)
        with pytest.raises(RuntimeError, match="PIN entry is open"):
            await it.pad.enter_digits(lambda _: None, 1)
        with pytest.raises(RuntimeError, match="PIN entry is open"):
            await it.pad.enter_pin(NUMBER, "iso0", it.counts.append, 1)
        assert len(it.tap.frames) == before
        await it.far.act("key", "cancel")
        with pytest.raises(Abandoned):
            await task

    scene(act)


ENTRY = {"minLen": 4, "maxLen": 12, "activeKeys": {key: {} for key in ("one", "two", "enter")}}
BLOCK = {"key": "TPK", "format": "iso0", "customerData": "123456789012", "padding": 15, "cryptoMethod": "ecb"}


async def refusal(client: XfsClient, name: str, payload: Payload) -> str:
    try:
        await client.command(name, payload)
    except XfsRefused as why:
        return why.code
    return ""


def test_the_far_end_refuses_a_second_entry_and_a_block_in_the_midst_of_one() -> None:
    """With sequenceError, whoever asks."""

    async def act(it: Scene) -> None:
        task = await it.asked()
        for name, payload in (
            ("Keyboard.PinEntry", ENTRY),
            ("Keyboard.DataEntry", ENTRY),
            ("PinPad.GetPinBlock", BLOCK),
            ("PinPad.Reset", {}),
        ):
            assert await refusal(it.raw, name, payload) == "sequenceError"
        await it.far.act("type", "1234")
        await task

    scene(act)


def test_a_pin_that_waits_for_its_block_shuts_the_clear_mode_and_gives_one_block_to_one_client() -> None:
    """GetPinBlock answers once; another client never."""

    async def act(it: Scene) -> None:
        assert await refusal(it.raw, "PinPad.GetPinBlock", BLOCK) == "noPin"
        task = asyncio.create_task(it.raw.command("Keyboard.PinEntry", ENTRY, 5))
        await it.far.asked(5)
        await it.far.act("type", "1212")
        assert (await task)["digits"] == 4
        assert await refusal(it.raw, "Keyboard.DataEntry", ENTRY) == "sequenceError"
        other = XfsClient(it.far.url, "PinPad", "pin-pad", dial=it.far.dial)
        assert await refusal(other, "PinPad.GetPinBlock", BLOCK) == "noPin"
        await other.close()
        assert await refusal(it.raw, "PinPad.GetPinBlock", BLOCK) == ""
        assert await refusal(it.raw, "PinPad.GetPinBlock", BLOCK) == "noPin"

    scene(act)


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("PinPad.GetPinBlock", {"key": "TAK"}, "useViolation"),
        ("PinPad.GetPinBlock", {"key": "TMK"}, "useViolation"),
        ("PinPad.GetPinBlock", {"key": "NONE"}, "keyNotFound"),
        ("PinPad.GetPinBlock", {"key": "TPKAES"}, "algorithmNotSupported"),
        ("PinPad.GetPinBlock", {"format": "iso4"}, "algorithmNotSupported"),
        ("PinPad.GetPinBlock", {"format": "iso1"}, "formatNotSupported"),
        ("PinPad.GetPinBlock", {"customerData": "12"}, "invalidData"),
        ("PinPad.GetPinBlock", {"customerData": 5}, "invalidData"),
        ("Crypto.GenerateAuthentication", {"key": "TPK", "data": "AAAA"}, "useViolation"),
        ("Crypto.GenerateAuthentication", {"key": "TAK", "data": "?"}, "invalidData"),
        ("KeyManagement.DeleteKey", {"key": "TMK"}, "accessDenied"),
        ("KeyManagement.ImportKey", {"key": "TMK", "decryptKey": "TMK"}, "invalidData"),
        ("KeyManagement.GenerateKCV", {"key": "TPK", "keyCheckMode": "self"}, "modeNotSupported"),
        ("Keyboard.DefineLayout", {}, "unsupportedCommand"),
    ],
)
def test_a_key_serves_its_own_usage_only(name: str, change: Payload, code: str) -> None:
    """The far end is as strict as a pad must be."""

    async def act(it: Scene) -> None:
        task = asyncio.create_task(it.raw.command("Keyboard.PinEntry", ENTRY, 5))
        await it.far.asked(5)
        await it.far.act("type", "1212")
        await task
        assert await refusal(it.raw, name, {**BLOCK, **change}) == code

    scene(act)


def test_a_key_with_another_check_value_is_thrown_out_again() -> None:
    """Better no key than one that the host does not have."""

    async def act(it: Scene) -> None:
        with pytest.raises(Faulty, match="check value"):
            await it.pad.import_key("TAK", bytes(range(16)), b"\0\0\0")
        assert "TAK" not in it.far.state()["keys"]
        with pytest.raises(Faulty, match="keyNotFound"):
            await it.pad.mac(b"x")

    scene(act)


@pytest.mark.parametrize("number", ["123456789012", "12345678901234567890", "62299912345678x", ""])
def test_a_number_that_no_block_can_bind_never_reaches_the_pad(number: str) -> None:
    """Nor does a format that nobody knows."""

    async def act(it: Scene) -> None:
        with pytest.raises(ValueError, match="13 to 19"):
            await it.pad.enter_pin(Pan(number), "iso0", it.counts.append, 1)
        with pytest.raises(ValueError, match="iso0, iso3 or iso4"):
            await it.pad.enter_pin(NUMBER, "iso2", it.counts.append, 1)

    scene(act)
