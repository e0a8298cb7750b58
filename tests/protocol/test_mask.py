"""What may be seen of numbers and names, and that nothing prints itself in clear."""

import pytest
from hypothesis import given, strategies as st

from protocol.mask import Pan, PinBlock, luhn, mask_account, mask_id, mask_name, mask_pan

DIGITS = st.text("0123456789", min_size=0, max_size=32)


@given(DIGITS)
def test_of_a_card_number_at_most_six_and_four_are_seen(pan: str) -> None:
    """PCI DSS 3.4.1; at least two stay hidden, whatever the length."""
    masked = mask_pan(pan)
    assert len(masked) == len(pan)
    assert sum(sign != "*" for sign in masked) <= min(10, max(0, len(pan) - 2))
    assert all(seen in {"*", own} for seen, own in zip(masked, pan, strict=True))


@given(DIGITS)
def test_of_an_account_number_at_most_four_and_four_are_seen(number: str) -> None:
    masked = mask_account(number).replace(" ", "")
    assert sum(sign != "*" for sign in masked) <= min(8, max(0, len(number) - 2))
    assert masked == "****" or (masked.startswith(number[:4]) and masked.endswith(number[-4:]))


@given(DIGITS)
def test_of_a_document_number_at_most_five_are_seen(number: str) -> None:
    masked = mask_id(number)
    assert len(masked) == len(number)
    assert sum(sign != "*" for sign in masked) <= min(5, max(0, len(number) - 3))


@pytest.mark.parametrize(
    ("name", "masked"),
    [("王小明", "**明"), ("李娜", "*娜"), ("欧阳娜娜", "***娜"), ("John Smith", "J*** S****"), ("", "")],
)
def test_a_name_can_be_checked_by_who_knows_it_and_not_learned(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@given(st.text("0123456789", min_size=12, max_size=19))
def test_a_card_number_prints_masked_wherever_it_is_formatted(digits: str) -> None:
    pan = Pan(digits)
    for text in (repr(pan), str(pan), f"{pan}", f"{pan!r}", f"{[pan]}", "%s" % pan):  # noqa: UP031  all of the ways
        assert digits not in text
        assert mask_pan(digits) in text


@given(st.binary(min_size=8, max_size=16))
def test_a_pin_block_never_prints_its_bytes(block: bytes) -> None:
    held = PinBlock(block, "iso0")
    for text in (repr(held), str(held), f"{held}", f"{[held]}"):
        assert text.strip("[]") == "PinBlock(iso0)"


@given(st.text("0123456789", min_size=11, max_size=18))
def test_exactly_one_check_digit_fits(digits: str) -> None:
    assert sum(luhn(digits + check) for check in "0123456789") == 1


@given(st.text("0123456789", min_size=12, max_size=18), st.data())
def test_a_single_wrong_digit_is_noticed(digits: str, data: st.DataObject) -> None:
    good = next(digits + check for check in "0123456789" if luhn(digits + check))
    at = data.draw(st.integers(0, len(good) - 1))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != good[at]]))
    assert not luhn(good[:at] + wrong + good[at + 1 :])


def test_an_empty_number_has_no_check_digit() -> None:
    assert not luhn("")
