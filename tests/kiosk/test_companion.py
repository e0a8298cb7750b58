"""The companion: when it speaks and to whom, what it takes for a yes, and that it never stands in the way."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from companion_rig import Around, play

from drivers.api import Clip
from flows.ports import Back, CallHelp, Chrome
from flows.screens import Choose, Confirm, Confirmed, EnterAmount, EnterNumber, EnterPin, Fact, Option, Tell
from kiosk.voice.speech import CommandSpeech, SpeechFailed
from protocol.mask import Pan
from protocol.money import Money

AMOUNT = Money(50_000)
CONFIRM = Confirm("transfer.confirm", facts=(Fact("fact.payee", "李*明"), Fact("fact.amount", AMOUNT)), amount=AMOUNT)
ASKED = EnterAmount("transfer.amount", limit=Money(100_000), available=Money(5_000_000))
PIN = EnterPin("pin.enter", masked="6229 99** **** 0018", private=True)
HOW = Choose("receipt.how", options=(Option("print", "receipt.print"), Option("none", "receipt.none")))


@dataclass
class Slowly:
    """A voice that says one sentence whenever it is let."""

    let: asyncio.Semaphore

    async def say(self, text: str, language: str) -> Clip:
        await self.let.acquire()
        return Clip(b"\x00\x40" * 100, 22050, text)


def test_a_yes_is_taken_only_after_everything_it_says_yes_to(tmp_path: Path) -> None:
    let = asyncio.Semaphore(0)

    async def story(at: Around) -> None:
        at.glass.show(CONFIRM)
        await at.panel.act("lift")
        let.release()
        await at.hears("Check, then confirm")
        await at.press("enter")
        for _ in range(2):  # one may go to the sentence that is being cut short
            let.release()
        await at.hears("listen to all of it")
        assert at.glass.answers.empty()
        for _ in range(40):
            let.release()
        await at.hears("Transfer 500 yuan: press ENTER")
        await at.press("enter")
        assert await at.glass.answers.get() == Confirmed(CONFIRM.facts, CONFIRM.about)

    play(tmp_path, story, Slowly(let))


def test_the_pad_opens_for_a_pin_only_when_it_was_said_that_the_keys_are_secret(tmp_path: Path) -> None:
    let = asyncio.Semaphore(0)

    async def story(at: Around) -> None:
        await at.panel.act("lift")
        at.glass.show(HOW)
        await at.until(lambda: at.keys.state()["mode"] == "data")
        at.glass.show(PIN)
        counted: list[int] = []
        entry = asyncio.ensure_future(at.pad.enter_pin(Pan("6229991234567890123"), "iso0", counted.append, 30))
        let.release()
        await at.hears("Enter your PIN")
        await at.until(lambda: at.keys.state()["mode"] == "")
        let.release()
        await at.hears("The next keys are secret")
        await at.until(lambda: at.keys.state()["mode"] == "pin")
        await at.keys.act("key", "9")
        let.release()
        await at.hears("1 digit")
        await at.keys.act("key", "cancel")
        await asyncio.gather(entry, return_exceptions=True)
        assert counted[:1] == [1]

    play(tmp_path, story, Slowly(let))


def test_an_amount_is_said_back_and_taken_by_a_second_enter_with_fen_between_them(tmp_path: Path) -> None:
    async def story(at: Around) -> None:
        at.glass.show(ASKED)
        await at.panel.act("lift")
        await at.hears("Type whole yuan")
        await at.press("1", "2", "0", "enter")
        await at.hears("You typed 120 yuan.")
        await at.press("5", "0", "enter")
        await at.hears("You typed 120 yuan and 50 fen.")
        assert at.glass.text == "120.50"
        await at.press("enter")
        assert await at.glass.answers.get() == Money(12_050)

    play(tmp_path, story)


def test_an_amount_beyond_the_limit_is_told_and_typed_anew(tmp_path: Path) -> None:
    async def story(at: Around) -> None:
        at.glass.show(ASKED)
        await at.panel.act("lift")
        await at.press("9", "9", "9", "9", "enter")
        await at.hears("more than today's limit of 1000 yuan")
        await at.press("7", "enter")
        await at.hears("You typed 7 yuan.")
        await at.press("clear", "enter")
        await at.hears("Nothing is typed")
        assert at.glass.answers.empty()

    play(tmp_path, story)


def test_a_number_is_said_back_digit_by_digit_and_one_too_short_is_not_taken(tmp_path: Path) -> None:
    screen = EnterNumber("transfer.number", shortest=6, longest=19)

    async def story(at: Around) -> None:
        at.glass.show(screen)
        await at.panel.act("lift")
        await at.press(*"12345", "enter")
        await at.hears("not whole yet")
        await at.press("6", "enter")
        await at.hears("You typed 1 2 3 4, 5 6.")
        await at.press("enter")
        assert await at.glass.answers.get() == "123456"

    play(tmp_path, story)


@pytest.mark.parametrize(("key", "answer"), [("1", "print"), ("2", "none"), ("cancel", Back), ("8", CallHelp)])
def test_a_key_answers_as_a_touch_does(tmp_path: Path, key: str, answer: object) -> None:
    async def story(at: Around) -> None:
        at.glass.show(HOW)
        await at.panel.act("plug")
        await at.press("5")
        await at.hears("does nothing here")
        await at.press(key)
        got = await at.glass.answers.get()
        assert got == answer or type(got) is answer

    play(tmp_path, story)


@pytest.mark.parametrize("command", ["/nowhere/voice", "false", "cat", "sleep 60"])
def test_a_voice_that_is_dead_mute_or_slow_stops_nobody(tmp_path: Path, command: str) -> None:
    """Keys are taken all the same."""

    async def story(at: Around) -> None:
        at.glass.show(HOW)
        await at.panel.act("lift")
        await at.press("2")
        assert await at.glass.answers.get() == "none"
        assert not at.said()

    play(tmp_path, story, CommandSpeech(command, patience=0.2))


def test_a_voice_that_fails_says_so_and_leaves_no_process_behind() -> None:
    async def story() -> None:
        for command in ("/nowhere/voice", "false", "sleep 61.5"):
            with pytest.raises(SpeechFailed):
                await CommandSpeech(command, patience=0.2).say("hello", "en")

    asyncio.run(story())
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert b"sleep\x0061.5\x00" not in running


@pytest.mark.parametrize(("language", "text"), [("zh", "您的余额"), ("en", "Your balance"), ("ar", "رصيدك")])
def test_the_voice_that_comes_with_the_terminal_makes_sound_in_each_language(language: str, text: str) -> None:
    clip = asyncio.run(CommandSpeech().say(text, language))
    assert clip.text == text
    assert clip.seconds > 0.3
    assert max(clip.pcm[1::2]) > 10


def test_without_an_ear_at_the_handset_nothing_is_said(tmp_path: Path) -> None:
    async def story(at: Around) -> None:
        at.glass.show(HOW)
        await at.panel.act("lift")
        await at.hears("For No paper, press 2")
        await at.panel.act("hang")
        await at.until(lambda: not at.glass.speaking)
        count = len(at.said())
        at.glass.show(Tell("transfer.done", reference="2026"))
        await at.until(lambda: at.keys.state()["mode"] == "")
        assert len(at.said()) == count
        assert not at.said(at.room)

    play(tmp_path, story)


def test_elder_mode_says_aloud_only_what_is_nobodys(tmp_path: Path) -> None:
    async def story(at: Around) -> None:
        at.glass.elder = True
        at.glass.show(Tell("transfer.done", facts=CONFIRM.facts, reference="20261124000000014"))
        at.glass.show(Choose("menu", options=HOW.options, params=(("surname", "王"),)))
        at.glass.show(HOW)
        await at.hears("Would you like a receipt?", at.room)
        assert at.said(at.room)[0] == "Would you like a receipt?"
        assert not at.said()
        await at.panel.act("lift")
        await at.until(lambda: bool(at.said()))
        at.glass.show(Choose("identify.how", options=HOW.options), Chrome(""))
        await at.until(lambda: any("What do you have" in text for text in at.said()))
        assert not [text for text in at.said(at.room) if "What do you have" in text], "her own ear is enough"

    play(tmp_path, story)


def test_the_count_down_is_said_and_any_key_ends_it_without_an_answer(tmp_path: Path) -> None:
    async def story(at: Around) -> None:
        at.glass.show(HOW)
        await at.panel.act("lift")
        await at.hears("press 2")
        for alarm in at.glass.alarms:
            alarm(20)
        await at.hears("Are you still here?")
        signs = at.glass.signs
        await at.press("2")
        await at.hears("Would you like a receipt?")
        assert at.glass.signs > signs
        assert at.glass.answers.empty()
        await at.press("2")
        assert await at.glass.answers.get() == "none"

    play(tmp_path, story)
