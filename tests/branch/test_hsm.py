"""The test HSM against published vectors, against psec, and against whoever tries a wrong PIN or a changed order."""

import warnings

import psec
import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from hypothesis import given, strategies as st

from branch.bank import ciphers, hsm
from protocol.mask import PinBlock

DOUBLE = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
NUMBER = "6229991234567890123"


def made() -> tuple[hsm.TestHsm, hsm.MemoryKeyStore]:
    store = hsm.MemoryKeyStore()
    module = hsm.TestHsm(store, bytes(range(32)))
    module.working_keys("T1")
    return module, store


def tdes(key: bytes) -> Cipher[modes.ECB]:
    return Cipher(TripleDES(key + key[:8]), modes.ECB())  # noqa: S305  the standards' own mode for single blocks


def block0(key: bytes, pin: str, number: str = NUMBER) -> PinBlock:
    clear = psec.pinblock.encode_pinblock_iso_0(pin, number)
    return PinBlock(tdes(key).encryptor().update(clear), "iso0")


def block3(key: bytes, pin: str, number: str = NUMBER) -> PinBlock:
    clear = psec.pinblock.encode_pinblock_iso_3(pin, number)
    return PinBlock(tdes(key).encryptor().update(clear), "iso3")


def block4(key: bytes, pin: str, number: str = NUMBER) -> PinBlock:
    return PinBlock(psec.pinblock.encipher_pinblock_iso_4(key, pin, number), "iso4")


def test_check_values_are_the_published_ones() -> None:
    """3DES 0123..3210 has check value 08D7B4; AES-128 000102..0F over a zero block gives C6A13B."""
    assert ciphers.tdes_kcv(DOUBLE).hex() == "08d7b4"
    assert ciphers.aes_kcv(bytes(range(16))).hex() == "c6a13b"


def test_a_published_format_0_block_opens() -> None:
    """PIN 1234 with PAN 5544332211009966 is 041277CDDEEFF669 in clear (the psec documentation's vector)."""
    clear = bytes.fromhex("041277CDDEEFF669")
    sealed = tdes(DOUBLE).encryptor().update(clear)
    assert ciphers.opened(DOUBLE, "5544332211009966", PinBlock(sealed, "iso0")) == "1234"


def test_a_published_format_3_block_opens_and_is_no_format_0() -> None:
    """PIN 1234 with PAN 5544332211009966 may be 341277EEEFCCB43C in clear (the psec documentation's vector)."""
    sealed = tdes(DOUBLE).encryptor().update(bytes.fromhex("341277EEEFCCB43C"))
    assert ciphers.opened(DOUBLE, "5544332211009966", PinBlock(sealed, "iso3")) == "1234"
    assert ciphers.opened(DOUBLE, "5544332211009966", PinBlock(sealed, "iso0")) is None


def test_a_published_format_4_block_opens() -> None:
    """AES key 0011..FF, PAN 1234567890123456: two published blocks hold PIN 1234."""
    key = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    for sealed in ("E4BE5B623AF7E006AC319E5B93544564", "7CDF645C86CAF763AE34637A66997534"):
        assert ciphers.opened(key, "1234567890123456", PinBlock(bytes.fromhex(sealed), "iso4")) == "1234"


@given(st.binary(max_size=100))
def test_the_mac_is_psecs_retail_mac(data: bytes) -> None:
    """ISO 9797-1 algorithm 3 with padding 2, whatever the length."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # psec still takes 3DES from its old place
        expected = psec.mac.generate_retail_mac(DOUBLE[:8], DOUBLE[8:], data, 2)
    assert ciphers.retail_mac(DOUBLE, data) == expected


@pytest.mark.parametrize("kind", ["iso0", "iso3", "iso4"])
def test_only_the_right_pin_over_the_right_number_is_accepted(kind: str) -> None:
    """Another PIN, another number or a changed block is refused, and not with an exception."""
    module, _ = made()
    seal, name = {"iso0": (block0, "TPK"), "iso3": (block3, "TPK"), "iso4": (block4, "TPKAES")}[kind]
    key = module._get(f"{name}/T1")
    assert key is not None
    verifier = module.make_pin_verifier("246810")
    good = seal(key, "246810")
    assert module.verify_pin("T1", NUMBER, good, verifier)
    assert not module.verify_pin("T1", NUMBER, seal(key, "246811"), verifier)
    assert not module.verify_pin("T1", "6229991234567899999", good, verifier)
    bent = PinBlock(bytes([good.block[0] ^ 1]) + good.block[1:], kind)
    assert not module.verify_pin("T1", NUMBER, bent, verifier)
    assert not module.verify_pin("T1", NUMBER, PinBlock(b"short", kind), verifier)


def test_a_mac_changed_by_one_bit_or_over_other_data_is_refused() -> None:
    """Nor does a shortened one pass, nor another terminal's."""
    module, _ = made()
    module.working_keys("T2")
    key = module._get("TAK/T1")
    assert key is not None
    mac = ciphers.retail_mac(key, b"order")
    assert module.verify_mac("T1", b"order", mac)
    assert not module.verify_mac("T1", b"ordes", mac)
    assert not module.verify_mac("T2", b"order", mac)
    assert not module.verify_mac("T1", b"order", mac[:4])
    for at in range(8):
        assert not module.verify_mac("T1", b"order", mac[:at] + bytes([mac[at] ^ 1]) + mac[at + 1 :])


def test_the_set_before_the_newest_still_counts_and_older_ones_do_not() -> None:
    """The pad may not have taken the newest keys yet."""
    module, _ = made()
    old = module._get("TAK/T1")
    assert old is not None
    mac = ciphers.retail_mac(old, b"x")
    module.working_keys("T1")
    assert module.verify_mac("T1", b"x", mac)
    module.working_keys("T1")
    assert not module.verify_mac("T1", b"x", mac)


def test_working_keys_open_under_the_master_keys_and_match_their_check_values() -> None:
    """What a pad would do with them."""
    module = hsm.TestHsm(hsm.MemoryKeyStore(), bytes(32))
    masters = module.master_keys("T1")
    for sealed in module.working_keys("T1").keys:
        raw = bytes.fromhex(sealed.cryptogram)
        if sealed.name == "TPKAES":
            clear = psec.aes.decrypt_aes_ecb(masters.aes, raw)
            assert ciphers.aes_kcv(clear).hex() == sealed.kcv
        else:
            clear = tdes(masters.tdes).decryptor().update(raw)
            assert ciphers.tdes_kcv(clear).hex() == sealed.kcv
            assert all(byte.bit_count() % 2 for byte in clear)


def test_master_keys_stay_the_same_across_a_restart() -> None:
    """A second module over the same store knows the same terminals and verifiers."""
    module, store = made()
    verifier = module.make_pin_verifier("1234")
    again = hsm.TestHsm(store, bytes(range(32)))
    assert again.master_keys("T1") == module.master_keys("T1") != module.master_keys("T2")
    key = again._get("TPK/T1")
    assert key is not None
    assert again.verify_pin("T1", NUMBER, block0(key, "1234"), verifier)


def test_the_store_holds_no_key_in_clear_and_notices_a_swap() -> None:
    """A stored key is bound to its name."""
    module, store = made()
    masters = module.master_keys("T1")
    assert not any(masters.tdes in value or masters.aes in value for value in store._values.values())
    store.put("TAK/T1", store._values["TPK/T1"])
    with pytest.raises(hsm.HsmRefused):
        module.verify_mac("T1", b"x", bytes(8))


def test_a_terminal_without_keys_is_an_error_and_no_wrong_pin() -> None:
    """Otherwise a customer's tries would be counted for our mistake."""
    module, _ = made()
    with pytest.raises(hsm.HsmRefused):
        module.verify_pin("T9", NUMBER, PinBlock(bytes(8), "iso0"), module.make_pin_verifier("1234"))


@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "１２３４"])
def test_a_pin_has_4_to_12_digits(pin: str) -> None:
    """Anything else gets no verifier."""
    module, _ = made()
    with pytest.raises(ValueError, match="4 to 12"):
        module.make_pin_verifier(pin)


def test_nothing_prints_a_key_or_two_equal_verifiers() -> None:
    """Two customers with the same PIN cannot be told by their verifiers."""
    module, _ = made()
    masters = module.master_keys("T1")
    assert repr(masters) == "MasterKeys()"
    assert module.make_pin_verifier("1234") != module.make_pin_verifier("1234")
