"""What every `Billers` must keep: run it against a bank's own before customers pay by it.

It pays: lend it a bill that takes part of what is due, at least three times its least amount, and one that takes the
whole only. Money is not moved by it: what was taken in vain must be known to the biller as a test.
"""

from collections.abc import Callable
from dataclasses import dataclass

from branch.bank.billers import BillerRefused, Billers, Due, Notice
from branch.bank.promise import ensure, found
from protocol.messages import Reason


@dataclass(frozen=True)
class Bench:
    """The billers under test, and two bills: (biller, number)."""

    billers: Billers
    partly: tuple[str, str]
    wholly: tuple[str, str]
    fresh_key: Callable[[], str]

    def due(self, bill: tuple[str, str]) -> Due:
        """What is due."""
        return self.billers.due(*bill)

    def pays(self, key: str, bill: tuple[str, str], amount: int) -> str:
        """Tell the biller."""
        return self.billers.notify(key, Notice(*bill, amount, "2031031400000000000042"))

    def refusal(self, act: Callable[[], object]) -> Reason | None:
        """Why it says no, if it does."""
        try:
            act()
        except BillerRefused as no:
            return no.reason
        return None


Check = Callable[[Bench], None]


def the_catalogue_holds_together(bench: Bench) -> None:
    """Each biller of a region is found by its id, has names, numbers of some length, and an account of its own."""
    regions = bench.billers.regions()
    ensure(bool(regions), "there are no regions")
    known = [one for region in regions for one in bench.billers.catalogue(region.id)]
    ensure(bool(known), "there are no billers")
    for one in known:
        ensure(bench.billers.find(one.id) == one, f"{one.id} is not found by its id")
        ensure(0 < one.shortest <= one.longest <= 32, f"{one.id}: numbers of no length")
        ensure(bench.billers.collects(one.collection), f"{one.id}: its account is not known as a biller's")
        ensure(bool(one.names) and bool(one.collection), f"{one.id} has no name or no account")
    ensure(len({one.id for one in known}) == len(known), "two billers have one id")
    ensure(bench.billers.find("NOBODY") is None, "a biller that is not there was found")


def a_number_without_a_bill_says_so(bench: Bench) -> None:
    """An unknown number is NO_BILL, at the enquiry and at the notice."""
    unknown = (bench.partly[0], "0" * 7)
    ensure(bench.refusal(lambda: bench.due(unknown)) is Reason.NO_BILL, "an unknown number has something due")
    said = bench.refusal(lambda: bench.pays(bench.fresh_key(), unknown, 100))
    ensure(said is Reason.NO_BILL, "an unknown number took money")


def a_notice_is_taken_once(bench: Bench) -> None:
    """Told twice under one key, it is paid once, with the same proof; less is due afterwards."""
    key, before = bench.fresh_key(), bench.due(bench.partly)
    ensure(before.least * 3 <= before.amount, "the specimen does not take parts")
    proof = bench.pays(key, bench.partly, before.least)
    ensure(bool(proof), "no proof")
    ensure(bench.pays(key, bench.partly, before.least) == proof, "a repeat answers something else")
    ensure(bench.due(bench.partly).amount == before.amount - before.least, "it was not paid once")
    word = bench.billers.state(bench.partly[0], key)
    ensure((word.status, word.proof) == ("taken", proof), "state tells something else")


def what_was_taken_stays_taken(bench: Bench) -> None:
    """Withdrawing what was taken changes nothing, and answers its proof."""
    key, least = bench.fresh_key(), bench.due(bench.partly).least
    proof = bench.pays(key, bench.partly, least)
    before = bench.due(bench.partly).amount
    word = bench.billers.withdraw(bench.partly[0], key)
    ensure((word.status, word.proof) == ("taken", proof), "something that was taken was withdrawn")
    ensure(bench.due(bench.partly).amount == before, "withdrawing changed what is due")


def what_was_withdrawn_is_never_taken(bench: Bench) -> None:
    """A key that was withdrawn before its notice came is barred."""
    key, before = bench.fresh_key(), bench.due(bench.partly)
    ensure(bench.billers.state(bench.partly[0], key).status == "unknown", "a fresh key is known")
    for _ in range(2):
        ensure(bench.billers.withdraw(bench.partly[0], key).status == "withdrawn", "it was not withdrawn")
    said = bench.refusal(lambda: bench.pays(key, bench.partly, before.least))
    ensure(said is not None, "a notice that was withdrawn was taken")
    ensure(bench.due(bench.partly) == before, "a notice that was withdrawn paid something")


def no_bill_takes_more_or_less_than_it_should(bench: Bench) -> None:
    """Below the least and above what is due, it is BILL_AMOUNT; and it stays refused under that key."""
    before = bench.due(bench.partly)
    for amount in (before.least - 1, before.amount + 1):
        key = bench.fresh_key()
        for _ in range(2):
            said = bench.refusal(lambda key=key, amount=amount: bench.pays(key, bench.partly, amount))  # type: ignore[misc]
            ensure(said is Reason.BILL_AMOUNT, f"{amount} was not refused for its amount")
        ensure(bench.billers.withdraw(bench.partly[0], key).status == "refused", "a refused key was withdrawn")
    whole = found(bench.due(bench.wholly), "nothing is due")
    said = bench.refusal(lambda: bench.pays(bench.fresh_key(), bench.wholly, whole.amount - 1))
    ensure(said is Reason.BILL_AMOUNT, "a bill that takes the whole only took a part")
    ensure(bench.due(bench.partly) == before, "a refused notice paid something")


def a_paid_bill_takes_no_more(bench: Bench) -> None:
    """Paid in full, it is BILL_PAID, at the enquiry and at a notice under another key."""
    amount = bench.due(bench.wholly).amount
    bench.pays(bench.fresh_key(), bench.wholly, amount)
    ensure(bench.refusal(lambda: bench.due(bench.wholly)) is Reason.BILL_PAID, "something is still due")
    said = bench.refusal(lambda: bench.pays(bench.fresh_key(), bench.wholly, amount))
    ensure(said is Reason.BILL_PAID, "it was paid twice")


CHECKS: tuple[Check, ...] = (
    the_catalogue_holds_together,
    a_number_without_a_bill_says_so,
    a_notice_is_taken_once,
    what_was_taken_stays_taken,
    what_was_withdrawn_is_never_taken,
    no_bill_takes_more_or_less_than_it_should,
    a_paid_bill_takes_no_more,
)
"""In this order: the last one pays the bill that takes the whole only."""
