"""Who is she: a claim proves nothing, a PIN is counted, and who has left is gone."""

from collections.abc import Callable
from typing import Any

import pytest

from branch import demo
from branch.bank.hsm import HsmRefused
from branch.store import pins, visits
from branch.upkeep import forget
from protocol.messages import Authorised, Reason
from tests.branch.support import Chip, Said, Terminal, World, world

CARD = demo.CARDS[0]


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world(tmp_path_factory.mktemp("identity"))


@pytest.fixture
def vtm(made: World) -> Terminal:
    return made.terminal()


def refused(act: Callable[[], Any]) -> Reason:
    with pytest.raises(Said) as why:
        act()
    assert why.value.status == 409, why.value
    return Reason(why.value.problem.reason)


def trouble(act: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(Said) as why:
        act()
    return why.value.status, why.value.problem.reason


def tries(made: World, pan: str = CARD.pan) -> int:
    """Wrong PINs in a row, as the branch has counted."""
    mark = made.branch.mark(pan)
    with made.db.write() as tx:
        rows = tx.exec_driver_sql("select card, wrong from pins").all()
    return int({str(card): int(wrong) for card, wrong in rows}[mark])


@pytest.mark.parametrize(
    ("changes", "cards"),
    [
        ({}, 1),
        ({"valid_to": "2031-03-14"}, 1),
        ({"valid_to": None}, 1),
        ({"valid_to": "2031-03-13"}, 0),
        ({"name": "李娜娜"}, 0),
        ({"name": "王伟"}, 0),
        ({"id_number": "110105194912310038"}, 0),
    ],
)
def test_a_claim_offers_active_cards_to_a_valid_document_in_her_own_name_only(
    vtm: Terminal, changes: dict[str, Any], cards: int
) -> None:
    """Her blocked card is not offered, and no card's number leaves the branch."""
    claimed = vtm.claim(vtm.visit(), **changes)
    assert len(claimed.cards) == cards
    assert all(CARD.pan != card.pin_number and card.masked == "622999*********1239" for card in claimed.cards)


def test_somebody_without_any_card_can_claim_and_no_more(vtm: Terminal) -> None:
    claimed = vtm.claim(vtm.visit(), demo.PEOPLE[2])
    assert (claimed.surname, claimed.cards) == ("张", ())


def test_an_expired_card_is_not_offered(vtm: Terminal) -> None:
    claimed = vtm.claim(vtm.visit(), demo.WANG_WEI)
    assert [card.masked for card in claimed.cards] == ["622999******4566"]


def test_a_claims_card_handle_is_worth_nothing_with_another_claim_visit_or_terminal(made: World, vtm: Terminal) -> None:
    visit, other = vtm.visit(), made.terminal("VTM002")
    claimed, hers = vtm.claim(visit), vtm.claim(vtm.visit(), demo.WANG_WEI)
    proof = vtm.document_proof(visit, claimed, "147258")
    swapped = {**proof, "card": hers.cards[0].handle}
    elsewhere = {**proof, "visit": vtm.visit()}
    foreign = {**proof, "visit": other.visit()}
    for wrong in (swapped, elsewhere):
        assert refused(lambda body=wrong: vtm.ask("authorise_document", body)) is Reason.UNKNOWN_CUSTOMER
    assert refused(lambda: other.ask("authorise_document", foreign)) is Reason.UNKNOWN_CUSTOMER
    assert trouble(lambda: vtm.ask("authorise_document", foreign)) == (403, "foreign")
    assert vtm.ask("authorise_document", proof).confirmed


def test_a_claim_is_over_after_its_time(made: World, vtm: Terminal) -> None:
    visit = vtm.visit()
    proof = vtm.document_proof(visit, vtm.claim(visit), "147258")
    made.clock.minutes(15)
    assert refused(lambda: vtm.ask("authorise_document", proof)) is Reason.UNKNOWN_CUSTOMER


def test_a_pin_block_is_bound_to_its_claim_and_cannot_be_played_in_another(made: World, vtm: Terminal) -> None:
    first, second = vtm.visit(), vtm.visit()
    proof = vtm.document_proof(first, vtm.claim(first), "147258")
    again = vtm.claim(second)
    replayed = {**proof, "visit": second, "claim": again.claim, "card": again.cards[0].handle}
    assert refused(lambda: vtm.ask("authorise_document", replayed)) is Reason.WRONG_PIN


def test_three_wrong_pins_block_the_card_by_either_way_and_the_right_one_comes_too_late(
    made: World, vtm: Terminal
) -> None:
    visit = vtm.visit()
    claimed = vtm.claim(visit)
    said = [
        refused(lambda: vtm.ask("authorise_document", vtm.document_proof(visit, claimed, "000000"))) for _ in range(3)
    ]
    assert said == [Reason.WRONG_PIN, Reason.WRONG_PIN, Reason.PIN_BLOCKED]
    right = vtm.document_proof(visit, claimed, "147258")
    assert refused(lambda: vtm.ask("authorise_document", right)) is Reason.PIN_BLOCKED
    chip = Chip(CARD, made.secrets)
    proof = vtm.card_proof(vtm.visit(), chip, chip.says("ARQC", 0), "147258")
    assert refused(lambda: vtm.ask("authorise_card", proof)) is Reason.PIN_BLOCKED


def test_a_right_pin_gives_all_tries_back_and_a_blocked_pin_leaves_other_cards_alone(
    made: World, vtm: Terminal
) -> None:
    for _ in range(2):
        visit = vtm.visit()
        with pytest.raises(Said):
            vtm.by_document(visit, pin="999999")
    assert tries(made) == 2
    vtm.by_document(vtm.visit())
    assert (tries(made), tries(made, demo.CARDS[1].pan)) == (0, 0)


def test_a_try_is_given_back_when_the_security_module_cannot_look(
    made: World, vtm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is our failure, not a wrong PIN: as often as it may happen, nobody is blocked."""
    visit = vtm.visit()
    proof = vtm.document_proof(visit, vtm.claim(visit), "147258")

    def broken(*_: object) -> bool:
        raise HsmRefused("no key")

    with monkeypatch.context() as patch:
        patch.setattr(made.branch.hsm, "verify_pin", broken)
        for _ in range(pins.TRIES + 1):
            assert trouble(lambda: vtm.ask("authorise_document", proof)) == (503, "hsm")
    assert tries(made) == 0
    assert vtm.ask("authorise_document", proof).confirmed


def test_a_chip_without_its_last_word_is_no_customer(made: World, vtm: Terminal) -> None:
    visit, chip = vtm.visit(), Chip(CARD, made.secrets)
    arqc = chip.says("ARQC", 0)
    known: Authorised = vtm.ask("authorise_card", vtm.card_proof(visit, chip, arqc, "147258"))
    assert (known.confirmed, known.surname, chip.knows(arqc, known.issuer_data)) == (False, "李", True)
    assert refused(lambda: vtm.ask("accounts", {"customer": known.customer})) is Reason.SIGNED_OUT
    confirm = {"customer": known.customer, "verdict": {"approved": True, "field55": chip.says("TC", 0, again=True)}}
    vtm.ask("confirm_customer", confirm)
    vtm.ask("confirm_customer", confirm)
    assert vtm.ask("accounts", {"customer": known.customer}).accounts


@pytest.mark.parametrize("kind", ["AAC", "ARQC", "nothing", "another transaction's TC", "a pulled card"])
def test_any_other_last_word_ends_it(made: World, vtm: Terminal, kind: str) -> None:
    chip, other = Chip(CARD, made.secrets), Chip(CARD, made.secrets, counter=50)
    proof = vtm.card_proof(vtm.visit(), chip, chip.says("ARQC", 0), "147258")
    known = vtm.ask("authorise_card", proof)
    other.says("ARQC", 0)
    words = {"nothing": "", "a pulled card": "", "another transaction's TC": other.says("TC", 0, again=True)}
    field55 = words[kind] if kind in words else chip.says(kind, 0, again=True)
    verdict = {"approved": kind != "a pulled card", "field55": field55}
    confirm = {"customer": known.customer, "verdict": verdict}
    if kind == "a pulled card":
        vtm.ask("confirm_customer", confirm)
    else:
        assert refused(lambda: vtm.ask("confirm_customer", confirm)) is Reason.CARD_DECLINED
    late = {"customer": known.customer, "verdict": {"approved": True, "field55": chip.says("TC", 0, again=True)}}
    assert refused(lambda: vtm.ask("confirm_customer", late)) is Reason.SIGNED_OUT


def test_a_cryptogram_lets_in_once_also_when_two_calls_carry_it_at_once(
    made: World, vtm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second call looked before the first had written: the database still knows."""
    chip = Chip(CARD, made.secrets)
    field55 = chip.says("ARQC", 0)
    vtm.ask("authorise_card", vtm.card_proof(vtm.visit(), chip, field55, "147258"))
    again = vtm.card_proof(vtm.visit(), chip, field55, "147258")
    assert refused(lambda: vtm.ask("authorise_card", again)) is Reason.CARD_DECLINED
    monkeypatch.setattr(visits, "seen_before", lambda *_: False)
    assert refused(lambda: vtm.ask("authorise_card", again)) is Reason.CARD_DECLINED


@pytest.mark.parametrize(
    ("card", "reason"),
    [(demo.CARDS[2], Reason.CARD_EXPIRED), (demo.CARDS[3], Reason.CARD)],
    ids=["expired", "blocked"],
)
def test_a_card_that_may_not_be_used_is_refused_before_its_pin_is_counted(
    made: World, vtm: Terminal, card: demo.Plastic, reason: Reason
) -> None:
    chip = Chip(card, made.secrets)
    proof = vtm.card_proof(vtm.visit(), chip, chip.says("ARQC", 0), "000000")
    assert refused(lambda: vtm.ask("authorise_card", proof)) is reason
    assert tries(made, card.pan) == 0


def test_an_unknown_card_and_a_forged_cryptogram_cost_nobody_a_try(made: World, vtm: Terminal) -> None:
    chip = Chip(CARD, made.secrets)
    proof = vtm.card_proof(vtm.visit(), chip, chip.says("ARQC", 1), "000000")
    assert refused(lambda: vtm.ask("authorise_card", proof)) is Reason.CARD_DECLINED
    assert refused(lambda: vtm.ask("authorise_card", {**proof, "pan": "6229990100000001247"})) is Reason.CARD
    assert refused(lambda: vtm.ask("authorise_card", {**proof, "sequence": "01"})) is Reason.CARD
    assert tries(made) == 0


def test_who_signed_out_is_gone_and_signing_out_twice_is_harmless(vtm: Terminal) -> None:
    known = vtm.by_document(vtm.visit())
    for _ in range(2):
        vtm.ask("sign_out", {"customer": known.customer})
    for call in ("accounts", "untold"):
        assert refused(lambda name=call: vtm.ask(name, {"customer": known.customer})) is Reason.SIGNED_OUT


def test_another_terminal_can_neither_use_nor_end_a_session(made: World, vtm: Terminal) -> None:
    known, other = vtm.by_document(vtm.visit()), made.terminal("VTM002")
    assert refused(lambda: other.ask("accounts", {"customer": known.customer})) is Reason.SIGNED_OUT
    other.ask("sign_out", {"customer": known.customer})
    assert vtm.ask("accounts", {"customer": known.customer}).accounts


def test_signing_out_while_the_chips_last_word_is_looked_at_stays_signed_out(
    made: World, vtm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    chip = Chip(CARD, made.secrets)
    known = vtm.ask("authorise_card", vtm.card_proof(vtm.visit(), chip, chip.says("ARQC", 0), "147258"))
    look = made.branch.issuer.verify_tc

    def slow(*args: Any) -> bool:
        with made.db.write() as tx:
            visits.end_session(tx, known.customer)
        return look(*args)

    monkeypatch.setattr(made.branch.issuer, "verify_tc", slow)
    confirm = {"customer": known.customer, "verdict": {"approved": True, "field55": chip.says("TC", 0, again=True)}}
    assert refused(lambda: vtm.ask("confirm_customer", confirm)) is Reason.SIGNED_OUT
    assert refused(lambda: vtm.ask("accounts", {"customer": known.customer})) is Reason.SIGNED_OUT


def test_a_session_is_over_after_its_time(made: World, vtm: Terminal) -> None:
    known = vtm.by_document(vtm.visit())
    made.clock.minutes(29.9)
    assert vtm.ask("accounts", {"customer": known.customer}).accounts
    made.clock.minutes(0.1)
    assert refused(lambda: vtm.ask("accounts", {"customer": known.customer})) is Reason.SIGNED_OUT


def test_a_visit_has_one_customer_and_identifying_again_ends_what_was_open(vtm: Terminal) -> None:
    visit = vtm.visit()
    first = vtm.by_document(visit)
    second = vtm.by_document(visit)
    assert refused(lambda: vtm.ask("accounts", {"customer": first.customer})) is Reason.SIGNED_OUT
    assert vtm.ask("accounts", {"customer": second.customer}).accounts
    assert refused(lambda: vtm.by_document(visit, demo.WANG_WEI, "369258")) is Reason.SIGNED_OUT
    assert vtm.ask("accounts", {"customer": second.customer}).accounts


def test_revoking_a_terminal_signs_out_whoever_stood_there(made: World, vtm: Terminal) -> None:
    """Also when the terminal is enrolled again a minute later."""
    from branch.store import terminals

    known = vtm.by_document(vtm.visit())
    with made.db.write() as tx:
        terminals.revoke(tx, vtm.name)
    again = made.terminal(vtm.name)
    assert refused(lambda: again.ask("accounts", {"customer": known.customer})) is Reason.SIGNED_OUT


def test_what_has_expired_is_forgotten_and_what_lives_stays(made: World, vtm: Terminal) -> None:
    """Handles stand for account numbers, claims for a person: neither is kept longer than it is worth something."""
    import asyncio

    from branch.serving import inline

    def rows() -> list[int]:
        with made.db.read() as tx:
            return [
                int(tx.exec_driver_sql(f"select count(*) from {name}").scalar_one())  # noqa: S608  our own names
                for name in ("claims", "claim_cards", "handles", "sessions")
            ]

    old = vtm.by_document(vtm.visit())
    vtm.ask("accounts", {"customer": old.customer})
    made.clock.minutes(20)
    new = vtm.by_document(vtm.visit())
    first = vtm.ask("accounts", {"customer": new.customer})
    assert rows() == [2, 2, 4, 2]
    made.clock.minutes(12)
    asyncio.run(forget(made.branch, inline))
    assert rows() == [1, 1, 2, 2]
    assert vtm.ask("accounts", {"customer": new.customer}) == first
