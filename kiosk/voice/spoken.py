"""What is said of a screen: a pure function of the same frozen value that the glass draws.

First the question, then what answers it with the keys of the pad, then what the other keys do. A sentence that holds
nothing of the customer is marked as one for everybody; all others are for her own ear.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flows.ports import Chrome
from flows.screens import (
    Attract,
    Choose,
    Confirm,
    EnterAmount,
    EnterNumber,
    EnterPin,
    EnterText,
    Entry,
    Fact,
    Option,
    OutOfService,
    Prompt,
    Rate,
    Review,
    Screen,
    Statement,
    Tell,
    Wait,
)
from kiosk.voice.words import VoiceWords
from protocol.money import Money

A_PAGE = 6
"""Choices that are said before "more"."""
PRESS_DARK, PRESS_AGAIN = "7", "9"
_HAN = re.compile("[\u3400-\u9fff]+(?:[\u3000-\u303f\uff00-\uff60 0-9]*[\u3400-\u9fff]+)*[\u3002\uff01\uff1f\uff1b]*")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f][A-Za-z\u00c0-\u024f'\u2019.-]+(?: [A-Za-z\u00c0-\u024f'\u2019.-]+)*")
_LETTER = re.compile(r"[^\W_]")


@dataclass(frozen=True)
class Utterance:
    """One sentence in one voice."""

    text: str
    language: str
    private: bool = True
    """For the customer's own ear only."""
    yes: bool = False
    """It says what ENTER says yes to: all that she must know has been said before it."""


@dataclass(frozen=True)
class Choice:
    """Something that a digit of the pad chooses."""

    answer: object
    title: str
    line: str = ""
    why_not: str = ""
    """Why it cannot be chosen now."""


def spoken(screen: Screen[Any], chrome: Chrome, words: VoiceWords, page: int = 0) -> tuple[Utterance, ...]:
    """All of it, in order. `page` counts pages of choices from 0; only the first says the question, too."""
    if isinstance(screen, Attract):
        return _attract(screen, words)
    said: list[tuple[str, bool]] = []
    if page == 0:
        said += _question(screen, words)
    said += [(text, True) for text in _choices(screen, words, page)]
    before = [one for text, private in said for one in voices(text, words.language, private=private)]
    yes = [replace(one, yes=True) for text in _yes(screen, words) for one in voices(text, words.language)]
    return (*before, *yes, *(one for text in _keys(screen, chrome, words) for one in voices(text, words.language)))


def voices(text: str, language: str, *, private: bool = True) -> Iterator[Utterance]:
    """Cut a text into sentences of one voice each: Chinese in an English sentence is said by a Chinese voice."""
    for sentence in text.splitlines():
        other, by = (_LATIN, "en") if language == "zh" else (_HAN, "zh")
        at = 0
        for found in (*other.finditer(sentence), None):
            before = sentence[at : found.start() if found else None].strip()
            if _LETTER.search(before):
                yield Utterance(before, language, private)
            if found:
                yield Utterance(found[0].strip(), by, private)
                at = found.end()


# --- the question


def _attract(screen: Attract, words: VoiceWords) -> tuple[Utterance, ...]:
    """Each language says its own sentence."""
    heading = [Utterance(words.text(screen.key), words.language, private=False)]
    lines = [
        Utterance(words.text("voice.language", language, digit=str(number)), language, private=False)
        for number, language in enumerate(screen.languages, 1)
    ]
    return (*heading, *lines)


def _question(  # noqa: C901, PLR0912  one arm a kind
    screen: Screen[Any], words: VoiceWords
) -> Iterator[tuple[str, bool]]:
    """Heading and line, and what the kind says beside; with each whether it is private."""
    match screen:
        case EnterPin():
            yield words.text(screen.key), True
            yield words.text("voice.secret"), True
        case EnterAmount():
            amounts = {"limit": words.money(screen.limit), "available": words.money(screen.available)}
            yield from _said(screen, words, private=True, **amounts)
        case EnterNumber() | EnterText():
            if screen.problem:
                yield words.text(screen.problem), True
            yield from _said(screen, words, private=bool(screen.params), **words.params(screen.params))
        case Confirm():
            yield from _confirm(screen, words)
        case Tell():
            yield from _tell(screen, words)
        case Review():
            yield from _said(screen, words, private=True)
            yield from ((text, True) for text in _facts(screen.facts, words))
        case Statement():
            yield from _statement(screen, words)
        case Choose() | Prompt():
            yield from _said(
                screen, words, private=bool(screen.params) or screen.private, **words.params(screen.params)
            )
        case Wait():
            yield from _said(screen, words, private=False, seconds=screen.usually)
        case Rate():
            yield words.text(screen.key), False
        case OutOfService():
            places = words.params(screen.params)
            yield from _said(screen, words, private=False, **places)
            if screen.why:
                yield words.text(screen.why, "", **places), False
        case _:
            raise TypeError(f"nothing says {type(screen).__name__}")


def _said(screen: Screen[Any], words: VoiceWords, *, private: bool, **params: str | int) -> Iterator[tuple[str, bool]]:
    for suffix in ("", ".line"):
        if text := words.text(screen.key + suffix, "", **params):
            yield text, private


def _confirm(screen: Confirm, words: VoiceWords) -> Iterator[tuple[str, bool]]:
    """The facts before the warning: what she hears last is what she thinks about."""
    amount = words.money(screen.amount) if screen.amount else ""
    yield words.text(screen.key, amount=amount), True
    if screen.amount and not any(fact.value == screen.amount for fact in screen.facts):
        yield amount, True
    yield from ((text, True) for text in _facts(screen.facts, words))
    if line := words.text(screen.key + ".line", amount=amount):
        yield line, True


def _tell(screen: Tell, words: VoiceWords) -> Iterator[tuple[str, bool]]:
    yield from _said(
        screen, words, private=True, reference=words.number(screen.reference), **words.params(screen.params)
    )
    if screen.why:
        yield words.text(screen.why), True
    yield from ((text, True) for text in _facts(screen.facts, words))
    if screen.reference:
        number = words.number(screen.reference)
        yield words.text("voice.fact", label=words.text("glass.keep-number"), value=number), True


def _statement(screen: Statement, words: VoiceWords) -> Iterator[tuple[str, bool]]:
    places = {"since": words.day(screen.since), "until": words.day(screen.until), "masked": words.number(screen.masked)}
    yield from _said(screen, words, private=True, **places)
    if not screen.entries:
        yield words.text(screen.key + ".none"), True


def _facts(facts: tuple[Fact, ...], words: VoiceWords) -> Iterator[str]:
    for fact in facts:
        yield words.text("voice.fact", label=words.text(fact.label), value=_value(fact, words))


def _value(fact: Fact, words: VoiceWords) -> str:
    match fact.value:
        case Money():
            return words.money(fact.value)
        case datetime():
            return words.moment(fact.value)
        case date():
            return words.day(fact.value)
        case value if fact.message:
            return words.text(value)
        case value:
            return words.number(value) if fact.number else words.aloud(value)


# --- what answers it


def choices(screen: Screen[Any], words: VoiceWords) -> tuple[Choice, ...]:
    """Everything that a digit can choose, in the order in which it is offered."""
    match screen:
        case Attract():
            return tuple(Choice(language, language) for language in screen.languages)
        case Choose() | Review() | Prompt():
            return tuple(_option(option, words) for option in screen.options)
        case Statement():
            ways = tuple(way for way in screen.ways if way.id != screen.way)
            lines = tuple(_entry(entry, words) for entry in screen.entries)
            return (*lines, *(_option(one, words) for one in (*ways, *screen.options)))
        case Rate():
            names: tuple[Callable[[], str], ...] = (
                lambda: words.text("glass.rate-1"),
                lambda: words.text("glass.rate-2"),
                lambda: words.text("glass.rate-3"),
                lambda: words.text("glass.rate-4"),
                lambda: words.text("glass.rate-5"),
                lambda: words.text("glass.rate-0"),
            )
            return tuple(Choice((stars + 1) % A_PAGE, name()) for stars, name in enumerate(names))
        case _:
            return ()


def _option(option: Option, words: VoiceWords) -> Choice:
    title, line = (
        (words.aloud(option.title), words.aloud(option.line))
        if option.literal
        else (_plain(option.title, words), _plain(option.line, words))
    )
    if option.amount is not None:
        line = ". ".join(filter(None, (line, words.money(option.amount))))
    return Choice(option.id, title, line, words.text(option.disabled) if option.disabled else "")


def _plain(key: str, words: VoiceWords) -> str:
    """The sentence under a key, or the text itself where it is no key (a masked number)."""
    if not key:
        return ""
    try:
        return words.text(key)
    except KeyError:
        return words.aloud(key)


def _entry(entry: Entry, words: VoiceWords) -> Choice:
    detail = [words.day(entry.day), words.signed(entry.amount)]
    detail[:0] = [words.aloud(entry.party)] if entry.party else []
    return Choice(entry.id, words.text(entry.kind), ". ".join(detail))


def page_of(made: tuple[Choice, ...], page: int) -> tuple[Choice, ...]:
    """Those that the keys 1 to 6 choose on a page."""
    return made[page * A_PAGE : (page + 1) * A_PAGE]


def _choices(screen: Screen[Any], words: VoiceWords, page: int) -> Iterator[str]:
    made = choices(screen, words)
    for number, choice in enumerate(page_of(made, page), 1):
        title = choice.title.rstrip(".。")
        if choice.why_not:
            yield words.text("voice.not-now", title=title)
            yield choice.why_not
            continue
        if choice.line:
            yield words.text("voice.offer", title=title, line=choice.line.rstrip(".。"), digit=str(number))
        else:
            yield words.text("voice.option", title=title, digit=str(number))
    if len(made) > A_PAGE:
        yield words.text("voice.more")


def verb(screen: Screen[Any], words: VoiceWords) -> str:
    """What ENTER says yes to; "" where it says nothing."""
    match screen:
        case Confirm():
            return words.text(screen.key + ".next", amount=words.money(screen.amount) if screen.amount else "")
        case Tell():
            return words.text(
                screen.key + ".next", reference=words.number(screen.reference), **words.params(screen.params)
            )
        case Statement():
            places = {
                "since": words.day(screen.since),
                "until": words.day(screen.until),
                "masked": words.number(screen.masked),
            }
            return words.text(screen.key + ".next", **places)
        case _:
            return ""


def _yes(screen: Screen[Any], words: VoiceWords) -> Iterator[str]:
    if said := verb(screen, words):
        yield words.text("voice.enter", verb=said.rstrip(".。"))


def _keys(screen: Screen[Any], chrome: Chrome, words: VoiceWords) -> Iterator[str]:
    """What is typed, and what CANCEL and the last digits do."""
    if isinstance(screen, EnterPin | OutOfService):
        return
    if isinstance(screen, EnterAmount):
        yield words.text("voice.type-amount")
    if isinstance(screen, EnterNumber):
        yield words.text("voice.type-number")
    if isinstance(screen, EnterText):
        yield words.text("voice.type-text")
    if isinstance(screen, Wait):
        return
    if chrome.back:
        yield words.text("voice.back") if chrome.back == "back" else words.text("voice.leave")
    if not isinstance(screen, EnterAmount | EnterNumber):
        if chrome.help:
            yield words.text("voice.help")
        yield words.text("voice.again")
