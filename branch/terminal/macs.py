"""The pad's MAC: an order is the terminal's own only when its pad has authenticated it."""

from branch.bank.hsm import HsmRefused
from branch.terminal.context import Branch, Refusal
from protocol import bills, care, messages as m, standing

Signed = m.Post | bills.BillPost | standing.NewStanding | standing.EndStanding | care.Act
"""What a terminal asks to be done, with its pad's MAC."""


def demand(branch: Branch, terminal: str, act: Signed, order: m.Order) -> None:
    """Raise Refusal unless this terminal's pad made the MAC over exactly this order under this key."""
    data = m.authenticated(act.key, act.trace, act.code, order)
    try:
        good = branch.hsm.verify_mac(terminal, data, bytes.fromhex(act.mac))
    except HsmRefused as why:
        raise Refusal(m.Reason.MAC) from why
    if not good:
        raise Refusal(m.Reason.MAC)
