"""Somebody who sees nothing and touches no glass: she hears what the headset says, and presses keys of the pad."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.whole.rig import PATIENCE, PIN, Terminal

LANGUAGES = ("zh", "en", "ar")
KEY = {"zh": r"请按 (\d)。", "en": r"press (\d)\.", "ar": r"اضغط (\d)\."}
"""How a sentence says which key it is."""
WORDS = {
    "zh": {
        "begin": "中文", "card": "银行卡：", "insert": "插入", "secret": "保密", "count": "位",
        "to": "转给谁", "accounts": "余额",
        "transfer": "转账", "savings": "储蓄账户", "current": "活期账户", "type": "整元", "again": "再按一次",
        "yes": "转出 100 元", "done": "转账成功", "read": "确认键", "no-paper": "不用", "finish": "结束",
        "silent": "不评价", "take": "取回银行卡", "yuan": " 元", "back": "返回", "dark": "变黑",
    },
    "en": {
        "begin": "English", "card": "Bank card:", "insert": "Insert", "secret": "secret", "count": "digit",
        "to": "Send to whom", "accounts": "balances", "transfer": "Transfer", "savings": "Savings",
        "current": "Current", "type": "whole yuan",
        "again": "once more", "yes": "Transfer 100 yuan", "done": "The transfer is done", "read": "ENTER",
        "no-paper": "No paper", "finish": "finish", "silent": "No answer", "take": "Take your bank card",
        "yuan": " yuan", "back": "go back", "dark": "dark",
    },
    "ar": {
        "begin": "للعربية", "card": "بطاقة البنك:", "insert": "إدخال بطاقة", "secret": "سرية", "count": "أُدخل",
        "to": "إلى من",
        "accounts": "الأرصدة", "transfer": "تحويل:", "savings": "توفير", "current": "جارٍ", "type": "باليوان",
        "again": "مرة أخرى", "yes": "تحويل 100 يوان", "done": "تم التحويل", "read": "زر الإدخال",
        "no-paper": "بلا ورق", "finish": "للإنهاء", "silent": "بلا تقييم", "take": "أخذ بطاقة", "yuan": " يوان",
        "back": "للرجوع", "dark": "لإطفاء",
    },
}  # fmt: skip
"""What she listens for."""


@dataclass
class Ears:
    """She knows no screens: only what she heard last."""

    at: Terminal
    language: str
    heard: int = 0
    """The number of the last sound that she listened to."""
    all: list[dict[str, Any]] = field(default_factory=list)

    async def lifts(self) -> None:
        """Take the handset; what was said before is not hers."""
        sounds = await self.at.parts.bench.state()
        self.heard = sounds["headset"]["state"]["count"]
        await self.at.parts.bench.act("panel", "lift")

    async def hears(self, *names: str) -> str:
        """Listen on until a sentence has all of these; answers it."""
        words = [WORDS[self.language].get(name, name) for name in names]
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:
            said = (await self.at.parts.bench.state())["headset"]["state"]["said"]
            for one in said:
                if one["n"] > self.heard:
                    self.heard = one["n"]
                    self.all.append(one)
                    if all(word in one["text"] for word in words):
                        return str(one["text"])
            assert loop.time() < until, f"{words} was not said; last: {[one['text'] for one in self.all[-8:]]}"
            await asyncio.sleep(0.03)

    async def chooses(self, *names: str) -> str:
        """Press the key that is said with these words; answers the whole sentence."""
        sentence = await self.hears(*names)
        key = re.search(KEY[self.language], sentence)
        assert key, sentence
        await self.press(key[1])
        return sentence

    async def press(self, *keys: str) -> None:
        """Keys of the pad, once it takes any."""
        for key in keys:
            await self.at.until("pin-pad", "mode", "data")
            self.heard = (await self.at.parts.bench.state())["headset"]["state"]["count"]
            await self.at.parts.bench.act("pin-pad", "key", key)

    async def enters_pin(self) -> None:
        """Digit by digit, when told that nobody hears them; she waits to be told how many there are."""
        await self.hears("secret")
        await self.at.until("pin-pad", "mode", "pin")
        for key in PIN:
            await self.at.parts.bench.act("pin-pad", "key", key)
            await self.hears("count")
        await self.at.parts.bench.act("pin-pad", "key", "enter")

    async def comes_in(self) -> None:
        """From the handset to the menu, by bank card."""
        await self.lifts()
        await self.chooses("begin")
        await self.chooses("card")
        await self.hears("insert")
        await self.at.parts.bench.act("card-reader", "insert", "li-na-debit")
        await self.enters_pin()

    async def savings(self) -> int:
        """The whole yuan on her savings account, as the terminal says them; from the menu and back to it."""
        await self.chooses("accounts")
        said = await self.hears("savings")
        await self.hears("back")
        await self.press("cancel")
        amount = re.search(r"\d+", said.partition("0 0 2 6")[2])
        assert amount, said
        return int(amount[0])


Play = Callable[[Callable[[Terminal], Awaitable[None]]], None]
