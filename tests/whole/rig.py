"""A branch, its devices and a terminal, each a program of its own, and a customer who is told what to do."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kiosk.demo.parts import Parts

HERE = Path(__file__).resolve().parent
PATIENCE = 25.0
PIN = "147258"


@dataclass
class Terminal:
    """The terminal program, and the customer before it."""

    parts: Parts
    process: asyncio.subprocess.Process
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def touch(self, what: str) -> None:
        """Touch what has this id or label."""
        await self._order("touch", what)

    async def glass(self) -> dict[str, Any]:
        """What is on the glass: key, texts, options, language, large, warned."""
        found: dict[str, Any] = await self._order("glass")
        return found

    async def sees(self, *keys: str) -> dict[str, Any]:
        """Wait until one of these screens is there."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while (glass := await self.glass())["key"] not in keys:
            assert loop.time() < until, f"{keys} did not come: {glass['key']} {glass['texts']}"
            await asyncio.sleep(0.03)
        return glass

    async def chooses(self, key: str, number: int = 0) -> None:
        """Touch an option of a screen by its place."""
        await self.touch((await self.sees(key))["options"][number])

    async def on(self, key: str, what: str) -> dict[str, Any]:
        """Touch something when a screen has come."""
        glass = await self.sees(key)
        await self.touch(what)
        return glass

    async def types(self, digits: str) -> None:
        """Type on the glass."""
        for digit in digits:
            await self.touch(f"digit-{digit}")
            await asyncio.sleep(0.1)

    async def enters_pin(self, digits: str = PIN) -> None:
        """Press the pad's keys, once it is open."""
        await self.sees("pin.enter")
        await self.until("pin-pad", "mode", "pin")
        await self.parts.bench.act("pin-pad", "type", digits)

    async def until(self, device: str, name: str, value: object) -> None:
        """Wait until a device's far end is in a state."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while (state := (await self.parts.bench.state())[device]["state"])[name] != value:
            assert loop.time() < until, state
            await asyncio.sleep(0.03)

    async def comes_in(self, language: str = "en", card: str = "li-na-debit", pin: str = PIN) -> None:
        """From the first touch to the menu, by bank card."""
        await self.on("attract", language)
        await self.on("identify.how", "bank-card")
        await self.sees("identify.insert")
        await self.parts.bench.act("card-reader", "insert", card)
        await self.enters_pin(pin)
        await self.sees("menu")

    async def leaves(self) -> None:
        """From the menu to the attract screen, taking the card."""
        await self.on("menu", "leave")
        await self.on("farewell.rate", "rate-5")
        await self.sees("farewell.card")
        await self.parts.bench.act("card-reader", "pull")
        await self.sees("attract")

    async def confirms(self, amount: str = "100", to: int = 0) -> None:
        """From the menu to the confirm screen of a transfer between her own accounts."""
        await self.on("menu", "transfer")
        await self.chooses("transfer.from")
        await self.chooses("transfer.to", to)
        await self.sees("transfer.amount")
        await self.types(amount)
        await self.touch("next")
        await self.sees("transfer.confirm")

    async def shot(self, path: Path) -> None:
        """A picture of the glass."""
        await self._order("shot", str(path))

    async def _order(self, verb: str, what: str = "") -> Any:
        assert self.process.stdin
        assert self.process.stdout
        async with self._lock:
            self.process.stdin.write(json.dumps({"verb": verb, "what": what}).encode() + b"\n")
            async with asyncio.timeout(PATIENCE):
                answer = json.loads(await self.process.stdout.readline() or '{"error": "the terminal is gone"}')
        assert "error" not in answer, f"{verb} {what}: {answer['error']}"
        return answer.get("answer")

    # --- what is true elsewhere

    def journal(self) -> list[tuple[str, str, dict[str, Any]]]:
        """(key, state, body) of every record."""
        from flows.journal import read_records

        records = read_records(self.parts.config.state / "journal.db")
        return [(record["key"], record["state"], record["body"]) for record, _ in records]

    async def written(self, state: str, **facts: object) -> dict[str, Any]:
        """Wait until the newest visit has such a record in the journal; answers its body."""
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while True:
            records = self.journal()
            last = max(n for n, (_, name, _) in enumerate(records) if name == "visit-begins")
            for _, name, body in records[last:]:
                if name == state and all(body.get(key) == value for key, value in facts.items()):
                    return body
            assert loop.time() < until, [(name, body) for _, name, body in records[last:]]
            await asyncio.sleep(0.05)


@asynccontextmanager
async def terminal(parts: Parts) -> AsyncIterator[Terminal]:
    """Start the terminal on these parts and wait until it serves; it ends with the block."""
    env = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    env |= {"KIOSK_SIM": parts.rendezvous, "SDL_VIDEODRIVER": "offscreen", "PYTHONPATH": str(HERE.parent.parent)}
    pipe = asyncio.subprocess.PIPE
    with (parts.folder / "logs/terminal.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(HERE / "terminal.py"), str(parts.folder / "terminal.toml"),
            stdin=pipe, stdout=pipe, stderr=log, env=env,
        )  # fmt: skip
    try:
        assert process.stdout
        async with asyncio.timeout(PATIENCE):
            assert json.loads(await process.stdout.readline()) == {"up": True}
        made = Terminal(parts, process)
        await made.sees("attract")
        yield made
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(PATIENCE):
            await process.communicate()
