"""Text in columns: 48 half-width columns on 80 mm paper, where a Chinese character takes two.

A column is a byte of GB18030, because printers draw one-byte characters 12 dots wide and two-byte ones 24. Characters
that GBK does not have (Arabic, rare Chinese ones) are not in the ROM of every printer: such lines are drawn
as pictures.
"""

import unicodedata

COLUMNS = 48
DOTS = 576

_SAME = str.maketrans({"¥": "￥", "\u00a0": " ", "\u2013": "-", "\u202f": " "})
"""U+00A5 would become the four bytes 81 30 84 36, which GBK printers print as rubbish; U+FFE5 is A3 A4."""

_REPLACED = {"Cc": " ", "Cs": "?", "Zl": " ", "Zp": " "}


def clean(text: str) -> str:
    """Text that can hold no command: controls become spaces, the yuan sign the one that printers know."""
    return "".join(_REPLACED.get(unicodedata.category(char), char) for char in text.translate(_SAME))


def native(text: str) -> bool:
    """Has the printer a glyph for every character? Private-use characters count as none."""
    try:
        known = text.encode("gbk") == text.encode("gb18030")
    except UnicodeEncodeError:
        return False
    return known and not any(unicodedata.category(char) in {"Co", "Cf", "Mn"} for char in text)


def columns(text: str) -> int:
    """How many half-width columns the text takes."""
    return sum(len(_bytes(char)) for char in text)


def _bytes(char: str) -> bytes:
    return char.encode("gb18030", "replace")


def wrap(text: str, width: int) -> list[str]:
    """Break into rows of at most `width` columns: at spaces, between wide characters, else in the word."""
    rows, row = [], ""
    for token in _tokens(text):
        for part in [token] if columns(token) <= width else token:
            if row and columns(row + part.rstrip()) > width:
                rows.append(row.rstrip())
                row = ""
            row += part if row else part.lstrip(" ")
    return [*rows, row.rstrip()] if row.strip() or not rows else rows


def _tokens(text: str) -> list[str]:
    """Words with their spaces; a wide character is a word of its own."""
    tokens, word = [], ""
    for char in text:
        wide = len(_bytes(char)) > 1
        if word and (wide or (word[-1] == " " and char != " ")):
            tokens.append(word)
            word = ""
        word += char
        if wide:
            tokens.append(word)
            word = ""
    return [*tokens, word] if word else tokens


def rows(text: str, value: str, width: int, *, rtl: bool = False, centre: bool = False) -> list[str]:
    """A label at the near edge and its value at the far one; below each other where both do not fit in a row."""
    if centre:
        whole = f"{text} {value}".strip()
        return [" " * ((width - columns(row)) // 2) + row for row in wrap(whole, width)]
    if not value:
        return [_far(row, width) if rtl else row for row in wrap(text, width)]
    gap = width - columns(text) - columns(value)
    if gap >= bool(text):
        return [value + " " * gap + text if rtl else text + " " * gap + value]
    near, far = wrap(text, width) if text else [], wrap(value, width)
    return [_far(row, width) for row in near] + far if rtl else near + [_far(row, width) for row in far]


def _far(row: str, width: int) -> str:
    return " " * (width - columns(row)) + row
