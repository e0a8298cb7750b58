"""Settings of the glass that follow a customer, because she wants them to."""

from branch.store import preferences
from branch.store.outbox import event
from branch.terminal.context import Branch, live
from protocol import calls, messages as m


def of(branch: Branch, customer: str) -> m.Preferences | None:
    """What is kept of her, by the core's number of her."""
    with branch.db.read() as tx:
        found = preferences.of(tx, customer)
    return m.Preferences.model_validate(found) if found else None


def keep(branch: Branch, terminal: str, body: calls.KeepPreferences) -> calls.Nothing:
    """Keep what she has agreed to, or erase what was kept."""
    customer = live(branch, terminal, body.customer)
    with branch.db.write() as tx:
        if body.preferences is None:
            preferences.forget(tx, customer.customer)
        else:
            preferences.keep(tx, customer.customer, body.preferences.model_dump(mode="json"), branch.now)
        event(tx, branch.now, "preferences.kept" if body.preferences else "preferences.erased", customer.visit)
    return calls.Nothing()
