"""The terminal's fonts where set-up has made them; else a small merge of Debian's, made once."""

import logging
from pathlib import Path

from fontTools import subset
from fontTools.merge import Merger
from fontTools.ttLib import TTFont

ROOT = Path(__file__).parents[2]
DEBIAN = Path("/usr/share/fonts/truetype")


def fonts() -> tuple[Path, Path]:
    """Regular and bold."""
    made = ROOT / "build/fonts/kiosk.ttf", ROOT / "build/fonts/kiosk-bold.ttf"
    if all(path.exists() for path in made):
        return made
    folder = ROOT / "build/test-fonts"
    folder.mkdir(parents=True, exist_ok=True)
    return _merged(folder, "Regular"), _merged(folder, "Bold")


def _merged(folder: Path, weight: str) -> Path:
    target = folder / f"kiosk-{weight}.ttf"
    if not target.exists():
        logging.getLogger("fontTools").setLevel(logging.ERROR)
        han = folder / "han.ttf"
        _han(han)
        parts = [DEBIAN / f"noto/NotoSans-{weight}.ttf", DEBIAN / f"noto/NotoSansArabic-{weight}.ttf", han]
        Merger().merge([str(part) for part in parts]).save(target)
    return target


def _han(target: Path) -> None:
    """The Han characters of GB 2312, in a thousand units per em."""
    rows = [bytes((high, low)) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF)]
    signs = {ord(row.decode("gb2312", "ignore") or " ") for row in rows}
    font = TTFont(DEBIAN / "droid/DroidSansFallbackFull.ttf")
    options = subset.Options(layout_features=[], drop_tables=["GSUB", "GPOS", "GDEF", "vhea", "vmtx"], hinting=False)
    cut = subset.Subsetter(options)
    cut.populate(unicodes={sign for sign in signs if sign > 0x2E80})
    cut.subset(font)
    if font["head"].unitsPerEm != 1000:
        from fontTools.ttLib.scaleUpem import scale_upem

        scale_upem(font, 1000)
    font.save(target)
