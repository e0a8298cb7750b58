"""DUKPT against what its two standards publish, and against what no pad may ever do."""

import psec
import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given, strategies as st

from protocol.dukpt import AES, DATA_ENCRYPTION, MAC_GENERATION, PIN_ENCRYPTION, TDES, EndOfLife, Family, aes_derive

BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
IK = bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A")
CLEAR_BLOCK = bytes.fromhex("041274EDCBA9876F")
"""X9.24-1 annex A.4: PIN 1234, account 4012345678909, format 0."""
PIN_KEYS = (
    ("E00001", "042666B49184CF5C68DE9628D0397B36", "1B9C1845EB993A7A"),
    ("E00002", "C46551CEF9FD244FAA9AD834130D3B38", "10A01C8D02C69107"),
    ("E00003", "0DF3D9422ACA561A47676D07AD6BAD05", "18DC07B94797B466"),
    ("E00004", "279C0F6AEED0BE9A2B2C733E1383AE6E", "0BC79509D5645DF7"),
    ("E00005", "5F8DC6D2C845C1DA508DDC048093B8C0", "5BC0AF22AD87B327"),
    ("E00006", "5E415CB0BAF9F0C3D0C14B63FB62FFBC", "A16DF70AE36158D8"),
    ("E00015", "E161D1956A61F62DF37AFD7F9CC36965", "72105C22EBC791E6"),
    ("E10000", "2F9A0C0B46ECCBA1F8287A7A071AF54B", "19776D96D73AF1E2"),
    ("E80000", "87B9983D9D23047A8D199F5CA0C3DEEC", "1E0F453FD55FCE45"),
    ("EFF800", "F9CDFEBF4F5B1D61B3EC12454527E189", "33365F5CC6F23C35"),
    ("EFF801", "5BEE92627E9782A3911BF619DF72CAC4", "3A86BF003F835C9D"),
    ("EFFC00", "F9430DF97508246EC77BE4EF4FDB9111", "DEFC6F09F8927B71"),
    ("F00000", "AA4D58DB653EC7B548C75F2F047DD24A", "73EC88AD0AC5830E"),
)
"""End of the KSN FFFF9876543210……, PIN key, enciphered block."""

AES_IDS = bytes.fromhex("1234567890123456")
AES_BDK = bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1")
AES_IKS = {
    16: "1273671EA26AC29AFA4D1084127652A1",
    32: "CE9CE0C101D1138F97FB6CAD4DF045A7083D4EAE2D35A31789D01CCF0949550F",
}
AES_KEYS = (
    (16, 0x1, "4F21B565BAD9835E112B6465635EAE44", "AF8CB133A78F8DC2D1359F18527593FB"),
    (16, 0x2, "2F34D68DE10F68D38091A73B9E7C437C", "D30BDC73EC9714B000BEC66BDB7B6D09"),
    (16, 0x3, "031504E530365CF81264238540518318", "7D69F01F3B45449F62C7816ECE723268"),
    (16, 0x8, "718EE6CF0B27E53D5F7AF99C4D8146A2", "4D9DF3FBEE3448FC3E676D04320A90F5"),
    (16, 0xFFFE4000, "396C2C7CA1EA701C03B86B7D41F0C562", "6239A27F572DEDB17BCA1AC413EF9FE9"),
    (16, 0xFFFE8000, "0387625F189B58AE03EF0E8CCA41105E", "F10C1404137A80718FCCE8BD90FF9F67"),
    (16, 0xFFFF0000, "F6BA59389BD14A9855BE9727E7C52E3C", "27EFAC1D158632588F4AC69E45C247C4"),
    (
        32,
        0x1,
        "54AC2B32B145EA4A554CB8BC44B17467063A799856B1CCC2A138D36E8DBF78B3",
        "8C1AB7BEE973829E30242E0BBBDD4946D540C98FC1B5BDCF94790001A23FD502",
    ),
    (
        32,
        0xFFFF0000,
        "6D6DB7AAAE8B3EA90E57A39E4BBA71E173B21B446B30A78D64BFC6A8806C55EE",
        "88B82556AEF4A681E0687F443A4C4F305AF9203B114470DFC77C7F08BC43F9DA",
    ),
)
"""Bytes of the BDK, counter, the counter's key, its PIN key: X9's own supplement of test vectors for X9.24-3-2017."""


def test_the_tdes_initial_key_is_the_published_one_wherever_the_counter_stands() -> None:
    for counter in ("E00000", "E00001", "F00000", "FFFFFF"):
        assert TDES.initial_key(BDK, bytes.fromhex("FFFF9876543210" + counter)) == IK


@pytest.mark.parametrize(("end", "pin_key", "block"), PIN_KEYS)
def test_each_published_tdes_pin_key_comes_out_and_makes_the_published_block(
    end: str, pin_key: str, block: str
) -> None:
    ksn = bytes.fromhex("FFFF9876543210" + end)
    key = TDES.pin_key(TDES.current_key(IK, ksn), ksn)
    assert key.hex().upper() == pin_key
    cipher = Cipher(TripleDES(key + key[:8]), modes.ECB())  # noqa: S305  the standard's own mode for a single block
    assert cipher.encryptor().update(CLEAR_BLOCK).hex().upper() == block


@pytest.mark.parametrize("size", [16, 32])
def test_the_aes_initial_keys_are_the_published_ones(size: int) -> None:
    bdk = (AES_BDK * 2)[:size]
    assert AES.initial_key(bdk, AES_IDS + bytes(4)).hex().upper() == AES_IKS[size]


@pytest.mark.parametrize(("size", "counter", "current", "pin_key"), AES_KEYS)
def test_each_published_aes_key_comes_out(size: int, counter: int, current: str, pin_key: str) -> None:
    ksn = AES_IDS + counter.to_bytes(4)
    key = AES.current_key(bytes.fromhex(AES_IKS[size]), ksn)
    assert key.hex().upper() == current
    assert AES.pin_key(key, ksn).hex().upper() == pin_key


def test_other_usages_and_a_shorter_key_from_a_longer_one_are_the_published_ones() -> None:
    """A working key may be as short as 128 bits under a BDK of 256: usage and length belong to the derivation."""
    ksn = AES_IDS + (1).to_bytes(4)
    short = AES.current_key(bytes.fromhex(AES_IKS[16]), ksn)
    assert aes_derive(short, MAC_GENERATION, 128, ksn[4:]).hex().upper() == "A2DC23DE6FDE0824A2BC321E08E4B8B7"
    assert aes_derive(short, DATA_ENCRYPTION, 128, ksn[4:]).hex().upper() == "A35C412EFD41FDB98B69797C02DCD08F"
    long = AES.current_key(bytes.fromhex(AES_IKS[32]), ksn)
    whole = aes_derive(long, MAC_GENERATION, 256, ksn[4:])
    assert whole.hex().upper() == "61DABDF4B340CF461EE860B1D1AB55357142BD2D6977306859CF49AEFE8F1549"
    assert len(aes_derive(long, PIN_ENCRYPTION, 128, ksn[4:])) == 16
    assert aes_derive(long, PIN_ENCRYPTION, 128, ksn[4:]) != aes_derive(long, PIN_ENCRYPTION, 256, ksn[4:])[:16]


@pytest.mark.parametrize(
    ("counter", "block"), [(1, "A912150391AB65A67E52883D81CE2D15"), (2, "52A00503BD34BA1383F6A7EE9FE2547F")]
)
def test_the_published_format_4_blocks_open_under_the_keys_of_their_counters(counter: int, block: str) -> None:
    """X9.24-3 supplement: PIN 1234, PAN 4111111111111111."""
    ksn = AES_IDS + counter.to_bytes(4)
    key = AES.pin_key(AES.current_key(bytes.fromhex(AES_IKS[16]), ksn), ksn)
    assert psec.pinblock.decipher_pinblock_iso_4(key, bytes.fromhex(block), "4111111111111111") == "1234"


FAMILIES = pytest.mark.parametrize("family", [TDES, AES], ids=["TDES", "AES"])


@FAMILIES
def test_a_counter_that_no_pad_can_reach_has_no_key(family: Family) -> None:
    """Zero belongs to the initial key, and a counter with one 1 too many is always skipped."""
    for counter in (0, (1 << family.most_ones + 1) - 1, (1 << family.counter_bits) - 1):
        with pytest.raises(ValueError, match="a counter has 1 to"):
            family.current_key(IK, family.ksn(0, counter))
    assert len(family.current_key(IK, family.ksn(0, (1 << family.most_ones) - 1))) == 16


@FAMILIES
def test_after_the_last_counter_comes_nothing(family: Family) -> None:
    last = ((1 << family.most_ones) - 1) << family.counter_bits - family.most_ones
    with pytest.raises(EndOfLife):
        family.after(last)
    assert family.after(last - (last & -last)) > 0


@FAMILIES
@given(data=st.data())
def test_counters_only_go_up_and_skip_exactly_those_with_too_many_ones(family: Family, data: st.DataObject) -> None:
    bits = data.draw(st.sets(st.integers(1, family.counter_bits - 2), min_size=1, max_size=family.most_ones))
    counter = sum(1 << bit for bit in bits)
    following = family.after(counter)
    assert counter < following
    assert following.bit_count() <= family.most_ones
    skipped = range(counter + 1, min(following, counter + 64))
    assert all(between.bit_count() > family.most_ones for between in skipped)


@FAMILIES
def test_a_serial_number_of_another_length_is_refused(family: Family) -> None:
    for length in (0, family.ksn_bytes - 1, family.ksn_bytes + 1):
        with pytest.raises(ValueError, match="a KSN of this family"):
            family.split(bytes(length))


def test_no_other_length_of_key_or_context_is_derived() -> None:
    for bits, context in ((64, bytes(8)), (512, bytes(8)), (128, bytes(7)), (128, bytes(9))):
        with pytest.raises(ValueError, match="an AES key has"):
            aes_derive(AES_BDK, PIN_ENCRYPTION, bits, context)
