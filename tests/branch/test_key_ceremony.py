"""The key ceremony: what the branch writes for a new terminal's pad is what the pad's far end reads."""

from pathlib import Path

import pytest

from branch.__main__ import main
from drivers.sim.__main__ import pad_keys


def test_the_branchs_pad_keys_open_in_the_pad_and_nobody_else_may_read_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, out = tmp_path / "branch", tmp_path / "pad.json"
    assert main(["init", "--state", str(state)]) == 0
    config = ["--config", str(state / "branch.toml")]
    assert main(["terminal", "add", "VTM001", "--tmk-out", str(out), *config]) == 0
    tdes, aes, sm4 = pad_keys(out)
    assert sm4 == b"", "the scheme wants none"
    assert (len(tdes) in {16, 24}, len(aes) in {16, 24, 32}) == (True, True)
    assert out.stat().st_mode & 0o077 == 0
    assert tdes.hex() not in capsys.readouterr().out
