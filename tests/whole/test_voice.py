"""A transfer by somebody who sees nothing and touches no glass, and what stays private meanwhile."""

import asyncio

import pytest

from kiosk.demo.parts import Parts
from tests.whole.ears import LANGUAGES, WORDS, Ears, Play
from tests.whole.rig import PIN, Terminal


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_transfer_is_made_by_ear_and_by_the_keys_of_the_pad_alone(play: Play, language: str) -> None:
    async def story(t: Terminal) -> None:
        ears, public = Ears(t, language), await _count(t.parts, "speaker")
        await ears.comes_in()
        before = await ears.savings()
        await ears.chooses("transfer")
        await ears.chooses("current")
        await ears.hears("to")
        await ears.chooses("savings")
        await ears.hears("type")
        await ears.press("1", "0", "0", "enter")
        await ears.hears("100", "again")
        await ears.press("enter")
        await ears.hears("yes", "read")
        await ears.press("enter")
        await ears.hears("done")
        await ears.hears("read")
        await ears.press("enter")
        await ears.chooses("no-paper")
        after = await ears.savings()
        await ears.hears("finish")
        await ears.press("cancel")
        await ears.chooses("silent")
        await ears.hears("take")
        await t.parts.bench.act("card-reader", "pull")
        await t.parts.bench.act("panel", "hang")

        assert after == before + 100, "the money has moved"
        assert (await t.written("done"))["reference"]
        assert await t.parts.branch("balance") == "the books balance\n"
        assert await _count(t.parts, "speaker") == public, "nothing of it went to the room"
        assert not [one["text"] for one in ears.all if one["silent"]], "every sentence was sound"
        _nothing_of_the_pin(ears)

    play(story)


def _nothing_of_the_pin(ears: Ears) -> None:
    """While it was typed only the count was said, and nowhere all of it."""
    said = [one["text"] for one in ears.all]
    begun = next(n for n, text in enumerate(said) if WORDS[ears.language]["secret"] in text)
    for number, text in enumerate(said[begun + 1 : begun + 1 + len(PIN)], 1):
        assert WORDS[ears.language]["count"] in text
        assert {sign for sign in text if sign.isdigit()} <= {str(number)}, "how many, and never which"
    assert not [text for text in said if PIN in text.replace(" ", "").replace(",", "")]


async def _count(parts: Parts, outlet: str) -> int:
    count: int = (await parts.bench.state())[outlet]["state"]["count"]
    return count


def test_hung_up_in_mid_visit_she_goes_on_by_touch_in_the_light(play: Play) -> None:
    async def story(t: Terminal) -> None:
        ears = Ears(t, "en")
        await ears.comes_in()
        await ears.hears("dark")
        await ears.press("7")
        await ears.hears("dark")
        glass = await t.sees("menu")
        assert glass["texts"] == ["Light the screen"], "nobody reads beside her"
        await t.parts.bench.act("panel", "hang")
        while (await t.glass())["texts"] == ["Light the screen"]:
            await asyncio.sleep(0.05)
        await t.confirms("25")
        said = await _count(t.parts, "headset")
        await t.touch("next")
        await t.on("transfer.done", "next")
        await t.on("receipt.how", "none")
        await t.leaves()
        assert await _count(t.parts, "headset") == said, "nobody listens any more"
        assert await t.parts.branch("balance") == "the books balance\n"

    play(story)


def test_the_handset_lifted_in_mid_visit_says_the_screen_that_is_there(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.comes_in("en")
        await t.confirms("30")
        ears = Ears(t, "en")
        await ears.lifts()
        await ears.hears("Amount: 30 yuan")
        await ears.hears("Transfer 30 yuan", "read")
        await ears.press("enter")
        await ears.hears("done")
        await t.parts.bench.act("panel", "hang")
        await t.on("transfer.done", "next")
        await t.on("receipt.how", "none")
        await t.leaves()

    play(story)


def test_a_headset_that_is_broken_stops_nothing(play: Play) -> None:
    """Silence is no reason to keep her from her money: keys and glass work on."""

    async def story(t: Terminal) -> None:
        await t.parts.bench.fault("headset", "unplugged")
        try:
            await t.parts.bench.act("panel", "plug")
            await t.comes_in("en")
            await t.confirms("20")
            await t.touch("next")
            await t.on("transfer.done", "next")
            await t.on("receipt.how", "none")
            await t.leaves()
        finally:
            await t.parts.bench.fault("headset")
            await t.parts.bench.act("panel", "pull")

    play(story)
