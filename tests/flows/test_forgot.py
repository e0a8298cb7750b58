"""A PIN that was forgotten: said honestly, a person is called, and no call of a terminal gives anybody a new one."""

import ast
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from branch.store.schema import help_calls, pins
from flows import screens as s
from flows.ports import Leave
from protocol.calls import PATHS
from tests.flows.guest import Guest, with_guest
from tests.storm.machine import Machine

ROOT = Path(__file__).parents[2]


class Forgets(Guest):
    """She does not know her PIN, and takes the way that is offered for it."""

    knows: bool = False

    def _pin(self) -> str:
        return super()._pin() if self.knows else "000001"

    async def _chooses(self, key: str, options: tuple[s.Option, ...]) -> str:
        ids = [one.id for one in options]
        if key == "forgot.how":
            return "call"
        if key != "menu" and "forgot" in ids:
            return "forgot"
        if self.met.count("forgot.how") and key == "identify.wrong-pin":
            raise Leave
        return await super()._chooses(key, options)


def verifiers(machine: Machine) -> dict[str, str]:
    with machine.world.db.read() as tx:
        return {row.card: row.verifier for row in tx.execute(sa.select(pins))}


def forgets(folder: Path, *, knows: bool, wishes: tuple[str, ...] = ()) -> tuple[Machine, Guest, list[str], Any, Any]:
    calls: list[str] = []
    kept: list[Any] = []

    async def story(machine: Machine, guest: Guest) -> None:
        guest.__class__ = Forgets
        guest.prefers, guest.wishes, guest.knows = "bank-card", wishes, knows  # type: ignore[attr-defined]
        before = verifiers(machine)
        say = machine.bank._call

        async def heard(name: str, *rest: Any) -> Any:
            calls.append(name)
            return await say(name, *rest)

        machine.bank._call = heard  # type: ignore[method-assign]
        await machine.visits(1)
        kept.extend((guest, before, verifiers(machine)))
        with machine.world.db.read() as tx:
            kept.append([row.screen for row in tx.execute(sa.select(help_calls))])

    machine = with_guest(folder, story)
    guest, before, after, helps = kept
    return machine, guest, calls, (before, after), helps


def test_after_a_wrong_pin_it_is_offered_and_a_person_is_called_and_nothing_else_is_done(tmp_path: Path) -> None:
    _, guest, calls, (before, after), helps = forgets(tmp_path, knows=False)
    at = guest.met.index("forgot.how")
    assert guest.met[at - 1] == "identify.wrong-pin"
    assert guest.met[at + 1] == "help.called"
    assert set(calls) == {"authorise_card", "call_help"}
    assert helps == ["forgot-pin"]
    assert before == after


def test_among_the_cards_of_a_pin_change_it_is_offered_too(tmp_path: Path) -> None:
    _, guest, calls, (before, after), helps = forgets(tmp_path, knows=True, wishes=("pin",))
    assert "forgot.how" in guest.met
    assert "pin.confirm" not in guest.met
    assert "change_pin" not in calls
    assert helps == ["forgot-pin"]
    assert before == after


def test_no_call_of_a_terminal_gives_a_pin_without_the_one_of_now() -> None:
    """By its shape: a call that carries a new PIN carries the old one. By its place: one function writes verifiers."""
    new = [name for name, call in PATHS.items() if "new" in call.request.model_fields]
    assert new == ["change_pin"]
    assert PATHS["change_pin"].request.model_fields["old"].is_required()
    writers = set()
    for path in (ROOT / "branch").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and ast.unparse(node) == "pins.keep":
                    writers.add((path.relative_to(ROOT / "branch").as_posix(), function.name))
    assert writers == {("terminal/pin_change.py", "_write"), ("demo.py", "seed")}
