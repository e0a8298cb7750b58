"""Keys that come as TR-31 key blocks: taken when everything in them fits, and in no other case."""

import base64
from collections.abc import Callable

import psec
import pytest
from hypothesis import given, settings, strategies as st

from branch.bank.hsm import Scheme
from drivers.api import Faulty
from drivers.sim.vault import Vault
from drivers.sim.xfs import Refuse
from drivers.xfs import Payload
from protocol.mask import PinBlock
from tests.drivers.idcard_rig import CALM
from tests.drivers.pinpad_rig import FORMATS, NUMBER, Scene, scene

TMK, TMK_AES = bytes(range(16)), bytes(range(16, 48))
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
TR31, DUKPT = Scheme(wrapping="tr31"), Scheme(pins="dukpt")


def block(
    form: str = "B", usage: str = "P0", algorithm: str = "T", mode: str = "E", export: str = "N", **blocks: str
) -> str:
    """A key block under the master key of its form."""
    header = psec.tr31.Header(form, usage, algorithm, mode, "00", export)
    header.blocks.update(blocks)
    sealed: str = psec.tr31.KeyBlock(TMK_AES if form == "D" else TMK, header).wrap(KEY)
    return sealed


def order(value: str, usage: str = "P0", algorithm: str = "T", mode: str = "E", master: str = "TMK") -> Payload:
    return {
        "key": "X",
        "keyAttributes": {"keyUsage": usage, "algorithm": algorithm, "modeOfUse": mode},
        "value": base64.b64encode(value.encode()).decode(),
        "decryptKey": master,
    }


def refused(payload: Payload) -> str:
    """What a pad says to it; "" when it takes the key."""
    vault = Vault(TMK, TMK_AES)
    try:
        vault.import_key(payload)
    except Refuse as why:
        assert "X" not in vault.check_values()
        return why.error or why.code
    assert vault.check_values()["X"]
    return ""


def test_a_published_block_opens_to_its_key() -> None:
    """The psec documentation's own version B block: KBPK FF…, key EE…, PIN encryption, not exportable."""
    vault = Vault(b"\xff" * 16, TMK_AES)
    sealed = "B0096P0TE00N0000342811F905093F2B797EB9248C1121C011C2AE41BEC63E33C9C2FDB320540D82327221AE9C5C34FB"
    answer = vault.import_key(order(sealed))
    clear = psec.des.encrypt_tdes_ecb(b"\xee" * 16, bytes(8))[:3]
    assert (base64.b64decode(answer["verificationData"]), answer["keyLength"]) == (clear, 128)


def test_a_block_of_either_version_is_taken_for_exactly_what_it_says() -> None:
    assert refused(order(block())) == ""
    assert refused(order(block("D", algorithm="A"), algorithm="A", master="TMKAES")) == ""
    assert refused(order(block(usage="M3", mode="G"), usage="M3", mode="G")) == ""


@pytest.mark.parametrize(
    ("made", "asked", "code"),
    [
        ({"usage": "M3", "mode": "G"}, {}, "useViolation"),
        ({"usage": "D0", "mode": "B"}, {}, "useViolation"),
        ({"usage": "D0"}, {}, "useViolation"),
        ({"usage": "K0"}, {}, "useViolation"),
        ({"mode": "D"}, {}, "useViolation"),
        ({"mode": "N"}, {}, "useViolation"),
        ({"export": "E"}, {}, "useViolation"),
        ({"export": "S"}, {}, "useViolation"),
        ({}, {"usage": "M3", "mode": "G"}, "useViolation"),
        ({}, {"mode": "B"}, "useViolation"),
        ({"algorithm": "A"}, {}, "algorithmNotSupported"),
        ({"algorithm": "D"}, {}, "algorithmNotSupported"),
        ({"form": "A"}, {}, "formatNotSupported"),
        ({"form": "C"}, {}, "formatNotSupported"),
        ({"form": "D"}, {}, "formatNotSupported"),
        ({}, {"algorithm": "A", "master": "TMKAES"}, "formatNotSupported"),
        ({}, {"master": "NONE"}, "keyNotFound"),
    ],
)
def test_a_block_for_something_else_is_refused(made: dict[str, str], asked: dict[str, str], code: str) -> None:
    """Usage, mode, algorithm, exportability and version, in the block's header and in the command alike."""
    assert refused(order(block(**made), **asked)) == code


def test_no_character_of_a_block_can_be_changed() -> None:
    """The header is under the MAC too: a MAC key cannot be made a PIN key by writing P0 over M3."""
    sealed = block()
    for at, letter in enumerate(sealed):
        other = "1" if letter != "1" else "2"
        assert refused(order(sealed[:at] + other + sealed[at + 1 :])) in {"contentInvalid", "formatNotSupported"}, at
    relabelled = block(usage="M3", mode="G").replace("M3TG", "P0TE")
    assert refused(order(relabelled)) == "contentInvalid"


def test_a_block_under_another_master_key_is_refused() -> None:
    foreign = psec.tr31.KeyBlock(bytes(16), psec.tr31.Header("B", "P0", "T", "E", "00", "N")).wrap(KEY)
    assert refused(order(foreign)) == "contentInvalid"


@pytest.mark.parametrize("cut", [0, 1, 5, 15, 16, 40, -1, -2, -16])
def test_a_block_cut_short_is_refused(cut: int) -> None:
    assert refused(order(block()[:cut])) in {"contentInvalid", "formatNotSupported"}


@settings(CALM, max_examples=200)
@given(st.binary(max_size=120), st.sampled_from(["", "B0096P0TE00N", "B0096P0TE00N0100", "B0096P0TE00N0100KS"]))
def test_whatever_comes_for_a_block_the_pad_refuses_and_does_not_break(tail: bytes, head: str) -> None:
    assert refused({**order(""), "value": base64.b64encode(head.encode() + tail).decode()})


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ({"KS": "FFFF9876543210E00000"}, ""),
        ({"KS": "FFFF9876543210E00001"}, "contentInvalid"),
        ({"KS": "FFFF9876543210E000"}, "contentInvalid"),
        ({"KS": "FFFF9876543210E0000X"}, "contentInvalid"),
        ({"IK": "1234567890123456"}, "contentInvalid"),
        ({}, "contentInvalid"),
    ],
)
def test_an_initial_key_comes_with_its_serial_number_or_not_at_all(blocks: dict[str, str], code: str) -> None:
    """And with a counter that has not moved: a pad that began in the middle would use keys twice."""
    sealed = block(usage="B1", mode="X", **blocks)
    assert refused(order(sealed, usage="B1", mode="X")) == code


def test_an_initial_key_in_ecb_is_refused() -> None:
    plain = {**order("", usage="B1", mode="X"), "value": base64.b64encode(KEY).decode(), "decryptMethod": "ecb"}
    assert refused(plain) == "formatNotSupported"


def test_a_master_key_that_opens_blocks_takes_no_plain_cryptogram_until_loaded_anew() -> None:
    """Its own, not the other one's: otherwise ECB would be the way round what the blocks bind."""
    vault = Vault(TMK, TMK_AES)
    plain = {**order(""), "value": base64.b64encode(KEY).decode(), "decryptMethod": "ecb"}
    vault.import_key(plain)
    vault.import_key(order(block()))
    with pytest.raises(Refuse, match="useViolation"):
        vault.import_key(plain)
    vault.import_key({**plain, **order("", algorithm="A", master="TMKAES"), "value": plain["value"]})
    vault.load_masters()
    vault.import_key(plain)


def test_a_refused_block_leaves_the_door_for_ecb_as_it_was() -> None:
    vault = Vault(TMK, TMK_AES)
    sealed = block()
    with pytest.raises(Refuse):
        vault.import_key(order(sealed[:-1] + ("0" if sealed[-1] != "0" else "1")))
    vault.import_key({**order(""), "value": base64.b64encode(KEY).decode(), "decryptMethod": "ecb"})


@pytest.mark.parametrize("scheme", [TR31, DUKPT, Scheme(wrapping="tr31", mac="TAKSM4")])
def test_blocks_and_macs_hold_at_the_hsm_whatever_the_wrapping(scheme: Scheme) -> None:
    """HSM, driver and far end together, with every key of the scheme."""

    async def act(it: Scene) -> None:
        verifier = it.hsm.make_pin_verifier("135790")
        for kind in FORMATS:
            task = await it.asked(kind)
            await it.far.act("type", "135790")
            sealed = await task
            assert isinstance(sealed, PinBlock)
            assert it.hsm.verify_pin("T1", NUMBER.digits, sealed, verifier)
        assert it.hsm.verify_mac("T1", b"order", await it.pad.mac(b"order"))

    scene(act, scheme)


def spoilt(flip: Callable[[str], str]) -> None:
    async def act(it: Scene) -> None:
        key = it.hsm.working_keys("T1").keys[0]
        sealed = flip(bytes.fromhex(key.cryptogram).decode())
        before = it.far.state()["keys"]
        with pytest.raises(Faulty, match="contentInvalid"):
            await it.pad.import_key(key.name, sealed.encode(), bytes.fromhex(key.kcv), "tr31")
        assert it.far.state()["keys"] == before

    scene(act, TR31)


def test_a_changed_block_is_faulty_at_the_driver_and_the_key_before_it_stays() -> None:
    spoilt(lambda sealed: sealed[:-1] + ("0" if sealed[-1] != "0" else "1"))
    spoilt(lambda sealed: sealed.replace("N00", "S00", 1))


def test_a_good_block_with_another_check_value_is_thrown_out_again() -> None:
    async def act(it: Scene) -> None:
        key = it.hsm.working_keys("T1").keys[0]
        with pytest.raises(Faulty, match="check value"):
            await it.pad.import_key(key.name, bytes.fromhex(key.cryptogram), b"\0\0\0", "tr31")
        assert key.name not in it.far.state()["keys"]

    scene(act, TR31)
