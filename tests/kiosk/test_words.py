"""Sentences, amounts and dates in three languages."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from flows.ports import Words
from kiosk.words import FSI, LRI, PDI, Catalogue, isolated, language_names, plain
from protocol.messages import Reason
from protocol.money import Money
from tools.messages import catalogues, compiled, packed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real catalogues, compiled afresh."""
    folder = tmp_path_factory.mktemp("i18n")
    for path in catalogues(ROOT):
        place = folder / path.relative_to(ROOT / "i18n").with_suffix(".mo")
        place.parent.mkdir(parents=True)
        place.write_bytes(compiled(path))
    return folder


@pytest.fixture
def speaking(folder: Path) -> Callable[[str], Words]:
    return lambda language: Catalogue(folder, lambda: language)


def test_a_sentence_comes_in_the_language_of_the_moment(folder: Path) -> None:
    now = ["zh"]
    words = Catalogue(folder, lambda: now[0])
    assert words.text("glass.back") == "返回"
    now[0] = "ar"
    assert words.text("glass.back") == "رجوع"
    assert words.text("glass.back", "en") == "Back"


def test_a_named_language_is_one_that_has_a_catalogue() -> None:
    assert {path.parent.parent.name for path in catalogues(ROOT)} == set(language_names())


@pytest.mark.parametrize("key", ["nothing.of.the.kind", "", "glass"])
def test_a_missing_key_raises_key_error(speaking: Callable[[str], Words], key: str) -> None:
    with pytest.raises(KeyError):
        speaking("en").text(key)


def test_an_unknown_language_raises_key_error(speaking: Callable[[str], Words]) -> None:
    with pytest.raises(KeyError):
        speaking("fr").text("glass.back")


def test_a_place_that_nothing_fills_raises_key_error(speaking: Callable[[str], Words]) -> None:
    with pytest.raises(KeyError):
        speaking("en").text("transfer.confirm.next")


def test_a_catalogue_that_was_not_compiled_raises_file_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Catalogue(tmp_path, lambda: "en").text("glass.back")


def test_a_sentence_that_is_empty_on_purpose_is_empty(speaking: Callable[[str], Words]) -> None:
    for language in language_names():
        assert speaking(language).text("accounts.one.line") == ""


def test_the_header_of_a_catalogue_is_never_a_sentence(speaking: Callable[[str], Words]) -> None:
    with pytest.raises(KeyError):
        speaking("zh").text("")


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("en", 1, "1 digit so far"),
        ("en", 2, "2 digits so far"),
        ("zh", 1, "已输入 1 位"),
        ("ar", 0, "لم يُدخل أي رقم بعد"),
        ("ar", 2, "أُدخل رقمان"),
        ("ar", 3, f"أُدخلت {LRI}3{PDI} أرقام"),
        ("ar", 11, f"أُدخل {LRI}11{PDI} رقمًا"),
        ("ar", 100, f"أُدخل {LRI}100{PDI} رقم"),
    ],
)
def test_a_whole_number_chooses_the_plural(
    speaking: Callable[[str], Words], language: str, count: int, said: str
) -> None:
    assert speaking(language).text("glass.digits", count=count) == said


def test_values_in_a_right_to_left_sentence_are_isolated_once(speaking: Callable[[str], Words]) -> None:
    words = speaking("ar")
    said = words.text("transfer.confirm.next", amount=words.money(Money(50_000)))
    assert said == f"تحويل {LRI}¥500.00{PDI}"
    assert words.text("menu", surname="وانغ") == f"مرحبًا، {FSI}وانغ{PDI}"
    assert speaking("en").text("menu", surname="Wang") == "Hello, Wang"


def test_isolating_twice_is_harmless_and_nothing_stays_nothing() -> None:
    once = isolated("6228 **** 0018")
    assert isolated(once) == once
    assert isolated("") == ""
    assert plain(once) == "6228 **** 0018"


def test_a_value_with_braces_is_no_template(speaking: Callable[[str], Words]) -> None:
    assert speaking("en").text("menu", surname="{number}") == "Hello, {number}"


@pytest.mark.parametrize("fen", [0, 1, 10, 50_000, 123_456_789, 10**15 - 1, -1_234])
def test_money_has_the_same_digits_in_all_languages(speaking: Callable[[str], Words], fen: int) -> None:
    shown = {plain(speaking(language).money(Money(fen))) for language in language_names()}
    assert shown == {f"{'-' if fen < 0 else ''}¥{abs(Money(fen).decimal):,.2f}"}


def test_money_stands_isolated_in_arabic_only(speaking: Callable[[str], Words]) -> None:
    assert speaking("ar").money(Money(123_450)) == f"{LRI}¥1,234.50{PDI}"
    assert speaking("zh").money(Money(123_450)) == "¥1,234.50"


def test_a_day_is_written_out_with_latin_digits(speaking: Callable[[str], Words]) -> None:
    day = date(2026, 11, 24)
    assert speaking("zh").day(day) == "2026年11月24日"
    assert speaking("en").day(day) == "24 November 2026"
    assert speaking("zh").day(day, "ar") == "24 نوفمبر 2026"


def test_account_numbers_stand_in_groups_of_four(folder: Path) -> None:
    words = Catalogue(folder, lambda: "en")
    assert words.digits("622848******0018") == "6228 48** **** 0018"
    assert words.digits("6229 **** 0018") == "6229 **** 0018"
    assert words.digits("T07-1123-0042") == "T07-1123-0042"
    assert words.digits("622848", "ar") == f"{LRI}6228 48{PDI}"


@pytest.mark.parametrize("reason", Reason)
def test_every_refusal_has_a_sentence_that_says_what_to_do(speaking: Callable[[str], Words], reason: Reason) -> None:
    said = speaking("en").text(f"refused.{reason}")
    assert said.count(".") >= 2
    assert str(reason) not in said.split() or reason in {Reason.CARD, Reason.ACCOUNT, Reason.LIMIT, Reason.PERSON}


@pytest.mark.parametrize("key", ["stopped.unreachable", "stopped.device", "identify.wrong-pin", "untold.refused"])
def test_a_failure_speaks_of_the_money_first(speaking: Callable[[str], Words], key: str) -> None:
    beginnings = {"zh": "您的钱没有动。", "en": "Your money has not moved.", "ar": "لم يتحرك مالك."}
    for language, begins in beginnings.items():
        assert speaking(language).text(f"{key}.line").startswith(begins)


def test_a_compiled_catalogue_is_read_back_by_gettext(tmp_path: Path) -> None:
    place = tmp_path / "en" / "LC_MESSAGES" / "kiosk.mo"
    place.parent.mkdir(parents=True)
    header = b"Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=1; plural=0;\n"
    place.write_bytes(packed([(b"", header), (b"a", b"one"), (b"b", b""), (b"c", "三".encode())]))
    words = Catalogue(tmp_path, lambda: "en")
    assert [words.text(key) for key in "abc"] == ["one", "", "三"]
