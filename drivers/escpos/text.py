"""A plain text file as a slip: what `printer print FILE.txt` sends."""

import unicodedata

from drivers.api import Line, Slip

RULE = frozenset("-=_─━—*")
MOST = 2000


def text_slip(text: str) -> Slip:
    """One line of paper a line of text; a row of dashes becomes a rule, text that begins in Arabic runs right to left.

    A tab parts a label from its value. ValueError when the text has more than 2000 lines.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    if len(lines) > MOST:
        raise ValueError(f"{len(lines)} lines are more than the {MOST} that fit on a slip")
    return Slip(tuple(_line(line.rstrip()) for line in lines), rtl=_rtl(text))


def _line(text: str) -> Line:
    if len(text) >= 3 and set(text) <= RULE:
        return Line(rule=True)
    label, _, value = text.partition("\t")
    return Line(label.rstrip(), value.replace("\t", " ").strip())


def _rtl(text: str) -> bool:
    """The first strong character decides (UAX 9, rule P2)."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in {"L", "R", "AL"}:
            return kind != "L"
    return False
