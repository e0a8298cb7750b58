"""Bytes by chance into every codec: each says no in its own words, or takes them; nothing else happens."""

import secrets
from pathlib import Path

import pytest

from tests.fuzz.engine import Fuzzer, fails, found, keep
from tests.fuzz.targets import TARGETS, Target

TIMES = 400


@pytest.mark.parametrize("name", TARGETS)
def test_a_codec_says_no_in_its_own_words_or_takes_what_it_is_given(name: str) -> None:
    fuzzer = Fuzzer(name, secrets.randbelow(10**6))
    data = fuzzer.run(TIMES)
    assert data is None, f"seed {fuzzer.seed}: {fails(fuzzer.target, data)}; kept as {keep(name, data)}"
    assert fuzzer.tried == TIMES


@pytest.mark.parametrize("path", found(), ids=lambda path: str(path.name))
def test_what_was_found_once_is_mended(path: Path) -> None:
    name = path.name.partition(".")[0]
    assert not fails(TARGETS[name], path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_the_examples_that_a_target_begins_with_reach_its_codec(name: str) -> None:
    fuzzer = Fuzzer(name, 1)
    assert fuzzer.run(0) is None
    assert len(fuzzer._reached) >= 6


def test_the_fuzzer_finds_a_mistake_behind_two_conditions_and_makes_it_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A codec that fails at one length byte behind one mark: found by way of the lines that lead there."""

    def faulty(data: bytes) -> None:
        from drivers.emv.tlv import digits

        if b"\x5a" in data:
            digits(b"\x12")
            assert b"\x5a\x07" not in data

    monkeypatch.setitem(TARGETS, "faulty", Target(faulty, (), (b"\x00" * 16,)))
    assert Fuzzer("faulty", 1).run(60_000) == b"\x5a\x07"
