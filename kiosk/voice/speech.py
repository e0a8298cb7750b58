"""Text to sound: a child process that reads a sentence from its input and writes a WAV to its output.

The default is espeak-ng; any program that does the same can take its place in `[voice] command`. The sentence goes
through a pipe and not through the command line, which other programs of the machine could read.
"""

import asyncio
import contextlib
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from drivers.api import Clip
from drivers.audio import LONGEST, NotWav, unwav
from drivers.child import child

COMMAND = "espeak-ng -v {voice} -s 150 -b 1 --stdin --stdout"
VOICES = {"zh": "cmn-latn-pinyin", "en": "en-gb", "ar": "ar"}
"""Language -> the default program's voice. Its plain `cmn` says its own pinyin as English words."""
PATIENCE = 8.0
"""Seconds that a sentence may take to be made."""
LETTERS = 1000
"""Of one sentence; more is no sentence."""


class SpeechFailed(Exception):
    """No sound for this sentence; the visit goes on without it."""


class Speech(Protocol):
    """Makes sentences heard."""

    async def say(self, text: str, language: str) -> Clip:
        """The sentence as sound; SpeechFailed when there is none in time."""
        ...


@dataclass(frozen=True)
class CommandSpeech:
    """`Speech` by a program of the machine, one process a sentence."""

    command: str = COMMAND
    """With `{voice}` where the voice's name belongs."""
    voices: Mapping[str, str] = field(default_factory=lambda: dict(VOICES))
    patience: float = PATIENCE

    async def say(self, text: str, language: str) -> Clip:
        words = [word.replace("{voice}", self.voices[language]) for word in shlex.split(self.command)]
        pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            async with asyncio.timeout(self.patience), child(*words, stdin=pipe, stdout=pipe, stderr=null) as process:
                made = await _answer(process, text[:LETTERS].encode())
        except TimeoutError as why:
            raise SpeechFailed(f"{words[0]} took more than {self.patience:g} s") from why
        except OSError as why:
            raise SpeechFailed(f"{words[0]} does not start: {why.strerror}") from why
        try:
            return replace(unwav(made), text=text)
        except NotWav as why:
            raise SpeechFailed(f"{words[0]} made no sound: {why}") from why


async def _answer(process: asyncio.subprocess.Process, text: bytes) -> bytes:
    """Write the sentence and read the sound, of which there is an end."""
    assert process.stdin is not None  # noqa: S101  it was made with pipes
    assert process.stdout is not None  # noqa: S101
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has ended already; what it wrote tells
        process.stdin.write(text)
        await process.stdin.drain()
    process.stdin.close()
    made = bytearray()
    while part := await process.stdout.read(65536):
        made += part
        if len(made) > LONGEST:
            raise SpeechFailed("a sound without end")
    await process.wait()
    return bytes(made)
