"""Whole transactions against cards in memory: the same cards that sit in the real daemon's slot elsewhere."""

import asyncio
from collections.abc import Iterator
from datetime import date

import pytest

from drivers.api import (
    CardDialogue,
    Garbled,
    Health,
    MediaRefused,
    MediaRemoved,
    NoMedia,
    Offline,
    TooLate,
)
from drivers.emv import PcscCardReader, apdu, kernel, terminal as t, tlv
from drivers.emv.slot import historical
from drivers.sim.card import PROFILES, MemorySlot
from drivers.sim.chip import CDOL2_WITH_ARPC
from tests.emv_cards import DEBIT, PAN, SHORT_PAN, TODAY, card, issuer

pytestmark = pytest.mark.filterwarnings("ignore:.*TripleDES.*")

ONLINE = sorted(set(PROFILES) - {"decline"})
T0_TO_ARQC = "a4 c0 a8 c0 b2 b2 b2 b2 b2 b2 ae c0"
AMOUNT = 123_456


def reader(slot: MemorySlot) -> PcscCardReader:
    numbers: Iterator[int] = iter(range(1, 99))
    return PcscCardReader(
        "pcsc:memory", today=lambda: TODAY, random=lambda n: next(numbers).to_bytes(n, "big"), slot=slot
    )


def inserted(profile: str = "plain", pan: str = PAN, **changes: object) -> tuple[PcscCardReader, MemorySlot]:
    slot = MemorySlot()
    slot.insert(card(profile, pan, **changes))
    return reader(slot), slot


async def whole(device: PcscCardReader, amount: int = AMOUNT, pan: str = PAN) -> tuple[bool, CardDialogue, bytes]:
    apps = await device.wait_card(0)
    dialogue = await device.begin(apps[0].aid, amount)
    answer = issuer().answer(pan, "01", dialogue.field55.hex())
    approved, field55 = await device.finish(bytes.fromhex(answer))
    return approved, dialogue, field55


@pytest.mark.parametrize("profile", ONLINE)
def test_every_kind_of_card_goes_online_and_ends_with_a_tc_that_the_issuer_believes(profile: str) -> None:
    device, _ = inserted(profile)
    approved, dialogue, last = asyncio.run(whole(device))
    assert approved
    assert dialogue.cryptogram_type == "ARQC"
    assert (dialogue.pan.digits, dialogue.sequence, dialogue.expiry) == (PAN, "01", date(2031, 12, 31))
    assert not dialogue.expired
    assert dialogue.language == "zhen"
    assert issuer().verify(PAN, "01", dialogue.field55.hex(), AMOUNT)
    assert issuer().verify_tc(PAN, "01", last.hex(), AMOUNT)
    assert issuer().same_transaction(dialogue.field55.hex(), last.hex())


def test_a_number_of_16_digits_is_read_whole_too() -> None:
    device, _ = inserted(pan=SHORT_PAN)
    approved, dialogue, _ = asyncio.run(whole(device, pan=SHORT_PAN))
    assert approved
    assert dialogue.pan.digits == SHORT_PAN


async def scripted(device: PcscCardReader) -> bool:
    """A whole dialogue in which the issuer sends a script before, and one after, the last cryptogram."""
    apps = await device.wait_card(0)
    hexes = (await device.begin(apps[0].aid, AMOUNT)).field55.hex()
    unblock = bytes.fromhex("84180000")
    scripts = [bytes.fromhex(issuer().script(PAN, "01", hexes, unblock, after=after)) for after in (False, True)]
    approved, last = await device.finish(bytes.fromhex(issuer().answer(PAN, "01", hexes)), tuple(scripts))
    assert not tlv.flatten(last)["95"][4] & 0x30
    return approved


@pytest.mark.parametrize("profile", ONLINE)
def test_a_card_pulled_at_any_command_is_removed_and_serves_again_once_it_is_back(profile: str) -> None:
    device, slot = inserted(profile)
    assert asyncio.run(scripted(device))
    total = len(slot.commands)
    assert total >= 11
    for at in range(1, total + 1):
        slot.insert(card(profile))
        slot.pull_at = at
        with pytest.raises(MediaRemoved):
            asyncio.run(scripted(device))
        assert len(slot.commands) == at - 1
        with pytest.raises(MediaRemoved):
            asyncio.run(device.finish(b""))
        slot.pull_at = 0
        slot.insert(card(profile))
        assert asyncio.run(scripted(device))


def test_on_t0_the_commands_from_select_to_arqc_are_the_fewest_that_the_card_allows() -> None:
    device, slot = inserted("t0")

    async def act() -> str:
        apps = await device.wait_card(0)
        slot.commands.clear()
        await device.begin(apps[0].aid, AMOUNT)
        return " ".join(f"{command[1]:02x}" for command in slot.commands)

    assert asyncio.run(act()) == T0_TO_ARQC
    assert all(len(command) == 5 or len(command) == 5 + command[4] for command in slot.commands)


def test_a_directory_lists_applications_by_priority_and_the_chosen_one_is_used() -> None:
    device, _ = inserted("two-apps")

    async def act() -> None:
        apps = await device.wait_card(0)
        assert [(app.aid, app.label, app.priority) for app in apps] == [
            ("A000000333010102", "UnionPay Credit", 1),
            (DEBIT, "UnionPay Debit", 2),
        ]
        dialogue = await device.begin(DEBIT, 0)
        assert dialogue.application.aid == DEBIT

    asyncio.run(act())


def test_a_card_without_directory_tells_all_applications_whose_names_begin_alike() -> None:
    device, slot = inserted("sisters", aid=DEBIT + "01")

    async def act() -> None:
        apps = await device.wait_card(0)
        assert [app.aid for app in apps] == [DEBIT + "02", DEBIT + "01"]
        assert sum(command[1] == 0xA4 and command[3] == 0x02 for command in slot.commands) == 2
        for app in apps:
            dialogue = await device.begin(app.aid, AMOUNT)
            assert dialogue.application.aid == app.aid
            assert issuer().verify(PAN, "01", dialogue.field55.hex(), AMOUNT)

    asyncio.run(act())


def test_a_card_that_answers_every_next_occurrence_is_not_asked_for_ever() -> None:
    name = bytes.fromhex(DEBIT + "01")
    fci = tlv.build("6F", tlv.build("84", name) + tlv.build("A5", tlv.build("50", b"SAME")))
    asked: list[bytes] = []

    def endless(command: bytes) -> bytes:
        asked.append(command)
        return fci + b"\x90\x00" if name.startswith(command[5:13]) else b"\x6a\x82"

    assert [app.aid for app in kernel.candidates(apdu.Chip(endless, t0=False), t.AIDS)] == [DEBIT + "01"]
    assert len(asked) <= 2 + kernel.MAX_SISTERS + len(t.AIDS)


def test_a_card_may_decline_at_once_and_nothing_more_is_asked_of_it() -> None:
    device, slot = inserted("decline")

    async def act() -> tuple[bool, bytes]:
        dialogue = await device.begin(DEBIT, AMOUNT)
        assert dialogue.cryptogram_type == "AAC"
        assert not issuer().verify(PAN, "01", dialogue.field55.hex(), AMOUNT)
        slot.commands.clear()
        return await device.finish(bytes(10))

    approved, field55 = asyncio.run(act())
    assert not approved
    assert tlv.flatten(field55)["9F27"] == b"\x00"
    assert slot.commands == []


@pytest.mark.parametrize("profile", ["plain", "external-auth"])
@pytest.mark.parametrize("how", ["no answer", "issuer says no", "forged arpc", "another code under the same arpc"])
def test_a_card_ends_with_an_aac_unless_its_issuer_truly_said_yes(profile: str, how: str) -> None:
    device, _ = inserted(profile)

    async def act() -> tuple[bool, bytes]:
        dialogue = await device.begin(DEBIT, AMOUNT)
        hexes = dialogue.field55.hex()
        yes, no = (bytes.fromhex(issuer().answer(PAN, "01", hexes, approve=say)) for say in (True, False))
        answers = {"no answer": b"", "issuer says no": no, "forged arpc": bytes(8) + b"00"}
        return await device.finish(answers.get(how, no[:8] + yes[8:]))

    approved, field55 = asyncio.run(act())
    assert not approved
    assert tlv.flatten(field55)["9F27"] == b"\x00"
    assert not issuer().verify_tc(PAN, "01", field55.hex(), AMOUNT)


def test_beginning_again_on_one_insertion_counts_up_and_each_cryptogram_is_new() -> None:
    device, _ = inserted()

    async def act() -> list[bytes]:
        first = await device.begin(DEBIT, 0)
        second = await device.begin(DEBIT, AMOUNT)
        assert issuer().verify(PAN, "01", second.field55.hex(), AMOUNT)
        return [tlv.flatten(dialogue.field55)["9F36"] for dialogue in (first, second)]

    assert asyncio.run(act()) == [b"\x00\x01", b"\x00\x02"]


def test_an_expired_card_is_named_and_the_issuer_is_told() -> None:
    for expiry, expired in ((TODAY, False), (date(2026, 3, 1), True)):
        device, _ = inserted(expiry=expiry)
        dialogue = asyncio.run(device.begin(DEBIT, 0))
        assert (dialogue.expired, dialogue.expiry) == (expired, expiry)
        assert bool(tlv.flatten(dialogue.field55)["95"][1] & 0x40) == expired


def test_field_55_stands_in_its_order_and_holds_neither_track_nor_number_nor_name() -> None:
    device, _ = inserted()
    dialogue = asyncio.run(device.begin(DEBIT, AMOUNT))
    tags = [tag for tag, _ in tlv.objects(dialogue.field55)]
    assert tags == [tag for tag in t.FIELD_55 if tag in tags]
    assert set(tags) == set(t.FIELD_55)
    for secret in (PAN, (PAN + "D").encode().hex(), b"LI NA".hex()):
        assert secret not in dialogue.field55.hex().upper()


def test_nothing_prints_a_card_number() -> None:
    device, _ = inserted()
    dialogue = asyncio.run(device.begin(DEBIT, AMOUNT))
    status = asyncio.run(device.status())
    for text in (repr(dialogue), repr(device._open), repr(status), repr(card().data), str(vars(device))):
        assert PAN not in text
        assert "LI NA" not in text


def test_a_card_is_never_asked_to_verify_a_pin() -> None:
    for profile in PROFILES:
        device, slot = inserted(profile)
        asyncio.run(device.wait_card(0))
        dialogue = asyncio.run(device.begin(DEBIT, AMOUNT))
        if dialogue.cryptogram_type == "ARQC":
            asyncio.run(device.finish(bytes.fromhex(issuer().answer(PAN, "01", dialogue.field55.hex()))))
        assert all(command[1] != 0x20 for command in slot.commands)


@pytest.mark.parametrize("after", [True, False])
def test_an_issuers_script_blocks_the_application_and_the_card_is_refused_from_then_on(after: bool) -> None:
    device, slot = inserted("t0")

    async def act() -> None:
        hexes = (await device.begin(DEBIT, AMOUNT)).field55.hex()
        script = bytes.fromhex(issuer().script(PAN, "01", hexes, bytes.fromhex("841E0000"), after=after))
        await device.finish(bytes.fromhex(issuer().answer(PAN, "01", hexes)), (script,))
        order = [command[1] for command in slot.commands if command[1] in {0x1E, 0xAE}]
        assert order == ([0xAE, 0xAE, 0x1E] if after else [0xAE, 0x1E, 0xAE])
        with pytest.raises(MediaRefused, match="blocked"):
            await device.begin(DEBIT, AMOUNT)

    asyncio.run(act())


def test_a_script_with_a_forged_mac_changes_nothing_and_is_reported() -> None:
    device, slot = inserted()

    async def act() -> bytes:
        hexes = (await device.begin(DEBIT, AMOUNT)).field55.hex()
        forged = bytes.fromhex("720F860D841E000008") + bytes(8)
        approved, last = await device.finish(bytes.fromhex(issuer().answer(PAN, "01", hexes)), (forged,))
        assert approved
        return last

    last = asyncio.run(act())
    assert slot.card is not None
    assert not slot.card.blocked
    assert tlv.flatten(last)["95"][4] & 0x10


def test_an_issuer_answer_reaches_the_card_as_its_own_list_asks() -> None:
    device, slot = inserted()
    asyncio.run(whole(device))
    last = slot.commands[-1]
    fields = dict(zip((tag for tag, _ in tlv.dol(CDOL2_WITH_ARPC)), _cut(CDOL2_WITH_ARPC, last[5:]), strict=True))
    assert fields["8A"] == fields["91"][8:] == b"00"
    assert fields["9F02"].hex() == f"{AMOUNT:012d}"


def _cut(wanted: bytes, body: bytes) -> Iterator[bytes]:
    at = 0
    for _, length in tlv.dol(wanted):
        yield body[at : at + length]
        at += length


def test_a_card_without_our_applications_is_refused() -> None:
    for profile in ("plain", "ppse", "no-directory"):
        device, _ = inserted(profile, aid="A0000000031010")
        with pytest.raises(MediaRefused, match="no application"):
            asyncio.run(device.wait_card(0))


def test_a_mute_card_is_refused_a_deaf_one_is_offline_and_a_lying_one_is_garbled() -> None:
    for fault, error in (("mute", MediaRefused), ("deaf", Offline), ("garbled", Garbled)):
        device, slot = inserted()
        slot.fault = fault
        with pytest.raises(error):
            asyncio.run(device.wait_card(0))
        slot.fault = ""
        assert asyncio.run(whole(device))[0]


def test_without_a_card_waiting_ends_too_late_and_beginning_says_that_none_is_there() -> None:
    device = reader(MemorySlot())
    with pytest.raises(TooLate):
        asyncio.run(device.wait_card(0.01))
    with pytest.raises(NoMedia):
        asyncio.run(device.begin(DEBIT, 0))
    assert not asyncio.run(device.card_present())


def test_finishing_twice_or_after_another_card_is_no_dialogue() -> None:
    device, slot = inserted()
    asyncio.run(whole(device))
    with pytest.raises(MediaRemoved):
        asyncio.run(device.finish(b""))
    asyncio.run(device.begin(DEBIT, 0))
    slot.insert(card())
    with pytest.raises(MediaRemoved):
        asyncio.run(device.finish(b""))


def test_status_says_simulated_when_the_cards_historical_bytes_do() -> None:
    for profile in ("plain", "t0"):
        device, _ = inserted(profile)
        status = asyncio.run(device.status())
        assert (status.health, status.media, status.simulated) == (Health.OK, "present", True)
    assert historical(bytes.fromhex("3B6700005152")) == b"\x51\x52"
    assert historical(b"") == historical(b"\x3b\xf0") == b""
    assert not reader(MemorySlot()).can_retain
    assert not asyncio.run(reader(MemorySlot()).retain())
