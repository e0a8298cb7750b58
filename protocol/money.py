"""Money as integer minor units: exact, comparable, never a float."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

DIGITS = "零壹贰叁肆伍陆柒捌玖"
UNITS = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")


@dataclass(frozen=True, order=True)
class Money:
    """An amount of yuan in fen (1/100). `Money(12345)` is ¥123.45."""

    fen: int

    @classmethod
    def yuan(cls, amount: str | int | Decimal) -> "Money":
        """Read yuan with at most two decimals; raises ValueError on anything else."""
        try:
            fen = Decimal(amount) * 100
        except InvalidOperation as why:
            raise ValueError(f"not an amount: {amount!r}") from why
        if not fen.is_finite() or fen != fen.to_integral_value():
            raise ValueError(f"not a whole number of fen: {amount!r}")
        return cls(int(fen))

    @property
    def decimal(self) -> Decimal:
        """The amount in yuan, exact."""
        return Decimal(self.fen).scaleb(-2)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.fen + other.fen)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.fen - other.fen)

    def __str__(self) -> str:
        return f"{self.decimal:.2f}"


def chinese_capitals(money: Money) -> str:
    """Write an amount as banks write it by hand, so that no digit can be altered.

    Rules: 支付结算办法, appendix 1 (正确填写票据和结算凭证的基本规定). Range: 0 to below 10^16 yuan.
    """
    if not 0 <= money.fen < 10**18:
        raise ValueError(f"out of range for capitals: {money}")
    yuan, fen = divmod(money.fen, 100)
    whole = _whole(yuan) + "元" if yuan else ""
    return (whole + _fraction(fen, bool(yuan))) or "零元整"


def _fraction(fen: int, after_yuan: bool) -> str:
    jiao, rest = divmod(fen, 10)
    if not fen:
        return "整" if after_yuan else ""
    text = DIGITS[jiao] + "角" if jiao else ("零" if after_yuan else "")
    return text + (DIGITS[rest] + "分" if rest else "整")


def _whole(yuan: int) -> str:
    text, zero = "", False
    for place in range(len(GROUPS) - 1, -1, -1):
        group = yuan // 10_000**place % 10_000
        if not group:
            zero = bool(text)
            continue
        if text and (zero or group < 1000):
            text += "零"
        text += _group(group) + GROUPS[place]
        zero = False
    return text


def _group(number: int) -> str:
    text, zero = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if zero and text else "") + DIGITS[digit] + UNITS[place]
            zero = False
        else:
            zero = True
    return text
