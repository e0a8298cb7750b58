"""The merged fonts, as set-up built them: every letter in one file, and Arabic still joined."""

import re
from functools import cache
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageChops, ImageDraw, ImageFont

from tools.fonts import INVISIBLE, LIST, OUTLINES, WEIGHTS, WHOLE, Weight
from tools.messages import catalogues, entries

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "build" / "fonts"
ARABIC = "لا نعرف بعد هل تم التحويل أم لا، يرجى الاحتفاظ بهذا الرقم"
VOWELS = "مرحبًا أُدخلت ثوانٍ يُلغى"
BOTH = pytest.mark.parametrize("weight", WEIGHTS, ids=lambda weight: weight.style)


@cache
def font(weight: Weight) -> TTFont:
    return TTFont(BUILT / weight.file, lazy=True)


def drawn(path: Path, text: str, direction: str) -> Image.Image:
    """The text in black on white, baseline at a fixed height."""
    picture = Image.new("L", (1400, 160), 255)
    letters = ImageFont.truetype(str(path), 48, layout_engine=ImageFont.Layout.RAQM)
    ImageDraw.Draw(picture).text((20, 90), text, font=letters, fill=0, anchor="ls", direction=direction)
    return picture


def ink(picture: Image.Image) -> int:
    """How much black there is."""
    return sum(255 - value for value in picture.tobytes())


def unlike(one: Image.Image, other: Image.Image) -> int:
    """How much black stands in one and not in the other."""
    return sum(ImageChops.difference(one, other).tobytes())


@BOTH
@pytest.mark.parametrize("language", ["zh", "en", "ar"])
def test_every_letter_of_every_sentence_has_a_glyph(weight: Weight, language: str) -> None:
    path = next(path for path in catalogues(ROOT) if path.parent.parent.name == language)
    used = {letter for entry in entries(path, ROOT).values() for form in entry.forms for letter in form} - {"\n"}
    assert not {letter for letter in used if ord(letter) not in font(weight).getBestCmap()}


@BOTH
def test_capitals_rare_names_marks_and_currency_have_a_glyph(weight: Weight) -> None:
    have = font(weight).getBestCmap()
    wanted = "零壹贰叁肆伍陆柒捌玖拾佰仟万亿元角分整" + "¥€•*·…“”（）《》，。？：" + "䶮㛃㭎喆堃犇𠮷𬭎" + "АЖяéüñ"
    assert [letter for letter in wanted if ord(letter) not in have] == []


@BOTH
def test_every_ideograph_that_gb2312_and_big5_name_has_a_glyph(weight: Weight) -> None:
    have, pairs = font(weight).getBestCmap(), [bytes((a, b)) for a in range(0x81, 0xFF) for b in range(0x40, 0xFF)]
    known = {text for codec in ("gb2312", "big5") for pair in pairs if len(text := pair.decode(codec, "ignore")) == 1}
    assert [text for text in known if re.match("[\u4e00-\u9fff]", text) and ord(text) not in have] == []


@BOTH
@pytest.mark.parametrize("text", [ARABIC, VOWELS])
def test_arabic_is_joined_and_placed_exactly_as_by_its_own_font(weight: Weight, text: str) -> None:
    own = WHOLE[1].of(weight)
    mine, theirs = drawn(BUILT / weight.file, text, "rtl"), drawn(own, text, "rtl")
    lengths = [
        ImageFont.truetype(str(path), 48, layout_engine=ImageFont.Layout.RAQM).getlength(text, direction="rtl")
        for path in (BUILT / weight.file, own)
    ]
    assert lengths[0] == lengths[1]
    # the plain font is hinted and ours is not: edges may differ in shade, letters may not
    assert unlike(mine, theirs) < 0.2 * ink(theirs)
    apart = drawn(BUILT / weight.file, "\u200c".join(text), "rtl")
    assert unlike(mine, apart) > 0.3 * ink(theirs)


@BOTH
def test_digits_are_as_wide_as_each_other_so_that_columns_stand(weight: Weight) -> None:
    have, widths = font(weight).getBestCmap(), font(weight)["hmtx"]
    assert len({widths[have[ord(digit)]][0] for digit in "0123456789"}) == 1


@BOTH
def test_isolates_are_not_drawn_and_take_no_room(weight: Weight) -> None:
    letters = ImageFont.truetype(str(BUILT / weight.file), 48, layout_engine=ImageFont.Layout.RAQM)
    with_them = letters.getlength("حساب \u2066****\u2069", direction="rtl")
    assert with_them == letters.getlength("حساب ****", direction="rtl")
    assert set(INVISIBLE) <= font(weight).getBestCmap().keys()


@BOTH
def test_a_masked_number_keeps_its_order_inside_arabic(weight: Weight) -> None:
    path, number = BUILT / weight.file, "6228 **** 0018"
    alone, wide = drawn(path, number, "ltr"), (20, 0, 380, 160)
    isolated, loose = (drawn(path, f"برقم {text}", "rtl") for text in (f"\u2066{number}\u2069", number))
    # it is the end of the sentence, so it stands at the left
    assert unlike(alone.crop(wide), isolated.crop(wide)) < 0.2 * ink(alone)
    assert unlike(alone.crop(wide), loose.crop(wide)) > 0.3 * ink(alone)


@BOTH
def test_no_vertical_table_is_left(weight: Weight) -> None:
    assert not {"vhea", "vmtx", "VORG"} & set(font(weight).keys())


def test_the_two_weights_hold_the_same_characters() -> None:
    regular, bold = (font(weight).getBestCmap().keys() for weight in WEIGHTS)
    assert regular == bold


def test_bold_chinese_is_bolder() -> None:
    regular, bold = (ink(drawn(BUILT / weight.file, "转账余额手续费", "ltr")) for weight in WEIGHTS)
    assert bold > 1.2 * regular


def test_what_is_taken_from_the_chinese_font_leaves_latin_and_private_letters_alone() -> None:
    wanted = OUTLINES[0].letters
    assert not wanted & {*range(0x80), *range(0xE000, 0xF900)}
    assert {ord("。"), ord("，"), ord("（"), 0x20BB7} <= wanted


@BOTH
def test_every_font_of_the_list_is_where_debian_puts_it(weight: Weight) -> None:
    assert [source.path for source in (*WHOLE, *OUTLINES) if not source.of(weight).exists()] == []


def test_the_packages_that_the_list_names_are_those_that_set_up_installs() -> None:
    listed = set(re.findall(r'package = "([\w-]+)"', LIST.read_text("utf-8")))
    asked = set(re.findall(r"\bfonts-[\w-]+", (ROOT / "tools/debian.sh").read_text("utf-8")))
    assert listed <= asked
