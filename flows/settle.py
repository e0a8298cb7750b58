"""settle(): at boot and every few seconds, each intent without an ending gets the one it declared.

It holds no lock across a call, skips keys in flight, and one failing key never stops the next. Six rounds with
back-off, then a manual case that a person at the branch sees. A round in which nobody answered does not count: an
outage is no reason to ask a person, until it has lasted a day. Endings that nobody told their customer go to the
branch, which tells them after her next identification at any terminal.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.journal import AlreadyWritten, Intent, Journal, Undo
from flows.ports import Away, Bank, Facts
from protocol import messages as m

ROUNDS = 6
BACK_OFF = (0, 5, 10, 20, 40, 80)
"""Seconds to wait before each round; the last one repeats while nobody answers."""
OUTAGE = 24 * 3600.0
"""Seconds of silence after which a person must look all the same."""

Repeat = Callable[[Bank, Intent], Awaitable[str]]
"""Do a harmless effect again under its key and trace number: answers `done`, `refused` or `later`."""


@dataclass
class _Tried:
    """What has been tried for one key since the program started."""

    since: float
    next: float = 0.0
    times: int = 0
    rounds: int = 0
    """Times that somebody answered."""


@dataclass
class Settler:
    """Gives endings; keeps only the rounds it has tried, so that a restart begins anew."""

    journal: Journal
    bank: Bank
    clock: Callable[[], float]
    repeats: Mapping[str, Repeat] = field(default_factory=dict)
    _open: dict[str, "_Tried"] = field(default_factory=dict)

    async def settle(self) -> None:
        """One pass over everything that is open."""
        for intent in await self.journal.open_intents():
            tried = self._open.setdefault(intent.key, _Tried(self.clock()))
            if self.clock() >= tried.next:
                await self._one(intent, tried)
        for key, ending, order in await self.journal.untold():
            await self._hand_over(key, ending, order)

    async def _one(self, intent: Intent, tried: "_Tried") -> None:
        tried.times += 1
        tried.next = self.clock() + BACK_OFF[min(tried.times, ROUNDS - 1)]
        detail, counts = "", 1
        try:
            ending = await self._ending(intent)
        except Exception as why:  # noqa: BLE001  whatever it was, the ending is still unknown
            ending, detail = "later", type(why).__name__
            counts = 0 if isinstance(why, Away) else 1
        tried.rounds += counts
        if ending == "later" and (tried.rounds >= ROUNDS or self.clock() - tried.since >= OUTAGE):
            ending = "manual"
        if ending != "later":
            await self._write(intent.key, ending, {"by": "settle", "rounds": tried.times, "detail": detail})
            del self._open[intent.key]

    async def _ending(self, intent: Intent) -> str:
        if intent.undo is Undo.PERSON:
            return "manual"
        if intent.undo is Undo.FINISH:
            step = intent.key.rsplit("/", 1)[1].split("-", 1)[1]
            return await self.repeats[step](self.bank, intent)
        if intent.undo is Undo.ASK:
            state = await self.bank.state(intent.key)
            _ours(intent, state.key)
            if state.status in {"done", "refused"}:
                return state.status
        said = await self.bank.reverse(intent.key, "settle")
        _ours(intent, said.key)
        return {m.Ending.STANDS: "done", m.Ending.LATER: "later"}.get(said.ending, "reversed")

    async def _hand_over(self, key: str, ending: str, order: dict[str, Any]) -> None:
        told = m.UntoldEnding.model_validate({"key": key, "ending": ending, "order": order})
        try:
            if ending == "manual":
                await self.bank.manual_case(m.ManualCase(key=key, order=told.order, note="no ending after six rounds"))
            await self.bank.report_untold(told)
        except Exception:  # noqa: BLE001  out of reach: the row stays untold, the next pass tries again
            return
        await self._write(key, "handed", {})

    async def _write(self, key: str, state: str, body: Facts) -> None:
        try:
            await self.journal.write(key, state, body)
        except AlreadyWritten:
            return  # it has ended meanwhile, by the flow's own hand


def _ours(intent: Intent, key: str) -> None:
    """A reply for another key says nothing about this one."""
    if key != intent.key:
        raise ValueError(f"a reply for {key}")
