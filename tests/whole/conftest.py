"""One branch and one terminal for all tests here that leave both as they found them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from drivers.sim.pcscd import PcscDaemon
from kiosk.demo.parts import Parts, running
from tests.whole.rig import Terminal, terminal

QUICK = {"idle": 4.0, "warning": 2.0, "take": 2.0, "device": 15.0, "pin": 15.0}
"""Seconds; a person's patience is ten times as long."""
SCREEN = {"fullscreen": False, "still": True}
Story = Callable[[Terminal], Awaitable[None]]


class Rig:
    """Parts that stay, and a terminal that is started anew after a test that left it in mid-visit."""

    def __init__(self, folder: Path) -> None:
        self._runner, self._stack = asyncio.Runner(), AsyncExitStack()
        self._parts: Parts = self._runner.run(
            self._stack.enter_async_context(running(folder, pcscd=False, screen=SCREEN, patience=QUICK))
        )
        self._shelf = AsyncExitStack()
        self._terminal: Terminal | None = None

    def run(self, story: Story) -> None:
        """Let a story happen; it begins and ends at the attract screen."""
        self._runner.run(self._run(story))

    async def _run(self, story: Story) -> None:
        at = self._terminal or await self.again()
        try:
            await story(at)
            await (self._terminal or at).sees("attract")
        except BaseException:
            self._terminal = None
            await self._shelf.aclose()
            raise

    async def again(self) -> Terminal:
        """Take the terminal down, if one runs, and start it anew."""
        self._terminal = None
        await self._shelf.aclose()
        await self._settle_devices()
        self._terminal = await self._shelf.enter_async_context(terminal(self._parts))
        return self._terminal

    async def _settle_devices(self) -> None:
        bench = self._parts.bench
        for device, verb in (
            ("card-reader", "pull"), ("id-reader", "lift"), ("printer", "take"), ("panel", "hang"), ("panel", "pull"),
        ):  # fmt: skip
            try:
                await bench.act(device, verb)
            except ValueError:
                continue

    def close(self) -> None:
        self._runner.run(self._shelf.aclose())
        self._runner.run(self._stack.aclose())
        self._runner.close()


@pytest.fixture(scope="session")
def _rig(tmp_path_factory: pytest.TempPathFactory, pcscd: PcscDaemon) -> Iterator[Rig]:
    assert pcscd
    rig = Rig(tmp_path_factory.mktemp("whole") / "parts")
    yield rig
    rig.close()


@pytest.fixture
def rig(_rig: Rig) -> Rig:
    """The shared rig, for a test that takes the terminal down."""
    return _rig


@pytest.fixture
def play(_rig: Rig) -> Callable[[Story], None]:
    """Run a story at the shared terminal."""
    return _rig.run
