"""What ends on somebody's list: endings not yet told, calls for help, incidents, cases, ratings."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from branch import demo
from branch.store import outbox, schema
from branch.terminal import people
from protocol import messages as m
from protocol.messages import Ending, Reason, UntoldEnding
from tests.branch.support import Said, Terminal, World, world

HIS = demo.WANG_WEI.accounts[0][0]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").new_database()
    found = world(tmp_path_factory.mktemp("people"), url)
    yield found
    found.db.engine.dispose()


@pytest.fixture
def vtm(made: World) -> Terminal:
    return made.terminal()


def events(made: World, visit: str) -> list[tuple[str, Mapping[str, Any]]]:
    with made.db.read() as tx:
        return [(row.kind, row.body) for row in outbox.events_after(tx, 0, 100_000) if row.visit == visit]


def rows(made: World, table: sa.Table) -> list[Mapping[str, Any]]:
    with made.db.read() as tx:
        return [dict(row) for row in tx.execute(sa.select(table)).mappings()]


def transferred(vtm: Terminal) -> tuple[str, str]:
    """A transfer whose end she did not see: its key, and what is journaled of it."""
    visit = vtm.visit()
    customer = vtm.by_document(visit).customer
    post = vtm.post(visit, customer, vtm.order(customer, HIS, 100))
    vtm.ask("transfer", post)
    vtm.ask("sign_out", {"customer": customer})
    return post.key, customer


def test_an_ending_nobody_saw_is_told_after_the_next_identification_at_another_terminal_and_once(
    made: World, vtm: Terminal
) -> None:
    """And to nobody else, and not to a mere claim."""
    key, gone = transferred(vtm)
    ending = {"key": key, "ending": "done", "order": {"amount": 100, "target": "6229 **** 0034"}}
    for _ in range(2):
        vtm.ask("report_untold", ending)
    other = made.terminal("VTM002")
    his = other.by_document(other.visit(), demo.WANG_WEI, "369258").customer
    assert other.ask("untold", {"customer": his}).endings == ()
    other.ask("told", {"customer": his, "key": key})
    with pytest.raises(Said) as why:
        vtm.ask("untold", {"customer": gone})
    assert why.value.problem.reason == Reason.SIGNED_OUT
    visit = other.visit()
    hers = other.by_document(visit).customer
    assert other.ask("untold", {"customer": hers}).endings == (UntoldEnding.model_validate(ending),)
    for _ in range(2):
        other.ask("told", {"customer": hers, "key": key})
    assert other.ask("untold", {"customer": hers}).endings == ()
    again = vtm.by_document(vtm.visit()).customer
    assert vtm.ask("untold", {"customer": again}).endings == ()


def test_only_what_was_really_told_stands_in_the_event_log(made: World, vtm: Terminal) -> None:
    key, _ = transferred(vtm)
    vtm.ask("report_untold", {"key": key, "ending": "done", "order": {}})
    his_visit, her_visit = vtm.visit(), vtm.visit()
    his = vtm.by_document(his_visit, demo.WANG_WEI, "369258").customer
    vtm.ask("told", {"customer": his, "key": key})
    hers = vtm.by_document(her_visit).customer
    for one in (key, key, f"{vtm.visit()}/001-transfer"):
        vtm.ask("told", {"customer": hers, "key": one})
    assert [kind for kind, _ in events(made, his_visit) if kind == "ending.told"] == []
    assert [kind for kind, _ in events(made, her_visit) if kind == "ending.told"] == ["ending.told"]


def test_the_first_report_of_a_key_stands(made: World, vtm: Terminal) -> None:
    key, _ = transferred(vtm)
    for ending in ("manual", "done"):
        vtm.ask("report_untold", {"key": key, "ending": ending, "order": {}})
    hers = vtm.by_document(vtm.visit()).customer
    found = {one.key: one.ending for one in vtm.ask("untold", {"customer": hers}).endings}
    assert found[key] == "manual"
    vtm.ask("told", {"customer": hers, "key": key})


def test_an_ending_of_a_visit_in_which_nobody_proved_herself_is_told_to_nobody(vtm: Terminal) -> None:
    visit = vtm.visit()
    vtm.claim(visit)
    vtm.ask("report_untold", {"key": f"{visit}/001-transfer", "ending": "done", "order": {}})
    hers = vtm.by_document(vtm.visit()).customer
    assert f"{visit}/001-transfer" not in {one.key for one in vtm.ask("untold", {"customer": hers}).endings}


def test_a_visit_that_waits_for_help_keeps_its_number_and_others_get_their_own(made: World, vtm: Terminal) -> None:
    first, second = vtm.visit(), vtm.visit()
    call = {"screen": "transfer.amount", "language": "ar"}
    numbers = [vtm.ask("call_help", {"visit": visit, **call}).number for visit in (first, first, second)]
    assert numbers[0] == numbers[1] < numbers[2]
    assert events(made, first) == [("help.called", {"number": numbers[0], "screen": "transfer.amount"})]


def test_who_does_not_hear_or_speak_is_known_to_whoever_comes(made: World, vtm: Terminal) -> None:
    visit = vtm.visit()
    call = {"visit": visit, "screen": "menu", "language": "zh"}
    number = vtm.ask("call_help", call).number
    assert vtm.ask("call_help", {**call, "wants": "text"}).number == number
    assert events(made, visit)[1:] == [("help.in-writing", {"number": number})]


def test_a_call_for_help_sent_four_times_at_once_is_one_call(made: World, vtm: Terminal) -> None:
    call = m.HelpCall(visit=vtm.visit(), screen="menu", language="en")
    gate, numbers = threading.Barrier(4), []

    def ask() -> None:
        gate.wait(10)
        numbers.append(people.call_help(made.branch, vtm.name, call).number)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert (len(numbers), len(set(numbers))) == (4, 1)
    assert [kind for kind, _ in events(made, call.visit)] == ["help.called"]


def test_an_incident_and_a_case_are_kept_for_people_and_told_without_their_words(made: World, vtm: Terminal) -> None:
    visit = vtm.visit()
    vtm.ask("incident", {"visit": visit, "kind": "card-left", "detail": "in the reader"})
    case = {"key": f"{visit}/001-transfer", "order": {"amount": 5}, "note": "six rounds"}
    for _ in range(2):
        vtm.ask("manual_case", case)
    assert [row["detail"] for row in rows(made, schema.incidents) if row["visit"] == visit] == ["in the reader"]
    found = [row for row in rows(made, schema.cases) if row["key"] == case["key"]]
    assert [(row["state"], row["facts"], row["note"]) for row in found] == [("open", {"amount": 5}, "six rounds")]
    assert events(made, visit) == [("incident", {"kind": "card-left"}), ("case.opened", {"key": case["key"]})]


def test_a_visit_is_rated_once_and_within_five_stars(made: World, vtm: Terminal) -> None:
    visit = vtm.visit()
    for stars in (4, 1):
        vtm.ask("rate", {"visit": visit, "stars": stars})
    assert [row["stars"] for row in rows(made, schema.ratings) if row["visit"] == visit] == [4]
    assert events(made, visit) == [("visit.rated", {"stars": 4})]
    for stars in (0, 6):
        with pytest.raises(Said) as why:
            vtm.ask("rate", {"visit": visit, "stars": stars})
        assert why.value.status == 422


def test_the_event_log_holds_no_name_number_pin_or_word_of_a_customer(made: World, vtm: Terminal) -> None:
    """Whatever a terminal puts into its free texts."""
    visit, pan = vtm.visit(), demo.CARDS[0].pan
    customer = vtm.by_document(visit).customer
    order = vtm.order(customer, HIS, 100)
    post = vtm.post(visit, customer, order)
    odd = post.model_copy(update={"code": pan, "mac": vtm.mac(post.key, post.trace, pan, order)})
    vtm.ask("transfer", odd)
    assert vtm.ask("reverse", {"key": post.key, "reason": "settle"}).ending is Ending.REVERSED
    vtm.ask("call_help", {"visit": visit, "screen": f"pan {pan}", "language": "李娜"})
    vtm.ask("incident", {"visit": visit, "kind": "李娜 11010519491231002X", "detail": pan})
    vtm.ask("manual_case", {"key": post.key, "order": {"name": "李娜"}, "note": pan})
    vtm.ask("report_untold", {"key": post.key, "ending": "manual", "order": {"name": "李娜"}})
    told = str(events(made, visit))
    for secret in (pan, "李娜", "11010519491231002X", HIS, demo.LI_NA.accounts[0][0], customer, "147258"):
        assert secret not in told
    vtm.ask("told", {"customer": customer, "key": post.key})


def test_the_event_log_can_be_added_to_and_nothing_else(made: World, vtm: Terminal) -> None:
    vtm.ask("rate", {"visit": vtm.visit(), "stars": 5})
    for act in (schema.outbox.delete(), schema.outbox.update().values(kind="forged")):
        with pytest.raises(sa.exc.DBAPIError, match="append only"), made.db.write() as tx:
            tx.execute(act)


def test_an_error_of_the_database_does_not_print_the_values_of_its_statement(made: World) -> None:
    with pytest.raises(sa.exc.DBAPIError) as why, made.db.write() as tx:
        tx.execute(schema.outbox.update().values(kind=demo.CARDS[0].pan))
    assert demo.CARDS[0].pan not in str(why.value)
