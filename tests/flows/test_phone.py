"""Another phone: who speaks for her on the glass, what she is told, and how it ends when the answer is lost."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from branch import demo
from branch.store import phones
from branch.store.books import customers
from flows import screens as s
from flows.ports import Unreachable
from kiosk.link import Link
from protocol import care, messages as m
from tests.flows.guest import Guest, with_guest
from tests.flows.test_anywhere import forgotten
from tests.storm.machine import Machine
from tests.storm.test_storm import judge

Story = Callable[[Machine, Guest], Awaitable[None]]
NEW = "13700009999"


def changes(folder: Path, judged: Story, bank: type[Link] | None = None, came: str = "bank-card") -> None:
    """One visit in which she wants another phone."""

    async def story(machine: Machine, guest: Guest) -> None:
        guest.prefers, guest.wishes = came, ("phone",)
        if bank is not None:
            link = bank(machine.client)
            machine.terminal = replace(machine.terminal, bank=link)
            machine.settler.bank = link
        await machine.visits(1)
        await judged(machine, guest)
        forgotten(machine, deep=False)
        guest.wishes = ()
        await machine.calm()
        await judge(machine)

    with_guest(folder, story)


def phone_of(machine: Machine) -> str:
    found = machine.world.branch.core.customer_by_id(demo.LI_NA.id)
    assert found is not None
    return found.phone


def _as_before(machine: Machine) -> None:
    """Her phone is the one from before, and was for years."""
    with machine.world.db.write() as tx:
        tx.execute(customers.update().values(phone_since=None))
        tx.execute(customers.update().where(customers.c.id == demo.LI_NA.id).values(phone=demo.LI_NA.phone))


def answers(machine: Machine, state: str) -> Callable[[str], None]:
    """The member of staff who comes, and says so."""

    def act(reference: str) -> None:
        with machine.world.db.write() as tx:
            assert phones.answer(tx, reference, state, "T0042", machine.world.db.clock())

    return act


class Chooses(Guest):
    """She takes the second way where two are offered: a person."""

    async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
        return "person" if key == "phone.how" else await super()._chooses(key, options)


def test_with_card_document_and_two_codes_it_is_changed_and_she_hears_both_numbers(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        (told,) = guest.told
        assert told.key == "phone.done"
        facts = {fact.label: fact.value for fact in told.facts}
        assert (facts["fact.phone-before"], facts["fact.phone-after"]) == ("138****5678", "137****9999")
        order = ["phone.how", "phone.lay", "phone.take", "step-up.code", "phone.new", "phone.code", "phone.confirm"]
        assert sorted(order, key=guest.met.index) == order
        assert phone_of(machine) == NEW

    changes(tmp_path, judged)


@pytest.mark.parametrize(("state", "phone"), [("approved", NEW), ("refused", demo.LI_NA.phone)])
def test_without_the_old_phone_a_person_is_called_and_her_word_decides(tmp_path: Path, state: str, phone: str) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Chooses
        guest.prefers, guest.wishes, guest.staff = "bank-card", ("phone",), answers(machine, state)
        await machine.visits(1)
        assert phone_of(machine) == phone
        assert "step-up.how" not in guest.met
        assert "phone.waiting" in guest.met
        said = [(one.key, one.why) for one in guest.told]
        no = ("stopped.refused", f"refused.{m.Reason.NOT_APPROVED}")
        assert said == [("phone.done", "") if state == "approved" else no]
        forgotten(machine, deep=False)

    with_guest(tmp_path, story)


def test_when_the_old_phone_turns_out_to_be_anothers_a_person_goes_on_with_her(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        class NotMine(Guest):
            async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
                return "not-mine" if key == "step-up.how" else await super()._chooses(key, options)

        guest.__class__ = NotMine
        guest.prefers, guest.wishes, guest.staff = "bank-card", ("phone",), answers(machine, "approved")
        await machine.visits(1)
        assert guest.met.index("step-up.how") < guest.met.index("phone.waiting") < guest.met.index("phone.new")
        assert phone_of(machine) == NEW

    with_guest(tmp_path, story)


def test_nobody_who_came_without_her_card_is_offered_it_and_the_menu_says_why(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        seen: list[Any] = []

        class Looks(Guest):
            async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
                seen.extend(one.disabled for one in options if key.startswith("menu") and one.id == "phone")
                return await super()._chooses(key, options)

        guest.__class__ = Looks
        guest.prefers, guest.wishes = "id-card", ("phone",)
        await machine.visits(1)
        assert seen == ["hindered.needs-card"]
        assert phone_of(machine) == demo.LI_NA.phone

    with_guest(tmp_path, story)


@pytest.mark.parametrize("typed", ["12345678901", demo.LI_NA.phone])
def test_a_number_that_cannot_be_is_said_so_and_typed_again(tmp_path: Path, typed: str) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        wrong: list[str] = []

        class Mistypes(Guest):
            async def _answer(self, screen: s.Screen[Any]) -> Any:
                if isinstance(screen, s.EnterNumber) and screen.key == "phone.new":
                    wrong.append(screen.problem)
                    self.new_phone = typed if len(wrong) == 1 else NEW
                return await super()._answer(screen)

        guest.__class__ = Mistypes
        guest.prefers, guest.wishes = "bank-card", ("phone",)
        await machine.visits(1)
        assert wrong[0] == ""
        assert wrong[1] in {"phone.new.unknown", "phone.new.same"}
        assert phone_of(machine) == NEW

    with_guest(tmp_path, story)


@pytest.mark.parametrize(("heard", "ending"), [(True, "done"), (False, "reversed")])
def test_an_answer_that_was_lost_is_asked_for_and_told_at_the_next_visit(
    tmp_path: Path, ending: str, *, heard: bool
) -> None:
    class Loses(Link):
        async def change_phone(self, change: care.PhoneChange) -> m.Outcome:
            if heard:
                await super().change_phone(change)
            raise Unreachable("lost")

    async def judged(machine: Machine, guest: Guest) -> None:
        assert [one.key for one in guest.told] == ["phone.unsure"]
        await machine.settler.settle()
        assert phone_of(machine) == (NEW if heard else demo.LI_NA.phone)
        guest.wishes = ()
        await machine.visits(1)
        assert [one.key for one in guest.told] == [f"untold.care.{ending}"]
        assert [fact.value for fact in guest.told[0].facts] == ["137****9999"]

    changes(tmp_path, judged, Loses)


def test_at_whatever_screen_she_is_interrupted_it_has_one_ending_and_she_is_forgotten(tmp_path: Path) -> None:
    async def judged(machine: Machine, guest: Guest) -> None:
        async def happens() -> None:
            machine.sessions[-1].interrupt("staff-key")

        for key in list(dict.fromkeys(guest.met)):
            if key == "farewell.card":  # the visit is over
                continue
            _as_before(machine)
            guest.at, guest.then = key, happens
            await machine.visits(1)
            assert guest.then is None, key
            assert machine.endings[-1] == "staff-key", key
            forgotten(machine, deep=False)
        _as_before(machine)

    changes(tmp_path, judged)
