"""Money is exact, and its capitals can be read back."""

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from protocol.money import DIGITS, Money, chinese_capitals

FEN = st.integers(-(10**20), 10**20)


@given(FEN, FEN)
def test_sums_are_exact(a: int, b: int) -> None:
    assert (Money(a) + Money(b)).fen == a + b
    assert (Money(a) - Money(b)).fen == a - b
    assert (Money(a) < Money(b)) == (a < b)


@given(FEN)
def test_what_is_printed_is_read_back(fen: int) -> None:
    text = str(Money(fen))
    assert Money.yuan(text) == Money(fen)
    assert text[-3] == "."
    assert Money(fen).decimal * 100 == fen


@pytest.mark.parametrize("amount", ["0.001", "1.005", "", "x", "NaN", "inf", "-Infinity", Decimal("NaN"), "1.2.3"])
def test_what_is_no_whole_number_of_fen_is_no_amount(amount: str | Decimal) -> None:
    with pytest.raises(ValueError, match="not a"):
        Money.yuan(amount)


@pytest.mark.parametrize(
    ("amount", "capitals"),
    [
        ("0", "零元整"),
        ("0.01", "壹分"),
        ("0.10", "壹角整"),
        ("1", "壹元整"),
        ("10", "壹拾元整"),
        ("100.05", "壹佰元零伍分"),
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("100000000", "壹亿元整"),
        ("100000001", "壹亿零壹元整"),
    ],
)
def test_capitals_are_written_as_the_rules_say(amount: str, capitals: str) -> None:
    """支付结算办法, appendix 1; the amounts with fen are its own examples."""
    assert chinese_capitals(Money.yuan(amount)) == capitals


PLACES = {"拾": 10, "佰": 100, "仟": 1000}


def read_back(text: str) -> int:
    """Fen from capitals, by the value of each sign and nothing of how they were written."""
    total = section = digit = 0
    fen = 0
    for sign in text.replace("整", ""):
        if sign in DIGITS:
            digit = DIGITS.index(sign)
            continue
        match sign:
            case "拾" | "佰" | "仟":
                section += digit * PLACES[sign]
            case "万":
                total, section = total + (section + digit) * 10**4, 0
            case "亿":
                total, section = (total + section + digit) * 10**8, 0
            case "元":
                total, section = total + section + digit, 0
            case "角" | "分":
                fen += digit * (10 if sign == "角" else 1)
            case _:
                raise AssertionError(sign)
        digit = 0
    return total * 100 + fen


@given(st.integers(0, 10**14 - 1) | st.integers(0, 10**6) | st.integers(0, 10**10).map(lambda n: n * 10_000 % 10**14))
def test_capitals_are_read_back_as_the_amount(fen: int) -> None:
    text = chinese_capitals(Money(fen))
    assert read_back(text) == fen
    assert "零零" not in text
    assert not any(zero in text for zero in ("零拾", "零佰", "零仟", "零万", "零亿")), text
    assert text == "零元整" or not text.startswith("零")


@given(st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1))
def test_two_amounts_are_never_written_alike(a: int, b: int) -> None:
    assert (chinese_capitals(Money(a)) == chinese_capitals(Money(b))) == (a == b)


@pytest.mark.parametrize("fen", [-1, 10**18])
def test_no_capitals_outside_their_range(fen: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        chinese_capitals(Money(fen))
