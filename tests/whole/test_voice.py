"""A customer who sees nothing and touches nothing: she hears what the headset says, and presses keys of the pad."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.whole.rig import PATIENCE, PIN, Terminal

Play = Callable[[Callable[[Terminal], Awaitable[None]]], None]
KEY = {
    "zh": r"^(?P<what>.*?)，请按 (?P<key>\d)。?$",
    "en": r"^(?:For )?(?P<what>.*?)(?:\. For this)?, press (?P<key>\d)\.$",
    "ar": r"^(?P<what>.*?)(?:\. لهذا|:|،) اضغط (?P<key>\d)\.$",
}
"""How a sentence says which key does what."""


@dataclass
class Ears:
    """What came out of the headset, and fingers on the pad. She knows no screens, only what she heard last."""

    at: Terminal
    language: str
    heard: int = 0
    """How many sentences she has listened to."""
    all: list[dict[str, Any]] = field(default_factory=list)

    async def said(self) -> list[dict[str, Any]]:
        state = (await self.at.parts.bench.state())["headset"]["state"]
        return list(state["said"])

    async def hears(self, *words: str) -> str:
        """Listen on from where she was until a sentence has all these words; answers it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:
            fresh = [one for one in await self.said() if one["n"] > self.heard]
            for one in fresh:
                self.heard = one["n"]
                self.all.append(one)
                if all(word in one["text"] for word in words):
                    return str(one["text"])
            assert loop.time() < until, f"{words} was not said; last: {[one['text'] for one in self.all[-8:]]}"
            await asyncio.sleep(0.03)

    async def chooses(self, *words: str) -> None:
        """Press the key that is said beside these words."""
        sentence = await self.hears(*words)
        found = re.search(KEY[self.language], sentence)
        assert found, sentence
        await self.press(found["key"])

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.at.until("pin-pad", "mode", "data")
            await self.at.parts.bench.act("pin-pad", "key", key)
            await asyncio.sleep(0.05)


WORDS = {
    "zh": {
        "language": "中文服务",
        "card": "银行卡",
        "insert": "插入",
        "secret": "保密",
        "transfer": "转账",
        "from": "现在可用",
        "enter": "确认键",
        "once-more": "再按一次确认键",
        "yuan": "100 元",
        "confirm": ("转账 100 元", "确认键"),
        "done": "转账已完成",
        "read": "确认键",
        "no-paper": "不要",
        "leave": "结束",
        "goodbye": "取走",
        "own": "储蓄",
    },
}


@pytest.mark.parametrize("language", ["zh", "en", "ar"])
def test_scratch(play: Play, language: str) -> None:
    async def story(t: Terminal) -> None:
        ears = Ears(t, language)
        await t.sees("attract")
        await t.parts.bench.act("panel", "lift")
        key = str(["zh", "en", "ar"].index(language) + 1)
        await asyncio.sleep(1.5)
        await ears.press(key)
        await asyncio.sleep(1.5)
        await ears.press("1")
        await asyncio.sleep(1.5)
        await t.parts.bench.act("card-reader", "insert", "li-na-debit")
        await t.enters_pin()
        await t.sees("menu")
        await asyncio.sleep(2)
        await ears.press("2")
        await t.sees("transfer.from")
        await asyncio.sleep(1.5)
        await ears.press("1")
        await t.sees("transfer.to")
        await asyncio.sleep(1.5)
        await ears.press("1")
        await t.sees("transfer.amount")
        await asyncio.sleep(1.5)
        await ears.press("1", "0", "0", "enter")
        await asyncio.sleep(1.0)
        await ears.press("enter")
        await t.sees("transfer.confirm")
        await asyncio.sleep(2.5)
        await ears.press("enter")
        await t.sees("transfer.done")
        await asyncio.sleep(1.5)
        await ears.press("enter")
        await t.sees("receipt.how")
        await asyncio.sleep(1.5)
        await ears.press("2")
        await t.sees("menu")
        await asyncio.sleep(2)
        await ears.press("cancel")
        await t.sees("farewell.rate")
        await asyncio.sleep(1)
        await ears.press("1")
        await t.sees("farewell.card")
        await t.parts.bench.act("card-reader", "pull")
        await t.parts.bench.act("panel", "hang")
        print(json.dumps(await ears.said(), ensure_ascii=False, indent=0))

    play(story)
