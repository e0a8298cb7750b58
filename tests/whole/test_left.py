"""What is left behind, who walks away, and what breaks: each visit has an ending that is private and safe."""

from collections.abc import Awaitable, Callable

import pytest

from tests.whole.rig import Terminal

Play = Callable[[Callable[[Terminal], Awaitable[None]]], None]


async def nobody_is_known(t: Terminal) -> None:
    """The attract screen, with nothing of the customer before it."""
    glass = await t.sees("attract")
    assert glass["language"] == "zh"
    assert not glass["large"]
    assert not any("6229" in text or "李" in text for text in glass["texts"])


async def to_menu(t: Terminal) -> None:
    await t.comes_in()


async def to_accounts(t: Terminal) -> None:
    await t.comes_in()
    await t.on("menu", "accounts")
    await t.chooses("accounts.choose")
    await t.sees("accounts.one")


async def to_amount(t: Terminal) -> None:
    await t.comes_in()
    await t.on("menu", "transfer")
    await t.chooses("transfer.from")
    await t.chooses("transfer.to")
    await t.sees("transfer.amount")
    await t.types("77")


async def to_confirm(t: Terminal) -> None:
    await t.comes_in()
    await t.confirms()


async def to_done(t: Terminal) -> None:
    await t.comes_in()
    await t.confirms("1")
    await t.touch("next")
    await t.sees("transfer.done")


async def to_pin(t: Terminal) -> None:
    await t.on("attract", "ar")
    await t.on("identify.how", "bank-card")
    await t.sees("identify.insert")
    await t.parts.bench.act("card-reader", "insert", "li-na-debit")
    await t.sees("pin.enter")


async def to_rating(t: Terminal) -> None:
    await t.comes_in()
    await t.on("menu", "leave")
    await t.sees("farewell.rate")


@pytest.mark.parametrize("place", [to_menu, to_accounts, to_amount, to_confirm, to_done, to_pin, to_rating])
def test_who_walks_away_is_warned_and_then_forgotten(play: Play, place: Callable[[Terminal], Awaitable[None]]) -> None:
    async def story(t: Terminal) -> None:
        await place(t)
        while not (await t.glass())["warned"]:
            assert (await t.glass())["key"] != "farewell.card", "the visit ended without a warning"
        await t.sees("farewell.card")
        await t.parts.bench.act("card-reader", "pull")
        await nobody_is_known(t)
        assert (await t.written("visit-ends"))["how"] == "idle"
        if place is to_done:
            records = t.journal()
            key = next(key for key, state, _ in reversed(records) if state == "intent")
            assert (key, "told") in {(k, state) for k, state, _ in records}, "it stood long enough to be read"

    play(story)


def test_a_touch_on_the_warning_goes_on_where_she_was(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await to_amount(t)
        while not (await t.glass())["warned"]:
            pass
        await t.touch("still-here")
        assert any("77" in text for text in (await t.sees("transfer.amount"))["texts"])
        for _ in range(3):
            await t.touch("back")
            await t.sees("transfer.to", "transfer.from", "menu")
        await t.leaves()

    play(story)


def test_a_card_left_behind_is_called_after_and_reported(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.comes_in()
        await t.on("menu", "leave")
        await t.on("farewell.rate", "rate-0")
        await t.sees("farewell.card")
        await t.sees("farewell.card-left")
        await t.written("card-left")
        await t.parts.bench.act("card-reader", "pull")
        await nobody_is_known(t)

    play(story)


def test_a_card_pulled_in_mid_visit_ends_it_at_once(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await to_confirm(t)
        await t.parts.bench.act("card-reader", "pull")
        await nobody_is_known(t)
        assert (await t.written("visit-ends"))["how"] == "card-pulled"

    play(story)


def test_a_second_id_card_ends_the_visit(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.on("attract", "en")
        await t.on("identify.how", "id-card")
        await t.sees("identify.lay")
        await t.parts.bench.act("id-reader", "lay", "li-na")
        await t.sees("identify.take")
        await t.parts.bench.act("id-reader", "lift")
        await t.enters_pin()
        await t.sees("menu")
        await t.parts.bench.act("id-reader", "lay", "wang-wei")
        await t.sees("farewell.id-card", "attract")
        await t.parts.bench.act("id-reader", "lift")
        await nobody_is_known(t)
        assert (await t.written("visit-ends"))["how"] == "second-id-card"

    play(story)


def test_an_id_card_left_lying_is_called_after_and_reported(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.on("attract", "en")
        await t.on("identify.how", "id-card")
        await t.sees("identify.lay")
        await t.parts.bench.act("id-reader", "lay", "li-na")
        await t.enters_pin()
        await t.on("menu", "leave")
        await t.on("farewell.rate", "rate-0")
        await t.sees("farewell.id-card")
        await t.written("id-card-left")
        await t.parts.bench.act("id-reader", "lift")
        await nobody_is_known(t)

    play(story)


def test_paper_not_taken_is_drawn_in_again(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await to_accounts(t)
        await t.on("accounts.one", "print")
        await t.sees("receipt.take")
        assert (await t.written("paper-left"))["retracted"] == 1
        newest = max((t.parts.folder / "devices/receipts").glob("*.txt"), key=lambda path: path.name)
        assert t.parts.config.id in newest.read_text(), "where it was printed"
        await t.leaves()

    play(story)


@pytest.mark.parametrize("fault", ["paper-out", "cover-open", "jam", "unplugged"])
def test_a_printer_that_cannot_is_said_plainly_and_the_money_stays_moved(play: Play, fault: str) -> None:
    async def story(t: Terminal) -> None:
        await to_done(t)
        await t.touch("next")
        await t.sees("receipt.how")
        await t.parts.bench.fault("printer", fault)
        try:
            await t.touch("print")
            glass = await t.sees("receipt.no-paper", "receipt.in-doubt")
        finally:
            await t.parts.bench.fault("printer")
            if fault == "jam":
                await t.parts.bench.act("printer", "clear-jam")
        await t.touch("next" if glass["key"] == "receipt.no-paper" else "none")
        await t.leaves()
        assert (await t.written("done"))["reference"]

    play(story)


@pytest.mark.parametrize("fault", ["unplugged", "deaf", "garbled"])
def test_an_id_reader_that_failed_serves_again_without_a_restart(play: Play, fault: str) -> None:
    async def story(t: Terminal) -> None:
        await t.on("attract", "en")
        await t.on("identify.how", "id-card")
        await t.parts.bench.fault("id-reader", fault)
        try:
            await t.on("stopped.device", "next")
        finally:
            await t.parts.bench.fault("id-reader")
        await t.on("identify.how", "id-card")
        await t.sees("identify.lay")
        await t.parts.bench.act("id-reader", "lay", "smith")
        await t.sees("identify.take")
        await t.parts.bench.act("id-reader", "lift")
        await t.on("menu", "leave")
        await t.on("farewell.rate", "rate-0")

    play(story)


@pytest.mark.parametrize("fault", ["unplugged", "tampered"])
def test_without_its_pin_pad_the_terminal_is_out_of_service_and_says_why(play: Play, fault: str) -> None:
    async def story(t: Terminal) -> None:
        await t.parts.bench.fault("pin-pad", fault)
        try:
            glass = await t.sees("out-of-service")
            assert any("密码键盘" in text for text in glass["texts"])
        finally:
            await t.parts.bench.fault("pin-pad")
        await t.sees("attract")
        await t.comes_in()
        await t.leaves()

    play(story)
