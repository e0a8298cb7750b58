"""Appointments: does the branch expect whoever holds this code? Nothing about a person is asked or told."""

from branch.store import billbooks
from branch.terminal.context import Branch
from protocol import bills as b


def appointment(branch: Branch, terminal: str, body: b.AppointmentAsked) -> b.Appointment:  # noqa: ARG001  for anybody
    """Known only when number, day and time are those that were booked: a guessed number learns nothing."""
    if body.branch != branch.name:
        return b.Appointment(welcome="elsewhere")
    with branch.db.read() as tx:
        row = billbooks.appointment(tx, body.number)
    booked = (branch.name, body.day.isoformat(), f"{body.at:%H:%M}")
    if row is None or (row.branch, row.day, row.at) != booked:
        return b.Appointment(welcome="unknown")
    over = body.day < branch.core.accounting_date()
    return b.Appointment.model_validate({"welcome": "past" if over else "expected", "topic": row.topic})
