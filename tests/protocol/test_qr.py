"""What QR codes say: good ones are read in full, all others are unknown with a reason, and none raises."""

from datetime import date, time

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from protocol.qr import MOST_TEXT, Appointment, Content, Invoice, Payment, Unknown, read, write

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
PAYMENTS = st.builds(
    Payment,
    st.text(UPPER + "-", min_size=1, max_size=32),
    st.text(UPPER + "-", min_size=1, max_size=32),
    st.none() | st.integers(1, 10**12 - 1),
    st.none() | st.dates(date(1000, 1, 1)),
)
APPOINTMENTS = st.builds(
    Appointment,
    st.text(UPPER, min_size=1, max_size=16),
    st.text(UPPER, min_size=4, max_size=16),
    st.dates(date(1000, 1, 1)),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)


@CALM
@given(PAYMENTS | APPOINTMENTS)
def test_a_code_of_ours_reads_back_as_what_was_written(content: Payment | Appointment) -> None:
    assert read(write(content)) == content


@CALM
@given(st.text() | st.text("VTM1:PAYT0123456789,.-"))
def test_no_text_raises_and_what_is_unknown_says_why(text: str) -> None:
    content = read(text)
    assert not isinstance(content, Unknown) or content.why


@CALM
@given(PAYMENTS | APPOINTMENTS, st.data())
def test_a_code_of_ours_with_one_sign_changed_or_lost_is_never_read_as_the_same(
    content: Payment | Appointment, data: st.DataObject
) -> None:
    text = write(content)
    at = data.draw(st.integers(0, len(text) - 1))
    other = st.sampled_from(UPPER + ":-").filter(lambda one: one != text[at])
    sign = data.draw(st.just("") | other)
    assert read(text[:at] + sign + text[at + 1 :]) != content


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (
            "01,10,044031900111,12345678,1280.50,20310314,12345678901234567890,A1B2,",
            Invoice("10", "044031900111", "12345678", 128_050, date(2031, 3, 14), "12345678901234567890"),
        ),
        (
            "01,01,4400191130,12345678,100,20310314,",
            Invoice("01", "4400191130", "12345678", 10_000, date(2031, 3, 14), ""),
        ),
        (
            "01,32,,24312000000012345678,0.5,20310314,",
            Invoice("32", "", "24312000000012345678", 50, date(2031, 3, 14), ""),
        ),
        (
            "01,04,4400191130,12345678,-9.05,20310314,12345678901234567890,",
            Invoice("04", "4400191130", "12345678", -905, date(2031, 3, 14), "12345678901234567890"),
        ),
    ],
)
def test_invoices_of_every_age_are_read(text: str, content: Content) -> None:
    assert read(text) == content


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "foreign"),
        ("https://example.com/", "foreign"),
        ("01,", "foreign"),
        ("01,10,044031900111,12345678,12.345,20310314,", "wrong fields"),
        ("01,10,044031900111,12345678,1e3,20310314,", "wrong fields"),
        ("01,10,044031900111,12345678,12,20310230,", "wrong fields"),
        ("01,10,044031900111,12345678,12,20310314", "wrong fields"),
        ("01,10,04403190011,12345678,12,20310314,", "wrong fields"),
        ("01,10,044031900111,12345678,12,20310314,1,a,b,c", "wrong fields"),
        ("01,10,044031900111,１２３４５６７８,12,20310314,", "wrong fields"),
        ("VTM1:PAY:WATER:1:0:", "wrong fields"),
        ("VTM1:PAY:WATER:1:012:", "wrong fields"),
        ("VTM1:PAY:WATER:1:-5:", "wrong fields"),
        ("VTM1:PAY:water:1::", "wrong fields"),
        ("VTM1:PAY:WATER::5:", "wrong fields"),
        ("VTM1:PAY:WATER:1:5:20310230", "wrong fields"),
        ("VTM1:PAY:WATER:1:5::", "wrong fields"),
        ("VTM1:APT:0001:A1B2C3:20310314:2460", "wrong fields"),
        ("VTM1:APT:0001:A1B2C3:20310314:930", "wrong fields"),
        ("VTM1:XYZ:1", "wrong fields"),
        ("VTM2:PAY:WATER:1:5:", "newer version"),
        ("VTM999:NEW:anything at all", "newer version"),
        ("VTM", "foreign"),
        ("VTM-photo", "foreign"),
        ("VTM1:PAY:WATER:1:5:\n", "control characters"),
        ("VTM1:PAY:WA\x00TER:1:5:", "control characters"),
        ("\u202ehttps://example.com", "control characters"),
        ("\x1b[2J", "control characters"),
        ("A" * (MOST_TEXT + 1), "too long"),
        ("9" * 7089, "too long"),
    ],
)
def test_whatever_is_none_of_these_is_unknown_with_its_reason(text: str, why: str) -> None:
    content = read(text)
    assert isinstance(content, Unknown)
    assert content.why == why
    assert content.text in ("", text)
    assert content.text.isprintable()
    assert len(content.text) <= MOST_TEXT


@pytest.mark.parametrize("content", [Payment("water", "1"), Payment("WATER", "1", 0), Payment("W" * 33, "1"),
                                     Payment("WATER", "1", -5), Payment("A:B", "1"),
                                     Appointment("1", "ABC", date(2031, 3, 14), time(9)),
                                     Appointment("1", "ABCD", date(2031, 3, 14), time(9, 0, 30))])  # fmt: skip
def test_what_no_code_can_say_is_not_written(content: Payment | Appointment) -> None:
    with pytest.raises(ValueError, match="cannot say"):
        write(content)


@pytest.mark.parametrize(
    "content",
    [
        Payment("WATER", "SECRET1", 12_345),
        Appointment("0001", "SECRET1", date(2031, 3, 14), time(9)),
        Invoice("10", "1", "SECRET1", 12_345, date(2031, 3, 14), "SECRET1"),
        Unknown("foreign", "SECRET1"),
    ],
)
def test_numbers_amounts_and_strange_texts_are_not_printed(content: Content) -> None:
    assert "SECRET1" not in repr(content)
    assert "12345" not in repr(content)
