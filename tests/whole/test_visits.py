"""Whole visits through the real program: Kivy's glass by touches, real drivers, branch and devices beside it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.whole.rig import PIN, Terminal

Play = Callable[[Callable[[Terminal], Awaitable[None]]], None]
WANG_WEI = "6229990900000000034"


def test_a_transfer_with_a_change_of_language_in_the_midst_and_paper_in_the_new_one(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.comes_in("en")
        await t.confirms("250")
        await t.touch("language")
        await t.touch("language-ar")
        glass = await t.glass()
        assert glass["key"] == "transfer.confirm"
        assert glass["language"] == "ar"
        assert any("250.00" in text for text in glass["texts"])
        assert any("贰佰伍拾元整" in text for text in glass["texts"]), (
            "the Chinese facts stand beside any other language"
        )
        await t.touch("next")
        done = await t.on("transfer.done", "next")
        reference = (await t.written("done"))["reference"]
        assert any(reference in text for text in done["texts"])
        await t.on("receipt.how", "print")
        await t.sees("receipt.take")
        await t.parts.bench.act("printer", "take")
        await t.leaves()
        assert (await t.written("visit-ends"))["how"] == "farewell"
        newest = max((t.parts.folder / "devices/receipts").glob("*.txt"), key=lambda path: path.name)
        assert f"[qr {reference}]" in newest.read_text()
        assert "[raster" in newest.read_text(), "the printer has no Arabic glyphs: the lines are drawn"
        assert await t.parts.branch("balance") == "the books balance\n"

    play(story)


def test_by_id_card_and_pin_to_another_person_whose_name_is_masked(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.on("attract", "zh")
        await t.on("identify.how", "id-card")
        await t.sees("identify.lay")
        await t.parts.bench.act("id-reader", "lay", "li-na")
        await t.sees("identify.take")
        await t.parts.bench.act("id-reader", "lift")
        await t.enters_pin()
        await t.on("menu", "transfer")
        await t.chooses("transfer.from")
        await t.on("transfer.to", "someone")
        await t.sees("transfer.number")
        await t.types(WANG_WEI[:-1] + "7")
        await t.touch("next")
        while not any("找不到" in text or "没有" in text for text in (await t.sees("transfer.number"))["texts"]):
            pass
        for _ in range(19):
            await t.touch("erase")
        await t.types(WANG_WEI)
        await t.touch("next")
        await t.sees("transfer.amount")
        await t.types("12.5")
        await t.touch("next")
        glass = await t.sees("transfer.confirm")
        assert "*伟" in glass["texts"]
        assert not any("王伟" in text or WANG_WEI in text for text in glass["texts"])
        await t.touch("back")
        assert any("12.5" in text for text in (await t.sees("transfer.amount"))["texts"]), (
            "what she typed is still there"
        )
        await t.touch("next")
        await t.on("transfer.confirm", "next")
        await t.on("transfer.done", "next")
        await t.on("receipt.how", "none")
        await t.on("menu", "leave")
        await t.on("farewell.rate", "rate-0")
        await t.sees("attract")

    play(story)


def test_what_the_reader_of_an_id_card_who_has_no_card_here_may_do(play: Play) -> None:
    """A claim is not a customer: accounts and transfer are there, and say why they cannot be chosen."""

    async def story(t: Terminal) -> None:
        await t.on("attract", "en")
        await t.on("identify.how", "id-card")
        await t.sees("identify.lay")
        await t.parts.bench.act("id-reader", "lay", "smith")
        await t.sees("identify.take")
        await t.parts.bench.act("id-reader", "lift")
        glass = await t.sees("menu")
        assert sum("PIN" in text or "bank card" in text for text in glass["texts"]) >= 2
        await t.on("menu", "leave")
        await t.on("farewell.rate", "rate-0")

    play(story)


def test_help_is_an_event_at_the_branch_and_the_visit_goes_on(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.comes_in("en")
        await t.on("menu", "help")
        await t.on("help.called", "on")
        assert (await t.written("help"))["screen"] == "menu"
        await t.leaves()

    play(story)


def test_a_wrong_pin_is_told_and_the_third_blocks_the_card(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.on("attract", "en")
        await t.on("identify.how", "bank-card")
        await t.sees("identify.insert")
        await t.parts.bench.act("card-reader", "insert", "wang-wei-debit")
        for _ in range(2):
            await t.enters_pin("999999")
            await t.on("identify.wrong-pin", "again")
        await t.enters_pin("999999")
        await t.on("identify.card-refused", "next")
        await t.sees("farewell.card")
        await t.parts.bench.act("card-reader", "pull")
        await t.sees("attract")

    play(story)


def test_an_expired_card_and_a_blocked_one_are_refused_in_plain_words(play: Play) -> None:
    async def story(t: Terminal) -> None:
        for card in ("expired-debit", "blocked-debit"):
            await t.on("attract", "en")
            await t.on("identify.how", "bank-card")
            await t.sees("identify.insert")
            await t.parts.bench.act("card-reader", "insert", card)
            if card == "blocked-debit":
                await t.enters_pin()
            glass = await t.on("identify.card-refused", "next")
            assert len(glass["texts"]) > 3
            await t.sees("farewell.card")
            await t.parts.bench.act("card-reader", "pull")
            await t.sees("attract")

    play(story)


def test_simulated_devices_are_named_so_on_every_screen(play: Play, tmp_path: Path) -> None:
    async def story(t: Terminal) -> None:
        assert any("SIMULATED" in text for text in (await t.sees("attract"))["texts"])
        await t.on("attract", "en")
        assert any("SIMULATED" in text for text in (await t.sees("identify.how"))["texts"])
        await t.shot(tmp_path / "glass.png")
        assert (tmp_path / "glass.png").stat().st_size > 10_000
        await t.touch("back")

    play(story)


def test_no_pin_is_in_any_file_that_terminal_branch_or_devices_leave(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.comes_in("en")
        await t.leaves()
        files = [path for path in t.parts.folder.rglob("*") if path.is_file() and path.stat().st_size < 50_000_000]
        assert any(path.name == "journal.db" for path in files)
        for path in files:
            data = path.read_bytes()
            assert PIN.encode() not in data, path
            assert path.name == "cards.json" or b"6229990100000001239" not in data or path.suffix != ".log", path

    play(story)


def test_a_bank_card_put_in_while_the_terminal_waits_begins_a_visit(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.parts.bench.act("card-reader", "insert", "li-na-debit")
        await t.enters_pin()
        glass = await t.sees("menu")
        assert glass["language"] == "zh"
        await t.leaves()

    play(story)


def test_an_id_card_laid_down_on_the_first_question_answers_it(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.on("attract", "en")
        await t.sees("identify.how")
        await t.parts.bench.act("id-reader", "lay", "li-na")
        await t.sees("identify.take")
        await t.parts.bench.act("id-reader", "lift")
        await t.sees("pin.enter")
        await t.touch("back")
        await t.sees("identify.how")
        await t.touch("back")

    play(story)


def test_a_card_that_was_left_behind_begins_no_visit(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.comes_in()
        await t.on("menu", "leave")
        await t.on("farewell.rate", "rate-0")
        await t.sees("farewell.card-left")
        await t.sees("attract")
        await asyncio.sleep(3)
        assert (await t.glass())["key"] == "attract"
        await t.parts.bench.act("card-reader", "pull")

    play(story)
