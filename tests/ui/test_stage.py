"""The stage under a real hand: what is touched is what the flow hears."""

import asyncio
from typing import Any

import pytest
from glass_booth import Booth
from glass_samples import ACTS, FACTS, SAMPLES

from flows.ports import Back, CallHelp, Chrome, Leave
from flows.screens import Attract, Choose, Confirm, Confirmed, EnterAmount, EnterNumber, Option, Rate, Review, Wait
from protocol.money import Money

BACK = Chrome("back")
AMOUNT = EnterAmount("transfer.amount", limit=Money(5_000_000), available=Money(1_234_567))


async def answered(booth: Booth, name: str, *touches: str) -> Any:
    """Show a sample, touch one thing after the other, and answer what the flow got."""
    showing = asyncio.create_task(booth.stage.show(*SAMPLES[name]))
    for touch in touches:
        await booth.hand.touch(touch)
    async with asyncio.timeout(5):
        return await showing


async def taken_off(*tasks: "asyncio.Task[Any]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize(
    ("name", "touches", "answer"),
    [
        ("choose", ["缴费"], "o2"),
        ("choose-many", ["page-2", "挂失"], "o6"),
        ("accounts", ["b"], "b"),
        ("unsure", ["next"], None),
        ("review", ["打印回单"], "print"),
        ("prompt-ways", ["用身份证办理"], "id"),
        ("rate", ["rate-4"], 4),
        ("rate", ["rate-0"], 0),
        ("attract", ["English"], "en"),
        ("attract", ["begin"], "zh"),
        ("attract", ["begin-card"], "zh"),
        ("attract", ["ar"], "ar"),
    ],
)
def test_a_touch_answers_the_screen(booth: Booth, name: str, touches: list[str], answer: object) -> None:
    """Each kind is answered by what was touched, with the value its type says."""
    assert booth.run(answered(booth, name, *touches)) == answer


@pytest.mark.parametrize(
    ("name", "touch", "error"), [("choose-two", "back", Back), ("choose", "leave", Leave), ("choose", "help", CallHelp)]
)
def test_the_bottom_bar_raises(booth: Booth, name: str, touch: str, error: type[Exception]) -> None:
    """Back, finish and help end the question with their own exceptions."""
    with pytest.raises(error):
        booth.run(answered(booth, name, touch))


def test_a_language_touched_first_becomes_the_stage_s(booth: Booth) -> None:
    """The first touch sets the language, and reset gives the terminal's own back."""
    assert booth.run(answered(booth, "attract", "العربية")) == "ar"
    assert booth.stage.language == "ar"
    booth.fresh()
    assert booth.stage.language == "zh"


def test_an_amount_is_typed_and_grouped(booth: Booth) -> None:
    """Digits become an amount that is grouped as it grows, and the answer is exactly it."""

    async def story() -> Money:
        showing = asyncio.create_task(booth.stage.show(AMOUNT, BACK))
        await booth.hand.type("12345")
        assert "¥12,345" in booth.stage.read()
        await booth.hand.touch("erase")
        await booth.hand.type(".5")
        assert "¥1,234.5" in booth.stage.read()
        await booth.hand.touch("next")
        return await showing

    assert booth.run(story()) == Money(123_450)


def test_an_amount_over_the_limit_cannot_go_on(booth: Booth) -> None:
    """The accent key does nothing, and the glass says why."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(AMOUNT, BACK))
        await booth.hand.type("99999")
        assert "超过可用余额 ¥12,345.67" in booth.stage.read()
        await booth.hand.touch("next")
        assert not showing.done()
        await taken_off(showing)

    booth.run(story())


def test_a_number_stands_in_groups_of_four(booth: Booth) -> None:
    """Too short cannot go on; the pad's digits count like touched ones."""

    async def story() -> str:
        showing = asyncio.create_task(booth.stage.show(EnterNumber("transfer.number", shortest=12), BACK))
        await booth.hand.type("6228")
        booth.stage.typed("4800123")
        assert "6228 4800 123" in booth.stage.read()
        await booth.hand.touch("next")
        assert not showing.done()
        await booth.hand.type("4")
        await asyncio.sleep(booth.stage.debounce)
        await booth.hand.touch("next")
        return await showing

    assert booth.run(story()) == "622848001234"


def test_only_the_accent_key_confirms(booth: Booth) -> None:
    """Touching anything else on a Confirm answers nothing; the accent key answers exactly its facts."""

    async def story() -> Confirmed:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["confirm"]))
        await booth.hand.await_open("next")
        for x, y in ((540, 1200), (540, 800), (540, 600)):
            await booth.hand.press((x, y))
            assert not showing.done()
        await booth.hand.touch("next")
        return await showing

    assert booth.run(story()) == Confirmed(FACTS)


def test_a_confirm_of_many_pages_must_be_seen_whole(booth: Booth) -> None:
    """While a page of facts was not on the glass, the accent key says nothing."""

    async def story() -> Confirmed:
        booth.stage.large = True
        showing = asyncio.create_task(booth.stage.show(Confirm("transfer.confirm", facts=FACTS * 3), BACK))
        await booth.hand.touch("next")
        assert not showing.done()
        pages = [one.id for layer in booth.stage.layers() for one in layer.touches if one.id.startswith("page-")]
        assert len(pages) > 1
        for page in pages:
            await booth.hand.touch(page)
        await asyncio.sleep(booth.stage.debounce)
        await booth.hand.touch("next")
        return await showing

    assert booth.run(story()) == Confirmed(FACTS * 3)


def test_what_was_typed_survives_help_and_the_language(booth: Booth) -> None:
    """It is there when an equal screen comes back and in another language, and gone after a reset."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(AMOUNT, BACK))
        await booth.hand.type("77")
        await booth.hand.touch("language")
        await booth.hand.touch("English")
        assert "¥77" in booth.stage.read()
        assert "How much do you want to send?" in booth.stage.read()
        await taken_off(showing)
        await taken_off(asyncio.create_task(booth.stage.show(*SAMPLES["wait"])))
        again = asyncio.create_task(booth.stage.show(AMOUNT, BACK))
        await asyncio.sleep(0)
        assert "¥77" in booth.stage.read()
        booth.stage.reset()
        assert "¥77" not in booth.stage.read()
        await taken_off(again)

    booth.run(story())


def test_larger_type_by_one_touch(booth: Booth) -> None:
    """The pill turns larger type on and off again."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["choose"]))
        await booth.hand.touch("larger")
        assert booth.stage.large
        await asyncio.sleep(booth.stage.debounce)
        await booth.hand.touch("larger")
        assert not booth.stage.large
        await taken_off(showing)

    booth.run(story())


def test_a_cancelled_screen_is_off_the_glass(booth: Booth) -> None:
    """Nothing of it can be touched at once, and nothing read a moment later; a private one goes at once."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["choose"]))
        await asyncio.sleep(0)
        await taken_off(showing)
        assert not [one for layer in booth.stage.layers() for one in layer.touches]
        await asyncio.sleep(0.2)
        assert "缴费" not in booth.stage.read()
        private = asyncio.create_task(booth.stage.show(*SAMPLES["pin"]))
        await asyncio.sleep(0)
        await taken_off(private)
        assert not [text for text in booth.stage.read() if "密码" in text]

    booth.run(story())


def test_a_pin_screen_shows_stars_alone_and_is_never_kept(booth: Booth, tmp_path: Any) -> None:
    """As many stars as the pad says, no digit typed into it, no picture of it."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["pin"]))
        await asyncio.sleep(0)
        booth.stage.typed("1234")
        booth.stage.count(3)
        assert booth.stage.read().count("*") == 3
        assert "1234" not in "".join(booth.stage.read())
        with pytest.raises(PermissionError):
            booth.stage.screenshot(tmp_path / "pin.png")
        await taken_off(showing)

    booth.run(story())


def test_a_warning_ends_at_any_touch_and_shields_what_is_beneath(booth: Booth) -> None:
    """A touch anywhere says "I am here"; the key under the finger is not meant."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["choose"]))
        await booth.hand.await_open("o2")
        x, y, w, h = booth.stage.find("help").rect
        for touch in ((x + w / 2, y + h / 2), None):
            warning = asyncio.create_task(booth.stage.warn(20))
            await booth.hand.await_open("still-here")
            assert "您还在吗？" in booth.stage.read()
            if touch:
                await booth.hand.press(touch)
            else:
                await booth.hand.touch("still-here")
            async with asyncio.timeout(2):
                await warning
        assert not showing.done()
        assert "您还在吗？" not in booth.stage.read()
        await taken_off(showing)

    booth.run(story())


def test_a_warning_that_is_cancelled_leaves_the_screen_as_it_was(booth: Booth) -> None:
    """When the time is over the count-down goes, and the question still stands."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["choose"]))
        warning = asyncio.create_task(booth.stage.warn(20))
        await asyncio.sleep(0.1)
        assert "20" in booth.stage.read()
        await taken_off(warning)
        assert "缴费" in booth.stage.read()
        await taken_off(showing)

    booth.run(story())


def test_a_bouncing_finger_counts_once(booth: Booth) -> None:
    """Two touches of one key in one instant are one; so is one that came before the screen."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["choose-many"]))
        await booth.hand.await_open("larger")
        x, y, w, h = booth.stage.find("larger").rect
        for _ in range(2):
            booth.hand.lift(booth.hand.down((x + w / 2, y + h / 2)), (x + w / 2, y + h / 2))
        assert booth.stage.large
        await taken_off(showing)
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["choose-two"]))
        await asyncio.sleep(0)
        x, y, w, h = booth.stage.find("o0").rect
        booth.hand.lift(booth.hand.down((x + w / 2, y + h / 2)), (x + w / 2, y + h / 2))
        await asyncio.sleep(0.05)
        assert not showing.done()
        await taken_off(showing)

    booth.run(story())


def test_a_finger_that_leaves_elsewhere_means_nothing(booth: Booth) -> None:
    """Release acts, and only where the finger came down."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["choose"]))
        await booth.hand.await_open("o0")
        x, y, w, h = booth.stage.find("o0").rect
        await booth.hand.press((x + w / 2, y + h / 2), (x + w / 2, y - 2 * h))
        assert not showing.done()
        await taken_off(showing)

    booth.run(story())


def test_every_touch_is_noted(booth: Booth) -> None:
    """Also one beside every key, for the idle clock."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["wait"]))
        await asyncio.sleep(0)
        before = booth.stage.touched
        await booth.hand.press((500, 900))
        assert booth.stage.touched > before
        await taken_off(showing)

    booth.run(story())


def test_a_disabled_card_says_why_and_cannot_be_touched(booth: Booth) -> None:
    """It stands there with its reason."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["choose"]))
        await asyncio.sleep(0)
        with pytest.raises(LookupError):
            booth.stage.find("o4")
        assert "先插卡并输入密码才能办理。" in booth.stage.read()
        await taken_off(showing)

    booth.run(story())


def test_a_long_wait_says_so(booth: Booth) -> None:
    """After three times the usual the glass admits that it takes long."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(Wait("wait.bank", usually=0), Chrome("", help=False)))
        await asyncio.sleep(0.05)
        assert "比平时久一点，请稍候，您的钱是安全的。" in booth.stage.read()
        await taken_off(showing)

    booth.run(story())


def test_simulated_devices_are_named_on_every_screen(booth: Booth) -> None:
    """The strip says so while devices are simulated."""

    async def story() -> None:
        for name in ("attract", "confirm", "pin"):
            showing = asyncio.create_task(booth.stage.show(*SAMPLES[name]))
            await asyncio.sleep(0)
            assert booth.stage.read()[0] == "模拟设备 SIMULATED"
            await taken_off(showing)

    booth.run(story())


def test_nothing_moves_when_nothing_may(booth: Booth) -> None:
    """With motion off no picture is animated, but a count-down still counts."""

    async def moving() -> int:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["prompt"]))
        await asyncio.sleep(0)
        count = sum(len(layer.moving) for layer in booth.stage.layers())
        await taken_off(showing)
        return count

    assert booth.run(moving()) == 1
    booth.stage.still = True
    try:
        assert booth.run(moving()) == 0
    finally:
        booth.stage.still = False


@pytest.mark.parametrize(
    "screen",
    [
        Attract("attract"),
        Choose("menu", options=(Option("x", "6228 **** 0018", literal=True),), params=(("surname", "王"),)),
        Rate("rate"),
        Review("review", facts=FACTS[:2], options=ACTS),
    ],
)
def test_the_same_screen_twice_is_two_questions(booth: Booth, screen: Any) -> None:
    """An answer never leaks into the next showing of an equal screen."""

    async def story() -> None:
        first = asyncio.create_task(booth.stage.show(screen, BACK))
        await booth.hand.touch("back")
        with pytest.raises(Back):
            await first
        second = asyncio.create_task(booth.stage.show(screen, BACK))
        await asyncio.sleep(0.05)
        assert not second.done()
        await taken_off(second)

    booth.run(story())
