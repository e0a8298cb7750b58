"""A child process that ends with the block it is used in, also when that is cancelled while the process starts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def child(*words: str, stdin: int, stdout: int, stderr: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the program; OSError when it does not. It is killed at the end of the block if it still runs."""
    starting = asyncio.ensure_future(asyncio.create_subprocess_exec(*words, stdin=stdin, stdout=stdout, stderr=stderr))
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            await _ended(await starting)
        raise
    try:
        yield process
    finally:
        await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()
