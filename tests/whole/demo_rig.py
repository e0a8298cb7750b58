"""The demo as a program of its own, and every process that it starts."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60.0
"""Seconds that the demo gets to start, and to end."""
Alive = frozenset[tuple[int, str]]
"""Processes by number and time of birth, because numbers are used again."""


@asynccontextmanager
async def demo(out: Path, *words: str, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The demo beside a PC/SC daemon that it did not start; `more` goes into its environment."""
    hidden = ("KIVY_", "KIOSK_", "SDL_", "HEADLESS", "DISPLAY", "WAYLAND_DISPLAY", "DEMO")
    env = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kiosk.demo", "--out", str(out), "--no-pcscd", *words,
        cwd=ROOT, env=env | more, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(PATIENCE):
            await process.wait()


async def said(process: asyncio.subprocess.Process, words: str) -> str:
    """The first line that it prints with these words in it."""
    assert process.stdout
    async with asyncio.timeout(PATIENCE):
        async for line in process.stdout:
            if words in line.decode():
                return line.decode()
    raise AssertionError(f"it never said {words!r}")


async def ended(process: asyncio.subprocess.Process, parts: Alive = frozenset()) -> str:
    """Wait for its end and answer what it said last; nothing that it started outlives it."""
    async with asyncio.timeout(PATIENCE):
        rest, _ = await process.communicate()
    assert not {(pid, since) for pid, since in parts if (now := _born(pid)) and now[0] == since}
    return rest.decode()


def _born(pid: int) -> tuple[str, int] | None:
    """When a process was born, and its parent; None when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else (fields[19], int(fields[1]))


def below(root: int) -> Alive:
    """Every process that descends from this one."""
    everyone = {int(path.name): _born(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()}
    found: set[tuple[int, str]] = set()
    above = {root}
    while above:
        children = {pid: born for pid, born in everyone.items() if born and born[1] in above}
        found |= {(pid, born[0]) for pid, born in children.items()}
        above = set(children)
    return frozenset(found)


def named(root: int, words: str) -> int:
    """The process below this one whose command line has these words."""
    for pid, _ in below(root):
        if words in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "):
            return pid
    raise LookupError(words)
