"""The verdict over machines of one branch when the storm is over, and what the storm was made of."""

import hashlib
from collections import Counter
from collections.abc import Iterable

import sqlalchemy as sa

from branch import demo
from branch.store.schema import incidents
from flows.journal import ENDINGS, Records
from flows.orders import short
from flows.session import Level
from protocol.chain import canonical
from tests.storm import inspector
from tests.storm.inspector import Written, must
from tests.storm.machine import Machine
from tests.storm.weather import Weather

EFFECTS = ("transfer", "bills", "standing", "loss", "limit", "pin", "phone", "interbank", "cancel")
SAID = {ending: {f"{flow}.{ending}" for flow in EFFECTS} for ending in ("done", "refused", "unsure")}
SAID["done"] |= {"loss.done-good", "standing.ended", "interbank.later"}
SAID["refused"].add("standing.kept")
"""The screens that tell how an effect ended."""
UNDISTURBED = ("farewell", "left", "idle")
"""Endings that never cut between an effect and the screen that tells of it."""


async def judge(*machines: Machine) -> None:
    """Everything that must hold, whatever the weather was."""
    first, whole, shown = machines[0], Written(), Counter[str]()
    for number, machine in enumerate(machines):
        records = await machine.journal.records()
        inspector.judge_secrets(_secrets(machines), records, None if number else first.world.db)
        written = inspector.read(records)
        _judge_yeses(machine, written)
        _judge_words(machine, written)
        _judge_papers(machine)
        _judge_memory(machine)
        _judge_alarms(machine, await machine.journal.records())
        whole |= written
        shown.update(one.key for _, told in machine.told for one in told)
    inspector.judge_money(first.world.ledger, whole, first.before, first.world.balances())
    inspector.judge_bills(first.world.db, first.world.ledger, whole)
    inspector.judge_branch(first.world.db, whole, shown)


def _secrets(machines: Iterable[Machine]) -> set[str]:
    """What may stand nowhere: card and document numbers, names, and blocks with PINs in them."""
    people = {text for one in demo.PEOPLE for text in (one.id_number, one.name)}
    return people.union({card.pan for card in demo.CARDS}, *(machine.blocks for machine in machines))


def _judge_yeses(machine: Machine, written: Written) -> None:
    """Each effect has a yes of its own, to this very order."""
    asked: dict[str, Counter[str]] = {}
    for key, body in written.intents.items():
        about = hashlib.sha256(canonical(body["order"])).hexdigest()
        asked.setdefault(key.partition("/")[0], Counter())[about] += 1
    for visit, orders in asked.items():
        must("each effect has its own yes", orders <= Counter(machine.yeses[visit]), visit)


def _judge_papers(machine: Machine) -> None:
    """What may have come out once comes out again as a copy, and as nothing else."""
    for visit, papers in machine.papers.items():
        originals = Counter(about for about, marked in papers if about and not marked)
        twice = [about for about, count in originals.items() if count > 1]
        must("what is printed again says COPY", not twice, visit, twice)


def _judge_words(machine: Machine, written: Written) -> None:
    """What she was told is what happened, key by key."""
    states, endings = written.states, written.endings
    for (visit, told), how in zip(machine.told, machine.endings, strict=True):
        keys = [key for key in states if key.startswith(visit)]
        settled = written.settled() & set(keys)
        done = {endings[key]["reference"] for key in keys if "done" in states[key] and key not in settled}
        said = {screen.reference for screen in told if screen.key in SAID["done"]}
        doubted = {screen.reference for screen in told if screen.key in SAID["unsure"]}
        number = {short(key) for key in settled}
        if how not in {"power-cut", "journal"}:
            must("what the bank has answered is not doubted", not settled & machine.answered, visit, how, settled)
        must("she is told the truth", said <= done, visit, how, said, done)
        must("she is told the truth", doubted <= number, visit, how, doubted, settled)
        if how in UNDISTURBED:  # nothing came between what happened and its screen
            must("she is told the truth", said == done, visit, how, said, done)
            must("she is told the truth", doubted == number, visit, how, doubted, settled)
        refused = sum("refused" in states[key] and "told" in states[key] for key in keys)
        heard = sum(screen.key in SAID["refused"] for screen in told)
        must("told means seen", refused <= heard, visit, how)
        told_done = {endings[key]["reference"] for key in keys if {"done", "told"} <= set(states[key])}
        must("told means seen", told_done <= said, visit, how)
        again = {endings[key].get("reference") for key in keys if "done" in states[key] and "handed" in states[key]}
        again &= machine.touched if how != "power-cut" else set()
        must("what she has read is not told again", not again, visit, how, again)


def _judge_memory(machine: Machine) -> None:
    """Nobody was asked for who was not known well enough, and nothing of her is left."""
    must("nothing is done below its level", not machine.too_low, machine.too_low)
    for session, ending in zip(machine.sessions, machine.endings, strict=True):
        if ending != "power-cut":  # then the memory is gone with the machine
            kept = (session.customer, session.surname, session.claim, session.id_number, session.card_aid)
            gone = session.level is Level.NOBODY and not any(kept) and not session.tape.entries
            must("nothing of her is left", gone, ending)


def _judge_alarms(machine: Machine, records: Records) -> None:
    """A door that ends a visit is journaled, and known at the branch unless the line was down; nothing else alarms."""
    noted = {(record["key"], record["state"]) for record, _ in records}
    with machine.world.db.read() as tx:
        rows = tx.execute(sa.select(incidents.c.visit).where(incidents.c.kind == "door-opened")).scalars()
        known = [visit for visit in rows if visit.startswith(machine.name)]
    assert len(known) == len(set(known))
    assert {(visit, "door-opened") for visit in known} <= noted
    for (visit, _), how in zip(machine.told, machine.endings, strict=True):
        if how == "door":
            assert (visit, "door-opened") in noted
            assert visit in known or (visit, "branch-not-told") in noted, visit


async def coverage(machine: Machine) -> Counter[str]:
    """How often each kind of trouble and each ending was met."""
    met = machine.met + Counter({f"weather {fate}": 0 for fate in Weather.FATES})
    for (fate, _), count in machine.weather.met.items():
        met[f"weather {fate}"] += count
    met.update({f"cut {when}": count for when, count in machine.power.cuts.items()})
    met["torn writes"] += machine.power.disk.torn if machine.power.disk else 0
    met.update({f"paper {what}": count for what, count in machine.roll.met.items()})
    met.update(f"visit {how.partition(':')[0]}" for how in machine.endings)
    met.update({f"reversal {found}": count for found, count in machine.found.items()})
    met.update({f"mood {mood}": count for mood, count in machine.person.did.items()})
    met.update({key: count for key, count in machine.person.seen.items() if key.startswith(("Tell ", "Choose "))})
    for record, _ in await machine.journal.records():
        if record["state"] == "intent":
            met["with a fee"] += bool(record["body"]["order"].get("fee"))
            met[f"undo {record['body']['undo']}"] += 1
        if record["state"] in ENDINGS:
            met[f"{'settled' if record['body'].get('by') else 'ended'} {record['state']}"] += 1
    return met


def pairs(machine: Machine) -> Counter[tuple[str, str]]:
    """How often each fault met each step: calls, rows of the journal, screens."""
    return Counter(machine.weather.met) + machine.power.met + machine.person.met
