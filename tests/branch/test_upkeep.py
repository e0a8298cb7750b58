"""What the branch does by itself goes on after a failure, and tells of it without anybody's words."""

import asyncio
import logging

import pytest

from branch import upkeep


def test_an_act_that_fails_is_tried_again_and_its_words_stay_out_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turns = 0
    third = asyncio.Event()

    async def act() -> None:
        nonlocal turns
        turns += 1
        if turns == 3:
            third.set()
        raise ValueError("6229990100000001239")

    async def go() -> None:
        task = asyncio.create_task(upkeep.every(0.001, act))
        await asyncio.wait_for(third.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    caplog.set_level(logging.DEBUG)
    asyncio.run(go())
    assert "ValueError at test_upkeep.py" in caplog.text
    assert "6229990100000001239" not in caplog.text
