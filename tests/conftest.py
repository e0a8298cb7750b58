"""What a whole test session shares: the real PC/SC daemon with vsmartcard's virtual readers, and a real PostgreSQL."""

from collections.abc import Iterator

import pytest

from drivers.sim.pcscd import PcscDaemon
from tests.postgres import postgres

__all__ = ["pcscd", "postgres"]

DAEMON = PcscDaemon(patience=110)


@pytest.fixture(scope="session")
def pcscd() -> Iterator[PcscDaemon]:
    """A daemon that nobody else on this machine uses meanwhile."""
    DAEMON.start()
    yield DAEMON
    DAEMON.stop()
