"""The far ends in a process of their own, once for each module that asks for them."""

from collections.abc import Iterator

import pytest

from drivers.sim.pcscd import PcscDaemon
from drivers.wire import RENDEZVOUS
from tests.kiosk.device_rig import Rig, start, stop


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, pcscd: PcscDaemon) -> Iterator[Rig]:
    """All of them, with a real daemon behind the card reader."""
    rig = start(tmp_path_factory.mktemp("sim"))
    yield rig
    stop(rig)


@pytest.fixture
def rig(running: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """The same, mended after each test, and found by name."""
    monkeypatch.setenv(RENDEZVOUS, str(running.state / "sim.json"))
    yield running
    running.mend()
