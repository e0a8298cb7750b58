"""Pictures of the real glass, with the real words.

    python tests/ui/glass_pictures.py docs            the pictures of docs/design.md
    python tests/ui/glass_pictures.py sheets FOLDER   a contact sheet for each language, size and orientation

Each panel has a process of its own: a window keeps the size that it was opened with.
"""

import asyncio
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/ui")]

from glass_booth import LYING, UPRIGHT, Booth  # noqa: E402  a script finds only its own folder by itself
from glass_catalogue import filled  # noqa: E402
from glass_rules import LOOKS, taken_off, turned  # noqa: E402
from PIL import Image  # noqa: E402

from kiosk.ui import shot  # noqa: E402
from kiosk.ui.tokens import Panel  # noqa: E402
from kiosk.words import Catalogue  # noqa: E402

PANELS = {"upright": UPRIGHT, "lying": LYING}
WIDE, COLOURS = 540, 96
TYPED, SETTLED = "1250", 0.4
BLANK = 32
"""Colours that an empty picture has at most; letters alone have more."""
DOCS = {
    "attract": ("Attract-attract", "zh", UPRIGHT),
    "confirm": ("Confirm-transfer.confirm", "ar", UPRIGHT),
    "unsure": ("Tell-transfer.unsure-1", "en", UPRIGHT),
    "lying": ("Confirm-transfer.confirm", "zh", LYING),
}
"""Picture -> screen, language and panel."""


def stage(panel: Panel) -> Booth:
    """A booth whose stage speaks the terminal's own words."""
    booth = Booth(panel)
    booth.stage.words = Catalogue(ROOT / "i18n", lambda: booth.stage.language)
    return booth


async def taken(booth: Booth, name: str, language: str, *, large: bool = False) -> Image.Image:
    """A picture of one screen."""
    screen, chrome = filled()[name]
    turned(booth, language, large=large)
    showing = asyncio.create_task(booth.stage.show(screen, chrome))
    await asyncio.sleep(SETTLED)
    booth.stage.typed(TYPED)
    await asyncio.sleep(0.05)
    picture = shot.grab()
    if booth._task and booth._task.done():
        booth._task.result()
    if picture.getcolors(BLANK) is not None:
        sys.exit(f"nothing is on the glass where {name} should be, in {language}")
    await taken_off(showing)
    return picture


def docs(panel: Panel) -> None:
    """The pictures of the page about the design that are of this panel."""
    booth = stage(panel)
    for name, (screen, language, where) in DOCS.items():
        if where == panel:
            picture = booth.run(taken(booth, screen, language))
            small = picture.resize((WIDE, WIDE * picture.height // picture.width), Image.Resampling.LANCZOS)
            path = ROOT / "docs/pictures" / f"{name}.png"
            small.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    booth.close()


def sheets(panel: Panel, way: str, folder: Path) -> None:
    """Every screen of this panel, small, side by side."""
    booth, screens = stage(panel), filled()
    width, columns = (560, 4) if panel.landscape else (300, 8)
    height = width * panel.height // panel.width
    for language, large in LOOKS:
        sheet = Image.new("RGB", (columns * (width + 8), -(-len(screens) // columns) * (height + 8)), "#777777")
        for number, name in enumerate(screens):
            picture = booth.run(taken(booth, name, language, large=large)).resize((width, height))
            sheet.paste(picture, (number % columns * (width + 8), number // columns * (height + 8)))
        sheet.save(folder / f"{way}-{language}{'-large' * large}.png")
    booth.close()


def _say(folder: Path) -> None:
    """Where the sheets are, and what is on each."""
    found = sorted(folder.glob("*.png"))
    sys.stdout.write(f"{len(found)} sheets of {len(filled())} screens each in {folder.resolve()}\n")
    sys.stdout.writelines(f"{path}\n" for path in found)


def main(argv: list[str]) -> None:
    """Do what the arguments say, in one process for each panel."""
    match argv:
        case ["docs"] | ["sheets", _]:
            for way in PANELS:
                subprocess.run([sys.executable, __file__, *argv, way], check=True)
            if argv[0] == "sheets":
                _say(Path(argv[1]))
        case ["docs", way]:
            docs(PANELS[way])
        case ["sheets", folder, way]:
            Path(folder).mkdir(parents=True, exist_ok=True)
            sheets(PANELS[way], way, Path(folder))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
