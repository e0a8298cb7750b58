"""A chain of records shows one that was altered, taken out, put in or moved."""

from typing import Any

from hypothesis import given, strategies as st

from protocol.chain import START, canonical, first_break, link

VALUES = st.none() | st.integers() | st.text(max_size=8)
RECORDS = st.lists(
    st.dictionaries(st.text(max_size=4), VALUES, max_size=3), min_size=2, max_size=6, unique_by=canonical
)
Chain = list[tuple[dict[str, Any], str]]


def chained(records: list[dict[str, Any]], start: str = START) -> Chain:
    chain: Chain = []
    for record in records:
        chain.append((record, link(chain[-1][1] if chain else start, record)))
    return chain


@given(RECORDS)
def test_a_chain_as_it_was_made_holds(records: list[dict[str, Any]]) -> None:
    assert first_break(chained(records)) is None


@given(RECORDS, st.data())
def test_an_altered_record_shows_at_its_place(records: list[dict[str, Any]], data: st.DataObject) -> None:
    chain = chained(records)
    at = data.draw(st.integers(0, len(chain) - 1))
    altered = {**records[at], "extra": 1, "more": 2}
    chain[at] = (altered, chain[at][1])
    assert first_break(chain) == at


@given(RECORDS, st.data())
def test_a_record_that_is_missing_shows_unless_it_was_the_last(
    records: list[dict[str, Any]], data: st.DataObject
) -> None:
    chain = chained(records)
    at = data.draw(st.integers(0, len(chain) - 2))
    del chain[at]
    assert first_break(chain) == at


@given(RECORDS, st.data())
def test_two_records_that_changed_places_show(records: list[dict[str, Any]], data: st.DataObject) -> None:
    chain = chained(records)
    a, b = sorted(data.draw(st.sets(st.integers(0, len(chain) - 1), min_size=2, max_size=2)))
    chain[a], chain[b] = chain[b], chain[a]
    assert first_break(chain) == a


@given(RECORDS)
def test_a_chain_that_begins_elsewhere_does_not_follow(records: list[dict[str, Any]]) -> None:
    assert first_break(chained(records), "1" * 64) == 0


def test_one_record_has_one_spelling() -> None:
    assert canonical({"b": 1, "a": "明"}) == canonical({"a": "明", "b": 1}) == '{"a":"明","b":1}'.encode()
