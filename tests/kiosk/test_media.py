"""The media process: frames for several readers, eyes that shut, a life after death."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from drivers.api import Frame, Offline
from drivers.sim.camera import CameraFarEnd
from kiosk.media.client import MediaProcess
from kiosk.media.frames import FrameReader, FrameWriter

WIDE, HIGH = 64, 48


def picture(number: int) -> Frame:
    return Frame(number, float(number), WIDE, HIGH, bytes([number % 256]) * (WIDE * HIGH * 3))


def hammer(path: str, rounds: int) -> None:
    writer = FrameWriter(Path(path), WIDE * HIGH * 3)
    for number in range(rounds):
        writer.write(picture(number))
    os._exit(0)  # dies without a goodbye: the file stays for the reader


def test_a_reader_never_sees_a_torn_picture(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    child = multiprocessing.get_context("spawn").Process(target=hammer, args=(str(path), 20_000))
    child.start()
    seen = set()
    while child.is_alive() or not seen:
        if not path.exists() or path.stat().st_size == 0:
            continue
        try:
            reader = FrameReader(path)
        except ValueError:
            continue
        for _ in range(500):
            if (frame := reader.newest()) is not None:
                assert set(frame.rgb) == {frame.number % 256}
                seen.add(frame.number)
        reader.close()
    child.join(20)
    assert len(seen) > 1


def test_two_readers_see_the_same_and_one_that_leaves_takes_nothing_with_it(tmp_path: Path) -> None:
    writer = FrameWriter(tmp_path / "frames", WIDE * HIGH * 3)
    one, two = FrameReader(tmp_path / "frames"), FrameReader(tmp_path / "frames")
    assert one.newest() is None
    writer.write(picture(7))
    assert one.newest() == two.newest() == picture(7)
    one.close()
    writer.write(picture(8))
    assert two.newest() == picture(8)
    writer.wipe()
    assert two.newest() is None
    assert bytes([8]) * WIDE not in (tmp_path / "frames").read_bytes()
    writer.close()
    assert not (tmp_path / "frames").exists()


def test_a_picture_larger_than_a_slot_is_refused(tmp_path: Path) -> None:
    writer = FrameWriter(tmp_path / "frames", 100)
    with pytest.raises(ValueError, match="does not fit"):
        writer.write(picture(1))
    writer.close()


def media(folder: Path, story: Callable[[MediaProcess, CameraFarEnd], Awaitable[None]]) -> None:
    async def whole() -> None:
        far = CameraFarEnd(folder, size=(160, 120), seconds=2)
        process = MediaProcess(await far.start(), folder)
        running = asyncio.ensure_future(process.run())
        try:
            await story(process, far)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await far.stop()

    asyncio.run(whole())
    assert not list(folder.glob("kiosk-media-*")), "the frames outlived the process"


def test_blind_is_acknowledged_and_nothing_is_seen_until_it_sees_again(tmp_path: Path) -> None:
    async def story(process: MediaProcess, far: CameraFarEnd) -> None:
        assert (await process.frame(20)).width == 160
        assert await process.blind()
        assert process._newest() is None
        with pytest.raises(Offline):
            await process.frame(0.5)
        await process.see()
        assert (await process.frame(10)).width == 160

    media(tmp_path, story)


def test_a_killed_process_counts_as_blind_and_comes_back_blind_until_told_to_see(tmp_path: Path) -> None:
    async def story(process: MediaProcess, far: CameraFarEnd) -> None:
        await process.frame(20)
        assert process._process
        os.kill(process._process.pid, signal.SIGKILL)
        assert await process.blind()
        with pytest.raises(Offline):
            await process.frame(3)
        assert process.deaths == 1
        await process.see()
        assert (await process.frame(20)).width == 160

    media(tmp_path, story)


def test_a_camera_unplugged_and_plugged_in_again_is_found_again(tmp_path: Path) -> None:
    async def story(process: MediaProcess, far: CameraFarEnd) -> None:
        await process.frame(20)
        await far.set_fault("unplugged")
        with pytest.raises(Offline):  # noqa: PT012  the picture being taken at that moment may still come
            for _ in range(50):
                await process.frame(0.5)
        await far.set_fault("")
        assert (await process.frame(20)).width == 160

    media(tmp_path, story)
