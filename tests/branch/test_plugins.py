"""What a bank chooses: its own parts behind the branch, how its pads are keyed; and nothing for tests in production."""

import asyncio
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from branch import plugins
from branch.__main__ import main
from branch.bank.hsm import HsmRefused, Scheme
from branch.build import load_secrets, open_branch, open_database, test_hsm as own_hsm
from branch.plugins import Given
from branch.settings import BadConfig, load
from branch.terminal.context import Branch
from drivers.pinpad import XfsPinPad
from drivers.sim.pinpad import PinPadFarEnd
from protocol.mask import Pan, PinBlock

NUMBER = Pan("6229991234567890123")
PARTS = """
from branch.bank.hsm import MemoryKeyStore, TestHsm

class Vendor:
    def __init__(self, given):
        self.given = given
    def working_keys(self, terminal): raise NotImplementedError
    def verify_pin(self, terminal, number, block, verifier): return True
    def change_pin(self, terminal, number, blocks, verifier, told): raise NotImplementedError
    def verify_mac(self, terminal, data, mac): return False

class Chips:
    def __init__(self, given): pass
    def verify(self, pan, sequence, field55, amount): return False
    def verify_tc(self, pan, sequence, field55, amount): return False
    def answer(self, pan, sequence, field55, *, approve=True): return ""
    def transaction_of(self, field55): return ""

class Messages:
    def __init__(self, given): pass
    def send(self, phone, code, why, language): pass
    def tell(self, phone, what, language): pass

class Half:
    def __init__(self, given): pass
    def send(self, phone, code, why, language): pass

class Bills:
    def __init__(self, given): pass
    def regions(self): return []
    def catalogue(self, region): return []
    def find(self, biller): return None
    def collects(self, account): return False
    def due(self, biller, number): raise NotImplementedError
    def notify(self, key, notice): raise NotImplementedError
    def state(self, biller, key): raise NotImplementedError
    def withdraw(self, biller, key): raise NotImplementedError

def breaks(given): raise RuntimeError("no slot")
def sly(given): return TestHsm(MemoryKeyStore(), bytes(32))
number = 7
"""
OWN = {
    "hsm": "bank_parts:Vendor",
    "issuer": "bank_parts:Chips",
    "codes": "bank_parts:Messages",
    "billers": "bank_parts:Bills",
    "clearing": "none",
}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A branch that is set up, with a bank's own module on the path."""
    (tmp_path / "bank_parts.py").write_text(PARTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["init", "--state", str(tmp_path / "state")]) == 0
    return tmp_path / "state"


def changed(state: Path, *changes: tuple[str, str]) -> Path:
    file = state / "branch.toml"
    text = file.read_text()
    for was, now in changes:
        assert was in text
        text = text.replace(was, now)
    file.write_text(text)
    return file


def chosen(**parts: str) -> list[tuple[str, str]]:
    return [(f'{port} = "{plugins.OWN[port]}"', f'{port} = "{name}"') for port, name in parts.items()]


def opened(file: Path) -> Branch:
    return open_branch(load(file))


def test_each_part_can_be_the_banks_own_and_is_given_what_it_needs(state: Path) -> None:
    file = changed(state, *chosen(**OWN), ('mac = "tdes"', 'mac = "sm4"'))
    branch = opened(file)
    names = [
        type(part).__name__ for part in (branch.hsm, branch.issuer, branch.sender, branch.billers, branch.clearing)
    ]
    assert names == ["Vendor", "Chips", "Messages", "Bills", "NoClearing"]
    given = vars(branch.hsm)["given"]
    assert isinstance(given, Given)
    assert (given.state, given.scheme.mac, given.bank) == (state.resolve(), "TAKSM4", "Demo Bank")
    given.store.put("vendor/1", b"opaque")
    assert given.store.get("vendor/1") == b"opaque"


def test_an_installed_package_declares_its_part_by_name(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def declared(group: str) -> dict[str, EntryPoint]:
        return {"vendor": EntryPoint("vendor", "bank_parts:Vendor", group)} if group == "branch.hsm" else {}

    monkeypatch.setattr(plugins, "entry_points", declared)
    assert type(opened(changed(state, *chosen(hsm="vendor"))).hsm).__name__ == "Vendor"


@pytest.mark.parametrize(
    ("port", "name", "says", "remedy"),
    [
        ("hsm", "no_such_module:Vendor", "cannot be loaded (ModuleNotFoundError", "PYTHONPATH"),
        ("hsm", "bank_parts:Nothing", "the module bank_parts has no Nothing", "MODULE:FACTORY"),
        ("issuer", "nobody", "no package declares nobody in branch.issuer", "entry point"),
        ("issuer", "bank_parts:breaks", "could not be made (RuntimeError: no slot)", "own configuration"),
        ("codes", "bank_parts:Half", "which is no CodeSender", "branch.bank.codes.CodeSender"),
        ("codes", "bank_parts:number", "is no factory", "function or class"),
    ],
)
def test_a_part_that_cannot_stand_there_is_named_with_file_line_and_remedy(
    state: Path, port: str, name: str, says: str, remedy: str
) -> None:
    file = changed(state, *chosen(**{port: name}))
    with pytest.raises(BadConfig) as why:
        opened(file)
    line = next(number for number, text in enumerate(file.read_text().splitlines(), 1) if name in text)
    assert str(why.value).startswith(f"{file}:{line}: ")
    assert says in str(why.value)
    assert remedy in str(why.value)


PRODUCTION = [
    ("production = false", "production = true"),
    ('url = "reference"', 'url = "https://core.example"'),
    ("# token_file", "token_file"),
]


@pytest.mark.parametrize("left", plugins.OWN)
def test_in_production_nothing_that_is_for_tests_starts(
    state: Path, left: str, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {port: name for port, name in OWN.items() if port != left}
    file = changed(state, *chosen(**own), *PRODUCTION)
    assert main(["serve", "--config", str(file)]) == 2
    said = capsys.readouterr().err
    assert f"the {left} for tests must not serve real customers" in said
    line = next(number for number, text in enumerate(file.read_text().splitlines(), 1) if text.startswith(f"{left} ="))
    assert said.startswith(f"{file}:{line}: ")


def test_in_production_the_reference_ledger_does_not_start_nor_are_demo_people_made(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = changed(state, *chosen(**OWN), PRODUCTION[0])
    assert main(["serve", "--config", str(file)]) == 2
    assert "the reference ledger is no bank's books" in capsys.readouterr().err
    assert main(["seed", "--config", str(file)]) == 2
    assert main(["terminal", "add", "VTM001", "--tmk-out", str(state / "keys"), "--config", str(file)]) == 2
    assert not (state / "keys").exists()


def test_in_production_a_part_that_is_the_test_one_in_disguise_is_found(state: Path) -> None:
    token = state / "core.token"
    changes = [*PRODUCTION[:2], ('# token_file = "/etc/branch/core.token"', f'token_file = "{token}"')]
    file = changed(state, *chosen(**{**OWN, "hsm": "bank_parts:sly"}), *changes)
    with pytest.raises(BadConfig, match="made a TestHsm, which is for tests"):
        opened(file)


def test_in_production_a_banks_own_parts_start(state: Path) -> None:
    changes = [*PRODUCTION[:2], ('# token_file = "/etc/branch/core.token"', f'token_file = "{state / "core.token"}"')]
    assert opened(changed(state, *chosen(**OWN), *changes)).bank == "Demo Bank"


SCHEMES = {
    "as it comes": ([], ("iso0", "iso3", "iso4")),
    "key blocks": ([('wrapping = "ecb"', 'wrapping = "tr31"')], ("iso0", "iso3", "iso4")),
    "dukpt": ([('wrapping = "ecb"', 'wrapping = "tr31"'), ('pins = "session"', 'pins = "dukpt"')], ("iso0", "iso4")),
    "sm4": ([('mac = "tdes"', 'mac = "sm4"')], ("iso0", "iso4")),
    "sm4 and dukpt": (
        [('wrapping = "ecb"', 'wrapping = "tr31"'), ('pins = "session"', 'pins = "dukpt"'), ('"tdes"', '"sm4"')],
        ("iso3", "iso4"),
    ),
    "aes alone": ([('["iso0", "iso3", "iso4"]', '["iso4"]')], ("iso4",)),
}


@pytest.mark.parametrize("which", SCHEMES)
def test_pad_and_module_agree_under_whatever_scheme_the_file_chooses(state: Path, which: str) -> None:
    changes, formats = SCHEMES[which]
    file = changed(state, *changes)
    settings = load(file)
    branch = open_branch(settings)
    held = load_secrets(state)
    masters = own_hsm(settings, open_database(settings), held).master_keys("T1")

    async def story() -> None:
        far = PinPadFarEnd(masters.tdes, masters.aes, tmk_sm4=masters.sm4)
        pad = XfsPinPad(far.url, dial=far.dial)
        for key in branch.hsm.working_keys("T1").keys:
            await pad.import_key(key.name, bytes.fromhex(key.cryptogram), bytes.fromhex(key.kcv), key.wrapping)
        verifier = own_hsm(settings, open_database(settings), held).make_pin_verifier("135790")
        for kind in formats:
            block = await _typed(far, pad, kind)
            assert branch.hsm.verify_pin("T1", NUMBER.digits, block, verifier), kind
        assert branch.hsm.verify_mac("T1", b"order", await pad.mac(b"order"))
        assert not branch.hsm.verify_mac("T1", b"other", await pad.mac(b"order"))
        await pad.close()
        await far.stop()

    asyncio.run(story())


async def _typed(far: PinPadFarEnd, pad: XfsPinPad, format: str) -> PinBlock:
    task = asyncio.create_task(pad.enter_pin(NUMBER, format, lambda _: None, 10))
    await far.asked(5)
    for key in "135790":
        await far.act("key", key)
    await far.act("key", "enter")
    return await task


def test_a_format_that_the_bank_does_not_open_is_refused_and_no_key_for_it_goes_out(state: Path) -> None:
    branch = opened(changed(state, ('["iso0", "iso3", "iso4"]', '["iso4"]')))
    assert [key.name for key in branch.hsm.working_keys("T1").keys] == ["TAK", "TPKAES"]
    with pytest.raises(HsmRefused, match="iso0"):
        branch.hsm.verify_pin("T1", NUMBER.digits, PinBlock(bytes(8), "iso0"), "00:00")


@pytest.mark.parametrize(
    ("was", "now", "says"),
    [
        ('wrapping = "ecb"', 'wrapping = "zip"', "wrapping has no 'zip'; use ecb, tr31"),
        ('pins = "session"', 'pins = "never"', "pins has no 'never'; use session, dukpt"),
        ('mac = "tdes"', 'mac = "none"', "mac has no 'none'; use tdes, sm4"),
        ('["iso0", "iso3", "iso4"]', '["iso0", "iso9"]', "use iso0, iso3, iso4"),
        ('["iso0", "iso3", "iso4"]', "[]", "use iso0, iso3, iso4"),
        ('pins = "session"', 'pins = "dukpt"', 'write wrapping = "tr31" with "dukpt"'),
    ],
)
def test_a_scheme_that_there_is_not_is_named_with_file_line_and_remedy(
    state: Path, was: str, now: str, says: str
) -> None:
    file = changed(state, (was, now))
    with pytest.raises(BadConfig) as why:
        load(file)
    assert says in str(why.value)
    assert str(why.value).startswith(f"{file}:")


def test_the_scheme_of_a_file_that_says_nothing_is_the_usual_one(tmp_path: Path) -> None:
    file = tmp_path / "branch.toml"
    file.write_text(f'[branch]\nstate = "{tmp_path}"\n')
    assert load(file).scheme == Scheme()
