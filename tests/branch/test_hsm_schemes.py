"""The HSM's other ways of keying a pad: TR-31 key blocks, DUKPT and SM4, each against what is published."""

import psec
import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from branch.bank import ciphers, hsm
from branch.bank.hsm import HsmRefused, MemoryKeyStore, Scheme, TestHsm
from branch.bank.keyblocks import key_block
from protocol.dukpt import AES, TDES, Family
from protocol.mask import PinBlock

NUMBER = "6229991234567890123"
TR31, DUKPT, SM4 = Scheme(wrapping="tr31"), Scheme(pins="dukpt"), Scheme(mac="TAKSM4")
SM4_KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


def made(scheme: Scheme) -> TestHsm:
    return TestHsm(MemoryKeyStore(), bytes(range(32)), scheme=scheme)


def opened(module: TestHsm, name: str, terminal: str = "T1") -> tuple[psec.tr31.Header, bytes, bytes]:
    """What a pad finds in a key block that it is sent: header, key, and the check value beside it."""
    masters = module.master_keys(terminal)
    key = next(key for key in module.working_keys(terminal).keys if key.name == name)
    assert key.wrapping == "tr31"
    block = psec.tr31.KeyBlock(masters.aes if name.endswith("AES") else masters.tdes)
    clear = block.unwrap(bytes.fromhex(key.cryptogram).decode())
    return block.header, clear, bytes.fromhex(key.kcv)


# --- key blocks


@pytest.mark.parametrize(
    ("name", "head"),
    [("TPK", "BP0TEN"), ("TAK", "BM3TGN"), ("TPKAES", "DP0AEN"), ("IK", "BB1TXN"), ("IKAES", "DB1AXN")],
)
def test_a_key_block_says_what_its_key_is_for_and_that_it_stays(name: str, head: str) -> None:
    module = made(DUKPT if name.startswith("IK") else TR31)
    header, clear, kcv = opened(module, name)
    said = (header.version_id, header.key_usage, header.algorithm, header.mode_of_use, header.exportability)
    assert "".join(said) == head
    assert kcv == (ciphers.aes_kcv(clear) if name.endswith("AES") else ciphers.tdes_kcv(clear))


def test_a_key_block_opens_under_its_own_terminals_master_key_only() -> None:
    module = made(TR31)
    sealed = bytes.fromhex(module.working_keys("T1").keys[0].cryptogram).decode()
    psec.tr31.unwrap(module.master_keys("T1").tdes, sealed)
    with pytest.raises(ValueError, match="MAC"):
        psec.tr31.unwrap(module.master_keys("T2").tdes, sealed)


def test_initial_keys_carry_the_serial_number_where_the_standard_puts_it() -> None:
    tdes = psec.tr31.Header()
    tdes.load(key_block("IK", bytes(range(16)), SM4_KEY, bytes.fromhex("FFFF9876543210E00000")))
    assert tdes.blocks["KS"] == "FFFF9876543210E00000"
    aes = psec.tr31.Header()
    aes.load(key_block("IKAES", bytes(range(16)), SM4_KEY, bytes.fromhex("123456789012345600000000")))
    assert aes.blocks["IK"] == "1234567890123456"


def test_without_a_word_about_it_keys_go_out_as_they_always_did() -> None:
    """ECB, working keys, 3DES MAC: what a pad that knows nothing else can take."""
    keys = made(Scheme()).working_keys("T1").keys
    assert [(key.name, key.wrapping) for key in keys] == [("TPK", "ecb"), ("TAK", "ecb"), ("TPKAES", "ecb")]
    assert made(Scheme()).master_keys("T1").sm4 == b""


# --- DUKPT


def serial(module: TestHsm, family: Family, terminal: str = "T1") -> tuple[bytes, bytes]:
    """The terminal's newest initial key and its serial number, as its pad gets them."""
    header, clear, _ = opened(module, "IK" if family is TDES else "IKAES", terminal)
    blocks = dict(header.blocks)
    return clear, bytes.fromhex(blocks["KS"] if family is TDES else blocks["IK"] + "00000000")


def sealed(family: Family, initial: bytes, start: bytes, counter: int, pin: str) -> PinBlock:
    """A block as a pad makes it at `counter`: 3DES format 3, AES format 4."""
    ksn = family.ksn(int.from_bytes(start), counter)
    key = family.pin_key(family.current_key(initial, ksn), ksn)
    if family is AES:
        return PinBlock(psec.pinblock.encipher_pinblock_iso_4(key, pin, NUMBER), "iso4", ksn)
    clear = psec.pinblock.encode_pinblock_iso_3(pin, NUMBER)
    cipher = Cipher(TripleDES(key + key[:8]), modes.ECB())  # noqa: S305  the standard's own mode for a single block
    return PinBlock(cipher.encryptor().update(clear), "iso3", ksn)


FAMILIES = pytest.mark.parametrize("family", [TDES, AES], ids=["TDES", "AES"])


@FAMILIES
def test_a_block_opens_at_any_counter_of_the_terminals_own_initial_key(family: Family) -> None:
    module = made(DUKPT)
    initial, start = serial(module, family)
    verifier = module.make_pin_verifier("246810")
    for counter in (1, 2, 3, 0x400, 0x1FF800):
        assert module.verify_pin("T1", NUMBER, sealed(family, initial, start, counter, "246810"), verifier)
        assert not module.verify_pin("T1", NUMBER, sealed(family, initial, start, counter, "246811"), verifier)


@FAMILIES
def test_the_initial_key_before_the_newest_still_counts_and_older_ones_do_not(family: Family) -> None:
    module = made(DUKPT)
    first, second = serial(module, family), serial(module, family)
    verifier = module.make_pin_verifier("246810")
    assert module.verify_pin("T1", NUMBER, sealed(family, *first, 1, "246810"), verifier)
    third = serial(module, family)
    assert first[1] < second[1] < third[1]
    assert len({first[0], second[0], third[0]}) == 3
    with pytest.raises(HsmRefused, match="serial number"):
        module.verify_pin("T1", NUMBER, sealed(family, *first, 1, "246810"), verifier)


@FAMILIES
def test_another_terminals_serial_number_and_an_impossible_counter_are_refused(family: Family) -> None:
    """Refused, and not a wrong PIN: the customer's tries are not counted for it."""
    module = made(DUKPT)
    initial, start = serial(module, family, "T2")
    mine, _ = serial(module, family, "T1")
    good, verifier = sealed(family, initial, start, 1, "246810"), module.make_pin_verifier("246810")
    assert module.verify_pin("T2", NUMBER, good, verifier)
    with pytest.raises(HsmRefused):
        module.verify_pin("T1", NUMBER, good, verifier)
    assert mine != initial
    for ksn in (start, family.ksn(int.from_bytes(start), (1 << family.counter_bits) - 1), start[:-1], b"x"):
        with pytest.raises(HsmRefused):
            module.verify_pin("T2", NUMBER, PinBlock(good.block, good.format, ksn), verifier)


def test_a_serial_number_without_dukpt_is_refused() -> None:
    module = made(Scheme())
    module.working_keys("T1")
    with pytest.raises(HsmRefused):
        module.verify_pin("T1", NUMBER, PinBlock(bytes(8), "iso0", bytes(9) + b"\1"), module.make_pin_verifier("1234"))


def test_no_initial_key_is_issued_twice_and_past_the_last_none_at_all() -> None:
    """Not across terminals, and not after a restart over the same store."""
    store, seen = MemoryKeyStore(), set[bytes]()
    for _ in range(3):
        module = TestHsm(store, bytes(range(32)), scheme=DUKPT)
        seen |= {serial(module, TDES, terminal)[1] for terminal in ("T1", "T2", "T1")}
    assert len(seen) == 9
    module._put("ISSUED/IK", (hsm.INITIAL_KEYS - 1).to_bytes(4))
    with pytest.raises(HsmRefused, match="issued"):
        module.working_keys("T1")


# --- SM4


def test_sm4_is_the_published_one() -> None:
    """GB/T 32907 annex A: key and block alike are 0123…3210."""
    sealed_block = ciphers.cipher(ciphers.SM4_KIND, SM4_KEY).encryptor().update(SM4_KEY)
    assert sealed_block.hex() == "681edf34d206965e86b3e94f536e4246"


def test_the_sm4_mac_is_the_last_block_of_a_published_cbc_chain() -> None:
    """draft-ribose-cfrg-sm4 A.2.2.1: with its initial vector in the first block, and its padding undone.

    A chain of two published blocks is followed by the padding's own block, which the test deciphers by itself.
    """
    first = bytes(a ^ b for a, b in zip(bytes.fromhex("AAAAAAAABBBBBBBBCCCCCCCCDDDDDDDD"), range(16), strict=True))
    data = first + bytes.fromhex("EEEEEEEEFFFFFFFFAAAAAAAABBBBBBBB")
    chained = bytes.fromhex("4CB7016951909226979B0D15DC6A8F6D")
    last = bytes(a ^ b for a, b in zip(chained, b"\x80" + bytes(15), strict=True))
    ecb = Cipher(algorithms.SM4(SM4_KEY), modes.ECB())  # noqa: S305  a single block
    assert ciphers.sm4_mac(SM4_KEY, data) == ecb.encryptor().update(last)[:8]


def test_with_sm4_a_mac_holds_for_exactly_its_data_and_3des_ones_do_not() -> None:
    module = made(SM4)
    keys = {key.name: key for key in module.working_keys("T1").keys}
    assert set(keys) == {"TPK", "TAKSM4", "TPKAES"}
    master = module.master_keys("T1").sm4
    ecb = Cipher(algorithms.SM4(master), modes.ECB())  # noqa: S305  keys come in ECB
    key = ecb.decryptor().update(bytes.fromhex(keys["TAKSM4"].cryptogram))
    zero = Cipher(algorithms.SM4(key), modes.ECB()).encryptor().update(bytes(16))  # noqa: S305  a single block
    assert keys["TAKSM4"].kcv == zero[:3].hex()
    mac = ciphers.sm4_mac(key, b"order")
    assert module.verify_mac("T1", b"order", mac)
    for data, tried in (
        (b"ordes", mac),
        (b"order\0", mac),
        (b"order", mac[:7]),
        (b"order", ciphers.retail_mac(key, b"order")),
    ):
        assert not module.verify_mac("T1", data, tried)


def test_a_key_for_sm4_is_never_in_a_key_block() -> None:
    """X9.143 has no letter for SM4."""
    keys = made(Scheme(wrapping="tr31", mac="TAKSM4")).working_keys("T1").keys
    assert [key.wrapping for key in keys] == ["tr31", "ecb", "tr31"]
