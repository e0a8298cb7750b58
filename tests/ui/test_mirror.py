"""Arabic on the glass: everything stands where a mirror would put it, but numbers read from left to right."""

import asyncio
from typing import Any

import pytest
from glass_booth import Booth
from glass_rules import ARABIC, loose, taken_off, turned
from glass_samples import SAMPLES

from kiosk import app
from kiosk.ui.pencil import Rect

HAIR = 2
"""Pixels that rounding may take."""


async def places(booth: Booth, name: str) -> tuple[dict[str, Rect], dict[str, Rect]]:
    """Where each key and each Arabic text of a sample stands."""
    turned(booth, "ar")
    showing = asyncio.create_task(booth.stage.show(*SAMPLES[name]))
    await asyncio.sleep(0)
    layers = booth.stage.layers()
    keys = {one.id: one.rect for layer in layers for one in layer.touches}
    texts = {one.text: one.taken for layer in layers for one in layer.texts if ARABIC.search(one.text)}
    await taken_off(showing)
    return keys, texts


def unmirrored(here: dict[str, Rect], there: dict[str, Rect], width: int) -> list[str]:
    """What is not where a mirror would put it."""
    assert here.keys() == there.keys()
    mirrored = {name: (width - x - w, y, w, h) for name, (x, y, w, h) in there.items()}
    return [
        name for name, rect in here.items() if any(abs(a - b) > HAIR for a, b in zip(rect, mirrored[name], strict=True))
    ]


@pytest.mark.parametrize("name", SAMPLES)
def test_everything_is_mirrored_but_the_digits(either: Booth, name: str, monkeypatch: Any) -> None:
    """Keys and sentences stand mirrored beside the same screen read from the left; the keypad's digits stay."""
    keys, texts = either.run(places(either, name))
    monkeypatch.setattr(app, "RIGHT_TO_LEFT", frozenset())
    left_keys, left_texts = either.run(places(either, name))
    digits = {one for one in keys if one.startswith(("digit-", "key-")) or one == "erase"}
    wide = either.stage.panel.width
    ours = {one: rect for one, rect in keys.items() if one not in digits}
    assert unmirrored(ours, {one: rect for one, rect in left_keys.items() if one not in digits}, wide) == []
    on_keys = {"مسافة"}  # "space": on the keyboard, which stays
    assert [text for text in unmirrored(texts, left_texts, wide) if text not in on_keys] == []
    rows = [[keys[f"digit-{sign}"][0] for sign in row] for row in ("123", "456", "789") if "digit-1" in keys]
    assert rows == [sorted(row) for row in rows]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("المتاح \u2066¥12,345.67\u2069", False),
        ("المتاح ¥12,345.67", True),
        ("من حساب 6228 **** 0018", True),
        ("من حساب \u20666228 **** 0018\u2069", False),
        ("الخطوة 2 من 4", False),
        ("23 نوفمبر 2026", False),
        ("¥12,345.67", False),
    ],
)
def test_a_number_in_pieces_needs_an_isolate(text: str, wrong: bool) -> None:
    """The rule that every sentence is held against knows a loose number from an isolated one."""
    assert loose(text) is wrong
