"""One key, one truth: on both databases, whoever asks first, again, for something else, or at the same moment."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from branch import demo
from branch.bank.core import CoreOrder, CorePosted, CoreRefused, CoreReversed, CoreUnavailable
from branch.bank.ledger import ReferenceLedger
from branch.serving import Trouble
from branch.store import outbox
from branch.terminal import settle, transfer
from branch.terminal.context import Refusal
from protocol import messages as m
from protocol.messages import Ending, Reason
from tests.branch.support import Chip, Said, Terminal, World, world

HERS, HIS = demo.LI_NA.accounts[0][0], demo.WANG_WEI.accounts[0][0]
ROUNDS = 12


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
    found = world(tmp_path_factory.mktemp("keys"), url)
    yield found
    found.db.engine.dispose()


@pytest.fixture
def vtm(made: World) -> Terminal:
    return made.terminal()


def ready(vtm: Terminal, amount: int = 100) -> m.Post:
    """A transfer that would go through."""
    visit = vtm.visit()
    customer = vtm.by_document(visit).customer
    return vtm.post(visit, customer, vtm.order(customer, HIS, amount))


def kinds(made: World, key: str) -> list[str]:
    """What the event log tells of a key."""
    with made.db.read() as tx:
        rows = outbox.events_after(tx, 0, 100_000)
    return [row.kind for row in rows if row.body.get("key") == key]


def fails(act: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(Said) as why:
        act()
    return why.value.status, why.value.problem.reason


def test_the_same_key_for_another_order_is_a_conflict_and_moves_nothing(made: World, vtm: Terminal) -> None:
    post = ready(vtm)
    said = vtm.ask("transfer", post)
    before = made.balances()
    order = post.order.model_copy(update={"amount": 101})
    other = post.model_copy(update={"order": order, "mac": vtm.mac(post.key, post.trace, post.code, order)})
    assert fails(lambda: vtm.ask("transfer", other)) == (409, Reason.CONFLICT)
    assert fails(lambda: vtm.ask("transfer", post.model_copy(update={"operator": "X"}))) == (409, Reason.CONFLICT)
    assert (vtm.ask("transfer", post), made.balances()) == (said, before)


def test_a_key_or_visit_of_another_terminal_is_refused_on_every_call_that_names_one(made: World, vtm: Terminal) -> None:
    other = made.terminal("VTM002")
    post = ready(vtm)
    vtm.ask("transfer", post)
    visit, before = post.key.partition("/")[0], made.balances()
    verdict = {"approved": True, "field55": ""}
    pin = {"block": "00" * 8, "format": "iso0"}
    document = {"kind": "resident", "id_number": demo.LI_NA.id_number, "name": demo.LI_NA.name}
    calls: dict[str, Any] = {
        "transfer": post,
        "card_said": {"key": post.key, "verdict": verdict},
        "reverse": {"key": post.key, "reason": "settle"},
        "state": {"key": post.key},
        "manual_case": {"key": post.key, "order": {}, "note": "x"},
        "report_untold": {"key": post.key, "ending": "done", "order": {}},
        "claim": {"visit": visit, "document": document},
        "authorise_card": {"visit": visit, "pan": demo.CARDS[0].pan, "field55": "", "pin": pin},
        "authorise_document": {"visit": visit, "claim": "x", "card": "x", "pin": pin},
        "call_help": {"visit": visit, "screen": "menu", "language": "en"},
        "incident": {"visit": visit, "kind": "left"},
        "rate": {"visit": visit, "stars": 1},
    }
    for name, body in calls.items():
        assert fails(lambda name=name, body=body: other.ask(name, body)) == (403, "foreign"), name
    assert made.balances() == before
    assert vtm.ask("state", {"key": post.key}).status == "done"


def test_reversing_a_key_that_never_came_bars_it_and_a_post_that_comes_later_moves_nothing(
    made: World, vtm: Terminal
) -> None:
    post = ready(vtm)
    before = made.balances()
    for _ in range(2):
        assert vtm.ask("reverse", {"key": post.key, "reason": "timeout"}).ending is Ending.BARRED
    assert vtm.ask("state", {"key": post.key}).status == "barred"
    said = vtm.ask("transfer", post)
    assert (said.status, said.reason, made.balances()) == ("refused", Reason.BARRED, before)
    assert kinds(made, post.key) == ["transfer.barred"]


def test_a_reversal_gives_everything_back_once_and_is_told_once(made: World, vtm: Terminal) -> None:
    before = made.balances()
    post = ready(vtm, 1_500_000)
    done = vtm.ask("transfer", post)
    assert made.balances() != before
    for _ in range(3):
        taken = vtm.ask("reverse", {"key": post.key, "reason": "settle"})
        assert (taken.ending, taken.reference) == (Ending.REVERSED, done.reference)
    assert made.balances() == before
    assert vtm.ask("state", {"key": post.key}).status == "reversed"
    said = vtm.ask("transfer", post)
    assert (said.status, said.reason) == ("refused", Reason.BARRED)
    assert kinds(made, post.key) == ["transfer.done", "transfer.reversed"]


def test_a_core_that_cannot_reverse_lets_it_stand(made: World, vtm: Terminal) -> None:
    post = ready(vtm)
    done = vtm.ask("transfer", post)
    before = made.balances()
    made.ledger.can_reverse = False
    try:
        taken = vtm.ask("reverse", {"key": post.key, "reason": "settle"})
    finally:
        made.ledger.can_reverse = True
    assert (taken.ending, taken.reference, made.balances()) == (Ending.STANDS, done.reference, before)
    assert vtm.ask("transfer", post) == done


class Torn(ReferenceLedger):
    """The ledger, whose answers are lost: before it was asked, or after it acted."""

    def __init__(self, made: World, *, after: bool) -> None:
        super().__init__(made.db.engine, made.clock)
        self._after = after

    def post(self, key: str, order: CoreOrder, *, pending: bool) -> CorePosted:
        if self._after:
            super().post(key, order, pending=pending)
        raise CoreUnavailable("lost")

    def reverse(self, key: str) -> CoreReversed:
        if self._after:
            super().reverse(key)
        raise CoreUnavailable("lost")


@pytest.mark.parametrize("after", [False, True], ids=["never-asked", "answer-lost"])
def test_while_the_core_is_silent_a_key_is_in_doubt_and_a_reversal_ends_it(
    made: World, vtm: Terminal, after: bool
) -> None:
    post, before = ready(vtm), made.balances()
    deaf = replace(made.branch, core=Torn(made, after=after))
    with pytest.raises(CoreUnavailable):
        transfer.transfer(deaf, vtm.name, post)
    assert fails(lambda: vtm.ask("transfer", post)) == (503, "in-flight")
    assert vtm.ask("state", {"key": post.key}).status == ("done" if after else "unknown")
    reversal = m.Reversal(key=post.key, reason="timeout")
    assert settle.reverse(deaf, vtm.name, reversal).ending is Ending.LATER
    ending = settle.reverse(made.branch, vtm.name, reversal).ending
    assert ending is (Ending.REVERSED if after else Ending.BARRED)
    assert made.balances() == before
    assert vtm.ask("transfer", post).reason is Reason.BARRED


def both(*acts: Callable[[], Any]) -> list[Any]:
    """Run acts at the same moment, each in a thread; what each gave or raised."""
    gate, found = threading.Barrier(len(acts)), [None] * len(acts)

    def run(at: int, act: Callable[[], Any]) -> None:
        gate.wait(10)
        try:
            found[at] = act()
        except (Trouble, Refusal, CoreRefused, CoreUnavailable) as why:
            found[at] = why  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=(at, act)) for at, act in enumerate(acts)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
        assert not one.is_alive()
    return found


def test_a_reversal_that_races_its_post_ends_in_exactly_one_truth(made: World, vtm: Terminal) -> None:
    """Whoever is first: nothing has moved in the end, core and branch agree, and the post is never done afterwards."""
    before = made.balances()
    for _ in range(ROUNDS):
        post = ready(vtm)
        reversal = m.Reversal(key=post.key, reason="timeout")
        posted, taken = both(
            lambda post=post: transfer.transfer(made.branch, vtm.name, post),
            lambda reversal=reversal: settle.reverse(made.branch, vtm.name, reversal),
        )
        assert isinstance(posted, m.Posted)
        assert taken.ending in {Ending.REVERSED, Ending.BARRED}
        state = vtm.ask("state", {"key": post.key}).status
        assert state == {Ending.REVERSED: "reversed", Ending.BARRED: "barred"}[taken.ending] or (
            state == "refused" and posted.reason is Reason.BARRED
        )
        again = vtm.ask("transfer", post)
        assert (again.status, again.reason) == ("refused", Reason.BARRED)
        assert made.balances() == before
    assert made.ledger.balance_check() == []


def test_a_chips_last_word_that_races_a_reversal_ends_in_exactly_one_truth(made: World, vtm: Terminal) -> None:
    before = made.balances()
    chip = Chip(demo.CARDS[0], made.secrets, counter=1_000)
    visit = vtm.visit()
    customer = vtm.by_card(visit, chip).customer
    for _ in range(ROUNDS // 2):
        post = vtm.post(visit, customer, vtm.order(customer, HIS, 300), chip.says("ARQC", 300))
        assert vtm.ask("transfer", post).status == "pending"
        verdict = m.CardVerdict(approved=True, field55=chip.says("TC", 300, again=True))
        said = transfer.calls.CardSaid(key=post.key, verdict=verdict)
        reversal = m.Reversal(key=post.key, reason="card")
        _, taken = both(
            lambda said=said: transfer.card_said(made.branch, vtm.name, said),
            lambda reversal=reversal: settle.reverse(made.branch, vtm.name, reversal),
        )
        assert taken.ending is Ending.REVERSED
        assert vtm.ask("card_said", said).reason is Reason.BARRED
        assert made.balances() == before
    assert made.ledger.balance_check() == []


def test_one_post_sent_four_times_at_once_moves_once(made: World, vtm: Terminal) -> None:
    for _ in range(ROUNDS // 2):
        before, post = made.balances(), ready(vtm)
        answers = both(*[lambda post=post: transfer.transfer(made.branch, vtm.name, post)] * 4)
        done = [one for one in answers if isinstance(one, m.Posted)]
        assert done
        assert all(one == done[0] and one.status == "done" for one in done)
        assert all(one.reason == "in-flight" for one in answers if not isinstance(one, m.Posted))
        assert made.balances() == before | {HERS: before[HERS] - 100, HIS: before[HIS] + 100}
    assert made.ledger.balance_check() == []


def test_two_posts_with_one_cryptogram_at_once_never_both_go_through(made: World, vtm: Terminal) -> None:
    chip = Chip(demo.CARDS[0], made.secrets, counter=2_000)
    visit = vtm.visit()
    customer = vtm.by_card(visit, chip).customer
    order = vtm.order(customer, HIS, 300)
    for _ in range(ROUNDS // 2):
        arqc = chip.says("ARQC", 300)
        posts = [vtm.post(visit, customer, order, arqc) for _ in range(2)]
        answers = both(*[lambda post=post: transfer.transfer(made.branch, vtm.name, post) for post in posts])
        assert [one.status for one in answers].count("pending") <= 1
        for post in posts:
            settle.reverse(made.branch, vtm.name, m.Reversal(key=post.key, reason="card"))


def test_money_cannot_be_spent_twice_at_once(made: World) -> None:
    """Four transfers of all there is, both ways and at once: the account is never below zero, nothing deadlocks."""
    here, there = demo.PEOPLE[2].accounts[0][0], demo.PEOPLE[3].accounts[0][0]
    for turn in range(ROUNDS // 2):
        before = made.balances()
        ways = [(here, there), (here, there), (there, here), (there, here)]

        def post(at: int, source: str, target: str, turn: int = turn, before: dict[str, int] = before) -> CorePosted:
            order = CoreOrder(source, target, before[source], 0, "TRF", "0001", "VTM001", "VTM", 1)
            order = replace(order, fee=made.ledger.fee(source, target, order.amount))
            return made.ledger.post(f"RACE-{turn:032x}/{at:03d}-transfer", order, pending=False)

        acts = [lambda at=at, way=way: post(at, *way) for at, way in enumerate(ways)]
        found = both(*acts)
        assert all(isinstance(one, CorePosted | CoreRefused) for one in found), found
        assert all(balance >= 0 for balance in made.balances().values())
    assert made.ledger.balance_check() == []


def test_the_books_are_read_as_of_one_moment_while_money_moves(made: World) -> None:
    """Otherwise a busy branch would be told that its books do not balance."""
    stop = threading.Event()

    def busy(source: str, target: str, name: str) -> None:
        at = 0
        while not stop.is_set() and at < 400:
            at += 1
            order = CoreOrder(source, target, 1, 0, "TRF", "0001", "VTM001", "VTM", at)
            made.ledger.post(f"{name}-{'0' * 32}/{at:03d}-transfer", order, pending=False)

    threads = [
        threading.Thread(target=busy, args=(HERS, HIS, "BUSY1")),
        threading.Thread(target=busy, args=(HIS, HERS, "BUSY2")),
    ]
    for one in threads:
        one.start()
    try:
        for _ in range(10):
            assert made.ledger.balance_check() == []
    finally:
        stop.set()
        for one in threads:
            one.join(30)


def test_a_reversal_of_a_reversal_race_gives_back_once(made: World, vtm: Terminal) -> None:
    before, post = made.balances(), ready(vtm)
    vtm.ask("transfer", post)
    reversal = m.Reversal(key=post.key, reason="settle")
    found = both(*[lambda: settle.reverse(made.branch, vtm.name, reversal)] * 4)
    assert {one.ending for one in found} == {Ending.REVERSED}
    assert made.balances() == before
    assert kinds(made, post.key) == ["transfer.done", "transfer.reversed"]
    assert isinstance(made.ledger.reverse(post.key), CoreReversed)
