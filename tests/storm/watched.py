"""Parts of a machine under an eye: the same as ever, and what they do is known to whoever judges."""

import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from drivers.pinpad import XfsPinPad
from flows.journal import Intent, Journal, Undo
from flows.screens import Confirmed, Wait
from flows.session import TRANSFERRING, Level, Out, Session
from kiosk.link import Link
from protocol import care, messages as m
from protocol.mask import Pan, PinBlock
from tests.storm.weather import Power

if TYPE_CHECKING:
    from tests.storm.machine import Machine


class OnTheMains(Journal):
    """The journal of a machine whose power may fail at any row."""

    def __init__(self, path: str, now_ms: Callable[[], int], power: Power) -> None:
        super().__init__(path, now_ms, power.run)
        self._power = power

    def _append(self, key: str, state: str, body: dict[str, Any]) -> None:
        self._power.writes(state)
        super()._append(key, state, body)


class Leaky(XfsPinPad):
    """The same driver; whoever judges knows each block that left it."""

    blocks: set[str]

    async def enter_pin(
        self,
        number: Pan,
        format: str,
        on_count: Callable[[int], None],
        patience: float,
    ) -> PinBlock:
        made = await super().enter_pin(number, format, on_count, patience)
        self.blocks.add(made.block.hex())
        return made


FOR_CUSTOMERS = (
    "accounts",
    "movements",
    "take_statement",
    "recent_payees",
    "payee",
    "quote",
    "transfer",
    "bill",
    "bill_fee",
    "pay_bill",
    "standing_orders",
    "new_standing",
    "end_standing",
    "payee_banks",
    "outside_payee",
    "price",
    "remit",
    "pending",
    "cancel_transfer",
    "untold",
    "told",
    "send_code",
    "check_code",
    "lower_limit",
    "pin_cards",
    "change_pin",
    "phone_now",
    "show_document",
    "ask_person",
    "send_new_phone_code",
    "check_new_phone_code",
    "change_phone",
)
"""Calls about a customer's own affairs: nobody below that level may cause one."""
FOR_CLAIMED = ("loss_cards",)
"""Calls that need no more than a claim, and no less."""
R = TypeVar("R", bound=m.Message)


class Watched(Link):
    """The same link, with an eye on who causes its calls, and on what reversals found."""

    def __init__(self, machine: "Machine") -> None:
        super().__init__(machine.client)
        self._machine = machine

    async def _call(self, name: str, message: m.Message, reply: type[R]) -> R:
        if name in FOR_CUSTOMERS:
            session = self._machine.sessions[-1]
            fits = session.level >= Level.CUSTOMER and message.model_dump()["customer"] == session.customer
            self._machine.too_low += [] if fits else [name]
        if isinstance(message, care.LossReport) and message.key in self._machine.journal.in_flight:
            needed = Level.CLAIMED if message.order.until else Level.STEPPED_UP
            self._machine.too_low += [] if self._machine.sessions[-1].level >= needed else [name]
        if name in FOR_CLAIMED and self._machine.sessions[-1].level < Level.CLAIMED:
            self._machine.too_low.append(name)
        if name == "transfer" and self._machine.beside_her():
            self._machine.met["two terminals at once"] += 1
        answer = await super()._call(name, message, reply)
        if (
            isinstance(answer, m.Outcome)
            and answer.status != "pending"
            and answer.key in self._machine.journal.in_flight
        ):
            self._machine.answered.add(answer.key)
        if isinstance(answer, m.Reversed):
            self._machine.found[answer.ending.value] += 1
        return answer


UNDOS = (Undo.REVERSE,) * 6 + (Undo.ASK, Undo.PERSON)
"""How the transfers of a storm may end when their ending is missing: posting them bears any of these."""


class Visited(Session):
    """A visit whose transfers end in one of the ways that there are, as chance has it."""

    chance: random.Random

    async def effect(
        self,
        step: str,
        order: m.Order,
        consent: Confirmed,
        act: Callable[[Intent], Awaitable[Out]],
        undo: Undo = Undo.REVERSE,
        wait: Wait = TRANSFERRING,
    ) -> tuple[str, Out]:
        chosen = self.chance.choice(UNDOS) if undo is Undo.REVERSE else undo
        return await super().effect(step, order, consent, act, chosen, wait)
