"""The camera driver and a film at its far end."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from drivers.api import DeviceError, Frame, Garbled, Health, Offline
from drivers.camera import OpenCvCamera
from drivers.sim.camera import CameraFarEnd
from tests.drivers.rtsp_rig import WORD, NetworkCamera

Story = Callable[[CameraFarEnd, OpenCvCamera], Awaitable[None]]


def play(folder: Path, story: Story, query: str = "") -> None:
    """Run one story with a short, small film and its driver."""

    async def run() -> None:
        far = CameraFarEnd(folder, seconds=0.4, fps=20, size=(160, 120))
        camera = OpenCvCamera(await far.start() + query)
        try:
            await story(far, camera)
        finally:
            await camera.close()
            await far.stop()

    asyncio.run(run())


async def eventually(camera: OpenCvCamera) -> Frame:
    """A picture, once the camera has been found again."""
    return await camera.frame(10.0)


def test_pictures_are_numbered_rgb_and_newer_than_the_call(tmp_path: Path) -> None:
    async def story(far: CameraFarEnd, camera: OpenCvCamera) -> None:
        first = await camera.frame(5.0)
        asked = asyncio.get_running_loop().time()
        second = await camera.frame(5.0)
        assert (first.width, first.height, len(first.rgb)) == (160, 120, 160 * 120 * 3)
        assert second.number > first.number
        assert second.at >= asked

    play(tmp_path, story)


def test_red_is_the_first_byte(tmp_path: Path) -> None:
    async def story(far: CameraFarEnd, camera: OpenCvCamera) -> None:
        await camera.frame(5.0)  # the first picture's ball is cut off at the edge
        frame = await camera.frame(5.0)
        row = 90 * 160
        dots = [frame.rgb[(row + x) * 3 : (row + x) * 3 + 3] for x in range(160)]
        assert any(dot[0] > 200 and dot[1] < 90 and dot[2] < 90 for dot in dots)

    play(tmp_path, story, "?pace=fast")


def test_a_film_has_no_end(tmp_path: Path) -> None:
    async def story(far: CameraFarEnd, camera: OpenCvCamera) -> None:
        numbers = [(await camera.frame(5.0)).number for _ in range(20)]
        assert numbers == sorted(set(numbers))

    play(tmp_path, story, "?pace=fast")


def test_a_fast_film_is_read_only_when_it_is_asked_for(tmp_path: Path) -> None:
    async def story(far: CameraFarEnd, camera: OpenCvCamera) -> None:
        first = await camera.frame(5.0)
        await asyncio.sleep(0.1)
        assert (await camera.frame(5.0)).number <= first.number + 2

    play(tmp_path, story, "?pace=fast")


@pytest.mark.parametrize(("fault", "error"), [("unplugged", Offline), ("garbled", Garbled)])
def test_a_camera_that_goes_is_offline_and_one_that_comes_back_is_used_again(
    tmp_path: Path, fault: str, error: type[DeviceError]
) -> None:
    async def story(far: CameraFarEnd, camera: OpenCvCamera) -> None:
        await camera.frame(5.0)
        await far.set_fault(fault)
        with pytest.raises(error):  # noqa: PT012  the picture being taken at that moment may still come
            for _ in range(50):
                await camera.frame(0.4)
        status = await camera.status()
        assert (status.health, type(status.why)) == (Health.OFFLINE, error)
        await far.set_fault("")
        assert (await eventually(camera)).width == 160
        assert (await camera.status()).health is Health.OK

    play(tmp_path, story)


def test_a_damaged_film_is_told_from_a_missing_one(tmp_path: Path) -> None:
    async def story(far: CameraFarEnd, camera: OpenCvCamera) -> None:
        await far.set_fault("garbled")
        with pytest.raises(Garbled, match="does not open"):
            await camera.frame(2.0)
        await far.set_fault("unplugged")
        with pytest.raises(Offline, match="not there"):
            await camera.frame(2.0)

    play(tmp_path, story)


def test_a_picture_that_stands_still_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.camera.STILL_AFTER", 0.2)

    async def story(far: CameraFarEnd, camera: OpenCvCamera) -> None:
        await far.set_fault("frozen")
        await camera.frame(5.0)
        await asyncio.sleep(0.5)
        status = await camera.status()
        assert (status.health, status.detail) == (Health.DEGRADED, "the picture stands still")

    play(tmp_path, story)


def test_a_film_is_always_simulated(tmp_path: Path) -> None:
    async def story(far: CameraFarEnd, camera: OpenCvCamera) -> None:
        status = await camera.status()
        assert status.simulated
        assert status.facts["size"] == "160x120"

    play(tmp_path, story)


def test_a_camera_that_is_not_there_is_not_simulated() -> None:
    async def run() -> None:
        camera = OpenCvCamera("v4l2:/dev/no-such-camera")
        status = await camera.status()
        assert (status.health, status.simulated) == (Health.OFFLINE, False)
        await camera.close()
        await camera.close()

    asyncio.run(run())


def test_the_name_of_a_far_end_leads_to_its_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(far: CameraFarEnd, camera: OpenCvCamera) -> None:
        (tmp_path / "sims.json").write_text(json.dumps({"camera": f"file:{far.path}"}))
        monkeypatch.setenv("KIOSK_SIM", str(tmp_path / "sims.json"))
        named = OpenCvCamera("sim:camera")
        assert (await named.status()).simulated
        await named.close()

    play(tmp_path, story)


def test_a_network_camera_is_opened_with_its_password_and_found_again_after_its_cable_was_pulled(
    tmp_path: Path,
) -> None:
    async def run() -> None:
        far = NetworkCamera(tmp_path)
        await far.on()
        camera = OpenCvCamera(far.url)
        frame = await camera.frame(20.0)
        assert (frame.width, frame.height) == (160, 120)
        assert frame.rgb[0] > 150
        assert far.turned_away > 0
        status = await camera.status()
        assert (status.health, status.simulated) == (Health.OK, False)
        assert WORD not in repr(status)
        await far.off()
        with pytest.raises(Offline) as caught:  # noqa: PT012  pictures already on their way may still come
            for _ in range(50):
                await camera.frame(0.5)
        assert WORD not in str(caught.value)
        await far.on()
        assert (await camera.frame(30.0)).width == 160
        await camera.close()
        await far.off()

    asyncio.run(run())


def test_the_password_of_a_network_camera_is_never_shown() -> None:
    async def run() -> None:
        camera = OpenCvCamera("rtsp://user:secret@127.0.0.1:9/stream?token=secret")
        status = await camera.status()
        assert status.health is Health.OFFLINE
        assert "secret" not in repr(status)
        await camera.close()

    asyncio.run(run())


@pytest.mark.parametrize("url", ["http://x/y", "file:", "v4l2:/dev/video0?width=wide", "file:/a?pace=slow"])
def test_a_url_that_is_no_camera_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"camera is|numbers|pace is"):
        OpenCvCamera(url)


def test_an_unknown_act_or_fault_is_refused(tmp_path: Path) -> None:
    async def story(far: CameraFarEnd, camera: OpenCvCamera) -> None:
        for act in (far.act("smile"), far.set_fault("tired")):
            with pytest.raises(ValueError, match="no such"):
                await act

    play(tmp_path, story)
