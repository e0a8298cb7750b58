"""QR codes in pictures: as people hold them, as nobody should make them, and as a scanner waits for them."""

import asyncio
import io
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
import segno
import zxingcpp
from hypothesis import given, strategies as st
from PIL import Image, ImageFilter, ImageOps

from drivers import barcode
from drivers.api import Code, Frame, Offline, TooLate
from drivers.barcode import MOST_CODES, Scanner, codes
from drivers.camera import OpenCvCamera
from drivers.sim.camera import SPECIMENS, CameraFarEnd
from kiosk.media.client import MediaProcess
from protocol.qr import Appointment, Content, Invoice, Payment, Unknown, read, write
from tests.drivers.idcard_rig import CALM

WIDE, HIGH = 640, 480
GREY = (128, 128, 128)
BILL = write(Payment("WATER-0755", "00123456789", 12_050, date(2031, 3, 31)))
INVOICE = SPECIMENS["invoice"][0]
NOTHING = Image.new("RGB", (WIDE, HIGH), GREY)


def drawn(text: str | bytes, scale: int = 6) -> Image.Image:
    """One code on white ground."""
    out = io.BytesIO()
    segno.make_qr(text).save(out, kind="png", scale=scale, border=4)
    return Image.open(out).convert("RGB")


def picture(*laid: Image.Image, at: Sequence[tuple[int, int]] = ()) -> Image.Image:
    """Codes on a grey table; one of them in the middle."""
    whole = NOTHING.copy()
    for number, one in enumerate(laid):
        whole.paste(one, at[number] if at else ((WIDE - one.width) // 2, (HIGH - one.height) // 2))
    return whole


def frame(image: Image.Image, number: int = 1) -> Frame:
    return Frame(number, float(number), image.width, image.height, image.tobytes())


def read_in(image: Image.Image) -> list[Content]:
    return [code.content for code in codes(frame(image))]


# --- as people hold them


@pytest.mark.parametrize("angle", range(0, 360, 15))
def test_a_code_is_read_at_any_angle(angle: int) -> None:
    turned = picture(drawn(BILL)).rotate(angle, Image.Resampling.BICUBIC, fillcolor=GREY)
    assert read_in(turned) == [read(BILL)]


@pytest.mark.parametrize(("scale", "blur"), [(2, 0.0), (3, 0.8), (4, 1.2), (6, 2.0), (10, 3.0)])
def test_a_small_or_blurred_code_is_read(scale: int, blur: float) -> None:
    assert read_in(picture(drawn(BILL, scale)).filter(ImageFilter.GaussianBlur(blur))) == [read(BILL)]


def test_a_code_seen_aslant_in_poor_light_is_read() -> None:
    aslant = picture(drawn(INVOICE, 7)).transform(
        (WIDE, HIGH), Image.Transform.QUAD, (40, 20, -30, 510, 660, 440, 610, 60), Image.Resampling.BICUBIC
    )
    dim = aslant.point(lambda value: 30 + value // 4)
    assert read_in(dim) == [read(INVOICE)]


def test_a_phone_in_dark_mode_shows_an_inverted_code_and_it_is_read() -> None:
    assert read_in(ImageOps.invert(picture(drawn(BILL)))) == [read(BILL)]


def test_a_picture_without_a_code_has_none() -> None:
    assert read_in(NOTHING) == []
    assert read_in(NOTHING.filter(ImageFilter.GaussianBlur(2))) == []


def test_several_codes_are_all_read_the_largest_first_with_their_places() -> None:
    laid = picture(drawn("small", 3), drawn(BILL, 7), at=((20, 20), (260, 100)))
    found = codes(frame(laid))
    assert [code.content for code in found] == [read(BILL), Unknown("foreign", "small")]
    assert all(x >= 260 and y >= 100 for x, y in found[0].corners)
    assert all(20 <= x < 260 and 20 <= y < 260 for x, y in found[1].corners)


def test_more_codes_than_anybody_can_hold_are_cut_off() -> None:
    many = [drawn(f"code {number}", 3) for number in range(MOST_CODES + 4)]
    laid = picture(*many, at=[(10 + number % 6 * 100, 10 + number // 6 * 100) for number in range(len(many))])
    assert len(read_in(laid)) == MOST_CODES


def test_codes_of_other_kinds_are_not_looked_for() -> None:
    other = zxingcpp.create_barcode("4006381333931", zxingcpp.BarcodeFormat.EAN13).to_image(scale=3)
    assert read_in(picture(Image.fromarray(other).convert("RGB"))) == []


# --- as nobody should make them


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("9" * 7000, "too long"),
        ("VTM1:PAY:" + "A" * 2000, "too long"),
        ("\x00\x01\x02\x7f", "control characters"),
        ("a\r\nSet-Cookie: x", "control characters"),
        ("\u202e1:YAP:1MTV", "control characters"),
        (b"\xff\xfe\x00\xd8", "control characters"),
        ("VTM1:PAY:' OR 1=1--:1:5:", "wrong fields"),
        ("<script>alert(1)</script>", "foreign"),
    ],
)
def test_hostile_contents_are_unknown_and_bring_nothing_unprintable_in(text: str | bytes, why: str) -> None:
    code = drawn(text, 6 if len(text) < 100 else 4)
    content = read_in(ImageOps.expand(code, 40, (255, 255, 255)))[0]
    assert isinstance(content, Unknown)
    assert content.why == why
    assert content.text.isprintable()


@CALM
@given(st.integers(1, 40), st.integers(1, 40), st.randoms(use_true_random=False))
def test_no_picture_whatever_raises(width: int, height: int, chance: object) -> None:
    import random

    assert isinstance(chance, random.Random)
    codes(Frame(1, 1.0, width, height, chance.randbytes(width * height * 3)))


@pytest.mark.parametrize(("width", "height", "length"), [(2, 2, 11), (2, 2, 13), (0, 0, 0), (100_000, 100_000, 12)])
def test_a_picture_of_another_size_than_it_says_is_refused(width: int, height: int, length: int) -> None:
    with pytest.raises(ValueError, match="no picture"):
        codes(Frame(1, 1.0, width, height, bytes(length)))


def test_a_code_prints_nothing_of_what_it_says() -> None:
    said = repr(codes(frame(picture(drawn("secret 4711"))))[0])
    assert "4711" not in said


# --- waiting for one


class Film:
    """A camera that shows what it is handed, and the last of it for ever."""

    def __init__(self, *images: Image.Image | Exception) -> None:
        self._images, self.asked = list(images), 0

    async def frame(self, patience: float) -> Frame:
        await asyncio.sleep(0)
        self.asked += 1
        image = self._images.pop(0) if len(self._images) > 1 else self._images[0]
        if isinstance(image, Exception):
            raise image
        return frame(image, self.asked)

    async def status(self) -> object:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


Story = Callable[[Scanner], Awaitable[None]]


def scan(story: Story, *images: Image.Image | Exception) -> Film:
    film = Film(*images)

    async def run() -> None:
        scanner = Scanner(film)  # type: ignore[arg-type]
        try:
            async with asyncio.timeout(30):
                await story(scanner)
        finally:
            await scanner.close()

    asyncio.run(run())
    return film


def anything(_: Content) -> bool:
    return True


def test_the_first_code_that_is_accepted_is_answered() -> None:
    async def story(scanner: Scanner) -> None:
        code = await scanner.wait_code(20, lambda content: isinstance(content, Payment))
        assert code.content == read(BILL)

    film = scan(story, NOTHING, picture(drawn("an advertisement")), picture(drawn(BILL)))
    assert film.asked == 3


def test_of_several_in_one_picture_the_accepted_one_is_answered() -> None:
    async def story(scanner: Scanner) -> None:
        code = await scanner.wait_code(20, lambda content: isinstance(content, Payment))
        assert code.content == read(BILL)

    scan(story, picture(drawn("small", 7), drawn(BILL, 4), at=((10, 10), (380, 200))))


def test_a_code_that_is_not_accepted_is_asked_about_once() -> None:
    asked: list[Content] = []

    def no(content: Content) -> bool:
        asked.append(content)
        return False

    async def story(scanner: Scanner) -> None:
        with pytest.raises(TooLate):
            await scanner.wait_code(0.4, no)

    film = scan(story, picture(drawn(BILL)))
    assert film.asked > 1
    assert asked == [read(BILL)]


def test_a_code_still_held_there_is_not_answered_again_but_another_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barcode, "AWAY_S", 1000.0)

    async def story(scanner: Scanner) -> None:
        assert (await scanner.wait_code(20, anything)).content == read(BILL)
        assert (await scanner.wait_code(20, anything)).content == read(INVOICE)

    held = picture(drawn(BILL))
    scan(story, held, held, held, picture(drawn(INVOICE)))


def test_a_code_that_was_taken_away_and_held_there_again_is_answered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barcode, "AWAY_S", 0.0)

    async def story(scanner: Scanner) -> None:
        for _ in range(2):
            assert (await scanner.wait_code(20, anything)).content == read(BILL)

    scan(story, picture(drawn(BILL)), NOTHING, picture(drawn(BILL)))


def test_the_next_customer_may_hold_the_same_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barcode, "AWAY_S", 1000.0)

    async def story(scanner: Scanner) -> None:
        await scanner.wait_code(20, anything)
        scanner.forget()
        assert (await scanner.wait_code(20, anything)).content == read(BILL)

    scan(story, picture(drawn(BILL)))


def test_no_code_in_time_is_too_late_for_the_customer() -> None:
    async def story(scanner: Scanner) -> None:
        with pytest.raises(TooLate):
            await scanner.wait_code(0.2, anything)

    scan(story, NOTHING)


def test_a_camera_that_is_away_is_its_own_error_and_one_that_comes_back_is_used() -> None:
    async def away(scanner: Scanner) -> None:
        with pytest.raises(Offline, match="cable"):
            await scanner.wait_code(0.2, anything)

    async def back(scanner: Scanner) -> None:
        assert (await scanner.wait_code(20, anything)).content == read(BILL)

    gone = Offline("camera", "its cable is out")
    scan(away, gone)
    scan(back, gone, gone, picture(drawn(BILL)))


def test_a_camera_that_was_seen_just_now_is_not_away_because_the_time_is_over() -> None:
    """The last picture asked for may come a moment too late; that says nothing about the camera."""

    async def story(scanner: Scanner) -> None:
        with pytest.raises(TooLate):
            await scanner.wait_code(0.2, anything)

    scan(story, NOTHING, Offline("camera", "no picture came"))


def test_looking_never_holds_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The look ends only once the loop has run on beside it."""
    ran_on = threading.Event()
    threads: set[str] = set()

    def slow(_: Frame) -> tuple[Code, ...]:
        threads.add(threading.current_thread().name)
        assert ran_on.wait(20), "the loop stood still"
        return codes(frame(picture(drawn(BILL))))

    monkeypatch.setattr(barcode, "codes", slow)

    async def story(scanner: Scanner) -> None:
        waiting = asyncio.create_task(scanner.wait_code(20, anything))
        while not threads:
            await asyncio.sleep(0.01)
        ran_on.set()
        assert (await waiting).content == read(BILL)

    scan(story, NOTHING)
    assert len(threads) == 1
    assert threading.current_thread().name not in threads


def test_a_wait_that_is_cancelled_leaves_the_scanner_usable_and_two_at_once_are_refused() -> None:
    async def story(scanner: Scanner) -> None:
        waiting = asyncio.create_task(scanner.wait_code(20, lambda content: isinstance(content, Appointment)))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="already"):
            await scanner.wait_code(1, anything)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        assert (await scanner.wait_code(20, anything)).content == read(BILL)

    scan(story, picture(drawn(BILL)))


# --- through real wires


def test_a_code_held_before_the_camera_is_read_through_the_media_process(tmp_path: Path) -> None:
    """Film, OpenCV, another process, its mapped file, ZXing: and gone when it is taken away."""

    async def run() -> None:
        far = CameraFarEnd(tmp_path / "film", seconds=0.5)
        media = MediaProcess(await far.start(), tmp_path)
        running = asyncio.ensure_future(media.run())
        scanner = Scanner(media)
        try:
            await far.act("show", "payment")
            assert (await scanner.wait_code(40, anything)).content == read(SPECIMENS["payment"][0])
            await far.act("show", "invoice")
            code = await scanner.wait_code(20, lambda content: isinstance(content, Invoice))
            assert code.content == read(INVOICE)
            await far.act("hide")
            while codes(await media.frame(10)):
                pass
        finally:
            await scanner.close()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await far.stop()

    asyncio.run(run())


@pytest.mark.parametrize("shown", SPECIMENS)
def test_every_specimen_of_the_camera_is_seen_whole(tmp_path: Path, shown: str) -> None:
    async def run() -> None:
        far = CameraFarEnd(tmp_path, seconds=0.2)
        camera = OpenCvCamera(await far.start())
        scanner = Scanner(camera)
        try:
            await far.act("show", shown)
            assert far.state()["shows"] == shown
            seen: set[Content] = set()
            wanted = {read(text) for text in SPECIMENS[shown]}

            def all_of_them(content: Content) -> bool:
                seen.add(content)
                return seen == wanted

            await scanner.wait_code(20, all_of_them)
        finally:
            await scanner.close()
            await camera.close()
            await far.stop()

    asyncio.run(run())
    assert list(tmp_path.iterdir()) == []


def test_a_fault_goes_before_what_is_shown_and_mending_shows_it_again(tmp_path: Path) -> None:
    async def run() -> None:
        far = CameraFarEnd(tmp_path, seconds=0.2)
        await far.start()
        await far.set_fault("unplugged")
        await far.act("show", "invoice")
        assert not far.path.exists()
        await far.set_fault("")
        assert far.path.stat().st_ino == far._films["invoice"].stat().st_ino
        with pytest.raises(ValueError, match="no such act"):
            await far.act("show", "a face")
        await far.stop()

    asyncio.run(run())
