"""Slips as bytes, answers as values: no wire, no clock."""

import random
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from drivers.api import Line, Slip
from drivers.escpos import codec, layout, text_slip
from drivers.escpos.codec import Answers, Noise, PaperAnswer, Presenter, ProcessId, RealTime, Trouble
from drivers.escpos.raster import Drawer, pack
from drivers.sim.escpos import Interpreter, Order, RealTimes, Text

DRAWER = Drawer()


def printed(slip: Slip) -> str:
    """The letters a printer would put on paper, line by line."""
    orders = Interpreter().feed(codec.encode(slip, DRAWER))
    return "".join(o.text if isinstance(o, Text) else "\n" if o.name == b"\n" else "" for o in orders)


def test_a_label_stands_left_and_its_value_right_in_48_columns() -> None:
    row = printed(Slip((Line("余额", "¥12.00"),))).strip("\n")
    assert row.startswith("余额 ")
    assert row.endswith(" ￥12.00")
    assert layout.columns(row) == 48


def test_the_yuan_sign_leaves_as_the_two_bytes_that_gbk_printers_know() -> None:
    assert b"\xa3\xa4" in codec.encode(Slip((Line("¥"),)), DRAWER)


def test_a_label_and_a_value_too_long_for_a_row_stand_below_each_other() -> None:
    rows = layout.rows("a" * 40, "b" * 20, 48)
    assert rows == ["a" * 40, " " * 28 + "b" * 20]


def test_big_text_has_half_the_columns() -> None:
    rows = printed(Slip((Line("0123456789" * 3, big=True),))).strip("\n").split("\n")
    assert [len(row) for row in rows] == [24, 6]


def test_in_right_to_left_slips_the_value_stands_left() -> None:
    assert layout.rows("label", "7", 12, rtl=True) == ["7      label"]


@given(st.text(max_size=80), st.text(max_size=40), st.booleans(), st.booleans())
def test_no_text_is_ever_a_command_or_wider_than_the_paper(text: str, value: str, rtl: bool, centre: bool) -> None:
    text, value = layout.clean(text), layout.clean(value)
    rows = layout.rows(text, value, 48, rtl=rtl, centre=centre)
    assert all(layout.columns(row) <= 48 or not layout.native(row) for row in rows)
    assert all(byte >= 0x20 for row in rows for byte in row.encode("gb18030"))
    assert sorted("".join(rows).replace(" ", "")) == sorted((text + value).replace(" ", ""))


def test_arabic_and_rare_characters_are_drawn_and_the_rest_is_not() -> None:
    orders = list(Interpreter().feed(codec.encode(Slip((Line("الرصيد", "¥5"), Line("䶮"), Line("中文"))), DRAWER)))
    names = [order.name for order in orders if isinstance(order, Order)]
    assert names.count(b"\x1dv") == 2
    assert [order.text for order in orders if isinstance(order, Text)] == ["中文"]


def test_an_arabic_label_is_inked_at_the_right_and_its_value_at_the_left() -> None:
    picture = (
        DRAWER.draw("الرصيد", "12", rtl=True, big=False, bold=False, centre=False).convert("L").point(lambda v: 255 - v)
    )
    right, left = (
        picture.crop((300, 0, 576, picture.height)).getbbox(),
        picture.crop((0, 0, 300, picture.height)).getbbox(),
    )
    assert right
    assert left
    assert right[2] > 270
    assert left[0] < 6
    assert left[2] < 60


def test_a_value_runs_as_its_own_first_letter_does_inside_an_arabic_line() -> None:
    """The masked name of a payee: its star stands before the name, not behind it."""

    def ink(text: str) -> bytes:
        row = DRAWER.draw("المستفيد", text, rtl=True, big=False, bold=False, centre=False)
        return row.crop((0, 0, 200, row.height)).tobytes()

    assert ink("*伟") == ink("\u2066*伟\u2069")
    assert ink("*伟") != ink("伟*")


def test_lines_of_double_size_get_the_room_and_the_bold_the_ink_that_they_need() -> None:
    orders = Interpreter().feed(codec.encode(Slip((Line("大", big=True), Line("a"))), DRAWER))
    pitches = [o.args[0] for o in orders if isinstance(o, Order) and o.name == b"\x1b3"]
    assert pitches == [38, 76, 38]
    thin, bold = (
        DRAWER.draw("المبلغ", rtl=True, big=False, bold=fat, centre=False).convert("L").histogram()[0]
        for fat in (False, True)
    )
    assert thin < bold < 2 * thin


def test_every_word_of_a_long_arabic_line_finds_room() -> None:
    one = DRAWER.draw("تم التحويل", rtl=True, big=False, bold=False, centre=False)
    many = DRAWER.draw("تم التحويل " * 12, rtl=True, big=False, bold=True, centre=True)
    assert many.width == 576
    assert many.height >= 3 * one.height


def test_a_picture_holds_no_real_time_command() -> None:
    from PIL import Image

    dots = bytes((0x10, 0x04, 0x01, 0x10, 0x05, 0x10, 0x14, 0x10, 0x10, 0x04))
    image = Image.frombytes("1", (80, 1), bytes(byte ^ 0xFF for byte in dots))
    assert list(RealTimes().feed(dots))
    assert not list(RealTimes().feed(pack(image)[2]))


def test_a_missing_font_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.escpos.raster.FONTS", ())
    with pytest.raises(OSError, match="no font"):
        Drawer(Path("/nowhere.ttf")).draw("ع", rtl=True, big=False, bold=False, centre=False)


def test_a_qr_text_that_is_too_long_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="too many"):
        codec.encode(Slip((), qr="x" * 901), DRAWER)


def test_answers_are_the_same_however_the_bytes_arrive() -> None:
    sent = b"\x12\x37\x22123400"[:6] + b"4\x00\x0c\x5fSIM\x00\x10\x0f\x20\x00\x00\x00\x37\x25\x00\x95"
    whole = list(Answers().feed(sent))
    drip = Answers()
    assert [answer for byte in sent for answer in drip.feed(bytes((byte,)))] == whole
    assert whole == [
        RealTime(0x12), ProcessId(b"1234"), PaperAnswer(0x0C), codec.Info("SIM"), Presenter(ticket=True),
        codec.Cleared(), Noise(0x95),
    ]  # fmt: skip


@given(st.binary(max_size=200))
def test_noise_never_stops_the_reader_of_answers(noise: bytes) -> None:
    answers = Answers()
    list(answers.feed(noise))
    list(answers.feed(bytes(100)))
    assert list(answers.feed(b"\x12"))[-1] == RealTime(0x12)


@given(st.integers(0, 255))
def test_only_a_byte_with_the_four_fixed_bits_is_a_status(byte: int) -> None:
    good = byte & 0x93 == 0x12
    assert any(isinstance(answer, RealTime) for answer in Answers().feed(bytes((byte,)))) == good


@pytest.mark.parametrize(
    ("bits", "trouble", "media"),
    [
        ((0x12, 0x12, 0x12, 0x12), None, "present"),
        ((0x12, 0x12, 0x12, 0x1E), None, "low"),
        ((0x1A, 0x32, 0x12, 0x72), Trouble.PAPER, "absent"),
        ((0x1A, 0x16, 0x12, 0x12), Trouble.COVER, "unknown"),
        ((0x1A, 0x52, 0x1A, 0x12), Trouble.CUTTER, "jammed"),
        ((0x1A, 0x52, 0x32, 0x12), Trouble.BROKEN, "jammed"),
        ((0x1A, 0x12, 0x12, 0x12), Trouble.OFFLINE, "unknown"),
    ],
)
def test_four_status_bytes_say_one_thing(bits: tuple[int, int, int, int], trouble: Trouble | None, media: str) -> None:
    found = codec.condition(*bits)
    assert (found.trouble, found.media) == (trouble, media)


def test_the_far_end_reads_the_same_orders_however_the_bytes_arrive() -> None:
    slip = Slip((Line("张三", "¥1", big=True), Line("الرصيد"), Line("a·b", bold=True)), qr="https://example.org/1")
    data = codec.encode(slip, DRAWER) + codec.ask_process_id(b"1234")
    whole = list(Interpreter().feed(data))
    chance, drip, found, at = random.Random(5), Interpreter(), list[Text | Order](), 0
    while at < len(data):
        size = chance.randint(1, 7)
        found += drip.feed(data[at : at + size])
        at += size
    assert _joined(found) == _joined(whole)


def _joined(orders: list[Text | Order]) -> list[str | Order]:
    """Texts in a row as one: where a chunk ended says nothing."""
    out: list[str | Order] = []
    for order in orders:
        if isinstance(order, Text) and out and isinstance(out[-1], str):
            out[-1] += order.text
        else:
            out.append(order.text if isinstance(order, Text) else order)
    return out


def test_a_text_file_becomes_a_slip_with_rules_values_and_a_direction() -> None:
    slip = text_slip("\ufeff回单\n-----\n余额\t5.00\n\nend")
    assert slip.lines == (Line("回单"), Line(rule=True), Line("余额", "5.00"), Line(), Line("end"))
    assert not slip.rtl
    assert text_slip("123 الرصيد").rtl


def test_a_text_file_of_any_length_is_not_taken() -> None:
    with pytest.raises(ValueError, match="2000"):
        text_slip("x\n" * 2001)
