"""How she likes the glass: asked once, kept by her yes alone, there again at her next visit, and erased."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from branch.store import preferences
from flows import screens as s
from flows.ports import Chrome
from tests.flows.guest import Guest, with_guest
from tests.storm.machine import Machine


class Particular(Guest):
    """She turns something on or off at the menu, and answers the last question."""

    turn: Callable[[Any], None]
    says: str
    looks: list[tuple[str, bool, bool]]
    """Language, larger type and elder mode at each menu."""

    async def show(self, screen: s.Screen[Any], chrome: Chrome) -> Any:
        if screen.key == "menu":
            self.looks.append((self.language, self.large, self.elder))
            self.turn(self)
        return await super().show(screen, chrome)

    def reset(self) -> None:
        super().reset()
        self.large = self.elder = False

    async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
        return self.says if key == "farewell.keep" else await super()._chooses(key, options)


def particular(guest: Guest, says: str, turn: Callable[[Any], None]) -> Particular:
    guest.__class__ = Particular
    assert isinstance(guest, Particular)
    guest.wishes, guest.says, guest.turn, guest.looks = (), says, turn, []
    return guest


def larger(guest: Any) -> None:
    guest.large = guest.elder = True


def usual(guest: Any) -> None:
    guest.large = guest.elder = False


def nothing(guest: Any) -> None:
    """She likes it as it is."""


def test_what_she_agreed_to_is_there_at_her_next_visit_and_not_asked_again(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        her = particular(guest, "yes", larger)
        await machine.visits(1)
        assert her.met.count("farewell.keep") == 1
        her.turn = nothing
        await machine.visits(1)
        assert [look[1:] for look in her.looks] == [(False, False), (True, True)]
        assert "farewell.keep" not in her.met, "asked once"

    with_guest(tmp_path, story)


def test_without_a_yes_nothing_is_kept(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        her = particular(guest, "no", larger)
        await machine.visits(1)
        her.turn = nothing
        await machine.visits(1)
        assert [look[1:] for look in her.looks] == [(False, False), (False, False)]
        with machine.world.db.read() as tx:
            assert not list(tx.execute(preferences.preferences.select()))

    with_guest(tmp_path, story)


def test_who_turns_them_off_again_and_says_yes_has_them_erased(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        her = particular(guest, "yes", larger)
        await machine.visits(1)
        her.turn = usual
        await machine.visits(1)
        assert "farewell.keep" in her.met
        with machine.world.db.read() as tx:
            assert not list(tx.execute(preferences.preferences.select()))

    with_guest(tmp_path, story)


def test_the_language_comes_back_unless_she_chose_one_in_this_visit(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        def speaks_arabic(her: Any) -> None:
            larger(her)
            her.language = "ar"

        her = particular(guest, "yes", speaks_arabic)
        await machine.visits(1)
        her.turn, her.language = nothing, "zh"
        await machine.visits(1)
        assert her.looks[-1] == ("ar", True, True)

    with_guest(tmp_path, story)
