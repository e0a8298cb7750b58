"""A customer at a terminal's wire who sends money to another bank."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from branch import demo, remittance
from branch.bank.clearinghouse import ACCOUNTS
from branch.store import bookkeeping as k, people, remittances
from branch.store.clearings import sums
from protocol import messages as m, remit as r
from tests.branch.support import Chip, Terminal, World

ZHAO, SUN, CLOSED, MUTE = ACCOUNTS
"""Open; open; what comes is sent back; its bank tells no names."""
HERS = demo.LI_NA.accounts[0][0]
LATE = 10**14


@dataclass
class Sender:
    """Somebody who has proved who she is."""

    terminal: Terminal
    who: demo.Person = demo.LI_NA
    pin: str = "147258"
    chip: Chip | None = None

    def __post_init__(self) -> None:
        self.visit = self.terminal.visit()
        known = (
            self.terminal.by_card(self.visit, self.chip, self.pin)
            if self.chip
            else self.terminal.by_document(self.visit, self.who, self.pin)
        )
        self.customer = known.customer

    def steps_up(self) -> None:
        self.terminal.steps_up(self.customer)

    def payee(self, account: tuple[str, ...] = ZHAO, name: str = "") -> r.Outside:
        bank, number, _, latin, _ = account
        asked = {"customer": self.customer, "bank": bank, "number": number, "name": name or latin}
        found: r.Outside = self.terminal.ask("outside_payee", asked)
        return found

    def price(self, payee: r.Outside, amount: int) -> r.Price:
        source = self.terminal.ask("accounts", {"customer": self.customer}).accounts[0]
        asked = {"customer": self.customer, "source": source.handle, "target": payee.handle, "amount": amount}
        found: r.Price = self.terminal.ask("price", asked)
        return found

    def order(self, amount: int = 1_000, arrival: str = "now", **more: Any) -> r.RemittanceOrder:
        """An order, priced by the branch. `account`, `name`, `on`, `fee`."""
        payee = self.payee(more.pop("account", ZHAO), more.pop("name", ""))
        source = self.terminal.ask("accounts", {"customer": self.customer}).accounts[0]
        price = self.price(payee, amount)
        facts = {
            "source": source.handle,
            "source_masked": source.masked,
            "target": payee.handle,
            "target_masked": payee.masked_number,
            "target_name": payee.masked_name,
            "amount": amount,
            "fee": price.fee,
            "bank": payee.bank,
            "arrival": arrival,
        }
        return r.RemittanceOrder.model_validate({**facts, **more})

    def remit(self, order: r.RemittanceOrder, field55: str = "", **changes: Any) -> r.Remit:
        """A post under a fresh key, MACed."""
        self.terminal.trace += 1
        trace = self.terminal.trace
        key = f"{self.visit}/{trace:03d}-interbank"
        facts = {"key": key, "trace": trace, "operator": "VTM", "customer": self.customer, "order": order}
        mac = self.terminal.mac(key, trace, r.CODE, order)
        return r.Remit.model_validate({**facts, "field55": field55, "mac": mac, **changes})

    def sends(self, amount: int = 1_000, arrival: str = "now", **more: Any) -> tuple[str, m.Posted]:
        """Key and answer."""
        post = self.remit(self.order(amount, arrival, **more))
        said: m.Posted = self.terminal.ask("remit", post)
        return post.key, said

    def listed(self) -> tuple[r.PendingTransfer, ...]:
        found: r.PendingTransfers = self.terminal.ask("pending", {"customer": self.customer})
        return found.transfers

    def cancels(self, one: r.PendingTransfer, number: int = 900) -> m.Outcome:
        said: m.Outcome = self.terminal.ask("cancel_transfer", self.cancel(one, number))
        return said

    def cancel(self, one: r.PendingTransfer, number: int = 900) -> r.Cancel:
        names = ("target_masked", "target_name", "bank", "amount", "back")
        order = {"transfer": one.handle, **{n: one.model_dump()[n] for n in names}}
        stamp = {"key": f"{self.visit}/{number}-cancel", "trace": number, "operator": "VTM"}
        return r.Cancel.model_validate({**stamp, "customer": self.customer, "order": order})


def state_of(made: World, key: str) -> str:
    with made.db.read() as tx:
        row = remittances.find(tx, key)
    return str(row.state) if row else ""


def on(made: World, minutes: float = 0) -> None:
    """Time passes, and the branch brings on what is due."""
    made.clock.minutes(minutes)
    for _ in range(4):
        remittance.advance(made.branch)
        made.clock.minutes(1)


def bank_money(made: World) -> tuple[int, int]:
    """On the bank's own accounts: what waits for the clearing, and what has been settled."""
    with made.db.read() as tx:
        return k.balance(tx, k.CLEARING_ACCOUNT), k.balance(tx, k.SETTLEMENT_ACCOUNT)


def balanced(made: World) -> None:
    """The books hold, what waits is what is under way, and what was settled is what the other banks have credited."""
    assert made.ledger.balance_check() == []
    waiting, settled = bank_money(made)
    with made.db.read() as tx:
        rows = tx.execute(remittances.remittances.select()).all()
        credited = sums(tx, LATE)["credited"]
    under_way = {"accepted", "sending", "sent", "crediting", "returning", "cancelling"}
    assert waiting == sum(row.amount for row in rows if row.state in under_way)
    assert settled == credited == sum(row.amount for row in rows if row.state == "credited")


def in_days(day: date, days: int) -> date:
    return date.fromordinal(day.toordinal() + days)


def hers(made: World) -> int:
    return made.balances()[HERS]


def untold_of(made: World, customer: str = demo.LI_NA.id) -> dict[str, str]:
    with made.db.read() as tx:
        return {key: ending for key, ending, _ in people.untold_of(tx, customer)}
