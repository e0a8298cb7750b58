"""Fictional people and their cards. The numbers of Li Na and Wang Wei are the specimens printed in GB 11643-1999."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from drivers.api import IdCard
from drivers.idcard.card import PHOTO_BYTES
from drivers.idcard.tables import ETHNICITY, check_digit, number_is_valid

WIDTH, HEIGHT = 30, 34


@dataclass(frozen=True)
class SimCard:
    """A card to lay on the simulated reader."""

    card: IdCard
    newest_address: str = ""
    """Written to the chip after the card was printed; "" where it was not."""


def photo(shade: int = 0) -> bytes:
    """A picture in the simulator's own format, 1024 bytes: `57 4C 66 00`, width, height, 8-bit grey rows, top first.

    It shows a head and shoulders; `shade` makes people differ. It is no WLT: a vendor's decoder refuses it.
    """
    rows = bytes(_grey(x, y, shade) for y in range(HEIGHT - 1) for x in range(WIDTH))
    return (b"WLf\0" + bytes([WIDTH, HEIGHT - 1]) + rows).ljust(PHOTO_BYTES, b"\xff")


def _grey(x: int, y: int, shade: int) -> int:
    head = ((x - 14.5) / 6.5) ** 2 + ((y - 12) / 8.5) ** 2 < 1
    shoulders = ((x - 14.5) / 13) ** 2 + ((y - 33) / 11) ** 2 < 1
    hair = head and y < 8
    return 30 + shade if hair else 190 - shade if head else 80 + shade if shoulders else 240


def fingerprint(fingers: int) -> bytes:
    """As many closed templates of 512 bytes as fingers; these hold no finger."""
    return b"SIM finger".ljust(512, b"\0") * fingers


def _resident(
    name: str,
    number: str,
    address: str,
    issuer: str,
    valid: tuple[date, date | None],
    code: str = "01",
    fingers: int = 0,
) -> IdCard:
    return IdCard(
        kind="resident",
        name=name,
        id_number=number,
        sex="male" if int(number[16]) % 2 else "female",
        ethnicity=ETHNICITY[code],
        ethnicity_code=code,
        birth=date(int(number[6:10]), int(number[10:12]), int(number[12:14])),
        address=address,
        id_number_valid=number_is_valid(number),
        issuer=issuer,
        valid_from=valid[0],
        valid_to=valid[1],
        photo=photo(int(number[15])),
        fingerprint=fingerprint(fingers),
    )


LI_NA = _resident(
    "李娜", "11010519491231002X", "北京市朝阳区望京街10号院2号楼301室", "北京市公安局朝阳分局",
    (date(2016, 5, 1), None), fingers=2,
)  # fmt: skip
WANG_WEI = _resident(
    "王伟", "440524188001010014", "广东省汕头市潮阳区文光街道中山路18号", "汕头市公安局潮阳分局",
    (date(2015, 3, 1), date(2035, 3, 1)), fingers=1,
)  # fmt: skip
EXPIRED = _resident(
    "阿依古丽·买买提", "65010219880506002" + check_digit("65010219880506002"), "新疆乌鲁木齐市天山区解放路5号",
    "乌鲁木齐市公安局天山区分局", (date(2005, 6, 1), date(2015, 6, 1)), code="05",
)  # fmt: skip
JOHN = IdCard(
    kind="foreign2023",
    name="约翰",
    id_number="91184019811002003" + check_digit("91184019811002003"),
    english_name="DOE, JOHN BARTHOLOMEW MAXIMILIAN ALEXANDER",
    sex="male",
    birth=date(1981, 10, 2),
    id_number_valid=True,
    valid_from=date(2024, 1, 15),
    valid_to=date(2034, 1, 14),
    extra={"nationality": "USA", "reissue_count": "00", "old_number_link": "001"},
    photo=photo(3),
)
SMITH = IdCard(
    kind="foreign2017",
    name="史密斯",
    id_number="GBR310075061401",
    english_name="SMITH, EMILY JANE",
    sex="female",
    birth=date(1975, 6, 14),
    valid_from=date(2018, 9, 1),
    valid_to=date(2028, 8, 31),
    extra={"nationality": "GBR", "version": "01", "authority": "1500"},
    photo=photo(6),
)
CHAN = IdCard(
    kind="hmt",
    name="陳大文",
    id_number="81000019900307003" + check_digit("81000019900307003"),
    sex="male",
    birth=date(1990, 3, 7),
    address="广东省深圳市福田区福华路88号",
    id_number_valid=True,
    issuer="深圳市公安局",
    valid_from=date(2021, 2, 1),
    valid_to=date(2031, 1, 31),
    extra={"travel_permit": "H12345678", "issue_count": "01"},
    photo=photo(9),
)
CARDS: Mapping[str, SimCard] = {
    "li-na": SimCard(LI_NA),
    "wang-wei": SimCard(WANG_WEI, "广东省广州市天河区体育西路100号1502房"),
    "john": SimCard(JOHN),
    "smith": SimCard(SMITH),
    "chan": SimCard(CHAN),
    "expired": SimCard(EXPIRED),
}
"""What can be laid down by name."""
