"""Sound through a wire and through a child process, and what happens when either fails."""

import asyncio
import contextlib
import os
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from drivers.api import Clip, DeviceError, Faulty, Garbled, Health, Offline, Outlet, TooLate
from drivers.audio import AudioOut, NotWav, unwav, wav
from drivers.sim.sound import SoundFarEnd

TONE = Clip(b"\x00\x20\x00\xe0" * 2205, 22050, "您好 hello")


@contextlib.asynccontextmanager
async def speaker(folder: Path, *, paced: bool = False) -> AsyncIterator[tuple[SoundFarEnd, AudioOut]]:
    far = SoundFarEnd("headset", folder, paced=paced)
    out = AudioOut(await far.start())
    try:
        yield far, out
    finally:
        await out.close()
        await far.stop()


def test_a_wav_is_what_it_was_packed_from_and_what_others_read(tmp_path: Path) -> None:
    assert unwav(wav(TONE)) == TONE
    (tmp_path / "tone.wav").write_bytes(wav(TONE))
    with wave.open(str(tmp_path / "tone.wav")) as read:
        assert (read.getnchannels(), read.getsampwidth(), read.getframerate()) == (1, 2, 22050)
        assert read.readframes(10_000) == TONE.pcm


def test_a_wav_written_into_a_pipe_claims_more_than_there_is_and_is_read_all_the_same() -> None:
    """Espeak-ng cannot know the length of what it has only begun to write."""
    data = bytearray(wav(Clip(TONE.pcm, 22050)))
    at = data.index(b"data") + 4
    data[at : at + 4] = b"\xff\xff\xff\x7f"
    assert unwav(bytes(data)).pcm == TONE.pcm


@pytest.mark.parametrize(
    "data",
    [b"", b"RIFF", b"no sound at all", wav(TONE)[:30], wav(TONE).replace(b"\x01\x00\x01\x00", b"\x01\x00\x02\x00")],
)
def test_what_is_no_wav_is_refused(data: bytes) -> None:
    with pytest.raises(NotWav):
        unwav(data)


def test_what_is_played_arrives_and_is_kept_with_what_it_says(tmp_path: Path) -> None:
    async def story() -> None:
        async with speaker(tmp_path) as (far, out):
            await out.play(TONE, Outlet.PRIVATE)
            await out.play(Clip(bytes(2000), 22050, "nothing"), Outlet.PRIVATE)
            heard, silent = far.state()["said"]
            assert (heard["text"], heard["silent"], silent["silent"]) == (TONE.text, False, True)
            assert unwav((tmp_path / heard["file"]).read_bytes()) == TONE

    asyncio.run(story())


def test_it_says_that_it_is_simulated_and_when_it_is_away(tmp_path: Path) -> None:
    async def story() -> None:
        async with speaker(tmp_path) as (far, out):
            assert (await out.status()).simulated
            await far.set_fault("unplugged")
            status = await out.status()
            assert (status.health, status.simulated) == (Health.OFFLINE, False)
            await far.set_fault("")
            assert (await out.status()).health is Health.OK

    asyncio.run(story())


@pytest.mark.parametrize(("fault", "error"), [("unplugged", Offline), ("deaf", Offline), ("garbled", Garbled)])
def test_a_faulty_outlet_is_told_and_the_next_sound_is_played_again(
    tmp_path: Path, fault: str, error: type[DeviceError]
) -> None:
    async def story() -> None:
        async with speaker(tmp_path) as (far, out):
            await far.set_fault(fault)
            with pytest.raises(error):
                await out.play(TONE, Outlet.PRIVATE)
            await far.set_fault("")
            await out.play(TONE, Outlet.PRIVATE)
            assert far.state()["says"] == TONE.text

    asyncio.run(story())


def test_an_outlet_that_is_not_there_is_no_other_outlet(tmp_path: Path) -> None:
    """What is for one pair of ears must not come out of the loudspeaker instead."""

    async def story() -> None:
        far = SoundFarEnd("speaker", tmp_path)
        out = AudioOut("", await far.start())
        assert (out.has(Outlet.PRIVATE), out.has(Outlet.PUBLIC)) == (False, True)
        with pytest.raises(Faulty):
            await out.play(TONE, Outlet.PRIVATE)
        assert not far.state()["said"]
        await far.stop()

    asyncio.run(story())


@pytest.mark.parametrize("url", ["alsa:", "serial:", "sound", "tcp:nowhere"])
def test_an_address_that_is_none_is_refused_before_anything_is_played(url: str) -> None:
    with pytest.raises(ValueError, match=":"):
        AudioOut(url)


def test_aplay_plays_every_sample_on_the_device_that_is_named(tmp_path: Path) -> None:
    """ALSA's own `file` plug-in stands for the sound card and writes down what it was given."""
    played = tmp_path / "played.raw"
    rules = tmp_path / "asound.conf"
    rules.write_text(
        f'</usr/share/alsa/alsa.conf>\npcm.ear {{ type file slave.pcm {{ type null }} file "{played}" format raw }}\n'
    )

    async def story() -> None:
        await AudioOut("alsa:plug:ear").play(TONE, Outlet.PRIVATE)
        with pytest.raises(Offline, match="nobody"):
            await AudioOut("alsa:nobody").play(TONE, Outlet.PRIVATE)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALSA_CONFIG_PATH", str(rules))
        asyncio.run(story())
    assert TONE.pcm[:4] in played.read_bytes()
    assert len(played.read_bytes()) >= len(TONE.pcm)


def test_without_aplay_it_says_what_to_install(tmp_path: Path) -> None:
    async def story() -> None:
        with pytest.raises(Offline) as why:
            await AudioOut("alsa:default").play(TONE, Outlet.PRIVATE)
        assert "alsa-utils" in why.value.remedy

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        asyncio.run(story())


def _number(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _lives(number: str) -> bool:
    return Path(f"/proc/{number}").exists()


def test_a_sound_that_is_cut_short_is_silence_at_once_and_leaves_no_process(tmp_path: Path) -> None:
    program = tmp_path / "aplay"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 62\n")
    program.chmod(0o755)

    async def story() -> None:
        playing = asyncio.ensure_future(AudioOut("alsa:default").play(TONE, Outlet.PRIVATE))
        while not (number := _number(tmp_path / "pid")):
            await asyncio.sleep(0.01)
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        assert not _lives(number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        asyncio.run(story())


def test_an_outlet_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def for_ever(far: SoundFarEnd, data: bytes) -> bytes:
        await asyncio.sleep(3600)
        return b""

    async def story() -> None:
        async with speaker(tmp_path) as (_, out):
            with pytest.raises(TooLate):
                await out.play(TONE, Outlet.PRIVATE)

    monkeypatch.setattr("drivers.audio.GRACE_S", 0.1)
    monkeypatch.setattr(SoundFarEnd, "_play", for_ever)
    asyncio.run(story())
