"""The SAM-V codec: bytes in any pieces, values out, and never an exception for noise."""

import itertools

import pytest
from hypothesis import assume, given, strategies as st

from drivers.api import DeviceError, Faulty, Garbled, MediaRefused, MediaRemoved, NoMedia
from drivers.idcard import frames
from drivers.idcard.frames import (
    MAX_LENGTH,
    PREAMBLE,
    STATUS_WORDS,
    Damaged,
    Decoder,
    Frame,
    checksum,
    parse_answer,
    refusal,
)
from protocol.messages import Mend
from tests.drivers.idcard_rig import CALM

bodies = st.binary(min_size=2, max_size=300)
quiet_noise = st.binary(max_size=60).map(lambda noise: noise.replace(b"\xaa", b"\x00"))


def hear(*pieces: bytes) -> list[Frame | Damaged]:
    decoder = Decoder()
    return [one for piece in pieces for one in decoder.feed(piece)]


def bytewise(data: bytes) -> list[Frame | Damaged]:
    return hear(*(data[at : at + 1] for at in range(len(data))))


@pytest.mark.parametrize(
    ("command", "wire"),
    [
        (frames.RESET, "AAAAAA9669000310FFEC"),
        (frames.STATUS, "AAAAAA9669000311FFED"),
        (frames.SAM_ID, "AAAAAA9669000312FFEE"),
        (frames.FIND, "AAAAAA9669000320 0122"),
        (frames.SELECT, "AAAAAA9669000320 0221"),
        (frames.READ, "AAAAAA9669000330 0132"),
        (frames.READ_WITH_FINGERPRINT, "AAAAAA9669000330 1023"),
        (frames.READ_ADDRESS, "AAAAAA9669000330 0330"),
    ],
)
def test_commands_have_the_published_bytes(command: bytes, wire: str) -> None:
    assert Frame(command).pack() == bytes.fromhex(wire)


@pytest.mark.parametrize(
    ("wire", "sw", "size"),
    [
        ("AAAAAA9669 0008 00009F 00000000 97", frames.FOUND, 4),
        ("AAAAAA9669 000C 000090 0000000000000000 9C", frames.OK, 8),
        ("AAAAAA9669 0004 000080 84", frames.FIND_FAILED, 0),
        ("AAAAAA9669 0004 000081 85", frames.SELECT_FAILED, 0),
        ("AAAAAA9669 0004 000041 45", frames.READ_FAILED, 0),
    ],
)
def test_published_answers_are_understood(wire: str, sw: int, size: int) -> None:
    (frame,) = bytewise(bytes.fromhex(wire))
    assert isinstance(frame, Frame)
    answer = parse_answer(frame.body)
    assert (answer.sw, len(answer.data)) == (sw, size)
    assert answer.frame().pack() == bytes.fromhex(wire)


def test_answers_have_the_published_sizes() -> None:
    assert [5 + 2 + 3 + size + 1 for size in frames.GOOD_LENGTHS[frames.READ]] == [1295]
    assert [5 + 2 + 3 + size + 1 for size in frames.GOOD_LENGTHS[frames.READ_WITH_FINGERPRINT]] == [1297, 1809, 2321]


@CALM
@given(st.lists(bodies, max_size=4), st.lists(st.integers(1, 40), max_size=8))
def test_frames_survive_any_cutting(sent: list[bytes], cuts: list[int]) -> None:
    data = b"".join(Frame(body).pack() for body in sent)
    marks = [0, *itertools.accumulate(cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(marks[:-1])] + [data[sum(cuts) :]]
    assert hear(*pieces) == bytewise(data) == [Frame(body) for body in sent]


@CALM
@given(st.lists(st.tuples(quiet_noise, bodies), max_size=4), quiet_noise)
def test_noise_before_and_between_is_skipped(parts: list[tuple[bytes, bytes]], tail: bytes) -> None:
    data = b"".join(noise + Frame(body).pack() for noise, body in parts) + tail
    assert hear(data) == bytewise(data) == [Frame(body) for _, body in parts]


@CALM
@given(st.binary(max_size=400), st.integers(1, 6))
def test_no_noise_raises_or_is_kept_beyond_one_frame(noise: bytes, times: int) -> None:
    decoder = Decoder()
    for _ in range(times):
        decoder.feed(noise + PREAMBLE)
        assert decoder.pending <= len(PREAMBLE) + 2 + MAX_LENGTH
    decoder.flush()
    assert decoder.pending == 0


@CALM
@given(quiet_noise, bodies)
def test_extra_preamble_bytes_do_not_hide_a_frame(noise: bytes, body: bytes) -> None:
    assert hear(noise + b"\xaa\xaa" + Frame(body).pack()) == [Frame(body)]


@CALM
@given(bodies, bodies, st.data())
def test_a_frame_cut_short_costs_itself_only(first: bytes, second: bytes, data: st.DataObject) -> None:
    """Except where the joint of both happens to have the right checksum, which eight bits cannot prevent."""
    whole = Frame(first).pack()
    cut = data.draw(st.integers(0, len(whole) - 1))
    decoder = Decoder()
    found = [*decoder.feed(whole[:cut] + Frame(second).pack()), *decoder.flush()]
    joint = (whole[:cut] + Frame(second).pack())[len(PREAMBLE) : len(whole)]
    assume(len(joint) < len(whole) - len(PREAMBLE) or checksum(joint))
    assert Frame(second) in found


@CALM
@given(bodies, st.data())
def test_one_fallen_bit_is_never_taken_for_the_frame(body: bytes, data: st.DataObject) -> None:
    whole = bytearray(Frame(body).pack())
    at = data.draw(st.integers(len(PREAMBLE) + 2, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    assert Frame(body) not in hear(bytes(whole))
    assert any(isinstance(one, Damaged) for one in hear(bytes(whole)))


@pytest.mark.parametrize("length", [0, 1, 2, MAX_LENGTH + 1, 0xFFFF])
def test_an_impossible_length_is_damage_and_the_next_frame_is_found(length: int) -> None:
    lie = PREAMBLE + length.to_bytes(2, "big") + bytes(8)
    found = hear(lie + Frame(b"\x00\x00\x90").pack())
    assert isinstance(found[0], Damaged)
    assert found[-1] == Frame(b"\x00\x00\x90")


def test_a_length_that_promises_too_much_gives_way_when_the_line_falls_silent() -> None:
    decoder = Decoder()
    assert decoder.feed(PREAMBLE + b"\x09\x00\x00\x00\x90" + Frame(b"\x00\x00\x80").pack()) == []
    assert decoder.flush()[-1] == Frame(b"\x00\x00\x80")


@pytest.mark.parametrize("body", [b"\x00\x00", b"\x01\x00\x90", b"\x00\x01\x90"])
def test_a_frame_without_a_status_word_is_garbled(body: bytes) -> None:
    with pytest.raises(Garbled):
        parse_answer(body)


@pytest.mark.parametrize(
    ("sw", "kind"),
    [
        (0x10, Garbled), (0x11, Garbled), (0x21, Faulty), (0x23, Faulty), (0x24, Faulty), (0x31, MediaRefused),
        (0x32, MediaRefused), (0x33, MediaRefused), (0x37, MediaRefused), (0x3F, MediaRefused), (0x40, MediaRefused),
        (0x41, MediaRemoved), (0x47, Faulty), (0x60, Faulty), (0x66, Faulty), (0x80, NoMedia), (0x81, MediaRemoved),
        (0x91, MediaRefused),
    ],
)  # fmt: skip
def test_each_status_says_what_is_wrong_who_mends_it_and_how(sw: int, kind: type[DeviceError]) -> None:
    error = refusal(sw)
    assert type(error) is kind
    assert sw in STATUS_WORDS
    assert error.remedy
    assert f"[{sw:02X}]" in str(error)
    assert error.mend is (Mend.CUSTOMER if issubclass(kind, NoMedia | MediaRefused) else Mend.ENGINEER)


def test_an_unknown_status_is_garbled() -> None:
    assert type(refusal(0x77)) is Garbled


def test_frames_and_answers_print_no_personal_data() -> None:
    body = b"\x00\x00\x90" + "李娜".encode("utf-16-le")
    assert repr(Frame(body)) == "Frame(7 bytes)"
    assert repr(parse_answer(body)) == "Answer(90, 4 bytes)"
