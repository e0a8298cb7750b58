"""A strip of receipt paper, 576 dots wide: what a person would see of it, as a picture and as text."""

import functools
import io
import pathlib

import segno
from PIL import Image, ImageDraw, ImageFont

DOTS, CELL, HEIGHT, LEADING = 576, 12, 24, 6
PITCH = HEIGHT + LEADING
"""Dots from one line to the next, unless ESC 3 says otherwise."""
MARGIN, TABLE, TOOTH = 32, 16, 8
"""80 mm paper is 640 dots wide; it lies on a grey table, and the knife leaves teeth 8 dots deep."""
GREY, WHITE = 208, 255
LATIN = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"
CHINESE = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
)
MOST_STRIPS = 4000


class Paper:
    """Grows line by line until it is cut; letters stand in cells 12 dots wide, Chinese ones in two."""

    def __init__(self) -> None:
        self._strips: list[Image.Image] = []
        self._lines: list[str] = []
        self.reset()

    def reset(self) -> None:
        """As after ESC @: what is printed stays, the unfinished line goes."""
        self.align, self.bold, self.across, self.down, self.pitch = 0, False, 1, 1, PITCH
        self._line: list[tuple[str, int, int, bool]] = []

    @property
    def empty(self) -> bool:
        return not self._strips

    def write(self, text: str) -> None:
        """Into the current line, in the current size."""
        self._line += [(char, self.across, self.down, self.bold) for char in text]

    def end_line(self) -> None:
        """Print the current line; what is wider than the paper goes to the next."""
        rest, self._line = self._line, []
        while True:
            room, count = DOTS // CELL, 0
            while count < len(rest) and room >= _cells(rest[count]):
                room, count = room - _cells(rest[count]), count + 1
            self._put(rest[:count], room)
            rest = rest[count:]
            if not rest:
                return

    def feed(self, lines: int) -> None:
        for _ in range(lines):
            self._put([], 0)

    def picture(self, across: int, data: bytes) -> None:
        """A raster picture, `across` bytes wide, 1 is black."""
        down = len(data) // across if across else 0
        if not down:
            return
        image = Image.frombytes("1", (across * 8, down), bytes(byte ^ 0xFF for byte in data))
        self._add(image, f"[raster {across * 8}x{down}]")

    def qr(self, text: str, dots: int, level: str) -> None:
        """A QR code with modules of `dots` dots."""
        out = io.BytesIO()
        segno.make(text, error=level, micro=False, boost_error=False).save(
            out, kind="png", scale=max(1, dots), border=2
        )
        with Image.open(out) as image:
            self._add(image.convert("1"), f"[qr {text}]")

    def image(self) -> Image.Image:
        """The whole strip as it lies on a table, with the marks of the knife above and below."""
        down = sum(strip.height for strip in self._strips) + 3 * HEIGHT
        sheet = Image.new("L", (DOTS + 2 * (MARGIN + TABLE), down + 2 * TABLE), GREY)
        sheet.paste(WHITE, (TABLE, TABLE, sheet.width - TABLE, sheet.height - TABLE))
        pen = ImageDraw.Draw(sheet)
        for x in range(TABLE, sheet.width - TABLE, 2 * TOOTH):
            for y, tip in ((TABLE, TOOTH), (sheet.height - TABLE - 1, -TOOTH)):
                pen.polygon([(x, y), (x + TOOTH, y + tip), (x + 2 * TOOTH, y)], GREY)
        y = TABLE + HEIGHT + TOOTH
        for strip in self._strips:
            sheet.paste(strip, (TABLE + MARGIN, y))
            y += strip.height
        return sheet

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def _put(self, line: list[tuple[str, int, int, bool]], room: int) -> None:
        down = max((cell[2] for cell in line), default=1)
        strip = Image.new("1", (DOTS, max(HEIGHT * down + LEADING, self.pitch)), 1)
        pen, indent = ImageDraw.Draw(strip), self._indent(room)
        x = indent * CELL
        for cell in line:
            _letter(strip, pen, x, cell)
            x += _cells(cell) * CELL
        self._keep(strip, " " * indent + "".join(cell[0] for cell in line))

    def _add(self, image: Image.Image, words: str) -> None:
        strip = Image.new("1", (DOTS, image.height), 1)
        strip.paste(image, (self._indent((DOTS - image.width) // CELL) * CELL if image.width < DOTS else 0, 0))
        self._keep(strip, words)

    def _keep(self, strip: Image.Image, words: str) -> None:
        if len(self._strips) < MOST_STRIPS:
            self._strips.append(strip)
            self._lines.append(words.rstrip())

    def _indent(self, room: int) -> int:
        return (0, room // 2, room)[self.align] if self.align in (0, 1, 2) else 0


def _cells(cell: tuple[str, int, int, bool]) -> int:
    return (1 + _wide(cell[0])) * cell[1]


def _wide(char: str) -> bool:
    return len(char.encode("gb18030", "replace")) > 1


def _letter(strip: Image.Image, pen: ImageDraw.ImageDraw, x: int, cell: tuple[str, int, int, bool]) -> None:
    char, across, down, bold = cell
    wide = _wide(char)
    if across == down == 1:
        _strike(pen, x, char, bold=bold)
        return
    letter = Image.new("1", (CELL * (1 + wide), HEIGHT + LEADING), 1)
    _strike(ImageDraw.Draw(letter), 0, char, bold=bold)
    strip.paste(letter.resize((letter.width * across, letter.height * down)), (x, 0))


def _strike(pen: ImageDraw.ImageDraw, x: int, char: str, *, bold: bool) -> None:
    """Bold is what thermal printers do: the same once more, a dot to the right."""
    for at in (x, x + 1) if bold else (x,):
        pen.text((at, HEIGHT - 4), char, 0, _font(wide=_wide(char)), anchor="ls")


@functools.cache
def _font(*, wide: bool) -> ImageFont.FreeTypeFont:
    if not wide:
        return ImageFont.truetype(LATIN, 20)
    return ImageFont.truetype(next(path for path in CHINESE if pathlib.Path(path).exists()), 24)
