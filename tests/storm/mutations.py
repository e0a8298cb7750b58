"""Bugs that somebody might make: each is planted into one function of the running program, and a storm must see it."""

import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

import branch.terminal.macs
import branch.terminal.money
import flows.identify
import flows.journal
import flows.menu
import flows.receipt
import flows.transfer
from branch.api import HANDLERS
from branch.bank.ledger import ReferenceLedger
from branch.store import intents
from branch.terminal.context import Branch
from flows import effects
from flows.journal import Intent, Journal, Undo
from flows.orders import order_facts, short
from flows.ports import Unreachable
from flows.screens import Tell, Tone
from flows.session import Level, Session
from flows.settle import Settler
from kiosk.link import Link
from protocol import messages as m
from protocol.chain import START, link
from tests.storm.storms import Result, Storm, blow

Patch = pytest.MonkeyPatch
FIRST, MOST, VISITS = 100, 16, 25
"""The seed of the first storm, storms at most until a bug must have been seen, and visits in each."""
DAY = date(2031, 3, 14)


@dataclass(frozen=True)
class Mutation:
    """A planted bug, and what must be seen of it."""

    plant: Callable[[Patch], None]
    seen: tuple[str, ...]
    """Names of what no longer holds; one of them is seen first."""
    kind: str = ""
    """The sort of storm that it takes; "" for any."""

    def storms(self) -> Iterator[Storm]:
        """In at most so many storms it must be seen."""
        seeds = (seed for seed in itertools.count(FIRST) if not self.kind or Storm(seed).kind == self.kind)
        return (Storm(seed, VISITS) for seed in itertools.islice(seeds, MOST))


def no_intent_row(patch: Patch) -> None:
    """The intent is not written down."""
    real = Journal._append

    def append(self: Journal, key: str, state: str, body: dict[str, Any]) -> None:
        if state != "intent":
            real(self, key, state, body)

    patch.setattr(Journal, "_append", append)


def silence_is_no(patch: Patch) -> None:
    """A lost reply is taken for a refusal."""
    real = Link.transfer

    async def transfer(self: Link, post: m.Post) -> m.Posted:
        try:
            return await real(self, post)
        except Unreachable:
            no = {"key": post.key, "status": "refused", "reference": "", "accounting_date": DAY, "reason": "funds"}
            return m.Posted.model_validate(no)

    patch.setattr(Link, "transfer", transfer)


def silence_is_yes(patch: Patch) -> None:
    """A lost reply is taken for a yes."""
    real = Link.transfer

    async def transfer(self: Link, post: m.Post) -> m.Posted:
        try:
            return await real(self, post)
        except Unreachable:
            yes = {"key": post.key, "status": "done", "reference": "20310314", "accounting_date": DAY}
            return m.Posted.model_validate(yes)

    patch.setattr(Link, "transfer", transfer)


def reversed_twice(patch: Patch) -> None:
    """The core gives the money back once more."""
    real = ReferenceLedger._take_back

    def take_back(self: ReferenceLedger, tx: sa.Connection, row: sa.Row[Any]) -> Any:
        real(self, tx, row)
        return real(self, tx, row)

    patch.setattr(ReferenceLedger, "_take_back", take_back)


def fee_twice(patch: Patch) -> None:
    """The core takes its fee twice."""
    real = ReferenceLedger._move

    def move(self: ReferenceLedger, tx: sa.Connection, key: str, source: str, target: str, *rest: Any) -> int:
        (amount, fee), today = rest
        return real(self, tx, key, source, target, (amount, 2 * fee), today)

    patch.setattr(ReferenceLedger, "_move", move)


def one_key_for_two(patch: Patch) -> None:
    """The journal counts no effects: the second of a visit gets the key of the first."""
    real = Journal._one

    def one(self: Journal, query: str, *values: str) -> tuple[int]:
        return (0,) if query == flows.journal.HERE else real(self, query, *values)

    patch.setattr(Journal, "_one", one)
    loose = flows.journal.SCHEMA.replace("create unique index", "create index")
    patch.setattr(flows.journal, "SCHEMA", loose)


def done_before_the_reply(patch: Patch) -> None:
    """The disk says done before the bank has."""
    real = effects.once

    async def effect(
        self: Session, step: str, order: m.Order, act: Callable[[Intent], Awaitable[Any]], how: Any
    ) -> Any:
        async def early(intent: Intent) -> Any:
            done = {"reference": "20310314", "accounting_date": DAY.isoformat(), "reason": None}
            await self.terminal.journal.write(intent.key, "done", done)
            return await act(intent)

        return await real(self, step, order, early, how)

    patch.setattr(effects, "once", effect)


def never_told(patch: Patch) -> None:
    """That she has read an ending is not written down."""

    async def tell_ending(self: Session, key: str, screen: Tell) -> None:
        await self.tell(screen)

    patch.setattr(Session, "tell_ending", tell_ending)


def told_before_it_is_shown(patch: Patch) -> None:
    """An ending counts as told before it is on the glass."""

    async def tell_ending(self: Session, key: str, screen: Tell) -> None:
        await effects.write(self, key, "told", {"how": "touched"})
        await self.tell(screen)

    patch.setattr(Session, "tell_ending", tell_ending)


def told_the_opposite(patch: Patch) -> None:
    """What was done is told as refused."""
    real = flows.transfer._done

    async def done(session: Session, key: str, order: m.TransferOrder, posted: m.Posted) -> None:
        if order.amount % 3:
            return await real(session, key, order, posted)
        return await session.tell_ending(key, Tell("transfer.refused", tone=Tone.REFUSED))

    patch.setattr(flows.transfer, "_done", done)


def told_done_in_doubt(patch: Patch) -> None:
    """What nobody knows yet is told as done."""

    async def unsure(session: Session, key: str, order: m.TransferOrder) -> None:
        await session.tell(Tell("transfer.done", tone=Tone.DONE, facts=order_facts(order), reference=short(key)))

    patch.setattr(flows.transfer, "_unsure", unsure)


def _traces(patch: Patch, change: Callable[[int], int]) -> None:
    real = Journal._append

    def append(self: Journal, key: str, state: str, body: dict[str, Any]) -> None:
        real(self, key, state, body | {"trace": change(body["trace"])} if state == "intent" else body)

    patch.setattr(Journal, "_append", append)


def trace_left_out(patch: Patch) -> None:
    """Every third trace number is passed over."""
    _traces(patch, lambda trace: trace + (trace % 3 == 0))


def trace_used_again(patch: Patch) -> None:
    """The third trace number is the second once more."""
    _traces(patch, lambda trace: trace - (trace == 3))


def settles_what_is_under_way(patch: Patch) -> None:
    """settle() does not pass over what a visit is just doing."""

    async def open_intents(self: Journal) -> list[Intent]:
        self._ended_below, rows = await self._since(flows.journal.OPEN, self._ended_below)
        found = [(key, flows.journal.json.loads(body)) for _, key, body in rows]
        return [Intent(key, body["trace"], Undo(body["undo"]), body["order"]) for key, body in found]

    patch.setattr(Journal, "open_intents", open_intents)


def no_tombstone(patch: Patch) -> None:
    """A reversal of what the branch has not heard of yet leaves nothing that bars it."""
    real = HANDLERS["reverse"]

    def reverse(branch: Branch, terminal: str, body: Any) -> m.Message:
        with branch.db.read() as tx:
            known = intents.find(tx, body.key)
        return real(branch, terminal, body) if known else m.Reversed(key=body.key, ending=m.Ending.BARRED)

    patch.setitem(HANDLERS, "reverse", reverse)


def later_is_never(patch: Patch) -> None:
    """The branch cannot say yet, and the terminal takes it for taken back."""
    real = Link.reverse

    async def reverse(self: Link, key: str, reason: Any) -> m.Reversed:
        said = await real(self, key, reason)
        return m.Reversed(key=key, ending=m.Ending.REVERSED) if said.ending is m.Ending.LATER else said

    patch.setattr(Link, "reverse", reverse)


def stands_is_reversed(patch: Patch) -> None:
    """What could not be taken back is written down as taken back."""
    real = Link.reverse

    async def reverse(self: Link, key: str, reason: Any) -> m.Reversed:
        said = await real(self, key, reason)
        return m.Reversed(key=key, ending=m.Ending.REVERSED) if said.ending is m.Ending.STANDS else said

    patch.setattr(Link, "reverse", reverse)


def mac_unchecked(patch: Patch) -> None:
    """The branch believes any order that comes with a MAC."""
    patch.setattr(branch.terminal.macs, "demand", lambda *_: None)


def yes_used_twice(patch: Patch) -> None:
    """One yes of hers is good for two transfers."""
    real = Session.effect

    async def effect(self: Session, step: str, order: m.Order, consent: Any, *rest: Any) -> Any:
        await real(self, step, order, consent, *rest)
        self._spent.clear()
        return await real(self, step, order, consent, *rest)

    patch.setattr(Session, "effect", effect)


def unmarked_copy(patch: Patch) -> None:
    """What follows a doubtful print does not say COPY."""
    real = flows.receipt._print

    async def once_more(session: Session, kept: Any, original: int | None, *, again: bool = True) -> Any:
        return await real(session, kept, None, again=again)

    patch.setattr(flows.receipt, "_print", once_more)


def chain_broken(patch: Patch) -> None:
    """Each row's hash forgets the row before it."""
    patch.setattr(flows.journal, "link", lambda _, record: link(START, record))


def untold_is_lost(patch: Patch) -> None:
    """An ending that nobody has seen is marked as handed over, and is not."""

    async def hand_over(self: Settler, key: str, ending: str, order: dict[str, Any]) -> None:
        await self._write(key, "handed", {})

    patch.setattr(Settler, "_hand_over", hand_over)


def no_case_for_a_person(patch: Patch) -> None:
    """A manual case is written down at the terminal, and nobody at the branch gets it."""

    async def manual_case(self: Link, case: m.ManualCase) -> None:
        return None

    patch.setattr(Link, "manual_case", manual_case)


def level_unchecked(patch: Patch) -> None:
    """The menu offers everything to everybody."""
    patch.setattr(flows.menu, "FLOWS", tuple(replace(flow, level=Level.NOBODY) for flow in flows.menu.FLOWS))


def left_in_memory(patch: Patch) -> None:
    """A visit ends, and its customer stays in the session."""

    async def close(self: Session) -> None:
        await self.stop_watching()

    patch.setattr(Session, "close", close)


def number_in_the_journal(patch: Patch) -> None:
    """The card's number is written down in clear."""
    real = flows.identify._card_proof

    def proof(visit: str, dialogue: Any, pin: Any) -> m.CardProof:
        made = real(visit, dialogue, pin)
        SHOWN.append(made.pan)
        return made

    note = Session.note

    async def noted(self: Session, event: str, **facts: str | int | None) -> None:
        await note(self, event, **facts, **({"pan": SHOWN[-1]} if SHOWN else {}))

    SHOWN: list[str] = []  # noqa: N806  of this planting alone
    patch.setattr(flows.identify, "_card_proof", proof)
    patch.setattr(Session, "note", noted)


def block_in_the_journal(patch: Patch) -> None:
    """The enciphered PIN is written down."""
    real = Session.enter_pin

    async def enter_pin(self: Session, number: Any, screen: Any) -> Any:
        made = await real(self, number, screen)
        await self.note("pin", block=made.block.hex())
        return made

    patch.setattr(Session, "enter_pin", enter_pin)


def name_at_the_branch(patch: Patch) -> None:
    """The branch keeps a payee's whole name where a masked one belongs."""
    patch.setattr(branch.terminal.money, "mask_name", lambda name: name)


DID = "the core did what the journal says"
HOLDS = "each account holds what follows from the journals"
TRUTH = "she is told the truth"
TOLD = "everything is told", "each ending is told or handed over"
SECRET = "no secret is written down"
MUTATIONS: dict[str, Mutation] = {
    "no-intent-row": Mutation(no_intent_row, ("an intent stands before all else",)),
    "silence-is-no": Mutation(silence_is_no, (DID,)),
    "silence-is-yes": Mutation(silence_is_yes, (DID, TRUTH)),
    "reversed-twice": Mutation(reversed_twice, (HOLDS,)),
    "fee-twice": Mutation(fee_twice, (HOLDS,)),
    "one-key-for-two": Mutation(one_key_for_two, ("an intent stands before all else", "each effect has its own yes")),
    "done-before-the-reply": Mutation(done_before_the_reply, (DID, TRUTH, *TOLD)),
    "never-told": Mutation(never_told, ("what she has read is not told again", *TOLD)),
    "told-before-it-is-shown": Mutation(told_before_it_is_shown, ("told means seen",)),
    "told-the-opposite": Mutation(told_the_opposite, (TRUTH, "told means seen")),
    "told-done-in-doubt": Mutation(told_done_in_doubt, (TRUTH,)),
    "trace-left-out": Mutation(trace_left_out, ("trace numbers have no gap",)),
    "trace-used-again": Mutation(trace_used_again, ("trace numbers have no gap",)),
    "settles-what-is-under-way": Mutation(
        settles_what_is_under_way, (DID, "what the bank has answered is not doubted")
    ),
    "no-tombstone": Mutation(no_tombstone, (DID,)),
    "later-is-never": Mutation(later_is_never, (DID,), "a core that never explains"),
    "stands-is-reversed": Mutation(stands_is_reversed, (DID,), "a core that cannot reverse"),
    "mac-unchecked": Mutation(mac_unchecked, (HOLDS,)),
    "yes-used-twice": Mutation(yes_used_twice, ("each effect has its own yes", *TOLD)),
    "unmarked-copy": Mutation(unmarked_copy, ("what is printed again says COPY",)),
    "chain-broken": Mutation(chain_broken, ("the chain is unbroken",)),
    "untold-is-lost": Mutation(untold_is_lost, ("what is handed over arrives", "a person has each manual case")),
    "no-case-for-a-person": Mutation(no_case_for_a_person, ("a person has each manual case",)),
    "level-unchecked": Mutation(level_unchecked, ("nothing is done below its level", "every visit ends")),
    "left-in-memory": Mutation(left_in_memory, ("nothing of her is left",)),
    "number-in-the-journal": Mutation(number_in_the_journal, (SECRET,)),
    "block-in-the-journal": Mutation(block_in_the_journal, (SECRET,)),
    "name-at-the-branch": Mutation(name_at_the_branch, (SECRET,)),
}


def caught(name: str) -> Result:
    """The first storm that sees the bug of this name, or the last of those that should have."""
    result = Result(Storm(FIRST))
    for storm in MUTATIONS[name].storms():
        with pytest.MonkeyPatch.context() as patch:
            MUTATIONS[name].plant(patch)
            result = blow(storm)
        if result.broken:
            break
    return result
