"""What the pad's service says of itself, and what the driver makes of it."""

import asyncio
import contextlib

import pytest
from hypothesis import given, settings, strategies as st

from branch.bank.hsm import Scheme
from drivers.api import DeviceError, Faulty, Health, Offline, Status
from drivers.pinpad import PIN_KEYS, WORKING_KEYS, XfsPinPad
from drivers.sim.pinpad import COMMANDS
from drivers.sim.xfs import Call, Publisher
from drivers.xfs import Payload, XfsClient, XfsRefused
from tests.drivers.idcard_rig import CALM
from tests.drivers.pinpad_rig import NUMBER, Scene, scene


async def refusal(client: XfsClient, name: str, payload: Payload) -> str:
    try:
        await client.command(name, payload, 1)
    except XfsRefused as why:
        return why.code
    return ""


def test_the_service_does_every_command_that_it_lists_and_no_other() -> None:
    async def act(it: Scene) -> None:
        said = await it.raw.command("Common.Capabilities", {})
        listed = {name for interface in said["interfaces"] for name in interface["commands"]}
        assert listed == {f"{name}.{verb}" for name, verbs in COMMANDS.items() for verb in verbs}
        assert listed - {"Common.Cancel"} == set(it.far.service._verbs)
        for name in ("PinPad.LocalVerify", "PinPad.PresentIdc", "Crypto.CryptoData", "KeyManagement.ExportRsa"):
            assert await refusal(it.raw, name, {}) == "unsupportedCommand"

    scene(act)


def test_capabilities_name_the_formats_the_keys_and_the_check_that_the_driver_uses() -> None:
    async def act(it: Scene) -> None:
        said = await it.raw.command("Common.Capabilities", {})
        assert {name for name, can in said["pinPad"]["pinFormats"].items() if can} == set(PIN_KEYS)
        keys, macs = said["keyManagement"]["keyAttributes"], said["crypto"]["authenticationAttributes"]
        for usage, algorithm, mode, _ in WORKING_KEYS.values():
            assert mode in keys[usage][algorithm]
        assert macs == {"M3": {"T": {"G": {}}}, "M1": {"4": {"G": {}}}}
        assert said["keyManagement"]["keyCheckModes"]["zero"] is True
        assert (await it.pad.status()).facts["pinFormats"] == "iso0 iso3 iso4"

    scene(act, Scheme(mac="TAKSM4"))


def test_a_pad_without_a_master_key_for_sm4_offers_none() -> None:
    async def act(it: Scene) -> None:
        said = await it.raw.command("Common.Capabilities", {})
        assert set(said["crypto"]["authenticationAttributes"]) == {"M3"}
        assert set(said["keyManagement"]["decryptAttributes"]) == {"T", "A"}
        with pytest.raises(Faulty, match="keyNotFound"):
            await it.pad.import_key("TAKSM4", bytes(16), bytes(3))

    scene(act)


def test_a_key_is_taken_only_for_what_capabilities_say() -> None:
    async def act(it: Scene) -> None:
        order = {"key": "X", "value": "AAAA", "decryptKey": "TMK", "decryptMethod": "ecb"}
        for usage, algorithm, mode in (("D0", "T", "B"), ("P0", "R", "E"), ("M3", "A", "G"), ("K0", "T", "D")):
            kind = {"keyUsage": usage, "algorithm": algorithm, "modeOfUse": mode}
            assert await refusal(it.raw, "KeyManagement.ImportKey", {**order, "keyAttributes": kind})
            assert "X" not in it.far.state()["keys"]

    scene(act)


def test_cancelling_what_does_not_run_is_refused_and_nobody_cancels_for_another() -> None:
    async def act(it: Scene) -> None:
        assert await refusal(it.raw, "Common.Cancel", {"requestIds": [4711]}) == "noMatchingRequestIDs"
        entry = await it.asked()
        for ids in ([], [1, 2, 3, 4, 5, 6, 7, 8, 9]):
            assert await refusal(it.raw, "Common.Cancel", {"requestIds": ids}) == "noMatchingRequestIDs"
        await it.far.act("type", "1234")
        await entry

    scene(act)


class Ailing:
    """A service whose device is in the state that it was given."""

    path = "PinPad"

    def __init__(self, device: str) -> None:
        self._device = device

    async def handle(self, call: Call) -> Payload:
        if call.name == "Common.Capabilities":
            return {"interfaces": [{"name": "PinPad"}], "pinPad": {"pinFormats": "nonsense"}}
        return {"common": {"device": self._device}, "keyManagement": {"encryptionState": "ready"}}

    def left(self, client: int) -> None:
        """Nothing belongs to anybody."""


@pytest.mark.parametrize(
    ("device", "kind"),
    [
        ("online", None),
        ("deviceBusy", None),
        ("offline", Offline),
        ("powerOff", Offline),
        ("noDevice", Offline),
        ("starting", Offline),
        ("", Offline),
        ("hardwareError", Faulty),
        ("userError", Faulty),
        ("fraudAttempt", Faulty),
        ("potentialFraud", Faulty),
    ],
)
def test_each_state_of_the_device_is_its_own_trouble_with_a_remedy(device: str, kind: type[DeviceError] | None) -> None:
    async def run() -> None:
        publisher = Publisher(Ailing(device), "SIM")
        pad = XfsPinPad(publisher.url, dial=publisher.dial)
        status = await pad.status()
        assert (status.health, type(status.why)) == (
            (Health.OK, type(None)) if kind is None else (Health.OFFLINE, kind)
        )
        assert status.why is None or (status.why.remedy and status.why.mend == "engineer")
        assert not status.simulated
        await pad.close()
        await publisher.stop()

    asyncio.run(run())


class Liar:
    """A service that answers every command with success and whatever it was given."""

    path = "PinPad"

    def __init__(self, payload: Payload) -> None:
        self._payload = payload

    async def handle(self, call: Call) -> Payload:
        if call.name.startswith("Keyboard."):
            await call.event("Keyboard.KeyEvent", self._payload)
        return {**self._payload, **({"interfaces": [{"name": "PinPad"}]} if call.name == "Common.Capabilities" else {})}

    def left(self, client: int) -> None:
        """Nothing belongs to anybody."""


JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(["enter", "auto", "seven"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["common", "keyManagement", "pinPad", "completion", "digit", "digits", "pinBlock", "kcv", "authenticationData"]
)


@settings(CALM, max_examples=50)
@given(st.dictionaries(NAMES, JSON, max_size=6))
def test_whatever_a_service_answers_the_driver_ends_with_a_value_or_a_device_error(payload: dict[str, object]) -> None:
    async def run() -> None:
        publisher = Publisher(Liar(payload), "SIM")
        pad = XfsPinPad(publisher.url, dial=publisher.dial)
        assert isinstance(await pad.status(), Status)
        for act in (
            pad.enter_pin(NUMBER, "iso0", lambda _: None, 1),
            pad.enter_digits(lambda _: None, 1),
            pad.mac(b"x"),
            pad.import_key("TPK", bytes(16), bytes(3)),
        ):
            with contextlib.suppress(DeviceError):
                await act
        await pad.close()
        await publisher.stop()

    asyncio.run(run())


@pytest.mark.parametrize("url", ["", "nonsense", "xfs:", "ws:", "serial:/dev/ttyS0", "http://127.0.0.1:5846"])
def test_an_address_that_is_no_service_is_refused_before_anything_is_tried(url: str) -> None:
    with pytest.raises(ValueError, match="a service is"):
        XfsPinPad(url)
