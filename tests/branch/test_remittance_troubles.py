"""Transfers to other banks when things go wrong: a crash between two steps, two at once, nobody answers."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

import pytest

from branch import remittance
from branch.bank.clearing import ClearingUnavailable
from branch.bank.core import CoreReversed, CoreUnavailable
from branch.store import remittances, schema
from branch.terminal import pending, settle, transfer
from branch.terminal.context import Trouble
from protocol import messages as m
from protocol.messages import Ending
from tests.branch.outside import CLOSED, ZHAO, Sender, hers, in_days, on, state_of, untold_of
from tests.branch.support import DAY, World


def crashes(made: World, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """The branch dies just after the core has done it, and before it has written that down."""

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, dies)


@pytest.mark.parametrize("asked", [True, False])
def test_a_branch_that_dies_before_it_wrote_the_answer_finds_it_again(
    made: World, li: Sender, monkeypatch: pytest.MonkeyPatch, *, asked: bool
) -> None:
    before, post = hers(made), li.remit(li.order())
    with monkeypatch.context() as patch:
        crashes(made, patch, "branch.terminal.transfer._write")
        with pytest.raises(KeyboardInterrupt):
            li.terminal.ask("remit", post)
    assert (hers(made), state_of(made, post.key), li.listed()) == (before - 1_000, "new", ())
    if asked:
        assert li.terminal.ask("state", {"key": post.key}).status == "done"
    on(made, 15)
    on(made, 1)
    assert (state_of(made, post.key), hers(made)) == ("credited", before - 1_000)
    assert li.terminal.ask("remit", post).status == "done"


@pytest.mark.parametrize("account", [ZHAO, CLOSED], ids=["credited", "returned"])
def test_a_crash_after_each_act_and_before_its_move_gives_the_same_one_outcome(
    made: World, li: Sender, monkeypatch: pytest.MonkeyPatch, account: tuple[str, ...]
) -> None:
    before, real, turns = hers(made), remittance._to, count()

    def every_other(*values: Any, **more: Any) -> bool:
        if next(turns) % 2 == 0:
            raise KeyboardInterrupt
        return real(*values, **more)

    monkeypatch.setattr(remittance, "_to", every_other)
    key, _ = li.sends(arrival="later", on=in_days(DAY, 1), account=account)
    made.ledger.advance_accounting_date()
    for _ in range(20):
        with suppress(KeyboardInterrupt):
            remittance.bring_on(made.branch, key)
        made.clock.minutes(1)
    assert state_of(made, key) == ("returned" if account is CLOSED else "credited")
    assert hers(made) == (before if account is CLOSED else before - 1_000)
    assert next(turns) >= 10


def at_once(*acts: Callable[[], Any]) -> None:
    """Each in a thread of its own, let go at the same moment."""
    gate, failed = threading.Barrier(len(acts)), []

    def run(act: Callable[[], Any]) -> None:
        gate.wait(10)
        try:
            act()
        except Exception as why:  # noqa: BLE001  told by the test
            failed.append(why)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert failed == []


def test_two_servers_that_bring_on_the_same_ones_do_each_once(made: World, li: Sender) -> None:
    before = hers(made)
    keys = [li.sends(100 + n, account=CLOSED if n % 2 else ZHAO)[0] for n in range(6)]
    for _ in range(4):
        at_once(*[lambda: remittance.advance(made.branch)] * 3)
        made.clock.minutes(1)
    assert [state_of(made, key) for key in keys] == ["credited", "returned"] * 3
    assert hers(made) == before - (100 + 102 + 104)
    assert len(untold_of(made)) == 3


def test_of_sending_and_cancelling_at_the_same_moment_one_is_first(made: World, li: Sender) -> None:
    before, ends = hers(made), []
    for number in range(8):
        key, _ = li.sends(100, arrival="hours-2")
        ends.append((_both(made, li, key, number), state_of(made, key)))
    assert set(ends) <= {("done", "cancelled"), ("refused", "credited")}
    assert hers(made) == before - 100 * sum(end == "credited" for _, end in ends)


def _both(made: World, li: Sender, key: str, number: int) -> str:
    """Its time has come, and at that moment she cancels it."""
    with made.db.write() as tx:
        remittances.move(tx, key, "accepted", made.clock(), due=made.clock())
    one = next(one for one in li.listed() if one.state == "accepted")
    cancels, said = partial(pending.cancel, made.branch, "VTM001", li.cancel(one, number + 100)), []
    at_once(lambda: said.append(cancels()), lambda: remittance.advance(made.branch))
    with made.db.write() as tx:
        remittances.move(tx, key, "sent", made.clock(), due=0)
    made.clock.minutes(0.5)
    remittance.advance(made.branch)
    return str(said[0].status)


def test_a_reversal_and_a_repeat_at_the_same_moment_have_one_end(made: World, li: Sender) -> None:
    before, ends = hers(made), []
    for day in (None, in_days(DAY, 1)) * 3:
        post = li.remit(li.order(100, "later" if day else "now", on=day))
        back = m.Reversal(key=post.key, reason="settle")
        found: list[m.Reversed] = []

        def remits(post: Any = post) -> None:
            with suppress(Trouble):  # it says nothing: the reversal decides
                transfer.transfer(made.branch, "VTM001", post)

        at_once(remits, lambda back=back, found=found: found.append(settle.reverse(made.branch, "VTM001", back)))
        ends.append((found[0].ending, bool(day), state_of(made, post.key)))
    gone = {"reversing", ""}
    assert all((end is Ending.STANDS) == (state not in gone) for end, _, state in ends), ends
    on(made, 1)
    assert hers(made) == before - 100 * sum(end is Ending.STANDS and not day for end, day, _ in ends)


def test_what_does_not_answer_is_asked_again_and_money_that_never_comes_back_is_somebodys(
    made: World, li: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _ = li.sends(account=CLOSED)
    with monkeypatch.context() as patch:

        def silent(*_: object) -> None:
            raise ClearingUnavailable

        patch.setattr(made.branch.clearing, "send", silent)
        on(made, 60)
        assert (state_of(made, key), Sender(li.terminal).listed()[0].state) == ("sending", "sent")
    real = made.ledger.reverse

    def mute(_: str) -> CoreReversed:
        raise CoreUnavailable

    made.ledger.reverse = mute  # type: ignore[method-assign]
    for _ in range(30):
        on(made, 60)
    assert state_of(made, key) == "returning"
    for _ in range(50):
        on(made, 61)
    made.ledger.reverse = real  # type: ignore[method-assign]
    assert state_of(made, key) == "manual"
    with made.db.read() as tx:
        cases = [row.key for row in tx.execute(schema.cases.select())]
    assert cases == [f"{key}-clearing"]
    made.ledger.reverse(key)  # a person at the bank has looked at it
