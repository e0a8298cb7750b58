"""What the real terminal kept of a visit goes again the same way, on a clock that jumps, and holds nobody."""

import asyncio
import stat
import sys
from collections.abc import Awaitable, Callable

from branch import demo
from kiosk.store import listed
from tests.flows.memory import secrets_of
from tests.whole.rig import HERE, PIN, Terminal

Play = Callable[[Callable[[Terminal], Awaitable[None]]], None]


async def _replay(t: Terminal, *words: str) -> tuple[int, str]:
    """`kiosk replay`, beside the terminal that runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "kiosk", "replay", "--config", str(t.parts.folder / "terminal.toml"), *words,
        cwd=HERE.parent.parent, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def test_a_visit_at_the_real_terminal_goes_again_as_it_went(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.comes_in("en")
        await t.confirms("250")
        await t.touch("back")
        await t.sees("transfer.amount")
        await t.touch("language")
        await t.touch("language-ar")
        await t.touch("next")
        await t.on("transfer.confirm", "next")
        await t.on("transfer.done", "next")
        await t.on("receipt.how", "print")
        await t.sees("receipt.take")
        await t.parts.bench.act("printer", "take")
        await t.leaves()
        await t.sees("attract")
        path = t.parts.config.state / "visits.db"
        async with asyncio.timeout(10):
            while listed(path)[-1].ending is None:
                await asyncio.sleep(0.05)
        code, said = await _replay(t, listed(path)[-1].visit)
        assert code == 0, said
        assert "it ended: farewell" in said
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        kept = b"".join(one.read_bytes() for one in path.parent.glob("visits.db*"))
        texts, pieces = secrets_of(demo.LI_NA)
        found = [one for one in (*(text.encode() for text in texts), *pieces, PIN.encode()) if one in kept]
        assert found == []

    play(story)
