"""The verdict over machines of one branch when the storm is over, and what the storm was made of."""

from collections import Counter

import sqlalchemy as sa

from branch.store.schema import incidents
from flows.journal import ENDINGS, Records
from flows.orders import short
from flows.session import Level
from tests.storm import inspector
from tests.storm.inspector import Written
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
    for machine in machines:
        written = inspector.read(await machine.journal.records())
        _judge_words(machine, written)
        _judge_memory(machine)
        _judge_alarms(machine, await machine.journal.records())
        whole |= written
        shown.update(one.key for _, told in machine.told for one in told)
    inspector.judge_money(first.world.ledger, whole, first.before, first.world.balances())
    inspector.judge_bills(first.world.db, first.world.ledger, whole)
    inspector.judge_branch(first.world.db, whole, shown)


def _judge_words(machine: Machine, written: Written) -> None:
    """What she was told is what happened, key by key."""
    states, endings = written.states, written.endings
    for (visit, told), how in zip(machine.told, machine.endings, strict=True):
        keys = [key for key in states if key.startswith(visit)]
        settled = written.settled() & set(keys)
        done = {endings[key]["reference"] for key in keys if "done" in states[key] and key not in settled}
        said = {screen.reference for screen in told if screen.key in SAID["done"]}
        doubted = {screen.reference for screen in told if screen.key in SAID["unsure"]}
        assert said <= done, (visit, how, said, done)
        assert doubted <= {short(key) for key in settled}, (visit, how, doubted, settled)
        if how in UNDISTURBED:  # nothing came between what happened and its screen
            assert said == done, (visit, how, said, done)
            assert doubted == {short(key) for key in settled}, (visit, how, doubted, settled)
        refused = sum("refused" in states[key] and "told" in states[key] for key in keys)
        assert refused <= sum(screen.key in SAID["refused"] for screen in told), (visit, how)
        told_done = {endings[key]["reference"] for key in keys if {"done", "told"} <= set(states[key])}
        assert told_done <= said, (visit, how)


def _judge_memory(machine: Machine) -> None:
    """Nobody was asked for who was not known well enough, and nothing of her is left."""
    assert not machine.too_low, machine.too_low
    for session, ending in zip(machine.sessions, machine.endings, strict=True):
        if ending != "power-cut":  # then the memory is gone with the machine
            kept = (session.customer, session.surname, session.claim, session.id_number, session.card_aid)
            assert session.level is Level.NOBODY, ending
            assert not any(kept), ending
            assert not session.tape.entries


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
    met = Counter({f"weather {fate}": 0 for fate in Weather.FATES})
    for (fate, _), count in machine.weather.met.items():
        met[f"weather {fate}"] += count
    met.update({f"cut {when}": count for when, count in machine.power.cuts.items()})
    met["torn writes"] += machine.power.disk.torn if machine.power.disk else 0
    met.update(f"visit {how.partition(':')[0]}" for how in machine.endings)
    met.update({f"reversal {found}": count for found, count in machine.found.items()})
    met.update({f"mood {mood}": count for mood, count in machine.person.did.items()})
    met.update({key: count for key, count in machine.person.seen.items() if key.startswith(("Tell ", "Choose "))})
    for record, _ in await machine.journal.records():
        if record["state"] == "intent" and record["body"]["order"].get("fee"):
            met["with a fee"] += 1
        if record["state"] in ENDINGS:
            met[f"{'settled' if record['body'].get('by') else 'ended'} {record['state']}"] += 1
    return met


def pairs(machine: Machine) -> Counter[tuple[str, str]]:
    """How often each fault met each step: calls, rows of the journal, screens."""
    return Counter(machine.weather.met) + machine.power.met + machine.person.met
