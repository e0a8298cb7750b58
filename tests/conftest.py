"""The real PC/SC daemon with vsmartcard's virtual readers, for a whole test session."""

from collections.abc import Iterator

import pytest

from drivers.sim.pcscd import PcscDaemon

DAEMON = PcscDaemon(patience=110)


@pytest.fixture(scope="session")
def pcscd() -> Iterator[PcscDaemon]:
    """A daemon that nobody else on this machine uses meanwhile."""
    DAEMON.start()
    yield DAEMON
    DAEMON.stop()
