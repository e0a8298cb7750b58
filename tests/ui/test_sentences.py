"""The terminal's own sentences on the glass: every screen of every flow, out of the real catalogues."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from glass_booth import Booth
from glass_catalogue import asked, filled
from glass_rules import LOOKS, turned, walked

from flows.ports import Words
from flows.screens import KINDS
from kiosk.words import Catalogue
from tools.messages import catalogues, compiled

ROOT = Path(__file__).parents[2]
SCREENS = filled()
KEY = re.compile(r"\b[a-z]+(?:[.-][a-z]+)+\b")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogues, compiled as they stand in the source."""
    made = tmp_path_factory.mktemp("i18n")
    for path in catalogues(ROOT):
        target = made / path.relative_to(ROOT / "i18n").with_suffix(".mo")
        target.parent.mkdir(parents=True)
        target.write_bytes(compiled(path))
    return made


@pytest.fixture
def spoken(either: Booth, folder: Path) -> Iterator[Booth]:
    """A stage with the real words."""
    stage = either.stage
    usual: Words = stage.words
    stage.words = Catalogue(folder, lambda: stage.language)
    yield either
    stage.words = usual


def test_every_kind_is_among_them() -> None:
    """Reading the source found screens of all kinds."""
    assert {kind for kind, _ in asked()} == set(KINDS)


@pytest.mark.parametrize("name", SCREENS)
def test_every_sentence_stands_on_the_glass(spoken: Booth, name: str) -> None:
    """No sentence of any language, in either letter size, is cut off, broken, small, faint or out of order."""

    async def story() -> list[str]:
        found = []
        for language, large in LOOKS:
            turned(spoken, language, large=large)
            found += [f"{language}{' large' * large}: {fault}" for fault in await walked(spoken, *SCREENS[name])]
        return found

    assert spoken.run(story()) == []
