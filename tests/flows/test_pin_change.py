"""Another PIN at the glass: three entries, each with its own screen and every eye shut; the truth about the outcome."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from branch import demo
from flows.ports import Unreachable
from kiosk.link import Link
from protocol import care, messages as m
from tests.flows.guest import Guest, with_guest
from tests.flows.test_anywhere import forgotten
from tests.storm.machine import Machine
from tests.storm.test_storm import judge

PAN, OLD, NEW = demo.CARDS[0].pan, demo.CARDS[0].pin, "258036"
ENTRIES = ("pin.old", "pin.new", "pin.again")
Story = Callable[[Machine, Guest], Awaitable[None]]


@dataclass
class Eye:
    """Something that sees; it remembers which screen stood there when it was told to shut and to open."""

    guest: Guest
    shut: bool = False
    opened: list[int] = field(default_factory=list)

    async def blind(self) -> bool:
        self.shut = True
        return True

    async def see(self) -> None:
        self.shut = False
        self.opened.append(len(self.guest.met))


def changes(folder: Path, judged: Story, bank: type[Link] | None = None, *, new: str = NEW) -> None:
    """One visit in which she changes her PIN."""

    async def story(machine: Machine, guest: Guest) -> None:
        guest.prefers, guest.wishes, guest.new_pin = "id-card", ("pin",), new
        if bank is not None:
            link = bank(machine.client)
            machine.terminal = replace(machine.terminal, bank=link)
            machine.settler.bank = link
        await judged(machine, guest)
        guest.wishes = ()
        await machine.calm()
        await judge(machine)

    with_guest(folder, story)


def test_three_screens_each_say_which_entry_it_is_and_every_eye_is_shut_at_each(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        eye = Eye(guest)
        machine.terminal = replace(machine.terminal, blinds=(eye,))

        async def looks() -> None:
            assert eye.shut

        for key in ENTRIES:
            guest.at, guest.then = key, looks
            await machine.visits(1)
            assert guest.then is None
            assert [one for one in guest.met if one in ENTRIES] == list(ENTRIES)
            assert not eye.shut
            guest.pins[PAN], guest.new_pin = guest.new_pin, "369147" if guest.new_pin == NEW else NEW
        assert len(eye.opened) == 4 * 3, "one to prove herself, three to change it, in each visit"

    changes(tmp_path, judged)


def test_it_is_changed_and_she_signs_in_with_the_new_one(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        await machine.visits(1)
        assert [one.key for one in guest.told] == ["pin.done"]
        assert guest.told[0].reference
        forgotten(machine, deep=True)
        guest.wishes, guest.pins[PAN] = (), NEW
        await machine.visits(1)
        assert not guest.told
        guest.pins[PAN] = OLD
        await machine.visits(1)
        assert {one.key for one in guest.told} == {"identify.card-refused"}
        assert "identify.wrong-pin" in guest.met

    changes(tmp_path, judged)


@pytest.mark.parametrize(("new", "reason"), [("123456", m.Reason.PIN_WEAK), (OLD, m.Reason.PIN_SAME)])
def test_what_the_module_refuses_is_told_with_its_reason(tmp_path: Path, new: str, reason: m.Reason) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        await machine.visits(1)
        assert [(one.key, one.why) for one in guest.told] == [("pin.refused", f"refused.{reason}")]

    changes(tmp_path, judged, new=new)


@pytest.mark.parametrize(("heard", "ending"), [(True, "done"), (False, "reversed")])
def test_an_answer_that_was_lost_is_asked_for_and_told_at_the_next_visit(
    tmp_path: Path, ending: str, *, heard: bool
) -> None:
    class Loses(Link):
        async def change_pin(self, change: care.PinChange) -> m.Outcome:
            if heard:
                await super().change_pin(change)
            raise Unreachable("lost")

    async def judged(machine: Machine, guest: Guest) -> None:
        await machine.visits(1)
        assert [one.key for one in guest.told] == ["pin.unsure"]
        await machine.settler.settle()
        guest.pins[PAN] = NEW if heard else OLD
        guest.wishes = ()
        await machine.visits(1)
        assert [one.key for one in guest.told] == [f"untold.care.{ending}"]

    changes(tmp_path, judged, Loses)


def test_no_pin_and_no_block_is_in_the_journal(tmp_path: Path) -> None:
    blocks: list[str] = []

    class Sees(Link):
        async def change_pin(self, change: care.PinChange) -> m.Outcome:
            blocks.extend((change.old.block, change.new.block, change.again.block))
            return await super().change_pin(change)

    async def judged(machine: Machine, guest: Guest) -> None:
        await machine.visits(1)
        text = str(await machine.journal.records())
        assert len(blocks) == 3
        assert "pin-change" in text
        assert not [secret for secret in (*blocks, PAN) if secret in text]
        guest.pins[PAN] = NEW

    changes(tmp_path, judged, Sees)


def test_at_whatever_screen_she_walks_away_it_has_one_ending_and_she_is_forgotten(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        async def leaves() -> None:
            guest.gone = True

        await machine.visits(1)
        screens = list(dict.fromkeys(guest.met))
        assert {"pin.which", "pin.confirm", *ENTRIES, "wait.pin", "pin.done", "care.paper"} <= set(screens)
        right = guest.pins[PAN] = NEW
        for key in screens:
            guest.new_pin = "369147" if right == NEW else NEW
            guest.at, guest.then = key, leaves
            await machine.visits(1)
            assert guest.then is None, key
            assert machine.endings[-1] == "idle", key
            forgotten(machine, deep=False)
            keys = {record["key"] for record, _ in await machine.journal.records() if record["state"] == "done"}
            if any(one.startswith(machine.sessions[-1].visit) for one in keys):
                right = guest.pins[PAN] = guest.new_pin

    changes(tmp_path, judged)
