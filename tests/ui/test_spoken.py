"""Every screen that the program can show, as it is said in three languages."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from glass_catalogue import ROOT, filled, sentences

from flows.ports import Chrome
from flows.screens import Confirm, Screen, Statement, Tell
from kiosk.voice.spoken import A_PAGE, Utterance, choices, page_of, spoken
from kiosk.voice.words import VoiceWords
from kiosk.words import Catalogue
from protocol.money import Money

LANGUAGES = ("zh", "en", "ar")
LETTERS = {"zh": "[\u3400-\u9fff0-9]", "en": "[A-Za-z0-9]", "ar": "[\u0621-\u064a0-9]"}
FOREIGN = {
    "zh": "[A-Za-z]{3}|[\u0600-\u06ff]",
    "en": "[\u3400-\u9fff\u0600-\u06ff]",
    "ar": "[\u3400-\u9fff]",
}
"""What a voice of this language cannot say."""
UNSAYABLE = re.compile("[¥*•{}·\u2066-\u2069]|\\d{10}")
"""Signs, a place that was not filled, or a number that was not cut into digits."""
SCREENS = filled()


@cache
def words(language: str) -> VoiceWords:
    return VoiceWords(Catalogue(ROOT / "i18n", lambda: language), language)


def said(screen: Screen[Any], chrome: Chrome, language: str) -> Iterator[Utterance]:
    """All pages of it."""
    for page in range(max(1, -(-len(choices(screen, words(language))) // A_PAGE))):
        yield from spoken(screen, chrome, words(language), page)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCREENS)
def test_every_sentence_of_every_screen_can_be_said_by_the_voice_that_is_asked(name: str, language: str) -> None:
    screen, chrome = SCREENS[name]
    everything = list(said(screen, chrome, language))
    assert everything
    for one in everything:
        assert re.search(LETTERS[one.language], one.text), f"{one} has nothing in its language"
        assert not re.search(FOREIGN[one.language], one.text), f"{one} has what its voice cannot say"
        assert not UNSAYABLE.search(one.text), one
        assert one.text not in sentences(language), f"{one} is a key and no sentence"
        assert one.language == language or one.language in ("zh", "en") or screen.key == "attract"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCREENS)
def test_every_choice_is_said_with_its_key_or_with_why_not(name: str, language: str) -> None:
    screen, chrome = SCREENS[name]
    made = choices(screen, words(language))
    for page in range(-(-len(made) // A_PAGE)):
        text = " ".join(one.text for one in spoken(screen, chrome, words(language), page))
        for number, choice in enumerate(page_of(made, page), 1):
            if choice.why_not:
                assert choice.why_not.splitlines()[0] in text
            else:
                assert re.search(rf"(press|请按|اضغط) {number}[.。]", text), f"{choice.title}: {text}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCREENS)
def test_only_what_is_the_same_for_everybody_may_be_said_aloud(name: str, language: str) -> None:
    """Nothing with a number, a name, an amount or an outcome; and never beside a PIN."""
    screen, chrome = SCREENS[name]
    aloud = [one.text for one in said(screen, chrome, language) if not one.private]
    if screen.private or isinstance(screen, Tell | Confirm | Statement):
        assert not aloud
    assert not [text for text in aloud if "欧阳" in text or "5678" in text or "0 0 1 8" in text]
    if screen.key != "attract":
        assert all(re.sub(r"\d+", "", text).strip() for text in aloud)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_facts_of_an_order_are_said_before_what_says_yes_to_it(language: str) -> None:
    for screen, chrome in SCREENS.values():
        if isinstance(screen, Confirm):
            parts = spoken(screen, chrome, words(language))
            yes = next(n for n, one in enumerate(parts) if one.yes)
            before = " ".join(one.text for one in parts[:yes])
            for fact in screen.facts:
                assert words(language).text(fact.label).split(" ")[0] in before
            if screen.amount:
                assert words(language).money(screen.amount) in before


@pytest.mark.parametrize(
    ("number", "heard"),
    [
        ("6229 99** **** 0018", "6 2 2 9, 9 9, hidden, 0 0 1 8"),
        ("6229990000000018", "6 2 2 9, 9 9 0 0, 0 0 0 0, 0 0 1 8"),
        ("VTM001-014", "V T M 0, 0 1 0 1, 4"),
    ],
)
def test_a_number_is_said_digit_by_digit_in_groups(number: str, heard: str) -> None:
    assert words("en").number(number) == heard


@pytest.mark.parametrize(
    ("value", "language", "heard"),
    [
        ("李*明", "zh", "李某明"),
        ("A**** K****", "en", "A hidden K hidden"),
        ("138****5678", "en", "1 3 8, hidden, 5 6 7 8"),
        ("09:00-12:00", "en", "09:00-12:00"),
        ("A-1024", "en", "A 1 0 2, 4"),
    ],
)
def test_what_came_from_elsewhere_is_made_sayable(value: str, language: str, heard: str) -> None:
    assert words(language).aloud(value) == heard


@pytest.mark.parametrize(
    ("language", "heard"),
    [
        ("zh", ("1234 元", "0.05 元", "减 1234.50 元", "加 10 元")),
        ("en", ("1234 yuan", "0 yuan and 05 fen", "minus 1234 yuan and 50 fen", "plus 10 yuan")),
        ("ar", ("1234 يوان", "0 يوان و 05 فن", "ناقص 1234 يوان و 50 فن", "زائد 10 يوان")),
    ],
)
def test_money_is_said_as_a_whole_number_with_its_unit(language: str, heard: tuple[str, ...]) -> None:
    at = words(language)
    assert (at.money(Money(123_400)), at.money(Money(5)), at.signed(Money(-123_450)), at.signed(Money(1_000))) == heard
