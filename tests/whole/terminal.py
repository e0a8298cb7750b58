"""The terminal as a program of its own, with a hand beside it that is told over standard input what to touch.

One JSON order a line, one JSON answer a line. The hand knows no PIN: keys of the pad are pressed from elsewhere.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

from kiosk.__main__ import Kiosk, prepare_kivy, serve
from kiosk.config import load


async def _hand(kiosk: Kiosk) -> None:
    from kiosk.ui.hand import Hand

    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    hand = Hand(kiosk.stage)
    _say({"up": True})
    async for line in reader:
        order = json.loads(line)
        try:
            _say({"answer": await _do(kiosk, hand, **order)})
        except Exception as why:  # noqa: BLE001  the test is told, whatever it was
            _say({"error": f"{type(why).__name__}: {why}"})


async def _do(kiosk: Kiosk, hand: Any, verb: str, what: str = "") -> Any:
    stage = kiosk.stage
    match verb:
        case "touch":
            return await hand.touch(what)
        case "glass":
            screen = stage.shown
            return {
                "key": screen.key if screen else "",
                "texts": stage.read(),
                "options": [option.id for option in getattr(screen, "options", ())],
                "language": stage.language,
                "large": stage.large,
                "warned": "still-here" in _ids(stage),
            }
        case "shot":
            return stage.screenshot(Path(what))
    raise ValueError(verb)


def _ids(stage: Any) -> list[str]:
    return [one.id for layer in stage.layers() for one in layer.touches]


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    config = load(Path(sys.argv[1]))
    prepare_kivy(config.state)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(serve(config, windowed=True, beside=_hand))
