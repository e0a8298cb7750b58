"""Power cuts, a revoked terminal, the day's end in mid-visit, and the search for the PIN in memory."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from branch import demo
from kiosk.enrol import NotEnrolled, enrol
from tests.whole.conftest import Rig
from tests.whole.rig import PIN, Terminal

Play = Callable[[Callable[[Terminal], Awaitable[None]]], None]


def test_a_power_cut_in_mid_transfer_is_settled_and_told_at_the_next_visit(rig: Rig) -> None:
    async def story(t: Terminal) -> None:
        await t.comes_in()
        before = await available(t)
        await t.confirms("300")
        known = intents(t)
        await t.touch("next")
        while intents(t) == known:
            await asyncio.sleep(0.002)
        t.process.kill()
        await t.process.wait()
        (key,) = intents(t) - known
        assert "told" not in states(t, key)
        t = await rig.again()
        while "handed" not in states(t, key):
            await asyncio.sleep(0.1)
        assert len(states(t, key) & {"done", "reversed", "refused"}) == 1
        await t.on("attract", "en")
        await t.on("identify.how", "bank-card")
        await t.sees("identify.insert")
        await t.parts.bench.act("card-reader", "insert", "li-na-debit")
        await t.enters_pin()
        told = await t.sees("untold.done", "untold.reversed", "untold.refused")
        assert told["key"].removeprefix("untold.") in states(t, key)
        assert any("300.00" in text for text in told["texts"]), "which transfer it was"
        await t.touch("next")
        moved = (await available(t)) != before
        assert moved == ("done" in states(t, key)), "moved if and only if told so"
        await t.leaves()
        assert await t.parts.branch("balance") == "the books balance\n"

    rig.run(story)


def intents(t: Terminal) -> set[str]:
    return {key for key, state, _ in t.journal() if state == "intent"}


def states(t: Terminal, key: str) -> set[str]:
    return {state for one, state, _ in t.journal() if one == key}


async def available(t: Terminal) -> list[str]:
    """What her accounts show; from the menu and back to it."""
    await t.on("menu", "accounts")
    glass = await t.sees("accounts.choose")
    await t.touch("back")
    await t.sees("menu")
    return [text for text in glass["texts"] if "¥" in text]


def test_a_revoked_terminal_is_refused_at_once_and_can_be_enrolled_again(rig: Rig) -> None:
    async def story(t: Terminal) -> None:
        parts = t.parts
        await parts.branch("terminal", "revoke", parts.config.id)
        glass = await t.sees("out-of-service")
        assert len(glass["texts"]) > 3
        await asyncio.sleep(4)
        assert (await t.glass())["key"] == "out-of-service", "it is not taken in again"
        code = (await parts.branch("terminal", "add", parts.config.id)).strip()
        await enrol(parts.config, code, parts.folder / "branch/authority.pem")
        with pytest.raises(NotEnrolled, match="wrong, used or too old"):
            await enrol(parts.config, code, parts.folder / "branch/authority.pem")
        t = await rig.again()
        await t.comes_in()
        await t.leaves()

    rig.run(story)


def test_the_day_ends_in_mid_visit(play: Play) -> None:
    """The accounting date is the host's: what she confirmed today is booked, and told, under tomorrow."""

    async def story(t: Terminal) -> None:
        await t.comes_in()
        await t.confirms("20")
        tomorrow = (await t.parts.branch("day", "next")).strip()
        await t.on("transfer.confirm", "next")
        glass = await t.sees("transfer.done")
        assert (await t.written("done"))["accounting_date"] == tomorrow
        assert any(str(int(tomorrow[-2:])) in text and tomorrow[:4] in text for text in glass["texts"])
        await t.touch("next")
        await t.on("receipt.how", "none")
        await t.leaves()
        assert await t.parts.branch("balance") == "the books balance\n"

    play(story)


def test_no_pin_digit_is_anywhere_in_the_terminals_memory(play: Play) -> None:
    async def story(t: Terminal) -> None:
        await t.comes_in()
        pids = [t.process.pid, *children(t.process.pid)]
        assert len(pids) > 1, "the media process counts"
        sequences = (PIN.encode(), bytes(map(int, PIN)), PIN.encode("utf-16-le"), PIN.encode("utf-32-le"))
        marks = 0
        for pid in pids:
            for piece in memory(pid):
                marks += piece.count(b"identify.insert")
                for digits in sequences:
                    assert digits not in piece
        assert marks, "the search does find what is there"
        await t.parts.bench.act("card-reader", "pull")  # whether or not she was waited for so long

    play(story)


def test_an_id_card_visit_with_a_wrong_pin_first_leaves_nothing_of_her_behind(play: Play) -> None:
    """No digit of either PIN in memory; no PIN, card number, ID number or name in anything that the terminal keeps."""
    wrong, person = "938271", demo.LI_NA

    async def story(t: Terminal) -> None:
        await t.on("attract", "en")
        await t.on("identify.how", "id-card")
        await t.sees("identify.lay")
        await t.parts.bench.act("id-reader", "lay", "li-na")
        await t.sees("identify.take")
        await t.parts.bench.act("id-reader", "lift")
        await t.enters_pin(wrong)
        await t.on("identify.wrong-pin", "again")
        await t.enters_pin()
        await t.sees("menu")
        for pid in (t.process.pid, *children(t.process.pid)):
            for piece in memory(pid):
                for digits in (PIN, wrong):
                    for form in (digits.encode(), bytes(map(int, digits)), digits.encode("utf-16-le")):
                        assert form not in piece
        await t.sees("attract")  # whoever says nothing for so long has gone
        cards = [card.pan for card in demo.CARDS]
        kept = [path for path in t.parts.config.state.rglob("*") if path.is_file()]
        kept += [path for path in t.parts.folder.rglob("*.log") if path.is_file()]
        assert any(path.name == "journal.db" for path in kept)
        for path in kept:
            data = path.read_bytes()
            for text in (PIN, wrong, person.id_number, person.name, *cards):
                assert text.encode() not in data, (path, text[:3])

    play(story)


def children(pid: int) -> list[int]:
    """Processes that this one started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        if text.rpartition(")")[2].split()[1] == str(pid):
            found.append(int(stat.parent.name))
    return found


def memory(pid: int) -> Iterator[bytes]:
    """Everything that a process can write to."""
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", 0) as mem:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not found:
                continue
            start, end = int(found[1], 16), int(found[2], 16)
            try:
                mem.seek(start)
                yield mem.read(end - start)
            except (OSError, OverflowError):
                continue
