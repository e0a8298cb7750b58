"""The pad authenticates what moves no money: a pad that is away does nothing, and settle() has it made anew."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drivers.api import Offline
from flows.ports import Unreachable
from kiosk.link import Link
from protocol import care, messages as m
from tests.flows.guest import Guest, with_guest
from tests.flows.test_loss import card_state, loses
from tests.storm.machine import Machine
from tests.storm.test_storm import judge


class Pad:
    """The terminal's pad, which may be away for MACs."""

    def __init__(self, pad: Any) -> None:
        self._pad, self.away, self.made = pad, False, 0

    async def mac(self, data: bytes) -> bytes:
        if self.away:
            raise Offline("pin-pad", "no answer")
        self.made += 1
        made: bytes = await self._pad.mac(data)
        return made

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pad, name)


def with_pad(machine: Machine) -> Pad:
    pad = Pad(machine.pad)
    machine.terminal = replace(machine.terminal, devices=replace(machine.terminal.devices, pin_pad=pad))  # type: ignore[arg-type]
    repeats = machine.settler.repeats
    machine.settler.repeats = {step: _by(repeat, pad) for step, repeat in repeats.items()}
    return pad


def _by(repeat: Any, pad: Pad) -> Any:
    async def again(bank: Any, intent: Any) -> str:
        said: str = await repeat(bank, intent, pad=pad)
        return said

    return again


class Mute(Link):
    """A report's answer never comes while `lost`."""

    lost = True

    async def report_loss(self, report: care.LossReport) -> m.Outcome:
        if self.lost:
            raise Unreachable("lost")
        return await super().report_loss(report)


@pytest.mark.parametrize(("wish", "told"), [("limit", "limit.refused"), ("pin", "pin.refused"), ("loss", "loss.refused")])
def test_when_the_pad_makes_no_mac_nothing_is_sent_and_she_hears_that_nothing_was_done(
    tmp_path: Path, wish: str, told: str
) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        with_pad(machine).away = True
        guest.prefers, guest.wishes = "id-card", (wish,)
        guest.amount = None
        await machine.visits(1)
        assert told in [one.key for one in guest.told] or "limit.up" in [one.key for one in guest.told]
        assert not await machine.journal.open_intents()
        records = [record for record, _ in await machine.journal.records() if record["state"] == "refused"]
        assert [one["body"].get("why") for one in records] in ([], ["not sent"])
        await judge(machine)

    with_guest(tmp_path, story)


def test_a_report_whose_answer_is_lost_is_said_again_under_the_keys_that_the_pad_has_then(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        pad = with_pad(machine)
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
        guest.wishes = ()
        await machine.calm()
        assert pad.made > before
        records = [record for record, _ in await machine.journal.records()]
        assert [one["state"] for one in records if one["key"].endswith("loss-report")][:2] == ["intent", "done"]
        assert not [one for one in records if "mac" in one["body"].get("order", {})], "none is kept"
        await judge(machine)

    with_guest(tmp_path, story)


def test_a_pad_that_is_away_for_an_hour_makes_no_case_for_a_person(tmp_path: Path) -> None:
    async def story(machine: Machine, guest: Guest) -> None:
        pad = with_pad(machine)
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
