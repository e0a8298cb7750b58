"""An upright stage, or a lying one, and a hand before it."""

from collections.abc import Callable, Iterator

import pytest
from glass_booth import LYING, UPRIGHT, Booth

from kiosk.ui.tokens import Panel


@pytest.fixture(scope="session")
def _booths() -> Iterator[Callable[[Panel], Booth]]:
    now: dict[Panel, Booth] = {}

    def give(panel: Panel) -> Booth:
        if panel not in now:
            for other in list(now):
                now.pop(other).close()
            now[panel] = Booth(panel)
        return now[panel]

    yield give
    for booth in now.values():
        booth.close()


@pytest.fixture
def booth(_booths: Callable[[Panel], Booth]) -> Booth:
    """An upright stage, in its own language and letter size."""
    found = _booths(UPRIGHT)
    found.fresh()
    return found


@pytest.fixture(params=[UPRIGHT, LYING], ids=["upright", "lying"], scope="module")
def either(request: pytest.FixtureRequest, _booths: Callable[[Panel], Booth]) -> Booth:
    """An upright stage, then a lying one."""
    return _booths(request.param)
