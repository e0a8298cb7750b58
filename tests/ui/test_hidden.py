"""Somebody stands close: one touch hides every amount on the glass."""

import asyncio
import re
from typing import Any

import pytest
from glass_booth import Booth
from glass_rules import paged, taken_off, turned
from glass_samples import ACCOUNTS, AMOUNT, BACK, SAMPLES

from flows.screens import Choose, Confirm, EnterAmount
from kiosk.ui.veil import MASK
from protocol.money import Money

MONEY = re.compile(r"[¥￥]\s*\d")
WITH_MONEY = ("accounts", "accounts-many", "amount", "confirm", "confirm-long", "done", "review", "statement")
WITHOUT = ("attract", "choose", "number", "pin", "wait", "rate", "refused", "prompt", "out")


def amounts(booth: Booth) -> list[str]:
    """Every text on the glass with an amount in it that the terminal wrote."""
    return [text for text in booth.stage.read() if MONEY.search(text)]


def keys(booth: Booth) -> set[str]:
    return {one.id for layer in booth.stage.layers() for one in layer.touches}


@pytest.mark.parametrize("language", ["zh", "en", "ar"])
@pytest.mark.parametrize("name", WITH_MONEY)
def test_one_touch_hides_every_amount_and_one_shows_them(booth: Booth, name: str, language: str) -> None:
    """On every page of every screen with an amount there is the key; touched, only masks are left."""

    async def story() -> None:
        turned(booth, language)
        showing = asyncio.create_task(booth.stage.show(*SAMPLES[name]))
        await booth.hand.await_open("amounts")
        assert amounts(booth)
        await booth.hand.touch("amounts")
        for page in [*paged(booth), ""]:
            if page:
                booth.stage.find(page).act()
            assert amounts(booth) == []
        assert any(MASK in text for text in booth.stage.read())
        await asyncio.sleep(booth.stage.debounce)
        await booth.hand.touch("amounts")
        assert amounts(booth)
        await taken_off(showing)

    booth.run(story())


@pytest.mark.parametrize("name", WITHOUT)
def test_the_key_stands_only_where_an_amount_does(booth: Booth, name: str) -> None:
    """Elsewhere nothing is to be hidden."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES[name]))
        await asyncio.sleep(0)
        assert "amounts" not in keys(booth)
        await taken_off(showing)

    booth.run(story())


def test_capitals_are_hidden_with_their_amount(booth: Booth) -> None:
    """The amount in Chinese capitals tells as much as its digits."""

    async def story() -> None:
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["confirm"]))
        await asyncio.sleep(0)
        assert "伍佰元整" in booth.stage.read()
        booth.stage.hidden = True
        assert "伍佰元整" not in booth.stage.read()
        await taken_off(showing)

    booth.run(story())


def test_an_amount_that_is_not_seen_cannot_be_confirmed(booth: Booth) -> None:
    """While amounts are hidden the accent key of a Confirm does nothing and says what to do first."""

    async def story() -> Any:
        screen = Confirm("transfer.confirm", facts=SAMPLES["confirm"][0].facts, amount=AMOUNT)  # type: ignore[attr-defined]
        showing = asyncio.create_task(booth.stage.show(screen, BACK))
        await booth.hand.touch("amounts")
        await booth.hand.touch("next")
        assert not showing.done()
        assert "请先显示金额" in booth.stage.read()
        await asyncio.sleep(booth.stage.debounce)
        await booth.hand.touch("amounts")
        await booth.hand.touch("next")
        return await showing

    assert booth.run(story()).facts == SAMPLES["confirm"][0].facts  # type: ignore[attr-defined]


def test_what_was_typed_while_hidden_counts(booth: Booth) -> None:
    """The mask tells nothing of the amount, its length neither; shown again, it is what was typed."""

    async def story() -> Money:
        showing = asyncio.create_task(booth.stage.show(EnterAmount("transfer.amount"), BACK))
        await booth.hand.touch("amounts")
        before = booth.stage.read()
        await booth.hand.type("12")
        assert booth.stage.read() == before
        await booth.hand.touch("amounts")
        assert "¥12" in booth.stage.read()
        await booth.hand.touch("next")
        return await showing

    assert booth.run(story()) == Money(1200)


def test_amounts_stay_hidden_from_screen_to_screen_and_are_shown_to_the_next_customer(booth: Booth) -> None:
    """It holds for the visit, and ends with it."""

    async def story() -> None:
        booth.stage.hidden = True
        for screen in (Choose("menu", options=ACCOUNTS, params=(("surname", "王"),)), SAMPLES["review"][0]):
            showing = asyncio.create_task(booth.stage.show(screen, BACK))
            await asyncio.sleep(0)
            assert amounts(booth) == []
            await taken_off(showing)
        booth.stage.reset()
        showing = asyncio.create_task(booth.stage.show(*SAMPLES["accounts"]))
        await asyncio.sleep(0)
        assert amounts(booth)
        await taken_off(showing)

    booth.run(story())
