"""The pad authenticates what moves no money: a pad that is away does nothing, and settle() has it made anew."""

from dataclasses import replace
from pathlib import Path

import pytest

from drivers.api import Offline
from flows.ports import Unreachable
from kiosk.link import Link
from protocol import care, messages as m
from protocol.money import Money
from tests.flows.guest import Guest, with_guest
from tests.flows.test_loss import card_state, loses
from tests.storm.machine import Machine
from tests.storm.test_storm import judge


class Pad:
    """The MACs of the terminal's pad, which may be away for them."""

    def __init__(self, machine: Machine) -> None:
        self._mac, self.away, self.made = machine.pad.mac, False, 0
        machine.pad.mac = self.mac  # type: ignore[method-assign]

    async def mac(self, data: bytes) -> bytes:
        if self.away:
            raise Offline("pin-pad", "no answer")
        self.made += 1
        return await self._mac(data)


class Mute(Link):
    """A report's answer never comes while `lost`."""

    lost = True

    async def report_loss(self, report: care.LossReport) -> m.Outcome:
        if self.lost:
            raise Unreachable("lost")
        return await super().report_loss(report)


@pytest.mark.parametrize("wish", ["limit", "pin", "loss"])
def test_when_the_pad_makes_no_mac_nothing_is_sent_and_she_hears_that_nothing_was_done(
    tmp_path: Path, wish: str
) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        Pad(machine).away = True
        guest.prefers, guest.wishes = "id-card", (wish,)
        guest.amount = Money(10_000)
        await machine.visits(1)
        assert [(one.key, one.why) for one in guest.told] == [(f"{wish}.refused", f"refused.{m.Reason.CLOSED}")]
        assert not await machine.journal.open_intents()
        records = [record for record, _ in await machine.journal.records() if record["state"] == "refused"]
        assert [one["body"].get("why") for one in records] == ["not sent"]
        await judge(machine)

    with_guest(tmp_path, story)


def test_a_report_whose_answer_is_lost_is_said_again_under_the_keys_that_the_pad_has_then(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        pad = Pad(machine)
        link = Mute(machine.client)
        machine.terminal = replace(machine.terminal, bank=link)
        machine.settler.bank = link
        await loses(machine, guest)
        assert card_state(machine)[0] == "active"
        for _ in range(3):  # older keys than the last two are good for nothing at the branch
            for key in (await machine.bank.pad_keys()).keys:
                wrapped = bytes.fromhex(key.cryptogram), bytes.fromhex(key.kcv), key.wrapping
                await machine.pad.import_key(key.name, *wrapped)
        before, link.lost = pad.made, False
        guest.prefers, guest.wishes = "id-card", ()
        await machine.calm()
        assert pad.made > before
        records = [record for record, _ in await machine.journal.records()]
        assert [one["state"] for one in records if one["key"].endswith("loss-report")][:2] == ["intent", "done"]
        assert not [one for one in records if "mac" in one["body"].get("order", {})], "none is kept"
        await judge(machine)

    with_guest(tmp_path, story)


def test_a_pad_that_is_away_for_an_hour_makes_no_case_for_a_person(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        pad = Pad(machine)
        link = Mute(machine.client)
        machine.terminal = replace(machine.terminal, bank=link)
        machine.settler.bank = link
        await loses(machine, guest)
        pad.away, link.lost = True, False
        clock = machine.settler.clock
        for minute in range(60):
            machine.settler.clock = lambda minute=minute: clock() + 60.0 * minute
            await machine.settler.settle()
        assert len(await machine.journal.open_intents()) == 1
        pad.away = False
        machine.settler.clock = lambda: clock() + 7200.0
        await machine.settler.settle()
        assert card_state(machine)[0] == "lost"
        assert not await machine.journal.open_intents()

    with_guest(tmp_path, story)
