"""The media process: frames for several readers, eyes that shut, a life after death."""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.api import Frame, Health, Offline
from drivers.camera import OpenCvCamera
from drivers.sim.camera import CameraFarEnd
from kiosk.media.__main__ import Media
from kiosk.media.client import MediaProcess
from kiosk.media.frames import FrameReader, FrameWriter, wipe_left

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


def look_on(path: str, seen: str) -> None:
    """Note the newest picture's number whenever it changes, until there is none any more."""
    reader, last = FrameReader(Path(path)), -1
    while (frame := reader.newest()) is not None or last < 0:
        if frame is not None and frame.number != last:
            assert set(frame.rgb) == {frame.number % 256}
            last = frame.number
            Path(seen).write_text(str(last))


def test_readers_in_other_processes_follow_the_writer_and_none_disturbs_another(tmp_path: Path) -> None:
    writer, path = FrameWriter(tmp_path / "frames", WIDE * HIGH * 3), str(tmp_path / "frames")
    spawn = multiprocessing.get_context("spawn")
    seen = [tmp_path / f"seen-{number}" for number in range(3)]
    readers = [spawn.Process(target=look_on, args=(path, str(one))) for one in seen]
    for reader in readers:
        reader.start()
    for number in range(1, 3_000_000):
        writer.write(picture(number))
        if number == 100:
            readers[0].kill()
        if all(one.exists() and int(one.read_text() or 0) > 50 for one in seen[1:]):
            break
    writer.close()
    for reader in readers:
        reader.join(20)
    assert [reader.exitcode for reader in readers] == [-signal.SIGKILL, 0, 0]


def test_a_writer_that_died_leaves_no_picture_to_those_who_still_have_its_file(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    writer = FrameWriter(path, WIDE * HIGH * 3)
    writer.write(picture(7))
    reader, second = FrameReader(path), path.open("rb")
    wipe_left(path)
    wipe_left(path)
    assert reader.newest() is None
    assert bytes([7]) * WIDE not in second.read()
    assert not path.exists()
    second.close()


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


def test_a_process_that_dies_again_and_again_comes_back_while_its_pictures_are_read(tmp_path: Path) -> None:
    async def story(process: MediaProcess, far: CameraFarEnd) -> None:
        for _ in range(2):
            before = process.deaths
            await process.frame(20)
            reading = asyncio.ensure_future(process.frame(30))
            assert process._process
            os.kill(process._process.pid, signal.SIGKILL)
            assert (await reading).width == 160
            await dead(process, before + 1)
        assert (await process.status()).health is Health.OK
        assert await process.blind()
        assert process._newest() is None

    media(tmp_path, story)


async def dead(process: MediaProcess, times: int) -> None:
    await until(lambda: process.deaths >= times)
    assert (await process.frame(20)).width == 160


async def until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")


def test_a_process_that_is_still_starting_is_let_start_whoever_asks_how_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.media.client.ANSWER", 0.01)

    async def story(process: MediaProcess, far: CameraFarEnd) -> None:
        await until(lambda: process._process is not None)
        status = await process.status()
        assert (status.health, "starting" in status.detail, status.why is not None) == (Health.OFFLINE, True, True)
        assert (await process.frame(30)).width == 160
        assert process.deaths == 0

    media(tmp_path, story)


@pytest.mark.parametrize("last", ["blind", "see"])
def test_eyes_that_are_shut_or_opened_while_it_is_being_born_end_as_they_were_told_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    monkeypatch.setattr("kiosk.media.client.AGAIN", (0.01,))

    async def story(process: MediaProcess, far: CameraFarEnd) -> None:
        await asyncio.sleep(0)  # it is being born, with open eyes
        assert await process.blind()
        if last == "see":
            await process.see()
            assert (await process.frame(30)).width == 160
            return
        await until(lambda: process._process is not None and process.deaths > 0)
        await until(process._path.exists)
        assert (await asked(process))["blind"] is True
        assert FrameReader(process._path).newest() is None

    media(tmp_path, story)


async def asked(process: MediaProcess) -> dict[str, object]:
    """The child's own word, as soon as it has one."""
    for _ in range(20):
        try:
            return await process._ask("status")
        except Offline:
            continue
    raise AssertionError("it never answered")


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next_one(tmp_path: Path) -> None:
    """A PIN entry given up while the eyes were being shut, and then another one."""

    async def story(process: MediaProcess, far: CameraFarEnd) -> None:
        await process.frame(20)
        for _ in range(3):
            given_up = asyncio.ensure_future(process.blind())
            await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)
            await process.see()
            assert await process.blind()
            assert (await process._ask("status"))["blind"] is True
        await process.see()
        assert (await process.frame(10)).width == 160
        assert process.deaths == 0

    media(tmp_path, story)


def test_a_machine_without_room_for_a_process_gets_one_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.media.client.AGAIN", (0.01,))
    begin, refusals = asyncio.create_subprocess_exec, iter([OSError(12, "no memory")] * 2)

    async def sometimes(*words: str, **how: Any) -> asyncio.subprocess.Process:
        if (why := next(refusals, None)) is not None:
            raise why
        return await begin(*words, **how)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", sometimes)

    async def story(process: MediaProcess, far: CameraFarEnd) -> None:
        assert (await process.frame(30)).width == 160
        assert process.deaths == 2

    media(tmp_path, story)


def test_a_frozen_process_is_killed_rather_than_believed_to_be_blind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(process: MediaProcess, far: CameraFarEnd) -> None:
        await process.frame(20)
        assert process._process
        assert (await process.status()).health is Health.OK
        monkeypatch.setattr("kiosk.media.client.ANSWER", 0.2)
        frozen = process._process
        os.kill(frozen.pid, signal.SIGSTOP)
        assert await process.blind()
        assert frozen.returncode == -signal.SIGKILL
        assert not process._path.exists()

    media(tmp_path, story)


def test_a_process_whose_owner_died_without_a_word_ends_by_itself_and_leaves_nothing_in_memory(tmp_path: Path) -> None:
    home = tmp_path / "kiosk-media-x"
    home.mkdir()
    words = [sys.executable, "-m", "kiosk.media", "file:/no-such-film", str(home / "frames"), "see"]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert child.stdin
    assert child.stdout
    assert b"ready" in child.stdout.readline()
    assert (home / "frames").exists()
    child.stdin.close()
    assert child.wait(20) == 0
    child.stdout.close()
    assert not home.exists()


def test_a_picture_larger_than_a_slot_is_said_in_the_status_and_filming_goes_on(tmp_path: Path) -> None:
    async def run() -> None:
        far = CameraFarEnd(tmp_path, size=(160, 120), seconds=1)
        camera = OpenCvCamera(await far.start())
        writer = FrameWriter(tmp_path / "frames", 100)
        filming = Media(camera, writer)
        task = asyncio.ensure_future(filming.film())
        said: dict[str, object] = {}
        for _ in range(100):
            said = await filming.obey("status")
            if said["health"] == "degraded":
                break
        assert "set width and height" in str(said["detail"])
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await camera.close()
        await far.stop()
        writer.close()

    asyncio.run(run())


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
