"""Public code tables behind an identity card: ethnic groups, sex, and the check digit of a citizen's number."""

import re

ETHNICITIES = (
    "汉", "蒙古", "回", "藏", "维吾尔", "苗", "彝", "壮",
    "布依", "朝鲜", "满", "侗", "瑶", "白", "土家", "哈尼",
    "哈萨克", "傣", "黎", "傈僳", "佤", "畲", "高山", "拉祜",
    "水", "东乡", "纳西", "景颇", "柯尔克孜", "土", "达斡尔", "仫佬",
    "羌", "布朗", "撒拉", "毛南", "仡佬", "锡伯", "阿昌", "普米",
    "塔吉克", "怒", "乌孜别克", "俄罗斯", "鄂温克", "德昂", "保安", "裕固",
    "京", "塔塔尔", "独龙", "鄂伦春", "赫哲", "门巴", "珞巴", "基诺",
)  # fmt: skip
"""GB 3304-1991: code 01 is the first."""
ETHNICITY = {f"{at:02d}": name for at, name in enumerate(ETHNICITIES, 1)} | {"97": "其他", "98": "外国血统中国籍人士"}

SEX = {"0": "unknown", "1": "male", "2": "female", "9": "not stated"}
"""GB/T 2261.1-2003."""
SEX_CODE = {name: code for code, name in SEX.items()}

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
_NUMBER = re.compile(r"[1-9][0-9]{16}[0-9X]")


def check_digit(first17: str) -> str:
    """GB 11643-1999: the last character of a citizen's number (ISO 7064 MOD 11-2)."""
    return CHECK_DIGITS[sum(int(digit) * weight for digit, weight in zip(first17, WEIGHTS, strict=True)) % 11]


def number_is_valid(number: str) -> bool:
    """GB 11643-1999: 18 characters, and the check digit fits. A 2017 permanent resident's 15 never do."""
    return _NUMBER.fullmatch(number) is not None and check_digit(number[:17]) == number[17]
