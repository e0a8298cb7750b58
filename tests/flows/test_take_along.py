"""A statement for her phone: the link stands on one screen and nowhere else, and paper is always there instead."""

from pathlib import Path
from typing import Any

import pytest

from branch.customers.words import FOLDER
from branch.store.downloads import take
from flows import screens as s
from tests.flows.guest import Guest, with_guest
from tests.flows.memory import reachable
from tests.flows.test_statement import Reader, reads
from tests.storm.machine import Machine
from tools.messages import catalogues, compiled

ROOT = Path(__file__).parents[2]
ADDRESS = "https://phones.example:8444"


@pytest.fixture(scope="module", autouse=True)
def spoken() -> None:
    """The catalogues as they stand in the source."""
    for path in catalogues(ROOT):
        (FOLDER / path.relative_to(ROOT / "i18n")).with_suffix(".mo").write_bytes(compiled(path))


class Takes(Reader):
    """She wants it on her phone, and then what `then` says."""

    wish = "list"
    links: tuple[str, ...] = ()

    async def _answer(self, screen: s.Screen[Any]) -> Any:
        if isinstance(screen, s.Review) and screen.qr:
            assert screen.private
            self.links = (*self.links, screen.qr)
            return self.wish
        return await super()._answer(screen)


async def takes(machine: Machine, guest: Guest, *wishes: str, then: str = "list") -> Takes:
    object.__setattr__(machine.world.branch, "papers", ADDRESS)
    Takes.wish = then
    reader = await reads(machine, guest, *wishes, kind=Takes)
    assert isinstance(reader, Takes)
    return reader


def test_the_link_is_shown_opens_the_paper_and_is_kept_nowhere(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        reader = await takes(machine, guest, "take", "done")
        (link,) = reader.links
        word = link.rpartition("/")[2]
        reader.links = ()
        records = str([record for record, _ in await machine.journal.records()])
        assert "statement-link" in records
        assert word not in records
        held = [way for thing, way in reachable(machine.terminal, machine.sessions[-1]) if _names(thing, word)]
        assert held == []
        with machine.world.db.write() as tx:
            paper = take(tx, word, machine.world.db.clock())
        assert paper is not None
        assert paper.startswith(b"%PDF")

    with_guest(tmp_path, story)


def _names(thing: Any, word: str) -> bool:
    return isinstance(thing, str) and word in thing


def test_on_paper_instead_is_one_touch_away(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        reader = await takes(machine, guest, "take", then="print")
        assert reader.met[reader.met.index("statement.link") + 1] == "wait.printer"

    with_guest(tmp_path, story)


def test_where_phones_have_no_address_it_is_not_offered(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        reader = await reads(machine, guest)
        assert "take" not in [one.id for one in reader.shown[0].options]
        assert "print" in [one.id for one in reader.shown[0].options]

    with_guest(tmp_path, story)
