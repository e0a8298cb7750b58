"""How a flow tells what became of it: done, refused, or not known yet."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from drivers.api import Line
from flows.orders import order_facts, short
from flows.paper import Paper
from flows.ports import Refused, Unsure, Words
from flows.receipt import receipt
from flows.screens import Fact, Option, Review, Tell, Tone
from flows.session import Session
from protocol import messages as m
from protocol.money import Money


@dataclass(frozen=True)
class Ends:
    """The screens of one flow's endings."""

    done: Tell
    refused: Tell
    unsure: Tell
    title: Callable[[Words], str]
    """What its paper is headed."""


async def told(session: Session, order: m.Order, ends: Ends, effect: Awaitable[tuple[str, m.Outcome]]) -> bool:
    """Do the effect and say how it ended, with the number on paper if she likes; True when it is done."""
    try:
        key, done = await effect
    except Refused as why:
        refused = replace(ends.refused, tone=Tone.REFUSED, why=f"refused.{why.reason}")
        await (session.tell_ending(why.key, refused) if why.key else session.tell(refused))
        return False
    except Unsure as doubt:
        number = short(doubt.key)
        await session.tell(replace(ends.unsure, tone=Tone.UNSURE, reference=number))
        if not session.broken:
            await _paper(session, ends, order_facts(order), number)
        return False
    facts = (*order_facts(order), *_proof(done), Fact("fact.date", done.accounting_date))
    await session.tell_ending(key, replace(ends.done, tone=Tone.DONE, facts=facts, reference=done.reference))
    await _paper(session, ends, (*order_facts(order), *_proof(done)), done.reference)
    return True


def _proof(done: m.Outcome) -> tuple[Fact, ...]:
    """The biller's own number, where one has taken the money."""
    proof = done.proof if isinstance(done, m.Posted) else ""
    return (Fact("fact.proof", proof, number=True, strong=True),) if proof else ()


async def _paper(session: Session, ends: Ends, facts: tuple[Fact, ...], number: str) -> None:
    options = (Option("print", "care.paper.print"), Option("none", "receipt.none"))
    if await session.ask(Review("care.paper", options=options), back=False) == "print":
        await receipt(session, lambda words: _slip(words, ends, facts, number))


def _slip(words: Words, ends: Ends, facts: tuple[Fact, ...], number: str) -> Paper:
    """What was asked for, and the number by which anybody at the bank finds it."""
    lines = tuple(Line(words.text(fact.label), _said(words, fact)) for fact in facts)
    keep = Line(words.text("glass.keep-number"), number, bold=True)
    return Paper(ends.title(words), (*lines, keep), qr=number)


def _said(words: Words, fact: Fact) -> str:
    match fact.value:
        case Money() as money:
            return words.money(money)
        case str(text):
            return words.text(text) if fact.message else text
        case day:
            return words.day(day)
