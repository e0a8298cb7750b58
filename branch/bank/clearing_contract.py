"""The contract of a clearing: what every one must keep. It sends a fen to two accounts that the clearing lends."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from branch.bank.clearing import Clearing, ClearingOrder, ClearingRefused, ClearingState, NameCheck, bank_of
from branch.bank.promise import Broken, ensure


@dataclass(frozen=True)
class Lent:
    """Accounts at other banks that a check may use, and how long an order needs there."""

    bank: str
    good: str
    """An open account."""
    name: str
    """Of its holder, in Latin letters."""
    bad: str
    """A number at the same bank that takes nothing."""
    payer: str
    """An account of this bank."""


@dataclass(frozen=True)
class Bench:
    """A clearing under test. `settle` lets so much time pass that every order ends, or waits for it."""

    clearing: Clearing
    lent: Lent
    fresh_key: Callable[[], str]
    settle: Callable[[], None]

    @property
    def order(self) -> ClearingOrder:
        """One fen for the good account."""
        one = self.lent
        return ClearingOrder(one.bank, one.good, one.name, 1, one.payer)

    def refused(self, act: Callable[[], None]) -> str:
        """The reason with which it is refused."""
        try:
            act()
        except ClearingRefused as no:
            return no.reason
        raise Broken("it was not refused")


def the_directory_names_each_bank_once(bench: Bench) -> None:
    """Every bank has a code of its own and a name in both scripts, and the longest beginning wins."""
    banks = bench.clearing.banks()
    ensure(bool(banks), "there is no bank")
    ensure(len({one.code for one in banks}) == len(banks), "a code stands twice")
    ensure(all(one.name and one.latin.isascii() for one in banks), "a name is missing, or Latin is not")
    ensure(bench.lent.bank in {one.code for one in banks}, "the lent account's bank is not in it")
    for one in banks:
        for first in one.beginnings:
            ensure(bank_of(banks, first + "0" * 12) is not None, "a beginning finds no bank")
    ensure(bench.clearing.banks() == banks, "its order is not stable")


def names_are_told_masked_or_not_at_all(bench: Bench) -> None:
    """A name that fits is told masked; one that does not is no help to who guesses."""
    one = bench.lent
    said = bench.clearing.check(one.bank, one.good, one.name)
    ensure(said.check in {NameCheck.MATCH, NameCheck.UNKNOWN}, f"the right name is {said.check}")
    ensure(said.check is NameCheck.UNKNOWN or "*" in said.masked, "the name is not masked")
    wrong = bench.clearing.check(one.bank, one.good, "QQQ XXXX ZZZ")
    ensure(wrong.check in {NameCheck.NONE, NameCheck.UNKNOWN}, f"another name is {wrong.check}")
    ensure(not wrong.masked, "a wrong name brings the right one")


def what_is_sent_once_is_credited_once(bench: Bench) -> None:
    """Sent again under its key it is the same; it ends credited, and stays so."""
    key, clearing = bench.fresh_key(), bench.clearing
    ensure(clearing.state(key) == ClearingState("unknown"), "a fresh key is known")
    clearing.send(key, bench.order)
    ensure(clearing.state(key).status in {"sent", "credited"}, "what was sent is not on its way")
    clearing.send(key, bench.order)
    bench.settle()
    ensure(clearing.state(key).status == "credited", f"it ended {clearing.state(key).status}")
    clearing.send(key, bench.order)
    ensure(clearing.state(key).status == "credited", "its end has changed")


def another_order_is_a_conflict(bench: Bench) -> None:
    """The same key with another order is refused, and the first goes on."""
    key, other = bench.fresh_key(), replace(bench.order, amount=2)
    bench.clearing.send(key, bench.order)
    ensure(bench.refused(lambda: bench.clearing.send(key, other)) == "conflict", "no conflict")
    bench.settle()
    ensure(bench.clearing.state(key).status == "credited", "the first did not go on")


def what_nobody_takes_comes_back(bench: Bench) -> None:
    """Money for an account that takes none is refused at once or comes back, with a reason; never both."""
    key, order = bench.fresh_key(), replace(bench.order, number=bench.lent.bad)
    try:
        bench.clearing.send(key, order)
    except ClearingRefused as no:
        ensure(bool(no.reason), "a refusal without a reason")
        bench.settle()
        ensure(bench.clearing.state(key).status == "unknown", "what was refused is on its way")
        return
    bench.settle()
    found = bench.clearing.state(key)
    ensure(found.status == "returned" and bool(found.reason), f"it ended {found.status}, reason {found.reason!r}")


def a_bank_of_nobody_is_refused(bench: Bench) -> None:
    """An order for a bank that is not in the directory is never sent."""
    key, order = bench.fresh_key(), replace(bench.order, bank="no such bank")
    ensure(bool(bench.refused(lambda: bench.clearing.send(key, order))), "a refusal without a reason")
    ensure(bench.clearing.state(key).status == "unknown", "it is on its way all the same")


Check = Callable[[Bench], None]
CHECKS: tuple[Check, ...] = (
    the_directory_names_each_bank_once,
    names_are_told_masked_or_not_at_all,
    what_is_sent_once_is_credited_once,
    another_order_is_a_conflict,
    what_nobody_takes_comes_back,
    a_bank_of_nobody_is_refused,
)
