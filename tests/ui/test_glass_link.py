"""A link on the glass: a phone's camera reads it as it is, in each language, size and orientation."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from glass_booth import Booth
from glass_catalogue import LINK, filled
from glass_rules import LOOKS, taken_off, turned
from PIL import Image

from kiosk.ui.pencil import Pencil
from kiosk.ui.tokens import Box
from kiosk.words import Catalogue
from tools.messages import catalogues, compiled

ROOT = Path(__file__).parents[2]

SCREEN = filled()["Review-statement.link"]


@pytest.fixture
def spoken(either: Booth, tmp_path: Path) -> Iterator[Booth]:
    """A stage with the real words."""
    for path in catalogues(ROOT):
        target = tmp_path / path.relative_to(ROOT / "i18n").with_suffix(".mo")
        target.parent.mkdir(parents=True)
        target.write_bytes(compiled(path))
    stage, usual = either.stage, either.stage.words
    stage.words = Catalogue(tmp_path, lambda: stage.language)
    yield either
    stage.words = usual


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_code_on_the_glass_reads_as_the_link_and_stands_the_right_way_round(
    spoken: Booth, look: tuple[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the pencil puts on the canvas is painted here once more: a window keeps the size of the first panel."""
    panel, draw = spoken.stage.panel, Pencil.block
    picture = Image.new("RGB", (panel.width, panel.height), "#FAF7F1")

    def drawn(pencil: Pencil, box: Box, fill: str) -> None:
        x, y, w, h = pencil.rect(box)
        picture.paste(fill, (x, panel.height - y - h, x + w, panel.height - y))
        draw(pencil, box, fill)

    monkeypatch.setattr(Pencil, "block", drawn)

    async def story() -> None:
        turned(spoken, look[0], large=look[1])
        showing = asyncio.create_task(spoken.stage.show(*SCREEN))
        await asyncio.sleep(0)
        await taken_off(showing)

    spoken.run(story())
    (found,) = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    assert found.text == LINK
    corners = found.position
    upright = corners.top_left.x < corners.top_right.x and corners.top_left.y < corners.bottom_left.y
    assert upright, "not mirrored: a phone may not read that"
    side = (corners.top_right.x - corners.top_left.x) / panel.pixels_per_mm
    assert side > 50, "millimetres: large enough to be read at arm's length"
