"""Calls that end on somebody's list at the branch."""

from branch.store import people, visits
from branch.store.outbox import event, plain
from branch.terminal.context import Branch, live, own
from protocol import calls, messages as m


def manual_case(branch: Branch, terminal: str, case: m.ManualCase) -> calls.Nothing:
    """A person must look at this key."""
    own(terminal, case.key)
    with branch.db.write() as tx:
        if people.open_case(tx, case.key, terminal, case.order, case.note, branch.now):
            event(tx, branch.now, "case.opened", case.key.partition("/")[0], {"key": case.key})
    return calls.Nothing()


def report_untold(branch: Branch, terminal: str, ending: m.UntoldEnding) -> calls.Nothing:
    """Keep it for its customer."""
    own(terminal, ending.key)
    with branch.db.write() as tx:
        if people.report_untold(tx, ending.key, ending.ending, ending.order, branch.now):
            event(tx, branch.now, "ending.untold", ending.key.partition("/")[0], {"key": ending.key})
    return calls.Nothing()


def untold(branch: Branch, terminal: str, body: calls.OfCustomer) -> m.UntoldEndings:
    """What she has not seen yet, from any terminal."""
    customer = live(branch, terminal, body.customer)
    with branch.db.read() as tx:
        rows = people.untold_of(tx, customer.customer)
    found = [{"key": key, "ending": ending, "order": facts} for key, ending, facts in rows]
    return m.UntoldEndings.model_validate({"endings": found})


def told(branch: Branch, terminal: str, body: calls.Told) -> calls.Nothing:
    """She has seen it; the key may be another terminal's, but not another customer's."""
    customer = live(branch, terminal, body.customer)
    with branch.db.write() as tx:
        if people.told(tx, body.key, customer.customer, branch.now):
            event(tx, branch.now, "ending.told", customer.visit, {"key": body.key})
    return calls.Nothing()


def call_help(branch: Branch, terminal: str, call: m.HelpCall) -> m.HelpCalled:
    """Somebody wants a person."""
    own(terminal, call.visit)
    with branch.db.write() as tx:
        number, made = people.call_help(tx, call.visit, terminal, call.screen, call.language, branch.now)
        if made:
            event(tx, branch.now, "help.called", call.visit, {"number": number, "screen": plain(call.screen)})
        if call.wants == "text":
            event(tx, branch.now, "help.in-writing", call.visit, {"number": number})
    return m.HelpCalled(number=number)


def incident(branch: Branch, terminal: str, incident: m.Incident) -> calls.Nothing:
    """Something staff should know."""
    own(terminal, incident.visit)
    with branch.db.write() as tx:
        people.incident(tx, incident.visit, terminal, incident.kind, incident.detail, branch.now)
        event(tx, branch.now, "incident", incident.visit, {"kind": plain(incident.kind)})
    return calls.Nothing()


def rate(branch: Branch, terminal: str, rating: m.Rating) -> calls.Nothing:
    """One touch at the end."""
    own(terminal, rating.visit)
    with branch.db.write() as tx:
        visits.begin(tx, rating.visit, terminal, branch.now)
        if people.rate(tx, rating.visit, terminal, rating.stars, branch.now):
            event(tx, branch.now, "visit.rated", rating.visit, {"stars": rating.stars})
    return calls.Nothing()
